/*
 * N-LEEP: LEEP with clusters of a model's features in the place of its own classes.
 */
#include "transfer/leep.h"
#include "transfer/metrics.h"
#include "transfer/mixture.h"

/* As published, five components a class, unless that leaves fewer than four rows a component. */
static size_t default_components(const ms_metric_data *data) {
  size_t wanted = 5 * data->class_count;
  size_t most = data->count / 4 > 2 ? data->count / 4 : 2;
  return wanted < most ? wanted : most;
}

/* components of the mixture, 1 … count */
static ms_status n_leep(ms_context *context, const ms_metric_data *data, size_t components,
                        double *value) {
  double *posteriors = NULL; /* [count][components] */
  ms_principal principal;
  MS_TRY(MS_SCRATCH_MATRIX(context, data->count, components, &posteriors));
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

ms_status ms_metric_n_leep_of(ms_context *context, const ms_metric_data *data, const void *options,
                              double *value) {
  (void)options;
  return n_leep(context, data, default_components(data), value);
}

static ms_status n_leep_with(ms_context *context, const ms_metric_data *data, const void *options,
                             double *value) {
  size_t components = *(const size_t *)options;
  components = components == 0 ? default_components(data) : components;
  return n_leep(context, data, components < data->count ? components : data->count, value);
}

ms_status ms_metric_n_leep(ms_context *context, const float *features, size_t count,
                           size_t dimension, const uint32_t *labels, size_t class_count,
                           size_t component_count, double *value) {
  return ms_metric_run(context, features, count, dimension, labels, class_count, n_leep_with,
                       &component_count, value);
}
