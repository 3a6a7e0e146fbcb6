// The exact Gaussian likelihood of one window, its gradient and Gauss-Newton matrix: "One pass" and "Gradient"
// of ARIMA in mathematics.py.
#pragma once

#include <cstdint>
#include <limits>
#include <vector>

#include "arima_model.hpp"

namespace forecasting::arima {

constexpr double kInfinity = std::numeric_limits<double>::infinity();

// The pass of one order over the first values of one sample. Coefficients are ar (p), ma (q), seasonal ar (P),
// seasonal ma (Q), each with the sign of 1 - c B.
class Pass {
public:
    // Look at the first `stop` values of a sample, which must live on. Returns false if they are too few.
    bool load(const Order &order, const Sample &sample, std::int64_t stop);

    // -2 log L without constants, n log(S / n) + log|Z'Z| + sum log f_t; infinite where there is none.
    double value(const double *coefficients);

    // At the point of the last value(), which was finite: by coefficient, (n_arma) and (n_arma, n_arma).
    void gradient(double *gradient, double *matrix);

    std::int64_t n() const { return n_; }  // differenced values, less the missing ones
    double squares() const { return squares_; }
    bool exact() const { return exact_; }  // the errors are rounding

    // The mean of the differenced series, if the order has one, and what a regressor is multiplied by.
    double mean() const;
    double slope(int j) const { return solution_[n_unknown_ + (order_.constant ? 1 : 0) + j]; }

    // The first regressor that the others before it, the constant and missing values leave nothing of; -1 if
    // there is none. After value().
    int redundant() const;

    // Of an order without regressors: the mean of the next h steps if the differences go on around `centre`
    // (and the constant), and their variance, over that of an error, that comes from what the data leave open of the
    // presample, missing values and the constant.
    void ahead(std::int64_t h, double centre, double *mean, double *open) const;

private:
    std::int64_t diagonal(int i) const { return static_cast<std::int64_t>(i) * (width_ + 1); }
    bool step_down();
    void forward();
    bool eliminate();
    void invert();
    void adjoint(double *by_ar_term, double *by_ma_term);
    void sensitivities();
    void step_down_adjoint(double *by_lag);

    Order order_{};
    const Sample *sample_ = nullptr;
    std::int64_t rows_ = 0, n_ = 0;
    int n_presample_ = 0, n_missing_ = 0, n_unknown_ = 0, n_inner_ = 0, width_ = 0, span_ = 0;
    double squares_ = 0.0;
    bool exact_ = false;
    std::vector<double> coefficients_, x_, v_, bar_x_, bar_v_, gram_, upper_, inverse_, solution_, scaled_;
    std::vector<double> levels_, bar_levels_, f_, bar_f_;  // step-down predictors, row k holds A^(k) from lag 1
    std::vector<double> path_, moved_, across_, inner_, forced_, unit_;
    std::vector<Term> ar_, ma_;
};

}  // namespace forecasting::arima
