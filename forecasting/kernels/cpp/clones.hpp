// Compile a hot loop for several instruction sets; the loader picks one when the module is loaded.
#pragma once

#if defined(FORECASTING_HAS_TARGET_CLONES)
#define FORECASTING_CLONES __attribute__((target_clones("default", "avx2", "arch=x86-64-v4")))
#else
#define FORECASTING_CLONES
#endif
