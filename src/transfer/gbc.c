/*
 * Gaussian Bhattacharyya coefficient: how much the classes overlap, as Gaussians with diagonal
 * covariance on principal coordinates.
 */
#include <math.h>
#include <string.h>

#include "core/exact.h"
#include "transfer/metrics.h"
#include "transfer/principal.h"

enum { DEFAULT_LIMIT = 64 };

/* Classes as Gaussians; variances are at least this share of the coordinate's variance. */
static const double least_variance = 1e-6;

typedef struct gaussians {
  size_t width;
  double *means;     /* [classes][width] */
  double *variances; /* [classes][width] */
} gaussians;

static ms_status fit(ms_context *context, const ms_metric_data *data, const ms_principal *p,
                     gaussians *g) {
  size_t width = p->width;
  size_t size = data->class_count * width;
  g->width = width;
  MS_TRY(MS_HAS_MEMORY(g->means = ms_class_means(context, data, p->coordinates, width)));
  MS_TRY(MS_SCRATCH(context, size, &g->variances));
  memset(g->variances, 0, size * sizeof *g->variances);
  for (size_t i = 0; i < data->count; i++) {
    size_t at = data->labels[i] * width;
    for (size_t j = 0; j < width; j++) {
      double distance = p->coordinates[i * width + j] - g->means[at + j];
      g->variances[at + j] += distance * distance;
    }
  }
  for (size_t i = 0; i < size; i++) {
    g->variances[i] = fmax(g->variances[i] / (double)data->class_sizes[i / width],
                           least_variance * p->variances[i % width]);
  }
  return MS_OK;
}

/* exp of minus the Bhattacharyya distance of two classes */
static double overlap(const gaussians *g, size_t first, size_t second) {
  const double *means = g->means + first * g->width;
  const double *other_means = g->means + second * g->width;
  const double *variances = g->variances + first * g->width;
  const double *other_variances = g->variances + second * g->width;
  double distance = 0;
  for (size_t j = 0; j < g->width; j++) {
    double difference = means[j] - other_means[j];
    double mean = (variances[j] + other_variances[j]) / 2;
    distance += difference * difference / (8 * mean);
    distance += ms_log(mean / sqrt(variances[j] * other_variances[j])) / 2;
  }
  return ms_exp(-distance);
}

static ms_status gbc(ms_context *context, const ms_metric_data *data, size_t limit, double *value) {
  ms_principal principal;
  gaussians g;
  MS_TRY(ms_metric_principal(context, data, 1, limit, &principal));
  MS_TRY(fit(context, data, &principal, &g));
  double sum = 0;
  for (size_t c = 0; c < data->class_count; c++) {
    for (size_t other = 0; other < c; other++) {
      sum += 2 * overlap(&g, c, other);
    }
  }
  *value = -sum;
  return MS_OK;
}

ms_status ms_metric_gbc_of(ms_context *context, const ms_metric_data *data, const void *options,
                           double *value) {
  (void)options;
  return gbc(context, data, DEFAULT_LIMIT, value);
}

static ms_status gbc_with(ms_context *context, const ms_metric_data *data, const void *options,
                          double *value) {
  size_t limit = *(const size_t *)options;
  if (limit < 1) {
    return ms_fail(context, MS_ERR_ARGUMENT, "0 principal coordinates, at least 1 is needed");
  }
  return gbc(context, data, limit, value);
}

ms_status ms_metric_gbc(ms_context *context, const float *features, size_t count, size_t dimension,
                        const uint32_t *labels, size_t class_count, size_t coordinate_limit,
                        double *value) {
  return ms_metric_run(context, features, count, dimension, labels, class_count, gbc_with,
                       &coordinate_limit, value);
}
