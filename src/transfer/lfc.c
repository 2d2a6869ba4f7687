/*
 * Label-feature correlation: how well products of centred features say which rows share a class.
 * The matrix of products is never made by rows where its other side is smaller.
 */
#include <math.h>

#include "transfer/metrics.h"

ms_status ms_metric_lfc_of(ms_context *context, const ms_metric_data *data, const void *options,
                           double *value) {
  (void)options;
  size_t width = data->dimension;
  double *x = ms_metric_x(context, data);
  MS_TRY(MS_HAS_MEMORY(x));
  const double *gram = ms_metric_gram(context, data, x);
  MS_TRY(MS_HAS_MEMORY(gram));
  const double *means = ms_class_means(context, data, x, width);
  MS_TRY(MS_HAS_MEMORY(means));
  size_t order = ms_metric_order(data);
  /* The products' mean is 0: their sum over pairs of one class is the covariance, unscaled. */
  double covariance = 0;
  double pairs = 0;
  for (size_t c = 0; c < data->class_count; c++) {
    double size = (double)data->class_sizes[c];
    const double *mean = means + c * width;
    covariance += size * size * ms_dot(mean, mean, width);
    pairs += size * size;
  }
  double count = (double)data->count;
  double products = ms_dot(gram, gram, order * order);
  double labels = pairs - pairs * pairs / (count * count);
  *value = products > 0 ? covariance / sqrt(products * labels) : 0;
  return MS_OK;
}

ms_status ms_metric_lfc(ms_context *context, const float *features, size_t count, size_t dimension,
                        const uint32_t *labels, size_t class_count, double *value) {
  return ms_metric_run(context, features, count, dimension, labels, class_count, ms_metric_lfc_of,
                       NULL, value);
}
