/*
 * OTCE: how uncertain the label of a target row is, given the label of the source row that optimal
 * transport couples it with.
 */
#include <math.h>
#include <string.h>

#include "core/exact.h"
#include "transfer/metrics.h"
#include "transfer/sinkhorn.h"

typedef struct otce_options {
  const float *features; /* [count][the target's dimension] */
  size_t count;
  const uint32_t *labels; /* [count] */
  size_t class_count;
  double penalty;
} otce_options;

static ms_status check_source(ms_context *context, const otce_options *source, size_t dimension) {
  MS_TRY(ms_metric_check_features(context, source->features, source->count, dimension));
  MS_TRY(ms_metric_check_labels(context, source->labels, source->count, source->class_count,
                                SIZE_MAX));
  return ms_metric_check_positive(context, "penalty", source->penalty);
}

/* cost [source][target] = squared distances divided by their mean; 0 if all are 0. */
static ms_status find_costs(ms_context *context, const ms_metric_data *data,
                            const otce_options *source, double **cost) {
  size_t width = data->dimension;
  size_t rows = source->count + data->count;
  double *x = NULL;     /* [rows][width], the source's rows first */
  double *norms = NULL; /* [rows] */
  MS_TRY(MS_SCRATCH_MATRIX(context, source->count, data->count, cost));
  MS_TRY(MS_SCRATCH(context, rows * width, &x));
  MS_TRY(MS_SCRATCH(context, rows, &norms));
  double *targets = x + source->count * width;
  ms_widen(source->features, source->count * width, x);
  ms_widen(data->features, data->count * width, targets);
  /* Distances do not change, but lose less to rounding. */
  ms_center_columns(x, rows, width);
  ms_square_rows(x, rows, width, norms);
  ms_multiply_whole(x, targets, source->count, width, data->count, MS_TURNED_B, *cost);
  double sum = 0;
  for (size_t i = 0; i < source->count; i++) {
    for (size_t j = 0; j < data->count; j++) {
      double *entry = *cost + i * data->count + j;
      *entry = fmax(norms[i] + norms[source->count + j] - 2 * *entry, 0);
      sum += *entry;
    }
  }
  double mean = sum / ((double)source->count * (double)data->count);
  for (size_t i = 0; i < source->count * data->count && mean > 0; i++) {
    (*cost)[i] /= mean;
  }
  return MS_OK;
}

/* Σ P(source, target label) log(P(source, target label) / P(source label)) */
static ms_status negative_entropy(ms_context *context, const ms_metric_data *data,
                                  const otce_options *source, const double *coupling,
                                  double *value) {
  double *joint = NULL; /* [source classes][classes] */
  MS_TRY(MS_SCRATCH_MATRIX(context, source->class_count, data->class_count, &joint));
  memset(joint, 0, source->class_count * data->class_count * sizeof *joint);
  for (size_t i = 0; i < source->count; i++) {
    double *row = joint + source->labels[i] * data->class_count;
    for (size_t j = 0; j < data->count; j++) {
      row[data->labels[j]] += coupling[i * data->count + j];
    }
  }
  double sum = 0;
  for (size_t s = 0; s < source->class_count; s++) {
    const double *row = joint + s * data->class_count;
    double total = 0;
    for (size_t c = 0; c < data->class_count; c++) {
      total += row[c];
    }
    for (size_t c = 0; c < data->class_count; c++) {
      sum += row[c] > 0 ? row[c] * ms_log(row[c] / total) : 0;
    }
  }
  *value = sum;
  return MS_OK;
}

static ms_status otce(ms_context *context, const ms_metric_data *data, const void *options,
                      double *value) {
  const otce_options *source = options;
  double *coupling = NULL; /* [source->count][count], first the costs */
  MS_TRY(check_source(context, source, data->dimension));
  MS_TRY(find_costs(context, data, source, &coupling));
  MS_TRY(ms_sinkhorn(context, coupling, source->count, data->count, source->penalty));
  return negative_entropy(context, data, source, coupling, value);
}

ms_status ms_metric_otce(ms_context *context, const float *features, size_t count, size_t dimension,
                         const uint32_t *labels, size_t class_count, const float *source_features,
                         size_t source_count, const uint32_t *source_labels,
                         size_t source_class_count, double penalty, double *value) {
  const otce_options options = {source_features, source_count, source_labels, source_class_count,
                                penalty};
  return ms_metric_run(context, features, count, dimension, labels, class_count, otce, &options,
                       value);
}
