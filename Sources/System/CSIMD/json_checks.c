// What the vector variants leave to be checked byte by byte: escapes, strings that are not plain ASCII, and
// scalars that are not plain digits. None of it is more than a few bytes of most documents.
#if defined(__x86_64__)
#include "json_blocks.h"

csimd_json_rest csimd_json_rest_in(uint32_t *room, size_t count) {
    size_t blocks = (count + 63) / 64;
    csimd_json_rest rest = {0};
    rest.escapes = (csimd_json_mask *)room;
    rest.specials = rest.escapes + blocks;
    rest.odd = (uint8_t *)(rest.specials + blocks);
    return rest;
}

// What checks one thing and gives its length, or 0 if it is not valid.
typedef size_t length_of(const uint8_t *bytes, size_t count, size_t at);

// Checks the things that start at these bits, but not those inside a thing checked before: the second half of
// a surrogate pair, the later bytes of a character.
static inline bool check_masks(const csimd_json_mask *masks, size_t masks_count, const uint8_t *bytes,
                               size_t count,
                               length_of *length_of) {
    size_t checked = 0;
    for (size_t i = 0; i < masks_count; i++) {
        uint64_t bits = masks[i].bits[0] | (uint64_t)masks[i].bits[1] << 32;
        for (; bits != 0; bits &= bits - 1) {
            size_t at = masks[i].base + (size_t)__builtin_ctzll(bits);
            if (at < checked) continue;
            size_t length = length_of(bytes, count, at);
            if (length == 0) return false;
            checked = at + length;
        }
    }
    return true;
}

static size_t character_length(const uint8_t *bytes, size_t count, size_t at) {
    return bytes[at] < 0x20 ? 0 : csimd_utf8_length(bytes, count, at);
}

// How many of up to sixteen bytes are digits before the first that is not.
static inline size_t leading_digits(const uint8_t *bytes) {
    for (size_t found = 0;; found += 8) {
        uint64_t word;
        memcpy(&word, bytes + found, sizeof word);
        // Digits become 0 to 9, all other bytes more; a carry can only reach bytes behind the first of those.
        word ^= 0x3030303030303030ull;
        uint64_t others = ((word + 0x7676767676767676ull) | word) & 0x8080808080808080ull;
        if (others != 0) return found + (size_t)__builtin_ctzll(others) / 8;
        if (found == 8) return 16;
    }
}

// The end of the scalar whose first odd byte is at `at`, if it is a usual number: digits, a point and up to
// fifteen decimals, or such a number with a sign. 0 for all others. Without a loop over digits, whose end the
// processor would have to guess. Looks at no more than 40 bytes from `at` on.
static inline size_t usual_number_end(const uint8_t *bytes, size_t at) {
    // The digits before a point are not odd, and a needless zero before them would be.
    bool follows_digit = (uint8_t)(bytes[at - 1] - '0') <= 9;
    if (bytes[at] == '-' && !follows_digit) {
        size_t digits = leading_digits(bytes + at + 1);
        if (digits == 0 || digits == 16 || (digits > 1 && bytes[at + 1] == '0')) return 0;
        at += 1 + digits;
        if (csimd_json_ends_scalar(bytes[at])) return at;
        follows_digit = true;
    }
    if (bytes[at] != '.' || !follows_digit) return 0;
    size_t decimals = leading_digits(bytes + at + 1);
    if (decimals == 0 || decimals == 16) return 0;
    at += 1 + decimals;
    return csimd_json_ends_scalar(bytes[at]) ? at : 0;
}

static bool check_scalars(const uint8_t *odd_masks, const uint8_t *bytes, size_t count) {
    size_t checked = 0;
    for (size_t base = 0; base < count; base += 64, odd_masks += sizeof(uint64_t)) {
        uint64_t odd;
        memcpy(&odd, odd_masks, sizeof odd);
        while (odd != 0) {
            size_t at = base + (size_t)__builtin_ctzll(odd);
            if (at >= checked) {
                checked = at > 0 && count - at >= 40 ? usual_number_end(bytes, at) : 0;
                if (checked == 0) {
                    // What stands before it in its scalar is digits.
                    size_t start = at;
                    while (start > 0 && (uint8_t)(bytes[start - 1] - '0') <= 9) --start;
                    checked = csimd_json_scalar_end(bytes, count, start);
                    if (checked <= at) return false;
                }
            }
            odd &= checked - base < 64 ? ~0ull << (checked - base) : 0;
        }
    }
    return true;
}

bool csimd_json_check(const csimd_json_rest *rest, const uint8_t *bytes, size_t count) {
    return check_masks(rest->escapes, rest->escape_count, bytes, count, csimd_json_escape_length) &&
           check_masks(rest->specials, rest->special_count, bytes, count, character_length) &&
           check_scalars(rest->odd, bytes, count);
}
#endif
