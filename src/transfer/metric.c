/*
 * The frame of the metrics: checks what comes from outside, leaves out empty classes, and prepares
 * features and labels in double precision. What a metric means is in the metric's own file.
 */
#include "transfer/metric.h"

#include <math.h>
#include <string.h>

/* Keeps N D, N² and D² doubles below what wasm can address, and counts exact in double. */
enum { MAX_COUNT = 1 << 20, MAX_DIMENSION = 65536, MAX_CLASSES = 65536 };

ms_status ms_metric_check_features(ms_context *context, const float *features, size_t count,
                                   size_t dimension) {
  if (features == NULL || count < 1 || count > MAX_COUNT || dimension < 1 ||
      dimension > MAX_DIMENSION) {
    return ms_fail(context, MS_ERR_ARGUMENT,
                   "%s of shape [%zu][%zu], possible are 1 to %d rows of 1 to %d values",
                   features == NULL ? "NULL features" : "features", count, dimension, MAX_COUNT,
                   MAX_DIMENSION);
  }
  for (size_t i = 0; i < count; i++) {
    for (size_t j = 0; j < dimension; j++) {
      if (!isfinite(features[i * dimension + j])) {
        return ms_fail(context, MS_ERR_DATA, "feature %zu of row %zu is %g", j, i,
                       (double)features[i * dimension + j]);
      }
    }
  }
  return MS_OK;
}

/* Numbers the classes that have a row, in their order, into data. */
static ms_status compact_labels(ms_context *context, const uint32_t *labels, size_t class_count,
                                ms_metric_data *data) {
  if (labels == NULL || class_count < 1 || class_count > MAX_CLASSES) {
    return ms_fail(context, MS_ERR_ARGUMENT, "%s of %zu classes, 1 to %d are possible",
                   labels == NULL ? "NULL labels" : "labels", class_count, MAX_CLASSES);
  }
  uint32_t *compact = NULL; /* [count] */
  uint32_t *number = NULL;  /* [class_count] */
  size_t *sizes = NULL;     /* [class_count], first of all classes, then of those with a row */
  MS_TRY(MS_SCRATCH(context, data->count, &compact));
  MS_TRY(MS_SCRATCH(context, class_count, &number));
  MS_TRY(MS_SCRATCH(context, class_count, &sizes));
  memset(sizes, 0, class_count * sizeof *sizes);
  for (size_t i = 0; i < data->count; i++) {
    if (labels[i] >= class_count) {
      return ms_fail(context, MS_ERR_ARGUMENT, "label %lu of row %zu, with %zu classes",
                     (unsigned long)labels[i], i, class_count);
    }
    sizes[labels[i]]++;
  }
  size_t present = 0;
  for (size_t c = 0; c < class_count; c++) {
    number[c] = (uint32_t)present;
    if (sizes[c] > 0) {
      sizes[present++] = sizes[c];
    }
  }
  for (size_t i = 0; i < data->count; i++) {
    compact[i] = number[labels[i]];
  }
  if (present < 2) {
    return ms_fail(context, MS_ERR_DATA, "all %zu rows have one class, a metric needs two",
                   data->count);
  }
  data->labels = compact;
  data->class_count = present;
  data->class_sizes = sizes;
  return MS_OK;
}

ms_status ms_metric_check(ms_context *context, const float *features, size_t count,
                          size_t dimension, const uint32_t *labels, size_t class_count,
                          ms_metric_data *data) {
  MS_TRY(ms_metric_check_features(context, features, count, dimension));
  *data = (ms_metric_data){.features = features, .count = count, .dimension = dimension};
  return compact_labels(context, labels, class_count, data);
}

ms_status ms_metric_check_result(ms_context *context, double result) {
  if (!isfinite(result)) {
    return ms_fail(context, MS_ERR_DATA, "the features span too wide a range for this metric");
  }
  return MS_OK;
}

ms_status ms_metric_check_positive(ms_context *context, const char *name, double option) {
  if (!(option > 0) || !isfinite(option)) {
    return ms_fail(context, MS_ERR_ARGUMENT, "%s %g, a positive number is needed", name, option);
  }
  return MS_OK;
}

