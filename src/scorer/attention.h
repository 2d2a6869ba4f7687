/*
 * The scorer's arithmetic: one attention layer of one head, from a task's rows to a score for each
 * model, and its gradient.
 *
 *   h_0 = summary U_0, h_c = row_c U        what the task shows, [R][d], R = class count + 1
 *   a_mr = softmax over r of (θ_m Wq)·(h_r Wk) / √d, and log(class count) more for r = 0
 *   s_m = b_m + Σ_r a_mr θ_m·(h_r Wv) / √d
 *
 * The read-out is bilinear in the model's token θ_m and what it attends to. A linear read-out of
 * LayerNorm(θ + o), as in the reference method, adds nearly the same amount to every model, so the
 * task hardly changes the order. With Wq = 0 attention is even and s_m - b_m is exactly a linear
 * model of rank d on the descriptor (mean of the class rows, summary row) / 2, so that a ridge
 * regression can be the start; the extra log(class count) makes the summary row weigh as much as
 * all class rows together, whatever their number.
 */
#ifndef MS_SCORER_ATTENTION_H
#define MS_SCORER_ATTENTION_H

#include "scorer/tokens.h"

typedef struct ms_attention_shape {
  size_t model_count;    /* M */
  size_t width;          /* d */
  size_t feature_count;  /* D */
  size_t landmark_count; /* L */
} ms_attention_shape;

/* Parameters, or their gradient, in one block. */
typedef struct ms_attention {
  ms_attention_shape shape;
  double *block;
  double *prior;   /* [M], b */
  double *tokens;  /* [M][d], θ */
  double *query;   /* [d][d], Wq */
  double *key;     /* [d][d], Wk */
  double *value;   /* [d][d], Wv */
  double *summary; /* [D + 1 + L][d], U_0 */
  double *rows;    /* [2 D][d], U */
} ms_attention;

/* A task projected for all models, in scratch memory. */
typedef struct ms_projected_task {
  size_t row_count;      /* R */
  double *summary;       /* [D + 1 + L], standardised */
  double *rows;          /* [R - 1][2 D], standardised */
  double *hidden;        /* [R][d], after dropout */
  double *keys;          /* [R][d] */
  double *values;        /* [R][d] */
  const double *dropout; /* [R][d] factors of hidden, or NULL */
} ms_projected_task;

/* What each model made of a task. */
typedef struct ms_attention_pass {
  double *chances; /* [M][R], a */
  double *parts;   /* [M][R], θ_m·(h_r Wv) / √d */
  double *scores;  /* [M] */
} ms_attention_pass;

/* The doubles of a block; a size, by the limits of trainer.c and of the file. */
size_t ms_attention_count(const ms_attention_shape *shape);
/* The views of a block. */
void ms_attention_bind(ms_attention *attention, const ms_attention_shape *shape, double *block);

/* queries [M][d] = θ Wq */
void ms_attention_query(const ms_attention *attention, double *queries);
/*
 * Projects a task.
 *
 * dropout  [R][d] factors or NULL; kept in projected
 *
 * Takes scratch memory. Fails with MS_ERR_MEMORY.
 */
MS_CHECK_RESULT ms_status ms_attention_project(ms_context *context, const ms_attention *attention,
                                               const ms_token_scale *scale, const ms_tokens *tokens,
                                               const double *dropout, ms_projected_task *projected);
/* Takes scratch memory for ms_attention_score. Fails with MS_ERR_MEMORY. */
MS_CHECK_RESULT ms_status ms_attention_make_pass(ms_context *context, size_t model_count,
                                                 size_t row_count, ms_attention_pass *pass);
/* Scores all models: O(R d) each. */
void ms_attention_score(const ms_attention *attention, const double *queries,
                        const ms_projected_task *projected, ms_attention_pass *pass);
/*
 * Adds one task's gradient.
 *
 * slopes    [M], the loss by each score
 * gradient  all but query is added to; tokens lack the part through the queries
 * query_slopes  [M][d], added to; ms_attention_backward_query ends with them
 * skip_projection  leaves gradient->rows and gradient->summary as they are
 *
 * Takes scratch memory. Fails with MS_ERR_MEMORY.
 */
MS_CHECK_RESULT ms_status ms_attention_backward(ms_context *context, const ms_attention *attention,
                                                const double *queries,
                                                const ms_projected_task *projected,
                                                const ms_attention_pass *pass, const double *slopes,
                                                bool skip_projection, double *query_slopes,
                                                ms_attention *gradient);
/* Adds what goes through the queries, once for all tasks of a step. */
void ms_attention_backward_query(const ms_attention *attention, const double *query_slopes,
                                 ms_attention *gradient);

#endif
