/* Orders and ranks of finite values, the same on every machine. */
#ifndef MS_SCORER_ORDER_H
#define MS_SCORER_ORDER_H

#include "core/context.h"

/*
 * Puts 0 … count - 1 in order of falling value, equal values in order of falling second value, and
 * what is then still equal in order of index.
 *
 * seconds  may be values; order receives count indices
 */
void ms_order_descending(const float *values, const float *seconds, size_t count, size_t *order);
/*
 * The rank of each value: 0 is the largest, equal values share the mean of their ranks. Where best
 * is not 0, the chance of being among the best so many, equal values drawn by lot.
 *
 * order  receives count indices, as ms_order_descending; means receives count values
 */
void ms_mean_ranks(const float *values, size_t count, size_t best, size_t *order, double *means);
/*
 * Kendall's tau-b, or with hyperbolic its weighted form, of finite values; NaN where those of one
 * list do not differ.
 *
 * order  receives count indices, best truth first
 */
double ms_tau(const float *truth, const float *score, size_t count, bool hyperbolic, size_t *order);
/* narrow [count] = wide */
void ms_narrow(const double *wide, size_t count, float *narrow);
/* The mean of count numbers x[i stride] - centre, or of their squares. */
double ms_mean(const float *x, size_t stride, size_t count, double centre, bool squared);
/* Fails with status, saying which number is not possible: "landmark 2 is inf". */
ms_status ms_fail_number(ms_context *context, ms_status status, const char *what, size_t index,
                         double number);
/* Fails with MS_ERR_ARGUMENT, naming what, where a count is not least … most. */
MS_CHECK_RESULT ms_status ms_check_range(ms_context *context, size_t count, size_t least,
                                         size_t most, const char *what);
/* Fails with MS_ERR_ARGUMENT where there is no room for count numbers. */
MS_CHECK_RESULT ms_status ms_check_room(ms_context *context, size_t room, size_t count);
/* Fails with MS_ERR_DATA, naming what and the index, where a value is not finite. */
MS_CHECK_RESULT ms_status ms_check_finite(ms_context *context, const float *values, size_t count,
                                          const char *what);

#endif
