/*
 * The certainty of a ranking: scores moved by the models that were run, intervals of ranks and
 * accuracies, and the model worth running next. The Gaussian model is posterior.c's; this file
 * brings the task to it, and adds what the user's images, being few, leave open: a bootstrap.
 */
#include <math.h>
#include <string.h>

#include "core/exact.h"
#include "scorer/order.h"
#include "scorer/scorer.h"

/* Resamples of the images; draws of the Gaussian model share them in turn. */
enum { RESAMPLES = 32, MIN_DRAWS = 16, MAX_DRAWS = 4096, CANDIDATES = 64 };

/* An interval leaves this share of the draws outside, an accuracy's half of it at each end. */
static const double OUTSIDE = 0.2;

/* A task as the Gaussian model needs it, in scratch memory. */
typedef struct assessed_task {
  ms_task_view view;
  float *landmarks;
  double *scores; /* [M] */
  ms_evidence evidence;
  ms_posterior posterior;
} assessed_task;

static ms_status check_observations(const ms_scorer *scorer, const uint32_t *observed,
                                    const float *accuracies, size_t count) {
  ms_context *context = scorer->context;
  size_t model_count = ms_scorer_model_count(scorer);
  uint8_t *seen = NULL; /* [M] */
  MS_TRY(MS_SCRATCH(context, model_count, &seen));
  memset(seen, 0, model_count);
  for (size_t i = 0; i < count; i++) {
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

/* The level before any model was run, from the encoder's own accuracy where that can be measured.
 */
static ms_status find_level(const ms_scorer *scorer, const ms_task_view *view,
                            ms_evidence *evidence) {
  const double *numbers = scorer->certainty.numbers;
  evidence->level_mean = numbers[MS_LEVEL_MEAN];
  evidence->level_variance = numbers[MS_LEVEL_VARIANCE];
  evidence->error_scale = 1;
  if (view->class_count < 2 || view->image_count <= view->class_count) {
    return MS_OK;
  }
  /* All features as one landmark: the ridge's accuracy, on so many images that it stays quick. */
  const ms_feature_blocks whole = {1, &view->task->feature_count, 0};
  double logit = 0;
  MS_TRY(ms_landmarks_take(view, &whole, &logit));
  evidence->level_mean = numbers[MS_ENCODER_INTERCEPT] + numbers[MS_ENCODER_SLOPE] * logit;
  evidence->level_variance = numbers[MS_ENCODER_VARIANCE];
  evidence->error_scale = ms_error_scale(&scorer->certainty, logit);
  return MS_OK;
}

static ms_status find_evidence(const ms_scorer *scorer, const ms_task_view *view,
                               const uint32_t *observed, const float *accuracies, size_t count,
                               ms_evidence *evidence) {
  ms_context *context = scorer->context;
  size_t *models = NULL; /* [count] */
  MS_TRY(MS_SCRATCH(context, count, &models));
  MS_TRY(MS_SCRATCH(context, count, &evidence->logits));
  MS_TRY(MS_SCRATCH(context, count, &evidence->noise));
  for (size_t i = 0; i < count; i++) {
    models[i] = observed[i];
    evidence->logits[i] = ms_logit_accuracy(accuracies[i], view->image_count) -
                          scorer->certainty.offsets[observed[i]];
    evidence->noise[i] = ms_observation_noise(&scorer->certainty, accuracies[i], view->image_count);
  }
  evidence->models = models;
  evidence->count = count;
  return find_level(scorer, view, evidence);
}

static ms_status read_task(const ms_scorer *scorer, const ms_task *task, const uint32_t *observed,
                           const float *accuracies, size_t count, assessed_task *assessed) {
  if (scorer->certainty.block == NULL) {
    return ms_fail(scorer->context, MS_ERR_UNSUPPORTED,
                   "the scorer file says nothing about its certainty");
  }
  MS_TRY(ms_scorer_check_task(scorer, task));
  MS_TRY(check_observations(scorer, observed, accuracies, count));
  MS_TRY(MS_SCRATCH(scorer->context, ms_scorer_model_count(scorer), &assessed->scores));
  MS_TRY(ms_task_view_all(task, &assessed->view));
  MS_TRY(ms_scorer_take_landmarks(scorer, &assessed->view, &assessed->landmarks));
  MS_TRY(ms_scorer_score_view(scorer, &assessed->view, assessed->landmarks, assessed->scores));
  MS_TRY(find_evidence(scorer, &assessed->view, observed, accuracies, count, &assessed->evidence));
  return ms_posterior_make(scorer->context, &scorer->certainty, &assessed->evidence,
                           &assessed->posterior);
}

/*
 * resampled [RESAMPLES][M]: the task's scores, moved as resampling its images moves them. The
 * resamples' own mean is taken out: resampled classes are tighter than real ones. The landmarks
 * stay: an image that is drawn twice tells its own class, so resampled landmarks would be too good.
 */
static ms_status resample_scores(const ms_scorer *scorer, const assessed_task *assessed,
                                 ms_random *random, double *resampled) {
  ms_context *context = scorer->context;
  size_t model_count = ms_scorer_model_count(scorer);
  double *means = NULL; /* [M] */
  MS_TRY(MS_SCRATCH(context, model_count, &means));
  memset(means, 0, model_count * sizeof *means);
  for (size_t i = 0; i < RESAMPLES; i++) {
    ms_arena_mark mark = ms_arena_get_mark(context);
    ms_task_view view;
    MS_TRY(ms_task_view_bootstrap(&assessed->view, random, &view));
    MS_TRY(ms_scorer_score_view(scorer, &view, assessed->landmarks, resampled + i * model_count));
    ms_arena_drop(context, mark);
    for (size_t m = 0; m < model_count; m++) {
      means[m] += resampled[i * model_count + m] / RESAMPLES;
    }
  }
  for (size_t i = 0; i < RESAMPLES * model_count; i++) {
    resampled[i] += assessed->scores[i % model_count] - means[i % model_count];
  }
  return MS_OK;
}

/* Draws: logits and ranks, both [M][draw_count]. */
static ms_status draw_outcomes(const ms_scorer *scorer, const assessed_task *assessed,
                               ms_random *random, size_t draw_count, float *logits, float *ranks) {
  ms_context *context = scorer->context;
  size_t model_count = ms_scorer_model_count(scorer);
  double *resampled = NULL; /* [RESAMPLES][M] */
  double *draw = NULL;      /* [M] */
  float *values = NULL;     /* [M] */
  size_t *order = NULL;     /* [M] */
  MS_TRY(MS_SCRATCH(context, RESAMPLES * model_count, &resampled));
  MS_TRY(MS_SCRATCH(context, model_count, &draw));
  MS_TRY(MS_SCRATCH(context, model_count, &values));
  MS_TRY(MS_SCRATCH(context, model_count, &order));
  MS_TRY(resample_scores(scorer, assessed, random, resampled));
  for (size_t i = 0; i < draw_count; i++) {
    ms_posterior_draw(&assessed->posterior, resampled + i % RESAMPLES * model_count, random, draw);
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
 * The interval of whole ranks whose share of the draws is closest to the promised one: ranks are
 * dropped from the end where fewer draws have them. An interval of quantiles would hold more, all
 * the more so the fewer models there are.
 */
static ms_status find_rank_interval(ms_context *context, const float *ranks, size_t count,
                                    float *low, float *high) {
  ms_arena_mark mark = ms_arena_get_mark(context);
  size_t *order = NULL; /* [count], worst rank first */
  MS_TRY(MS_SCRATCH(context, count, &order));
  MS_TRY(ms_order_descending(context, ranks, NULL, count, order));
  double wanted = (1 - OUTSIDE) * (double)count;
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

static ms_status fill_assessments(const ms_scorer *scorer, const assessed_task *assessed,
                                  size_t draw_count, const float *logits, const float *ranks,
                                  ms_assessment *assessments) {
  size_t model_count = ms_scorer_model_count(scorer);
  double *means = NULL; /* [M] */
  double level = 0;
  MS_TRY(MS_SCRATCH(scorer->context, model_count, &means));
  ms_posterior_mean(&assessed->posterior, assessed->scores, means, &level);
  for (size_t m = 0; m < model_count; m++) {
    ms_assessment *filled = &assessments[m];
    filled->score = (float)(means[m] - level);
    MS_TRY(find_rank_interval(scorer->context, ranks + m * draw_count, draw_count,
                              &filled->rank_low, &filled->rank_high));
    MS_TRY(find_quantiles(scorer->context, logits + m * draw_count, draw_count,
                          &filled->accuracy_low, &filled->accuracy_mid, &filled->accuracy_high));
    filled->accuracy_low = (float)ms_logistic(filled->accuracy_low);
    filled->accuracy_mid = (float)ms_logistic(filled->accuracy_mid);
    filled->accuracy_high = (float)ms_logistic(filled->accuracy_high);
  }
  return MS_OK;
}

static bool do_differ(const float *values, size_t count) {
  bool differ = false;
  for (size_t i = 1; i < count; i++) {
    differ = differ || values[i] != values[0];
  }
  return differ;
}

/* (1 - tau-b) / 2 of scores and priors; 0 where one of them gives no order. */
static ms_status find_order_change(const ms_scorer *scorer, const ms_assessment *assessments,
                                   float *order_change) {
  ms_context *context = scorer->context;
  size_t model_count = ms_scorer_model_count(scorer);
  float *scores = NULL; /* [M] */
  float *priors = NULL; /* [M] */
  double tau = 1;
  MS_TRY(MS_SCRATCH(context, model_count, &scores));
  MS_TRY(MS_SCRATCH(context, model_count, &priors));
  for (size_t m = 0; m < model_count; m++) {
    scores[m] = assessments[m].score;
    priors[m] = (float)scorer->attention.prior[m];
  }
  if (do_differ(scores, model_count) && do_differ(priors, model_count)) {
    MS_TRY(ms_kendall_tau_b(context, priors, scores, model_count, &tau));
  }
  *order_change = (float)((1 - tau) / 2);
  return MS_OK;
}

static ms_status assess(const ms_scorer *scorer, const assessed_task *assessed, uint32_t seed,
                        size_t draw_count, ms_assessment *assessments, float *order_change) {
  ms_context *context = scorer->context;
  size_t value_count = 0;
  if (!ms_size_mul(ms_scorer_model_count(scorer), draw_count, &value_count)) {
    return ms_fail(context, MS_ERR_MEMORY, "no memory for %zu draws", draw_count);
  }
  float *logits = NULL; /* [M][draw_count] */
  float *ranks = NULL;  /* [M][draw_count] */
  ms_random random = ms_random_make(seed, 0);
  MS_TRY(MS_SCRATCH(context, value_count, &logits));
  MS_TRY(MS_SCRATCH(context, value_count, &ranks));
  MS_TRY(draw_outcomes(scorer, assessed, &random, draw_count, logits, ranks));
  MS_TRY(fill_assessments(scorer, assessed, draw_count, logits, ranks, assessments));
  return find_order_change(scorer, assessments, order_change);
}

ms_status ms_scorer_assess(ms_scorer *scorer, const ms_task *task, const uint32_t *observed,
                           const float *accuracies, size_t observed_count, uint32_t seed,
                           size_t draw_count, ms_assessment *assessments, size_t count,
                           float *order_change) {
  if (draw_count < MIN_DRAWS || draw_count > MAX_DRAWS || count < ms_scorer_model_count(scorer)) {
    return ms_fail(scorer->context, MS_ERR_ARGUMENT,
                   "%zu draws (%d to %d are possible), room for %zu models of %zu", draw_count,
                   MIN_DRAWS, MAX_DRAWS, count, ms_scorer_model_count(scorer));
  }
  ms_arena_mark mark = ms_arena_get_mark(scorer->context);
  assessed_task assessed;
  ms_status status = read_task(scorer, task, observed, accuracies, observed_count, &assessed);
  if (status == MS_OK) {
    status = assess(scorer, &assessed, seed, draw_count, assessments, order_change);
  }
  ms_arena_drop(scorer->context, mark);
  return status;
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
static ms_status choose_next(const ms_scorer *scorer, const assessed_task *assessed,
                             size_t *model) {
  ms_context *context = scorer->context;
  size_t model_count = ms_scorer_model_count(scorer);
  double *means = NULL; /* [M] */
  double *moves = NULL; /* [M] */
  float *values = NULL; /* [M], -infinity for models that were run */
  size_t *order = NULL; /* [M] */
  double level = 0;
  MS_TRY(MS_SCRATCH(context, model_count, &means));
  MS_TRY(MS_SCRATCH(context, model_count, &moves));
  MS_TRY(MS_SCRATCH(context, model_count, &values));
  MS_TRY(MS_SCRATCH(context, model_count, &order));
  ms_posterior_mean(&assessed->posterior, assessed->scores, means, &level);
  for (size_t m = 0; m < model_count; m++) {
    values[m] = (float)means[m];
  }
  for (size_t i = 0; i < assessed->evidence.count; i++) {
    values[assessed->evidence.models[i]] = -INFINITY;
  }
  MS_TRY(ms_order_descending(context, values, NULL, model_count, order));
  double best = -INFINITY;
  for (size_t i = 0; i < model_count && i < CANDIDATES && values[order[i]] > -INFINITY; i++) {
    ms_arena_mark mark = ms_arena_get_mark(context);
    double noise = ms_observation_noise(&scorer->certainty, ms_logistic(means[order[i]]),
                                        assessed->view.image_count);
    MS_TRY(ms_posterior_reach(context, &assessed->posterior, order[i], noise, moves));
    ms_arena_drop(context, mark);
    double gain = expected_gain(means, moves, model_count);
    if (gain > best) {
      best = gain;
      *model = order[i];
    }
  }
  return MS_OK;
}

ms_status ms_scorer_suggest(ms_scorer *scorer, const ms_task *task, const uint32_t *observed,
                            const float *accuracies, size_t observed_count, size_t *model) {
  if (observed_count >= ms_scorer_model_count(scorer)) {
    return ms_fail(scorer->context, MS_ERR_ARGUMENT, "all %zu models have been run",
                   ms_scorer_model_count(scorer));
  }
  ms_arena_mark mark = ms_arena_get_mark(scorer->context);
  assessed_task assessed;
  ms_status status = read_task(scorer, task, observed, accuracies, observed_count, &assessed);
  if (status == MS_OK) {
    status = choose_next(scorer, &assessed, model);
  }
  ms_arena_drop(scorer->context, mark);
  return status;
}
