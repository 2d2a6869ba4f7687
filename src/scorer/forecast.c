/*
 * Judges all models from scores that are given: moved by the models that were run, with intervals
 * of ranks and accuracies, and the model worth running next. The Gaussian model is posterior.c's.
 */
#include "scorer/forecast.h"

#include <math.h>
#include <string.h>

#include "core/exact.h"
#include "scorer/number.h"
#include "scorer/order.h"

enum { MIN_DRAWS = 16, MAX_DRAWS = 4096, CANDIDATES = 64 };

/* An accuracy's interval leaves this share of the draws outside, half of it at each end. */
static const double OUTSIDE = 0.2;
/*
 * One of ranks holds 75 of 100 draws: on tasks that were left out these hold 80 of 100 true ranks,
 * 80 held 84 (zoo/browser/report, all sets and any number of models run), as most tasks' errors are
 * smaller than those of a few that the errors' variance is learned from as well.
 */
static const double RANKS_INSIDE = 0.75;

/* The level before any model was run, from the encoder's own accuracy where that is known. */
static void find_level(const ms_certainty *certainty, double landmark, ms_evidence *evidence) {
  const double *numbers = certainty->numbers;
  evidence->level_mean = numbers[MS_LEVEL_MEAN];
  evidence->level_variance = numbers[MS_LEVEL_VARIANCE];
  evidence->error_scale = 1;
  if (!ms_is_missing(landmark)) {
    evidence->level_mean = numbers[MS_ENCODER_INTERCEPT] + numbers[MS_ENCODER_SLOPE] * landmark;
    evidence->level_variance = numbers[MS_ENCODER_VARIANCE];
    evidence->error_scale = ms_error_scale(certainty, landmark);
  }
}

static ms_status find_evidence(ms_context *context, const ms_certainty *certainty,
                               const ms_observations *observations, size_t image_count,
                               ms_evidence *evidence) {
  size_t count = observations->count;
  size_t model_count = certainty->model_count;
  size_t *models = NULL; /* [count] */
  MS_TRY(MS_SCRATCH(context, model_count + count, &models));
  MS_TRY(MS_SCRATCH(context, 2 * count, &evidence->logits));
  evidence->noise = evidence->logits + count;
  size_t *seen = models + count; /* [M] */
  memset(seen, 0, model_count * sizeof *seen);
  for (size_t i = 0; i < count; i++) {
    uint32_t model = observations->models[i];
    double accuracy = observations->accuracies[i];
    if (model >= model_count || seen[model] != 0) {
      return ms_fail(context, MS_ERR_ARGUMENT, "observed model %u of %zu is %s", model, model_count,
                     model >= model_count ? "unknown" : "given twice");
    }
    if (!(accuracy >= 0 && accuracy <= 1)) {
      return ms_fail_number(context, MS_ERR_DATA, "the accuracy of model", model, accuracy);
    }
    seen[model] = 1;
    models[i] = model;
    evidence->logits[i] = ms_logit_accuracy(accuracy, image_count) - certainty->offsets[model];
    evidence->noise[i] = ms_observation_noise(certainty, accuracy, image_count);
  }
  evidence->models = models;
  evidence->count = count;
  return MS_OK;
}

ms_status ms_forecast_make(ms_context *context, const ms_certainty *certainty, const double *scores,
                           double landmark, size_t image_count, const ms_observations *observations,
                           ms_forecast *forecast) {
  forecast->scores = scores;
  forecast->image_count = image_count;
  find_level(certainty, landmark, &forecast->evidence);
  MS_TRY(find_evidence(context, certainty, observations, image_count, &forecast->evidence));
  return ms_posterior_make(context, certainty, &forecast->evidence, &forecast->posterior);
}

/* What the draws showed, and scratch. */
typedef struct outcomes {
  size_t draw_count;
  float *logits;   /* [M][draw_count] */
  uint32_t *ranks; /* [M][draw_count] */
  float *draw;     /* [M] */
  size_t *order;   /* [M], or [draw_count] if that is more */
} outcomes;

static void draw_outcomes(const ms_forecast *forecast, const double *resampled,
                          size_t resample_count, ms_random *random, double *draw,
                          const outcomes *drawn) {
  size_t model_count = forecast->posterior.certainty->model_count;
  for (size_t i = 0; i < drawn->draw_count; i++) {
    ms_posterior_draw(&forecast->posterior, resampled + i % resample_count * model_count, random,
                      draw);
    for (size_t m = 0; m < model_count; m++) {
      drawn->draw[m] = (float)draw[m];
      drawn->logits[m * drawn->draw_count + i] = drawn->draw[m];
    }
    ms_order_descending(drawn->draw, drawn->draw, model_count, drawn->order);
    for (size_t r = 0; r < model_count; r++) {
      drawn->ranks[drawn->order[r] * drawn->draw_count + i] = (uint32_t)r;
    }
  }
}

/* The accuracies at the shares of a model's logits in falling order. */
static void find_accuracies(const float *logits, size_t count, size_t *order,
                            ms_assessment *assessment) {
  size_t tail = (size_t)(OUTSIDE / 2 * (double)count);
  ms_order_descending(logits, logits, count, order);
  assessment->accuracy_high = (float)ms_logistic(logits[order[tail]]);
  assessment->accuracy_mid = (float)ms_logistic(logits[order[count / 2]]);
  assessment->accuracy_low = (float)ms_logistic(logits[order[count - 1 - tail]]);
}

