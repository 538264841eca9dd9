// liburing for Swift. Its functions import as they are; here is only what does not: macros and shifts.
#pragma once
#include <features.h> // first: liburing.h redefines feature macros that clash with Glibc's own module
#include <liburing.h>
#include <stdint.h>
