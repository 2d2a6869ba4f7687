/*
 * Multinomial logistic regression with an L2 penalty on the weights and a free intercept:
 *
 *   minimise  sum over rows of -log softmax(x W + b)[label]  +  strength / 2 ‖W‖²
 *
 * by L-BFGS in coordinates that the caller scales so that the curvature is about 1 in all of them.
 */
#ifndef MS_TRANSFER_LOGISTIC_H
#define MS_TRANSFER_LOGISTIC_H

#include "core/context.h"

/* The rows to fit. The intercept is a column of the map whose penalty is 0. */
typedef struct ms_logistic {
  size_t count;
  size_t class_count;
  const uint32_t *labels; /* [count] */
  size_t width;           /* coordinates of a class */
  const float *map;       /* [count][width], logits = map coordinates */
  const float *penalty;   /* [width], of the squares of a coordinate, halved */
} ms_logistic;

/*
 * Minimises until a further step promises less than tolerance nats a row, or for step_limit steps.
 *
 * coordinates  [width][class_count]
 * fitted       [count][class_count], the logits
 */
MS_CHECK_RESULT ms_status ms_logistic_fit(ms_context *context, const ms_logistic *problem,
                                          double tolerance, size_t step_limit, float *coordinates,
                                          float *fitted);

#endif
