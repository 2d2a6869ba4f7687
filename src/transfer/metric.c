/*
 * The frame of the metrics: checks what comes from outside, leaves out empty classes, and prepares
 * features and labels in double precision. What a metric means is in the metric's own file.
 */
#include "transfer/metric.h"

#include <math.h>
#include <string.h>

#include "core/exact.h"

/* Keeps N D, N² and D² doubles below what wasm can address, and counts exact in double. */
enum { MAX_COUNT = 1 << 20, MAX_DIMENSION = 65536, MAX_CLASSES = 65536 };

ms_status ms_metric_check_features(ms_context *context, const float *features, size_t count,
                                   size_t dimension) {
  if (features == NULL || count < 1 || count > MAX_COUNT || dimension < 1 ||
      dimension > MAX_DIMENSION) {
    return ms_fail(context, MS_ERR_ARGUMENT,
                   "features of shape [%zu][%zu] are NULL or not 1 to %d rows of 1 to %d values",
                   count, dimension, MAX_COUNT, MAX_DIMENSION);
  }
  for (size_t i = 0; i < count * dimension; i++) {
    if (!(fabsf(features[i]) < INFINITY)) {
      return ms_fail(context, MS_ERR_DATA, "feature %zu of row %zu is %g", i % dimension,
                     i / dimension, (double)features[i]);
    }
  }
  return MS_OK;
}

ms_status ms_metric_check_labels(ms_context *context, const uint32_t *labels, size_t count,
                                 size_t class_count, size_t most_classes) {
  if (labels == NULL || class_count > most_classes) {
    return ms_fail(context, MS_ERR_ARGUMENT, "labels are NULL or of %zu classes, at most %zu",
                   class_count, most_classes);
  }
  for (size_t i = 0; i < count; i++) {
    if (labels[i] >= class_count) {
      return ms_fail(context, MS_ERR_ARGUMENT, "label %lu of row %zu, with %zu classes",
                     (unsigned long)labels[i], i, class_count);
    }
  }
  return MS_OK;
}

