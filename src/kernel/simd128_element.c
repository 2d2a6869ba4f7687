/*
 * Element-wise functions in four lanes: the algorithms of elementary.h, operation for operation,
 * so that the bits agree with scalar.c. Counts that are no multiple of four end in a part of a
 * vector, copied out and computed like the rest: one body per function, as bodies are long.
 */
#include "kernel/simd128.h"

#ifdef MS_SIMD128

#include <stdbool.h>

#include "kernel/elementary.h"

MS_INLINE v128_t scale(v128_t x, v128_t n) {
  v128_t half = wasm_u32x4_shr(n, 1);
  v128_t one = wasm_i32x4_splat((int32_t)MS_ONE_BITS);
  v128_t first = wasm_i32x4_add(wasm_i32x4_shl(half, 23), one);
  v128_t second = wasm_i32x4_add(wasm_i32x4_shl(wasm_i32x4_sub(n, half), 23), one);
  return wasm_f32x4_mul(wasm_f32x4_mul(x, first), second);
}

MS_INLINE v128_t exp_reduced(v128_t x, v128_t *n) {
  v128_t round = ms_splat(MS_ROUND);
  v128_t shifted = ms_add_product(round, x, ms_splat(MS_LOG2_E));
  v128_t whole = wasm_f32x4_sub(shifted, round);
  v128_t r = wasm_f32x4_sub(x, wasm_f32x4_mul(whole, ms_splat(MS_LN2_HIGH)));
  r = wasm_f32x4_sub(r, wasm_f32x4_mul(whole, ms_splat(MS_LN2_LOW)));
  v128_t p = ms_add_product(ms_splat(MS_EXP_3), r, ms_splat(MS_EXP_4));
  p = ms_add_product(ms_splat(MS_EXP_2), r, p);
  p = ms_add_product(ms_splat(MS_EXP_1), r, p);
  p = ms_add_product(ms_splat(MS_EXP_0), r, p);
  *n = shifted;
  return ms_add_product(r, wasm_f32x4_mul(r, r), p);
}

MS_INLINE v128_t exp_lanes(v128_t x) {
  v128_t n;
  v128_t q = exp_reduced(ms_clamp_lanes(x, ms_splat(MS_EXP_LOWEST), ms_splat(MS_EXP_HIGHEST)), &n);
  return scale(wasm_f32x4_add(q, ms_splat(1.0f)), n);
}

MS_INLINE v128_t expm1_negative_lanes(v128_t x) {
  v128_t n;
  v128_t q = exp_reduced(wasm_f32x4_pmax(x, ms_splat(MS_EXPM1_LOWEST)), &n);
  v128_t power = wasm_i32x4_add(wasm_i32x4_shl(n, 23), wasm_i32x4_splat((int32_t)MS_ONE_BITS));
  return wasm_f32x4_add(wasm_f32x4_mul(power, q), wasm_f32x4_sub(power, ms_splat(1.0f)));
}

/* size with the sign of x */
MS_INLINE v128_t copy_sign(v128_t size, v128_t x) {
  return wasm_v128_bitselect(x, size, ms_splat(-0.0f));
}

MS_INLINE v128_t tanh_lanes(v128_t x) {
  v128_t t = expm1_negative_lanes(wasm_f32x4_mul(ms_splat(-2.0f), wasm_f32x4_abs(x)));
  v128_t size = wasm_f32x4_div(wasm_f32x4_neg(t), wasm_f32x4_add(ms_splat(2.0f), t));
  return copy_sign(size, x);
}

MS_INLINE v128_t erf_small(v128_t x) {
  v128_t u = wasm_f32x4_mul(x, x);
  v128_t p = ms_add_product(ms_splat(MS_ERF_SMALL_4), u, ms_splat(MS_ERF_SMALL_5));
  p = ms_add_product(ms_splat(MS_ERF_SMALL_3), u, p);
  p = ms_add_product(ms_splat(MS_ERF_SMALL_2), u, p);
  p = ms_add_product(ms_splat(MS_ERF_SMALL_1), u, p);
  p = ms_add_product(ms_splat(MS_ERF_SMALL_0), u, p);
  return ms_add_product(x, x, p);
}

MS_INLINE v128_t erf_lanes(v128_t x) {
  v128_t size = wasm_f32x4_abs(x);
  v128_t a = wasm_f32x4_pmin(size, ms_splat(MS_ERF_HIGHEST));
  v128_t q = ms_add_product(ms_splat(MS_ERF_LARGE_5), a, ms_splat(MS_ERF_LARGE_6));
  q = ms_add_product(ms_splat(MS_ERF_LARGE_4), a, q);
  q = ms_add_product(ms_splat(MS_ERF_LARGE_3), a, q);
  q = ms_add_product(ms_splat(MS_ERF_LARGE_2), a, q);
  q = ms_add_product(ms_splat(MS_ERF_LARGE_1), a, q);
  q = ms_add_product(ms_splat(MS_ERF_LARGE_0), a, q);
  v128_t large = wasm_f32x4_sub(ms_splat(1.0f), exp_lanes(wasm_f32x4_neg(q)));
  return wasm_v128_bitselect(erf_small(x), copy_sign(large, x),
                             wasm_f32x4_lt(size, ms_splat(MS_ERF_SPLIT)));
}

