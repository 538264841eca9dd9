// What the modes of the load generator share: options, errors, the clock and the connection to the server.
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <time.h>

enum { CONNECTIONS_MAX = 16384, DEPTH_MAX = 64 };

struct options {
    const char *mode;
    uint16_t port;
    unsigned connections, depth;
    const char *method, *path, *body_file;
    const char *bodies_file;    // one body on each line, sent in turns; the answer's id must be the body's
    size_t request_bytes;       // the whole request, head and body; 0: a request without a body
    long expect_length;         // of each answer's body; -1: any
    double seconds, warmup;
    double rate;                // open loop, requests per second; 0: closed loop
    bool sleeps;                // open loop: no spinning while nothing is due soon
    bool even;                  // open loop at even intervals instead of Poisson arrivals
    uint64_t seed;
    int watch;                  // the server's process, whose CPU time is read at the window's ends; 0: none
    const char *tls_version, *ciphers;
    bool resume;
};

struct errors {
    uint64_t connect, status, length, cut_short, malformed, tls;
};
extern struct errors errors;

/// Counts an error, and says the first of all on standard error.
void count_error(uint64_t *counter, const char *what);
uint64_t error_total(void);
_Noreturn void die(const char *what, int error);

static inline uint64_t now_ns(void) {
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
}

/// A connected socket to the server on this machine, or −1 with errno.
int dial(uint16_t port, bool blocking);

/// The bytes of one request; `*length` is how many.
char *build_request(const struct options *options, bool keep_alive, size_t *length);

/// The same with this body; without one, a string that fills the request up.
char *build_request_with(
    const struct options *options, bool keep_alive, const char *body, size_t body_length, size_t *length);

/// The bytes of a file, or the end of the process.
char *read_file(const char *path, size_t *length);

int run_http(const struct options *options);
int run_idle(const struct options *options);
int run_handshakes(const struct options *options);
int run_bulk(const struct options *options);
