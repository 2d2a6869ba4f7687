/*
 * H-Score and its regularised form: how much of the features' variance lies between the classes.
 * Both are computed on the smaller side of the centred features.
 */
#include <math.h>
#include <string.h>

#include "transfer/eigen.h"
#include "transfer/metrics.h"

/* Shrinkage below this is rounding, and would leave a singular matrix. */
static const double least_shrinkage = 1e-8;

static ms_status load_centered(ms_context *context, const ms_metric_data *data, double **x) {
  MS_TRY(ms_metric_load(context, data->features, data->count * data->dimension, x));
  ms_center_columns(*x, data->count, data->dimension);
  return MS_OK;
}

/*
 * With the singular value decomposition U S Vᵀ of the centred features, tr(cov(F)⁺ cov(E[F|y])) is
 * the squared length of Uᵀ B, where column c of B is the indicator of class c, of length 1.
 */
ms_status ms_metric_h_score_of(ms_context *context, const ms_metric_data *data, const void *options,
                               double *value) {
  (void)options;
  size_t classes = data->class_count;
  double *x = NULL;      /* [count][dimension] */
  double *b = NULL;      /* [count][classes] */
  double *gram = NULL;   /* [order][order] */
  double *values = NULL; /* [order] */
  double *seen = NULL;   /* [order][classes] */
  MS_TRY(load_centered(context, data, &x));
  MS_TRY(ms_one_hot(context, data, &b));
  for (size_t i = 0; i < data->count; i++) {
    b[i * classes + data->labels[i]] = 1 / sqrt((double)data->class_sizes[data->labels[i]]);
  }
  ms_matrix side = ms_thin_side(x, data->count, data->dimension);
  bool by_rows = data->count <= data->dimension;
  MS_TRY(MS_SCRATCH(context, side.rows * side.rows, &gram));
  MS_TRY(MS_SCRATCH(context, side.rows, &values));
  MS_TRY(MS_SCRATCH(context, side.rows * classes, &seen));
  ms_gram(side, gram);
  if (by_rows) {
    memcpy(seen, b, data->count * classes * sizeof *b);
  } else {
    ms_multiply(side, ms_matrix_make(b, data->count, classes),
                ms_matrix_make(seen, side.rows, classes));
  }
  MS_TRY(ms_eigen_project(context, gram, side.rows, values, seen, classes));
  double sum = 0;
  for (size_t i = 0; i < side.rows && values[i] > 1e-12 * values[0]; i++) {
    const double *row = seen + i * classes;
    sum += ms_dot(row, row, classes) / (by_rows ? 1 : values[i]);
  }
  *value = sum;
  return MS_OK;
}

/* What Ledoit and Wolf (2004) make of the covariance S: (1 - shrinkage) S + shrinkage mean I. */
typedef struct shrunk {
  double shrinkage;
  double mean; /* of the eigenvalues of S */
} shrunk;

/* From a Gram matrix of the centred features and the lengths of their rows. */
static shrunk find_shrinkage(const double *x, const double *gram, size_t order,
                             const ms_metric_data *data) {
  double count = (double)data->count;
  double dimension = (double)data->dimension;
  double trace = 0;
  double fourths = 0;
  for (size_t i = 0; i < data->count; i++) {
    const double *row = x + i * data->dimension;
    double square = ms_dot(row, row, data->dimension);
    trace += square / count;
    fourths += square * square / count;
  }
  double norm = ms_dot(gram, gram, order * order) / (count * count); /* ‖S‖² */
  double mean = trace / dimension;
  double spread = norm - dimension * mean * mean;        /* ‖S - mean I‖² */
  double noise = fmin((fourths - norm) / count, spread); /* expected ‖S - true covariance‖² */
  double shrinkage = noise > 0 ? noise / spread : 0;
  return (shrunk){fmax(shrinkage, least_shrinkage), mean};
}

/* tr of the class means' covariance through the factor of the shrunk one, by columns. */
static ms_status score_by_columns(ms_context *context, const ms_metric_data *data, const double *x,
                                  const double *factor, double *sum) {
  double *means = NULL; /* [classes][dimension] */
  MS_TRY(MS_SCRATCH(context, data->class_count * data->dimension, &means));
  ms_class_means(data, x, data->dimension, means);
  for (size_t c = 0; c < data->class_count; c++) {
    double scale = sqrt((double)data->class_sizes[c] / (double)data->count);
    for (size_t j = 0; j < data->dimension; j++) {
      means[c * data->dimension + j] *= scale;
    }
  }
  ms_solve_lower(factor, data->dimension, means, data->class_count);
  *sum = ms_dot(means, means, data->class_count * data->dimension);
  return MS_OK;
}

/* The same by rows: C - ridge Σ ‖L⁻¹ b‖² over the classes' indicators b of length 1. */
static ms_status score_by_rows(ms_context *context, const ms_metric_data *data,
                               const double *factor, double ridge, double *sum) {
  double *indicators = NULL; /* [classes][count] */
  MS_TRY(MS_SCRATCH(context, data->class_count * data->count, &indicators));
  memset(indicators, 0, data->class_count * data->count * sizeof *indicators);
  for (size_t i = 0; i < data->count; i++) {
    uint32_t label = data->labels[i];
    indicators[label * data->count + i] = 1 / sqrt((double)data->class_sizes[label]);
  }
  ms_solve_lower(factor, data->count, indicators, data->class_count);
  *sum = (double)data->class_count -
         ridge * ms_dot(indicators, indicators, data->class_count * data->count);
  return MS_OK;
}

ms_status ms_metric_regularised_h_score_of(ms_context *context, const ms_metric_data *data,
                                           const void *options, double *value) {
  (void)options;
  double *x = NULL;    /* [count][dimension] */
  double *gram = NULL; /* [order][order] */
  MS_TRY(load_centered(context, data, &x));
  ms_matrix side = ms_thin_side(x, data->count, data->dimension);
  size_t order = side.rows;
  MS_TRY(MS_SCRATCH(context, order * order, &gram));
  ms_gram(side, gram);
  shrunk s = find_shrinkage(x, gram, order, data);
  if (s.mean == 0) {
    *value = 0;
    return MS_OK;
  }
  double scale = (1 - s.shrinkage) / (double)data->count;
  double ridge = s.shrinkage * s.mean;
  for (size_t i = 0; i < order * order; i++) {
    gram[i] *= scale;
  }
  for (size_t i = 0; i < order; i++) {
    gram[i * order + i] += ridge;
  }
  if (!ms_cholesky(gram, order)) {
    return ms_fail(context, MS_ERR_DATA, "the features' covariance is singular");
  }
  double sum = 0;
  if (data->count <= data->dimension) {
    MS_TRY(score_by_rows(context, data, gram, ridge, &sum));
  } else {
    MS_TRY(score_by_columns(context, data, x, gram, &sum));
    sum *= 1 - s.shrinkage;
  }
  *value = sum;
  return MS_OK;
}

ms_status ms_metric_h_score(ms_context *context, const float *features, size_t count,
                            size_t dimension, const uint32_t *labels, size_t class_count,
                            double *value) {
  return ms_metric_run(context, features, count, dimension, labels, class_count,
                       ms_metric_h_score_of, NULL, value);
}

ms_status ms_metric_regularised_h_score(ms_context *context, const float *features, size_t count,
                                        size_t dimension, const uint32_t *labels,
                                        size_t class_count, double *value) {
  return ms_metric_run(context, features, count, dimension, labels, class_count,
                       ms_metric_regularised_h_score_of, NULL, value);
}
