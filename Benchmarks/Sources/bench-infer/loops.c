// What peers cost that can be called from C: row after row, or batch after batch, until the time is over.
// Gives nanoseconds per row.
#include <stddef.h>
#include <stdint.h>
#include <time.h>

static double now(void) {
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return (double)time.tv_sec + (double)time.tv_nsec * 1e-9;
}

// The clock is read once for so many rows.
enum { turn = 64 };

typedef int lightgbm_call(void *fast, const void *row, int64_t *count, double *out);

double lightgbm_rows(lightgbm_call *call, void *fast, const double *rows, size_t count, size_t width, double seconds) {
    double start = now(), end;
    size_t done = 0;
    int64_t outputs;
    double out;
    do {
        for (int i = 0; i < turn; i++, done++) call(fast, rows + done % count * width, &outputs, &out);
        end = now();
    } while (end - start < seconds);
    return (end - start) * 1e9 / (double)done;
}

typedef void lleaves_call(const double *rows, double *out, int from, int to);

double lleaves_rows(lleaves_call *call, const double *rows, size_t count, size_t width, size_t batch, double seconds) {
    static double out[4096];
    double start = now(), end;
    size_t done = 0, at = 0;
    do {
        for (size_t i = 0; i < turn; i += batch) {
            if (at + batch > count) at = 0;
            call(rows + at * width, out, 0, (int)batch);
            at += batch;
            done += batch;
        }
        end = now();
    } while (end - start < seconds);
    return (end - start) * 1e9 / (double)done;
}

typedef void tl2cgen_call(void *entries, int margin, double *out);

double tl2cgen_rows(tl2cgen_call *call, int64_t *entries, size_t count, size_t width, double seconds) {
    double start = now(), end, out;
    size_t done = 0;
    do {
        for (int i = 0; i < turn; i++, done++) call(entries + done % count * width, 1, &out);
        end = now();
    } while (end - start < seconds);
    return (end - start) * 1e9 / (double)done;
}
