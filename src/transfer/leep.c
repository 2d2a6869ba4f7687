/*
 * LEEP: how well the labels follow from what a model says of its own classes.
 */
#include "transfer/leep.h"

#include <math.h>
#include <string.h>

#include "core/exact.h"

ms_status ms_source_normalise(ms_context *context, const ms_metric_data *data,
                              double *probabilities) {
  size_t width = data->dimension;
  for (size_t i = 0; i < data->count; i++) {
    double *row = probabilities + i * width;
    double sum = 0;
    for (size_t z = 0; z < width; z++) {
      if (row[z] < 0) {
        return ms_fail(context, MS_ERR_DATA, "probability %zu of row %zu is %g", z, i, row[z]);
      }
      sum += row[z];
    }
    if (fabs(sum - 1) > 1e-3) {
      return ms_fail(context, MS_ERR_DATA, "the probabilities of row %zu sum to %g", i, sum);
    }
    for (size_t z = 0; z < width; z++) {
      row[z] /= sum;
    }
  }
  return MS_OK;
}

ms_status ms_leep(ms_context *context, const ms_metric_data *data, const double *probabilities,
                  size_t source_count, double *value) {
  size_t size = data->class_count * source_count;
  double *joint = NULL; /* [classes][source_count], P(y, z) times count, then P(y|z) */
  MS_TRY(MS_SCRATCH(context, size + source_count, &joint));
  double *total = joint + size; /* [source_count] */
  memset(joint, 0, (size + source_count) * sizeof *joint);
  for (size_t i = 0; i < data->count; i++) {
    const double *row = probabilities + i * source_count;
    ms_add(row, source_count, joint + data->labels[i] * source_count);
    ms_add(row, source_count, total);
  }
  for (size_t i = 0; i < size; i++) {
    double of_source = total[i % source_count];
    joint[i] /= of_source > 0 ? of_source : 1;
  }
  double sum = 0;
  for (size_t i = 0; i < data->count; i++) {
    sum += ms_log(ms_dot(joint + data->labels[i] * source_count, probabilities + i * source_count,
                         source_count));
  }
  *value = sum / (double)data->count;
  return MS_OK;
}

static ms_status leep(ms_context *context, const ms_metric_data *data, const void *options,
                      double *value) {
  (void)options;
  double *probabilities = ms_metric_features(context, data);
  MS_TRY(MS_HAS_MEMORY(probabilities));
  MS_TRY(ms_source_normalise(context, data, probabilities));
  return ms_leep(context, data, probabilities, data->dimension, value);
}

ms_status ms_metric_leep(ms_context *context, const float *probabilities, size_t count,
                         size_t source_count, const uint32_t *labels, size_t class_count,
                         double *value) {
  return ms_metric_run(context, probabilities, count, source_count, labels, class_count, leep, NULL,
                       value);
}
