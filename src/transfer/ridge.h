/* Ridge regression onto classes, with leave-one-out predictions in closed form. */
#ifndef MS_TRANSFER_RIDGE_H
#define MS_TRANSFER_RIDGE_H

#include "transfer/metric.h"

/*
 * Features standardised over all rows, constant columns dropped, and divided by the root of the
 * number of columns left, so that the mean squared length of a row is 1; in scratch memory.
 *
 * x        receives [count][*width]
 * factors  receives [dimension], what the centred features were multiplied by, 0 for those that
 *          were dropped
 */
MS_CHECK_RESULT ms_status ms_ridge_features(ms_context *context, const ms_metric_data *data,
                                            double **x, size_t *width, double **factors);

/*
 * Predictions of every row by ridge regressions that leave that row out.
 *
 * The features are those of ms_ridge_features. Targets are one-hot; the intercept is not penalised:
 * ‖y - b - X w‖² + strength ‖w‖².
 *
 * strength     positive and finite
 * predictions  [count][class_count]
 *
 * With H = 11ᵀ/N + X (XᵀX + strength I)⁻¹ Xᵀ the prediction that leaves row i out is
 * y_i - (y_i - (H y)_i) / (1 - H_ii), exactly (Allen 1974; Golub, Heath and Wahba 1979).
 * With n = min(N, D) it costs N D n / 2 multiply-adds, and n³ / 3 (N <= D) or n³ / 6 + N n² / 2.
 * All features constant leave the intercept alone.
 */
MS_CHECK_RESULT ms_status ms_ridge_leave_one_out(ms_context *context, const ms_metric_data *data,
                                                 double strength, double *predictions);

/* 1 for a row whose class has the largest prediction, 1/k for one of k equal ones, else 0. */
double ms_prediction_credit(const double *predictions, size_t class_count, uint32_t label);

#endif
