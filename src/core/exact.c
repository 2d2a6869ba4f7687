/*
 * Exponential, logarithm and their kin from the basic operations alone. Loops of few terms instead
 * of tables: what they are used for takes no time to speak of.
 */
#include "core/exact.h"

#include <stdint.h>
#include <string.h>

double ms_exp(double x) {
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

double ms_log(double x) {
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

double ms_cos_turn(double turn) {
  /* cos(2 π t) = -cos(x), x = 2 π (t - 1/2); Taylor's series, whose rest is below 1e-18 at π. */
  double x = 6.283185307179586 * (turn - 0.5);
  double sum = 1;
  for (int i = 30; i > 0; i -= 2) {
    sum = 1 - sum * x * x / (i * (i - 1));
  }
  return -sum;
}
