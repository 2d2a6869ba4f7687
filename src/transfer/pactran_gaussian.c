/*
 * PACTran with Gaussian weights: a PAC-Bayesian bound on the loss of a linear head on the features.
 */
#include <math.h>

#include "core/exact.h"
#include "transfer/logistic.h"
#include "transfer/metrics.h"

enum { STEP_LIMIT = 500 };

typedef struct gaussian_options {
  double prior;    /* the objective is the mean loss + ‖W‖² / (2 prior N) */
  double variance; /* of the prior, times D */
} gaussian_options;

/*
 * The rows in principal coordinates, scaled to a curvature of 1 where the softmax knows nothing
 * yet; the last column is the intercept's.
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
  for (size_t j = 0; j < p->width; j++) {
    double curvature = rows * p->variances[j] + strength;
    scales[j] = 1 / sqrt(curvature);
    penalty[j] = (float)(strength / curvature);
  }
  scales[p->width] = 1 / sqrt(rows);
  penalty[p->width] = 0;
  for (size_t i = 0; i < data->count; i++) {
    for (size_t j = 0; j < width; j++) {
      double value = j < p->width ? p->coordinates[i * p->width + j] : 1;
      map[i * width + j] = (float)(value * scales[j]);
    }
  }
  *problem = (ms_logistic){data->count, data->class_count, data->labels, width, map, penalty};
  return MS_OK;
}

/* The sum of log losses, and of p (1 - p) ‖x‖² over rows and classes, from the logits. */
static void judge(const ms_metric_data *data, const ms_principal *p, const float *logits,
                  double *loss, double *trace) {
  *loss = 0;
  *trace = 0;
  for (size_t i = 0; i < data->count; i++) {
    const double *x = p->coordinates + i * p->width;
    const float *row = logits + i * data->class_count;
    double square = ms_dot(x, x, p->width);
    double largest = -INFINITY;
    double sum = 0;
    for (size_t c = 0; c < data->class_count; c++) {
      largest = fmax(largest, (double)row[c]);
    }
    for (size_t c = 0; c < data->class_count; c++) {
      sum += ms_exp((double)row[c] - largest);
    }
    for (size_t c = 0; c < data->class_count; c++) {
      double probability = ms_exp((double)row[c] - largest) / sum;
      *trace += probability * (1 - probability) * square;
    }
    *loss += ms_log(sum) + largest - (double)row[data->labels[i]];
  }
}

ms_status ms_metric_pactran_gaussian_of(ms_context *context, const ms_metric_data *data,
                                        const void *options, double *value) {
  const gaussian_options defaults = {1, 10};
  const gaussian_options *o = options != NULL ? options : &defaults;
  if (!(o->prior > 0 && o->variance > 0 && isfinite(o->prior) && isfinite(o->variance))) {
    return ms_fail(context, MS_ERR_ARGUMENT, "prior %g and variance %g, both must be positive",
                   o->prior, o->variance);
  }
  double *scales = NULL; /* [problem.width] */
  float *found = NULL;   /* [problem.width][classes] */
  float *logits = NULL;  /* [count][classes] */
  ms_principal p;
  ms_logistic problem;
  MS_TRY(ms_metric_principal(context, data, 1, data->dimension, &p));
  MS_TRY(MS_SCRATCH(context, p.width + 1, &scales));
  MS_TRY(MS_SCRATCH(context, (p.width + 1) * data->class_count, &found));
  MS_TRY(MS_SCRATCH(context, data->count * data->class_count, &logits));
  MS_TRY(make_problem(context, data, &p, 1 / o->prior, &problem, scales));
  MS_TRY(ms_logistic_fit(context, &problem, 1e-9, STEP_LIMIT, found, logits));
  double count = (double)data->count;
  double loss = 0;
  double trace = 0;
  double square = 0;
  judge(data, &p, logits, &loss, &trace);
  for (size_t j = 0; j < p.width; j++) {
    for (size_t c = 0; c < data->class_count; c++) {
      double weight = (double)found[j * data->class_count + c] * scales[j];
      square += weight * weight;
    }
  }
  double temper = o->prior * count;
  double weights = (double)data->dimension * (double)data->class_count;
  double volume = (double)data->class_count * o->variance / (2 * temper);
  *value = -(loss / count + square / (2 * temper) +
             volume * ms_log1p(temper * (trace / count) / weights));
  return MS_OK;
}

ms_status ms_metric_pactran_gaussian(ms_context *context, const float *features, size_t count,
                                     size_t dimension, const uint32_t *labels, size_t class_count,
                                     double prior, double variance, double *value) {
  const gaussian_options options = {prior, variance};
  return ms_metric_run(context, features, count, dimension, labels, class_count,
                       ms_metric_pactran_gaussian_of, &options, value);
}
