/*
 * Judges all models from scores that are given: moved by the models that were run, with intervals
 * of ranks and accuracies, and the model worth running next. The Gaussian model is posterior.c's.
 */
#include "scorer/forecast.h"

#include <math.h>
#include <string.h>

#include "core/exact.h"
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

static ms_status check_observations(ms_context *context, size_t model_count,
                                    const ms_observations *seen_models) {
  const uint32_t *observed = seen_models->models;
  const float *accuracies = seen_models->accuracies;
  uint8_t *seen = NULL; /* [M] */
  MS_TRY(MS_SCRATCH(context, model_count, &seen));
  memset(seen, 0, model_count);
  for (size_t i = 0; i < seen_models->count; i++) {
    if (observed[i] >= model_count || seen[observed[i]] != 0) {
      return ms_fail(context, MS_ERR_ARGUMENT, "observed model %u of %zu is %s", observed[i],
                     model_count, observed[i] >= model_count ? "unknown" : "given twice");
    }
    if (!(accuracies[i] >= 0 && accuracies[i] <= 1)) {
      return ms_fail(context, MS_ERR_DATA, "the accuracy of observed model %u is %g", observed[i],
                     (double)accuracies[i]);
    }
    seen[observed[i]] = 1;
  }
  return MS_OK;
}

/* The level before any model was run, from the encoder's own accuracy where that is known. */
static void find_level(const ms_certainty *certainty, double landmark, ms_evidence *evidence) {
  const double *numbers = certainty->numbers;
  evidence->level_mean = numbers[MS_LEVEL_MEAN];
  evidence->level_variance = numbers[MS_LEVEL_VARIANCE];
  evidence->error_scale = 1;
  if (!isnan(landmark)) {
    evidence->level_mean = numbers[MS_ENCODER_INTERCEPT] + numbers[MS_ENCODER_SLOPE] * landmark;
    evidence->level_variance = numbers[MS_ENCODER_VARIANCE];
    evidence->error_scale = ms_error_scale(certainty, landmark);
  }
}

