/*
 * A loaded scorer: ids, prior, and scores of a task. Its file is scorer_file.c's work, its
 * certainty assess.c's.
 */
#include "scorer/scorer.h"

#include <math.h>

#include "scorer/order.h"

ms_status ms_scorer_load(ms_context *context, const void *bytes, size_t size, ms_scorer **scorer) {
  *scorer = NULL;
  ms_scorer *created = NULL;
  MS_TRY(MS_NEW(context, 1, &created));
  created->context = context;
  ms_arena_mark mark = ms_arena_get_mark(context);
  ms_status status = ms_scorer_read(created, bytes, size);
  ms_arena_drop(context, mark);
  if (status != MS_OK) {
    ms_scorer_destroy(created);
    return status;
  }
  *scorer = created;
  return MS_OK;
}

void ms_scorer_destroy(ms_scorer *scorer) {
  if (scorer == NULL) {
    return;
  }
  ms_context *context = scorer->context;
  ms_release(context, scorer->attention.block);
  ms_release(context, (void *)scorer->blocks.widths);
  ms_release(context, scorer->queries);
  ms_release(context, (void *)scorer->model_ids);
  ms_release(context, scorer);
}

size_t ms_scorer_model_count(const ms_scorer *scorer) {
  return scorer->attention.shape.model_count;
}

size_t ms_scorer_feature_count(const ms_scorer *scorer) {
  return scorer->attention.shape.feature_count;
}

const char *ms_scorer_model_id(const ms_scorer *scorer, size_t index) {
  return index < ms_scorer_model_count(scorer) ? scorer->model_ids[index] : NULL;
}

const char *ms_scorer_encoder_hash(const ms_scorer *scorer) {
  return scorer->encoder_hash;
}

ms_status ms_scorer_take_landmarks(const ms_scorer *scorer, const ms_task_view *view,
                                   float **landmarks, double *level) {
  ms_context *context = scorer->context;
  size_t count = scorer->attention.shape.landmark_count;
  double *taken = NULL; /* [count] */
  MS_TRY(MS_SCRATCH(context, count, landmarks));
  MS_TRY(MS_SCRATCH(context, count, &taken));
  for (size_t i = 0; i < count; i++) {
    (*landmarks)[i] = NAN;
  }
  *level = NAN;
  if (count > 0 && view->class_count > 1 && view->image_count > view->class_count) {
    MS_TRY(ms_landmarks_take(view, &scorer->blocks, taken));
    ms_landmarks_describe(taken, count - 1, *landmarks);
    *level = taken[count - 2];
  }
  return MS_OK;
}

ms_status ms_scorer_score_view(const ms_scorer *scorer, const ms_task_view *view,
                               const float *landmarks, double *scores) {
  ms_context *context = scorer->context;
  ms_tokens tokens;
  ms_projected_task projected;
  ms_attention_pass pass;
  MS_TRY(ms_tokens_make(view, landmarks, scorer->attention.shape.landmark_count, &tokens));
  MS_TRY(ms_score_tokens(context, &scorer->attention, &scorer->scale, &scorer->recall,
                         scorer->queries, &tokens, NULL, &projected, &pass));
  for (size_t m = 0; m < ms_scorer_model_count(scorer); m++) {
    if (!(fabs(pass.scores[m]) <= 3e38)) {
      return ms_fail(context, MS_ERR_DATA, "the score of model %s is %g", scorer->model_ids[m],
                     pass.scores[m]);
    }
    scores[m] = pass.scores[m];
  }
  return MS_OK;
}

ms_status ms_scorer_check_task(const ms_scorer *scorer, const ms_task *task) {
  if (task->context != scorer->context) {
    return ms_fail(scorer->context, MS_ERR_ARGUMENT, "the task belongs to another context");
  }
  if (task->feature_count != ms_scorer_feature_count(scorer)) {
    return ms_fail(scorer->context, MS_ERR_ARGUMENT,
                   "a task of %zu features, the scorer was made for %zu", task->feature_count,
                   ms_scorer_feature_count(scorer));
  }
  return MS_OK;
}

static ms_status score_task(ms_scorer *scorer, const ms_task *task, float *scores, size_t count) {
  ms_task_view view;
  double *wide = NULL; /* [M] */
  float *landmarks = NULL;
  double level = 0;
  MS_TRY(ms_scorer_check_task(scorer, task));
  MS_TRY(ms_check_room(scorer->context, count, ms_scorer_model_count(scorer)));
  MS_TRY(MS_SCRATCH(scorer->context, ms_scorer_model_count(scorer), &wide));
  MS_TRY(ms_task_view_all(task, &view));
  MS_TRY(ms_scorer_take_landmarks(scorer, &view, &landmarks, &level));
  MS_TRY(ms_scorer_score_view(scorer, &view, landmarks, wide));
  ms_narrow(wide, ms_scorer_model_count(scorer), scores);
  return MS_OK;
}

ms_status ms_scorer_score(ms_scorer *scorer, const ms_task *task, float *scores, size_t count) {
  ms_arena_mark mark = ms_arena_get_mark(scorer->context);
  ms_status status = score_task(scorer, task, scores, count);
  ms_arena_drop(scorer->context, mark);
  return status;
}

ms_status ms_scorer_prior(const ms_scorer *scorer, float *scores, size_t count) {
  MS_TRY(ms_check_room(scorer->context, count, ms_scorer_model_count(scorer)));
  ms_narrow(scorer->attention.prior, ms_scorer_model_count(scorer), scores);
  return MS_OK;
}
