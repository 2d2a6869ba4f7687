/*
 * The fast table: WebAssembly's SIMD128, run natively through SIMDe. Four lanes do the operations
 * of scalar.c in its order, so both tables give the same bits; what scalar.c does fast enough, or
 * too rarely to matter, is taken from there. No relaxed SIMD and no fused multiply-add.
 */
#include "kernel/kernels.h"

#if defined(__wasm_simd128__)
#include <wasm_simd128.h>
#define HAS_SIMD128 1
#elif defined(__has_include)
#if __has_include(<simde/wasm/simd128.h>)
#define SIMDE_ENABLE_NATIVE_ALIASES
#include <simde/wasm/simd128.h>
#define HAS_SIMD128 1
#endif
#endif

#ifdef HAS_SIMD128

#include <math.h>
#include <string.h>

#include "kernel/elementary.h"

/* Rows of x that stay in the second-level cache while all panels pass over them, in floats. */
enum { TILE_FLOATS = 24576, LANES = 4 };

static v128_t splat(float value) {
  return wasm_f32x4_splat(value);
}

static v128_t add_product(v128_t sum, v128_t a, v128_t b) {
  return wasm_f32x4_add(sum, wasm_f32x4_mul(a, b));
}

/* As ms_clamp: pmax and pmin keep a NaN in x, and are one instruction each where max is seven. */
static v128_t clamp(v128_t x, v128_t low, v128_t high) {
  return wasm_f32x4_pmin(wasm_f32x4_pmax(x, low), high);
}

/* ---- Sums: 16 interleaved parts, as scalar.c has them ---------------------------------------- */

static void add_tail(v128_t parts[4], const float tail[16]) {
  for (size_t i = 0; i < 4; i++) {
    parts[i] = wasm_f32x4_add(parts[i], wasm_v128_load(tail + i * LANES));
  }
}

static float join_parts(const v128_t parts[4]) {
  v128_t sum =
      wasm_f32x4_add(wasm_f32x4_add(parts[0], parts[1]), wasm_f32x4_add(parts[2], parts[3]));
  return (wasm_f32x4_extract_lane(sum, 0) + wasm_f32x4_extract_lane(sum, 2)) +
         (wasm_f32x4_extract_lane(sum, 1) + wasm_f32x4_extract_lane(sum, 3));
}

static float dot_simd128(const float *a, const float *b, size_t count) {
  v128_t parts[4] = {splat(0), splat(0), splat(0), splat(0)};
  size_t i = 0;
  for (; i + 16 <= count; i += 16) {
    for (size_t k = 0; k < 4; k++) {
      parts[k] = add_product(parts[k], wasm_v128_load(a + i + k * LANES),
                             wasm_v128_load(b + i + k * LANES));
    }
  }
  float tail[16] = {0.0f};
  for (size_t k = 0; i + k < count; k++) {
    tail[k] = a[i + k] * b[i + k];
  }
  add_tail(parts, tail);
  return join_parts(parts);
}

static float sum_simd128(const float *x, size_t count) {
  v128_t parts[4] = {splat(0), splat(0), splat(0), splat(0)};
  size_t i = 0;
  for (; i + 16 <= count; i += 16) {
    for (size_t k = 0; k < 4; k++) {
      parts[k] = wasm_f32x4_add(parts[k], wasm_v128_load(x + i + k * LANES));
    }
  }
  float tail[16] = {0.0f};
  memcpy(tail, x + i, (count - i) * sizeof *tail);
  add_tail(parts, tail);
  return join_parts(parts);
}

static float sum_squares_simd128(const float *x, float shift, size_t count) {
  v128_t parts[4] = {splat(0), splat(0), splat(0), splat(0)};
  v128_t shifts = splat(shift);
  size_t i = 0;
  for (; i + 16 <= count; i += 16) {
    for (size_t k = 0; k < 4; k++) {
      v128_t difference = wasm_f32x4_sub(wasm_v128_load(x + i + k * LANES), shifts);
      parts[k] = add_product(parts[k], difference, difference);
    }
  }
  float tail[16] = {0.0f};
  for (size_t k = 0; i + k < count; k++) {
    float difference = x[i + k] - shift;
    tail[k] = difference * difference;
  }
  add_tail(parts, tail);
  return join_parts(parts);
}

