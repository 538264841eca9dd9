// The pieces of JSON that are checked one at a time: numbers, literals, escapes and characters outside ASCII.
#include <string.h>

#include "json_kernels.h"

static bool is_digit(uint8_t byte) { return (uint8_t)(byte - '0') <= 9; }

static bool digits(const uint8_t *bytes, size_t count, size_t *at) {
    size_t start = *at;
    while (*at < count && is_digit(bytes[*at])) ++*at;
    return *at != start;
}

static bool number(const uint8_t *bytes, size_t count, size_t *at) {
    if (bytes[*at] == '-') ++*at;
    if (*at < count && bytes[*at] == '0') {
        ++*at;
    } else if (!digits(bytes, count, at)) {
        return false;
    }
    if (*at < count && bytes[*at] == '.') {
        ++*at;
        if (!digits(bytes, count, at)) return false;
    }
    if (*at < count && (bytes[*at] | 0x20) == 'e') {
        ++*at;
        if (*at < count && (bytes[*at] == '+' || bytes[*at] == '-')) ++*at;
        if (!digits(bytes, count, at)) return false;
    }
    return true;
}

size_t csimd_json_scalar_end(const uint8_t *bytes, size_t count, size_t at) {
    size_t left = count - at;
    switch (bytes[at]) {
    case 't':
        if (left < 4 || memcmp(bytes + at, "true", 4) != 0) return 0;
        at += 4;
        break;
    case 'n':
        if (left < 4 || memcmp(bytes + at, "null", 4) != 0) return 0;
        at += 4;
        break;
    case 'f':
        if (left < 5 || memcmp(bytes + at, "false", 5) != 0) return 0;
        at += 5;
        break;
    default:
        if (!number(bytes, count, &at)) return 0;
    }
    return at == count || csimd_json_ends_scalar(bytes[at]) ? at : 0;
}

// The code unit that four hexadecimal digits make, or -1.
static int32_t code_unit(const uint8_t *digits) {
    int32_t unit = 0;
    for (int i = 0; i < 4; i++) {
        uint8_t letter = (uint8_t)((digits[i] | 0x20) - 'a');
        if (is_digit(digits[i])) {
            unit = unit << 4 | (digits[i] - '0');
        } else if (letter < 6) {
            unit = unit << 4 | (letter + 10);
        } else {
            return -1;
        }
    }
    return unit;
}

size_t csimd_json_escape_length(const uint8_t *bytes, size_t count, size_t at) {
    size_t left = count - at;
    if (left < 2) return 0;
    switch (bytes[at + 1]) {
    case '"': case '\\': case '/': case 'b': case 'f': case 'n': case 'r': case 't':
        return 2;
    case 'u':
        break;
    default:
        return 0;
    }
    if (left < 6) return 0;
    int32_t unit = code_unit(bytes + at + 2);
    if (unit < 0 || (unit >= 0xDC00 && unit < 0xE000)) return 0;
    if (unit < 0xD800 || unit >= 0xDC00) return 6;
    if (left < 12 || bytes[at + 6] != '\\' || bytes[at + 7] != 'u') return 0;
    unit = code_unit(bytes + at + 8);
    return unit >= 0xDC00 && unit < 0xE000 ? 12 : 0;
}

size_t csimd_utf8_length(const uint8_t *bytes, size_t count, size_t at) {
    uint8_t first = bytes[at];
    size_t left = count - at;
    if (first < 0x80) return 1;
    if (first < 0xC2 || first > 0xF4) return 0;
    size_t length = first < 0xE0 ? 2 : first < 0xF0 ? 3 : 4;
    if (left < length) return 0;
    // Shortest form, no surrogates, nothing above U+10FFFF: all are limits on the second byte.
    uint8_t low = first == 0xE0 ? 0xA0 : first == 0xF0 ? 0x90 : 0x80;
    uint8_t high = first == 0xED ? 0x9F : first == 0xF4 ? 0x8F : 0xBF;
    if (bytes[at + 1] < low || bytes[at + 1] > high) return 0;
    for (size_t i = 2; i < length; i++) {
        if ((bytes[at + i] & 0xC0) != 0x80) return 0;
    }
    return length;
}
