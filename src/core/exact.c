/*
 * Exponential, logarithm and their kin from the basic operations alone. Loops of few terms instead
 * of tables: what they are used for takes no time to speak of.
 */
#include "core/exact.h"

#include <math.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "core/finite.h"

/* The terms of e^r from the thirteenth down, |r| <= ln 2 / 2; they begin with 1 / 14!. */
static const double factors[] = {1.0 / 6227020800,
                                 1.0 / 479001600,
                                 1.0 / 39916800,
                                 1.0 / 3628800,
                                 1.0 / 362880,
                                 1.0 / 40320,
                                 1.0 / 5040,
                                 1.0 / 720,
                                 1.0 / 120,
                                 1.0 / 24,
                                 1.0 / 6,
                                 1.0 / 2,
                                 1,
                                 1};

double ms_exp(double x) {
  if (!(x >= -708)) {
    return 0;
  }
  x = x > 709 ? 709 : x;
  /* Adding and taking away 1.5 × 2^52 rounds to the nearest integer. */
  double power = (x * 0x1.71547652b82fep+0 + 0x1.8p52) - 0x1.8p52;
  double rest = (x - power * 0x1.62e42fee00000p-1) - power * 0x1.a39ef35793c76p-33;
  double sum = 1.0 / 87178291200;
  for (size_t i = 0; i < sizeof factors / sizeof *factors; i++) {
    sum = factors[i] + rest * sum;
  }
  uint64_t bits = (uint64_t)((int64_t)power + 1023) << 52;
  double scale = 0;
  memcpy(&scale, &bits, sizeof scale);
  return sum * scale;
}

double ms_log(double x) {
  if (!(x >= 0x1p-1022) || ms_is_infinite(x)) {
    return x > 0    ? ms_is_infinite(x) ? x : ms_log(x * 0x1p54) - 0x1.2b708872320e2p+5
           : x == 0 ? -INFINITY
                    : NAN;
  }
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

double ms_log1p(double x) {
  /* What rounding 1 + x loses, the quotient makes good (Kahan). */
  double sum = 1 + x;
  return sum == 1 || ms_is_infinite(sum) ? x : ms_log(sum) * (x / (sum - 1));
}

double ms_log_gamma(double x) {
  /* Stirling's series from 10 on, where its rest is below 1e-15; before that by Γ(x + 1) = x Γ(x).
   */
  double product = 1;
  for (; x < 10; x++) {
    product *= x;
  }
  double inverse = 1 / (x * x);
  double series = 1.0 / 1188 - inverse * (691.0 / 360360);
  series = 1.0 / 1260 - inverse * (1.0 / 1680 - inverse * series);
  series = (1.0 / 12 - inverse * (1.0 / 360 - inverse * series)) / x;
  return (x - 0.5) * ms_log(x) - x + 0.91893853320467274 + series - ms_log(product);
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
