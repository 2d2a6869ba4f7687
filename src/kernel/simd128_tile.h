/*
 * Tiles, which products in four lanes are made of: the functions that run one, and what those in
 * floats and in integers share.
 */
#ifndef MS_KERNEL_SIMD128_TILE_H
#define MS_KERNEL_SIMD128_TILE_H

#include "kernel/simd128.h"

#ifdef MS_SIMD128

/*
 * A tile of a product: x[height][length], its rows x_stride apart, times a panel, clamped, to
 * y[height][MS_PANEL]. The table is by height and has those of 1, 4 and 5.
 */
typedef void (*ms_tile)(const float *x, size_t x_stride, size_t length, const float *panel,
                        float *y, size_t y_stride, const ms_limits *clamp);
enum { MS_TALLEST_TILE = 5 };
extern const ms_tile ms_tiles_simd128[MS_TALLEST_TILE + 1];

/* The same of levels: rows are as ms_make_levels_simd128 leaves them, length counts pairs. */
extern const ms_tile ms_tiles_s16_simd128[MS_TALLEST_TILE + 1];

/*
 * Such a table, called name, and its functions: run_tile of the file that makes it, which takes the
 * height first, for each height as a constant.
 */
#define MS_MAKE_TILE(height)                                                                       \
  static void run_tile_##height(const float *x, size_t x_stride, size_t length,                    \
                                const float *panel, float *y, size_t y_stride,                     \
                                const ms_limits *clamp) {                                          \
    run_tile(height, x, x_stride, length, panel, y, y_stride, clamp);                              \
  }
#define MS_MAKE_TILES(name)                                                                        \
  MS_MAKE_TILE(1)                                                                                  \
  MS_MAKE_TILE(4)                                                                                  \
  MS_MAKE_TILE(5)                                                                                  \
  const ms_tile name[MS_TALLEST_TILE + 1] = {NULL, run_tile_1, NULL, NULL, run_tile_4, run_tile_5}

/* Sums of a tile's rows, each at first the panel's shifts. */
MS_INLINE void ms_start_sums(size_t height, const float *panel, v128_t sums[][2]) {
  for (size_t i = 0; i < height; i++) {
    sums[i][0] = wasm_v128_load(panel);
    sums[i][1] = wasm_v128_load(panel + MS_LANES);
  }
}

/* Adds rows of length floats times weights w[length][MS_PANEL]; gives the weights' end. */
MS_INLINE const float *ms_add_rows(size_t height, const float *const *rows, size_t length,
                                   const float *w, v128_t sums[][2]) {
  for (size_t k = 0; k < length; k++) {
    v128_t first = wasm_v128_load(w);
    v128_t second = wasm_v128_load(w + MS_LANES);
    for (size_t i = 0; i < height; i++) {
      v128_t value = wasm_v128_load32_splat(rows[i] + k);
      sums[i][0] = ms_add_product(sums[i][0], value, first);
      sums[i][1] = ms_add_product(sums[i][1], value, second);
    }
    w += MS_PANEL;
  }
  return w;
}

/* A row of count floats as levels: its scale, and its pairs, the last one filled with a zero. */
void ms_make_levels_simd128(const float *x, size_t count, float limit, float *row);

#endif
#endif
