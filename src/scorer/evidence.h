/* Learns a scorer's certainty from tasks that it was not trained on. */
#ifndef MS_SCORER_EVIDENCE_H
#define MS_SCORER_EVIDENCE_H

#include "scorer/posterior.h"

/* One task: what was predicted without it, and what was found. */
typedef struct ms_held_out_task {
  double *errors;   /* [M], true logit accuracy less predicted score */
  double *observed; /* [M], logit of the leave-one-out accuracy less the true one; NaN if none */
  double *image_variances; /* [M], ms_logit_variance of each observed accuracy */
  double encoder;          /* logit of the encoder's leave-one-out accuracy, NaN if none */
  double weight;
} ms_held_out_task;

/*
 * Fits a certainty in its block's memory.
 *
 * certainty  bound to M models and ms_certainty_factors(M) factors
 *
 * Takes scratch memory. Fails with MS_ERR_DATA on fewer than 3 tasks of a weight above 0,
 * MS_ERR_MEMORY.
 */
MS_CHECK_RESULT ms_status ms_certainty_fit(ms_context *context, const ms_held_out_task *tasks,
                                           size_t task_count, ms_certainty *certainty);
/* Factors that are kept for M models. */
size_t ms_certainty_factors(size_t model_count);

#endif
