/*
 * The fast table: WebAssembly's SIMD128, run natively through SIMDe. Four lanes do the operations
 * of scalar.c in its order, so both tables give the same bits. Here are the table, sums, rows of
 * values, layouts; products, windows and element-wise functions have their own files.
 */
#include "kernel/simd128.h"

#ifdef MS_SIMD128

#include <math.h>
#include <stdbool.h>
#include <string.h>

#include "kernel/elementary.h"

/* Sums run in VECTORS × 4 interleaved parts, as in scalar.c. */
enum { VECTORS = 4, PARTS = VECTORS * MS_LANES };

MS_NOINLINE v128_t ms_load_part(const float *x, size_t count) {
  if (count == 0) {
    return ms_splat(0.0f);
  }
  if (count == 1) {
    return wasm_v128_load32_zero(x);
  }
  v128_t pair = wasm_v128_load64_zero(x);
  return count == 2 ? pair : wasm_v128_load32_lane(x + 2, pair, 2);
}

MS_NOINLINE void ms_store_part(float *y, v128_t value, size_t count) {
  if (count >= 2) {
    wasm_v128_store64_lane(y, value, 0);
  }
  if (count % 2 > 0) {
    y[count - 1] =
        count > 2 ? wasm_f32x4_extract_lane(value, 2) : wasm_f32x4_extract_lane(value, 0);
  }
}

/*
 * Sums go through whole blocks of PARTS where they lie, then through a last one in a buffer: what
 * is left of x, followed by zeros.
 */
MS_INLINE void load_tail(const float *x, size_t count, float tail[PARTS]) {
  memset(tail, 0, PARTS * sizeof *tail);
  memcpy(tail, x + count / PARTS * PARTS, count % PARTS * sizeof *tail);
}

MS_INLINE float join_parts(v128_t a, v128_t b, v128_t c, v128_t d) {
  v128_t sum = wasm_f32x4_add(wasm_f32x4_add(a, b), wasm_f32x4_add(c, d));
  return (wasm_f32x4_extract_lane(sum, 0) + wasm_f32x4_extract_lane(sum, 2)) +
         (wasm_f32x4_extract_lane(sum, 1) + wasm_f32x4_extract_lane(sum, 3));
}

static float dot_simd128(const float *a, const float *b, size_t count) {
  v128_t parts[VECTORS] = {ms_splat(0), ms_splat(0), ms_splat(0), ms_splat(0)};
  float a_tail[PARTS];
  float b_tail[PARTS];
  load_tail(a, count, a_tail);
  load_tail(b, count, b_tail);
  const float *end = a + count / PARTS * PARTS;
  for (;;) {
    for (; a != end; a += PARTS, b += PARTS) {
      for (size_t k = 0; k < VECTORS; k++) {
        parts[k] = ms_add_product(parts[k], wasm_v128_load(a + k * MS_LANES),
                                  wasm_v128_load(b + k * MS_LANES));
      }
    }
    if (end == a_tail + PARTS) {
      return join_parts(parts[0], parts[1], parts[2], parts[3]);
    }
    a = a_tail;
    b = b_tail;
    end = a + PARTS;
  }
}

MS_NOINLINE static float sum_simd128(const float *x, size_t count) {
  v128_t parts[VECTORS] = {ms_splat(0), ms_splat(0), ms_splat(0), ms_splat(0)};
  float tail[PARTS];
  load_tail(x, count, tail);
  const float *end = x + count / PARTS * PARTS;
  for (;;) {
    for (; x != end; x += PARTS) {
      for (size_t k = 0; k < VECTORS; k++) {
        parts[k] = wasm_f32x4_add(parts[k], wasm_v128_load(x + k * MS_LANES));
      }
    }
    if (end == tail + PARTS) {
      return join_parts(parts[0], parts[1], parts[2], parts[3]);
    }
    x = tail;
    end = x + PARTS;
  }
}