/* sigmoid(x), or x sigmoid(x) where the mask is set */
MS_INLINE v128_t sigmoid_lanes(v128_t x, v128_t is_silu) {
  v128_t one = ms_splat(1.0f);
  v128_t divisor = wasm_f32x4_add(one, exp_lanes(wasm_f32x4_neg(x)));
  return wasm_f32x4_div(wasm_v128_bitselect(x, one, is_silu), divisor);
}

/* erf(x), or gelu(x) where the mask is set and the factor is the square root of 1/2 */
MS_INLINE v128_t gelu_lanes(v128_t x, v128_t factor, v128_t is_gelu) {
  v128_t erf = erf_lanes(wasm_f32x4_mul(x, factor));
  v128_t half = wasm_f32x4_mul(ms_splat(0.5f), x);
  v128_t gelu = wasm_f32x4_mul(half, wasm_f32x4_add(ms_splat(1.0f), erf));
  return wasm_v128_bitselect(gelu, erf, is_gelu);
}

MS_INLINE v128_t elu_lanes(v128_t x, v128_t alpha, v128_t gamma) {
  v128_t negative = wasm_f32x4_mul(alpha, expm1_negative_lanes(x));
  return wasm_f32x4_mul(gamma, wasm_v128_bitselect(x, negative, wasm_f32x4_gt(x, ms_splat(0.0f))));
}

/* hard-swish(x), or hard-sigmoid(x) */
MS_INLINE v128_t hard_lanes(v128_t x, bool is_swish, v128_t alpha, v128_t beta) {
  v128_t gate = ms_clamp_lanes(ms_add_product(beta, alpha, x), ms_splat(0.0f), ms_splat(1.0f));
  return is_swish ? wasm_f32x4_mul(x, gate) : gate;
}

MS_INLINE v128_t leaky_relu_lanes(v128_t x, v128_t alpha) {
  return wasm_v128_bitselect(wasm_f32x4_mul(alpha, x), x, wasm_f32x4_lt(x, ms_splat(0.0f)));
}

/* y[i] = EXPRESSION of the vector x for all count elements, a multiple of four. */
#define MAP(expression)                                                                            \
  do {                                                                                             \
    for (size_t i = 0; i < count; i += MS_LANES) {                                                 \
      v128_t x = wasm_v128_load(from + i);                                                         \
      wasm_v128_store(y + i, (expression));                                                        \
    }                                                                                              \
  } while (0)

/* The functions with exp inside; those that differ little share a loop, for the sake of size. */
static void map_smooth(ms_unary function, float *y, const float *from, size_t count, v128_t alpha,
                       v128_t beta) {
  v128_t all = wasm_i32x4_splat(-1);
  v128_t none = wasm_i32x4_splat(0);
  switch (function) {
  case MS_UNARY_SIGMOID:
  case MS_UNARY_SILU: {
    v128_t is_silu = function == MS_UNARY_SILU ? all : none;
    MAP(sigmoid_lanes(x, is_silu));
    break;
  }
  case MS_UNARY_ERF:
  case MS_UNARY_GELU: {
    v128_t is_gelu = function == MS_UNARY_GELU ? all : none;
    v128_t factor = ms_splat(function == MS_UNARY_GELU ? MS_SQRT_HALF : 1.0f);
    MAP(gelu_lanes(x, factor, is_gelu));
    break;
  }
  case MS_UNARY_ELU:
  case MS_UNARY_SELU: {
    v128_t gamma = function == MS_UNARY_SELU ? beta : ms_splat(1.0f);
    MAP(elu_lanes(x, alpha, gamma));
    break;
  }
  case MS_UNARY_TANH:
    MAP(tanh_lanes(x));
    break;
  default: /* MS_UNARY_EXP */
    MAP(exp_lanes(x));
    break;
  }
}

/* Any function that runs in lanes, for a multiple of four elements. */
static void map(ms_unary function, float *y, const float *from, size_t count, v128_t alpha,
                v128_t beta) {
  switch (function) {
  case MS_UNARY_CLAMP:
    MAP(ms_clamp_lanes(x, alpha, beta));
    break;
  case MS_UNARY_LEAKY_RELU:
    MAP(leaky_relu_lanes(x, alpha));
    break;
  case MS_UNARY_HARD_SWISH:
    alpha = ms_splat(MS_SIXTH);
    beta = ms_splat(0.5f);
    /* fall through */
  case MS_UNARY_HARD_SIGMOID: {
    bool is_swish = function == MS_UNARY_HARD_SWISH;
    MAP(hard_lanes(x, is_swish, alpha, beta));
    break;
  }
  case MS_UNARY_SQRT:
    MAP(wasm_f32x4_sqrt(x));
    break;
  case MS_UNARY_RECIPROCAL:
    MAP(wasm_f32x4_div(ms_splat(1.0f), x));
    break;
  case MS_UNARY_NEGATE:
    MAP(wasm_f32x4_neg(x));
    break;
  case MS_UNARY_ABS:
    MAP(wasm_f32x4_abs(x));
    break;
  case MS_UNARY_FLOOR:
    MAP(wasm_f32x4_floor(x));
    break;
  case MS_UNARY_CEIL:
    MAP(wasm_f32x4_ceil(x));
    break;
  default:
    map_smooth(function, y, from, count, alpha, beta);
    break;
  }
}

