// Latencies in nanoseconds, counted in buckets that grow with the value: 128 to each power of two, so that a
// quantile is off by less than 1 %, from a nanosecond to over a minute.
#pragma once

#include <stdint.h>
#include <stdio.h>

enum { SUB_BITS = 7, POWERS = 30, BUCKET_COUNT = (POWERS + 1) << SUB_BITS };

struct histogram {
    uint64_t counts[BUCKET_COUNT];
    uint64_t total, largest;
};

static inline void record(struct histogram *h, uint64_t nanoseconds) {
    unsigned power = nanoseconds >> SUB_BITS ? 64 - (unsigned)__builtin_clzll(nanoseconds) - SUB_BITS : 0;
    uint64_t bucket = power == 0
        ? nanoseconds
        : ((uint64_t)power << SUB_BITS) + ((nanoseconds >> (power - 1)) & ((1 << SUB_BITS) - 1));
    h->counts[bucket < BUCKET_COUNT ? bucket : BUCKET_COUNT - 1]++;
    h->total++;
    if (nanoseconds > h->largest) h->largest = nanoseconds;
}

/// Prints `"NAME":{"p50":…,"p90":…,"p99":…,"p999":…,"max":…}` in microseconds.
void print_histogram(FILE *out, const char *name, const struct histogram *h);
