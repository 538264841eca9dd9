// The head of an HTTP/1.1 request: what of it the C server uses.
#pragma once

#include <stdbool.h>
#include <stddef.h>

struct request {
    const char *method;
    size_t method_length;
    const char *path;
    size_t path_length;
    size_t head_length;
    size_t body_length;
    bool keep_alive;
};

enum parsed { REQUEST_PARTIAL = 0, REQUEST_WHOLE = 1, REQUEST_MALFORMED = 400, REQUEST_UNSUPPORTED = 501 };

/// Parses the head at the start of `bytes`, as strictly as the server that is compared with this one.
enum parsed parse_request(const char *bytes, size_t length, struct request *out);
