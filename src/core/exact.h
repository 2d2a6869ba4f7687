/*
 * Exponential and logarithm from the basic operations alone, so that every machine gives the same
 * bits: the C libraries differ in the last one. Both are right to 2 units in the last place.
 */
#ifndef MS_CORE_EXACT_H
#define MS_CORE_EXACT_H

#include <stdint.h>
#include <string.h>

/* exp(x); 0 below -708 and for NaN, exp(709) above 709. */
static inline double ms_exp(double x) {
  if (!(x >= -708)) {
    return 0;
  }
  x = x > 709 ? 709 : x;
  /* Adding and taking away 1.5 × 2^52 rounds to the nearest integer. */
  double power = (x * 0x1.71547652b82fep+0 + 0x1.8p52) - 0x1.8p52;
  double rest = (x - power * 0x1.62e42fee00000p-1) - power * 0x1.a39ef35793c76p-33;
  double sum = 1;
  for (int i = 14; i > 0; i--) {
    sum = 1 + sum * rest / i;
  }
  uint64_t bits = (uint64_t)((int64_t)power + 1023) << 52;
  double scale = 0;
  memcpy(&scale, &bits, sizeof scale);
  return sum * scale;
}

/* log(x) for a normal positive x. */
static inline double ms_log(double x) {
  uint64_t bits = 0;
  memcpy(&bits, &x, sizeof bits);
  /* Splits x into 2^power × part, part in 2^-0.5 … 2^0.5. */
  int64_t power = ((int64_t)bits - 0x3fe6a09e667f3bcd) >> 52;
  bits -= (uint64_t)power << 52;
  double part = 0;
  memcpy(&part, &bits, sizeof part);
  double ratio = (part - 1) / (part + 1);
  double square = ratio * ratio;
  double sum = 0;
  for (int i = 23; i > 0; i -= 2) {
    sum = sum * square + 2.0 / i;
  }
  return ratio * sum + (double)power * 0x1.a39ef35793c76p-33 + (double)power * 0x1.62e42fee00000p-1;
}

#endif
