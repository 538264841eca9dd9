// The kernels of dense.h for vectors of LANES Floats, included once for each instruction set. A tile is some
// rows times some panels, whose sums stay in registers.
#define VECTORS (CSIMD_DENSE_PANEL / LANES)
#define KERNEL static inline __attribute__((always_inline))

typedef float vf __attribute__((vector_size(LANES * 4)));
typedef int32_t vi __attribute__((vector_size(LANES * 4)));

KERNEL vf load(const float *from) {
    vf value;
    memcpy(&value, from, sizeof value);
    return value;
}

KERNEL vf rectify(vf x) { return (vf)((vi)x & ~(vi)(x < 0)); }

// Sums of `height` rows and `breadth` panels, both known when this is compiled.
KERNEL void tile(size_t height, size_t breadth, const float *rows, size_t depth, const float *panels,
                 size_t width, size_t column, const float *bias, bool rectified, float *out) {
    vf sums[8][4 * VECTORS];
    for (size_t r = 0; r < height; r++)
        for (size_t v = 0; v < breadth * VECTORS; v++) sums[r][v] = (vf){};
    const float *panel = panels + column * depth;
    for (size_t k = 0; k < depth; k++) {
        vf weights[4 * VECTORS];
        for (size_t v = 0; v < breadth * VECTORS; v++)
            weights[v] = load(panel + (v / VECTORS * depth + k) * CSIMD_DENSE_PANEL + v % VECTORS * LANES);
        for (size_t r = 0; r < height; r++) {
            vf value = rows[r * depth + k] - (vf){};
            for (size_t v = 0; v < breadth * VECTORS; v++)
                sums[r][v] = FUSED(value, weights[v], sums[r][v]);
        }
    }
    for (size_t r = 0; r < height; r++) {
        for (size_t v = 0; v < breadth * VECTORS; v++) {
            size_t at = column + v * LANES;
            if (at >= width) break;
            vf result = sums[r][v] + load(bias + at);
            if (rectified) result = rectify(result);
            size_t left = width - at;
            memcpy(out + r * width + at, &result, left < LANES ? left * 4 : sizeof result);
        }
    }
}

#define ROWS(height, breadth)                                                                              \
    case height:                                                                                           \
        tile(height, breadth, rows, depth, panels, width, column, bias, rectified, out);                   \
        break;

// All rows times so many panels. The panels stay in the cache while the rows go by.
#define STRIPE(NAME, BREADTH, MOST, CASES)                                                                 \
    static void NAME(const float *rows, size_t count, size_t depth, const float *panels, size_t width,    \
                     size_t column, const float *bias, bool rectified, float *out) {                      \
        while (count > 0) {                                                                                \
            size_t height = count < MOST ? count : MOST;                                                   \
            switch (height) { CASES }                                                                      \
            rows += height * depth;                                                                        \
            out += height * width;                                                                         \
            count -= height;                                                                               \
        }                                                                                                  \
    }
