/*
 * exp, log, tanh, erf and their kin in float, by range reduction and polynomial: our own, because
 * a C library's differ from one machine to the next. scalar.c applies them to one value at a time;
 * simd128.c does the same operations in the same order in four lanes, so that both give the same
 * bits. The polynomials are minimax fits (Remez exchange in double precision, coefficients rounded
 * to float one after the other, the rest fitted again); the error of each is stated with it.
 *
 * NaN in gives NaN out throughout.
 */
#ifndef MS_KERNEL_ELEMENTARY_H
#define MS_KERNEL_ELEMENTARY_H

#include <math.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#include "kernel/kernels.h"

/* Adding 1.5 * 2^23 and taking it away again rounds to an integer, which the low bits then hold. */
#define MS_ROUND 0x1.8p23f
#define MS_ROUND_BITS 0x4b400000u

#define MS_LOG2_E 0x1.715476p0f
/* ln 2 in two parts: a product of the first with an integer below 2^9 is exact. */
#define MS_LN2_HIGH 0x1.62e4p-1f
#define MS_LN2_LOW 0x1.7f7d1cp-20f

/* e^r = 1 + r + r^2 P(r) for |r| <= ln 2 / 2, to 3.3e-9. */
#define MS_EXP_0 0x1p-1f
#define MS_EXP_1 0x1.555492p-3f
#define MS_EXP_2 0x1.5554cp-5f
#define MS_EXP_3 0x1.1239b2p-7f
#define MS_EXP_4 0x1.6d7a6p-10f
/* Where e^x is 0 or infinite in float. */
#define MS_EXP_LOWEST (-104.0f)
#define MS_EXP_HIGHEST 89.0f
/* Where e^x - 1 has long been -1 in float. */
#define MS_EXPM1_LOWEST (-80.0f)

/* log((1 + s) / (1 - s)) = 2 s + s z L(z), z = s^2, for 1 + f in sqrt(1/2) … sqrt(2): to 1.7e-9. */
#define MS_LOG_0 0x1.55557ap-1f
#define MS_LOG_1 0x1.995ecep-2f
#define MS_LOG_2 0x1.31e1f2p-2f
/* The bits of sqrt(1/2), and of 1. */
#define MS_SQRT_HALF_BITS 0x3f3504f3u
#define MS_ONE_BITS 0x3f800000u

/* erf(x) = x + x S(x^2) for |x| < 0.875, to 1.5e-8 of the result. */
#define MS_ERF_SPLIT 0.875f
#define MS_ERF_SMALL_0 0x1.06eba6p-3f
#define MS_ERF_SMALL_1 (-0x1.8126f2p-2f)
#define MS_ERF_SMALL_2 0x1.ce1d7p-4f
#define MS_ERF_SMALL_3 (-0x1.b6c21cp-6f)
#define MS_ERF_SMALL_4 0x1.48b522p-8f
#define MS_ERF_SMALL_5 (-0x1.40ed3ep-11f)
/* erf(x) = 1 - e^-Q(x) for x in 0.875 … 4, to 1.9e-9; erf(4) is 1 in float. */
#define MS_ERF_HIGHEST 4.0f
#define MS_ERF_LARGE_0 0x1.180e66p-13f
#define MS_ERF_LARGE_1 0x1.20c06ep0f
#define MS_ERF_LARGE_2 0x1.460268p-1f
#define MS_ERF_LARGE_3 0x1.ab535p-4f
#define MS_ERF_LARGE_4 (-0x1.6f54dap-6f)
#define MS_ERF_LARGE_5 0x1.954e62p-9f
#define MS_ERF_LARGE_6 (-0x1.a57ff4p-13f)

#define MS_SQRT_HALF 0x1.6a09e6p-1f
#define MS_SIXTH 0x1.555556p-3f

static inline uint32_t ms_float_bits(float x) {
  uint32_t bits;
  memcpy(&bits, &x, sizeof bits);
  return bits;
}

static inline float ms_bits_float(uint32_t bits) {
  float x;
  memcpy(&x, &bits, sizeof x);
  return x;
}

/* To [low, high]; NaN passes through, as everywhere. */
static inline float ms_clamp(float x, float low, float high) {
  x = x < low ? low : x;
  return high < x ? high : x;
}

/*
 * q with e^x = 2^n (1 + q), for |x| below 2^20. Of n the low 9 bits count, which are all that an
 * exponent has room for; what is above them in MS_ROUND's bits stays.
 */
