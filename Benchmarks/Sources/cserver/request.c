// A strict parser of request heads: one pass, no copy. It refuses bare LF, folded lines, spaces before the
// colon, control bytes, a missing or second Host, conflicting lengths and every Transfer-Encoding.
#include "request.h"

#include <emmintrin.h>
#include <stdint.h>
#include <string.h>
#include <strings.h>

/// Bodies beyond this are malformed here: the benches send at most a few kilobytes.
enum { BODY_LENGTH_MAX = 1 << 20 };

/// RFC 9110's tchar: what methods and field names are made of.
static const bool token[256] = {
    ['!'] = 1, ['#'] = 1, ['$'] = 1, ['%'] = 1, ['&'] = 1, ['\''] = 1, ['*'] = 1, ['+'] = 1,
    ['-'] = 1, ['.'] = 1, ['^'] = 1, ['_'] = 1, ['`'] = 1, ['|'] = 1, ['~'] = 1,
    ['0' ... '9'] = 1, ['a' ... 'z'] = 1, ['A' ... 'Z'] = 1,
};

/// The first byte that a field value cannot hold: below space but for the tab, or DEL.
static const char *end_of_value(const char *at, const char *end) {
    const __m128i last = _mm_set1_epi8(0x1f), tab = _mm_set1_epi8('\t'), del = _mm_set1_epi8(0x7f);
    for (; at + 16 <= end; at += 16) {
        __m128i bytes = _mm_loadu_si128((const __m128i *)at);
        __m128i control = _mm_cmpeq_epi8(_mm_min_epu8(bytes, last), bytes);
        control = _mm_andnot_si128(_mm_cmpeq_epi8(bytes, tab), control);
        int mask = _mm_movemask_epi8(_mm_or_si128(control, _mm_cmpeq_epi8(bytes, del)));
        if (mask) return at + __builtin_ctz((unsigned)mask);
    }
    for (; at < end; at++) {
        unsigned char byte = (unsigned char)*at;
        if ((byte < 0x20 && byte != '\t') || byte == 0x7f) break;
    }
    return at;
}

static bool named(const char *name, size_t length, const char *wanted, size_t wanted_length) {
    return length == wanted_length && strncasecmp(name, wanted, length) == 0;
}
#define NAMED(wanted) named(name, name_length, wanted, sizeof(wanted) - 1)

static enum parsed parse_line(const char **cursor, const char *end, struct request *out) {
    const char *at = *cursor;
    out->method = at;
    while (at < end && token[(unsigned char)*at]) at++;
    if (at == end) return REQUEST_PARTIAL;
    out->method_length = (size_t)(at - out->method);
    if (out->method_length == 0 || *at++ != ' ') return REQUEST_MALFORMED;
    out->path = at;
    while (at < end && (unsigned char)*at > ' ' && *at != 0x7f) at++;
    if (at == end) return REQUEST_PARTIAL;
    out->path_length = (size_t)(at - out->path);
    if (out->path_length == 0 || *at++ != ' ') return REQUEST_MALFORMED;
    static const char version[] = "HTTP/1.1\r\n";
    if ((size_t)(end - at) < sizeof version - 1)
        return memcmp(at, version, (size_t)(end - at)) == 0 ? REQUEST_PARTIAL : REQUEST_MALFORMED;
    if (memcmp(at, version, sizeof version - 1) != 0) return REQUEST_MALFORMED;
    *cursor = at + sizeof version - 1;
    return REQUEST_WHOLE;
}

static bool parse_length(const char *value, size_t length, size_t *out) {
    size_t total = 0;
    for (size_t i = 0; i < length; i++) {
        if (value[i] < '0' || value[i] > '9') return false;
        total = total * 10 + (size_t)(value[i] - '0');
        if (total > BODY_LENGTH_MAX) return false;
    }
    *out = total;
    return length > 0;
}

enum parsed parse_request(const char *bytes, size_t length, struct request *out) {
    const char *at = bytes, *end = bytes + length;
    enum parsed line = parse_line(&at, end, out);
    if (line != REQUEST_WHOLE) return line;
    unsigned hosts = 0, lengths = 0;
    out->body_length = 0;
    out->keep_alive = true;
    for (;;) {
        if (end - at < 2) return REQUEST_PARTIAL;
        if (at[0] == '\r') {
            if (at[1] != '\n' || hosts != 1) return REQUEST_MALFORMED;
            out->head_length = (size_t)(at + 2 - bytes);
            return REQUEST_WHOLE;
        }
        const char *name = at;
        while (at < end && token[(unsigned char)*at]) at++;
        if (at == end) return REQUEST_PARTIAL;
        size_t name_length = (size_t)(at - name);
        if (name_length == 0 || *at++ != ':') return REQUEST_MALFORMED;
        while (at < end && (*at == ' ' || *at == '\t')) at++;
        const char *value = at;
        at = end_of_value(at, end);
        if (end - at < 2) return at == end || *at == '\r' ? REQUEST_PARTIAL : REQUEST_MALFORMED;
        if (at[0] != '\r' || at[1] != '\n') return REQUEST_MALFORMED;
        size_t value_length = (size_t)(at - value);
        at += 2;
        while (value_length > 0 && strchr(" \t", value[value_length - 1])) value_length--;
        if (NAMED("host")) {
            hosts++;
        } else if (NAMED("content-length")) {
            size_t stated;
            if (lengths++ > 0 || !parse_length(value, value_length, &stated)) return REQUEST_MALFORMED;
            out->body_length = stated;
        } else if (NAMED("transfer-encoding")) {
            return REQUEST_UNSUPPORTED;
        } else if (NAMED("connection")) {
            if (named(value, value_length, "close", 5)) out->keep_alive = false;
        }
    }
}
