/*
 * Ridge regression onto classes: leave-one-out predictions from one factorisation of the smaller
 * Gram matrix per strength. It leaves choosing a strength to the caller.
 */
#include "transfer/ridge.h"

#include <math.h>
#include <string.h>

#include "transfer/metrics.h"

/* The problem after standardising. */
typedef struct ridge {
  const ms_metric_data *data;
  size_t width;     /* columns left */
  ms_matrix x;      /* [count][width] */
  bool by_rows;     /* whether gram is x xᵀ, else xᵀ x */
  size_t order;     /* min(count, width) */
  double *gram;     /* [order][order] */
  double *factor;   /* [order][order], of gram + strength I */
  double *y;        /* [count][class_count], one-hot, columns centred */
  double *residual; /* [count][class_count], of the fit to all rows */
  double *slack;    /* [count], 1 - H_ii */
  double *work;     /* the larger of [order or count][order] and [class_count][order] */
} ridge;

static ms_status prepare(ms_context *context, const ms_metric_data *data, ridge *r) {
  double *x = NULL;
  *r = (ridge){.data = data};
  MS_TRY(ms_metric_load(context, data->features, data->count * data->dimension, &x));
  MS_TRY(ms_standardise_columns(context, x, data->count, data->dimension, &r->width, NULL));
  double scale = r->width > 0 ? 1 / sqrt((double)r->width) : 0;
  for (size_t i = 0; i < data->count * r->width; i++) {
    x[i] *= scale;
  }
  r->x = ms_matrix_make(x, data->count, r->width);
  r->by_rows = data->count <= r->width;
  ms_matrix side = ms_thin_side(x, data->count, r->width);
  r->order = side.rows;
  MS_TRY(MS_SCRATCH(context, r->order * r->order, &r->gram));
  MS_TRY(MS_SCRATCH(context, r->order * r->order, &r->factor));
  MS_TRY(MS_SCRATCH(context, (data->count + data->class_count) * r->order, &r->work));
  MS_TRY(MS_SCRATCH(context, data->count * data->class_count, &r->residual));
  MS_TRY(MS_SCRATCH(context, data->count, &r->slack));
  MS_TRY(ms_one_hot(context, data, &r->y));
  ms_center_columns(r->y, data->count, data->class_count);
  ms_gram(side, r->gram);
  return MS_OK;
}

/* With A = x xᵀ + strength I: residual = strength A⁻¹ y and 1 - H_ii = strength (A⁻¹)_ii - 1/N. */
static void fit_by_rows(const ridge *r, double strength) {
  size_t n = r->order;
  size_t classes = r->data->class_count;
  double *right = r->work;               /* [classes][n] */
  double *inverse = right + classes * n; /* [n][n], L⁻ᵀ */
  ms_matrix y = ms_matrix_make(r->y, n, classes);
  for (size_t c = 0; c < classes; c++) {
    for (size_t i = 0; i < n; i++) {
      right[c * n + i] = y.values[i * classes + c];
    }
  }
  ms_solve_lower(r->factor, n, right, classes);
  ms_solve_upper(r->factor, n, right, classes);
  ms_invert_lower(r->factor, n, inverse);
  for (size_t i = 0; i < n; i++) {
    for (size_t c = 0; c < classes; c++) {
      r->residual[i * classes + c] = strength * right[c * n + i];
    }
    double diagonal = ms_dot(inverse + i * n + i, inverse + i * n + i, n - i);
    r->slack[i] = strength * diagonal - 1 / (double)n;
  }
}

/* With A = xᵀ x + strength I: residual = y - x A⁻¹ xᵀ y and H_ii = 1/N + ‖L⁻¹ x_i‖². */
static void fit_by_columns(const ridge *r, double strength) {
  (void)strength;
  size_t n = r->order;
  size_t count = r->data->count;
  size_t classes = r->data->class_count;
  double *weights = r->work;              /* [classes][n] */
  double *solved = weights + classes * n; /* [count][n], row i holds L⁻¹ x_i */
  ms_matrix y = ms_matrix_make(r->y, count, classes);
  ms_matrix by_class = ms_matrix_make(weights, classes, n);
  ms_multiply(ms_matrix_transposed(y), r->x, by_class);
  ms_solve_lower(r->factor, n, weights, classes);
  ms_solve_upper(r->factor, n, weights, classes);
  memcpy(r->residual, r->y, count * classes * sizeof *r->y);
  ms_multiply_add(r->x, ms_matrix_transposed(by_class), -1,
                  ms_matrix_make(r->residual, count, classes));
  memcpy(solved, r->x.values, count * n * sizeof *solved);
  ms_solve_lower(r->factor, n, solved, count);
  for (size_t i = 0; i < count; i++) {
    r->slack[i] = 1 - 1 / (double)count - ms_dot(solved + i * n, solved + i * n, n);
  }
}

/* predictions [count][class_count] at one strength */
static ms_status predict(ms_context *context, const ridge *r, double strength,
                         double *predictions) {
  MS_TRY(ms_metric_check_positive(context, "ridge strength", strength));
  memcpy(r->factor, r->gram, r->order * r->order * sizeof *r->gram);
  for (size_t i = 0; i < r->order; i++) {
    r->factor[i * r->order + i] += strength;
  }
  if (!ms_cholesky(r->factor, r->order)) {
    return ms_fail(context, MS_ERR_DATA, "ridge strength %g is too small for these features",
                   strength);
  }
  (r->by_rows ? fit_by_rows : fit_by_columns)(r, strength);
  const ms_metric_data *data = r->data;
  for (size_t i = 0; i < data->count; i++) {
    for (size_t c = 0; c < data->class_count; c++) {
      size_t at = i * data->class_count + c;
      double target = data->labels[i] == c ? 1 : 0;
      predictions[at] = target - r->residual[at] / r->slack[i];
    }
  }
  return MS_OK;
}

ms_status ms_ridge_leave_one_out(ms_context *context, const ms_metric_data *data,
                                 const double *strengths, size_t strength_count,
                                 double *predictions) {
  ridge r;
  MS_TRY(prepare(context, data, &r));
  for (size_t s = 0; s < strength_count; s++) {
    MS_TRY(predict(context, &r, strengths[s], predictions + s * data->count * data->class_count));
  }
  return MS_OK;
}

double ms_prediction_accuracy(const ms_metric_data *data, const double *predictions) {
  double right = 0;
  for (size_t i = 0; i < data->count; i++) {
    const double *row = predictions + i * data->class_count;
    double own = row[data->labels[i]];
    size_t larger = 0;
    size_t equal = 0;
    for (size_t c = 0; c < data->class_count; c++) {
      larger += row[c] > own;
      equal += row[c] == own;
    }
    right += larger == 0 ? 1 / (double)equal : 0;
  }
  return right / (double)data->count;
}

ms_status ms_metric_ridge_of(ms_context *context, const ms_metric_data *data, const void *options,
                             double *value) {
  double strength = options != NULL ? *(const double *)options : 1;
  double *predictions = NULL; /* [count][class_count] */
  MS_TRY(MS_SCRATCH(context, data->count * data->class_count, &predictions));
  MS_TRY(ms_ridge_leave_one_out(context, data, &strength, 1, predictions));
  *value = ms_prediction_accuracy(data, predictions);
  return MS_OK;
}

ms_status ms_metric_ridge(ms_context *context, const float *features, size_t count,
                          size_t dimension, const uint32_t *labels, size_t class_count,
                          double strength, double *value) {
  return ms_metric_run(context, features, count, dimension, labels, class_count, ms_metric_ridge_of,
                       &strength, value);
}
