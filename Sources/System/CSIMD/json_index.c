// The JSON token index: the stages in their order.
#include "json_kernels.h"

int64_t csimd_json_index(const uint8_t *bytes, size_t count, uint32_t *positions, uint32_t *partners,
                         uint8_t *kinds, unsigned depth) {
    size_t tokens;
    if (!csimd_json_scan_portable(bytes, count, positions, kinds, &tokens)) return -1;
    if (!csimd_json_link_portable(kinds, tokens, partners, depth)) return -1;
    for (size_t i = 0; i < tokens; i++) {
        if (kinds[i] == '-' || (kinds[i] >= '0' && kinds[i] <= '9') || kinds[i] >= 'a' && kinds[i] <= 'z') {
            if (!csimd_json_scalar(bytes, count, positions[i])) return -1;
        }
    }
    return (int64_t)tokens;
}
