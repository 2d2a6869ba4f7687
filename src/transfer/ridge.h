/* Ridge regression onto classes, with leave-one-out predictions in closed form. */
#ifndef MS_TRANSFER_RIDGE_H
#define MS_TRANSFER_RIDGE_H

#include "transfer/metric.h"

/*
 * Predictions of every row by ridge regressions that leave that row out, for several strengths.
 *
 * The features are standardised over all rows, constant columns dropped, and divided by the root of
 * the number of columns left, so that the mean squared length of a row is 1. Targets are one-hot;
 * the intercept is not penalised: ‖y - b - X w‖² + strength ‖w‖².
 *
 * strengths    [strength_count], each positive and finite
 * predictions  [strength_count][count][class_count]
 *
 * With H = 11ᵀ/N + X (XᵀX + strength I)⁻¹ Xᵀ the prediction that leaves row i out is
 * y_i - (y_i - (H y)_i) / (1 - H_ii), exactly (Allen 1974; Golub, Heath and Wahba 1979).
 * With n = min(N, D) it costs N D n / 2 multiply-adds once, and n³ / 3 (N <= D) or
 * n³ / 6 + N n² / 2 a strength. All
 * features constant leave the intercept alone.
 */
MS_CHECK_RESULT ms_status ms_ridge_leave_one_out(ms_context *context, const ms_metric_data *data,
                                                 const double *strengths, size_t strength_count,
                                                 double *predictions);

/* The share of rows whose class has the largest prediction; one of k equal ones counts 1/k. */
double ms_prediction_accuracy(const ms_metric_data *data, const double *predictions);

#endif
