/* Orders and ranks of finite values, the same on every machine. */
#ifndef MS_SCORER_ORDER_H
#define MS_SCORER_ORDER_H

#include "core/context.h"

/*
 * Puts 0 … count - 1 in order of falling value, equal values in order of falling second value, and
 * what is then still equal in order of index.
 *
 * seconds  may be NULL; order receives count indices
 *
 * Scratch comes from the context's arena; the caller drops it. Fails with MS_ERR_MEMORY.
 */
MS_CHECK_RESULT ms_status ms_order_descending(ms_context *context, const float *values,
                                              const float *seconds, size_t count, size_t *order);
/*
 * The rank of each value: 0 is the largest, equal values share the mean of their ranks.
 *
 * order  receives count indices, as ms_order_descending; ranks receives count values
 */
MS_CHECK_RESULT ms_status ms_mean_ranks(ms_context *context, const float *values, size_t count,
                                        size_t *order, double *ranks);
/* Fails with MS_ERR_DATA, naming what and the index, where a value is not finite. */
MS_CHECK_RESULT ms_status ms_check_finite(ms_context *context, const float *values, size_t count,
                                          const char *what);

#endif
