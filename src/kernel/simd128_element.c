/*
 * Element-wise functions in four lanes: the algorithms of elementary.h, operation for operation,
 * so that the bits agree with scalar.c. Counts that are no multiple of four end in a part of a
 * vector, computed like the rest.
 */
#include "kernel/simd128.h"

#ifdef MS_SIMD128

#include "kernel/elementary.h"

MS_INLINE v128_t scale(v128_t x, v128_t n) {
  v128_t half = wasm_i32x4_sub(wasm_u32x4_shr(wasm_i32x4_add(n, wasm_i32x4_splat(512)), 1),
                               wasm_i32x4_splat(256));
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
  *n = wasm_i32x4_sub(shifted, wasm_i32x4_splat((int32_t)MS_ROUND_BITS));
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

/* log of positive finite lanes; the others come out as any number */
MS_INLINE v128_t log_positive(v128_t x) {
  v128_t subnormal = wasm_f32x4_lt(x, ms_splat(0x1p-126f));
  v128_t bits = wasm_v128_bitselect(wasm_f32x4_mul(x, ms_splat(0x1p23f)), x, subnormal);
  bits = wasm_i32x4_add(bits, wasm_i32x4_splat((int32_t)(MS_ONE_BITS - MS_SQRT_HALF_BITS)));
  v128_t offset = wasm_v128_bitselect(ms_splat(150.0f), ms_splat(127.0f), subnormal);
  v128_t exponent = wasm_f32x4_sub(wasm_f32x4_convert_i32x4(wasm_u32x4_shr(bits, 23)), offset);
  v128_t m = wasm_i32x4_add(wasm_v128_and(bits, wasm_i32x4_splat(0x7fffff)),
                            wasm_i32x4_splat((int32_t)MS_SQRT_HALF_BITS));
  v128_t f = wasm_f32x4_sub(m, ms_splat(1.0f));
  v128_t s = wasm_f32x4_div(f, wasm_f32x4_add(ms_splat(2.0f), f));
  v128_t z = wasm_f32x4_mul(s, s);
  v128_t rest = ms_add_product(ms_splat(MS_LOG_1), z, ms_splat(MS_LOG_2));
  rest = wasm_f32x4_mul(z, ms_add_product(ms_splat(MS_LOG_0), z, rest));
  v128_t half = wasm_f32x4_mul(wasm_f32x4_mul(ms_splat(0.5f), f), f);
  v128_t sum = wasm_f32x4_mul(s, wasm_f32x4_add(half, rest));
  sum = ms_add_product(sum, exponent, ms_splat(MS_LN2_LOW));
  sum = wasm_f32x4_add(wasm_f32x4_sub(sum, half), f);
  return ms_add_product(sum, exponent, ms_splat(MS_LN2_HIGH));
}

MS_INLINE v128_t log_lanes(v128_t x) {
  v128_t zero = ms_splat(0.0f);
  v128_t infinite = ms_splat(INFINITY);
  v128_t special = wasm_v128_bitselect(ms_splat(-INFINITY), ms_splat(NAN), wasm_f32x4_eq(x, zero));
  special = wasm_v128_bitselect(infinite, special, wasm_f32x4_eq(x, infinite));
  v128_t common = wasm_v128_and(wasm_f32x4_gt(x, zero), wasm_f32x4_ne(x, infinite));
  return wasm_v128_bitselect(log_positive(x), special, common);
}

/* 1 + e^-x */
MS_INLINE v128_t sigmoid_divisor(v128_t x) {
  return wasm_f32x4_add(ms_splat(1.0f), exp_lanes(wasm_f32x4_neg(x)));
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

MS_INLINE v128_t gelu_lanes(v128_t x) {
  v128_t factor =
      wasm_f32x4_add(ms_splat(1.0f), erf_lanes(wasm_f32x4_mul(x, ms_splat(MS_SQRT_HALF))));
  return wasm_f32x4_mul(wasm_f32x4_mul(ms_splat(0.5f), x), factor);
}

MS_INLINE v128_t elu_lanes(v128_t x, v128_t alpha) {
  v128_t negative = wasm_f32x4_mul(alpha, expm1_negative_lanes(x));
  return wasm_v128_bitselect(x, negative, wasm_f32x4_gt(x, ms_splat(0.0f)));
}

MS_INLINE v128_t softplus_lanes(v128_t x) {
  v128_t one = ms_splat(1.0f);
  v128_t u = exp_lanes(wasm_f32x4_neg(wasm_f32x4_abs(x)));
  v128_t w = wasm_f32x4_add(one, u);
  v128_t lost = wasm_f32x4_div(wasm_f32x4_sub(u, wasm_f32x4_sub(w, one)), w);
  v128_t positive = wasm_f32x4_pmax(x, ms_splat(0.0f));
  return wasm_f32x4_add(positive, wasm_f32x4_add(log_lanes(w), lost));
}

MS_INLINE v128_t hard_swish_lanes(v128_t x) {
  v128_t gate = ms_add_product(ms_splat(0.5f), x, ms_splat(MS_SIXTH));
  return wasm_f32x4_mul(x, ms_clamp_lanes(gate, ms_splat(0.0f), ms_splat(1.0f)));
}

MS_INLINE v128_t hard_sigmoid_lanes(v128_t x, v128_t alpha, v128_t beta) {
  return ms_clamp_lanes(ms_add_product(beta, alpha, x), ms_splat(0.0f), ms_splat(1.0f));
}

MS_INLINE v128_t leaky_relu_lanes(v128_t x, v128_t alpha) {
  return wasm_v128_bitselect(wasm_f32x4_mul(alpha, x), x, wasm_f32x4_lt(x, ms_splat(0.0f)));
}

/* y[i] = EXPRESSION of the vector x for all count elements. */
#define MAP(expression)                                                                            \
  do {                                                                                             \
    size_t i = 0;                                                                                  \
    for (; i + MS_LANES <= count; i += MS_LANES) {                                                 \
      v128_t x = wasm_v128_load(from + i);                                                         \
      wasm_v128_store(y + i, (expression));                                                        \
    }                                                                                              \
    v128_t x = ms_load_part(from + i, count - i);                                                  \
    ms_store_part(y + i, (expression), count - i);                                                 \
  } while (0)

/* The functions with exp or log inside. */
static void map_smooth(ms_unary function, float *y, const float *from, size_t count, v128_t alpha,
                       v128_t beta) {
  switch (function) {
  case MS_UNARY_SIGMOID:
    MAP(wasm_f32x4_div(ms_splat(1.0f), sigmoid_divisor(x)));
    break;
  case MS_UNARY_SILU:
    MAP(wasm_f32x4_div(x, sigmoid_divisor(x)));
    break;
  case MS_UNARY_TANH:
    MAP(tanh_lanes(x));
    break;
  case MS_UNARY_EXP:
    MAP(exp_lanes(x));
    break;
  case MS_UNARY_LOG:
    MAP(log_lanes(x));
    break;
  case MS_UNARY_ERF:
    MAP(erf_lanes(x));
    break;
  case MS_UNARY_GELU:
    MAP(gelu_lanes(x));
    break;
  case MS_UNARY_ELU:
    MAP(elu_lanes(x, alpha));
    break;
  case MS_UNARY_SELU:
    MAP(wasm_f32x4_mul(beta, elu_lanes(x, alpha)));
    break;
  default: /* MS_UNARY_SOFTPLUS */
    MAP(softplus_lanes(x));
    break;
  }
}

void ms_unary_simd128(ms_unary function, float *y, const float *from, size_t count, float alpha,
                      float beta) {
  v128_t first = ms_splat(alpha);
  v128_t second = ms_splat(beta);
  switch (function) {
  case MS_UNARY_CLAMP:
    MAP(ms_clamp_lanes(x, first, second));
    break;
  case MS_UNARY_LEAKY_RELU:
    MAP(leaky_relu_lanes(x, first));
    break;
  case MS_UNARY_HARD_SIGMOID:
    MAP(hard_sigmoid_lanes(x, first, second));
    break;
  case MS_UNARY_HARD_SWISH:
    MAP(hard_swish_lanes(x));
    break;
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
    map_smooth(function, y, from, count, first, second);
    break;
  }
}

/* y[i] = EXPRESSION of the vectors a and b for all count elements. */
#define MAP_TWO(expression)                                                                        \
  do {                                                                                             \
    size_t i = 0;                                                                                  \
    for (; i + MS_LANES <= count; i += MS_LANES) {                                                 \
      v128_t a = a_step == 0 ? one_left : wasm_v128_load(left + i);                                \
      v128_t b = b_step == 0 ? one_right : wasm_v128_load(right + i);                              \
      wasm_v128_store(y + i, (expression));                                                        \
    }                                                                                              \
    v128_t a = a_step == 0 ? one_left : ms_load_part(left + i, count - i);                         \
    v128_t b = b_step == 0 ? one_right : ms_load_part(right + i, count - i);                       \
    ms_store_part(y + i, (expression), count - i);                                                 \
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

void ms_binary_simd128(ms_binary function, float *y, const float *left, size_t a_step,
                       const float *right, size_t b_step, size_t count) {
  if (count == 0) {
    return;
  }
  v128_t one_left = ms_splat(*left);
  v128_t one_right = ms_splat(*right);
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
  case MS_BINARY_PRELU:
    MAP_TWO(prelu_lanes(a, b));
    break;
  default: /* MS_BINARY_POWER */
    if (b_step == 0 && *right == 2.0f) {
      ms_binary_simd128(MS_BINARY_MULTIPLY, y, left, a_step, left, a_step, count);
    } else {
      ms_kernels_scalar.binary(function, y, left, a_step, right, b_step, count);
    }
    break;
  }
}

#endif