/* Here the buffer holds differences already: what follows them must stay 0 whatever the shift. */
MS_NOINLINE static float sum_squares_simd128(const float *x, float shift, size_t count) {
  v128_t parts[VECTORS] = {ms_splat(0), ms_splat(0), ms_splat(0), ms_splat(0)};
  float tail[PARTS] = {0.0f};
  for (size_t i = 0; i < count % PARTS; i++) {
    tail[i] = x[count / PARTS * PARTS + i] - shift;
  }
  const float *end = x + count / PARTS * PARTS;
  for (;;) {
    v128_t shifts = ms_splat(shift);
    for (; x != end; x += PARTS) {
      for (size_t k = 0; k < VECTORS; k++) {
        v128_t difference = wasm_f32x4_sub(wasm_v128_load(x + k * MS_LANES), shifts);
        parts[k] = ms_add_product(parts[k], difference, difference);
      }
    }
    if (end == tail + PARTS) {
      return join_parts(parts[0], parts[1], parts[2], parts[3]);
    }
    x = tail;
    end = x + PARTS;
    shift = 0.0f;
  }
}

static void axpy_simd128(float *y, float factor, const float *x, size_t count) {
  v128_t factors = ms_splat(factor);
  size_t i = 0;
  for (; i + MS_LANES <= count; i += MS_LANES) {
    wasm_v128_store(y + i, ms_add_product(wasm_v128_load(y + i), factors, wasm_v128_load(x + i)));
  }
  for (; i < count; i++) {
    y[i] += factor * x[i];
  }
}

MS_NOINLINE static float maximum_simd128(const float *x, size_t count) {
  v128_t parts[VECTORS];
  for (size_t k = 0; k < VECTORS; k++) {
    parts[k] = ms_splat(-INFINITY);
  }
  size_t whole = count / PARTS * PARTS;
  for (size_t i = 0; i < whole; i += PARTS) {
    for (size_t k = 0; k < VECTORS; k++) {
      parts[k] = wasm_f32x4_pmax(parts[k], wasm_v128_load(x + i + k * MS_LANES));
    }
  }
  v128_t lanes =
      wasm_f32x4_pmax(wasm_f32x4_pmax(parts[0], parts[1]), wasm_f32x4_pmax(parts[2], parts[3]));
  float values[MS_LANES];
  wasm_v128_store(values, lanes);
  float largest = -INFINITY;
  for (size_t i = 0; i < MS_LANES; i++) {
    largest = largest < values[i] ? values[i] : largest;
  }
  for (size_t i = whole; i < count; i++) {
    largest = largest < x[i] ? x[i] : largest;
  }
  return largest;
}

static void softmax_simd128(float *y, const float *x, size_t count) {
  v128_t largest = ms_splat(maximum_simd128(x, count));
  size_t i = 0;
  for (; i + MS_LANES <= count; i += MS_LANES) {
    wasm_v128_store(y + i, wasm_f32x4_sub(wasm_v128_load(x + i), largest));
  }
  ms_store_part(y + i, wasm_f32x4_sub(ms_load_part(x + i, count - i), largest), count - i);
  ms_unary_simd128(MS_UNARY_EXP, y, y, count, 0.0f, 0.0f);
  float factor = 1.0f / sum_simd128(y, count);
  ms_binary_simd128(MS_BINARY_MULTIPLY, y, y, 1, &factor, 0, count);
}

static void layer_norm_simd128(float *y, const float *x, const float *gain, const float *offset,
                               float epsilon, size_t count) {
  float mean = sum_simd128(x, count) / (float)count;
  float variance = sum_squares_simd128(x, mean, count) / (float)count;
  float factor = 1.0f / sqrtf(variance + epsilon);
  v128_t means = ms_splat(mean);
  v128_t factors = ms_splat(factor);
  size_t i = 0;
  for (; i + MS_LANES <= count; i += MS_LANES) {
    v128_t value = wasm_f32x4_mul(wasm_f32x4_sub(wasm_v128_load(x + i), means), factors);
    value = ms_add_product(wasm_v128_load(offset + i), value, wasm_v128_load(gain + i));
    wasm_v128_store(y + i, value);
  }
  for (; i < count; i++) {
    y[i] = (x[i] - mean) * factor * gain[i] + offset[i];
  }
}

