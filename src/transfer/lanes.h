/*
 * Two doubles side by side: WebAssembly's vectors, or the same through SIMDe on other machines, or
 * plain C where that is not installed. The results are the same bits.
 */
#ifndef MS_TRANSFER_LANES_H
#define MS_TRANSFER_LANES_H

#if defined(__wasm_simd128__)
#include <wasm_simd128.h>
#define MS_LANES_WASM 1
#elif defined(__has_include)
#if __has_include(<simde/wasm/simd128.h>)
#define SIMDE_ENABLE_NATIVE_ALIASES
#include <simde/wasm/simd128.h>
#define MS_LANES_WASM 1
#endif
#endif

/*
 * Lanes are inlined even where a file is compiled for size. MS_NO_INLINE is for the functions that
 * do most of the work: a WebAssembly engine replaces its quick first code of a function only when
 * the function is called again.
 */
#if defined(__GNUC__) || defined(__clang__)
#define MS_ALWAYS_INLINE static inline __attribute__((always_inline))
#define MS_NO_INLINE __attribute__((noinline))
#else
#define MS_ALWAYS_INLINE static inline
#define MS_NO_INLINE
#endif

#ifdef MS_LANES_WASM
typedef v128_t ms_lanes;

MS_ALWAYS_INLINE ms_lanes ms_lanes_load(const double *from) {
  return wasm_v128_load(from);
}
MS_ALWAYS_INLINE void ms_lanes_store(double *to, ms_lanes a) {
  wasm_v128_store(to, a);
}
MS_ALWAYS_INLINE ms_lanes ms_lanes_splat(double value) {
  return wasm_f64x2_splat(value);
}
MS_ALWAYS_INLINE ms_lanes ms_lanes_add(ms_lanes a, ms_lanes b) {
  return wasm_f64x2_add(a, b);
}
MS_ALWAYS_INLINE ms_lanes ms_lanes_subtract(ms_lanes a, ms_lanes b) {
  return wasm_f64x2_sub(a, b);
}
MS_ALWAYS_INLINE ms_lanes ms_lanes_multiply(ms_lanes a, ms_lanes b) {
  return wasm_f64x2_mul(a, b);
}
MS_ALWAYS_INLINE double ms_lanes_first(ms_lanes a) {
  return wasm_f64x2_extract_lane(a, 0);
}
MS_ALWAYS_INLINE double ms_lanes_second(ms_lanes a) {
  return wasm_f64x2_extract_lane(a, 1);
}
#else
typedef struct ms_lanes {
  double first;
  double second;
} ms_lanes;

MS_ALWAYS_INLINE ms_lanes ms_lanes_load(const double *from) {
  return (ms_lanes){from[0], from[1]};
}
MS_ALWAYS_INLINE void ms_lanes_store(double *to, ms_lanes a) {
  to[0] = a.first;
  to[1] = a.second;
}
MS_ALWAYS_INLINE ms_lanes ms_lanes_splat(double value) {
  return (ms_lanes){value, value};
}
MS_ALWAYS_INLINE ms_lanes ms_lanes_add(ms_lanes a, ms_lanes b) {
  return (ms_lanes){a.first + b.first, a.second + b.second};
}
MS_ALWAYS_INLINE ms_lanes ms_lanes_subtract(ms_lanes a, ms_lanes b) {
  return (ms_lanes){a.first - b.first, a.second - b.second};
}
MS_ALWAYS_INLINE ms_lanes ms_lanes_multiply(ms_lanes a, ms_lanes b) {
  return (ms_lanes){a.first * b.first, a.second * b.second};
}
MS_ALWAYS_INLINE double ms_lanes_first(ms_lanes a) {
  return a.first;
}
MS_ALWAYS_INLINE double ms_lanes_second(ms_lanes a) {
  return a.second;
}
#endif

MS_ALWAYS_INLINE double ms_lanes_sum(ms_lanes a) {
  return ms_lanes_first(a) + ms_lanes_second(a);
}

/* sum + a b */
MS_ALWAYS_INLINE ms_lanes ms_lanes_multiply_add(ms_lanes a, ms_lanes b, ms_lanes sum) {
  return ms_lanes_add(sum, ms_lanes_multiply(a, b));
}

#endif