static void axpy_simd128(float *y, float factor, const float *x, size_t count) {
  v128_t factors = splat(factor);
  size_t i = 0;
  for (; i + LANES <= count; i += LANES) {
    wasm_v128_store(y + i, add_product(wasm_v128_load(y + i), factors, wasm_v128_load(x + i)));
  }
  for (; i < count; i++) {
    y[i] += factor * x[i];
  }
}

/* ---- Element-wise ---------------------------------------------------------------------------- */

/* What four lanes do at once; the rest goes through scalar.c, value by value. */
static v128_t apply_unary(ms_unary function, v128_t x, v128_t alpha, v128_t beta) {
  const v128_t zero = splat(0.0f);
  const v128_t one = splat(1.0f);
  switch (function) {
  case MS_UNARY_CLAMP:
    return clamp(x, alpha, beta);
  case MS_UNARY_LEAKY_RELU:
    return wasm_v128_bitselect(wasm_f32x4_mul(alpha, x), x, wasm_f32x4_lt(x, zero));
  case MS_UNARY_HARD_SIGMOID:
    return clamp(add_product(beta, alpha, x), zero, one);
  default: /* MS_UNARY_HARD_SWISH */
    return wasm_f32x4_mul(x, clamp(add_product(splat(0.5f), x, splat(MS_SIXTH)), zero, one));
  }
}

static void unary_simd128(ms_unary function, float *y, const float *x, size_t count, float alpha,
                          float beta) {
  size_t i = 0;
  if (function <= MS_UNARY_HARD_SWISH) {
    v128_t alphas = splat(alpha);
    v128_t betas = splat(beta);
    for (; i + LANES <= count; i += LANES) {
      wasm_v128_store(y + i, apply_unary(function, wasm_v128_load(x + i), alphas, betas));
    }
  }
  ms_kernels_scalar.unary(function, y + i, x + i, count - i, alpha, beta);
}

static v128_t apply_binary(ms_binary function, v128_t a, v128_t b) {
  switch (function) {
  case MS_BINARY_ADD:
    return wasm_f32x4_add(a, b);
  case MS_BINARY_SUBTRACT:
    return wasm_f32x4_sub(a, b);
  case MS_BINARY_MULTIPLY:
    return wasm_f32x4_mul(a, b);
  case MS_BINARY_DIVIDE:
    return wasm_f32x4_div(a, b);
  default: /* MS_BINARY_PRELU */
    return wasm_v128_bitselect(wasm_f32x4_mul(a, b), a, wasm_f32x4_lt(a, splat(0.0f)));
  }
}

static void binary_simd128(ms_binary function, float *y, const float *a, size_t a_step,
                           const float *b, size_t b_step, size_t count) {
  size_t i = 0;
  if (function <= MS_BINARY_DIVIDE || function == MS_BINARY_PRELU) {
    for (; i + LANES <= count; i += LANES) {
      v128_t left = a_step == 0 ? splat(*a) : wasm_v128_load(a + i);
      v128_t right = b_step == 0 ? splat(*b) : wasm_v128_load(b + i);
      wasm_v128_store(y + i, apply_binary(function, left, right));
    }
  }
  ms_kernels_scalar.binary(function, y + i, a + i * a_step, a_step, b + i * b_step, b_step,
                           count - i);
}

/* ---- Products -------------------------------------------------------------------------------- */

/* Where a block of results goes: at most four rows of one panel. */
typedef struct destination {
  float *y;
  size_t y_stride;
  size_t columns; /* 1 … MS_PANEL, what is left of the panel */
  const float *residual;
  size_t residual_stride;
  v128_t low;
  v128_t high;
} destination;

