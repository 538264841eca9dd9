// The JSON token index in plain C: for machines without the vector kernels, and the measure of what those
// must give.
#include <string.h>

#include "json_kernels.h"

// Moves `at` from a string's opening quote to its closing one. False if the string is not valid or does not
// end.
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

// Finds the tokens. False if a string, a number or a literal is not valid.
static bool scan(const uint8_t *bytes, size_t count, uint32_t *positions, uint8_t *kinds, size_t *tokens) {
    size_t n = 0;
    for (size_t at = 0; at < count; at++) {
        uint8_t byte = bytes[at];
        bool escaped;
        switch (byte) {
        case ' ': case '\n': case '\r': case '\t':
            break;
        case '{': case '}': case '[': case ']': case ':': case ',':
            positions[n] = (uint32_t)at;
            kinds[n++] = byte;
            break;
        case '"':
            positions[n] = (uint32_t)at;
            kinds[n++] = byte;
            if (!string(bytes, count, &at, &escaped)) return false;
            positions[n] = (uint32_t)at;
            kinds[n++] = escaped ? CSIMD_JSON_ESCAPED_END : CSIMD_JSON_PLAIN_END;
            break;
        default:
            positions[n] = (uint32_t)at;
            kinds[n++] = byte;
            at = csimd_json_scalar_end(bytes, count, at);
            if (at == 0) return false;
            --at;
        }
    }
    *tokens = n;
    memset(kinds + n, CSIMD_JSON_BOUNDARY, 4);
    return true;
}

static bool is_scalar(uint8_t kind) {
    return (uint8_t)(kind - '0') <= 9 || kind == '-' || kind == 't' || kind == 'f' || kind == 'n';
}

bool csimd_json_link(const uint8_t *kinds, size_t tokens, uint32_t *partners, unsigned depth) {
    uint32_t open[CSIMD_JSON_DEEPEST];
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

int64_t csimd_json_index_portable(const uint8_t *bytes, size_t count, uint32_t *positions, uint32_t *partners,
                                  uint8_t *kinds, unsigned depth) {
    size_t tokens;
    if (!scan(bytes, count, positions, kinds, &tokens)) return -1;
    return csimd_json_link(kinds, tokens, partners, depth) ? (int64_t)tokens : -1;
}
