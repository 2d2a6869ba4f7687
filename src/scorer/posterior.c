/*
 * Gaussian conditioning on the models that were run; posterior.h states the model. The covariance
 * is never formed for all pairs: with K factors and k observations everything is O(M (K + k)).
 */
#include "scorer/posterior.h"

#include <math.h>
#include <string.h>

#include "core/exact.h"
#include "transfer/linalg.h"

size_t ms_certainty_count(size_t model_count, size_t factor_count) {
  return MS_CERTAINTY_NUMBERS + model_count * (2 + factor_count);
}

void ms_certainty_bind(ms_certainty *certainty, size_t model_count, size_t factor_count,
                       double *block) {
  double *variances = block + MS_CERTAINTY_NUMBERS;
  *certainty = (ms_certainty){model_count,
                              factor_count,
                              block,
                              block,
                              variances,
                              variances + model_count,
                              variances + 2 * model_count};
}

double ms_logit_accuracy(double accuracy, size_t image_count) {
  double count = (double)image_count;
  double right = accuracy * count + 0.5;
  return ms_log(right / (count + 1 - right));
}

double ms_logit_variance(double accuracy, size_t image_count) {
  double count = (double)image_count;
  double share = (accuracy * count + 0.5) / (count + 1);
  return 1 / ((count + 1) * share * (1 - share));
}

double ms_observation_noise(const ms_certainty *certainty, double accuracy, size_t image_count) {
  return certainty->numbers[MS_NOISE_VARIANCE] +
         certainty->numbers[MS_IMAGE_SHARE] * ms_logit_variance(accuracy, image_count);
}

double ms_logistic(double x) {
  return 1 / (1 + ms_exp(-x));
}

double ms_logit_stretch(double logit) {
  double share = ms_logistic(logit);
  return fmin(50, 1 / (share * (1 - share) + 1e-9));
}

double ms_error_scale(const ms_certainty *certainty, double encoder) {
  return certainty->numbers[MS_ERROR_FLOOR] +
         certainty->numbers[MS_ERROR_SLOPE] * ms_logit_stretch(encoder);
}

/* Covariance of y of two models given the scores. */
static double covariance(const ms_posterior *posterior, size_t a, size_t b) {
  const ms_certainty *certainty = posterior->certainty;
  double sum = a == b ? certainty->variances[a] : 0;
  for (size_t k = 0; k < certainty->factor_count; k++) {
    const double *factor = certainty->factors + k * certainty->model_count;
    sum += factor[a] * factor[b];
  }
  return posterior->evidence->level_variance + posterior->evidence->error_scale * sum;
}

/* Overwrites x [rows][k] with x times the inverse of the observations' covariance. */
static void solve(const ms_posterior *posterior, double *x, size_t rows) {
  ms_solve(posterior->root, posterior->evidence->count, x, rows);
}

ms_status ms_posterior_make(ms_context *context, const ms_certainty *certainty,
                            const ms_evidence *evidence, ms_posterior *posterior) {
  size_t count = evidence->count;
  size_t model_count = certainty->model_count;
  size_t size = 0;
  if (!ms_size_mul(count, count + 2 * model_count + 2, &size)) {
    return ms_fail(context, MS_ERR_MEMORY, "no memory for %zu models", count);
  }
  double *root = NULL; /* [k][k] */
  MS_TRY(MS_SCRATCH(context, size, &root));
  *posterior = (ms_posterior){
      .certainty = certainty,
      .evidence = evidence,
      .root = root,
      .covariance = root + count * count,
      .gains = root + (count + model_count) * count,
      .level_gains = root + (count + 2 * model_count) * count,
      .scratch = root + (count + 2 * model_count + 1) * count,
  };
  for (size_t m = 0; m < model_count; m++) {
    for (size_t i = 0; i < count; i++) {
      posterior->covariance[m * count + i] = covariance(posterior, m, evidence->models[i]);
    }
  }
  for (size_t i = 0; i < count; i++) {
    const double *row = posterior->covariance + evidence->models[i] * count;
    for (size_t j = 0; j < count; j++) {
      root[i * count + j] =
          row[j] + certainty->numbers[MS_COMMON_VARIANCE] + (i == j ? evidence->noise[i] : 0);
    }
  }
  if (!ms_cholesky(root, count)) {
    return ms_fail(context, MS_ERR_DATA, "the covariance of %zu observed models is not positive",
                   count);
  }
  memcpy(posterior->gains, posterior->covariance, model_count * count * sizeof *root);
  solve(posterior, posterior->gains, model_count);
  for (size_t i = 0; i < count; i++) {
    posterior->level_gains[i] = evidence->level_variance;
  }
  solve(posterior, posterior->level_gains, 1);
  return MS_OK;
}

