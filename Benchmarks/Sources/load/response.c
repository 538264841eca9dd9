// The answer's head is walked line by line with memchr; only the status and Content-Length are looked at.
#include "response.h"

#include <string.h>
#include <strings.h>

static bool is_load(const char *value, size_t length) {
    static const char *const reasons[] = {"busy", "kept_for_live", "late"};
    for (unsigned i = 0; i < sizeof reasons / sizeof *reasons; i++)
        if (strlen(reasons[i]) == length && memcmp(reasons[i], value, length) == 0) return true;
    return false;
}

/// The length of the head at the start of `bytes`, 0 where it is not whole, −1 where it is malformed.
static long parse_head(
    const char *bytes, size_t length, unsigned *status, uint64_t *body_length, bool *shed) {
    const char *at = bytes, *end = bytes + length;
    bool framed = false;
    *shed = false;
    for (unsigned line = 0;; line++) {
        const char *newline = memchr(at, '\n', (size_t)(end - at));
        if (!newline) return 0;
        size_t n = (size_t)(newline - at);
        if (n == 0 || newline[-1] != '\r') return -1;
        if (line == 0) {
            if (n < 13 || memcmp(at, "HTTP/1.1 ", 9) != 0) return -1;
            *status = (unsigned)((at[9] - '0') * 100 + (at[10] - '0') * 10 + at[11] - '0');
            if (*status < 200 || *status > 599) return -1;
            *body_length = 0;
            framed = *status == 204;
        } else if (n == 1) {
            return framed ? newline + 1 - bytes : -1;
        } else if (n > 18 && at[15] == ':' && strncasecmp(at, "paceline-no-bid", 15) == 0) {
            const char *value = at + 16;
            while (*value == ' ') value++;
            *shed = is_load(value, (size_t)(newline - 1 - value));
        } else if (n > 16 && at[14] == ':' && strncasecmp(at, "content-length", 14) == 0) {
            *body_length = 0;
            const char *digit = at + 15;
            while (*digit == ' ') digit++;
            if (*digit == '\r' || framed) return -1;
            for (; *digit != '\r'; digit++) {
                if (*digit < '0' || *digit > '9') return -1;
                *body_length = *body_length * 10 + (uint64_t)(*digit - '0');
            }
            framed = true;
        }
        at = newline + 1;
    }
}

static size_t malformed(struct reader *reader, size_t used) {
    reader->malformed = true;
    return used;
}

size_t read_response(struct reader *reader, const char *bytes, size_t length, bool *whole) {
    size_t used = 0;
    *whole = false;
    if (reader->status == 0) {
        const char *head = bytes;
        size_t have = length, kept = reader->kept;
        if (kept > 0) {
            size_t room = HEAD_BYTES_MAX - kept;
            memcpy(reader->head + kept, bytes, length < room ? length : room);
            head = reader->head;
            have = kept + (length < room ? length : room);
        }
        long size = parse_head(head, have, &reader->status, &reader->body_length, &reader->shed);
        if (size < 0) return malformed(reader, length);
        if (size == 0) {
            reader->status = 0;
            if (have >= HEAD_BYTES_MAX) return malformed(reader, length);
            if (kept == 0) memcpy(reader->head, bytes, length);
            reader->kept = (uint32_t)have;
            return length;
        }
        used = (size_t)size - kept;
        reader->kept = 0;
        reader->body_left = reader->body_length;
        reader->prefix_length = 0;
    }
    size_t take = length - used < reader->body_left ? length - used : reader->body_left;
    reader->body_left -= take;
    size_t room = PREFIX_BYTES - reader->prefix_length, more = take < room ? take : room;
    memcpy(reader->prefix + reader->prefix_length, bytes + used, more);
    reader->prefix_length += (uint32_t)more;
    *whole = reader->body_left == 0;
    return used + take;
}
