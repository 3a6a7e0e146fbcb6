// What a seasonal ARIMA model is made of: its order, its lag polynomials, and partial autocorrelations as
// coordinates of their factors. Both polynomials are written 1 - c_1 B - c_2 B^2 - ..., so that one code serves
// both; moving-average coefficients have the opposite of the usual sign in here.
#pragma once

#include <cstdint>
#include <vector>

namespace forecasting::arima {

struct Order {
    int p, d, q, P, D, Q;
    int m;          // season length
    bool constant;  // the mean of the differenced series
    int regressors = 0;

    int ar_span() const { return p + P * m; }
    int ma_span() const { return q + Q * m; }
    int lost() const { return d + D * m; }  // values that differencing costs
    int n_arma() const { return p + q + P + Q; }
    int n_linear() const { return (constant ? 1 : 0) + regressors; }
    int n_counted() const { return n_arma() + n_linear() + 1; }  // the variance, too

    // Differenced values that a fit needs: AICc is finite, and one more.
    std::int64_t needs() const {
        const int enough = n_counted() + 2, reach = ar_span() - ma_span() + 1;
        return enough > reach ? enough : reach;
    }
};

// weight B^lag of a product of two factors; `near` and `far` say which coefficient of which factor is in it
// (-1: none), near the plain and far the seasonal one.
struct Term {
    int lag;
    double weight;
    int near, far;
};

// The product (1 - sum near_i B^i)(1 - sum far_j B^{jm}), its terms behind the 1.
void multiply(const double *near, int n_near, const double *far, int n_far, int m, std::vector<Term> &terms);

// Coefficients of order n from partial autocorrelations (Durbin-Levinson), and d coefficient i / d r_j at
// jacobian[i * n + j] (may be null).
void durbin_levinson(const double *r, int n, double *coefficients, double *jacobian);

// (1 - B)^d (1 - B^m)^D, its weights by lag, (lost + 1).
void difference_weights(const Order &order, std::vector<double> &weights);

// A series that is differenced, for every window that begins with it. Missing values stand in with the value
// before them, and are unknowns: value j moves the differenced row by `weight`.
struct Sample {
    struct Effect {
        std::int64_t row;
        int missing;
        double weight;
    };
    std::vector<double> w;              // (n - lost)
    std::vector<double> y;              // (n), missing values stood in for
    std::vector<Effect> effects;        // by row
    std::vector<std::int64_t> missing;  // when
    std::vector<double> weights;        // of the differences, by lag
    double centre = 0.0;                // a mean of w to be near; only models with a constant are centred
    std::vector<double> x;              // regressors, differenced alike, (n - lost, n_x)
    std::vector<double> x_centres;      // their means, as that of w, (n_x)
    std::vector<double> x_sizes;        // the largest of each before it is differenced, up to a value: (n, n_x)

    // y: (n), NaN where missing, the first one not; regressors: (n, order.regressors). Centres are the means of
    // the first `anchor` values' differences.
    void make(const Order &order, const double *values, const double *regressors, std::int64_t n,
              std::int64_t anchor);

    int n_missing(std::int64_t stop) const;
};

}  // namespace forecasting::arima
