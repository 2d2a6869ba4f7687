/*
 * The table of the metrics that need features and labels only, for callers that go through all of
 * them. It leaves the metrics themselves to their own files.
 */
#include "transfer/metrics.h"

#include <math.h>
#include <string.h>

typedef struct metric_entry {
  const char *name;
  ms_metric_function *function;
} metric_entry;

static const metric_entry metrics[] = {
    {"logme", ms_metric_logme_of},
    {"h-score", ms_metric_h_score_of},
    {"regularised-h-score", ms_metric_regularised_h_score_of},
    {"n-leep", ms_metric_n_leep_of},
    {"gbc", ms_metric_gbc_of},
    {"lfc", ms_metric_lfc_of},
    {"pactran-gaussian", ms_metric_pactran_gaussian_of},
    {"transrate", ms_metric_transrate_of},
    {"sfda", ms_metric_sfda_of},
    {"parc", ms_metric_parc_of},
    {"knn", ms_metric_knn_of},
    {"ridge", ms_metric_ridge_of},
    {"probe", ms_metric_probe_of},
};

enum { METRIC_COUNT = sizeof metrics / sizeof metrics[0] };

size_t ms_metric_count(void) {
  return METRIC_COUNT;
}

const char *ms_metric_name(size_t index) {
  return index < METRIC_COUNT ? metrics[index].name : NULL;
}

static ms_status check_index(ms_context *context, size_t index) {
  if (index >= METRIC_COUNT) {
    return ms_fail(context, MS_ERR_ARGUMENT, "metric %zu of %d", index, METRIC_COUNT);
  }
  return MS_OK;
}

ms_status ms_metric_compute(ms_context *context, size_t index, const float *features, size_t count,
                            size_t dimension, const uint32_t *labels, size_t class_count,
                            double *value) {
  MS_TRY(check_index(context, index));
  return ms_metric_run(context, features, count, dimension, labels, class_count,
                       metrics[index].function, NULL, value);
}

/* One metric of several, NaN where it alone fails; what it used of scratch memory is dropped. */
static ms_status compute_one(ms_context *context, const ms_metric_data *data, size_t index,
                             double *value) {
  ms_arena_mark mark = ms_arena_get_mark(context);
  ms_status status = metrics[index].function(context, data, NULL, value);
  if (status == MS_OK) {
    status = ms_metric_check_result(context, *value);
  }
  ms_arena_drop(context, mark);
  if (status == MS_ERR_DATA) {
    *value = NAN;
    return MS_OK;
  }
  return status;
}

static ms_status compute_several(ms_context *context, const size_t *indices, size_t metric_count,
                                 ms_metric_data *data, double *values) {
  ms_metric_shared shared;
  double *results = NULL; /* [metric_count] */
  MS_TRY(MS_SCRATCH(context, metric_count, &results));
  MS_TRY(ms_metric_share(context, data, &shared));
  for (size_t i = 0; i < metric_count; i++) {
    MS_TRY(compute_one(context, data, indices[i], &results[i]));
  }
  memcpy(values, results, metric_count * sizeof *values);
  return MS_OK;
}

ms_status ms_metric_compute_several(ms_context *context, const size_t *indices, size_t metric_count,
                                    const float *features, size_t count, size_t dimension,
                                    const uint32_t *labels, size_t class_count, double *values) {
  for (size_t i = 0; i < metric_count; i++) {
    MS_TRY(check_index(context, indices[i]));
  }
  ms_arena_mark mark = ms_arena_get_mark(context);
  ms_metric_data data;
  ms_status status =
      ms_metric_check(context, features, count, dimension, labels, class_count, &data);
  if (status == MS_OK) {
    status = compute_several(context, indices, metric_count, &data, values);
  }
  ms_arena_drop(context, mark);
  return status;
}
