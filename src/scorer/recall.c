/* Scores by nearness to training tasks, formula in recall.h. The same bits on every machine. */
#include "scorer/recall.h"

#include "core/exact.h"

void ms_recall_bind(ms_recall *recall, size_t task_count, size_t number_count, size_t model_count,
                    double *block) {
  *recall = (ms_recall){
      .task_count = task_count,
      .number_count = number_count,
      .model_count = model_count,
      .block = block,
      .reach = block,
      .tasks = block + 1,
      .values = block + 1 + task_count * number_count,
  };
}

double ms_recall_nearness(double reach, const double *a, const double *b, size_t count) {
  double squared = 0;
  for (size_t i = 0; i < count; i++) {
    squared += (a[i] - b[i]) * (a[i] - b[i]);
  }
  return ms_exp(-reach * squared);
}

/* Adds to the scores [M] what is recalled near numbers [1 + L]. */
static void add_recalled(const ms_recall *recall, const double *numbers, double *scores) {
  for (size_t t = 0; t < recall->task_count; t++) {
    double nearness = ms_recall_nearness(
        *recall->reach, numbers, recall->tasks + t * recall->number_count, recall->number_count);
    for (size_t m = 0; m < recall->model_count; m++) {
      scores[m] += nearness * recall->values[t * recall->model_count + m];
    }
  }
}

ms_status ms_score_tokens(ms_context *context, const ms_attention *attention,
                          const ms_token_scale *scale, const ms_recall *recall,
                          const double *queries, const ms_tokens *tokens, const double *dropout,
                          ms_projected_task *projected, ms_attention_pass *pass) {
  MS_TRY(ms_attention_project(context, attention, scale, tokens, dropout, projected));
  MS_TRY(ms_attention_make_pass(context, attention->shape.model_count, projected->row_count, pass));
  ms_attention_score(attention, queries, projected, pass);
  add_recalled(recall, projected->summary + tokens->feature_count, pass->scores);
  return MS_OK;
}