/*
 * The interval of whole ranks whose share of the draws is closest to RANKS_INSIDE: ranks are
 * dropped from the end where fewer draws have them. An interval of quantiles would hold more, all
 * the more so the fewer models there are. draws [M] is scratch.
 */
static void find_rank_interval(const uint32_t *ranks, size_t count, size_t model_count,
                               size_t *draws, ms_assessment *assessment) {
  double wanted = RANKS_INSIDE * (double)count;
  size_t low = 0;
  size_t high = model_count - 1;
  size_t kept = count;
  memset(draws, 0, model_count * sizeof *draws);
  for (size_t i = 0; i < count; i++) {
    draws[ranks[i]]++;
  }
  for (;;) {
    while (draws[low] == 0) {
      low++;
    }
    while (draws[high] == 0) {
      high--;
    }
    bool from_high = draws[high] <= draws[low];
    size_t left = kept - draws[from_high ? high : low];
    if (!(fabs((double)left - wanted) < fabs((double)kept - wanted))) {
      break;
    }
    kept = left;
    if (from_high) {
      high--;
    } else {
      low++;
    }
  }
  assessment->rank_low = (float)low;
  assessment->rank_high = (float)high;
}

ms_status ms_forecast_assess(ms_context *context, const ms_forecast *forecast,
                             const double *resampled, size_t resample_count, ms_random *random,
                             size_t draw_count, ms_assessment *assessments, size_t count) {
  size_t model_count = forecast->posterior.certainty->model_count;
  size_t value_count = model_count * draw_count; /* a size by the limits of both */
  MS_TRY(ms_check_range(context, draw_count, MIN_DRAWS, MAX_DRAWS, "draws"));
  MS_TRY(ms_check_room(context, count, model_count));
  outcomes drawn = {.draw_count = draw_count};
  double *means = NULL; /* [M], draws before */
  MS_TRY(MS_SCRATCH(context, value_count + model_count, &drawn.logits));
  MS_TRY(MS_SCRATCH(context, value_count, &drawn.ranks));
  MS_TRY(MS_SCRATCH(context, model_count + draw_count, &drawn.order));
  MS_TRY(MS_SCRATCH(context, model_count, &means));
  drawn.draw = drawn.logits + value_count;
  draw_outcomes(forecast, resampled, resample_count, random, means, &drawn);
  double level = ms_posterior_mean(&forecast->posterior, forecast->scores, means);
  for (size_t m = 0; m < model_count; m++) {
    assessments[m].score = (float)(means[m] - level);
    find_rank_interval(drawn.ranks + m * draw_count, draw_count, model_count, drawn.order,
                       &assessments[m]);
    find_accuracies(drawn.logits + m * draw_count, draw_count, drawn.order, &assessments[m]);
  }
  return MS_OK;
}

/* E max over models of (mean + move Z) less max of the means, Z standard normal on a fine grid. */
static double expected_gain(const double *means, const double *moves, size_t count) {
  double weights = 0;
  double sum = 0;
  double best = -INFINITY;
  for (size_t m = 0; m < count; m++) {
    best = means[m] > best ? means[m] : best;
  }
  for (int step = -32; step <= 32; step++) {
    double z = step / 8.0;
    double largest = -INFINITY;
    for (size_t m = 0; m < count; m++) {
      double moved = means[m] + moves[m] * z;
      largest = moved > largest ? moved : largest;
    }
    double weight = ms_exp(-z * z / 2);
    weights += weight;
    sum += weight * (largest - best);
  }
  return sum / weights;
}

/* The candidate of the largest gain; of equal ones the one with the best mean. */
static ms_status choose_next(ms_context *context, const ms_forecast *forecast, size_t *model) {
  const ms_posterior *posterior = &forecast->posterior;
  size_t model_count = posterior->certainty->model_count;
  double *means = NULL; /* [M] */
  float *values = NULL; /* [M], -infinity for models that were run */
  size_t *order = NULL; /* [M] */
  MS_TRY(MS_SCRATCH(context, 2 * model_count, &means));
  double *moves = means + model_count; /* [M] */
  MS_TRY(MS_SCRATCH(context, model_count, &values));
  MS_TRY(MS_SCRATCH(context, model_count, &order));
  ms_posterior_mean(posterior, forecast->scores, means);
  ms_narrow(means, model_count, values);
  for (size_t i = 0; i < forecast->evidence.count; i++) {
    values[forecast->evidence.models[i]] = -INFINITY;
  }
  ms_order_descending(values, values, model_count, order);
  double best = -INFINITY;
  for (size_t i = 0; i < model_count && i < CANDIDATES && values[order[i]] > -INFINITY; i++) {
    double noise = ms_observation_noise(posterior->certainty, ms_logistic(means[order[i]]),
                                        forecast->image_count);
    ms_posterior_reach(posterior, order[i], noise, moves);
    double gain = expected_gain(means, moves, model_count);
    if (gain > best) {
      best = gain;
      *model = order[i];
    }
  }
  return MS_OK;
}

ms_status ms_forecast_suggest(ms_context *context, const ms_forecast *forecast, size_t *model) {
  size_t model_count = forecast->posterior.certainty->model_count;
  if (forecast->evidence.count >= model_count) {
    return ms_fail(context, MS_ERR_ARGUMENT, "all %zu models have been run", model_count);
  }
  return choose_next(context, forecast, model);
}
