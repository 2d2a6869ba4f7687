/*
 * The linear probe: logistic regression on frozen features, trained on some rows and tested on
 * others. Features are prepared once; thousands of splits may follow.
 */
#ifndef MS_TRANSFER_PROBE_H
#define MS_TRANSFER_PROBE_H

#include "core/random.h"
#include "transfer/metric.h"
#include "transfer/principal.h"

/*
 * Features standardised over all rows, constant columns dropped, divided by the root of the number
 * of columns left, and turned to their principal coordinates: what a linear head can read of them.
 */
typedef struct ms_probe {
  ms_metric_data data;
  ms_principal principal;
  double *factors;  /* [dimension], of the centred features; 0 for columns that were dropped */
  double tolerance; /* a fit stops where a step promises less, in nats a row */
} ms_probe;

/* Rows to train on and rows to test on, by their numbers. */
typedef struct ms_probe_split {
  size_t *train;
  size_t train_count;
  size_t *test;
  size_t test_count;
} ms_probe_split;

/*
 * Prepares features, in scratch memory; data stays in use. The tolerance is 1e-7, far below what
 * moves an accuracy. Costs N D n / 2 and about 5/2 n³, with
 * n = min(N, D).
 */
MS_CHECK_RESULT ms_status ms_probe_prepare(ms_context *context, const ms_metric_data *data,
                                           ms_probe *probe);

/*
 * Trains with one strength of the penalty and tests.
 *
 * strength  positive: the objective is the sum of log losses + strength / 2 ‖W‖²
 * accuracy  the share of test rows whose class has the largest logit, one of k equal ones is 1/k
 * loss      the mean log loss of the test rows, in nats
 *
 * Neither list of rows may be empty. Costs 2 rows width C a step in float, and 10 to 100 steps.
 * Keeps no scratch memory.
 */
MS_CHECK_RESULT ms_status ms_probe_test(ms_context *context, const ms_probe *probe,
                                        const ms_probe_split *split, double strength,
                                        double *accuracy, double *loss);

/*
 * The strength of 0.001, 0.01, 0.1, 1 and 10 with the best accuracy over three stratified folds of
 * the training rows, of equal ones that with the smallest log loss. Never looks at other rows. The
 * folds follow the order of the rows. With fewer than three rows it is 1.
 */
MS_CHECK_RESULT ms_status ms_probe_choose(ms_context *context, const ms_probe *probe,
                                          const ms_probe_split *split, double *strength);

/*
 * A random split, stratified: of every class the nearest whole number to fraction of its rows is
 * trained on, at least one, and at least one is tested where the class has two. In scratch memory.
 * Fails with MS_ERR_DATA if no row is left to test.
 */
MS_CHECK_RESULT ms_status ms_probe_split_make(ms_context *context, const ms_metric_data *data,
                                              double fraction, ms_random *random,
                                              ms_probe_split *split);

#endif