static void transpose_simd128(const float *x, size_t rows, size_t columns, float *y) {
  size_t whole_rows = rows / MS_LANES * MS_LANES;
  size_t whole_columns = columns / MS_LANES * MS_LANES;
  for (size_t c = 0; c < whole_columns; c += MS_LANES) {
    const float *from = x + c;
    for (size_t r = 0; r < whole_rows; r += MS_LANES) {
      v128_t block[4];
      for (size_t k = 0; k < 4; k++, from += columns) {
        block[k] = wasm_v128_load(from);
      }
      ms_transpose_lanes(block);
      float *to = y + c * rows + r;
      for (size_t k = 0; k < 4; k++, to += rows) {
        wasm_v128_store(to, block[k]);
      }
    }
  }
  for (size_t c = 0; c < columns; c++) {
    for (size_t r = c < whole_columns ? whole_rows : 0; r < rows; r++) {
      y[c * rows + r] = x[r * columns + c];
    }
  }
}

/* Four halves, one in each 32-bit lane, to the bits of floats; as ms_widen_half. */
MS_INLINE v128_t widen_lanes(v128_t half) {
  v128_t sign = wasm_i32x4_shl(wasm_v128_and(half, wasm_i32x4_splat(0x8000)), 16);
  v128_t bits = wasm_i32x4_shl(wasm_v128_and(half, wasm_i32x4_splat(0x7fff)), 13);
  v128_t small =
      wasm_f32x4_sub(wasm_i32x4_add(bits, wasm_i32x4_splat(113 << 23)), ms_splat(0x1p-14f));
  v128_t endless = wasm_i32x4_gt(bits, wasm_i32x4_splat((0x7c00 << 13) - 1));
  v128_t bias = wasm_i32x4_splat(112 << 23);
  v128_t large = wasm_i32x4_add(wasm_i32x4_add(bits, bias), wasm_v128_and(endless, bias));
  v128_t subnormal = wasm_i32x4_lt(bits, wasm_i32x4_splat(0x400 << 13));
  return wasm_v128_or(sign, wasm_v128_bitselect(small, large, subnormal));
}

static void widen_half_simd128(const uint16_t *x, float *y, size_t count) {
  for (size_t i = 0; i < count; i += MS_LANES) {
    size_t left = count - i;
    uint16_t last[MS_LANES] = {0};
    const uint16_t *from = x + i;
    if (left < MS_LANES) {
      from = memcpy(last, from, left * sizeof *last);
    }
    ms_store_lanes(y + i, widen_lanes(wasm_u32x4_extend_low_u16x8(wasm_v128_load64_zero(from))),
                   left);
  }
}

/*
 * Levels below 2^23 as floats, as the last digits of such between 2^23 and 2^24: LLVM takes a
 * conversion of integers that were just made longer apart, number by number.
 */
MS_INLINE v128_t float_levels(v128_t levels) {
  return wasm_f32x4_sub(wasm_v128_or(levels, ms_splat(0x1p23f)), ms_splat(0x1p23f));
}

/* A pixel over white. */
MS_INLINE v128_t compose_pixel(const uint8_t *rgba) {
  v128_t levels = wasm_u16x8_extend_low_u8x16(wasm_v128_load32_zero(rgba));
  v128_t pixel = float_levels(wasm_u32x4_extend_low_u16x8(levels));
  if (rgba[3] != 255) {
    v128_t white = ms_splat(255.0f);
    v128_t opacity = ms_splat((float)rgba[3] / 255.0f);
    pixel = wasm_f32x4_sub(white, wasm_f32x4_mul(wasm_f32x4_sub(white, pixel), opacity));
  }
  return pixel;
}

/* Eight levels of 16 bits, of two pixels that hide what is behind them. */
MS_INLINE void store_pixels(float *y, v128_t levels) {
  wasm_v128_store(y, float_levels(wasm_u32x4_extend_low_u16x8(levels)));
  wasm_v128_store(y + MS_LANES, float_levels(wasm_u32x4_extend_high_u16x8(levels)));
}

static void compose_simd128(const uint8_t *rgba, float *y, size_t count) {
  v128_t opaque = wasm_i32x4_splat(-0x1000000); /* as unsigned: the least whose alpha is 255 */
  for (size_t i = 0; i < count;) {
    v128_t four = i + 4 <= count ? wasm_v128_load(rgba + i * 4) : wasm_i32x4_splat(0);
    if (wasm_i32x4_all_true(wasm_u32x4_ge(four, opaque))) {
      store_pixels(y + i * 4, wasm_u16x8_extend_low_u8x16(four));
      store_pixels(y + i * 4 + 2 * MS_LANES, wasm_u16x8_extend_high_u8x16(four));
      i += 4;
    } else {
      wasm_v128_store(y + i * 4, compose_pixel(rgba + i * 4));
      i++;
    }
  }
}

