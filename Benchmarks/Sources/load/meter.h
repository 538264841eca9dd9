// CPU time of the generator, of the server that is watched, and of the machine, over the measured window.
#pragma once

#include <stdint.h>
#include <stdio.h>

struct meter {
    uint64_t at;                         // monotonic nanoseconds
    double client, server;               // CPU seconds; server is 0 where none is watched
    double busy, stolen;                 // CPU seconds of all cores; of them, the hypervisor's for others
};

struct meter read_meter(int server);

/// Prints `"seconds":…,"client_cpu":…,"server_cpu":…,"others":…,"stolen":…`: the window's length and the CPU
/// seconds in it; others are all processes but these two.
void print_meters(FILE *out, const struct meter *from, const struct meter *to);
