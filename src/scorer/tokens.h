/*
 * Task tokens before they are projected: one row per class, its prototype and its spread, and one
 * summary row, the spread between the prototypes and the number of classes. Class means alone
 * carry about half of what a task tells; the spreads carry the rest.
 */
#ifndef MS_SCORER_TOKENS_H
#define MS_SCORER_TOKENS_H

#include "task/task.h"

typedef struct ms_tokens {
  size_t class_count;
  size_t feature_count; /* the encoder's D */
  float *rows;          /* [class_count][2 D], prototype, then spread within the class */
  float *summary;       /* [D + 1], deviation of the prototypes, then log(class_count) */
} ms_tokens;

/* What brings each raw value to mean 0 and deviation 1 over the training tasks. */
typedef struct ms_token_scale {
  size_t feature_count;
  double *row_shift;      /* [2 D] */
  double *row_factor;     /* [2 D], one over the deviation, 0 where a value never changes */
  double *summary_shift;  /* [D + 1] */
  double *summary_factor; /* [D + 1] */
} ms_token_scale;

/* Numbers of a class row, and of the summary row. */
static inline size_t ms_row_width(size_t feature_count) {
  return 2 * feature_count;
}

static inline size_t ms_summary_width(size_t feature_count) {
  return feature_count + 1;
}

/* The scale's arrays within a block of 2 (3 D + 1) doubles: all shifts, then all factors. */
ms_token_scale ms_token_scale_bind(size_t feature_count, double *block);

/* Takes the tokens of a view, in scratch memory of its context. */
MS_CHECK_RESULT ms_status ms_tokens_make(const ms_task_view *view, ms_tokens *tokens);
/* Computes tokens->summary from tokens->rows. */
void ms_tokens_summarise(ms_tokens *tokens);
/* y = (x - shift) × factor */
void ms_tokens_standardise(const float *x, const double *shift, const double *factor, size_t count,
                           double *y);

#endif
