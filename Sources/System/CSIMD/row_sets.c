// See row_sets.h. Each kernel asks one facet after the other about all blocks that are left: so a set's bits of blocks are
// read once for 64 of them, and its stored blocks one behind the other.
#include "row_sets.h"

#include <string.h>

#if defined(__x86_64__)
#include <immintrin.h>
#endif

// The blocks whose rows have yet to be looked at for a facet: those of which no set has all rows.
static inline __attribute__((always_inline)) uint64_t not_full(const csimd_row_facet *facet, const csimd_row_set *sets,
                                                               size_t word, uint64_t blocks) {
    for (size_t set = facet->first_set; set < facet->end_set; set++) blocks &= ~sets[set].full[word];
    return blocks;
}

// The blocks in which a facet has any rows.
static inline __attribute__((always_inline)) uint64_t with_rows(const csimd_row_facet *facet, const csimd_row_set *sets,
                                                                size_t word) {
    uint64_t blocks = facet->listed ? facet->listed_blocks[word] : 0;
    for (size_t set = facet->first_set; set < facet->end_set; set++) blocks |= sets[set].words[word];
    return blocks;
}

// A set as 64 blocks of it are read: which are stored, and where the first of them lies.
struct stored_set {
    uint64_t blocks;
    const uint8_t *first;
};

// Facets of requests have one to four such sets in a word; those of more are read as they lie.
#define STORED_SETS 8

static inline __attribute__((always_inline)) struct stored_set stored_of(const csimd_row_set *set, size_t word) {
    return (struct stored_set){set->words[word] & ~set->full[word], set->stored + 64 * (size_t)set->ranks[word]};
}

static inline __attribute__((always_inline)) size_t stored_sets(const csimd_row_facet *facet,
                                                                const csimd_row_set *sets, size_t *next, size_t word,
                                                                uint64_t blocks, struct stored_set *stored) {
    size_t count = 0;
    for (; *next < facet->end_set && count < STORED_SETS; ++*next) {
        struct stored_set one = stored_of(sets + *next, word);
        if (one.blocks & blocks) stored[count++] = one;
    }
    return count;
}

// The rows of a block, in as many registers as it takes.
typedef uint64_t block_rows __attribute__((vector_size(64)));

// Whether a set has the block is a choice of an address and no branch: sets come and go from block to block.
static inline __attribute__((always_inline)) void add_stored(struct stored_set set, size_t block, block_rows *rows) {
    static const uint8_t nothing[64];
    size_t place = (size_t)__builtin_popcountll(set.blocks & ((1ull << block) - 1));
    const uint8_t *from = set.blocks >> block & 1 ? set.first + 64 * place : nothing;
    block_rows more;
    memcpy(&more, from, 64);
    *rows |= more;
}

static inline __attribute__((always_inline)) uint64_t pass(const csimd_row_facet *facets, size_t facet_count,
                                                           const csimd_row_facet *excluded, const csimd_row_set *sets,
                                                           size_t word, uint64_t blocks, uint64_t *rows) {
    struct stored_set stored[STORED_SETS];
    for (size_t facet = 0; facet <= facet_count && blocks; facet++) {
        int excludes = facet == facet_count;
        const csimd_row_facet *own = excludes ? excluded : facets + facet;
        uint64_t rest = not_full(own, sets, word, blocks);
        if (excludes) {
            blocks = rest;
            rest &= with_rows(own, sets, word);
        }
        if (!rest) continue;
        uint64_t listed = own->listed ? own->listed_blocks[word] & rest : 0;
        size_t first = own->first_set;
        size_t count = stored_sets(own, sets, &first, word, rest, stored);
        for (; rest; rest &= rest - 1) {
            size_t block = (size_t)__builtin_ctzll(rest);
            block_rows some = {0}, left;
            for (size_t set = 0; set < count; set++) add_stored(stored[set], block, &some);
            for (size_t set = first; set < own->end_set; set++) add_stored(stored_of(sets + set, word), block, &some);
            if (listed >> block & 1) {
                block_rows more;
                memcpy(&more, own->listed + 8 * (64 * word + block), 64);
                some |= more;
            }
            memcpy(&left, rows + 8 * block, 64);
            left &= excludes ? ~some : some;
            memcpy(rows + 8 * block, &left, 64);
            blocks &= ~((uint64_t)(__builtin_reduce_or(left) == 0) << block);
        }
    }
    return blocks;
}

