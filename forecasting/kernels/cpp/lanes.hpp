// Four doubles that one instruction works on where the machine has one. The number is fixed, so a sum over
// lanes adds in the same order on every instruction set and gives the same bits.
#pragma once

#include <cstdint>
#include <cstring>

namespace forecasting {

#if defined(__GNUC__)
// A helper must be inlined into its caller to be compiled for the caller's instruction set (clones.hpp).
#define FORECASTING_INLINE inline __attribute__((always_inline))
#else
#define FORECASTING_INLINE inline
#endif

constexpr int kLanes4 = 4;

typedef double Lanes4 __attribute__((vector_size(kLanes4 * sizeof(double))));

constexpr int padded(int n) { return (n + kLanes4 - 1) / kLanes4 * kLanes4; }

}  // namespace forecasting
