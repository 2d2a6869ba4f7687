/* Checked arithmetic on sizes: every product or sum of numbers from outside goes through here. */
#ifndef MS_CORE_SIZE_H
#define MS_CORE_SIZE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* True and *product = a * b, or false if that does not fit. */
static inline bool ms_size_mul(size_t a, size_t b, size_t *product) {
  if (b != 0 && a > SIZE_MAX / b) {
    return false;
  }
  *product = a * b;
  return true;
}

/* True and *sum = a + b, or false if that does not fit. */
static inline bool ms_size_add(size_t a, size_t b, size_t *sum) {
  if (a > SIZE_MAX - b) {
    return false;
  }
  *sum = a + b;
  return true;
}

/* True and *rounded = size rounded up to a multiple of step (a power of two), or false. */
static inline bool ms_size_round_up(size_t size, size_t step, size_t *rounded) {
  if (!ms_size_add(size, step - 1, rounded)) {
    return false;
  }
  *rounded &= ~(step - 1);
  return true;
}

#endif
