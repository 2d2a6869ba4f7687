/*
 * H-Score and its regularised form: how much of the features' variance lies between the classes.
 * Both are sums over principal coordinates, where the covariance is diagonal.
 */
#include <math.h>

#include "transfer/metrics.h"

/* Shrinkage below this is rounding. */
static const double least_shrinkage = 1e-8;

/* What Ledoit and Wolf (2004) make of the covariance S: (1 - shrinkage) S + shrinkage mean I. */
typedef struct shrunk {
  double shrinkage;
  double mean; /* of the eigenvalues of S */
} shrunk;

static shrunk find_shrinkage(const ms_principal *p, size_t dimension) {
  double count = (double)p->count;
  double trace = 0;
  double norm = 0;    /* ‖S‖² */
  double fourths = 0; /* mean of the fourth powers of the rows' lengths */
  for (size_t j = 0; j < p->width; j++) {
    trace += p->variances[j];
    norm += p->variances[j] * p->variances[j];
  }
  for (size_t i = 0; i < p->count; i++) {
    const double *row = p->coordinates + i * p->width;
    double square = ms_dot(row, row, p->width);
    fourths += square * square / count;
  }
  double mean = trace / (double)dimension;
  double spread = norm - trace * mean;                   /* ‖S - mean I‖² */
  double noise = fmin((fourths - norm) / count, spread); /* expected ‖S - true covariance‖² */
  double shrinkage = noise > 0 ? noise / spread : 0;
  return (shrunk){fmax(shrinkage, least_shrinkage), mean};
}

/* tr(((1 - shrinkage) S + shrinkage mean I)⁻¹ (1 - shrinkage) cov(E[F|y])) */
static ms_status h_score(ms_context *context, const ms_metric_data *data, bool regularised,
                         double *value) {
  ms_principal p;
  MS_TRY(ms_metric_principal(context, data, 1, data->dimension, &p));
  const double *means = ms_class_means(context, data, p.coordinates, p.width);
  MS_TRY(MS_HAS_MEMORY(means));
  shrunk s = regularised ? find_shrinkage(&p, data->dimension) : (shrunk){0, 0};
  double keep = 1 - s.shrinkage;
  double total = 0;
  for (size_t c = 0; c < data->class_count; c++) {
    double sum = 0;
    for (size_t j = 0; j < p.width; j++) {
      double mean = means[c * p.width + j];
      sum += keep * mean * mean / (keep * p.variances[j] + s.shrinkage * s.mean);
    }
    total += sum * (double)data->class_sizes[c] / (double)data->count;
  }
  *value = total;
  return MS_OK;
}

ms_status ms_metric_h_score_of(ms_context *context, const ms_metric_data *data, const void *options,
                               double *value) {
  (void)options;
  return h_score(context, data, false, value);
}

ms_status ms_metric_regularised_h_score_of(ms_context *context, const ms_metric_data *data,
                                           const void *options, double *value) {
  (void)options;
  return h_score(context, data, true, value);
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