static inline float ms_exp_reduced(float x, uint32_t *n) {
  float shifted = x * MS_LOG2_E + MS_ROUND;
  float whole = shifted - MS_ROUND;
  float r = (x - whole * MS_LN2_HIGH) - whole * MS_LN2_LOW;
  float p = MS_EXP_3 + r * MS_EXP_4;
  p = MS_EXP_2 + r * p;
  p = MS_EXP_1 + r * p;
  p = MS_EXP_0 + r * p;
  *n = ms_float_bits(shifted);
  return r + (r * r) * p;
}

/* x 2^n for n in -252 … 254: two factors, as 2^n itself may not be a normal float. */
static inline float ms_scale(float x, uint32_t n) {
  uint32_t half = n >> 1; /* rounded down in its low 9 bits, whatever the sign of n */
  return x * ms_bits_float((half << 23) + MS_ONE_BITS) *
         ms_bits_float(((n - half) << 23) + MS_ONE_BITS);
}

static inline float ms_exp(float x) {
  uint32_t n;
  float q = ms_exp_reduced(ms_clamp(x, MS_EXP_LOWEST, MS_EXP_HIGHEST), &n);
  return ms_scale(q + 1.0f, n);
}

/* e^x - 1 for x <= 0, precise near 0. */
static inline float ms_expm1_negative(float x) {
  uint32_t n;
  float q = ms_exp_reduced(x < MS_EXPM1_LOWEST ? MS_EXPM1_LOWEST : x, &n);
  float power = ms_bits_float((n << 23) + MS_ONE_BITS);
  return power * q + (power - 1.0f);
}

static inline float ms_log(float x) {
  if (!(x > 0.0f) || x == INFINITY) {
    return x == INFINITY ? x : x == 0.0f ? -INFINITY : NAN;
  }
  bool subnormal = x < 0x1p-126f;
  uint32_t bits = ms_float_bits(subnormal ? x * 0x1p23f : x) + (MS_ONE_BITS - MS_SQRT_HALF_BITS);
  float exponent = (float)(int32_t)(bits >> 23) - (subnormal ? 150.0f : 127.0f);
  float f = ms_bits_float((bits & 0x7fffff) + MS_SQRT_HALF_BITS) - 1.0f;
  float s = f / (2.0f + f);
  float z = s * s;
  float rest = z * (MS_LOG_0 + z * (MS_LOG_1 + z * MS_LOG_2));
  float half = 0.5f * f * f;
  return (((s * (half + rest) + exponent * MS_LN2_LOW) - half) + f) + exponent * MS_LN2_HIGH;
}

static inline float ms_sigmoid(float x) {
  return 1.0f / (1.0f + ms_exp(-x));
}

static inline float ms_silu(float x) {
  return x / (1.0f + ms_exp(-x));
}

/* From e^(-2 |x|) - 1, so that nothing cancels near 0. */
static inline float ms_tanh(float x) {
  float t = ms_expm1_negative(-2.0f * fabsf(x));
  return copysignf(-t / (2.0f + t), x);
}

static inline float ms_erf(float x) {
  float a = fabsf(x);
  float u = x * x;
  if (a < MS_ERF_SPLIT) {
    float p = MS_ERF_SMALL_4 + u * MS_ERF_SMALL_5;
    p = MS_ERF_SMALL_3 + u * p;
    p = MS_ERF_SMALL_2 + u * p;
    p = MS_ERF_SMALL_1 + u * p;
    p = MS_ERF_SMALL_0 + u * p;
    return x + x * p;
  }
  a = MS_ERF_HIGHEST < a ? MS_ERF_HIGHEST : a;
  float q = MS_ERF_LARGE_5 + a * MS_ERF_LARGE_6;
  q = MS_ERF_LARGE_4 + a * q;
  q = MS_ERF_LARGE_3 + a * q;
  q = MS_ERF_LARGE_2 + a * q;
  q = MS_ERF_LARGE_1 + a * q;
  q = MS_ERF_LARGE_0 + a * q;
  return copysignf(1.0f - ms_exp(-q), x);
}

static inline float ms_gelu(float x) {
  return 0.5f * x * (1.0f + ms_erf(x * MS_SQRT_HALF));
}

static inline float ms_elu(float x, float alpha) {
  return x > 0.0f ? x : alpha * ms_expm1_negative(x);
}