static inline void store_row(const destination *to, size_t row, v128_t first, v128_t second) {
  float *y = to->y + row * to->y_stride;
  const float *residual = to->residual != NULL ? to->residual + row * to->residual_stride : NULL;
  if (to->columns == MS_PANEL) {
    if (residual != NULL) {
      first = wasm_f32x4_add(first, wasm_v128_load(residual));
      second = wasm_f32x4_add(second, wasm_v128_load(residual + LANES));
    }
    wasm_v128_store(y, clamp(first, to->low, to->high));
    wasm_v128_store(y + LANES, clamp(second, to->low, to->high));
    return;
  }
  float part[MS_PANEL] = {0.0f};
  if (residual != NULL) {
    memcpy(part, residual, to->columns * sizeof *part);
    first = wasm_f32x4_add(first, wasm_v128_load(part));
    second = wasm_f32x4_add(second, wasm_v128_load(part + LANES));
  }
  wasm_v128_store(part, clamp(first, to->low, to->high));
  wasm_v128_store(part + LANES, clamp(second, to->low, to->high));
  memcpy(y, part, to->columns * sizeof *part);
}

/* Eight accumulators: four rows, two vectors of columns each. */
typedef struct block {
  v128_t a0, a1, b0, b1, c0, c1, d0, d1;
} block;

static inline block block_start(const float *bias) {
  v128_t first = wasm_v128_load(bias);
  v128_t second = wasm_v128_load(bias + LANES);
  return (block){first, second, first, second, first, second, first, second};
}

/* sums + four rows of x times depth rows of a panel; 11 vectors live, below the 15 that stay in
 * registers. */
static inline void block_add(block *sums, const float *a, const float *b, const float *c,
                             const float *d, const float *w, size_t depth) {
  block s = *sums;
  for (size_t i = 0; i < depth; i++) {
    v128_t w0 = wasm_v128_load(w);
    v128_t w1 = wasm_v128_load(w + LANES);
    w += MS_PANEL;
    v128_t x = wasm_v128_load32_splat(a + i);
    s.a0 = add_product(s.a0, x, w0);
    s.a1 = add_product(s.a1, x, w1);
    x = wasm_v128_load32_splat(b + i);
    s.b0 = add_product(s.b0, x, w0);
    s.b1 = add_product(s.b1, x, w1);
    x = wasm_v128_load32_splat(c + i);
    s.c0 = add_product(s.c0, x, w0);
    s.c1 = add_product(s.c1, x, w1);
    x = wasm_v128_load32_splat(d + i);
    s.d0 = add_product(s.d0, x, w0);
    s.d1 = add_product(s.d1, x, w1);
  }
  *sums = s;
}

static inline void block_store(const block *sums, const destination *to, size_t rows) {
  store_row(to, 0, sums->a0, sums->a1);
  if (rows > 1) {
    store_row(to, 1, sums->b0, sums->b1);
  }
  if (rows > 2) {
    store_row(to, 2, sums->c0, sums->c1);
  }
  if (rows > 3) {
    store_row(to, 3, sums->d0, sums->d1);
  }
}

/* One row alone. */
static inline void row_add(v128_t *first, v128_t *second, const float *x, const float *w,
                           size_t depth) {
  v128_t s0 = *first;
  v128_t s1 = *second;
  for (size_t i = 0; i < depth; i++) {
    v128_t value = wasm_v128_load32_splat(x + i);
    s0 = add_product(s0, value, wasm_v128_load(w));
    s1 = add_product(s1, value, wasm_v128_load(w + LANES));
    w += MS_PANEL;
  }
  *first = s0;
  *second = s1;
}

static destination destination_make(float *y, size_t y_stride, const ms_epilogue *epilogue) {
  return (destination){.y = y,
                       .y_stride = y_stride,
                       .residual = epilogue->residual,
                       .residual_stride = epilogue->residual_stride,
                       .low = splat(epilogue->low),
                       .high = splat(epilogue->high)};
}

