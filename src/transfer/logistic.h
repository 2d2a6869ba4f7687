/*
 * Multinomial logistic regression with an L2 penalty on the weights and a free intercept:
 *
 *   minimise  sum over rows of -log softmax(x W + b)[label]  +  strength / 2 ‖W‖²
 *
 * by L-BFGS in coordinates that the caller scales so that the curvature is about 1 in all of them.
 */
#ifndef MS_TRANSFER_LOGISTIC_H
#define MS_TRANSFER_LOGISTIC_H

#include "transfer/principal.h"

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

/* A linear head to train on principal coordinates. */
typedef struct ms_training {
  const ms_principal *principal;
  const uint32_t *labels; /* [principal->count] */
  const size_t *rows;     /* [count], the rows to train on; NULL for the first ones */
  size_t count;
  size_t class_count;
  double strength;  /* of the penalty on the weights of the coordinates */
  double tolerance; /* as for ms_logistic_fit */
  size_t step_limit;
  /* A variance has a curvature of itself × known / shared where the softmax knows nothing yet. */
  double known;
  double shared;
} ms_training;

/*
 * Trains a head, in scratch memory: logits = coordinates weights + intercepts.
 *
 * weights  receives [width + 1][class_count], the last row holds the intercepts
 * logits   receives [count][class_count], of the rows trained on
 */
MS_CHECK_RESULT ms_status ms_logistic_train(ms_context *context, const ms_training *training,
                                            double **weights, float **logits);

#endif
