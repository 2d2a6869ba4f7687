/*
 * The certainty of a ranking of a user's task: brings the task to forecast.c, and adds what the
 * user's images, being few, leave open: a bootstrap.
 */
#include <math.h>
#include <string.h>

#include "scorer/forecast.h"
#include "scorer/number.h"
#include "scorer/order.h"
#include "scorer/scorer.h"

/* Resamples of the images; draws of the Gaussian model share them in turn. */
enum { RESAMPLES = 32 };

/* A task and what is expected of it, in scratch memory. */
typedef struct assessed_task {
  ms_task_view view;
  float *landmarks;
  double *scores; /* [M] */
  ms_forecast forecast;
} assessed_task;

static ms_status read_task(const ms_scorer *scorer, const ms_task *task,
                           const ms_observations *observations, assessed_task *assessed) {
  ms_context *context = scorer->context;
  double level = NAN;
  if (scorer->certainty.block == NULL) {
    return ms_fail(context, MS_ERR_UNSUPPORTED, "no certainty has been learned");
  }
  MS_TRY(ms_scorer_check_task(scorer, task));
  MS_TRY(MS_SCRATCH(context, ms_scorer_model_count(scorer), &assessed->scores));
  MS_TRY(ms_task_view_all(task, &assessed->view));
  MS_TRY(ms_scorer_take_landmarks(scorer, &assessed->view, &assessed->landmarks, &level));
  MS_TRY(ms_scorer_score_view(scorer, &assessed->view, assessed->landmarks, assessed->scores));
  return ms_forecast_make(context, &scorer->certainty, assessed->scores, level,
                          assessed->view.image_count, observations, &assessed->forecast);
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

/* (1 - tau-b) / 2 of scores and priors; 0 where one of them gives no order. */
static ms_status find_order_change(const ms_scorer *scorer, const ms_assessment *assessments,
                                   float *order_change) {
  ms_context *context = scorer->context;
  size_t model_count = ms_scorer_model_count(scorer);
  float *scores = NULL; /* [M] */
  size_t *order = NULL; /* [M] */
  MS_TRY(MS_SCRATCH(context, 2 * model_count, &scores));
  MS_TRY(MS_SCRATCH(context, model_count, &order));
  float *priors = scores + model_count; /* [M] */
  for (size_t m = 0; m < model_count; m++) {
    scores[m] = assessments[m].score;
  }
  ms_narrow(scorer->attention.prior, model_count, priors);
  double tau = ms_tau(priors, scores, model_count, false, order);
  *order_change = ms_is_missing(tau) ? 0 : (float)((1 - tau) / 2);
  return MS_OK;
}

static ms_status assess(const ms_scorer *scorer, const assessed_task *assessed, uint32_t seed,
                        size_t draw_count, ms_assessment *assessments, size_t count,
                        float *order_change) {
  ms_context *context = scorer->context;
  double *resampled = NULL; /* [RESAMPLES][M] */
  ms_random random = ms_random_make(seed, 0);
  MS_TRY(MS_SCRATCH(context, RESAMPLES * ms_scorer_model_count(scorer), &resampled));
  MS_TRY(resample_scores(scorer, assessed, &random, resampled));
  MS_TRY(ms_forecast_assess(context, &assessed->forecast, resampled, RESAMPLES, &random, draw_count,
                            assessments, count));
  return find_order_change(scorer, assessments, order_change);
}

ms_status ms_scorer_assess(ms_scorer *scorer, const ms_task *task, const uint32_t *observed,
                           const float *accuracies, size_t observed_count, uint32_t seed,
                           size_t draw_count, ms_assessment *assessments, size_t count,
                           float *order_change) {
  const ms_observations observations = {observed_count, observed, accuracies};
  ms_arena_mark mark = ms_arena_get_mark(scorer->context);
  assessed_task assessed;
  ms_status status = read_task(scorer, task, &observations, &assessed);
  if (status == MS_OK) {
    status = assess(scorer, &assessed, seed, draw_count, assessments, count, order_change);
  }
  ms_arena_drop(scorer->context, mark);
  return status;
}

ms_status ms_scorer_suggest(ms_scorer *scorer, const ms_task *task, const uint32_t *observed,
                            const float *accuracies, size_t observed_count, size_t *model) {
  const ms_observations observations = {observed_count, observed, accuracies};
  ms_arena_mark mark = ms_arena_get_mark(scorer->context);
  assessed_task assessed;
  ms_status status = read_task(scorer, task, &observations, &assessed);
  if (status == MS_OK) {
    status = ms_forecast_suggest(scorer->context, &assessed.forecast, model);
  }
  ms_arena_drop(scorer->context, mark);
  return status;
}
