// The optimiser of one series: -2 log L at a point, steps to its minimum, and where to start.
#pragma once

#include <array>
#include <limits>
#include <vector>

#include "ets_fit.hpp"
#include "ets_pass.hpp"

namespace forecasting::ets {

constexpr double kInfinity = std::numeric_limits<double>::infinity();

// -2 log L of a model at z, with its gradient and Gauss-Newton matrix (full, rows of f.size).
struct Point {
    std::vector<double> z, gradient, matrix, memory;
    Sums sums{};
    double objective = kInfinity;
    bool exact = false;  // the errors are rounding

    void shape(const Model &f);
};

// From sums to the objective, its gradient and its matrix: "Objective" in mathematics.py.
void read_sums(const Model &f, const Sums &sums, Point &at);

// An optimum to set out from. `curvature` is what Gauss-Newton leaves out of the Hessian, (size, size).
struct Track {
    std::vector<double> z, curvature;
    std::int64_t stop = 0;  // found on y[0:stop)
    double objective = kInfinity;
    bool exact = false;
};

constexpr int kTracks = 3;  // distinct optima that are followed

struct Found {
    bool searched = false;
    int n_tracks = 0;
    std::array<Track, kTracks> tracks;
};

class Search {
public:
    explicit Search(const Options &options);

    const Model &model(int q) const { return models_[static_cast<std::size_t>(q)]; }

    // Look at a new series; y must live on.
    void begin(const double *y) {
        y_ = y;
        for (Found &f : found_) f.searched = false;
        for (auto &pair : starts_) {
            for (Starts &s : pair) s.made = false;
        }
    }

    // The optima of model q on y[0:stop), found roughly. Asked again for the same series, the first answer.
    const Found &optima(int q, std::int64_t stop);

    void evaluate(const Model &f, std::int64_t stop, Point &at);

    void pass_over(const Model &f, const double *z, const std::int64_t *stops, std::int64_t n_stops,
                   Sums *sums) {
        pass(f, z, y_, stops, n_stops, sums, pass_work_.data());
    }

    // The step from `at`, into `move`, by Gauss-Newton plus `curvature` (may be null), damped by lambda.
    // Returns the predicted decrease, negative if there is no step.
    double step(const Model &f, const Point &at, const double *curvature, double lambda, double *move);

    // Go down from `at`, which is evaluated, until less than `tolerance` is to be had. Gives up as soon as it
    // is unlikely to get below `hopeless`, or is on its way to a known optimum; returns whether it got to the
    // bottom.
    bool polish(const Model &f, std::int64_t stop, double tolerance, double hopeless, double *curvature,
                Point &at, const Found *known = nullptr);

    // Learn the curvature from what a step did to the gradient (symmetric rank one).
    void learn(const Model &f, const double *gradient_before, const Point &after, const double *move,
               double *curvature);

    // The largest difference of a smoothing parameter, as a share of its range, both on the scale of square
    // roots: 0.001 and 0.01 are further apart than 0.5 and 0.509.
    double distance(const Model &f, const double *z, const double *other) const;

private:
    struct Start {
        double objective;
        std::vector<double> z;
    };
    static bool better(const Start &a, const Start &b) { return a.objective < b.objective; }
    struct Starts {
        bool made = false;
        std::vector<Start> list;
    };
    const std::vector<Start> &starts(const Model &f, std::int64_t stop);
    void consider(const Model &f, std::int64_t stop, const std::vector<double> &z, std::vector<Start> &from);
    std::vector<double> plain(const Model &f, std::int64_t stop) const;
    double first_mean(std::int64_t n, std::int64_t stop) const;
    bool near(const Model &f, const Point &at, double expected, const Found &known) const;
    void descend(const Model &f, std::int64_t stop, std::vector<Start> &from, Found &found);
    std::vector<double> recast(const Model &f, const std::vector<double> &z, const Model &to) const;
    void add_track(const Model &f, std::int64_t stop, const Point &at, const double *curvature, Found &found);
    void clip(const Model &f, double *z) const;

    Options options_;
    std::array<Model, kModels> models_;
    std::array<Found, kModels> found_;
    std::array<std::array<Starts, 2>, 3> starts_;  // by trend and season
    std::vector<double> pass_work_, step_work_, damped_, move_, change_, curvature_;
    Point at_, trial_;
    const double *y_ = nullptr;
};

}  // namespace forecasting::ets
