/* The optimiser: Adam with decoupled weight decay (Loshchilov and Hutter 2019). */
#ifndef MS_SCORER_ADAMW_H
#define MS_SCORER_ADAMW_H

#include <stddef.h>

typedef struct ms_adamw {
  double *first;       /* [count], running mean of the gradient */
  double *second;      /* [count], running mean of its square */
  double first_power;  /* 0.9 to the number of steps, 1 before the first */
  double second_power; /* 0.999 to the number of steps */
} ms_adamw;

/* Counts one more step; then each group of parameters is updated once. */
void ms_adamw_begin(ms_adamw *state);
/* Updates parameters [start … start + count) of the block that the state belongs to. */
void ms_adamw_update(ms_adamw *state, double *parameters, const double *gradient, size_t start,
                     size_t count, double rate, double decay);

#endif
