/*
 * The inner loop of products in integers, and the levels that it multiplies. One instruction,
 * i32x4.dot_i16x8, multiplies four pairs of levels and adds within each pair: twice what a
 * multiplication and an addition of floats do. As in simd128_tile.c, functions are called through
 * pointers, so that V8 keeps the sums in registers.
 */
#include "kernel/simd128.h"

#ifdef MS_SIMD128

#include <string.h>

#include "kernel/elementary.h"

/* The factors by which rows become levels; their scales go to scales. */
MS_NOINLINE static void scale_rows(const float *const *x, size_t height, size_t count, float limit,
                                   float *factors, float *scales) {
  v128_t sign = wasm_i32x4_splat(INT32_MIN);
  for (size_t i = 0; i < height; i++) {
    const float *row = x[i];
    v128_t largest[2] = {wasm_i32x4_splat(0), wasm_i32x4_splat(0)};
    size_t k = 0;
    for (; k + 2 * MS_LANES <= count; k += 2 * MS_LANES) {
      v128_t low = wasm_v128_andnot(wasm_v128_load(row + k), sign);
      v128_t high = wasm_v128_andnot(wasm_v128_load(row + k + MS_LANES), sign);
      largest[0] = wasm_i32x4_max(largest[0], low);
      largest[1] = wasm_i32x4_max(largest[1], high);
    }
    for (; k < count; k += MS_LANES) {
      v128_t last = wasm_v128_andnot(ms_load_lanes(row + k, count - k), sign);
      largest[0] = wasm_i32x4_max(largest[0], last);
    }
    v128_t all = wasm_i32x4_max(largest[0], largest[1]);
    all = wasm_i32x4_max(all, wasm_i32x4_shuffle(all, all, 2, 3, 0, 1));
    all = wasm_i32x4_max(all, wasm_i32x4_shuffle(all, all, 1, 0, 3, 2));
    ms_row_scale scale = ms_scale_row(wasm_f32x4_extract_lane(all, 0), limit);
    factors[i] = scale.factor;
    scales[i] = scale.scale;
  }
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

/* The pairs of one row, height floats apart. */
MS_NOINLINE static void spread_pairs(const float *x, size_t count, float factor, size_t height,
                                     float *packed) {
  enum { EIGHT = 2 * MS_LANES };
  for (size_t k = 0; k < count; k += EIGHT) {
    float line[EIGHT] = {0};
    float pairs[MS_LANES];
    memcpy(line, x + k, (count - k < EIGHT ? count - k : EIGHT) * sizeof *line);
    wasm_v128_store(pairs, make_pairs(line, ms_splat(factor)));
    for (size_t i = 0; i < MS_LANES && k + 2 * i < count; i++, packed += height) {
      memcpy(packed, pairs + i, sizeof *packed);
    }
  }
}

/* The first floats of 4 or 5 rows, eight by eight; returns how many. */
MS_INLINE size_t interleave(size_t height, const float *const *x, size_t count,
                            const float *factors, float *packed) {
  size_t k = 0;
  for (; k + 2 * MS_LANES <= count; k += 2 * MS_LANES, packed += MS_LANES * height) {
    v128_t block[4];
    for (size_t i = 0; i < 4; i++) {
      block[i] = make_pairs(x[i] + k, wasm_v128_load32_splat(factors + i));
    }
    ms_transpose_lanes(block);
    for (size_t i = 0; i < 4; i++) {
      wasm_v128_store(packed + i * height, block[i]);
    }
    if (height == 5) {
      v128_t fifth = make_pairs(x[4] + k, wasm_v128_load32_splat(factors + 4));
      wasm_v128_store32_lane(packed + 4, fifth, 0);
      wasm_v128_store32_lane(packed + 9, fifth, 1);
      wasm_v128_store32_lane(packed + 14, fifth, 2);
      wasm_v128_store32_lane(packed + 19, fifth, 3);
    }
  }
  return k;
}

void ms_interleave_s16_simd128(const float *const *x, size_t height, size_t count, float limit,
                               float *packed) {
  float factors[MS_TALLEST_TILE];
  size_t done = 0;
  scale_rows(x, height, count, limit, factors, packed);
  packed += height;
  if (height == 5) {
    done = interleave(5, x, count, factors, packed);
  } else if (height == 4) {
    done = interleave(4, x, count, factors, packed);
  }
  for (size_t i = 0; i < height; i++) {
    spread_pairs(x[i] + done, count - done, factors[i], height, packed + done / 2 * height + i);
  }
}

/* With height 5, 10 sums and 4 more vectors are live, of the 15 that V8 has registers for. */
MS_INLINE void run_tile(size_t height, const float *x, size_t length, const float *w,
                        const float *start, float *y, size_t y_stride, const ms_limits *clamp) {
  v128_t sums[MS_TALLEST_TILE][2];
  const float *scales = x;
  for (size_t i = 0; i < height; i++) {
    sums[i][0] = wasm_i32x4_splat(0);
    sums[i][1] = wasm_i32x4_splat(0);
  }
  x += height;
  for (const float *end = x + length * height; x != end; x += height) {
    v128_t first = wasm_v128_load(w);
    v128_t second = wasm_v128_load(w + MS_LANES);
    for (size_t i = 0; i < height; i++) {
      v128_t pair = wasm_v128_load32_splat(x + i);
      sums[i][0] = wasm_i32x4_add(sums[i][0], wasm_i32x4_dot_i16x8(pair, first));
      sums[i][1] = wasm_i32x4_add(sums[i][1], wasm_i32x4_dot_i16x8(pair, second));
    }
    w += MS_PANEL;
  }
  v128_t low = clamp->low;
  v128_t high = clamp->high;
  for (size_t i = 0; i < height; i++, y += y_stride) {
    v128_t scale = wasm_v128_load32_splat(scales + i);
    for (size_t k = 0; k < 2; k++) {
      v128_t value = wasm_f32x4_mul(wasm_f32x4_convert_i32x4(sums[i][k]), scale);
      value = ms_add_product(wasm_v128_load(start + k * MS_LANES), value,
                             wasm_v128_load(start + MS_PANEL + k * MS_LANES));
      wasm_v128_store(y + k * MS_LANES, ms_clamp_lanes(value, low, high));
    }
  }
}

static void run_tile_1(const float *x, size_t length, const float *w, const float *start,
                       size_t start_stride, float *y, size_t y_stride, const ms_limits *clamp) {
  (void)start_stride;
  run_tile(1, x, length, w, start, y, y_stride, clamp);
}

static void run_tile_4(const float *x, size_t length, const float *w, const float *start,
                       size_t start_stride, float *y, size_t y_stride, const ms_limits *clamp) {
  (void)start_stride;
  run_tile(4, x, length, w, start, y, y_stride, clamp);
}

static void run_tile_5(const float *x, size_t length, const float *w, const float *start,
                       size_t start_stride, float *y, size_t y_stride, const ms_limits *clamp) {
  (void)start_stride;
  run_tile(5, x, length, w, start, y, y_stride, clamp);
}

const ms_tile ms_tiles_s16_simd128[MS_TALLEST_TILE + 1] = {NULL, run_tile_1, NULL,
                                                           NULL, run_tile_4, run_tile_5};

#endif
