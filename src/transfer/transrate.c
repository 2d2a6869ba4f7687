/*
 * TransRate: the rate at which the features code, less the mean rate within the classes. Each rate
 * is a log determinant on the smaller side of its rows.
 */
#include <float.h>
#include <math.h>
#include <string.h>

#include "core/finite.h"
#include "transfer/metrics.h"

/*
 * ½ log det(I + gram / (count distortion)); gram [order][order] is overwritten. Where rounding
 * hides the 1 of a direction in which nothing varies, the factor fails or has a diagonal that is
 * noise: NaN.
 */
static double coding_rate(double *gram, size_t order, size_t count, double distortion) {
  double scale = 1 / ((double)count * distortion);
  for (size_t i = 0; i < order * order; i++) {
    gram[i] *= scale;
  }
  double trace = 0; /* times the precision it bounds what rounding does to the factor's squares */
  for (size_t i = 0; i < order; i++) {
    trace += gram[i * order + i];
    gram[i * order + i] += 1;
  }
  bool holds = ms_cholesky(gram, order);
  for (size_t i = 0; i < order; i++) {
    holds &= gram[i * order + i] * gram[i * order + i] > 16 * DBL_EPSILON * trace;
  }
  return holds ? ms_cholesky_log_det(gram, order) / 2 : NAN;
}

static ms_status transrate(ms_context *context, const ms_metric_data *data, double distortion,
                           double *value) {
  size_t width = data->dimension;
  double *rows = NULL; /* [count][width], of one class */
  MS_TRY(MS_SCRATCH(context, data->count * width, &rows));
  double *x = ms_metric_x(context, data);
  MS_TRY(MS_HAS_MEMORY(x));
  double *gram = ms_metric_gram(context, data, x); /* of all rows, then of one class at a time */
  MS_TRY(MS_HAS_MEMORY(gram));
  double whole = coding_rate(gram, ms_metric_order(data), data->count, distortion);
  double within = 0;
  for (size_t c = 0; c < data->class_count; c++) {
    size_t size = 0;
    for (size_t i = 0; i < data->count; i++) {
      if (data->labels[i] == c) {
        memcpy(rows + size++ * width, x + i * width, width * sizeof *x);
      }
    }
    ms_thin_gram(rows, size, width, gram);
    within += coding_rate(gram, size < width ? size : width, size, distortion) * (double)size /
              (double)data->count;
  }
  if (ms_is_nan(whole - within)) {
    return ms_fail(context, MS_ERR_DATA, "distortion %g is too small for these features",
                   distortion);
  }
  *value = fmax(whole - within, 0); /* below it only by rounding */
  return MS_OK;
}

ms_status ms_metric_transrate_of(ms_context *context, const ms_metric_data *data,
                                 const void *options, double *value) {
  (void)options;
  return transrate(context, data, 1e-4, value);
}

static ms_status transrate_with(ms_context *context, const ms_metric_data *data,
                                const void *options, double *value) {
  double distortion = *(const double *)options;
  MS_TRY(ms_metric_check_positive(context, "distortion", distortion));
  return transrate(context, data, distortion, value);
}

ms_status ms_metric_transrate(ms_context *context, const float *features, size_t count,
                              size_t dimension, const uint32_t *labels, size_t class_count,
                              double distortion, double *value) {
  return ms_metric_run(context, features, count, dimension, labels, class_count, transrate_with,
                       &distortion, value);
}
