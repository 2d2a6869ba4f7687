/*
 * The inner loop of matrix products, one function per height of a tile, which multiplies all tiles
 * that lie below each other. Its form is what V8 makes the best of: tiles and their depth are one
 * loop, as TurboFan unrolls what is nested and then runs out of registers; two steps of depth share
 * addresses and the count, with an exit between them, as steps that follow each other without one
 * have all their loads first. The functions have a file of their own and are called through
 * pointers, so that no compiler inlines them into other loops.
 */
#include "kernel/simd128_tile.h"

#ifdef MS_SIMD128

MS_INLINE void run_tiles(size_t height, const float *x, size_t x_stride, size_t length,
                         const float *panel, float *y, size_t y_stride, const ms_limits *clamp,
                         size_t count) {
  v128_t sums[MS_TALLEST_TILE][2];
  const float *rows[MS_TALLEST_TILE];
  const float *w = panel + MS_PANEL;
  size_t left = length;
  ms_point_at_rows(height, x, x_stride, rows);
  ms_start_sums(height, panel, sums);
  for (;;) {
    if (left > 0) {
      ms_add_step(height, rows, 0, w, sums);
      if (left > 1) {
        ms_add_step(height, rows, 1, w + MS_PANEL, sums);
        w += 2 * MS_PANEL;
        left -= 2;
        ms_move_rows(height, rows, 2);
        continue;
      }
    }
    v128_t low = clamp->low;
    v128_t high = clamp->high;
    for (size_t i = 0; i < height; i++) {
      wasm_v128_store(y + i * y_stride, ms_clamp_lanes(sums[i][0], low, high));
      wasm_v128_store(y + i * y_stride + MS_LANES, ms_clamp_lanes(sums[i][1], low, high));
    }
    if (--count == 0) {
      return;
    }
    x += height * x_stride;
    y += height * y_stride;
    w = panel + MS_PANEL;
    left = length;
    ms_point_at_rows(height, x, x_stride, rows);
    ms_start_sums(height, panel, sums);
  }
}

MS_MAKE_TILES(ms_tiles_simd128);

#endif
