// The optimiser of one order on one window: steps in a box of partial autocorrelations, and where to start.
#pragma once

#include <vector>

#include "arima_pass.hpp"

namespace forecasting::arima {

// A partial autocorrelation of one is a unit root; a moving average often has its optimum there, and the bound
// costs less than 1e-6 of the objective, which is flat there.
constexpr double kEdge = 1.0 - 1e-6;

struct Point {
    std::vector<double> z, gradient, matrix;  // by partial autocorrelation, in the order of the coefficients
    double objective = kInfinity;
    bool exact = false;

    void shape(int n);
};

// An optimum to set out from. `curvature` is what Gauss-Newton leaves out of the Hessian.
struct Track {
    std::vector<double> z, curvature;
    double objective = kInfinity;
    std::int64_t n = 0;
};

constexpr std::size_t kTracks = 5;  // distinct optima that are followed

// When a descent is given up, and when it is over.
struct Pace {
    double spare, at_least;  // what may be had beside what a step foretells: this share of it, and as much
    double
        last_step;  // a rough descent ends with a step that foretells so many tolerances and holds what it says
};
constexpr Pace kThorough = {3.0, 1.0, 0.0}, kBrisk = {2.0, 0.5, 4.0};

class Search {
public:
    explicit Search(const Pace &pace) : pace_(pace) {}

    // Look at a window; false if it is too short for the order.
    bool load(const Order &order, const Sample &sample, std::int64_t stop);

    const Order &order() const { return order_; }
    const Pass &pass() const { return pass_; }

    double value(const double *z);  // -2 log L
    void evaluate(Point &at);       // with gradient and matrix
    void coefficients(const double *z, double *to) const;

    // Go down from `at`, which is evaluated, until less than `tolerance` is to be had. Gives up as soon as it
    // is unlikely to get below `hopeless`, or is on its way to a known optimum; returns whether it got to the
    // bottom.
    bool polish(double tolerance, double hopeless, double *curvature, Point &at,
                const std::vector<Track> *known = nullptr);

    // The distinct optima that are found from `starts`, roughly, the best first.
    void descend(const std::vector<std::vector<double>> &starts, double tolerance, double hopeless,
                 std::vector<Track> &tracks);

    // Points far apart from which to set out: the first coefficient of each factor, the others zero.
    static void generic_starts(const Order &order, std::vector<std::vector<double>> &starts);

    // Where growing one coefficient at a time leads, the factors in the given turn: 0 ar, 1 ma, 2 and 3 the
    // seasonal ones.
    void grow(const Sample &sample, std::int64_t stop, const int *factors, std::vector<double> &z);

private:
    bool go_down(double tolerance, double hopeless, double *curvature, Point &at,
                 const std::vector<Track> *known);
    bool leave_edge(double tolerance, Point &at);
    double step(const Point &at, const double *curvature, double lambda);
    void learn(const Point &before, const Point &after, double *curvature) const;

    Pace pace_;
    Order order_{};
    Pass pass_;
    Point trial_;
    std::vector<double> move_, coefficients_, jacobian_, by_coefficient_, matrix_, reduced_, part_, part_step_,
        work_;
};

// The partial autocorrelations of one order as those of another: what is new begins near zero.
std::vector<double> embed(const Order &from, const std::vector<double> &z, const Order &to);

// The largest difference of two points, on the scale of angles.
double distance(const std::vector<double> &a, const std::vector<double> &b);

void keep_track(const Point &at, const double *curvature, std::int64_t n, std::vector<Track> &tracks);

}  // namespace forecasting::arima
