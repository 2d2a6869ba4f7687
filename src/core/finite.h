/*
 * isnan and its kin as comparisons, of one to three instructions; the macros of Emscripten's C
 * library take the bits of a number apart, which is three times as long.
 */
#ifndef MS_CORE_FINITE_H
#define MS_CORE_FINITE_H

#include <math.h>
#include <stdbool.h>

static inline bool ms_is_nan(double x) {
  return x != x;
}

static inline bool ms_is_infinite(double x) {
  return fabs(x) == (double)INFINITY;
}

static inline bool ms_is_finite(double x) {
  return fabs(x) < (double)INFINITY;
}

#endif
