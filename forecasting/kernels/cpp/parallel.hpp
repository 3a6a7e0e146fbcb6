// Spread independent series over threads. Each series is worked on by exactly one thread and writes only
// its own cells, so the number of threads changes time, never bits.
#pragma once

#include <atomic>
#include <cstdint>
#include <exception>
#include <mutex>
#include <thread>
#include <vector>

namespace forecasting {

// Call work(i) for i in [0, n). `make` builds one worker a thread: its workspace lives as long as the thread.
// The first exception of any thread stops all and is thrown here.
template <class MakeWorker>
void parallel_for(std::int64_t n, std::int64_t n_threads, const MakeWorker &make) {
    if (n_threads <= 1 || n <= 1) {
        auto work = make();
        for (std::int64_t i = 0; i < n; ++i) work(i);
        return;
    }
    std::atomic<std::int64_t> next{0};
    std::exception_ptr broken;
    std::mutex guard;
    const auto run = [&] {
        try {
            auto work = make();
            for (std::int64_t i = next++; i < n; i = next++) work(i);
        } catch (...) {
            next = n;
            const std::lock_guard<std::mutex> hold(guard);
            if (!broken) broken = std::current_exception();
        }
    };
    std::vector<std::thread> threads;
    for (std::int64_t j = 1; j < n_threads && j < n; ++j) threads.emplace_back(run);
    run();
    for (std::thread &thread : threads) thread.join();
    if (broken) std::rethrow_exception(broken);
}

}  // namespace forecasting