static destination destination_at(const destination *whole, size_t row, size_t column,
                                  size_t columns) {
  destination part = *whole;
  part.y += row * whole->y_stride + column;
  part.residual =
      whole->residual != NULL ? whole->residual + row * whole->residual_stride + column : NULL;
  part.columns = columns - column < MS_PANEL ? columns - column : MS_PANEL;
  return part;
}

/* Rows of x that a tile has, a multiple of 4. */
static size_t tile_rows(size_t depth) {
  size_t rows = TILE_FLOATS / (depth + 1) / 4 * 4;
  return rows < 4 ? 4 : rows;
}

static void gemm_panel(const float *x, size_t x_stride, size_t depth, const float *panel,
                       const destination *to, size_t rows) {
  destination at = *to;
  size_t r = 0;
  for (; r + 4 <= rows; r += 4) {
    const float *a = x + r * x_stride;
    block sums = block_start(panel);
    block_add(&sums, a, a + x_stride, a + 2 * x_stride, a + 3 * x_stride, panel + MS_PANEL, depth);
    at.y = to->y + r * to->y_stride;
    at.residual = to->residual != NULL ? to->residual + r * to->residual_stride : NULL;
    block_store(&sums, &at, 4);
  }
  for (; r < rows; r++) {
    v128_t first = wasm_v128_load(panel);
    v128_t second = wasm_v128_load(panel + LANES);
    row_add(&first, &second, x + r * x_stride, panel + MS_PANEL, depth);
    store_row(to, r, first, second);
  }
}

static void gemm_simd128(const float *x, size_t x_stride, size_t depth, const float *packed,
                         float *y, size_t y_stride, size_t rows, size_t columns,
                         const ms_epilogue *epilogue) {
  destination whole = destination_make(y, y_stride, epilogue);
  size_t tile = tile_rows(depth);
  for (size_t start = 0; start < rows; start += tile) {
    size_t count = rows - start < tile ? rows - start : tile;
    const float *panel = packed;
    for (size_t column = 0; column < columns; column += MS_PANEL) {
      destination to = destination_at(&whole, start, column, columns);
      gemm_panel(x + start * x_stride, x_stride, depth, panel, &to, count);
      panel += (1 + depth) * MS_PANEL;
    }
  }
}

static void gemm_indirect_panel(const float *const *x, size_t taps, size_t depth,
                                const float *panel, const destination *to, size_t rows) {
  destination at = *to;
  for (size_t r = 0; r < rows; r += 4) {
    size_t count = rows - r < 4 ? rows - r : 4;
    /* Rows beyond the last repeat it; their results are not stored. */
    const float *const *a = x + r * taps;
    const float *const *b = count > 1 ? a + taps : a;
    const float *const *c = count > 2 ? b + taps : b;
    const float *const *d = count > 3 ? c + taps : c;
    block sums = block_start(panel);
    const float *w = panel + MS_PANEL;
    for (size_t t = 0; t < taps; t++) {
      block_add(&sums, a[t], b[t], c[t], d[t], w, depth);
      w += depth * MS_PANEL;
    }
    at.y = to->y + r * to->y_stride;
    at.residual = to->residual != NULL ? to->residual + r * to->residual_stride : NULL;
    block_store(&sums, &at, count);
  }
}

static void gemm_indirect_simd128(const float *const *x, size_t taps, size_t depth,
                                  const float *packed, float *y, size_t y_stride, size_t rows,
                                  size_t columns, const ms_epilogue *epilogue) {
  destination whole = destination_make(y, y_stride, epilogue);
  size_t tile = tile_rows(taps * depth);
  for (size_t start = 0; start < rows; start += tile) {
    size_t count = rows - start < tile ? rows - start : tile;
    const float *panel = packed;
    for (size_t column = 0; column < columns; column += MS_PANEL) {
      destination to = destination_at(&whole, start, column, columns);
      gemm_indirect_panel(x + start * taps, taps, depth, panel, &to, count);
      panel += (1 + taps * depth) * MS_PANEL;
    }
  }
}