static uint64_t pass_portable(const csimd_row_facet *facets, size_t facet_count, const csimd_row_facet *excluded,
                              const csimd_row_set *sets, size_t word, uint64_t blocks, uint64_t *rows) {
    return pass(facets, facet_count, excluded, sets, word, blocks, rows);
}

#if defined(__x86_64__)
__attribute__((target("avx2,popcnt,bmi,bmi2"))) static uint64_t pass_avx2(
    const csimd_row_facet *facets, size_t facet_count, const csimd_row_facet *excluded, const csimd_row_set *sets,
    size_t word, uint64_t blocks, uint64_t *rows) {
    return pass(facets, facet_count, excluded, sets, word, blocks, rows);
}

// A block is one register here, and whether a set has it is a mask and no branch: sets come and go from block to block.
__attribute__((target("avx512f,popcnt,bmi,bmi2"))) static inline __m512i stored_rows(const struct stored_set *set,
                                                                                     size_t block) {
    size_t place = (size_t)_mm_popcnt_u64(_bzhi_u64(set->blocks, (unsigned)block));
    __mmask8 has = (__mmask8)(0 - (set->blocks >> block & 1));
    return _mm512_maskz_loadu_epi64(has, set->first + 64 * place);
}

// Fetches what the next facet will be asked for: nearly all blocks that are left come to it, and each is a miss of its own
// in a large catalog.
__attribute__((target("avx512f,popcnt,bmi,bmi2"))) static inline void prefetch(const csimd_row_facet *facet,
                                                                               const csimd_row_set *sets, size_t word,
                                                                               uint64_t blocks) {
    blocks = not_full(facet, sets, word, blocks);
    for (size_t set = facet->first_set; set < facet->end_set; set++) {
        struct stored_set own = stored_of(sets + set, word);
        for (uint64_t rest = own.blocks & blocks; rest; rest &= rest - 1)
            _mm_prefetch(own.first + 64 * _mm_popcnt_u64(own.blocks & (rest ^ (rest - 1)) >> 1), _MM_HINT_T0);
    }
}

// The rows of a facet in one block: no set has all of it.
__attribute__((target("avx512f,popcnt,bmi,bmi2"))) static inline __m512i gather_avx512(
    const csimd_row_facet *facet, const csimd_row_set *sets, const struct stored_set *stored, size_t count, size_t next,
    size_t word, uint64_t listed, size_t block) {
    __m512i rows = _mm512_setzero_si512();
    for (size_t set = 0; set < count; set++) rows = _mm512_or_si512(rows, stored_rows(stored + set, block));
    if (listed >> block & 1)
        rows = _mm512_or_si512(rows, _mm512_loadu_si512(facet->listed + 8 * (64 * word + block)));
    for (; next < facet->end_set; next++) {
        struct stored_set one = stored_of(sets + next, word);
        rows = _mm512_or_si512(rows, stored_rows(&one, block));
    }
    return rows;
}

__attribute__((target("avx512f,popcnt,bmi,bmi2"))) static uint64_t pass_avx512(
    const csimd_row_facet *facets, size_t facet_count, const csimd_row_facet *excluded, const csimd_row_set *sets,
    size_t word, uint64_t blocks, uint64_t *rows) {
    struct stored_set stored[STORED_SETS];
    for (size_t facet = 0; facet <= facet_count && blocks; facet++) {
        int excludes = facet == facet_count;
        const csimd_row_facet *own = excludes ? excluded : facets + facet;
        uint64_t rest = not_full(own, sets, word, blocks);
        if (excludes) {
            blocks = rest;
            rest &= with_rows(own, sets, word);
        }
        if (!excludes) prefetch(facet + 1 < facet_count ? own + 1 : excluded, sets, word, blocks);
        if (!rest) continue;
        uint64_t listed = own->listed ? own->listed_blocks[word] & rest : 0;
        size_t next = own->first_set;
        size_t count = stored_sets(own, sets, &next, word, rest, stored);
        for (; rest; rest &= rest - 1) {
            size_t block = (size_t)__builtin_ctzll(rest);
            __m512i left = _mm512_loadu_si512(rows + 8 * block);
            __m512i some = gather_avx512(own, sets, stored, count, next, word, listed, block);
            left = excludes ? _mm512_andnot_si512(some, left) : _mm512_and_si512(some, left);
            _mm512_storeu_si512(rows + 8 * block, left);
            blocks &= ~((uint64_t)(_mm512_test_epi64_mask(left, left) == 0) << block);
        }
    }
    return blocks;
}

