// Reads quantiles out of a histogram.
#include "histogram.h"

/// The upper end of a bucket, in nanoseconds.
static double upper(uint64_t bucket) {
    uint64_t power = bucket >> SUB_BITS, rest = bucket & ((1 << SUB_BITS) - 1);
    if (power == 0) return (double)(rest + 1);
    return (double)((rest + 1 + (1 << SUB_BITS)) << (power - 1));
}

static double quantile(const struct histogram *h, double share) {
    uint64_t wanted = (uint64_t)(share * (double)h->total), seen = 0;
    for (uint64_t bucket = 0; bucket < BUCKET_COUNT; bucket++) {
        seen += h->counts[bucket];
        if (seen > wanted) {
            double end = upper(bucket);
            return end < (double)h->largest ? end : (double)h->largest;
        }
    }
    return (double)h->largest;
}

void print_histogram(FILE *out, const char *name, const struct histogram *h) {
    fprintf(
        out, "\"%s\":{\"p50\":%.2f,\"p90\":%.2f,\"p99\":%.2f,\"p999\":%.2f,\"max\":%.2f}", name,
        quantile(h, 0.5) / 1e3, quantile(h, 0.9) / 1e3, quantile(h, 0.99) / 1e3, quantile(h, 0.999) / 1e3,
        (double)h->largest / 1e3);
}
