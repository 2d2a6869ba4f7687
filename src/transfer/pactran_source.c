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
  double concentration;
  const double *sigma; /* [count][source_count] */
  double *shapes;      /* [classes][source_count], prior + shares */
  double *logs;        /* [classes][source_count], what shares weigh sigma by */
  double *factors;     /* [classes][source_count], exp(logs - offsets) */
  double *offsets;     /* [classes], the largest logs */
  double *share;       /* [source_count], of one row */
  double *totals;      /* [source_count], of the shapes */
  double *rates;       /* [source_count], Gamma's */
} bound;

static ms_status make_bound(ms_context *context, const ms_metric_data *data, double concentration,
                            bound *b) {
  size_t sources = data->dimension;
  size_t room = data->class_count * sources;
  MS_TRY(ms_metric_check_positive(context, "concentration", concentration));
  double *sigma = ms_metric_features(context, data);
  MS_TRY(MS_HAS_MEMORY(sigma));
  MS_TRY(ms_source_normalise(context, data, sigma));
  *b = (bound){
      .data = data, .source_count = sources, .concentration = concentration, .sigma = sigma};
  MS_TRY(MS_SCRATCH(context, 3 * room, &b->shapes));
  MS_TRY(MS_SCRATCH(context, 3 * sources, &b->share));
  MS_TRY(MS_SCRATCH(context, data->class_count, &b->offsets));
  b->logs = b->shapes + room;
  b->factors = b->logs + room;
  b->totals = b->share + sources;
  b->rates = b->totals + sources;
  memset(b->logs, 0, room * sizeof *b->logs);
  for (size_t z = 0; z < sources; z++) {
    b->rates[z] = 1;
  }
  return MS_OK;
}

