/*
 * What a scorer recalls of single training tasks: the Gaussian kernel's part of the start's ridge
 * regression. The score of model m gains
 *
 *   Σ_t exp(-ρ |x - x_t|²) v_tm
 *
 * over the training tasks t, x being log(class count) and the landmarks, standardised. A line
 * through all tasks cannot say what holds among similar ones alone.
 */
#ifndef MS_SCORER_RECALL_H
#define MS_SCORER_RECALL_H

#include "scorer/attention.h"

typedef struct ms_recall {
  size_t task_count;   /* T, 0 for a scorer that recalls nothing */
  size_t number_count; /* 1 + L */
  size_t model_count;  /* M */
  double *block;
  double *reach;  /* [1], ρ */
  double *tasks;  /* [T][1 + L], x_t */
  double *values; /* [T][M], v */
} ms_recall;

/* The views of a block of 1 + T (1 + L + M) doubles. */
void ms_recall_bind(ms_recall *recall, size_t task_count, size_t number_count, size_t model_count,
                    double *block);
/* exp(-reach |a - b|²) of count numbers */
double ms_recall_nearness(double reach, const double *a, const double *b, size_t count);
/*
 * Scores a task as the attention and the recalled tasks do together; O(T (L + M)) for the latter.
 *
 * queries  [M][d], of ms_attention_query
 * dropout  as of ms_attention_project; pass receives the scores
 *
 * Takes scratch memory. Fails with MS_ERR_MEMORY.
 */
MS_CHECK_RESULT ms_status ms_score_tokens(ms_context *context, const ms_attention *attention,
                                          const ms_token_scale *scale, const ms_recall *recall,
                                          const double *queries, const ms_tokens *tokens,
                                          const double *dropout, ms_projected_task *projected,
                                          ms_attention_pass *pass);

#endif