#else
#define pass_avx2 pass_portable
#define pass_avx512 pass_portable
#endif

typedef uint64_t rows_pass(const csimd_row_facet *facets, size_t facet_count, const csimd_row_facet *excluded,
                      const csimd_row_set *sets, size_t word, uint64_t blocks, uint64_t *rows);

static rows_pass *const variants[CSIMD_VARIANTS] = {pass_portable, pass_avx2, pass_avx512};
static rows_pass *chosen = pass_portable;

bool csimd_rows_run(enum csimd_variant variant) {
#if defined(__x86_64__)
    if (variant == CSIMD_PORTABLE) return true;
    bool counts = __builtin_cpu_supports("popcnt") && __builtin_cpu_supports("bmi") && __builtin_cpu_supports("bmi2");
    return counts && __builtin_cpu_supports("avx2") &&
           (variant == CSIMD_AVX2 || __builtin_cpu_supports("avx512f"));
#else
    return variant == CSIMD_PORTABLE;
#endif
}

__attribute__((constructor)) static void choose_best(void) {
#if defined(__x86_64__)
    __builtin_cpu_init();
#endif
    for (int variant = 0; variant < CSIMD_VARIANTS; variant++)
        if (csimd_rows_run((enum csimd_variant)variant)) chosen = variants[variant];
}

uint64_t csimd_rows_pass(const csimd_row_facet *facets, size_t facet_count, const csimd_row_facet *excluded,
                         const csimd_row_set *sets, size_t word, uint64_t blocks, uint64_t *rows) {
    return chosen(facets, facet_count, excluded, sets, word, blocks, rows);
}

uint64_t csimd_rows_pass_by(enum csimd_variant variant, const csimd_row_facet *facets, size_t facet_count,
                            const csimd_row_facet *excluded, const csimd_row_set *sets, size_t word, uint64_t blocks,
                            uint64_t *rows) {
    return variants[variant](facets, facet_count, excluded, sets, word, blocks, rows);
}

static inline __attribute__((always_inline)) size_t take(uint64_t *rows, uint64_t blocks, const uint64_t *following,
                                                         uint64_t *found, uint64_t *later) {
    size_t count = 0;
    for (; blocks; blocks &= blocks - 1) {
        size_t block = (size_t)__builtin_ctzll(blocks);
        uint64_t stays = 0;
        for (size_t word = 8 * block; word < 8 * block + 8; word++) {
            uint64_t first = rows[word] & ~following[word];
            found[word] |= first;
            count += (size_t)__builtin_popcountll(first);
            stays |= rows[word] &= following[word];
        }
        *later |= (uint64_t)(stays != 0) << block;
    }
    return count;
}

#if defined(__x86_64__)
__attribute__((target("popcnt,bmi"))) static size_t take_popcnt(uint64_t *rows, uint64_t blocks,
                                                                const uint64_t *following, uint64_t *found,
                                                                uint64_t *later) {
    return take(rows, blocks, following, found, later);
}
#endif

size_t csimd_rows_take(uint64_t *rows, uint64_t blocks, const uint64_t *following, uint64_t *found, uint64_t *later) {
#if defined(__x86_64__)
    if (chosen != pass_portable) return take_popcnt(rows, blocks, following, found, later);
#endif
    return take(rows, blocks, following, found, later);
}

void csimd_rows_spread(const uint32_t *list, size_t count, const uint64_t *wanted, uint64_t *rows, uint64_t *blocks) {
    for (size_t index = 0; index < count; index++) {
        uint32_t row = list[index];
        // Blocks that are wanted stand together, so that this is mostly foreseen.
        if (!(wanted[row >> 15] >> (row >> 9 & 63) & 1)) continue;
        rows[row >> 6] |= 1ull << (row & 63);
        blocks[row >> 15] |= 1ull << (row >> 9 & 63);
    }
}
