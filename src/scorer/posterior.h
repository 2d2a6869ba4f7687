/*
 * What a scorer knows about its own errors: a Gaussian model of all models' accuracies on a task,
 * on the logit scale, and its update by the models that were run.
 *
 *   true logit accuracy    y_m = score_m + a + √s (Σ_k factor_km g_k + √variance_m e_m), s being
 *                          larger for tasks near an accuracy of 0 or 1, where logits differ more
 *   level of the task      a ~ N(level mean, level variance), or, where the encoder's own accuracy
 *                          z is known, N(intercept + slope z, encoder variance)
 *   a model that was run   z_m = y_m + offset_m + c + n_m, c ~ N(0, common variance) for all models
 *                          of the task, n_m ~ N(0, noise variance + image share × v), v being the
 *                          variance of a share of n images drawn anew; less than all of it, as
 *                          truth and observation come from the same images
 *
 * g, e standard normal. z is the logit of a leave-one-out accuracy.
 */
#ifndef MS_SCORER_POSTERIOR_H
#define MS_SCORER_POSTERIOR_H

#include "core/context.h"
#include "core/random.h"

/* Numbers of a certainty that all models share. */
enum {
  MS_LEVEL_MEAN,
  MS_LEVEL_VARIANCE,
  MS_ENCODER_INTERCEPT,
  MS_ENCODER_SLOPE,
  MS_ENCODER_VARIANCE,
  MS_COMMON_VARIANCE,
  MS_NOISE_VARIANCE,
  MS_IMAGE_SHARE,
  MS_ERROR_FLOOR,
  MS_ERROR_SLOPE,
  MS_CERTAINTY_NUMBERS
};

/* Most directions in which models err together. */
enum { MS_MAX_FACTORS = 16 };

typedef struct ms_certainty {
  size_t model_count;  /* M */
  size_t factor_count; /* K, at most MS_MAX_FACTORS */
  double *block;       /* what follows, in one piece */
  double *numbers;     /* [MS_CERTAINTY_NUMBERS] */
  double *variances;   /* [M], what the factors leave */
  double *offsets;     /* [M], observed less true logit accuracy */
  double *factors;     /* [K][M] */
} ms_certainty;

/* Doubles of a block. */
size_t ms_certainty_count(size_t model_count, size_t factor_count);
void ms_certainty_bind(ms_certainty *certainty, size_t model_count, size_t factor_count,
                       double *block);

/* Logit of an accuracy measured on image_count images, kept finite: (p n + 1/2) of (n + 1). */
double ms_logit_accuracy(double accuracy, size_t image_count);
/* Variance of that logit through the images' number alone. */
double ms_logit_variance(double accuracy, size_t image_count);
/* Variance of a model's own noise where it was observed with this accuracy. */
double ms_observation_noise(const ms_certainty *certainty, double accuracy, size_t image_count);
/* 1 / (p (1 - p)) of the accuracy of this logit, kept below 50: how far logits spread there. */
double ms_logit_stretch(double logit);
/* s of a task whose encoder's accuracy has this logit: floor + slope × stretch. */
double ms_error_scale(const ms_certainty *certainty, double encoder);
/* 1 / (1 + exp(-x)) */
double ms_logistic(double x);

/* Models that were run on the task, and what is known of its level. */
typedef struct ms_evidence {
  double level_mean; /* before any model was run */
  double level_variance;
  double error_scale;   /* s */
  size_t count;         /* k */
  const size_t *models; /* [k], each once */
  double *logits;       /* [k], observed, less the models' offsets */
  double *noise;        /* [k], variance of each that is its own */
} ms_evidence;

/* The update, in scratch memory: y's mean moves by gains times (logits - predicted logits). */
typedef struct ms_posterior {
  const ms_certainty *certainty;
  const ms_evidence *evidence;
  double *root;        /* [k][k], the Cholesky factor of the observations' covariance */
  double *covariance;  /* [M][k], of y with the observations */
  double *gains;       /* [M][k] */
  double *level_gains; /* [k] */
  double *scratch;     /* [k] */
} ms_posterior;

/* Fails with MS_ERR_MEMORY, MS_ERR_DATA where rounding leaves no positive covariance. */
MS_CHECK_RESULT ms_status ms_posterior_make(ms_context *context, const ms_certainty *certainty,
                                            const ms_evidence *evidence, ms_posterior *posterior);
/* The mean given the evidence: means [M] receives y's, given scores [M] before. Gives that of a. */
double ms_posterior_mean(const ms_posterior *posterior, const double *scores, double *means);
/*
 * One draw of y given the evidence, for other scores where these are uncertain too: a draw from
 * before the evidence, moved by the gains (Matheron's rule).
 */
void ms_posterior_draw(const ms_posterior *posterior, const double *scores, ms_random *random,
                       double *draw);
/*
 * How much the mean of each model would move, at one standard deviation of what running one more
 * model would show: [M].
 *
 * noise  variance of that observation that is its own
 */
void ms_posterior_reach(const ms_posterior *posterior, size_t model, double noise, double *moves);

#endif
