// Reads HTTP/1.1 answers out of a stream that arrives in any pieces. It knows Content-Length only: an answer
// framed otherwise is malformed to it, since no server that is measured here sends one; a 204 has no body.
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { HEAD_BYTES_MAX = 2048, PREFIX_BYTES = 64 };

struct reader {
    uint64_t body_left;
    uint64_t body_length;
    unsigned status;            // of the answer being read; 0: its head is not whole yet
    bool shed;                  // it says that it was turned away for load: `paceline-no-bid: busy` and its kin
    uint32_t kept;              // bytes in head
    bool malformed;
    uint32_t prefix_length;     // the body's first bytes
    char prefix[PREFIX_BYTES];
    char head[HEAD_BYTES_MAX];
};

/// Takes bytes up to the end of one answer; gives how many. `*whole` says that the answer has ended, with
/// its status and length left in the reader. After `malformed` nothing more can be read.
size_t read_response(struct reader *reader, const char *bytes, size_t length, bool *whole);