/* ---- Depthwise convolution and pooling: channels in lanes ------------------------------------ */

static inline v128_t depthwise_lanes(const float *const *x, size_t taps, const float *weights,
                                     size_t channels, size_t c, v128_t sum) {
  const float *w = weights + c;
  for (size_t t = 0; t < taps; t++) {
    sum = add_product(sum, wasm_v128_load(x[t] + c), wasm_v128_load(w));
    w += channels;
  }
  return sum;
}

/* A 3×3 kernel with its nine pointers at hand. */
static inline v128_t depthwise_lanes_9(const float *const *x, const float *weights, size_t channels,
                                       size_t c, v128_t sum) {
  const float *w = weights + c;
  sum = add_product(sum, wasm_v128_load(x[0] + c), wasm_v128_load(w));
  sum = add_product(sum, wasm_v128_load(x[1] + c), wasm_v128_load(w += channels));
  sum = add_product(sum, wasm_v128_load(x[2] + c), wasm_v128_load(w += channels));
  sum = add_product(sum, wasm_v128_load(x[3] + c), wasm_v128_load(w += channels));
  sum = add_product(sum, wasm_v128_load(x[4] + c), wasm_v128_load(w += channels));
  sum = add_product(sum, wasm_v128_load(x[5] + c), wasm_v128_load(w += channels));
  sum = add_product(sum, wasm_v128_load(x[6] + c), wasm_v128_load(w += channels));
  sum = add_product(sum, wasm_v128_load(x[7] + c), wasm_v128_load(w += channels));
  return add_product(sum, wasm_v128_load(x[8] + c), wasm_v128_load(w + channels));
}

static void depthwise_simd128(const float *const *x, size_t taps, const float *weights,
                              const float *bias, float *y, size_t y_stride, size_t rows,
                              size_t channels, const ms_epilogue *epilogue) {
  v128_t low = splat(epilogue->low);
  v128_t high = splat(epilogue->high);
  size_t whole = channels / LANES * LANES;
  for (size_t r = 0; r < rows; r++) {
    const float *residual =
        epilogue->residual != NULL ? epilogue->residual + r * epilogue->residual_stride : NULL;
    for (size_t c = 0; c < whole; c += LANES) {
      v128_t sum = wasm_v128_load(bias + c);
      sum = taps == 9 ? depthwise_lanes_9(x + r * 9, weights, channels, c, sum)
                      : depthwise_lanes(x + r * taps, taps, weights, channels, c, sum);
      if (residual != NULL) {
        sum = wasm_f32x4_add(sum, wasm_v128_load(residual + c));
      }
      wasm_v128_store(y + r * y_stride + c, clamp(sum, low, high));
    }
    for (size_t c = whole; c < channels; c++) {
      float sum = bias[c];
      for (size_t t = 0; t < taps; t++) {
        sum += x[r * taps + t][c] * weights[t * channels + c];
      }
      if (residual != NULL) {
        sum += residual[c];
      }
      y[r * y_stride + c] = ms_clamp(sum, epilogue->low, epilogue->high);
    }
  }
}

static void pool_maximum_simd128(const float *const *x, size_t taps, float *y, size_t y_stride,
                                 size_t rows, size_t channels) {
  size_t whole = channels / LANES * LANES;
  for (size_t r = 0; r < rows; r++) {
    const float *const *runs = x + r * taps;
    for (size_t c = 0; c < whole; c += LANES) {
      v128_t largest = splat(-INFINITY);
      for (size_t t = 0; t < taps; t++) {
        largest = runs[t] != NULL ? wasm_f32x4_pmax(largest, wasm_v128_load(runs[t] + c)) : largest;
      }
      wasm_v128_store(y + r * y_stride + c, largest);
    }
    for (size_t c = whole; c < channels; c++) {
      float largest = -INFINITY;
      for (size_t t = 0; t < taps; t++) {
        largest = runs[t] != NULL && largest < runs[t][c] ? runs[t][c] : largest;
      }
      y[r * y_stride + c] = largest;
    }
  }
}