void ms_unary_simd128(ms_unary function, float *y, const float *x, size_t count, float alpha,
                      float beta) {
  bool is_softplus = function == MS_UNARY_SOFTPLUS;
  if (function == MS_UNARY_LOG || is_softplus) { /* too rare for code in lanes */
    for (size_t i = 0; i < count; i++) {
      float u = is_softplus ? ms_exp(-fabsf(x[i])) : 0.0f;
      float log = ms_log(is_softplus ? 1.0f + u : x[i]);
      y[i] = is_softplus ? ms_finish_softplus(x[i], u, log) : log;
    }
    return;
  }
  size_t rest = count % MS_LANES;
  size_t whole = count - rest;
  v128_t first = ms_splat(alpha);
  v128_t second = ms_splat(beta);
  map(function, y, x, whole, first, second);
  if (rest > 0) {
    float last[MS_LANES];
    wasm_v128_store(last, ms_load_part(x + whole, rest));
    map(function, last, last, MS_LANES, first, second);
    ms_store_part(y + whole, wasm_v128_load(last), rest);
  }
}

/* y[i] = EXPRESSION of the vectors a and b for all count elements, a multiple of four. */
#define MAP_TWO(expression)                                                                        \
  do {                                                                                             \
    for (size_t i = 0; i < count; i += MS_LANES) {                                                 \
      v128_t a = wasm_v128_load(left + i * a_step);                                                \
      v128_t b = wasm_v128_load(right + i * b_step);                                               \
      wasm_v128_store(y + i, (expression));                                                        \
    }                                                                                              \
  } while (0)

/* NaN where either is. Not f32x4.min: native builds would differ in the sign of zero. */
MS_INLINE v128_t minimum_lanes(v128_t a, v128_t b) {
  return wasm_v128_bitselect(a, wasm_f32x4_pmin(b, a), wasm_f32x4_ne(a, a));
}

MS_INLINE v128_t maximum_lanes(v128_t a, v128_t b) {
  return wasm_v128_bitselect(b, wasm_f32x4_pmax(a, b), wasm_f32x4_ne(b, b));
}

MS_INLINE v128_t prelu_lanes(v128_t a, v128_t b) {
  return wasm_v128_bitselect(wasm_f32x4_mul(a, b), a, wasm_f32x4_lt(a, ms_splat(0.0f)));
}

/* For a multiple of four elements; where a step is 0, four equal values are in memory. */
MS_NOINLINE static void map_two(ms_binary function, float *y, const float *left, size_t a_step,
                                const float *right, size_t b_step, size_t count) {
  switch (function) {
  case MS_BINARY_ADD:
    MAP_TWO(wasm_f32x4_add(a, b));
    break;
  case MS_BINARY_SUBTRACT:
    MAP_TWO(wasm_f32x4_sub(a, b));
    break;
  case MS_BINARY_MULTIPLY:
    MAP_TWO(wasm_f32x4_mul(a, b));
    break;
  case MS_BINARY_DIVIDE:
    MAP_TWO(wasm_f32x4_div(a, b));
    break;
  case MS_BINARY_MINIMUM:
    MAP_TWO(minimum_lanes(a, b));
    break;
  case MS_BINARY_MAXIMUM:
    MAP_TWO(maximum_lanes(a, b));
    break;
  default: /* MS_BINARY_PRELU */
    MAP_TWO(prelu_lanes(a, b));
    break;
  }
}

void ms_binary_simd128(ms_binary function, float *y, const float *a, size_t a_step, const float *b,
                       size_t b_step, size_t count) {
  float end_a[MS_LANES]; /* the last elements, or the one value four times */
  float end_b[MS_LANES];
  if (count == 0) {
    return;
  }
  if (function == MS_BINARY_POWER) {
    if (b_step != 0 || *b != 2.0f) {
      for (size_t i = 0; i < count; i++) {
        y[i] = ms_power(a[i * a_step], b[i * b_step]);
      }
      return;
    }
    function = MS_BINARY_MULTIPLY;
    b = a;
    b_step = a_step;
  }
  size_t rest = count % MS_LANES;
  size_t whole = count - rest;
  wasm_v128_store(end_a, a_step == 0 ? ms_splat(*a) : ms_load_part(a + whole, rest));
  wasm_v128_store(end_b, b_step == 0 ? ms_splat(*b) : ms_load_part(b + whole, rest));
  map_two(function, y, a_step == 0 ? end_a : a, a_step, b_step == 0 ? end_b : b, b_step, whole);
  if (rest > 0) {
    map_two(function, end_a, end_a, 1, end_b, 1, MS_LANES);
    ms_store_part(y + whole, wasm_v128_load(end_a), rest);
  }
}

#endif
