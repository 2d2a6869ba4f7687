/*
 * Task tokens before they are projected: one row per class, its prototype and its spread, and one
 * summary row, the spread between the prototypes, the number of classes and the task's landmarks.
 * Class means alone carry about half of what the images show; the spreads carry the rest, and the
 * landmarks more than both.
 */
#ifndef MS_SCORER_TOKENS_H
#define MS_SCORER_TOKENS_H

#include "task/landmarks.h"
#include "task/task.h"

typedef struct ms_tokens {
  size_t class_count;
  size_t feature_count;  /* the encoder's D */
  size_t landmark_count; /* L, 0 for a scorer without landmarks */
  float *rows;           /* [class_count][2 D], prototype, then spread within the class */
  float *summary;        /* [D + 1 + L], deviation of the prototypes, log(class_count), landmarks */
} ms_tokens;

/* What brings each raw value to mean 0 and deviation 1 over the training tasks. */
typedef struct ms_token_scale {
  double *row_shift;      /* [2 D] */
  double *row_factor;     /* [2 D], weight over the deviation, 0 where a value never changes */
  double *summary_shift;  /* [D + 1 + L] */
  double *summary_factor; /* [D + 1 + L] */
} ms_token_scale;

/* Numbers of a class row, and of the summary row. */
static inline size_t ms_row_width(size_t feature_count) {
  return 2 * feature_count;
}

static inline size_t ms_summary_width(size_t feature_count, size_t landmark_count) {
  return feature_count + 1 + landmark_count;
}

/* The scale's arrays within a block of 2 (3 D + 1 + L) doubles: all shifts, then all factors. */
void ms_token_scale_bind(ms_token_scale *scale, size_t feature_count, size_t landmark_count,
                         double *block);

/*
 * Takes the tokens of a view, in scratch memory of its context.
 *
 * landmarks  [landmark_count], as ms_landmarks_describe gives them
 */
MS_CHECK_RESULT ms_status ms_tokens_make(const ms_task_view *view, const float *landmarks,
                                         size_t landmark_count, ms_tokens *tokens);
/* Floats of rows and summary. */
size_t ms_tokens_size(const ms_tokens *tokens);
/*
 * Fills tokens with these prototypes and spreads [class_count][D], but for the landmarks.
 *
 * block  [ms_tokens_size(tokens)], is kept
 */
void ms_tokens_fill(ms_tokens *tokens, const float *prototypes, const float *spreads, float *block);
/* Computes tokens->summary but for the landmarks from tokens->rows. */
void ms_tokens_summarise(ms_tokens *tokens);
/* What the summary row says of landmarks: each less their mean, then the mean; [count + 1]. */
void ms_landmarks_describe(const double *landmarks, size_t count, float *described);
/* y = (x - shift) × factor; 0, which changes nothing, where x is NaN, unknown */
void ms_tokens_standardise(const float *x, const double *shift, const double *factor, size_t count,
                           double *y);

#endif