static void pool_mean_simd128(const float *const *x, size_t taps, const float *scales, float *y,
                              size_t y_stride, size_t rows, size_t channels) {
  size_t whole = channels / LANES * LANES;
  for (size_t r = 0; r < rows; r++) {
    const float *const *runs = x + r * taps;
    for (size_t c = 0; c < whole; c += LANES) {
      v128_t sum = splat(0.0f);
      for (size_t t = 0; t < taps; t++) {
        sum = runs[t] != NULL ? wasm_f32x4_add(sum, wasm_v128_load(runs[t] + c)) : sum;
      }
      wasm_v128_store(y + r * y_stride + c, wasm_f32x4_mul(sum, splat(scales[r])));
    }
    for (size_t c = whole; c < channels; c++) {
      float sum = 0.0f;
      for (size_t t = 0; t < taps; t++) {
        sum += runs[t] != NULL ? runs[t][c] : 0.0f;
      }
      y[r * y_stride + c] = sum * scales[r];
    }
  }
}

static void mean_rows_simd128(const float *x, size_t x_stride, size_t rows, size_t channels,
                              float *y) {
  size_t whole = channels / LANES * LANES;
  for (size_t c = 0; c < whole; c += LANES) {
    v128_t sum = splat(0.0f);
    for (size_t r = 0; r < rows; r++) {
      sum = wasm_f32x4_add(sum, wasm_v128_load(x + r * x_stride + c));
    }
    wasm_v128_store(y + c, wasm_f32x4_div(sum, splat((float)rows)));
  }
  if (whole < channels) {
    ms_kernels_scalar.mean_rows(x + whole, x_stride, rows, channels - whole, y + whole);
  }
}

static float maximum_of(const float *x, size_t count) {
  return ms_kernels_scalar.maximum(x, count);
}

static void softmax_simd128(float *y, const float *x, size_t count) {
  float largest = maximum_of(x, count);
  for (size_t i = 0; i < count; i++) {
    y[i] = x[i] - largest;
  }
  ms_kernels_scalar.unary(MS_UNARY_EXP, y, y, count, 0.0f, 0.0f);
  float factor = 1.0f / sum_simd128(y, count);
  for (size_t i = 0; i < count; i++) {
    y[i] *= factor;
  }
}

static void layer_norm_simd128(float *y, const float *x, const float *gain, const float *offset,
                               float epsilon, size_t count) {
  ms_kernels_scalar.layer_norm(y, x, gain, offset, epsilon, count);
}

static void transpose_simd128(const float *x, size_t rows, size_t columns, float *y) {
  ms_kernels_scalar.transpose(x, rows, columns, y);
}

static void widen_half_simd128(const uint16_t *x, float *y, size_t count) {
  ms_kernels_scalar.widen_half(x, y, count);
}

static const ms_kernels table = {
    .dot = dot_simd128,
    .axpy = axpy_simd128,
    .sum = sum_simd128,
    .sum_squares = sum_squares_simd128,
    .maximum = maximum_of,
    .unary = unary_simd128,
    .binary = binary_simd128,
    .softmax = softmax_simd128,
    .layer_norm = layer_norm_simd128,
    .gemm = gemm_simd128,
    .gemm_indirect = gemm_indirect_simd128,
    .depthwise = depthwise_simd128,
    .pool_maximum = pool_maximum_simd128,
    .pool_mean = pool_mean_simd128,
    .mean_rows = mean_rows_simd128,
    .transpose = transpose_simd128,
    .widen_half = widen_half_simd128,
};

const ms_kernels *ms_kernels_simd128(void) {
  return &table;
}

#else

const ms_kernels *ms_kernels_simd128(void) {
  return NULL;
}

#endif