double ms_posterior_mean(const ms_posterior *posterior, const double *scores, double *means) {
  const ms_evidence *evidence = posterior->evidence;
  size_t model_count = posterior->certainty->model_count;
  double level = evidence->level_mean;
  for (size_t m = 0; m < model_count; m++) {
    means[m] = scores[m] + evidence->level_mean;
  }
  for (size_t i = 0; i < evidence->count; i++) {
    double surprise = evidence->logits[i] - scores[evidence->models[i]] - evidence->level_mean;
    level += posterior->level_gains[i] * surprise;
    for (size_t m = 0; m < model_count; m++) {
      means[m] += posterior->gains[m * evidence->count + i] * surprise;
    }
  }
  return level;
}

void ms_posterior_draw(const ms_posterior *posterior, const double *scores, ms_random *random,
                       double *draw) {
  const ms_certainty *certainty = posterior->certainty;
  const ms_evidence *evidence = posterior->evidence;
  size_t model_count = certainty->model_count;
  double level = evidence->level_mean + sqrt(evidence->level_variance) * ms_random_normal(random);
  double scale = sqrt(evidence->error_scale);
  for (size_t m = 0; m < model_count; m++) {
    double own = sqrt(certainty->variances[m]) * ms_random_normal(random);
    draw[m] = scores[m] + level + scale * own;
  }
  for (size_t k = 0; k < certainty->factor_count; k++) {
    double size = scale * ms_random_normal(random);
    for (size_t m = 0; m < model_count; m++) {
      draw[m] += certainty->factors[k * model_count + m] * size;
    }
  }
  double common = sqrt(certainty->numbers[MS_COMMON_VARIANCE]) * ms_random_normal(random);
  /* The gains are applied at the end, so that each surprise is against the unmoved draw. */
  double *surprises = posterior->scratch;
  for (size_t i = 0; i < evidence->count; i++) {
    double noise = sqrt(evidence->noise[i]) * ms_random_normal(random);
    surprises[i] = evidence->logits[i] - draw[evidence->models[i]] - common - noise;
  }
  for (size_t m = 0; m < model_count; m++) {
    draw[m] += ms_dot(posterior->gains + m * evidence->count, surprises, evidence->count);
  }
}

void ms_posterior_reach(const ms_posterior *posterior, size_t model, double noise, double *moves) {
  const ms_evidence *evidence = posterior->evidence;
  size_t count = evidence->count;
  double common = posterior->certainty->numbers[MS_COMMON_VARIANCE];
  double *weights = posterior->scratch; /* of the observations so far in what the next would be */
  for (size_t i = 0; i < count; i++) {
    weights[i] = posterior->covariance[model * count + i] + common;
  }
  double spread = covariance(posterior, model, model) + common + noise;
  ms_solve_lower(posterior->root, count, weights, 1);
  spread -= ms_dot(weights, weights, count);
  ms_solve_upper(posterior->root, count, weights, 1);
  for (size_t m = 0; m < posterior->certainty->model_count; m++) {
    double known = ms_dot(posterior->covariance + m * count, weights, count);
    moves[m] = spread > 0 ? (covariance(posterior, m, model) - known) / sqrt(spread) : 0;
  }
}
