/*
 * What is said of single numbers: NaN stands for one that is missing. The C library's macros of
 * this kind look at the bits, which is three times the code.
 */
#ifndef MS_SCORER_NUMBER_H
#define MS_SCORER_NUMBER_H

#include <math.h>
#include <stdbool.h>

static inline bool ms_is_missing(double number) {
  return number != number;
}

static inline bool ms_is_finite(double number) {
  return fabs(number) < INFINITY;
}

#endif
