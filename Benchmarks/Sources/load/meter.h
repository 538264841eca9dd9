// CPU time of the generator, of the server that is watched, and of the machine, over the measured window.
#pragma once

#include <stdint.h>
#include <stdio.h>

struct meter {
    uint64_t at;                         // monotonic nanoseconds
    double client, server;               // CPU seconds; server is 0 where none is watched
    double stolen;                       // CPU seconds that the hypervisor gave to others
};

struct meter read_meter(int server);

/// Prints `"seconds":…,"client_cpu":…,"server_cpu":…,"stolen":…`: the window's length and the CPU seconds in it.
void print_meters(FILE *out, const struct meter *from, const struct meter *to);
