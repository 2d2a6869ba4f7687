/*
 * The inner loop of products in integers, and the levels that it multiplies. One instruction,
 * i32x4.dot_i16x8, multiplies four pairs of levels and adds within each pair: twice what a
 * multiplication and an addition of floats do. As in simd128_tile.c, functions are called through
 * pointers, so that V8 keeps the sums in registers.
 */
#include "kernel/simd128_tile.h"

#ifdef MS_SIMD128

#include <string.h>

#include "kernel/elementary.h"

/* How a row becomes levels. */
static ms_row_scale measure_row(const float *x, size_t count, float limit) {
  v128_t sign = wasm_i32x4_splat(INT32_MIN);
  v128_t largest[2] = {wasm_i32x4_splat(0), wasm_i32x4_splat(0)};
  size_t k = 0;
  for (; k + 2 * MS_LANES <= count; k += 2 * MS_LANES) {
    v128_t low = wasm_v128_andnot(wasm_v128_load(x + k), sign);
    v128_t high = wasm_v128_andnot(wasm_v128_load(x + k + MS_LANES), sign);
    largest[0] = wasm_i32x4_max(largest[0], low);
    largest[1] = wasm_i32x4_max(largest[1], high);
  }
  for (; k < count; k += MS_LANES) {
    v128_t last = wasm_v128_andnot(ms_load_lanes(x + k, count - k), sign);
    largest[0] = wasm_i32x4_max(largest[0], last);
  }
  v128_t all = wasm_i32x4_max(largest[0], largest[1]);
  all = wasm_i32x4_max(all, wasm_i32x4_shuffle(all, all, 2, 3, 0, 1));
  all = wasm_i32x4_max(all, wasm_i32x4_shuffle(all, all, 1, 0, 3, 2));
  return ms_scale_row(wasm_f32x4_extract_lane(all, 0), limit);
}

/* Four floats as levels of 32 bits: ms_level but for numbers that are none, whose row is NaN. */
MS_INLINE v128_t round_lanes(const float *x, v128_t factor) {
  v128_t rounded = ms_add_product(ms_splat(MS_ROUND), wasm_v128_load(x), factor);
  return wasm_i32x4_sub(rounded, wasm_i32x4_splat(MS_ROUND_BITS));
}

/* Eight floats as four pairs of levels. */
MS_INLINE v128_t make_pairs(const float *x, v128_t factor) {
  return wasm_i16x8_narrow_i32x4(round_lanes(x, factor), round_lanes(x + MS_LANES, factor));
}

void ms_make_levels_simd128(const float *x, size_t count, float limit, float *row) {
  enum { EIGHT = 2 * MS_LANES };
  ms_row_scale scale = measure_row(x, count, limit);
  v128_t factor = ms_splat(scale.factor);
  *row++ = scale.scale;
  size_t k = 0;
  for (; k + EIGHT <= count; k += EIGHT, row += MS_LANES) {
    wasm_v128_store(row, make_pairs(x + k, factor));
  }
  if (k < count) {
    float line[EIGHT] = {0};
    float pairs[MS_LANES];
    memcpy(line, x + k, (count - k) * sizeof *line);
    wasm_v128_store(pairs, make_pairs(line, factor));
    memcpy(row, pairs, (count - k + 1) / 2 * sizeof *row);
  }
}

/* Sums of levels as floats: times the row's scale and the columns', plus their shifts; clamped. */
MS_INLINE void finish_row(const v128_t sums[2], v128_t scale, const float *panel,
                          const ms_limits *clamp, float *y) {
  for (size_t k = 0; k < 2; k++) {
    v128_t value = wasm_f32x4_mul(wasm_f32x4_convert_i32x4(sums[k]), scale);
    value = ms_add_product(wasm_v128_load(panel + k * MS_LANES), value,
                           wasm_v128_load(panel + MS_PANEL + k * MS_LANES));
    wasm_v128_store(y + k * MS_LANES, ms_clamp_lanes(value, clamp->low, clamp->high));
  }
}

MS_INLINE void clear_sums(size_t height, v128_t sums[][2]) {
  for (size_t i = 0; i < height; i++) {
    sums[i][0] = wasm_i32x4_splat(0);
    sums[i][1] = wasm_i32x4_splat(0);
  }
}

/* Adds each row's first pair times weights w[MS_PANEL], pairs as well. */
MS_INLINE void add_step(size_t height, const float *const *rows, const float *w, v128_t sums[][2]) {
  v128_t first = wasm_v128_load(w);
  v128_t second = wasm_v128_load(w + MS_LANES);
  for (size_t i = 0; i < height; i++) {
    v128_t pair = wasm_v128_load32_splat(rows[i]);
    sums[i][0] = wasm_i32x4_add(sums[i][0], wasm_i32x4_dot_i16x8(pair, first));
    sums[i][1] = wasm_i32x4_add(sums[i][1], wasm_i32x4_dot_i16x8(pair, second));
  }
}

/*
 * One loop for tiles and their depth, as in simd128_tile.c; here two steps at once are slower than
 * one. A row's scale is in front of its pairs.
 */
MS_INLINE void run_tiles(size_t height, const float *x, size_t x_stride, size_t length,
                         const float *panel, float *y, size_t y_stride, const ms_limits *clamp,
                         size_t count) {
  v128_t sums[MS_TALLEST_TILE][2];
  const float *rows[MS_TALLEST_TILE];
  const float *end = panel + MS_PANEL * (2 + length);
  const float *w = panel + 2 * MS_PANEL;
  ms_point_at_rows(height, x + 1, x_stride, rows);
  clear_sums(height, sums);
  for (;;) {
    if (w != end) {
      add_step(height, rows, w, sums);
      w += MS_PANEL;
      ms_move_rows(height, rows, 1);
      continue;
    }
    for (size_t i = 0; i < height; i++) {
      finish_row(sums[i], wasm_v128_load32_splat(x + i * x_stride), panel, clamp, y + i * y_stride);
    }
    if (--count == 0) {
      return;
    }
    x += height * x_stride;
    y += height * y_stride;
    w = panel + 2 * MS_PANEL;
    ms_point_at_rows(height, x + 1, x_stride, rows);
    clear_sums(height, sums);
  }
}

MS_MAKE_TILES(ms_tiles_s16_simd128);

#endif
