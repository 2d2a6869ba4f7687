/*
 * NCE, LEEP and N-LEEP: how well the labels follow from what a model says of its own classes, or of
 * clusters of its features where it has none.
 */
#include "transfer/leep.h"

#include <math.h>
#include <string.h>

#include "transfer/metrics.h"
#include "transfer/mixture.h"
#include "transfer/principal.h"

ms_status ms_source_load(ms_context *context, const ms_metric_data *data, double **probabilities) {
  size_t width = data->dimension;
  MS_TRY(ms_metric_load(context, data->features, data->count * width, probabilities));
  for (size_t i = 0; i < data->count; i++) {
    double *row = *probabilities + i * width;
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
  ms_arena_mark mark = ms_arena_get_mark(context);
  double *joint = NULL; /* [classes][source_count], P(y, z) times count, then P(y|z) */
  double *total = NULL; /* [source_count] */
  MS_TRY(MS_SCRATCH(context, data->class_count * source_count, &joint));
  MS_TRY(MS_SCRATCH(context, source_count, &total));
  memset(joint, 0, data->class_count * source_count * sizeof *joint);
  memset(total, 0, source_count * sizeof *total);
  for (size_t i = 0; i < data->count; i++) {
    double *row = joint + data->labels[i] * source_count;
    for (size_t z = 0; z < source_count; z++) {
      row[z] += probabilities[i * source_count + z];
      total[z] += probabilities[i * source_count + z];
    }
  }
  for (size_t c = 0; c < data->class_count; c++) {
    for (size_t z = 0; z < source_count; z++) {
      joint[c * source_count + z] = total[z] > 0 ? joint[c * source_count + z] / total[z] : 0;
    }
  }
  double sum = 0;
  for (size_t i = 0; i < data->count; i++) {
    sum += log(ms_dot(joint + data->labels[i] * source_count, probabilities + i * source_count,
                      source_count));
  }
  *value = sum / (double)data->count;
  ms_arena_drop(context, mark);
  return MS_OK;
}

static ms_status leep(ms_context *context, const ms_metric_data *data, const void *options,
                      double *value) {
  (void)options;
  double *probabilities = NULL; /* [count][dimension] */
  MS_TRY(ms_source_load(context, data, &probabilities));
  return ms_leep(context, data, probabilities, data->dimension, value);
}

/* NCE is LEEP with probabilities 1 for the likeliest class, the first of equal ones. */
static ms_status nce(ms_context *context, const ms_metric_data *data, const void *options,
                     double *value) {
  (void)options;
  double *probabilities = NULL; /* [count][dimension] */
  MS_TRY(ms_source_load(context, data, &probabilities));
  for (size_t i = 0; i < data->count; i++) {
    double *row = probabilities + i * data->dimension;
    size_t best = 0;
    for (size_t z = 1; z < data->dimension; z++) {
      best = row[z] > row[best] ? z : best;
    }
    memset(row, 0, data->dimension * sizeof *row);
    row[best] = 1;
  }
  return ms_leep(context, data, probabilities, data->dimension, value);
}

/* As published, five components a class, unless that leaves fewer than four rows a component. */
static size_t default_components(const ms_metric_data *data) {
  size_t wanted = 5 * data->class_count;
  size_t most = data->count / 4 > 2 ? data->count / 4 : 2;
  return wanted < most ? wanted : most;
}

ms_status ms_metric_n_leep_of(ms_context *context, const ms_metric_data *data, const void *options,
                              double *value) {
  size_t components = options != NULL ? *(const size_t *)options : 0;
  components = components == 0 ? default_components(data) : components;
  components = components < data->count ? components : data->count;
  double *posteriors = NULL; /* [count][components] */
  ms_principal principal;
  MS_TRY(MS_SCRATCH(context, data->count * components, &posteriors));
  MS_TRY(ms_metric_principal(context, data, 0.8, data->dimension, &principal));
  if (principal.width == 0) {
    components = 1;
    for (size_t i = 0; i < data->count; i++) {
      posteriors[i] = 1;
    }
  } else {
    MS_TRY(ms_mixture_fit(context, principal.coordinates, data->count, principal.width, components,
                          posteriors));
  }
  return ms_leep(context, data, posteriors, components, value);
}

ms_status ms_metric_nce(ms_context *context, const float *probabilities, size_t count,
                        size_t source_count, const uint32_t *labels, size_t class_count,
                        double *value) {
  return ms_metric_run(context, probabilities, count, source_count, labels, class_count, nce, NULL,
                       value);
}

ms_status ms_metric_leep(ms_context *context, const float *probabilities, size_t count,
                         size_t source_count, const uint32_t *labels, size_t class_count,
                         double *value) {
  return ms_metric_run(context, probabilities, count, source_count, labels, class_count, leep, NULL,
                       value);
}

ms_status ms_metric_n_leep(ms_context *context, const float *features, size_t count,
                           size_t dimension, const uint32_t *labels, size_t class_count,
                           size_t component_count, double *value) {
  return ms_metric_run(context, features, count, dimension, labels, class_count,
                       ms_metric_n_leep_of, &component_count, value);
}
