/*
 * The inner loop of matrix products, one function per height of a tile. They have a file of their
 * own and are called through pointers, so that no compiler inlines them: V8's TurboFan unrolls
 * loops that are nested deeply, then runs out of registers, and a tile takes half as long again.
 */
#include "kernel/simd128.h"

#ifdef MS_SIMD128

void ms_interleave_4_simd128(const float *const *x, size_t count, float *packed) {
  const float *a = x[0];
  const float *b = x[1];
  const float *c = x[2];
  const float *d = x[3];
  size_t i = 0;
  for (; i + MS_LANES <= count; i += MS_LANES, packed += 16) {
    v128_t block[4] = {wasm_v128_load(a + i), wasm_v128_load(b + i), wasm_v128_load(c + i),
                       wasm_v128_load(d + i)};
    ms_transpose_lanes(block);
    for (size_t k = 0; k < 4; k++) {
      wasm_v128_store(packed + k * 4, block[k]);
    }
  }
  for (; i < count; i++, packed += 4) {
    packed[0] = a[i];
    packed[1] = b[i];
    packed[2] = c[i];
    packed[3] = d[i];
  }
}

void ms_interleave_5_simd128(const float *const *x, size_t count, float *packed) {
  const float *a = x[0];
  const float *b = x[1];
  const float *c = x[2];
  const float *d = x[3];
  const float *e = x[4];
  size_t i = 0;
  for (; i + MS_LANES <= count; i += MS_LANES, packed += 20) {
    v128_t block[4] = {wasm_v128_load(a + i), wasm_v128_load(b + i), wasm_v128_load(c + i),
                       wasm_v128_load(d + i)};
    v128_t fifth = wasm_v128_load(e + i);
    ms_transpose_lanes(block);
    for (size_t k = 0; k < 4; k++) {
      wasm_v128_store(packed + k * 5, block[k]);
    }
    wasm_v128_store32_lane(packed + 4, fifth, 0);
    wasm_v128_store32_lane(packed + 9, fifth, 1);
    wasm_v128_store32_lane(packed + 14, fifth, 2);
    wasm_v128_store32_lane(packed + 19, fifth, 3);
  }
  for (; i < count; i++, packed += 5) {
    packed[0] = a[i];
    packed[1] = b[i];
    packed[2] = c[i];
    packed[3] = d[i];
    packed[4] = e[i];
  }
}

/* With height 5, 10 sums and 4 more vectors are live, of the 15 that V8 has registers for. */
MS_INLINE void run_tile(size_t height, const float *x, size_t length, const float *w,
                        const float *start, size_t start_stride, float *y, size_t y_stride,
                        const ms_limits *clamp) {
  v128_t sums[MS_TALLEST_TILE][2];
  for (size_t i = 0; i < height; i++) {
    sums[i][0] = wasm_v128_load(start + i * start_stride);
    sums[i][1] = wasm_v128_load(start + i * start_stride + MS_LANES);
  }
  for (const float *end = x + length * height; x != end; x += height) {
    v128_t first = wasm_v128_load(w);
    v128_t second = wasm_v128_load(w + MS_LANES);
    for (size_t i = 0; i < height; i++) {
      v128_t value = wasm_v128_load32_splat(x + i);
      sums[i][0] = ms_add_product(sums[i][0], value, first);
      sums[i][1] = ms_add_product(sums[i][1], value, second);
    }
    w += MS_PANEL;
  }
  v128_t low = clamp->low;
  v128_t high = clamp->high;
  for (size_t i = 0; i < height; i++) {
    wasm_v128_store(y + i * y_stride, ms_clamp_lanes(sums[i][0], low, high));
    wasm_v128_store(y + i * y_stride + MS_LANES, ms_clamp_lanes(sums[i][1], low, high));
  }
}

static void run_tile_1(const float *x, size_t length, const float *w, const float *start,
                       size_t start_stride, float *y, size_t y_stride, const ms_limits *clamp) {
  run_tile(1, x, length, w, start, start_stride, y, y_stride, clamp);
}

static void run_tile_4(const float *x, size_t length, const float *w, const float *start,
                       size_t start_stride, float *y, size_t y_stride, const ms_limits *clamp) {
  run_tile(4, x, length, w, start, start_stride, y, y_stride, clamp);
}

static void run_tile_5(const float *x, size_t length, const float *w, const float *start,
                       size_t start_stride, float *y, size_t y_stride, const ms_limits *clamp) {
  run_tile(5, x, length, w, start, start_stride, y, y_stride, clamp);
}

const ms_tile ms_tiles_simd128[MS_TALLEST_TILE + 1] = {NULL, run_tile_1, NULL,
                                                       NULL, run_tile_4, run_tile_5};

#endif