/*
 * Sums of the levels of a square of opaque pixels, which 16 bits hold; false where one lets
 * something through.
 */
MS_INLINE bool sum_square(const uint8_t *rgba, size_t stride, size_t factor, v128_t *sums) {
  v128_t pairs = wasm_i32x4_splat(0);
  v128_t common = wasm_i32x4_splat(-1);
  for (size_t r = 0; r < factor; r++, rgba += stride) {
    size_t k = 0;
    for (; k + 2 <= factor; k += 2) {
      v128_t two = wasm_v128_load64_splat(rgba + k * 4);
      common = wasm_v128_and(common, two);
      pairs = wasm_i16x8_add(pairs, wasm_u16x8_extend_low_u8x16(two));
    }
    if (k < factor) {
      common = wasm_v128_and(common, wasm_v128_load32_splat(rgba + k * 4));
      v128_t one = wasm_v128_load32_zero(rgba + k * 4);
      pairs = wasm_i16x8_add(pairs, wasm_u16x8_extend_low_u8x16(one));
    }
  }
  *sums = wasm_i32x4_add(wasm_u32x4_extend_low_u16x8(pairs), wasm_u32x4_extend_high_u16x8(pairs));
  return wasm_i32x4_all_true(wasm_u32x4_ge(common, wasm_i32x4_splat(-0x1000000)));
}

static void reduce_simd128(const uint8_t *rgba, size_t stride, size_t factor, uint8_t *y,
                           size_t count) {
  v128_t size = ms_splat((float)(factor * factor));
  for (size_t i = 0; i < count; i++, rgba += factor * 4, y += 4) {
    v128_t sums;
    if (sum_square(rgba, stride, factor, &sums)) {
      v128_t mean = wasm_f32x4_add(wasm_f32x4_div(float_levels(sums), size), ms_splat(0.5f));
      v128_t levels = wasm_i32x4_trunc_sat_f32x4(mean);
      levels = wasm_i16x8_narrow_i32x4(levels, levels);
      wasm_v128_store32_lane(y, wasm_u8x16_narrow_i16x8(levels, levels), 0);
    } else {
      ms_reduce_square(rgba, stride, factor, y);
    }
  }
}

static void resample_simd128(const float *pixels, const ms_span *spans, float *y, size_t count) {
  for (size_t i = 0; i < count; i++) {
    const float *pixel = pixels + spans[i].first * MS_LANES;
    v128_t sums = ms_splat(0.0f);
    for (size_t k = 0; k < spans[i].count; k++) {
      sums = ms_add_product(sums, wasm_v128_load32_splat(spans[i].weights + k),
                            wasm_v128_load(pixel + k * MS_LANES));
    }
    wasm_v128_store64_lane(y + i * 3, sums, 0);
    wasm_v128_store32_lane(y + i * 3 + 2, sums, 2);
  }
}

static const ms_kernels table = {
    .dot = dot_simd128,
    .axpy = axpy_simd128,
    .sum = sum_simd128,
    .sum_squares = sum_squares_simd128,
    .maximum = maximum_simd128,
    .unary = ms_unary_simd128,
    .binary = ms_binary_simd128,
    .softmax = softmax_simd128,
    .layer_norm = layer_norm_simd128,
    .gemm = ms_gemm_simd128,
    .gemm_indirect = ms_gemm_indirect_simd128,
    .gemm_s16 = ms_gemm_s16_simd128,
    .gemm_indirect_s16 = ms_gemm_indirect_s16_simd128,
    .depthwise = ms_depthwise_simd128,
    .depthwise_row = ms_depthwise_row_simd128,
    .pool_maximum = ms_pool_maximum_simd128,
    .pool_mean = ms_pool_mean_simd128,
    .mean_rows = ms_mean_rows_simd128,
    .transpose = transpose_simd128,
    .widen_half = widen_half_simd128,
    .compose = compose_simd128,
    .reduce = reduce_simd128,
    .resample = resample_simd128,
};

const ms_kernels *ms_kernels_simd128(void) {
  return &table;
}

#else

const ms_kernels *ms_kernels_simd128(void) {
  return NULL;
}

#endif
