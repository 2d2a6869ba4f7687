/*
 * Gaussian conditioning against the textbook formula with full matrices, its draws against their
 * moments, and the fit against data drawn from a known model.
 */
#include "scorer/posterior.h"

#include "check.h"
#include "scorer/evidence.h"

enum { SEED = 20230606, MODELS = 5, FACTORS = 2, RUN = 2 };

static ms_context *context;

static const size_t run_models[RUN] = {3, 1};

typedef struct problem {
  double block[MS_CERTAINTY_NUMBERS + MODELS * (2 + FACTORS)];
  ms_certainty certainty;
  double scores[MODELS];
  double logits[RUN];
  double noise[RUN];
  ms_evidence evidence;
} problem;

static void make_problem(problem *made) {
  ms_random random = ms_random_make(SEED, 0);
  ms_certainty_bind(&made->certainty, MODELS, FACTORS, made->block);
  CHECK_EQUAL(ms_certainty_count(MODELS, FACTORS), sizeof made->block / sizeof(double));
  for (size_t m = 0; m < MODELS; m++) {
    made->scores[m] = ms_random_normal(&random);
    made->certainty.variances[m] = 0.1 + ms_random_uniform(&random);
    for (size_t k = 0; k < FACTORS; k++) {
      made->certainty.factors[k * MODELS + m] = ms_random_normal(&random);
    }
  }
  made->certainty.numbers[MS_COMMON_VARIANCE] = 0.3;
  for (size_t i = 0; i < RUN; i++) {
    made->logits[i] = 2 + ms_random_normal(&random);
    made->noise[i] = 0.1 + 0.1 * (double)i;
  }
  made->evidence = (ms_evidence){1.5, 0.7, 1.7, RUN, run_models, made->logits, made->noise};
}

/* The prior covariance of all models, the two observations behind them, and the level last. */
enum { ALL = MODELS + RUN + 1 };

static void fill_joint(const problem *given, double joint[ALL][ALL]) {
  for (size_t i = 0; i < ALL; i++) {
    for (size_t j = 0; j < ALL; j++) {
      double sum = given->evidence.level_variance;
      double scale = given->evidence.error_scale;
      if (i + 1 < ALL && j + 1 < ALL) {
        size_t a = i < MODELS ? i : run_models[i - MODELS];
        size_t b = j < MODELS ? j : run_models[j - MODELS];
        for (size_t k = 0; k < FACTORS; k++) {
          sum += scale * given->certainty.factors[k * MODELS + a] *
                 given->certainty.factors[k * MODELS + b];
        }
        sum += a == b ? scale * given->certainty.variances[a] : 0;
        sum += i >= MODELS && j >= MODELS ? 0.3 : 0;
        sum += i >= MODELS && i == j ? given->noise[i - MODELS] : 0;
      }
      joint[i][j] = sum;
    }
  }
}

/* Conditions on one coordinate of a joint Gaussian after the other. */
static void condition(double joint[ALL][ALL], double *means, size_t coordinate, double value) {
  double column[ALL];
  double variance = joint[coordinate][coordinate];
  for (size_t i = 0; i < ALL; i++) {
    column[i] = joint[i][coordinate];
  }
  double surprise = value - means[coordinate];
  for (size_t i = 0; i < ALL; i++) {
    means[i] += column[i] / variance * surprise;
    for (size_t j = 0; j < ALL; j++) {
      joint[i][j] -= column[i] * column[j] / variance;
    }
  }
}

static void condition_all(const problem *given, double joint[ALL][ALL], double *means) {
  fill_joint(given, joint);
  for (size_t i = 0; i + 1 < ALL; i++) {
    size_t model = i < MODELS ? i : run_models[i - MODELS];
    means[i] = given->scores[model] + given->evidence.level_mean;
  }
  means[ALL - 1] = given->evidence.level_mean;
  for (size_t i = 0; i < RUN; i++) {
    condition(joint, means, MODELS + i, given->logits[i]);
  }
}