static ms_status run(ms_context *context, const float *features, size_t count, size_t dimension,
                     const uint32_t *labels, size_t class_count, ms_metric_function *function,
                     const void *options, double *value) {
  ms_metric_data data;
  double result = 0;
  MS_TRY(ms_metric_check(context, features, count, dimension, labels, class_count, &data));
  MS_TRY(function(context, &data, options, &result));
  MS_TRY(ms_metric_check_result(context, result));
  *value = result;
  return MS_OK;
}

ms_status ms_metric_run(ms_context *context, const float *features, size_t count, size_t dimension,
                        const uint32_t *labels, size_t class_count, ms_metric_function *function,
                        const void *options, double *value) {
  ms_arena_mark mark = ms_arena_get_mark(context);
  ms_status status =
      run(context, features, count, dimension, labels, class_count, function, options, value);
  ms_arena_drop(context, mark);
  return status;
}

ms_status ms_metric_load(ms_context *context, const float *values, size_t count, double **x) {
  MS_TRY(MS_SCRATCH(context, count, x));
  for (size_t i = 0; i < count; i++) {
    (*x)[i] = values[i];
  }
  return MS_OK;
}

/* Columns are handled in groups, so that memory is read row by row. */
enum { GROUP = 64 };

/* means[k] and the largest magnitudes of columns first … first + width - 1 */
static void measure_columns(const double *x, size_t count, size_t dimension, size_t first,
                            size_t width, double *means, double *largest) {
  for (size_t k = 0; k < width; k++) {
    means[k] = 0;
    largest[k] = 0;
  }
  for (size_t i = 0; i < count; i++) {
    const double *row = x + i * dimension + first;
    for (size_t k = 0; k < width; k++) {
      means[k] += row[k];
      largest[k] = fmax(largest[k], fabs(row[k]));
    }
  }
  for (size_t k = 0; k < width; k++) {
    means[k] /= (double)count;
  }
}

void ms_center_columns(double *x, size_t count, size_t dimension) {
  double means[GROUP];
  double largest[GROUP];
  for (size_t first = 0; first < dimension; first += GROUP) {
    size_t width = dimension - first < GROUP ? dimension - first : GROUP;
    measure_columns(x, count, dimension, first, width, means, largest);
    for (size_t i = 0; i < count; i++) {
      double *row = x + i * dimension + first;
      for (size_t k = 0; k < width; k++) {
        row[k] -= means[k];
      }
    }
  }
}

/* scales[j] = 1 / deviation of the centred column j, 0 where it counts as constant. */
static size_t find_scales(const double *x, size_t count, size_t dimension, const double *largest,
                          double *scales) {
  size_t kept = 0;
  memset(scales, 0, dimension * sizeof *scales);
  for (size_t i = 0; i < count; i++) {
    for (size_t j = 0; j < dimension; j++) {
      double value = x[i * dimension + j];
      scales[j] += value * value;
    }
  }
  for (size_t j = 0; j < dimension; j++) {
    double deviation = sqrt(scales[j] / (double)count);
    bool varies = deviation > 1e-6 * largest[j];
    scales[j] = varies ? 1 / deviation : 0;
    kept += varies;
  }
  return kept;
}

ms_status ms_standardise_columns(ms_context *context, double *x, size_t count, size_t dimension,
                                 size_t *kept_count, double **factors) {
  double *largest = NULL; /* [dimension] */
  double *scales = NULL;  /* [dimension] */
  MS_TRY(MS_SCRATCH(context, dimension, &scales));
  MS_TRY(MS_SCRATCH(context, dimension, &largest));
  double means[GROUP];
  for (size_t first = 0; first < dimension; first += GROUP) {
    size_t width = dimension - first < GROUP ? dimension - first : GROUP;
    measure_columns(x, count, dimension, first, width, means, largest + first);
  }
  ms_center_columns(x, count, dimension);
  *kept_count = find_scales(x, count, dimension, largest, scales);
  double *to = x;
  for (size_t i = 0; i < count; i++) {
    for (size_t j = 0; j < dimension; j++) {
      if (scales[j] > 0) {
        *to++ = x[i * dimension + j] * scales[j];
      }
    }
  }
  if (factors != NULL) {
    *factors = scales;
  }
  return MS_OK;
}

