/*
 * Tiles, which products in four lanes are made of: the functions that run one, and what those in
 * floats and in integers share.
 */
#ifndef MS_KERNEL_SIMD128_TILE_H
#define MS_KERNEL_SIMD128_TILE_H

#include "kernel/simd128.h"

#ifdef MS_SIMD128

/*
 * Tiles of a product that lie below each other, count of them, at least one: x[count
 * height][length], its rows x_stride apart, times a panel, clamped, to y[count height][MS_PANEL].
 * The table is by height and has those of 1 and 4.
 */
typedef void (*ms_tiles)(const float *x, size_t x_stride, size_t length, const float *panel,
                         float *y, size_t y_stride, const ms_limits *clamp, size_t count);
enum { MS_TALLEST_TILE = 4 };
extern const ms_tiles ms_tiles_simd128[MS_TALLEST_TILE + 1];

/* The same of levels: rows are as ms_make_levels_simd128 leaves them, length counts pairs. */
extern const ms_tiles ms_tiles_s16_simd128[MS_TALLEST_TILE + 1];

/*
 * Such a table, called name, and its functions: run_tiles of the file that makes it, which takes
 * the height first, for each height as a constant.
 */
#define MS_MAKE_TILES_OF(height)                                                                   \
  static void run_tiles_##height(const float *x, size_t x_stride, size_t length,                   \
                                 const float *panel, float *y, size_t y_stride,                    \
                                 const ms_limits *clamp, size_t count) {                           \
    run_tiles(height, x, x_stride, length, panel, y, y_stride, clamp, count);                      \
  }
#define MS_MAKE_TILES(name)                                                                        \
  MS_MAKE_TILES_OF(1)                                                                              \
  MS_MAKE_TILES_OF(4)                                                                              \
  const ms_tiles name[MS_TALLEST_TILE + 1] = {NULL, run_tiles_1, NULL, NULL, run_tiles_4}

/* Sums of a tile's rows, each at first the panel's shifts. */
MS_INLINE void ms_start_sums(size_t height, const float *panel, v128_t sums[][2]) {
  for (size_t i = 0; i < height; i++) {
    sums[i][0] = wasm_v128_load(panel);
    sums[i][1] = wasm_v128_load(panel + MS_LANES);
  }
}

/* The rows of a tile, x_stride apart. */
MS_INLINE void ms_point_at_rows(size_t height, const float *x, size_t x_stride,
                                const float **rows) {
  for (size_t i = 0; i < height; i++) {
    rows[i] = x + i * x_stride;
  }
}

MS_INLINE void ms_move_rows(size_t height, const float **rows, size_t steps) {
  for (size_t i = 0; i < height; i++) {
    rows[i] += steps;
  }
}

/* Adds each row's float k times weights w[MS_PANEL]. */
MS_INLINE void ms_add_step(size_t height, const float *const *rows, size_t k, const float *w,
                           v128_t sums[][2]) {
  v128_t first = wasm_v128_load(w);
  v128_t second = wasm_v128_load(w + MS_LANES);
  for (size_t i = 0; i < height; i++) {
    v128_t value = wasm_v128_load32_splat(rows[i] + k);
    sums[i][0] = ms_add_product(sums[i][0], value, first);
    sums[i][1] = ms_add_product(sums[i][1], value, second);
  }
}

/* A row of count floats as levels: its scale, and its pairs, the last one filled with a zero. */
void ms_make_levels_simd128(const float *x, size_t count, float limit, float *row);

#endif
#endif