static void test_mean_is_the_conditional_mean(void) {
  problem made;
  double joint[ALL][ALL];
  double expected[ALL];
  double means[MODELS];
  double level = 0;
  ms_posterior posterior;
  make_problem(&made);
  condition_all(&made, joint, expected);
  CHECK_EQUAL(ms_posterior_make(context, &made.certainty, &made.evidence, &posterior), MS_OK);
  level = ms_posterior_mean(&posterior, made.scores, means);
  for (size_t m = 0; m < MODELS; m++) {
    CHECK_NEAR(means[m], expected[m], 1e-12);
  }
  CHECK_NEAR(level, expected[ALL - 1], 1e-12);
}

static void test_no_observation_leaves_the_scores(void) {
  problem made;
  double means[MODELS];
  double level = 0;
  ms_posterior posterior;
  make_problem(&made);
  made.evidence.count = 0;
  CHECK_EQUAL(ms_posterior_make(context, &made.certainty, &made.evidence, &posterior), MS_OK);
  level = ms_posterior_mean(&posterior, made.scores, means);
  CHECK_EQUAL(level, 1.5);
  for (size_t m = 0; m < MODELS; m++) {
    CHECK_EQUAL(means[m], made.scores[m] + 1.5);
  }
}

static void test_draws_have_the_conditional_moments(void) {
  enum { DRAWS = 40000 };
  problem made;
  double joint[ALL][ALL];
  double expected[ALL];
  double sums[MODELS] = {0};
  double products[MODELS][MODELS] = {{0}};
  ms_posterior posterior;
  ms_random random = ms_random_make(SEED, 1);
  make_problem(&made);
  condition_all(&made, joint, expected);
  CHECK_EQUAL(ms_posterior_make(context, &made.certainty, &made.evidence, &posterior), MS_OK);
  for (int i = 0; i < DRAWS; i++) {
    double draw[MODELS];
    ms_posterior_draw(&posterior, made.scores, &random, draw);
    for (size_t a = 0; a < MODELS; a++) {
      sums[a] += draw[a] / DRAWS;
      for (size_t b = 0; b < MODELS; b++) {
        products[a][b] += (draw[a] - expected[a]) * (draw[b] - expected[b]) / DRAWS;
      }
    }
  }
  for (size_t a = 0; a < MODELS; a++) {
    /* Five standard errors of a mean, and of a product of Gaussians. */
    CHECK_NEAR(sums[a], expected[a], 5 * sqrt(joint[a][a] / DRAWS));
    for (size_t b = 0; b < MODELS; b++) {
      CHECK_NEAR(products[a][b], joint[a][b], 5 * sqrt(2 * joint[a][a] * joint[b][b] / DRAWS));
    }
  }
}

static void test_reach_is_how_far_one_more_observation_moves(void) {
  problem made;
  double joint[ALL][ALL];
  double expected[ALL];
  double moves[MODELS];
  ms_posterior posterior;
  make_problem(&made);
  /* The second model run becomes the one more: its observation is conditioned on last. */
  fill_joint(&made, joint);
  memset(expected, 0, sizeof expected);
  condition(joint, expected, MODELS, 0.4);
  double spread = sqrt(joint[MODELS + 1][MODELS + 1]);
  made.evidence.count = 1;
  CHECK_EQUAL(ms_posterior_make(context, &made.certainty, &made.evidence, &posterior), MS_OK);
  ms_posterior_reach(&posterior, run_models[1], made.noise[1], moves);
  for (size_t m = 0; m < MODELS; m++) {
    CHECK_NEAR(moves[m], joint[m][MODELS + 1] / spread, 1e-12);
  }
}

static void test_logits_of_accuracies_stay_finite(void) {
  CHECK_NEAR(ms_logit_accuracy(1, 20), log(20.5 / 0.5), 1e-14);
  CHECK_NEAR(ms_logit_accuracy(0, 20), log(0.5 / 20.5), 1e-14);
  CHECK_NEAR(ms_logit_accuracy(0.5, 7), 0, 1e-15);
  CHECK_NEAR(ms_logit_variance(0.5, 99), 1 / (100 * 0.25), 1e-15);
  CHECK_NEAR(ms_logistic(log(3)), 0.75, 1e-15);
  CHECK_NEAR(ms_logistic(-1000), 0, 1e-300);
  CHECK_EQUAL(ms_logistic(1000), 1);
}

enum { TASKS = 1500 };

