/*
 * Ridge regression onto classes: leave-one-out predictions from one factorisation of the smaller
 * Gram matrix. It leaves choosing a strength to the caller.
 */
#include "transfer/ridge.h"

#include <math.h>
#include <string.h>

#include "transfer/metrics.h"

/* The problem after standardising. */
typedef struct ridge {
  const ms_metric_data *data;
  double strength;
  double *x; /* [count][width] */
  size_t width;
  size_t order;     /* min(count, width) */
  double *factor;   /* [order][order], of x xᵀ or xᵀ x, + strength I */
  double *y;        /* [count][class_count], one-hot, columns centred */
  double *residual; /* [count][class_count], of the fit to all rows */
  double *slack;    /* [count], 1 - H_ii */
  double *work;     /* [count + class_count][order] */
} ridge;

ms_status ms_ridge_features(ms_context *context, const ms_metric_data *data, double **x,
                            size_t *width, double **factors) {
  MS_TRY(ms_metric_load(context, data->features, data->count * data->dimension, x));
  MS_TRY(ms_standardise_columns(context, *x, data->count, data->dimension, width, factors));
  double scale = *width > 0 ? 1 / sqrt((double)*width) : 0;
  ms_scale(*x, scale, data->count * *width);
  ms_scale(*factors, scale, data->dimension);
  return MS_OK;
}

/* With A = x xᵀ + strength I: residual = strength A⁻¹ y and 1 - H_ii = strength (A⁻¹)_ii - 1/N. */
static void fit_by_rows(const ridge *r) {
  size_t n = r->order;
  size_t classes = r->data->class_count;
  double *right = r->work;               /* [classes][n] */
  double *inverse = right + classes * n; /* [n][n], L⁻ᵀ */
  for (size_t c = 0; c < classes; c++) {
    for (size_t i = 0; i < n; i++) {
      right[c * n + i] = r->y[i * classes + c];
    }
  }
  ms_solve(r->factor, n, right, classes);
  ms_invert_lower(r->factor, n, inverse);
  for (size_t i = 0; i < n; i++) {
    for (size_t c = 0; c < classes; c++) {
      r->residual[i * classes + c] = r->strength * right[c * n + i];
    }
    double diagonal = ms_dot(inverse + i * n + i, inverse + i * n + i, n - i);
    r->slack[i] = r->strength * diagonal - 1 / (double)n;
  }
}

/* With A = xᵀ x + strength I: residual = y - x A⁻¹ xᵀ y and H_ii = 1/N + ‖L⁻¹ x_i‖². */
static void fit_by_columns(const ridge *r) {
  size_t n = r->order;
  size_t count = r->data->count;
  size_t classes = r->data->class_count;
  double *weights = r->work;              /* [classes][n] */
  double *solved = weights + classes * n; /* [count][n], row i holds L⁻¹ x_i */
  ms_matrix residual = ms_matrix_make(r->residual, count, classes);
  ms_multiply_whole(r->y, r->x, classes, count, n, MS_TURNED_A, weights);
  ms_solve(r->factor, n, weights, classes);
  memcpy(r->residual, r->y, count * classes * sizeof *r->y);
  ms_multiply_add(ms_matrix_make(r->x, count, n),
                  ms_matrix_transposed(ms_matrix_make(weights, classes, n)), -1, residual);
  memcpy(solved, r->x, count * n * sizeof *solved);
  ms_solve_lower(r->factor, n, solved, count);
  for (size_t i = 0; i < count; i++) {
    r->slack[i] = 1 - 1 / (double)count - ms_dot(solved + i * n, solved + i * n, n);
  }
}

/* The factor, y, and room for the rest. */
static ms_status prepare(ms_context *context, ridge *r) {
  const ms_metric_data *data = r->data;
  double *factors = NULL; /* [dimension], not needed */
  MS_TRY(ms_ridge_features(context, data, &r->x, &r->width, &factors));
  ms_matrix side = ms_thin_side(r->x, data->count, r->width);
  r->order = side.rows;
  MS_TRY(MS_SCRATCH(context, r->order * r->order, &r->factor));
  MS_TRY(MS_SCRATCH(context, (data->count + data->class_count) * r->order, &r->work));
  MS_TRY(MS_SCRATCH(context, data->count, &r->slack));
  MS_TRY(ms_one_hot(context, data, &r->y));
  ms_center_columns(r->y, data->count, data->class_count);
  ms_gram_at(&side, r->factor);
  for (size_t i = 0; i < r->order; i++) {
    r->factor[i * r->order + i] += r->strength;
  }
  if (!ms_cholesky(r->factor, r->order)) {
    return ms_fail(context, MS_ERR_DATA, "ridge strength %g is too small for these features",
                   r->strength);
  }
  return MS_OK;
}

ms_status ms_ridge_leave_one_out(ms_context *context, const ms_metric_data *data, double strength,
                                 double *predictions) {
  ridge r = {.data = data, .strength = strength, .residual = predictions};
  MS_TRY(ms_metric_check_positive(context, "ridge strength", strength));
  MS_TRY(prepare(context, &r));
  if (data->count <= r.width) {
    fit_by_rows(&r);
  } else {
    fit_by_columns(&r);
  }
  for (size_t i = 0; i < data->count; i++) {
    for (size_t c = 0; c < data->class_count; c++) {
      double *value = &predictions[i * data->class_count + c];
      double target = data->labels[i] == c ? 1 : 0;
      *value = target - *value / r.slack[i];
    }
  }
  return MS_OK;
}

double ms_prediction_credit(const double *predictions, size_t class_count, uint32_t label) {
  size_t larger = 0;
  size_t equal = 0;
  for (size_t c = 0; c < class_count; c++) {
    larger += predictions[c] > predictions[label];
    equal += predictions[c] == predictions[label];
  }
  return larger == 0 ? 1 / (double)equal : 0;
}

/* The mean credit of all rows. */
static double prediction_accuracy(const ms_metric_data *data, const double *predictions) {
  double right = 0;
  for (size_t i = 0; i < data->count; i++) {
    right += ms_prediction_credit(predictions + i * data->class_count, data->class_count,
                                  data->labels[i]);
  }
  return right / (double)data->count;
}

ms_status ms_metric_ridge_of(ms_context *context, const ms_metric_data *data, const void *options,
                             double *value) {
  double strength = options != NULL ? *(const double *)options : 1;
  double *predictions = NULL; /* [count][class_count] */
  MS_TRY(MS_SCRATCH_MATRIX(context, data->count, data->class_count, &predictions));
  MS_TRY(ms_ridge_leave_one_out(context, data, strength, predictions));
  *value = prediction_accuracy(data, predictions);
  return MS_OK;
}

ms_status ms_metric_ridge(ms_context *context, const float *features, size_t count,
                          size_t dimension, const uint32_t *labels, size_t class_count,
                          double strength, double *value) {
  return ms_metric_run(context, features, count, dimension, labels, class_count, ms_metric_ridge_of,
                       &strength, value);
}
