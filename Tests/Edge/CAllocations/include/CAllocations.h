// Counts the heap allocations of the calling thread, so that a test can fail when a hot path makes one.
#pragma once
#include <stdint.h>

// Whether counting is possible in this build: sanitizers bring their own malloc.
int allocations_are_counted(void);

// Allocations that this thread has made since it started.
uint64_t allocations_of_thread(void);
