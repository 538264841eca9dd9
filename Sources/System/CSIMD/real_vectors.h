// The kernels of real.h for vectors of LANES doubles, included once for each instruction set, which defines
// LANES, NAME and the few operations that need instructions of their own. Line for line what Core/Numerics
// does; every operation is an IEEE 754 one, and none is fused.
#pragma STDC FP_CONTRACT OFF

typedef double vd __attribute__((vector_size(LANES * 8)));
typedef int64_t vl __attribute__((vector_size(LANES * 8)));
typedef uint64_t vu __attribute__((vector_size(LANES * 8)));
typedef float vf __attribute__((vector_size(LANES * 4)));

typedef struct {
    vd high, low;
} pair;

#define KERNEL static inline __attribute__((always_inline))

KERNEL vd all(double x) { return x - (vd){}; }
KERNEL vd where(vl mask, vd a, vd b) { return (vd)(((vl)a & mask) | ((vl)b & ~mask)); }
KERNEL vd magnitude(vd x) { return (vd)((vl)x & INT64_MAX); }

KERNEL pair two_sum(vd a, vd b) {
    vd s = a + b;
    vd b_of_s = s - a;
    return (pair){s, (a - (s - b_of_s)) + (b - b_of_s)};
}

KERNEL pair ordered(vd a, vd b) {
    vd s = a + b;
    return (pair){s, b - (s - a)};
}

KERNEL pair halves(vd a) {
    vd spread = a * 0x1.0000002p27;
    vd high = spread - (spread - a);
    return (pair){high, a - high};
}

KERNEL pair product(vd a, vd b) {
    pair x = halves(a), y = halves(b);
    vd p = a * b;
    return (pair){p, ((x.high * y.high - p) + x.high * y.low + x.low * y.high) + x.low * y.low};
}

KERNEL vd quotient(pair a, pair b) {
    vd q = a.high / b.high;
    pair p = product(q, b.high);
    vd rest = ((a.high - p.high) - p.low) + (a.low - q * b.low);
    return q + rest / b.high;
}

KERNEL vd power(vl n) { return (vd)((n + 1023) << 52); }

#define ROUNDER 0x1.8p52

// Rows of a table, which are doubles all through: `column` counts those of a row.
#define COLUMN(rows, index, column) GATHER(&rows[0].high + column, (index) * 2)

typedef struct {
    vl scale;
    vd high, low, rest_high, rest_low;
} exponential;

KERNEL exponential exponential_of(vd x) {
    exponential e;
    vd rounded = x * CSIMD_EXP_STEPS + ROUNDER;
    vd steps = rounded - ROUNDER;
    vd near = x - steps * CSIMD_EXP_STEP_HIGH;
    pair rest = two_sum(near, -(steps * CSIMD_EXP_STEP_LOW));
    vd r = rest.high;
    vl k = (vl)((vl)rounded << 13) >> 13;
    vl coarse = k >> 6 & 63, fine = k & 63;
    vd coarse_high = COLUMN(csimd_exp2_coarse_rows, coarse, 0);
    vd coarse_low = COLUMN(csimd_exp2_coarse_rows, coarse, 1);
    vd fine_high = COLUMN(csimd_exp2_fine_rows, fine, 0);
    vd fine_low = COLUMN(csimd_exp2_fine_rows, fine, 1);
    e.scale = k >> 12;
    e.high = coarse_high * fine_high;
    e.low = coarse_high * fine_low + coarse_low * fine_high + coarse_low * fine_low;
    vd fourth = 0x1.5555555555555p-5 + r * 0x1.1111111111111p-7;
    vd series = r * r * (0.5 + r * (0x1.5555555555555p-3 + r * fourth));
    pair sum = ordered(r, series + rest.low);
    e.rest_high = sum.high;
    e.rest_low = sum.low;
    return e;
}

KERNEL vd addend(exponential e) { return e.low + (e.high + e.low) * e.rest_high; }

KERNEL pair exponential_pair(exponential e) {
    vd unit = power(e.scale);
    pair sum = ordered(e.high, addend(e));
    return (pair){sum.high * unit, sum.low * unit};
}

KERNEL pair less_one(exponential e) {
    vd unit = power(e.scale);
    pair whole = two_sum(e.high * unit, all(-1));
    vd whole_low = e.low * unit + whole.low;
    pair sum = two_sum(whole.high, e.rest_high);
    vd low = sum.low + (whole_low + (e.rest_low + (whole.high + whole_low) * e.rest_high));
    return ordered(sum.high, low);
}

// Each function sets `plain` to all ones in the lanes that it is right for.

