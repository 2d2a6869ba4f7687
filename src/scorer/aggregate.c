/*
 * Joins several rankings of the same models into one score per model: Copeland, reciprocal-rank
 * fusion and mean z-score. Higher is better in every list and in the result; no rule breaks ties
 * by index.
 */
#include <math.h>
#include <string.h>

#include "scorer/order.h"

static ms_status check_lists(ms_context *context, const float *scores, size_t list_count,
                             size_t count) {
  size_t total = 0;
  if (list_count == 0 || count == 0 || !ms_size_mul(list_count, count, &total)) {
    return ms_fail(context, MS_ERR_ARGUMENT, "%zu rankings of %zu models", list_count, count);
  }
  return ms_check_finite(context, scores, total, "score");
}

/* Lists in which model a beats model b, less those in which b beats a. */
static long find_majority(const float *scores, size_t list_count, size_t count, size_t a,
                          size_t b) {
  long majority = 0;
  for (size_t list = 0; list < list_count; list++) {
    const float *row = scores + list * count;
    majority += (row[a] > row[b]) - (row[a] < row[b]);
  }
  return majority;
}

ms_status ms_rank_copeland(ms_context *context, const float *scores, size_t list_count,
                           size_t count, float *joined) {
  MS_TRY(check_lists(context, scores, list_count, count));
  memset(joined, 0, count * sizeof *joined);
  for (size_t a = 0; a < count; a++) {
    for (size_t b = a + 1; b < count; b++) {
      long majority = find_majority(scores, list_count, count, a, b);
      float sign = (float)((majority > 0) - (majority < 0));
      joined[a] += sign;
      joined[b] -= sign;
    }
  }
  return MS_OK;
}

/* Adds one list's contribution to sums [count]; order and ranks [count] are scratch. */
static void add_reciprocal_ranks(const float *scores, size_t count, size_t *order, double *ranks,
                                 double *sums) {
  ms_mean_ranks(scores, count, 0, order, ranks);
  for (size_t i = 0; i < count; i++) {
    /* 60, and ranks from 1: Cormack, Clarke and Buettcher 2009. */
    sums[i] += 1.0 / (60.0 + 1.0 + ranks[i]);
  }
}

static void add_z_scores(const float *scores, size_t count, double *sums) {
  double mean = ms_mean(scores, 1, count, 0, false);
  double variance = ms_mean(scores, 1, count, mean, true);
  /* The mean of equal floats is exact in double, so such a list, which says nothing, has 0. */
  for (size_t i = 0; variance > 0 && i < count; i++) {
    sums[i] += (scores[i] - mean) / sqrt(variance);
  }
}

static ms_status join_lists(ms_context *context, const float *scores, size_t list_count,
                            size_t count, bool by_rank, float *joined) {
  MS_TRY(check_lists(context, scores, list_count, count));
  size_t *order = NULL; /* [count] */
  double *sums = NULL;  /* [count] */
  MS_TRY(MS_SCRATCH(context, count, &order));
  MS_TRY(MS_SCRATCH(context, 2 * count, &sums));
  memset(sums, 0, count * sizeof *sums);
  for (size_t list = 0; list < list_count; list++) {
    const float *row = scores + list * count;
    if (by_rank) {
      add_reciprocal_ranks(row, count, order, sums + count, sums);
    } else {
      add_z_scores(row, count, sums);
    }
  }
  for (size_t i = 0; i < count; i++) {
    joined[i] = (float)(sums[i] / (double)list_count);
  }
  return MS_OK;
}

static ms_status join(ms_context *context, const float *scores, size_t list_count, size_t count,
                      bool by_rank, float *joined) {
  ms_arena_mark mark = ms_arena_get_mark(context);
  ms_status status = join_lists(context, scores, list_count, count, by_rank, joined);
  ms_arena_drop(context, mark);
  return status;
}

ms_status ms_rank_reciprocal(ms_context *context, const float *scores, size_t list_count,
                             size_t count, float *joined) {
  return join(context, scores, list_count, count, true, joined);
}

ms_status ms_rank_mean_z(ms_context *context, const float *scores, size_t list_count, size_t count,
                         float *joined) {
  return join(context, scores, list_count, count, false, joined);
}
