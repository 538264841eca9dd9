// The variants of each kernel, worst first. The best that the machine has is chosen at start.
#pragma once

enum csimd_variant { CSIMD_PORTABLE, CSIMD_AVX2, CSIMD_AVX512, CSIMD_VARIANTS };