ms_status ms_one_hot(ms_context *context, const ms_metric_data *data, double **y) {
  MS_TRY(MS_SCRATCH(context, data->count * data->class_count, y));
  memset(*y, 0, data->count * data->class_count * sizeof **y);
  for (size_t i = 0; i < data->count; i++) {
    (*y)[i * data->class_count + data->labels[i]] = 1;
  }
  return MS_OK;
}

void ms_class_means(const ms_metric_data *data, const double *x, size_t width, double *means) {
  memset(means, 0, data->class_count * width * sizeof *means);
  for (size_t i = 0; i < data->count; i++) {
    double *mean = means + data->labels[i] * width;
    for (size_t j = 0; j < width; j++) {
      mean[j] += x[i * width + j];
    }
  }
  for (size_t c = 0; c < data->class_count; c++) {
    for (size_t j = 0; j < width; j++) {
      means[c * width + j] /= (double)data->class_sizes[c];
    }
  }
}

static ms_status load_centered(ms_context *context, const ms_metric_data *data, double **x) {
  MS_TRY(ms_metric_load(context, data->features, data->count * data->dimension, x));
  ms_center_columns(*x, data->count, data->dimension);
  return MS_OK;
}

/* The Gram matrix of x's smaller side: made, or copied from what is shared. */
static ms_status make_gram(ms_context *context, const ms_metric_data *data, double *x,
                           double **gram) {
  ms_matrix side = ms_thin_side(x, data->count, data->dimension);
  size_t size = side.rows * side.rows;
  MS_TRY(MS_SCRATCH(context, size, gram));
  if (data->shared != NULL) {
    memcpy(*gram, data->shared->gram, size * sizeof **gram);
  } else {
    ms_gram(side, *gram);
  }
  return MS_OK;
}

ms_status ms_metric_gram(ms_context *context, const ms_metric_data *data, double **x,
                         double **gram) {
  if (data->shared != NULL) {
    *x = data->shared->x;
  } else {
    MS_TRY(load_centered(context, data, x));
  }
  return make_gram(context, data, *x, gram);
}

/* The first of all principal coordinates. */
static ms_status copy_principal(ms_context *context, const ms_principal *all, double share,
                                size_t limit, ms_principal *p) {
  double total = 0;
  double sum = 0;
  for (size_t j = 0; j < all->width; j++) {
    total += all->variances[j];
  }
  *p = (ms_principal){.count = all->count, .variances = all->variances};
  while (p->width < all->width && p->width < limit && (share >= 1 || sum < share * total)) {
    sum += all->variances[p->width++];
  }
  MS_TRY(MS_SCRATCH(context, p->count * p->width, &p->coordinates));
  for (size_t i = 0; i < p->count; i++) {
    memcpy(p->coordinates + i * p->width, all->coordinates + i * all->width,
           p->width * sizeof *p->coordinates);
  }
  return MS_OK;
}

ms_status ms_metric_principal(ms_context *context, const ms_metric_data *data, double share,
                              size_t limit, ms_principal *principal) {
  if (data->shared != NULL) {
    return copy_principal(context, &data->shared->principal, share, limit, principal);
  }
  double *x = NULL; /* [count][dimension] */
  MS_TRY(load_centered(context, data, &x));
  return ms_principal_make(context, x, data->count, data->dimension, NULL, share, limit, principal);
}

ms_status ms_metric_share(ms_context *context, const ms_metric_data *data,
                          ms_metric_shared *shared) {
  double *gram = NULL; /* [n][n], which the eigenvectors destroy */
  ms_metric_data view = *data;
  MS_TRY(ms_metric_gram(context, data, &shared->x, &shared->gram));
  view.shared = shared;
  MS_TRY(make_gram(context, &view, shared->x, &gram));
  return ms_principal_make(context, shared->x, data->count, data->dimension, gram, 1,
                           data->dimension, &shared->principal);
}

ms_matrix ms_thin_side(double *x, size_t count, size_t dimension) {
  ms_matrix matrix = ms_matrix_make(x, count, dimension);
  return count <= dimension ? matrix : ms_matrix_transposed(matrix);
}
