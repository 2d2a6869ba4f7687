/*
 * PACTran with Gaussian weights: a PAC-Bayesian bound on the loss of a linear head on the features.
 */
#include <math.h>

#include "core/exact.h"
#include "transfer/logistic.h"
#include "transfer/metrics.h"

enum { STEP_LIMIT = 500 };

/*
 * The rows in principal coordinates, scaled to a curvature of 1 where the softmax knows nothing
 * yet; the last column is the intercept's, which nothing penalises.
 */
static ms_status make_problem(ms_context *context, const ms_metric_data *data,
                              const ms_principal *p, double strength, ms_logistic *problem,
                              double *scales) {
  size_t width = p->width + 1;
  double rows = (double)data->count / (double)data->class_count;
  float *map = NULL;     /* [count][width] */
  float *penalty = NULL; /* [width] */
  MS_TRY(MS_SCRATCH(context, data->count * width, &map));
  MS_TRY(MS_SCRATCH(context, width, &penalty));
  for (size_t j = 0; j < width; j++) {
    bool weight = j < p->width;
    double own = weight ? strength : 0;
    double curvature = rows * (weight ? p->variances[j] : 1) + own;
    scales[j] = 1 / sqrt(curvature);
    penalty[j] = (float)(own / curvature);
  }
  for (size_t i = 0; i < data->count; i++) {
    for (size_t j = 0; j < width; j++) {
      double value = j < p->width ? p->coordinates[i * p->width + j] : 1;
      map[i * width + j] = (float)(value * scales[j]);
    }
  }
  *problem = (ms_logistic){data->count, data->class_count, data->labels, width, map, penalty};
  return MS_OK;
}

/*
 * prior     the objective is the mean loss + ‖W‖² / (2 prior N)
 * variance  of the prior, times D
 */
static ms_status pactran(ms_context *context, const ms_metric_data *data, double prior,
                         double variance, double *value) {
  size_t classes = data->class_count;
  double *row = NULL;    /* [classes] */
  double *scales = NULL; /* [problem.width] */
  float *found = NULL;   /* [problem.width][classes] */
  float *logits = NULL;  /* [count][classes] */
  ms_principal p;
  ms_logistic problem;
  MS_TRY(ms_metric_principal(context, data, 1, data->dimension, &p));
  MS_TRY(MS_SCRATCH(context, classes, &row));
  MS_TRY(MS_SCRATCH(context, p.width + 1, &scales));
  MS_TRY(MS_SCRATCH(context, (p.width + 1) * classes, &found));
  MS_TRY(MS_SCRATCH_MATRIX(context, data->count, classes, &logits));
  MS_TRY(make_problem(context, data, &p, 1 / prior, &problem, scales));
  MS_TRY(ms_logistic_fit(context, &problem, 1e-9, STEP_LIMIT, found, logits));
  double loss = 0;
  double trace = 0; /* Σ p (1 - p) ‖x‖² over rows and classes */
  double square = 0;
  for (size_t i = 0; i < data->count; i++) {
    const double *x = p.coordinates + i * p.width;
    double length = ms_dot(x, x, p.width);
    ms_widen(logits + i * classes, classes, row);
    double own = row[data->labels[i]];
    loss += ms_softmax(row, classes) - own;
    for (size_t c = 0; c < classes; c++) {
      trace += row[c] * (1 - row[c]) * length;
    }
  }
  for (size_t i = 0; i < p.width * classes; i++) {
    double weight = (double)found[i] * scales[i / classes];
    square += weight * weight;
  }
  double count = (double)data->count;
  double temper = prior * count;
  double weights = (double)data->dimension * (double)classes;
  double volume = (double)classes * variance / (2 * temper);
  *value = -(loss / count + square / (2 * temper) +
             volume * ms_log1p(temper * (trace / count) / weights));
  return MS_OK;
}

ms_status ms_metric_pactran_gaussian_of(ms_context *context, const ms_metric_data *data,
                                        const void *options, double *value) {
  (void)options;
  return pactran(context, data, 1, 10, value);
}

typedef struct gaussian_options {
  double prior;
  double variance;
} gaussian_options;

static ms_status pactran_with(ms_context *context, const ms_metric_data *data, const void *options,
                              double *value) {
  const gaussian_options *o = options;
  MS_TRY(ms_metric_check_positive(context, "prior", o->prior));
  MS_TRY(ms_metric_check_positive(context, "variance", o->variance));
  return pactran(context, data, o->prior, o->variance, value);
}

ms_status ms_metric_pactran_gaussian(ms_context *context, const float *features, size_t count,
                                     size_t dimension, const uint32_t *labels, size_t class_count,
                                     double prior, double variance, double *value) {
  const gaussian_options options = {prior, variance};
  return ms_metric_run(context, features, count, dimension, labels, class_count, pactran_with,
                       &options, value);
}
