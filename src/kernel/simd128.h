/*
 * What the files of the fast table share: WebAssembly's SIMD128 instructions (natively through
 * SIMDe), a few helpers, and the kernels that live outside simd128.c. MS_SIMD128 is defined where
 * the build has them. No relaxed SIMD and no fused multiply-add: the same bits everywhere.
 */
#ifndef MS_KERNEL_SIMD128_H
#define MS_KERNEL_SIMD128_H

#include "kernel/kernels.h"

#if defined(__wasm_simd128__)
#include <wasm_simd128.h>
#define MS_SIMD128 1
#elif defined(__has_include)
#if __has_include(<simde/wasm/simd128.h>)
#define SIMDE_ENABLE_NATIVE_ALIASES
#include <simde/wasm/simd128.h>
#define MS_SIMD128 1
#endif
#endif

#ifdef MS_SIMD128

/* Inlined for certain, so that loops over a constant count of vectors leave them in registers. */
#if defined(__GNUC__) || defined(__clang__)
#define MS_INLINE static inline __attribute__((always_inline))
#define MS_NOINLINE __attribute__((noinline)) /* what is called seldom, for the sake of size */
#else
#define MS_INLINE static inline
#define MS_NOINLINE
#endif

enum { MS_LANES = 4 };

MS_INLINE v128_t ms_splat(float value) {
  return wasm_f32x4_splat(value);
}

/* sum + a b, rounded twice as the specification has it */
MS_INLINE v128_t ms_add_product(v128_t sum, v128_t a, v128_t b) {
  return wasm_f32x4_add(sum, wasm_f32x4_mul(a, b));
}

/* As ms_clamp: pmax and pmin keep a NaN in x, and are one instruction each where max is seven. */
MS_INLINE v128_t ms_clamp_lanes(v128_t x, v128_t low, v128_t high) {
  return wasm_f32x4_pmin(wasm_f32x4_pmax(x, low), high);
}

/* The first count (0 … 3) of four lanes; nothing beyond them is read or written. */
v128_t ms_load_part(const float *x, size_t count);
void ms_store_part(float *y, v128_t value, size_t count);

/* Four lanes, or the first count of them. */
MS_INLINE v128_t ms_load_lanes(const float *x, size_t count) {
  return count >= MS_LANES ? wasm_v128_load(x) : ms_load_part(x, count);
}

MS_INLINE void ms_store_lanes(float *y, v128_t value, size_t count) {
  if (count >= MS_LANES) {
    wasm_v128_store(y, value);
  } else {
    ms_store_part(y, value, count);
  }
}

/* Rows of a 4×4 block become columns. */
MS_INLINE void ms_transpose_lanes(v128_t block[4]) {
  v128_t low01 = wasm_i32x4_shuffle(block[0], block[1], 0, 4, 1, 5);
  v128_t high01 = wasm_i32x4_shuffle(block[0], block[1], 2, 6, 3, 7);
  v128_t low23 = wasm_i32x4_shuffle(block[2], block[3], 0, 4, 1, 5);
  v128_t high23 = wasm_i32x4_shuffle(block[2], block[3], 2, 6, 3, 7);
  block[0] = wasm_i64x2_shuffle(low01, low23, 0, 2);
  block[1] = wasm_i64x2_shuffle(low01, low23, 1, 3);
  block[2] = wasm_i64x2_shuffle(high01, high23, 0, 2);
  block[3] = wasm_i64x2_shuffle(high01, high23, 1, 3);
}

typedef struct ms_limits {
  v128_t low;
  v128_t high;
} ms_limits;

/* As kernels.h describes them. */
void ms_unary_simd128(ms_unary function, float *y, const float *x, size_t count, float alpha,
                      float beta);
void ms_binary_simd128(ms_binary function, float *y, const float *a, size_t a_step, const float *b,
                       size_t b_step, size_t count);
void ms_gemm_simd128(const float *x, size_t x_stride, size_t depth, const float *packed, float *y,
                     size_t y_stride, size_t rows, size_t columns, const ms_epilogue *epilogue);
void ms_gemm_indirect_simd128(const float *const *x, size_t taps, size_t depth, const float *packed,
                              float *y, size_t y_stride, size_t rows, size_t columns,
                              const ms_epilogue *epilogue);
void ms_gemm_s16_simd128(const float *x, size_t x_stride, size_t depth, const float *packed,
                         float *y, size_t y_stride, size_t rows, size_t columns,
                         const ms_epilogue *epilogue);
void ms_gemm_indirect_s16_simd128(const float *const *x, size_t taps, size_t depth,
                                  const float *packed, float *y, size_t y_stride, size_t rows,
                                  size_t columns, const ms_epilogue *epilogue);
void ms_depthwise_simd128(const float *const *x, size_t taps, const float *packed, float *y,
                          size_t y_stride, size_t rows, size_t channels,
                          const ms_epilogue *epilogue);
void ms_depthwise_row_simd128(const float *const *x, const ms_sweep *sweep, const float *packed,
                              float *y, size_t channels, const ms_epilogue *epilogue);
void ms_pool_maximum_simd128(const float *const *x, size_t taps, float *y, size_t y_stride,
                             size_t rows, size_t channels);
void ms_pool_mean_simd128(const float *const *x, size_t taps, const float *scales, float *y,
                          size_t y_stride, size_t rows, size_t channels);
void ms_mean_rows_simd128(const float *x, size_t x_stride, size_t rows, size_t channels, float *y);

#endif
#endif
