/*
 * xoshiro256** (Blackman and Vigna 2018), seeded by splitmix64. Only what training and the
 * bootstrap need; nothing here is fit for secrets.
 */
#include "core/random.h"

#include <math.h>

#include "core/exact.h"

static uint64_t splitmix64(uint64_t *state) {
  *state += 0x9e3779b97f4a7c15u;
  uint64_t z = *state;
  z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
  z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
  return z ^ (z >> 31);
}

static uint64_t rotate_left(uint64_t x, unsigned bits) {
  return (x << bits) | (x >> (64 - bits));
}

ms_random ms_random_make(uint64_t seed, uint64_t stream) {
  ms_random random;
  uint64_t mixed = stream;
  uint64_t state = seed ^ splitmix64(&mixed);
  for (size_t i = 0; i < 4; i++) {
    random.state[i] = splitmix64(&state);
  }
  return random;
}

uint64_t ms_random_bits(ms_random *random) {
  uint64_t *s = random->state;
  uint64_t result = rotate_left(s[1] * 5, 7) * 9;
  uint64_t t = s[1] << 17;
  s[2] ^= s[0];
  s[3] ^= s[1];
  s[1] ^= s[2];
  s[0] ^= s[3];
  s[2] ^= t;
  s[3] = rotate_left(s[3], 45);
  return result;
}

double ms_random_uniform(ms_random *random) {
  return (double)(ms_random_bits(random) >> 11) * 0x1p-53;
}

size_t ms_random_below(ms_random *random, size_t bound) {
  /* Numbers at or above the last multiple of bound would favour the small results. */
  uint64_t limit = UINT64_MAX - UINT64_MAX % bound;
  uint64_t bits = ms_random_bits(random);
  while (bits >= limit) {
    bits = ms_random_bits(random);
  }
  return (size_t)(bits % bound);
}

double ms_random_normal(ms_random *random) {
  /* Box and Muller; 1 - u is never 0. */
  double radius = sqrt(-2.0 * ms_log(1.0 - ms_random_uniform(random)));
  return radius * ms_cos_turn(ms_random_uniform(random));
}

void ms_random_permutation(ms_random *random, size_t *order, size_t count) {
  for (size_t i = 0; i < count; i++) {
    order[i] = i;
  }
  for (size_t i = count; i > 1; i--) {
    size_t j = ms_random_below(random, i);
    size_t kept = order[i - 1];
    order[i - 1] = order[j];
    order[j] = kept;
  }
}