/* Numbers the classes that have a row, in their order, into data. */
static ms_status compact_labels(ms_context *context, const uint32_t *labels, size_t class_count,
                                ms_metric_data *data) {
  uint32_t *compact = NULL; /* [count] */
  uint32_t *number = NULL;  /* [class_count] */
  size_t *sizes = NULL;     /* [class_count], first of all classes, then of those with a row */
  MS_TRY(ms_metric_check_labels(context, labels, data->count, class_count, MAX_CLASSES));
  MS_TRY(MS_SCRATCH(context, data->count, &compact));
  MS_TRY(MS_SCRATCH(context, class_count, &number));
  MS_TRY(MS_SCRATCH(context, class_count, &sizes));
  memset(sizes, 0, class_count * sizeof *sizes);
  for (size_t i = 0; i < data->count; i++) {
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
  if (!(fabs(result) < INFINITY)) {
    return ms_fail(context, MS_ERR_DATA, "the features span too wide a range for this metric");
  }
  return MS_OK;
}

ms_status ms_metric_check_positive(ms_context *context, const char *name, double option) {
  if (!(option > 0 && option < INFINITY)) {
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

void ms_widen(const float *values, size_t count, double *x) {
  for (size_t i = 0; i < count; i++) {
    x[i] = values[i];
  }
}

void ms_add(const double *x, size_t count, double *sums) {
  for (size_t i = 0; i < count; i++) {
    sums[i] += x[i];
  }
}

double *ms_metric_copy(ms_context *context, const float *values, size_t count) {
  double *x = ms_arena_take(context, count, sizeof *x);
  if (x != NULL) {
    ms_widen(values, count, x);
  }
  return x;
}

double *ms_metric_features(ms_context *context, const ms_metric_data *data) {
  return ms_metric_copy(context, data->features, data->count * data->dimension);
}

double *ms_metric_centered(ms_context *context, const ms_metric_data *data) {
  double *x = ms_metric_features(context, data);
  if (x != NULL) {
    ms_center_columns(x, data->count, data->dimension);
  }
  return x;
}

/* Columns are handled in groups, so that memory is read row by row. */
enum { GROUP = 64 };

void ms_center_columns(double *x, size_t count, size_t dimension) {
  for (size_t first = 0; first < dimension; first += GROUP) {
    double means[GROUP] = {0};
    size_t width = dimension - first < GROUP ? dimension - first : GROUP;
    for (size_t i = 0; i < count; i++) {
      ms_add(x + i * dimension + first, width, means);
    }
    for (size_t k = 0; k < width; k++) {
      means[k] /= (double)count;
    }
    for (size_t i = 0; i < count; i++) {
      for (size_t k = 0; k < width; k++) {
        x[i * dimension + first + k] -= means[k];
      }
    }
  }
}

ms_status ms_standardise_columns(ms_context *context, double *x, size_t count, size_t dimension,
                                 size_t *kept_count, double **factors) {
  double *scales = NULL; /* [dimension] */
  MS_TRY(MS_SCRATCH(context, 2 * dimension, &scales));
  double *largest = scales + dimension; /* [dimension], magnitudes */
  memset(scales, 0, 2 * dimension * sizeof *scales);
  for (size_t i = 0; i < count; i++) {
    for (size_t j = 0; j < dimension; j++) {
      largest[j] = fmax(largest[j], fabs(x[i * dimension + j]));
    }
  }
  ms_center_columns(x, count, dimension);
  for (size_t i = 0; i < count; i++) {
    for (size_t j = 0; j < dimension; j++) {
      double value = x[i * dimension + j];
      scales[j] += value * value;
    }
  }
  size_t kept = 0;
  for (size_t j = 0; j < dimension; j++) {
    double deviation = sqrt(scales[j] / (double)count);
    bool varies = deviation > 1e-6 * largest[j];
    scales[j] = varies ? 1 / deviation : 0;
    kept += varies;
  }
  *kept_count = kept;
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

double *ms_metric_one_hot(ms_context *context, const ms_metric_data *data) {
  double *y = ms_arena_take(context, data->count, data->class_count * sizeof *y);
  if (y != NULL) {
    memset(y, 0, data->count * data->class_count * sizeof *y);
    for (size_t i = 0; i < data->count; i++) {
      y[i * data->class_count + data->labels[i]] = 1;
    }
  }
  return y;
}

double *ms_class_means(ms_context *context, const ms_metric_data *data, const double *x,
                       size_t width) {
  size_t size = data->class_count * width;
  double *means = ms_arena_take(context, size, sizeof *means);
  if (means != NULL) {
    memset(means, 0, size * sizeof *means);
    for (size_t i = 0; i < data->count; i++) {
      ms_add(x + i * width, width, means + data->labels[i] * width);
    }
    for (size_t i = 0; i < size; i++) {
      means[i] /= (double)data->class_sizes[i / width];
    }
  }
  return means;
}

size_t ms_metric_order(const ms_metric_data *data) {
  return data->count < data->dimension ? data->count : data->dimension;
}

double *ms_metric_x(ms_context *context, const ms_metric_data *data) {
  return data->shared != NULL ? data->shared->x : ms_metric_centered(context, data);
}

double *ms_metric_gram(ms_context *context, const ms_metric_data *data, double *x) {
  size_t order = ms_metric_order(data);
  double *gram = ms_arena_take(context, order * order, sizeof *gram);
  if (gram != NULL && data->shared != NULL) {
    memcpy(gram, data->shared->gram, order * order * sizeof *gram);
  } else if (gram != NULL) {
    ms_thin_gram(x, data->count, data->dimension, gram);
  }
  return gram;
}

/* The first of all principal coordinates. */
static ms_status copy_principal(ms_context *context, const ms_principal *all, double share,
                                size_t limit, ms_principal *p) {
  double total = 0;
  double sum = 0;
  for (size_t j = 0; j < all->width; j++) {
    total += all->variances[j];
  }
  size_t width = 0;
  while (width < all->width && width < limit && (share >= 1 || sum < share * total)) {
    sum += all->variances[width++];
  }
  double *coordinates = NULL; /* [count][width] */
  MS_TRY(MS_SCRATCH(context, all->count * width, &coordinates));
  for (size_t i = 0; i < all->count; i++) {
    memcpy(coordinates + i * width, all->coordinates + i * all->width, width * sizeof *coordinates);
  }
  *p = (ms_principal){all->count, width, coordinates, all->variances};
  return MS_OK;
}

ms_status ms_metric_principal(ms_context *context, const ms_metric_data *data, double share,
                              size_t limit, ms_principal *principal) {
  if (data->shared != NULL) {
    return copy_principal(context, &data->shared->principal, share, limit, principal);
  }
  double *x = ms_metric_centered(context, data);
  MS_TRY(MS_HAS_MEMORY(x));
  return ms_principal_make(context, x, data->count, data->dimension, NULL, share, limit, principal);
}

ms_status ms_metric_share(ms_context *context, ms_metric_data *data, ms_metric_shared *shared) {
  double *x = ms_metric_x(context, data);
  MS_TRY(MS_HAS_MEMORY(x));
  shared->x = x;
  MS_TRY(MS_HAS_MEMORY(shared->gram = ms_metric_gram(context, data, x)));
  data->shared = shared;
  double *gram = ms_metric_gram(context, data, x); /* a copy, which the eigenvectors destroy */
  MS_TRY(MS_HAS_MEMORY(gram));
  return ms_principal_make(context, x, data->count, data->dimension, gram, 1, data->dimension,
                           &shared->principal);
}

ms_matrix ms_thin_side(double *x, size_t count, size_t dimension) {
  bool thin = count <= dimension;
  return (ms_matrix){x, thin ? count : dimension, thin ? dimension : count, thin ? dimension : 1,
                     thin ? 1 : dimension};
}

void ms_thin_gram(double *x, size_t count, size_t dimension, double *gram) {
  ms_matrix side = ms_thin_side(x, count, dimension);
  ms_gram_at(&side, gram);
}

void ms_square_rows(const double *x, size_t count, size_t width, double *squares) {
  for (size_t i = 0; i < count; i++) {
    squares[i] = ms_dot(x + i * width, x + i * width, width);
  }
}
