/*
 * PACTran with Dirichlet or Gamma weights on the probabilities of source classes: two bounds that
 * one loop climbs.
 */
#include <math.h>
#include <string.h>

#include "core/exact.h"
#include "transfer/leep.h"

enum { BOUND_STEPS = 200 };

/* The logarithm's derivative of the gamma function, for x > 0, to 1e-13 of its size or so. */
static double digamma(double x) {
  double sum = 0;
  while (x < 10) {
    sum -= 1 / x;
    x += 1;
  }
  /* The asymptotic series, Bernoulli numbers up to x^-12. */
  double y = 1 / (x * x);
  double series =
      y * (1.0 / 12 -
           y * (1.0 / 120 - y * (1.0 / 252 - y * (1.0 / 240 - y * (1.0 / 132 - y * 691 / 32760)))));
  return sum + ms_log(x) - 0.5 / x - series;
}

/* A bound's parameters; y runs over classes, z over source classes. */
typedef struct bound {
  const ms_metric_data *data;
  size_t source_count;
  const double *sigma; /* [count][source_count] */
  double *prior;       /* [classes], shapes of every source class */
  double *shapes;      /* [classes][source_count], prior + shares */
  double *logs;        /* [classes][source_count], what shares weigh sigma by */
  double *factors;     /* [classes][source_count], exp(logs - offsets) */
  double *offsets;     /* [classes], the largest logs */
  double *share;       /* [source_count], of one row */
  double *totals;      /* [source_count], of the shapes */
  double *rates;       /* [source_count], Gamma's */
  double *levels;      /* [count], Gamma's */
  double divergence;   /* Σ q log(q / sigma) */
} bound;

static ms_status make_bound(ms_context *context, const ms_metric_data *data, double concentration,
                            bound *b) {
  size_t room = data->class_count * data->dimension;
  double *sigma = NULL;
  MS_TRY(ms_metric_check_positive(context, "concentration", concentration));
  MS_TRY(ms_source_load(context, data, &sigma));
  *b = (bound){.data = data, .source_count = data->dimension, .sigma = sigma};
  MS_TRY(MS_SCRATCH(context, data->class_count, &b->prior));
  MS_TRY(MS_SCRATCH(context, room, &b->shapes));
  MS_TRY(MS_SCRATCH(context, room, &b->logs));
  MS_TRY(MS_SCRATCH(context, room, &b->factors));
  MS_TRY(MS_SCRATCH(context, data->class_count, &b->offsets));
  MS_TRY(MS_SCRATCH(context, data->dimension, &b->share));
  MS_TRY(MS_SCRATCH(context, data->dimension, &b->totals));
  MS_TRY(MS_SCRATCH(context, data->dimension, &b->rates));
  MS_TRY(MS_SCRATCH(context, data->count, &b->levels));
  for (size_t c = 0; c < data->class_count; c++) {
    b->prior[c] = concentration * (double)data->class_sizes[c] / (double)data->count;
  }
  memset(b->logs, 0, room * sizeof *b->logs);
  for (size_t z = 0; z < data->dimension; z++) {
    b->rates[z] = 1;
  }
  return MS_OK;
}

/* b->share = sigma times exp(logs), relative to exp(offset); gives their sum. */
static double share_row(const bound *b, size_t row, double *offset) {
  const double *sigma = b->sigma + row * b->source_count;
  size_t at = b->data->labels[row] * b->source_count;
  double total = 0;
  *offset = b->offsets[b->data->labels[row]];
  for (size_t z = 0; z < b->source_count; z++) {
    b->share[z] = sigma[z] * b->factors[at + z];
    total += b->share[z];
  }
  if (total > 1e-200) {
    return total;
  }
  /* The row's own source classes are rare in its class: the offset must be theirs. */
  *offset = -INFINITY;
  for (size_t z = 0; z < b->source_count; z++) {
    *offset = sigma[z] > 0 ? fmax(*offset, b->logs[at + z]) : *offset;
  }
  total = 0;
  for (size_t z = 0; z < b->source_count; z++) {
    b->share[z] = sigma[z] > 0 ? sigma[z] * ms_exp(b->logs[at + z] - *offset) : 0;
    total += b->share[z];
  }
  return total;
}

/*
 * Shares q out to the source classes in every row, proportional to sigma exp(logs): shapes are the
 * prior and the sums of shares over each class's rows.
 */
static void share_out(bound *b) {
  const ms_metric_data *data = b->data;
  size_t sources = b->source_count;
  for (size_t c = 0; c < data->class_count; c++) {
    b->offsets[c] = -INFINITY;
    for (size_t z = 0; z < sources; z++) {
      b->offsets[c] = fmax(b->offsets[c], b->logs[c * sources + z]);
      b->shapes[c * sources + z] = b->prior[c];
    }
    for (size_t z = 0; z < sources; z++) {
      b->factors[c * sources + z] = ms_exp(b->logs[c * sources + z] - b->offsets[c]);
    }
  }
  b->divergence = 0;
  for (size_t i = 0; i < data->count; i++) {
    double offset = 0;
    double total = share_row(b, i, &offset);
    double *shapes = b->shapes + data->labels[i] * sources;
    for (size_t z = 0; z < sources; z++) {
      shapes[z] += b->share[z] / total;
    }
    b->divergence -= ms_log(total) + offset;
  }
  memset(b->totals, 0, sources * sizeof *b->totals);
  for (size_t c = 0; c < data->class_count; c++) {
    for (size_t z = 0; z < sources; z++) {
      double shape = b->shapes[c * sources + z];
      b->divergence += (shape - b->prior[c]) * b->logs[c * sources + z];
      b->totals[z] += shape;
    }
  }
}

