// What the kernels share: see CSIMD.h.
#include "CSIMD.h"