/*
 * log(1 + e^x) = max(x, 0) + log(1 + u), u = e^-|x|; what rounding 1 + u loses is added back.
 * log is that of 1 + u.
 */
static inline float ms_finish_softplus(float x, float u, float log) {
  float w = 1.0f + u;
  return (x < 0.0f ? 0.0f : x) + (log + (u - (w - 1.0f)) / w);
}

static inline float ms_softplus(float x) {
  float u = ms_exp(-fabsf(x));
  return ms_finish_softplus(x, u, ms_log(1.0f + u));
}

/* log2 of a positive finite float, in double: an atanh series cut where it adds below 1e-13. */
static inline double ms_log2_double(float x) {
  bool subnormal = x < 0x1p-126f;
  uint32_t bits = ms_float_bits(subnormal ? x * 0x1p23f : x) + (MS_ONE_BITS - MS_SQRT_HALF_BITS);
  double exponent = (double)(int32_t)(bits >> 23) - (subnormal ? 150.0 : 127.0);
  double m = ms_bits_float((bits & 0x7fffff) + MS_SQRT_HALF_BITS);
  double s = (m - 1.0) / (m + 1.0);
  double series = 0.0;
  for (int k = 8; k >= 0; k--) {
    series = series * (s * s) + 1.0 / (2 * k + 1);
  }
  return exponent + 2.0 * s * series * 0x1.71547652b82fep0;
}

/* 2^y rounded to float, for |y| <= 200: Taylor's series of e^r, |r| <= ln 2 / 2. */
static inline float ms_exp2_double(double y) {
  double shifted = y + 0x1.8p52;
  double whole = shifted - 0x1.8p52;
  double r = (y - whole) * 0x1.62e42fefa39efp-1;
  double series = 1.0;
  for (int k = 10; k >= 1; k--) {
    series = 1.0 + series * r / k;
  }
  return ms_scale((float)series, (uint32_t)(int32_t)whole);
}

/* a^b with the special cases of C's pow; squares and roots are correctly rounded. */
static inline float ms_power(float a, float b) {
  if (b == 2.0f) {
    return a * a;
  }
  if (b == 0.0f || a == 1.0f) {
    return 1.0f;
  }
  if (isnan(a) || isnan(b)) {
    return NAN;
  }
  bool whole = floorf(b) == b;
  bool odd = whole && floorf(0.5f * b) * 2.0f != b;
  if (a < 0.0f && !whole && !isinf(a)) {
    return NAN;
  }
  float size = fabsf(a);
  float power = (size == 0.0f) == (b > 0.0f) ? 0.0f : INFINITY;
  if (size != 0.0f && !isinf(size)) {
    double y = size == 1.0f ? 0.0 : b * ms_log2_double(size);
    y = y < -200.0 ? -200.0 : y > 200.0 ? 200.0 : y;
    power = ms_exp2_double(y);
  }
  return odd ? copysignf(power, a) : power;
}

/* IEEE half precision to float, as bits. */
static inline uint32_t ms_widen_half(uint16_t half) {
  uint32_t sign = (uint32_t)(half & 0x8000) << 16;
  uint32_t bits = (uint32_t)(half & 0x7fff) << 13;
  if (bits < 0x400u << 13) {
    /* Subnormal: the fraction counts steps of 2^-24, under a number whose last bit is one. */
    return sign | ms_float_bits(ms_bits_float(bits + (113u << 23)) - 0x1p-14f);
  }
  return sign | (bits + (bits < 0x7c00u << 13 ? 112u << 23 : 224u << 23));
}

/* What numbers of a row or column are multiplied by to become levels, and the way back. */
typedef struct ms_row_scale {
  float factor;
  float scale;
} ms_row_scale;

/* magnitude is the largest of the row; limit what it becomes. */
static inline ms_row_scale ms_scale_row(float magnitude, float limit) {
  ms_row_scale row = {0.0f, 0.0f};
  if (!(magnitude < INFINITY)) {
    row.scale = NAN;
  } else if (magnitude >= MS_SMALLEST_ROW) {
    row.factor = limit / magnitude;
    row.scale = magnitude / limit;
  }
  return row;
}

/* The level nearest to x factor, halves to even; 0 for factor 0. */
static inline int32_t ms_level(float x, float factor) {
  float rounded = x * factor + MS_ROUND;
  uint32_t bits = 0;
  memcpy(&bits, &rounded, sizeof bits);
  return factor == 0.0f ? 0 : (int32_t)(bits - MS_ROUND_BITS);
}

#endif
