/*
 * The inner loop of matrix products, one function per height of a tile. They have a file of their
 * own and are called through pointers, so that no compiler inlines them: V8's TurboFan unrolls
 * loops that are nested deeply, then runs out of registers, and a tile takes half as long again.
 */
#include "kernel/simd128_tile.h"

#ifdef MS_SIMD128

/* With height 5, 10 sums and 4 more vectors are live, of the 15 that V8 has registers for. */
MS_INLINE void run_tile(size_t height, const float *x, size_t x_stride, size_t length,
                        const float *panel, float *y, size_t y_stride, const ms_limits *clamp) {
  v128_t sums[MS_TALLEST_TILE][2];
  const float *rows[MS_TALLEST_TILE];
  for (size_t i = 0; i < height; i++) {
    rows[i] = x + i * x_stride;
  }
  ms_start_sums(height, panel, sums);
  ms_add_rows(height, rows, length, panel + MS_PANEL, sums);
  v128_t low = clamp->low;
  v128_t high = clamp->high;
  for (size_t i = 0; i < height; i++) {
    wasm_v128_store(y + i * y_stride, ms_clamp_lanes(sums[i][0], low, high));
    wasm_v128_store(y + i * y_stride + MS_LANES, ms_clamp_lanes(sums[i][1], low, high));
  }
}

MS_MAKE_TILES(ms_tiles_simd128);

#endif
