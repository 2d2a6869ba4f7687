/*
 * NCE, as LEEP of a model that is sure of the source class that it finds likeliest.
 */
#include <string.h>

#include "transfer/leep.h"
#include "transfer/metrics.h"

/* NCE is LEEP with probabilities 1 for the likeliest class, the first of equal ones. */
static ms_status nce(ms_context *context, const ms_metric_data *data, const void *options,
                     double *value) {
  (void)options;
  double *probabilities = ms_metric_features(context, data);
  MS_TRY(MS_HAS_MEMORY(probabilities));
  MS_TRY(ms_source_normalise(context, data, probabilities));
  for (size_t i = 0; i < data->count; i++) {
    double *row = probabilities + i * data->dimension;
    size_t best = 0;
    for (size_t z = 0; z < data->dimension; z++) {
      best = row[z] > row[best] ? z : best;
    }
    memset(row, 0, data->dimension * sizeof *row);
    row[best] = 1;
  }
  return ms_leep(context, data, probabilities, data->dimension, value);
}

ms_status ms_metric_nce(ms_context *context, const float *probabilities, size_t count,
                        size_t source_count, const uint32_t *labels, size_t class_count,
                        double *value) {
  return ms_metric_run(context, probabilities, count, source_count, labels, class_count, nce, NULL,
                       value);
}