/* Σ over y and z of log gamma(shape) - log gamma(prior) */
static double sum_log_gammas(const bound *b) {
  double sum = 0;
  for (size_t c = 0; c < b->data->class_count; c++) {
    double prior = ms_log_gamma(b->prior[c]);
    for (size_t z = 0; z < b->source_count; z++) {
      sum += ms_log_gamma(b->shapes[c * b->source_count + z]) - prior;
    }
  }
  return sum;
}

/* logs = digamma(shape) - subtracted[z] */
static void update_logs(bound *b, const double *subtracted) {
  for (size_t c = 0; c < b->data->class_count; c++) {
    for (size_t z = 0; z < b->source_count; z++) {
      size_t at = c * b->source_count + z;
      b->logs[at] = digamma(b->shapes[at]) - subtracted[z];
    }
  }
}

/* One step of the Dirichlet bound: P(y|z) ~ Dirichlet(prior). Gives the bound before the step. */
static double step_dirichlet(bound *b, double concentration) {
  double value = sum_log_gammas(b) - b->divergence;
  for (size_t z = 0; z < b->source_count; z++) {
    value += ms_log_gamma(concentration) - ms_log_gamma(b->totals[z]);
    b->totals[z] = digamma(b->totals[z]);
  }
  update_logs(b, b->totals);
  return value;
}

/* levels [count] = Σ_z sigma_z totals_z / rates_z, the expected sum of weights of a row */
static void find_levels(bound *b) {
  for (size_t z = 0; z < b->source_count; z++) {
    b->share[z] = b->totals[z] / b->rates[z];
  }
  for (size_t i = 0; i < b->data->count; i++) {
    b->levels[i] = ms_dot(b->sigma + i * b->source_count, b->share, b->source_count);
  }
}

/*
 * One step of the Gamma bound: P(y|x) is proportional to Σ_z w_yz sigma_z, w ~ Gamma(prior, 1). The
 * logarithm of the sum over y is bounded by its tangents at the levels. Rates follow the levels;
 * then all weights are scaled together to their best, which steps alone approach slowly. Gives the
 * bound after the step.
 */
static double step_gamma(bound *b, double concentration) {
  size_t sources = b->source_count;
  double scale = 0;
  find_levels(b);
  for (size_t z = 0; z < sources; z++) {
    b->rates[z] = 1;
  }
  for (size_t i = 0; i < b->data->count; i++) {
    for (size_t z = 0; z < sources; z++) {
      b->rates[z] += b->sigma[i * sources + z] / b->levels[i];
    }
  }
  for (size_t z = 0; z < sources; z++) {
    scale += b->totals[z] / b->rates[z] / (concentration * (double)sources);
  }
  double value = sum_log_gammas(b) - b->divergence;
  for (size_t z = 0; z < sources; z++) {
    b->rates[z] *= scale;
    value += b->totals[z] * (1 - ms_log(b->rates[z]) - 1 / b->rates[z]);
  }
  find_levels(b);
  for (size_t i = 0; i < b->data->count; i++) {
    value -= ms_log(b->levels[i]);
  }
  for (size_t z = 0; z < sources; z++) {
    b->share[z] = ms_log(b->rates[z]);
  }
  update_logs(b, b->share);
  return value;
}

/* Climbs the bound, in nats a row, until a step gains less than 1e-7 of that. */
static ms_status climb(ms_context *context, const ms_metric_data *data, double concentration,
                       double (*step)(bound *b, double concentration), double *value) {
  bound b;
  double before = -INFINITY;
  MS_TRY(make_bound(context, data, concentration, &b));
  for (size_t i = 0; i < BOUND_STEPS; i++) {
    share_out(&b);
    double now = step(&b, concentration) / (double)data->count;
    bool settled = now - before < 1e-7;
    before = fmax(now, before);
    if (settled) {
      break;
    }
  }
  *value = before;
  return MS_OK;
}

static ms_status dirichlet(ms_context *context, const ms_metric_data *data, const void *options,
                           double *value) {
  return climb(context, data, *(const double *)options, step_dirichlet, value);
}

static ms_status gamma_bound(ms_context *context, const ms_metric_data *data, const void *options,
                             double *value) {
  return climb(context, data, *(const double *)options, step_gamma, value);
}

ms_status ms_metric_pactran_dirichlet(ms_context *context, const float *probabilities, size_t count,
                                      size_t source_count, const uint32_t *labels,
                                      size_t class_count, double concentration, double *value) {
  return ms_metric_run(context, probabilities, count, source_count, labels, class_count, dirichlet,
                       &concentration, value);
}

ms_status ms_metric_pactran_gamma(ms_context *context, const float *probabilities, size_t count,
                                  size_t source_count, const uint32_t *labels, size_t class_count,
                                  double concentration, double *value) {
  return ms_metric_run(context, probabilities, count, source_count, labels, class_count,
                       gamma_bound, &concentration, value);
}
