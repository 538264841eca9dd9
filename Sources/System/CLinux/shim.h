// What Linux has and Swift's Glibc module leaves out, because glibc declares it only under _GNU_SOURCE.
#pragma once
#if __has_feature(modules)
// The C library's types belong to Swift's own module of it, whichever module is loaded first.
#pragma clang module import SwiftGlibc
#endif
#include <features.h>
#include <signal.h>
#include <stdint.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

static inline int32_t linux_thread_id(void) { return (int32_t)syscall(SYS_gettid); }

static inline long linux_accept(int listener, int flags) {
    return syscall(SYS_accept4, listener, (void *)0, (void *)0, flags);
}

// Cores as a bit set of `size` bytes. The raw call answers how many bytes it filled.
static inline long linux_usable_cores(void *set, unsigned long size) {
    return syscall(SYS_sched_getaffinity, 0, size, set);
}

static inline long linux_pin(const void *set, unsigned long size) {
    return syscall(SYS_sched_setaffinity, 0, size, set);
}

// The macro is there for GNU's own sources only.
static inline long linux_take_only_idle_time(void) {
    struct { int priority; } none = {0};
    return syscall(SYS_sched_setscheduler, 0, 5 /* SCHED_IDLE */, &none);
}

static inline void linux_name_thread(const char *name) { prctl(PR_SET_NAME, name, 0, 0, 0); }

static inline void linux_ignore_broken_pipes(void) { signal(SIGPIPE, SIG_IGN); }

// Asks for the cache line at an address, for reading.
static inline void linux_prefetch(const void *address) { __builtin_prefetch(address); }