KERNEL vd exp_of(vd x, vl *plain) {
    *plain = magnitude(x) < 707;
    exponential e = exponential_of(x);
    return (e.high + addend(e)) * power(e.scale);
}

KERNEL vd sigmoid_of(vd x, vl *plain) {
    *plain = magnitude(x) < 64;
    pair up = exponential_pair(exponential_of(-magnitude(x)));
    pair one = ordered(all(1), up.high);
    vl below = x < 0;
    return quotient((pair){where(below, up.high, all(1)), where(below, up.low, all(0))},
                    (pair){one.high, one.low + up.low});
}

KERNEL vd tanh_of(vd x, vl *plain) {
    vd size = magnitude(x);
    *plain = (size < 22) & (size >= 0x1p-28);
    pair above = less_one(exponential_of(2 * size));
    vl large = above.high > 2;
    pair sum = ordered(where(large, above.high, all(2)), where(large, all(2), above.high));
    vd result = quotient(above, (pair){sum.high, sum.low + above.low});
    return (vd)((vl)result | ((vl)x & INT64_MIN));
}

KERNEL vd log_of(vd x, vl *plain) {
    *plain = (x >= 0x1p-1022) & (x <= 0x1.fffffffffffffp1023);
    vu above = (vu)x - 0x3FE6900000000000;
    vl scale = (vl)above >> 52;
    vd z = (vd)((vu)x - (above & 0xFFF0000000000000));
    vl row = (vl)(above >> 45 & 127) * 3;
    const double *rows = &csimd_log_coarse_rows[0].inverse;
    vd inverse = GATHER(rows, row), coarse_high = GATHER(rows + 1, row), coarse_low = GATHER(rows + 2, row);
    vd rounded = (z * inverse - 1) * 8192 + ROUNDER;
    vd steps = rounded - ROUNDER;
    vl fine = (((vl)((vl)rounded << 13) >> 13) + 64) & 127;
    vd factor = inverse * (1 - steps * 0x1p-13);
    vd z_high = (vd)((vu)z & 0xFFFFFFFFFF000000);
    pair rest = two_sum(z_high * factor - 1, (z - z_high) * factor);
    vd exponent = __builtin_convertvector(scale, vd);
    vd whole = coarse_high + COLUMN(csimd_log_fine_rows, fine, 0);
    vd whole_low = coarse_low + COLUMN(csimd_log_fine_rows, fine, 1);
    whole = exponent * CSIMD_LN2_HIGH + whole;
    whole_low = exponent * CSIMD_LN2_LOW + whole_low;
    vd r = rest.high;
    vd series = r * r * (-0.5 + r * (0x1.5555555555555p-2 + r * (-0.25 + r * 0x1.999999999999ap-3)));
    pair sum = ordered(whole, r);
    return sum.high + (sum.low + (rest.low + (series + whole_low)));
}

#define FOR_ARRAYS(FUNCTION)                                                                               \
    static size_t FUNCTION##_doubles(double *values, size_t count) {                                       \
        size_t i = 0;                                                                                      \
        for (; i + LANES <= count; i += LANES) {                                                           \
            vd x;                                                                                          \
            vl plain;                                                                                      \
            memcpy(&x, values + i, sizeof x);                                                              \
            x = FUNCTION##_of(x, &plain);                                                                  \
            if (!ALL(plain)) break;                                                                        \
            memcpy(values + i, &x, sizeof x);                                                              \
        }                                                                                                  \
        return i;                                                                                          \
    }                                                                                                      \
    static size_t FUNCTION##_floats(float *values, size_t count) {                                         \
        size_t i = 0;                                                                                      \
        for (; i + LANES <= count; i += LANES) {                                                           \
            vf x;                                                                                          \
            vl plain;                                                                                      \
            memcpy(&x, values + i, sizeof x);                                                              \
            x = __builtin_convertvector(FUNCTION##_of(__builtin_convertvector(x, vd), &plain), vf);        \
            if (!ALL(plain)) break;                                                                        \
            memcpy(values + i, &x, sizeof x);                                                              \
        }                                                                                                  \
        return i;                                                                                          \
    }
FOR_ARRAYS(exp)
FOR_ARRAYS(log)
FOR_ARRAYS(sigmoid)
FOR_ARRAYS(tanh)

const csimd_real_kernels *NAME(void) {
    static const csimd_real_kernels kernels = {
        {exp_doubles, log_doubles, sigmoid_doubles, tanh_doubles},
        {exp_floats, log_floats, sigmoid_floats, tanh_floats},
    };
    return &kernels;
}