/* A task drawn from a known model: two groups of models that err together, and an odd one. */
static void draw_task(ms_random *random, ms_held_out_task *task) {
  static const double offsets[MODELS] = {0.3, 0.1, -0.1, 0.2, 0};
  task->encoder = 1 + ms_random_normal(random);
  double level = 0.5 + 0.8 * task->encoder + 0.3 * ms_random_normal(random);
  double first = 0.5 * ms_random_normal(random);
  double second = 0.4 * ms_random_normal(random);
  double common = 0.2 * ms_random_normal(random);
  task->weight = 1;
  for (size_t m = 0; m < MODELS; m++) {
    double shared = m < 2 ? first : m < 4 ? second : 0;
    task->errors[m] = level + shared + 0.2 * ms_random_normal(random);
    /* Noise of which half of what the images' number explains remains, and 0.03 beside it. */
    task->image_variances[m] = m % 2 == 0 ? 0.01 : 0.1;
    double noise = 0.03 + 0.5 * task->image_variances[m];
    task->observed[m] = offsets[m] + common + sqrt(noise) * ms_random_normal(random);
  }
}

static double fitted_covariance(const ms_certainty *certainty, size_t a, size_t b) {
  double sum = a == b ? certainty->variances[a] : 0;
  for (size_t k = 0; k < certainty->factor_count; k++) {
    sum += certainty->factors[k * MODELS + a] * certainty->factors[k * MODELS + b];
  }
  return sum;
}

static void test_fit_finds_the_model_that_made_the_tasks(void) {
  static ms_held_out_task tasks[TASKS];
  static double errors[TASKS][MODELS];
  static double observed[TASKS][MODELS];
  static double image_variances[TASKS][MODELS];
  double block[MS_CERTAINTY_NUMBERS + MODELS * (2 + MODELS)];
  ms_random random = ms_random_make(SEED, 2);
  for (size_t t = 0; t < TASKS; t++) {
    tasks[t].errors = errors[t];
    tasks[t].observed = observed[t];
    tasks[t].image_variances = image_variances[t];
    draw_task(&random, &tasks[t]);
  }
  CHECK_EQUAL(ms_certainty_factors(MODELS), MODELS);
  ms_certainty fitted;
  ms_certainty_bind(&fitted, MODELS, MODELS, block);
  CHECK_EQUAL(ms_certainty_fit(context, tasks, TASKS, &fitted), MS_OK);
  const double *numbers = fitted.numbers;
  /* The level takes in the mean of the models' own errors: variance (4 × .25 + 4 × .16 + .2) / 25.
   */
  double shared = (4 * 0.25 + 4 * 0.16 + MODELS * 0.04) / 25;
  /* Five standard errors of means, variances (relative √(2 / T)) and slopes, each below 0.04. */
  CHECK_NEAR(numbers[MS_LEVEL_MEAN], 1.3, 5 * sqrt((0.64 + 0.09 + shared) / TASKS));
  CHECK_NEAR(numbers[MS_LEVEL_VARIANCE], 0.64 + 0.09 + shared, 5 * 0.8 * sqrt(2.0 / TASKS));
  CHECK_NEAR(numbers[MS_ENCODER_SLOPE], 0.8, 5 * sqrt((0.09 + shared) / TASKS));
  CHECK_NEAR(numbers[MS_ENCODER_INTERCEPT], 0.5, 5 * sqrt(2 * (0.09 + shared) / TASKS));
  CHECK_NEAR(numbers[MS_ENCODER_VARIANCE], 0.09 + shared, 5 * 0.17 * sqrt(2.0 / TASKS));
  CHECK_NEAR(numbers[MS_COMMON_VARIANCE], 0.04, 5 * 0.05 * sqrt(2.0 / TASKS));
  /* And the grid of mixes, 1 / 20 of about 0.05 apart. */
  CHECK_NEAR(numbers[MS_NOISE_VARIANCE], 0.03, 0.0025 + 5 * 0.05 * sqrt(2.0 / (TASKS * 2)));
  CHECK_NEAR(numbers[MS_IMAGE_SHARE], 0.5, 0.05 + 5 * sqrt(2.0 / (TASKS * 2)));
  CHECK_NEAR(fitted.offsets[0] - fitted.offsets[2], 0.4, 5 * sqrt(0.1 / TASKS));
  /* Differences of errors, which alone decide ranks; the shrinkage takes a little. */
  double alike = fitted_covariance(&fitted, 0, 0) + fitted_covariance(&fitted, 1, 1) -
                 2 * fitted_covariance(&fitted, 0, 1);
  double apart = fitted_covariance(&fitted, 0, 0) + fitted_covariance(&fitted, 2, 2) -
                 2 * fitted_covariance(&fitted, 0, 2);
  CHECK_NEAR(alike, 0.08, 0.06);
  CHECK_NEAR(apart, 0.25 + 0.16 + 0.08, 5 * 0.5 * sqrt(2.0 / TASKS) + 0.05);
}

