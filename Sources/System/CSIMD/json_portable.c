// The JSON token index in plain C: for machines without the vector kernels, and the measure of what those must give.
#include <string.h>

#include "json_kernels.h"

// Moves `at` from a string's opening quote to its closing one. False if the string is not valid or does not end.
static bool string(const uint8_t *bytes, size_t count, size_t *at, bool *escaped) {
    *escaped = false;
    ++*at;
    while (*at < count && bytes[*at] != '"') {
        size_t length = 0;
        if (bytes[*at] == '\\') {
            *escaped = true;
            length = csimd_json_escape_length(bytes, count, *at);
        } else if (bytes[*at] >= 0x20) {
            length = csimd_utf8_length(bytes, count, *at);
        }
        if (length == 0) return false;
        *at += length;
    }
    return *at < count;
}

bool csimd_json_scan_portable(const uint8_t *bytes, size_t count, uint32_t *positions, uint8_t *kinds,
                              size_t *tokens) {
    size_t n = 0;
    bool in_scalar = false;
    memset(kinds - 4, CSIMD_JSON_BOUNDARY, 4);
    for (size_t at = 0; at < count; at++) {
        uint8_t byte = bytes[at];
        bool escaped;
        switch (byte) {
        case ' ': case '\n': case '\r': case '\t':
            in_scalar = false;
            break;
        case '{': case '}': case '[': case ']': case ':': case ',':
            in_scalar = false;
            positions[n] = (uint32_t)at;
            kinds[n++] = byte;
            break;
        case '"':
            in_scalar = false;
            positions[n] = (uint32_t)at;
            kinds[n++] = byte;
            if (!string(bytes, count, &at, &escaped)) return false;
            positions[n] = (uint32_t)at;
            kinds[n++] = escaped ? CSIMD_JSON_ESCAPED_END : CSIMD_JSON_PLAIN_END;
            break;
        default:
            // Nothing outside a string has control characters, escapes or anything beyond ASCII.
            if (byte < 0x20 || byte == '\\' || byte >= 0x80) return false;
            if (in_scalar) break;
            in_scalar = true;
            positions[n] = (uint32_t)at;
            kinds[n++] = byte;
        }
    }
    *tokens = n;
    memset(kinds + n, CSIMD_JSON_BOUNDARY, 4);
    return true;
}

static bool is_scalar(uint8_t kind) {
    return (uint8_t)(kind - '0') <= 9 || kind == '-' || kind == 't' || kind == 'f' || kind == 'n';
}

bool csimd_json_link_portable(const uint8_t *kinds, size_t tokens, uint32_t *partners, unsigned depth) {
    uint32_t open[64];
    unsigned level = 0;
    size_t i = 0;
    for (;;) {
        // A value begins at i.
        uint8_t kind = kinds[i];
        if (kind == '{' || kind == '[') {
            if (level == depth) return false;
            open[level++] = (uint32_t)i++;
            if (kinds[i] != kind + 2) {  // In ASCII a closing bracket is its opening one plus two.
                if (kind == '{') {
                    if (kinds[i] != '"' || kinds[i + 2] != ':') return false;
                    i += 3;
                }
                continue;
            }
        } else if (kind == '"') {
            i += 2;
        } else if (is_scalar(kind)) {
            i += 1;
        } else {
            return false;
        }
        // A value ended before i.
        while (level > 0 && kinds[i] == kinds[open[level - 1]] + 2) partners[open[--level]] = (uint32_t)i++;
        if (level == 0) return i == tokens;
        if (kinds[i++] != ',') return false;
        if (kinds[open[level - 1]] == '{') {
            if (kinds[i] != '"' || kinds[i + 2] != ':') return false;
            i += 3;
        }
    }
}