static ms_status find_evidence(ms_context *context, const ms_certainty *certainty,
                               const ms_observations *observations, size_t image_count,
                               ms_evidence *evidence) {
  size_t count = observations->count;
  size_t *models = NULL; /* [count] */
  MS_TRY(MS_SCRATCH(context, count, &models));
  MS_TRY(MS_SCRATCH(context, count, &evidence->logits));
  MS_TRY(MS_SCRATCH(context, count, &evidence->noise));
  for (size_t i = 0; i < count; i++) {
    double accuracy = observations->accuracies[i];
    models[i] = observations->models[i];
    evidence->logits[i] =
        ms_logit_accuracy(accuracy, image_count) - certainty->offsets[observations->models[i]];
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
  MS_TRY(check_observations(context, certainty->model_count, observations));
  find_level(certainty, landmark, &forecast->evidence);
  MS_TRY(find_evidence(context, certainty, observations, image_count, &forecast->evidence));
  return ms_posterior_make(context, certainty, &forecast->evidence, &forecast->posterior);
}

/* Draws: logits and ranks, both [M][draw_count]. */
static ms_status draw_outcomes(ms_context *context, const ms_forecast *forecast,
                               const double *resampled, size_t resample_count, ms_random *random,
                               size_t draw_count, float *logits, float *ranks) {
  size_t model_count = forecast->posterior.certainty->model_count;
  double *draw = NULL;  /* [M] */
  float *values = NULL; /* [M] */
  size_t *order = NULL; /* [M] */
  MS_TRY(MS_SCRATCH(context, model_count, &draw));
  MS_TRY(MS_SCRATCH(context, model_count, &values));
  MS_TRY(MS_SCRATCH(context, model_count, &order));
  for (size_t i = 0; i < draw_count; i++) {
    ms_posterior_draw(&forecast->posterior, resampled + i % resample_count * model_count, random,
                      draw);
    for (size_t m = 0; m < model_count; m++) {
      values[m] = (float)draw[m];
      logits[m * draw_count + i] = values[m];
    }
    ms_arena_mark mark = ms_arena_get_mark(context);
    MS_TRY(ms_order_descending(context, values, NULL, model_count, order));
    ms_arena_drop(context, mark);
    for (size_t r = 0; r < model_count; r++) {
      ranks[order[r] * draw_count + i] = (float)r;
    }
  }
  return MS_OK;
}

/* The values at the shares of their falling order. */
static ms_status find_quantiles(ms_context *context, const float *values, size_t count, float *low,
                                float *middle, float *high) {
  ms_arena_mark mark = ms_arena_get_mark(context);
  size_t *order = NULL; /* [count] */
  MS_TRY(MS_SCRATCH(context, count, &order));
  MS_TRY(ms_order_descending(context, values, NULL, count, order));
  size_t tail = (size_t)(OUTSIDE / 2 * (double)count);
  *high = values[order[tail]];
  *middle = values[order[count / 2]];
  *low = values[order[count - 1 - tail]];
  ms_arena_drop(context, mark);
  return MS_OK;
}

/* How many values from order[at] on in a direction equal it. */
static size_t count_equal(const float *values, const size_t *order, size_t count, size_t at,
                          bool forward) {
  size_t equal = 1;
  while (equal < count && values[order[forward ? at + equal : at - equal]] == values[order[at]]) {
    equal++;
  }
  return equal;
}

/*
 * The interval of whole ranks whose share of the draws is closest to RANKS_INSIDE: ranks are
 * dropped from the end where fewer draws have them. An interval of quantiles would hold more, all
 * the more so the fewer models there are.
 */
static ms_status find_rank_interval(ms_context *context, const float *ranks, size_t count,
                                    float *low, float *high) {
  ms_arena_mark mark = ms_arena_get_mark(context);
  size_t *order = NULL; /* [count], worst rank first */
  MS_TRY(MS_SCRATCH(context, count, &order));
  MS_TRY(ms_order_descending(context, ranks, NULL, count, order));
  double wanted = RANKS_INSIDE * (double)count;
  size_t first = 0;
  size_t kept = count;
  bool closer = true;
  while (closer) {
    size_t worst = count_equal(ranks, order, kept, first, true);
    size_t best = count_equal(ranks, order, kept, first + kept - 1, false);
    size_t dropped = worst <= best ? worst : best;
    closer = fabs((double)(kept - dropped) - wanted) < fabs((double)kept - wanted);
    if (closer) {
      first += worst <= best ? worst : 0;
      kept -= dropped;
    }
  }
  *high = ranks[order[first]];
  *low = ranks[order[first + kept - 1]];
  ms_arena_drop(context, mark);
  return MS_OK;
}

static ms_status fill_assessments(ms_context *context, const ms_forecast *forecast,
                                  size_t draw_count, const float *logits, const float *ranks,
                                  ms_assessment *assessments) {
  size_t model_count = forecast->posterior.certainty->model_count;
  double *means = NULL; /* [M] */
  double level = 0;
  MS_TRY(MS_SCRATCH(context, model_count, &means));
  ms_posterior_mean(&forecast->posterior, forecast->scores, means, &level);
  for (size_t m = 0; m < model_count; m++) {
    ms_assessment *filled = &assessments[m];
    filled->score = (float)(means[m] - level);
    MS_TRY(find_rank_interval(context, ranks + m * draw_count, draw_count, &filled->rank_low,
                              &filled->rank_high));
    MS_TRY(find_quantiles(context, logits + m * draw_count, draw_count, &filled->accuracy_low,
                          &filled->accuracy_mid, &filled->accuracy_high));
    filled->accuracy_low = (float)ms_logistic(filled->accuracy_low);
    filled->accuracy_mid = (float)ms_logistic(filled->accuracy_mid);
    filled->accuracy_high = (float)ms_logistic(filled->accuracy_high);
  }
  return MS_OK;
}

ms_status ms_forecast_assess(ms_context *context, const ms_forecast *forecast,
                             const double *resampled, size_t resample_count, ms_random *random,
                             size_t draw_count, ms_assessment *assessments, size_t count) {
  size_t model_count = forecast->posterior.certainty->model_count;
  size_t value_count = 0;
  if (draw_count < MIN_DRAWS || draw_count > MAX_DRAWS || count < model_count) {
    return ms_fail(context, MS_ERR_ARGUMENT,
                   "%zu draws (%d to %d are possible), room for %zu models of %zu", draw_count,
                   MIN_DRAWS, MAX_DRAWS, count, model_count);
  }
  if (!ms_size_mul(model_count, draw_count, &value_count)) {
    return ms_fail(context, MS_ERR_MEMORY, "no memory for %zu draws", draw_count);
  }
  float *logits = NULL; /* [M][draw_count] */
  float *ranks = NULL;  /* [M][draw_count] */
  MS_TRY(MS_SCRATCH(context, value_count, &logits));
  MS_TRY(MS_SCRATCH(context, value_count, &ranks));
  MS_TRY(draw_outcomes(context, forecast, resampled, resample_count, random, draw_count, logits,
                       ranks));
  return fill_assessments(context, forecast, draw_count, logits, ranks, assessments);
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
  double *moves = NULL; /* [M] */
  float *values = NULL; /* [M], -infinity for models that were run */
  size_t *order = NULL; /* [M] */
  double level = 0;
  MS_TRY(MS_SCRATCH(context, model_count, &means));
  MS_TRY(MS_SCRATCH(context, model_count, &moves));
  MS_TRY(MS_SCRATCH(context, model_count, &values));
  MS_TRY(MS_SCRATCH(context, model_count, &order));
  ms_posterior_mean(posterior, forecast->scores, means, &level);
  for (size_t m = 0; m < model_count; m++) {
    values[m] = (float)means[m];
  }
  for (size_t i = 0; i < forecast->evidence.count; i++) {
    values[forecast->evidence.models[i]] = -INFINITY;
  }
  MS_TRY(ms_order_descending(context, values, NULL, model_count, order));
  double best = -INFINITY;
  for (size_t i = 0; i < model_count && i < CANDIDATES && values[order[i]] > -INFINITY; i++) {
    ms_arena_mark mark = ms_arena_get_mark(context);
    double noise = ms_observation_noise(posterior->certainty, ms_logistic(means[order[i]]),
                                        forecast->image_count);
    MS_TRY(ms_posterior_reach(context, posterior, order[i], noise, moves));
    ms_arena_drop(context, mark);
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
