/* Random numbers: the same seed gives the same numbers on every machine. */
#ifndef MS_CORE_RANDOM_H
#define MS_CORE_RANDOM_H

#include <stddef.h>
#include <stdint.h>

typedef struct ms_random {
  uint64_t state[4];
} ms_random;

/* A generator for a seed; different streams of one seed are independent of each other. */
ms_random ms_random_make(uint64_t seed, uint64_t stream);
/* 64 uniform bits. */
uint64_t ms_random_bits(ms_random *random);
/* Uniform in [0, 1). */
double ms_random_uniform(ms_random *random);
/* Uniform in 0 … bound - 1, without bias; bound at least 1. */
size_t ms_random_below(ms_random *random, size_t bound);
/* Standard normal. */
double ms_random_normal(ms_random *random);
/* Puts 0 … count - 1 into order, shuffled. */
void ms_random_permutation(ms_random *random, size_t *order, size_t count);

#endif