static void test_fit_finds_where_errors_are_larger(void) {
  static ms_held_out_task tasks[TASKS];
  static double errors[TASKS][MODELS];
  static double observed[TASKS][MODELS];
  static double image_variances[TASKS][MODELS];
  double block[MS_CERTAINTY_NUMBERS + MODELS * (2 + MODELS)];
  ms_random random = ms_random_make(SEED, 3);
  for (size_t t = 0; t < TASKS; t++) {
    tasks[t] =
        (ms_held_out_task){errors[t], observed[t], image_variances[t], t % 2 == 0 ? 0 : 3, 1};
    for (size_t m = 0; m < MODELS; m++) {
      errors[t][m] = sqrt(t % 2 == 0 ? 0.1 : 0.5) * ms_random_normal(&random);
      observed[t][m] = ms_random_normal(&random);
      image_variances[t][m] = 1;
    }
  }
  ms_certainty fitted;
  ms_certainty_bind(&fitted, MODELS, MODELS, block);
  CHECK_EQUAL(ms_certainty_fit(context, tasks, TASKS, &fitted), MS_OK);
  double ratio = ms_error_scale(&fitted, 3) / ms_error_scale(&fitted, 0);
  /* A ratio of variances: five standard errors, and the grid of mixes. */
  CHECK_NEAR(ratio, 5, 5 * 5 * sqrt(4.0 / (TASKS / 2 * (MODELS - 1))) + 0.4);
  double variance = 0;
  for (size_t m = 0; m < MODELS; m++) {
    variance += fitted_covariance(&fitted, m, m) / MODELS;
  }
  /* A task's level takes a part of the errors with it. */
  double rest = 1 - 1.0 / MODELS;
  CHECK_NEAR(variance * ms_error_scale(&fitted, 0), 0.1 * rest, 0.015);
  CHECK_NEAR(variance * ms_error_scale(&fitted, 3), 0.5 * rest, 0.05);
}

static void test_fit_needs_three_tasks(void) {
  double errors[MODELS] = {0};
  double observed[MODELS] = {NAN, NAN, NAN, NAN, NAN};
  double image_variances[MODELS] = {0};
  double block[MS_CERTAINTY_NUMBERS + MODELS * (2 + MODELS)];
  ms_held_out_task tasks[3];
  for (size_t t = 0; t < 3; t++) {
    tasks[t] = (ms_held_out_task){errors, observed, image_variances, NAN, t == 2 ? 0 : 1};
  }
  ms_certainty fitted;
  ms_certainty_bind(&fitted, MODELS, MODELS, block);
  CHECK_EQUAL(ms_certainty_fit(context, tasks, 3, &fitted), MS_ERR_DATA);
  tasks[2].weight = 1;
  CHECK_EQUAL(ms_certainty_fit(context, tasks, 3, &fitted), MS_ERR_DATA);
  CHECK_TEXT(ms_context_message(context), "models were observed on 0 held-out tasks, 3 at least");
}

int main(void) {
  printf("seed %d\n", SEED);
  CHECK_EQUAL(ms_context_create(NULL, &context), MS_OK);
  test_mean_is_the_conditional_mean();
  test_no_observation_leaves_the_scores();
  test_draws_have_the_conditional_moments();
  test_reach_is_how_far_one_more_observation_moves();
  test_logits_of_accuracies_stay_finite();
  test_fit_finds_the_model_that_made_the_tasks();
  test_fit_finds_where_errors_are_larger();
  test_fit_needs_three_tasks();
  ms_context_destroy(context);
  return CHECK_EXIT();
}
