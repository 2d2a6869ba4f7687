/*
 * How well scores order models whose true value is known: Kendall's tau-b and its truth-weighted
 * form, regret and recall. Pairs are compared one by one: zoos are small, and the sums stay exact
 * in any order. Joining several rankings is aggregate.c.
 */
#include <math.h>

#include "scorer/number.h"
#include "scorer/order.h"

/* Sums over pairs of models: agreement, and the total weight untied in each list. */
typedef struct pair_sums {
  double agreement;
  double truth_untied;
  double score_untied;
} pair_sums;

static int compare(float a, float b) {
  return (a > b) - (a < b);
}

static void add_pair(pair_sums *sums, int truth_sign, int score_sign, double weight) {
  sums->agreement += weight * (truth_sign * score_sign);
  sums->truth_untied += truth_sign != 0 ? weight : 0;
  sums->score_untied += score_sign != 0 ? weight : 0;
}

/* Pairs in an order of the models' own, so that the sum does not depend on how they are listed. */
static pair_sums sum_pairs(const float *truth, const float *score, const size_t *order,
                           size_t count, bool hyperbolic) {
  pair_sums sums = {0, 0, 0};
  for (size_t i = 0; i < count; i++) {
    size_t a = order[i];
    for (size_t j = i + 1; j < count; j++) {
      size_t b = order[j];
      double weight = hyperbolic ? 1.0 / (double)(i + 1) + 1.0 / (double)(j + 1) : 1.0;
      add_pair(&sums, compare(truth[a], truth[b]), compare(score[a], score[b]), weight);
    }
  }
  return sums;
}

static ms_status check_lists(ms_context *context, const float *truth, const float *score,
                             size_t count) {
  MS_TRY(ms_check_finite(context, truth, count, "true value"));
  return ms_check_finite(context, score, count, "score");
}

double ms_tau(const float *truth, const float *score, size_t count, bool hyperbolic,
              size_t *order) {
  ms_order_descending(truth, score, count, order);
  pair_sums sums = sum_pairs(truth, score, order, count, hyperbolic);
  double tau = sums.agreement / sqrt(sums.truth_untied) / sqrt(sums.score_untied);
  return tau > 1 ? 1 : tau < -1 ? -1 : tau;
}

static ms_status find_tau(ms_context *context, const float *truth, const float *score, size_t count,
                          bool hyperbolic, double *value) {
  size_t *order = NULL; /* [count], best truth first */
  MS_TRY(check_lists(context, truth, score, count));
  MS_TRY(MS_SCRATCH(context, count, &order));
  double tau = ms_tau(truth, score, count, hyperbolic, order);
  if (ms_is_missing(tau)) {
    bool truths_differ = count > 0 && truth[order[0]] != truth[order[count - 1]];
    return ms_fail(context, MS_ERR_DATA, "the %s of %zu models do not differ, no order to compare",
                   truths_differ ? "scores" : "true values", count);
  }
  *value = tau;
  return MS_OK;
}

static ms_status measure_tau(ms_context *context, const float *truth, const float *score,
                             size_t count, bool hyperbolic, double *value) {
  ms_arena_mark mark = ms_arena_get_mark(context);
  ms_status status = find_tau(context, truth, score, count, hyperbolic, value);
  ms_arena_drop(context, mark);
  return status;
}

ms_status ms_weighted_tau(ms_context *context, const float *truth, const float *score, size_t count,
                          double *value) {
  return measure_tau(context, truth, score, count, true, value);
}

ms_status ms_kendall_tau_b(ms_context *context, const float *truth, const float *score,
                           size_t count, double *value) {
  return measure_tau(context, truth, score, count, false, value);
}

ms_status ms_regret_at_1(ms_context *context, const float *truth, const float *score, size_t count,
                         double *value) {
  MS_TRY(ms_check_range(context, count, 1, SIZE_MAX, "models"));
  MS_TRY(check_lists(context, truth, score, count));
  float best_score = score[0];
  float best_truth = truth[0];
  for (size_t i = 1; i < count; i++) {
    best_score = score[i] > best_score ? score[i] : best_score;
    best_truth = truth[i] > best_truth ? truth[i] : best_truth;
  }
  double lost = 0;
  size_t chosen = 0;
  for (size_t i = 0; i < count; i++) {
    if (score[i] == best_score) {
      lost += (double)best_truth - truth[i];
      chosen++;
    }
  }
  *value = lost / (double)chosen;
  return MS_OK;
}

static ms_status find_recall(ms_context *context, const float *truth, const float *score,
                             size_t count, size_t k, double *value) {
  MS_TRY(ms_check_range(context, k, 1, count, "best models"));
  MS_TRY(check_lists(context, truth, score, count));
  size_t *order = NULL;  /* [count] */
  double *wanted = NULL; /* [count], each model's chance of being among the best k */
  MS_TRY(MS_SCRATCH(context, count, &order));
  MS_TRY(MS_SCRATCH(context, 2 * count, &wanted));
  double *found = wanted + count;
  ms_mean_ranks(truth, count, k, order, wanted);
  ms_mean_ranks(score, count, k, order, found);
  double common = 0;
  for (size_t i = 0; i < count; i++) {
    common += wanted[i] * found[i];
  }
  *value = common / (double)k;
  return MS_OK;
}

ms_status ms_top_recall(ms_context *context, const float *truth, const float *score, size_t count,
                        size_t k, double *value) {
  ms_arena_mark mark = ms_arena_get_mark(context);
  ms_status status = find_recall(context, truth, score, count, k, value);
  ms_arena_drop(context, mark);
  return status;
}
