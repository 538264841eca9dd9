// liburing for Swift. Its functions import as they are; here is only what does not: macros and barriers.
#pragma once
#if __has_feature(modules)
// The C library's types belong to Swift's own module of it, whichever module is loaded first.
#pragma clang module import SwiftGlibc
#endif
#include <features.h> // first: liburing.h redefines feature macros that clash with Glibc's own module
#include <liburing.h>
#include <stdint.h>

// The oldest completion that was not consumed yet, or null. The acquire pairs with the kernel's release of the tail.
static inline const struct io_uring_cqe *uring_front(const struct io_uring *ring) {
    unsigned head = *ring->cq.khead;
    if (head == io_uring_smp_load_acquire(ring->cq.ktail)) return (void *)0;
    return &ring->cq.cqes[head & ring->cq.ring_mask];
}

// Looks for up to `turns` short pauses whether there is something to take, or something for the kernel to finish once
// asked. A look costs no system call.
static inline int uring_spin(const struct io_uring *ring, int turns) {
    for (int turn = 0; turn < turns; turn++) {
        if (uring_front(ring)) return 1;
        if (IO_URING_READ_ONCE(*ring->sq.kflags) & (IORING_SQ_TASKRUN | IORING_SQ_CQ_OVERFLOW)) return 1;
#if defined(__x86_64__)
        __builtin_ia32_pause();
#elif defined(__aarch64__)
        __asm__ volatile("yield");
#endif
    }
    return 0;
}

static const uint32_t uring_more = IORING_CQE_F_MORE;
static const uint32_t uring_has_buffer = IORING_CQE_F_BUFFER;
static const uint32_t uring_buffer_shift = IORING_CQE_BUFFER_SHIFT;
static const uint8_t uring_select_buffer = IOSQE_BUFFER_SELECT;
static const uint8_t uring_quiet_success = IOSQE_CQE_SKIP_SUCCESS;
static const uint8_t uring_fixed_file = IOSQE_FIXED_FILE;