/* The shape of a class's weights before any row is seen. */
static double prior(const ms_metric_data *data, double concentration, size_t c) {
  return concentration * (double)data->class_sizes[c] / (double)data->count;
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
 * prior and the sums of shares over each class's rows. Gives Σ q log(q / sigma).
 */
static double share_out(const bound *b) {
  const ms_metric_data *data = b->data;
  size_t sources = b->source_count;
  double divergence = 0;
  for (size_t c = 0; c < data->class_count; c++) {
    double shape = prior(data, b->concentration, c);
    double largest = -INFINITY;
    for (size_t z = 0; z < sources; z++) {
      largest = fmax(largest, b->logs[c * sources + z]);
      b->shapes[c * sources + z] = shape;
    }
    for (size_t z = 0; z < sources; z++) {
      b->factors[c * sources + z] = ms_exp(b->logs[c * sources + z] - largest);
    }
    b->offsets[c] = largest;
  }
  for (size_t i = 0; i < data->count; i++) {
    double offset = 0;
    double total = share_row(b, i, &offset);
    double *shapes = b->shapes + data->labels[i] * sources;
    for (size_t z = 0; z < sources; z++) {
      shapes[z] += b->share[z] / total;
    }
    divergence -= ms_log(total) + offset;
  }
  memset(b->totals, 0, sources * sizeof *b->totals);
  for (size_t i = 0; i < data->class_count * sources; i++) {
    double shape = prior(data, b->concentration, i / sources);
    divergence += (b->shapes[i] - shape) * b->logs[i];
    b->totals[i % sources] += b->shapes[i];
  }
  return divergence;
}

/* Σ over y and z of log gamma(shape) - log gamma(prior) */
static double sum_log_gammas(const bound *b) {
  double sum = 0;
  for (size_t c = 0; c < b->data->class_count; c++) {
    double of_prior = ms_log_gamma(prior(b->data, b->concentration, c));
    for (size_t z = 0; z < b->source_count; z++) {
      sum += ms_log_gamma(b->shapes[c * b->source_count + z]) - of_prior;
    }
  }
  return sum;
}

/*
 * One step of the Dirichlet bound: P(y|z) ~ Dirichlet(prior). Adds the bound's own terms before the
 * step to value; share = what the digammas of the shapes are lessened by in the next logs.
 */
static double step_dirichlet(const bound *b, double value) {
  for (size_t z = 0; z < b->source_count; z++) {
    value += ms_log_gamma(b->concentration) - ms_log_gamma(b->totals[z]);
    b->share[z] = digamma(b->totals[z]);
  }
  return value;
}

/* share = totals / rates, the expected weights; a row's sum of sigma share is its level. */
static void find_weights(const double *totals, const double *rates, size_t count, double *share) {
  for (size_t z = 0; z < count; z++) {
    share[z] = totals[z] / rates[z];
  }
}

/*
 * One step of the Gamma bound: P(y|x) is proportional to Σ_z w_yz sigma_z, w ~ Gamma(prior, 1). The
 * logarithm of the sum over y is bounded by its tangents at the levels. Rates follow the levels;
 * then all weights are scaled together to their best, which steps alone approach slowly. Adds the
 * bound's own terms after the step; share as in step_dirichlet.
 */
static double step_gamma(const bound *b, double value) {
  size_t sources = b->source_count;
  double scale = 0;
  find_weights(b->totals, b->rates, sources, b->share);
  for (size_t z = 0; z < sources; z++) {
    b->rates[z] = 1;
  }
  for (size_t i = 0; i < b->data->count; i++) {
    const double *sigma = b->sigma + i * sources;
    double level = ms_dot(sigma, b->share, sources);
    for (size_t z = 0; z < sources; z++) {
      b->rates[z] += sigma[z] / level;
    }
  }
  for (size_t z = 0; z < sources; z++) {
    scale += b->totals[z] / b->rates[z] / (b->concentration * (double)sources);
  }
  for (size_t z = 0; z < sources; z++) {
    b->rates[z] *= scale;
    value += b->totals[z] * (1 - ms_log(b->rates[z]) - 1 / b->rates[z]);
  }
  find_weights(b->totals, b->rates, sources, b->share);
  for (size_t i = 0; i < b->data->count; i++) {
    value -= ms_log(ms_dot(b->sigma + i * sources, b->share, sources));
  }
  for (size_t z = 0; z < sources; z++) {
    b->share[z] = ms_log(b->rates[z]);
  }
  return value;
}

typedef struct source_options {
  double concentration;
  bool gamma; /* not Dirichlet */
} source_options;

/* Climbs the bound, in nats a row, until a step gains less than 1e-7 of that. */
static ms_status climb(ms_context *context, const ms_metric_data *data, const void *options,
                       double *value) {
  const source_options *o = options;
  bound b;
  double before = -INFINITY;
  MS_TRY(make_bound(context, data, o->concentration, &b));
  for (size_t step = 0; step < BOUND_STEPS; step++) {
    double divergence = share_out(&b);
    double value_of_shapes = sum_log_gammas(&b) - divergence;
    double now =
        (o->gamma ? step_gamma(&b, value_of_shapes) : step_dirichlet(&b, value_of_shapes)) /
        (double)data->count;
    bool settled = now - before < 1e-7;
    before = fmax(now, before);
    if (settled) {
      break;
    }
    for (size_t i = 0; i < data->class_count * b.source_count; i++) {
      b.logs[i] = digamma(b.shapes[i]) - b.share[i % b.source_count];
    }
  }
  *value = before;
  return MS_OK;
}

ms_status ms_metric_pactran_dirichlet(ms_context *context, const float *probabilities, size_t count,
                                      size_t source_count, const uint32_t *labels,
                                      size_t class_count, double concentration, double *value) {
  const source_options options = {concentration, false};
  return ms_metric_run(context, probabilities, count, source_count, labels, class_count, climb,
                       &options, value);
}

ms_status ms_metric_pactran_gamma(ms_context *context, const float *probabilities, size_t count,
                                  size_t source_count, const uint32_t *labels, size_t class_count,
                                  double concentration, double *value) {
  const source_options options = {concentration, true};
  return ms_metric_run(context, probabilities, count, source_count, labels, class_count, climb,
                       &options, value);
}
