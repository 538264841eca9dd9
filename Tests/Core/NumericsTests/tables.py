"""Writes the constants of the real functions, with mpmath at 200 bits.

    python3 Tests/Core/NumericsTests/tables.py real > Sources/System/CSIMD/include/real_tables.h
    python3 Tests/Core/NumericsTests/tables.py erf > Sources/System/CSIMD/include/erf_tables.h
"""

import sys

from mpmath import erf, exp, floor, log, mp, mpf, pi, sqrt

mp.prec = 200

HEAD = """\
// The constants of exp and log, for Swift and for the kernels alike. Written by
// Tests/Core/NumericsTests/tables.py; every number is a double, pairs are a leading part and what it leaves.
#pragma once
#include <stdint.h>

struct csimd_pair {
    double high, low;
};

struct csimd_log_step {
    double inverse, high, low;
};
"""


ERF_HEAD = """\
// What erf needs, written by Tests/Core/NumericsTests/tables.py.
#pragma once
#include <stdint.h>

#include "real_tables.h"
"""


def double(value):
    return float(value).hex()


def nearest(value, unit):
    """The multiple of the unit that is nearest."""
    return floor(value / unit + mpf(1) / 2) * unit


def pair(value, unit=None):
    """A leading part, which is a multiple of the unit where there is one, and the double nearest to the rest."""
    high = nearest(value, unit) if unit else mpf(float(value))
    return double(high), double(value - high)


def table(comment, name, kind, mask, rows):
    print(f"\n{comment}")
    print(f"static const struct {kind} {name}_rows[{len(rows)}] = {{")
    cells = ["{" + ", ".join(row) + "}," for row in rows]
    # Pairs stand two in a line.
    columns = 4 - len(rows[0])
    for start in range(0, len(cells), columns):
        print("    " + " ".join(cells[start : start + columns]))
    print("};")
    print(f"static inline struct {kind} {name}(int64_t index) {{")
    print(f"    return {name}_rows[{mask}];")
    print("}")


def power(numerator, steps):
    # 26 bits, so that the product of two leading parts is exact.
    return pair(mpf(2) ** (mpf(numerator) / steps), mpf(2) ** -25)


# Leading parts of logarithms are multiples of this, so that their sums, with up to 1,075 times log 2, are exact.
LOG_UNIT = mpf(2) ** -42

# Where the intervals of the logarithm begin, as bits of a double; 1 lies inside of one of them.
ORIGIN = 0x3FE6900000000000


def step(index):
    import struct

    def at(offset):
        bits = ORIGIN + offset
        # The mantissas from the origin to 1 belong to the binade below.
        value = struct.unpack("<d", struct.pack("<Q", bits))[0]
        return mpf(value)

    low, high = at(index << 45), at((index + 1) << 45)
    if low < 1 < high:
        return double(1), double(0), double(0)
    inverse = nearest(2 / (low + high), mpf(2) ** -9)
    return (double(inverse), *pair(-log(inverse), LOG_UNIT))


def erf_tables():
    print(ERF_HEAD, end="")
    points = [mpf(i) / 32 for i in range(193)]
    table("// erf of i/32, up to 6.", "csimd_erf_value", "csimd_pair", "index < 0 || index > 192 ? 192 : index",
          [pair(erf(c)) for c in points])
    table("// Its derivative there.", "csimd_erf_slope", "csimd_pair", "index < 0 || index > 192 ? 192 : index",
          [pair(2 / sqrt(pi) * exp(-c * c)) for c in points])


def real_tables():
    print(HEAD, end="")
    table("// 2 to the power of i/64; the leading part has 26 bits.", "csimd_exp2_coarse", "csimd_pair",
          "index & 63", [power(i, 64) for i in range(64)])
    table("// 2 to the power of j/4096; the leading part has 26 bits.", "csimd_exp2_fine", "csimd_pair",
          "index & 63", [power(j, 4096) for j in range(64)])
    table("// For each interval of mantissas: about 1 over its middle, a multiple of 2^-9, and minus its logarithm.",
          "csimd_log_coarse", "csimd_log_step", "index & 127", [step(i) for i in range(128)])
    fine = [pair(-log(1 - mpf(j) / 8192), LOG_UNIT) for j in range(-64, 64)]
    table("// Minus the logarithm of 1 - j/8192, for j from -64 to 63.", "csimd_log_fine", "csimd_pair",
          "(index + 64) & 127", fine)
    ln2 = log(mpf(2))
    print("\n// log(2)/4096: 30 bits, and the rest.")
    high, low = pair(ln2 / 4096, mpf(2) ** -42)
    print(f"#define CSIMD_EXP_STEP_HIGH {high}\n#define CSIMD_EXP_STEP_LOW {low}")
    print(f"#define CSIMD_EXP_STEPS {double(4096 / ln2)}")
    high, low = pair(ln2, LOG_UNIT)
    print("\n// log(2), its leading part a multiple of 2^-42.")
    print(f"#define CSIMD_LN2_HIGH {high}\n#define CSIMD_LN2_LOW {low}")
    print("\n// log(2) to the nearest double.")
    print(f"#define CSIMD_LN2 {double(ln2)}")
    high, low = pair(1 / ln2)
    print("\n// 1/log(2).")
    print(f"#define CSIMD_LOG2E_HIGH {high}\n#define CSIMD_LOG2E_LOW {low}")


{"real": real_tables, "erf": erf_tables}[sys.argv[1]]()
