// Reads CPU times. The server's comes from its tasks' schedstat, which counts nanoseconds where
// /proc/PID/stat counts ticks; io_uring's worker threads are among the tasks.
#include "meter.h"

#include <dirent.h>
#include <errno.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include "load.h"

static double server_seconds(int server) {
    char path[320];
    snprintf(path, sizeof path, "/proc/%d/task", server);
    DIR *tasks = opendir(path);
    if (!tasks) die("the watched server is gone", errno);
    double total = 0;
    for (struct dirent *entry; (entry = readdir(tasks));) {
        if (entry->d_name[0] == '.') continue;
        snprintf(path, sizeof path, "/proc/%d/task/%s/schedstat", server, entry->d_name);
        FILE *file = fopen(path, "r");
        if (!file) continue;    // the task has just ended
        unsigned long long nanoseconds = 0;
        if (fscanf(file, "%llu", &nanoseconds) == 1) total += (double)nanoseconds / 1e9;
        fclose(file);
    }
    closedir(tasks);
    return total;
}

static void read_machine(struct meter *meter) {
    FILE *file = fopen("/proc/stat", "r");
    if (!file) die("/proc/stat", errno);
    unsigned long long user, nice, system, irq, softirq, steal;
    int read = fscanf(
        file, "cpu %llu %llu %llu %*u %*u %llu %llu %llu", &user, &nice, &system, &irq, &softirq, &steal);
    if (read != 6) die("/proc/stat has no line of all cores", EINVAL);
    fclose(file);
    double tick = 1.0 / (double)sysconf(_SC_CLK_TCK);
    meter->busy = (double)(user + nice + system + irq + softirq + steal) * tick;
    meter->stolen = (double)steal * tick;
}

struct meter read_meter(int server) {
    struct rusage own;
    getrusage(RUSAGE_SELF, &own);
    struct meter meter = {
        .at = now_ns(),
        .client = (double)(own.ru_utime.tv_sec + own.ru_stime.tv_sec)
            + (double)(own.ru_utime.tv_usec + own.ru_stime.tv_usec) / 1e6,
        .server = server ? server_seconds(server) : 0,
    };
    read_machine(&meter);
    return meter;
}

void print_meters(FILE *out, const struct meter *from, const struct meter *to) {
    double client = to->client - from->client, server = to->server - from->server;
    double seconds = (double)(to->at - from->at) / 1e9, stolen = to->stolen - from->stolen;
    double others = to->busy - from->busy - client - server;
    fprintf(
        out, "\"seconds\":%.6f,\"client_cpu\":%.6f,\"server_cpu\":%.6f,"
        "\"others\":%.3f,\"stolen\":%.3f",
        seconds, client, server, others > 0 ? others : 0, stolen);
}
