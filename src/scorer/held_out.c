/*
 * The trainer's held-out tasks: checks and keeps them, has the certainty fitted to them, which is
 * evidence.c's work, and judges tasks by it.
 */
#include <math.h>
#include <string.h>

#include "scorer/forecast.h"
#include "scorer/number.h"
#include "scorer/order.h"
#include "scorer/trainer.h"

/* The likelihood of a shrinkage takes a Cholesky factor for every task. */
enum { MAX_MODELS = 512, MAX_IMAGES = 1 << 20 };

void ms_trainer_release_held_out(ms_trainer *trainer) {
  for (size_t t = 0; t < trainer->held_out_count; t++) {
    ms_release(trainer->context, trainer->held_out[t].errors);
  }
  ms_release(trainer->context, trainer->held_out);
  ms_release(trainer->context, trainer->certainty.block);
}

static ms_status check_arguments(const ms_trainer *trainer, const float *truths,
                                 const float *predicted, const float *observed, double landmark,
                                 size_t image_count, double weight) {
  ms_context *context = trainer->context;
  size_t model_count = trainer->shape.model_count;
  MS_TRY(ms_check_finite(context, truths, model_count, "true logit accuracy"));
  MS_TRY(ms_check_finite(context, predicted, model_count, "predicted score"));
  for (size_t m = 0; m < model_count; m++) {
    if (!ms_is_missing(observed[m]) && !(observed[m] >= 0 && observed[m] <= 1)) {
      return ms_fail_number(context, MS_ERR_DATA, "observed accuracy", m, observed[m]);
    }
  }
  if (!ms_is_missing(landmark) && !ms_is_finite(landmark)) {
    return ms_fail(context, MS_ERR_DATA, "the landmark is %g", landmark);
  }
  MS_TRY(ms_check_range(context, image_count, 1, MAX_IMAGES, "images"));
  return ms_trainer_check_new(trainer, trainer->held_out_count, weight);
}

/* Differences on the logit scale, in fresh memory. */
static ms_status fill_task(const ms_trainer *trainer, const float *truths, const float *predicted,
                           const float *observed, size_t image_count, ms_held_out_task *task) {
  size_t model_count = trainer->shape.model_count;
  MS_TRY(MS_NEW(trainer->context, 3 * model_count, &task->errors));
  task->observed = task->errors + model_count;
  task->image_variances = task->observed + model_count;
  for (size_t m = 0; m < model_count; m++) {
    task->errors[m] = (double)truths[m] - predicted[m];
    task->observed[m] = NAN;
    if (!ms_is_missing(observed[m])) {
      task->observed[m] = ms_logit_accuracy(observed[m], image_count) - truths[m];
      task->image_variances[m] = ms_logit_variance(observed[m], image_count);
    }
  }
  return MS_OK;
}

ms_status ms_trainer_add_held_out(ms_trainer *trainer, const float *truths, const float *predicted,
                                  const float *observed, double landmark, size_t image_count,
                                  double weight) {
  MS_TRY(check_arguments(trainer, truths, predicted, observed, landmark, image_count, weight));
  ms_held_out_task *tasks =
      ms_trainer_grow(trainer->context, trainer->held_out, trainer->held_out_count, sizeof *tasks);
  MS_TRY(MS_HAS_MEMORY(tasks));
  trainer->held_out = tasks;
  ms_held_out_task *task = &tasks[trainer->held_out_count];
  *task = (ms_held_out_task){.weight = weight, .encoder = landmark};
  MS_TRY(fill_task(trainer, truths, predicted, observed, image_count, task));
  trainer->held_out_count++;
  return MS_OK;
}

ms_status ms_trainer_fit_certainty(ms_trainer *trainer) {
  ms_context *context = trainer->context;
  size_t model_count = trainer->shape.model_count;
  if (model_count > MAX_MODELS) {
    return ms_fail(context, MS_ERR_LIMIT, "the certainty of %zu models, %d at most", model_count,
                   MAX_MODELS);
  }
  double *block = NULL;
  size_t factor_count = ms_certainty_factors(model_count);
  MS_TRY(MS_NEW(context, ms_certainty_count(model_count, factor_count), &block));
  ms_certainty certainty;
  ms_certainty_bind(&certainty, model_count, factor_count, block);
  ms_arena_mark mark = ms_arena_get_mark(context);
  ms_status status =
      ms_certainty_fit(context, trainer->held_out, trainer->held_out_count, &certainty);
  ms_arena_drop(context, mark);
  if (status != MS_OK) {
    ms_release(context, block);
    return status;
  }
  ms_release(context, trainer->certainty.block);
  trainer->certainty = certainty;
  return MS_OK;
}

/* Prepares a forecast of given scores by the fitted certainty. */
static ms_status forecast_scores(const ms_trainer *trainer, const float *predicted, double landmark,
                                 size_t image_count, const ms_observations *observations,
                                 ms_forecast *forecast) {
  size_t model_count = trainer->shape.model_count;
  double *scores = NULL; /* [M] */
  if (trainer->certainty.block == NULL) {
    return ms_fail(trainer->context, MS_ERR_ARGUMENT, "no certainty has been learned");
  }
  MS_TRY(ms_check_finite(trainer->context, predicted, model_count, "predicted score"));
  MS_TRY(MS_SCRATCH(trainer->context, model_count, &scores));
  for (size_t m = 0; m < model_count; m++) {
    scores[m] = predicted[m];
  }
  return ms_forecast_make(trainer->context, &trainer->certainty, scores, landmark, image_count,
                          observations, forecast);
}

ms_status ms_trainer_assess(ms_trainer *trainer, const float *predicted, double landmark,
                            size_t image_count, const uint32_t *observed, const float *accuracies,
                            size_t observed_count, uint32_t seed, size_t draw_count,
                            ms_assessment *assessments, size_t count) {
  const ms_observations observations = {observed_count, observed, accuracies};
  ms_arena_mark mark = ms_arena_get_mark(trainer->context);
  ms_random random = ms_random_make(seed, 0);
  ms_forecast forecast;
  ms_status status =
      forecast_scores(trainer, predicted, landmark, image_count, &observations, &forecast);
  if (status == MS_OK) {
    status = ms_forecast_assess(trainer->context, &forecast, forecast.scores, 1, &random,
                                draw_count, assessments, count);
  }
  ms_arena_drop(trainer->context, mark);
  return status;
}

ms_status ms_trainer_suggest(ms_trainer *trainer, const float *predicted, double landmark,
                             size_t image_count, const uint32_t *observed, const float *accuracies,
                             size_t observed_count, size_t *model) {
  const ms_observations observations = {observed_count, observed, accuracies};
  ms_arena_mark mark = ms_arena_get_mark(trainer->context);
  ms_forecast forecast;
  ms_status status =
      forecast_scores(trainer, predicted, landmark, image_count, &observations, &forecast);
  if (status == MS_OK) {
    status = ms_forecast_suggest(trainer->context, &forecast, model);
  }
  ms_arena_drop(trainer->context, mark);
  return status;
}
