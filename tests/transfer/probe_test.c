/* The linear probe: its fit is the optimum, its splits are stratified, its results stand to reason.
 */
#include "transfer/probe.h"

#include <stdlib.h>

#include "check.h"
#include "recipe.h"
#include "transfer/logistic.h"

enum { SEED = 23 };

/* Random rows x [count][width] around class centres, labels by turns. */
static void fill(float *x, uint32_t *labels, size_t count, size_t width, size_t classes,
                 double distance) {
  ms_random random = ms_random_make(SEED, 1);
  double centers[8 * 64];
  for (size_t i = 0; i < classes * width; i++) {
    centers[i] = distance * ms_random_normal(&random);
  }
  for (size_t i = 0; i < count; i++) {
    labels[i] = (uint32_t)(i % classes);
    for (size_t j = 0; j < width; j++) {
      x[i * width + j] = (float)(centers[labels[i] * width + j] + ms_random_normal(&random));
    }
  }
}

/* The largest derivative of the objective by weight and intercept, from its definition. */
static double largest_slope(const float *x, const uint32_t *labels, size_t count, size_t width,
                            size_t classes, const float *weights, const float *intercepts,
                            double strength) {
  double slopes[9 * 64 + 8] = {0};
  for (size_t i = 0; i < count; i++) {
    double p[8];
    double sum = 0;
    for (size_t c = 0; c < classes; c++) {
      double logit = (double)intercepts[c];
      for (size_t j = 0; j < width; j++) {
        logit += (double)x[i * width + j] * (double)weights[j * classes + c];
      }
      p[c] = exp(logit);
      sum += p[c];
    }
    for (size_t c = 0; c < classes; c++) {
      double error = p[c] / sum - (labels[i] == c);
      for (size_t j = 0; j < width; j++) {
        slopes[j * classes + c] += (double)x[i * width + j] * error;
      }
      slopes[width * classes + c] += error;
    }
  }
  double largest = 0;
  for (size_t j = 0; j < (width + 1) * classes; j++) {
    double slope = slopes[j] + (j < width * classes ? strength * (double)weights[j] : 0);
    largest = fmax(largest, fabs(slope));
  }
  return largest;
}

/* With unit scales the coordinates are the weights, and the last column is the intercept's. */
static void test_fit_is_the_optimum(ms_context *context) {
  enum { COUNT = 90, WIDTH = 6, CLASSES = 4 };
  float x[COUNT * WIDTH];
  float map[COUNT * (WIDTH + 1)];
  uint32_t labels[COUNT];
  fill(x, labels, COUNT, WIDTH, CLASSES, 0.7);
  for (size_t s = 0; s < 4; s++) {
    const double strength = pow(10, (double)s - 2);
    float penalty[WIDTH + 1] = {0};
    for (size_t i = 0; i < COUNT; i++) {
      memcpy(map + i * (WIDTH + 1), x + i * WIDTH, WIDTH * sizeof *x);
      map[i * (WIDTH + 1) + WIDTH] = 1;
    }
    for (size_t j = 0; j < WIDTH; j++) {
      penalty[j] = (float)strength;
    }
    const ms_logistic problem = {.count = COUNT,
                                 .class_count = CLASSES,
                                 .labels = labels,
                                 .width = WIDTH + 1,
                                 .map = map,
                                 .penalty = penalty};
    float found[(WIDTH + 1) * CLASSES];
    float fitted[COUNT * CLASSES];
    CHECK_EQUAL(ms_logistic_fit(context, &problem, 1e-12, 500, found, fitted), MS_OK);
    /* At 0 the largest slope is about 20; float sums over 90 rows leave 1e-4. */
    CHECK_NEAR(
        largest_slope(x, labels, COUNT, WIDTH, CLASSES, found, found + WIDTH * CLASSES, strength),
        0, 2e-4);
  }
}

static ms_metric_data check(ms_context *context, const float *x, const uint32_t *labels,
                            size_t count, size_t width, size_t classes) {
  ms_metric_data data = {.count = 0};
  CHECK_EQUAL(ms_metric_check(context, x, count, width, labels, classes, &data), MS_OK);
  return data;
}

/* Columns repeated until they outnumber the rows change nothing but the way to the coordinates. */
static void test_both_ways_to_the_coordinates_agree(ms_context *context) {
  enum { COUNT = 60, WIDTH = 20, CLASSES = 3, COPIES = 4 };
  static float x[COUNT * WIDTH];
  static float wide[COUNT * WIDTH * COPIES];
  uint32_t labels[COUNT];
  fill(x, labels, COUNT, WIDTH, CLASSES, 0.4);
  for (size_t i = 0; i < COUNT; i++) {
    for (size_t j = 0; j < WIDTH * COPIES; j++) {
      wide[i * WIDTH * COPIES + j] = x[i * WIDTH + j % WIDTH];
    }
  }
  ms_arena_mark mark = ms_arena_get_mark(context);
  ms_metric_data data = check(context, x, labels, COUNT, WIDTH, CLASSES);
  ms_metric_data wide_data = check(context, wide, labels, COUNT, WIDTH * COPIES, CLASSES);
  ms_probe tall;
  ms_probe broad;
  ms_probe_split split;
  ms_random random = ms_random_make(SEED, 2);
  CHECK_EQUAL(ms_probe_prepare(context, &data, &tall), MS_OK);
  CHECK_EQUAL(ms_probe_prepare(context, &wide_data, &broad), MS_OK);
  CHECK(tall.principal.width == WIDTH && broad.principal.width == WIDTH);
  CHECK_EQUAL(ms_probe_split_make(context, &data, 0.6, &random, &split), MS_OK);
  for (size_t s = 0; s < 4; s++) {
    double strength = pow(10, (double)s - 3);
    double accuracies[2];
    double losses[2];
    CHECK_EQUAL(ms_probe_test(context, &tall, &split, strength, &accuracies[0], &losses[0]), MS_OK);
    CHECK_EQUAL(ms_probe_test(context, &broad, &split, strength, &accuracies[1], &losses[1]),
                MS_OK);
    /* Both stop 1e-7 nats a row before the optimum, which moves test losses by the root of that. */
    CHECK_NEAR(accuracies[0], accuracies[1], 1e-12);
    CHECK_NEAR(losses[0], losses[1], 1e-2 * losses[0]);
  }
  ms_arena_drop(context, mark);
}

/*
 * Features with an offset and a scale of their own in every column, the last of them constant.
 * rows receives them standardised by definition, without the constant one.
 */
static void disguise(float *x, size_t count, size_t width, float *rows, double *means,
                     double *deviations) {
  for (size_t j = 0; j < width; j++) {
    double sum = 0;
    double squares = 0;
    for (size_t i = 0; i < count; i++) {
      float *value = &x[i * width + j];
      *value = j + 1 < width ? (float)(j * 3) - 5 + (float)(j % 4 + 1) * *value : 7;
      sum += (double)*value;
    }
    means[j] = sum / (double)count;
    for (size_t i = 0; i < count; i++) {
      squares += pow((double)x[i * width + j] - means[j], 2);
    }
    deviations[j] = sqrt(squares / (double)count) * sqrt((double)(width - 1));
    for (size_t i = 0; i < count && j + 1 < width; i++) {
      rows[i * (width - 1) + j] = (float)(((double)x[i * width + j] - means[j]) / deviations[j]);
    }
  }
}

/* Of rows that outnumber the columns, and of columns that outnumber the rows. */
static void test_head_is_the_optimum_for_features_as_they_are(ms_context *context) {
  enum { COUNT = 90, WIDTH = 50, CLASSES = 4 };
  const size_t shapes[2][2] = {{COUNT, 7}, {24, WIDTH}};
  for (size_t shape = 0; shape < 2; shape++) {
    size_t count = shapes[shape][0];
    size_t width = shapes[shape][1];
    float x[COUNT * WIDTH];
    float rows[COUNT * WIDTH];
    double means[WIDTH];
    double deviations[WIDTH];
    float weights[CLASSES * WIDTH];
    float intercepts[CLASSES];
    float by_column[WIDTH * CLASSES];
    uint32_t labels[COUNT];
    size_t all[COUNT];
    ms_probe probe;
    double strength = 0;
    fill(x, labels, count, width, CLASSES, 0.7);
    disguise(x, count, width, rows, means, deviations);
    for (size_t i = 0; i < count; i++) {
      all[i] = i;
    }
    const ms_probe_split split = {all, count, NULL, 0};
    const ms_metric_data data = check(context, x, labels, count, width, CLASSES);
    CHECK_EQUAL(ms_probe_prepare(context, &data, &probe), MS_OK);
    CHECK_EQUAL(ms_probe_choose(context, &probe, &split, &strength), MS_OK);
    CHECK_EQUAL(ms_probe_fit(context, x, count, width, labels, CLASSES, weights, intercepts),
                MS_OK);
    for (size_t c = 0; c < CLASSES; c++) {
      CHECK_NEAR(weights[c * width + width - 1], 0, 0);
      double intercept = (double)intercepts[c];
      for (size_t j = 0; j + 1 < width; j++) {
        intercept += (double)weights[c * width + j] * means[j];
        by_column[j * CLASSES + c] = (float)((double)weights[c * width + j] * deviations[j]);
      }
      intercepts[c] = (float)intercept;
    }
    double slope =
        largest_slope(rows, labels, count, width - 1, CLASSES, by_column, intercepts, strength);
    /* The fit stops where a step promises 1e-7 nats a row, which is a slope of 4e-3 or less; all
     * weights 0 have one of 1 or more. */
    CHECK_NEAR(slope, 0, 8e-3);
  }
}

static void test_head_tells_further_rows_apart(ms_context *context) {
  enum { COUNT = 80, WIDTH = 12, CLASSES = 4, KNOWN = 40 };
  float x[COUNT * WIDTH];
  float weights[CLASSES * WIDTH];
  float intercepts[CLASSES];
  uint32_t labels[COUNT];
  fill(x, labels, COUNT, WIDTH, CLASSES, 3);
  CHECK_EQUAL(ms_probe_fit(context, x, KNOWN, WIDTH, labels, CLASSES, weights, intercepts), MS_OK);
  for (size_t i = KNOWN; i < COUNT; i++) {
    double best = -INFINITY;
    size_t found = CLASSES;
    for (size_t c = 0; c < CLASSES; c++) {
      double logit = (double)intercepts[c];
      for (size_t j = 0; j < WIDTH; j++) {
        logit += (double)weights[c * WIDTH + j] * (double)x[i * WIDTH + j];
      }
      found = logit > best ? c : found;
      best = fmax(best, logit);
    }
    CHECK_EQUAL(found, labels[i]);
  }
}

static void test_head_of_nothing_to_learn_knows_the_shares(ms_context *context) {
  const float x[4] = {5, 5, 5, 5};
  const uint32_t labels[4] = {0, 1, 1, 1};
  float weights[2] = {1, 1};
  float intercepts[2] = {0, 0};
  CHECK_EQUAL(ms_probe_fit(context, x, 4, 1, labels, 2, weights, intercepts), MS_OK);
  CHECK(weights[0] == 0 && weights[1] == 0);
  CHECK_NEAR(intercepts[1] - intercepts[0], log(3), 1e-3);
}

static void test_head_refuses_a_class_without_rows_and_leaves_all_untouched(ms_context *context) {
  const float x[4] = {0, 1, 2, 3};
  const float tiny[4] = {0, 1e-44F, 3e-44F, 4e-44F};
  const uint32_t labels[4] = {0, 0, 2, 2};
  const uint32_t same[4] = {0, 0, 0, 0};
  float weights[3] = {1, 1, 1};
  float intercepts[3] = {1, 1, 1};
  CHECK_EQUAL(ms_probe_fit(context, x, 4, 1, labels, 3, weights, intercepts), MS_ERR_DATA);
  CHECK(strstr(ms_context_message(context), "1 of 3 classes have no row") != NULL);
  CHECK_EQUAL(ms_probe_fit(context, x, 4, 1, same, 1, weights, intercepts), MS_ERR_DATA);
  CHECK_EQUAL(
      ms_probe_fit(context, tiny, 4, 1, (const uint32_t[4]){0, 0, 1, 1}, 2, weights, intercepts),
      MS_ERR_DATA);
  for (size_t i = 0; i < 3; i++) {
    CHECK(weights[i] == 1 && intercepts[i] == 1);
  }
}

static void test_splits_are_stratified_and_apart(ms_context *context) {
  enum { COUNT = 23 };
  float x[COUNT];
  uint32_t labels[COUNT];
  /* 16 rows of class 0, 4 of class 1, 2 of class 2, 1 of class 3 */
  for (size_t i = 0; i < COUNT; i++) {
    x[i] = (float)i;
    labels[i] = i < 16 ? 0 : i < 20 ? 1 : i < 22 ? 2 : 3;
  }
  ms_arena_mark mark = ms_arena_get_mark(context);
  ms_metric_data data = check(context, x, labels, COUNT, 1, 4);
  for (uint64_t stream = 0; stream < 20; stream++) {
    ms_random random = ms_random_make(SEED, stream);
    ms_probe_split split;
    size_t seen[COUNT] = {0};
    size_t trained[4] = {0};
    CHECK_EQUAL(ms_probe_split_make(context, &data, 0.9, &random, &split), MS_OK);
    for (size_t i = 0; i < split.train_count; i++) {
      seen[split.train[i]]++;
      trained[labels[split.train[i]]]++;
    }
    for (size_t i = 0; i < split.test_count; i++) {
      seen[split.test[i]]++;
    }
    for (size_t i = 0; i < COUNT; i++) {
      CHECK_EQUAL(seen[i], 1);
    }
    /* 0.9 × 16 = 14.4; 3.6, but one must be left; 1.8, likewise; the only one */
    CHECK(trained[0] == 14 && trained[1] == 3 && trained[2] == 1 && trained[3] == 1);
  }
  ms_arena_drop(context, mark);
}

static void test_probe_finds_what_is_there_and_nothing_else(ms_context *context) {
  enum { COUNT = 120, WIDTH = 30, CLASSES = 4 };
  static float x[COUNT * WIDTH];
  uint32_t labels[COUNT];
  double mean = 0;
  double error = 0;
  fill(x, labels, COUNT, WIDTH, CLASSES, 3);
  CHECK_EQUAL(
      ms_probe_accuracy(context, x, COUNT, WIDTH, labels, CLASSES, 0.7, 5, SEED, &mean, &error),
      MS_OK);
  CHECK_NEAR(mean, 1, 1e-12);
  CHECK_NEAR(error, 0, 1e-9);
  fill(x, labels, COUNT, WIDTH, CLASSES, 0);
  CHECK_EQUAL(
      ms_probe_accuracy(context, x, COUNT, WIDTH, labels, CLASSES, 0.7, 8, SEED, &mean, &error),
      MS_OK);
  /* Chance is 1/4; eight splits of 36 test rows vary by 0.03 or so. */
  CHECK_NEAR(mean, 0.25, 0.12);
  CHECK(error > 0 && error < 0.05);
}

static void test_same_seed_same_result(ms_context *context) {
  enum { COUNT = 40, WIDTH = 50, CLASSES = 4 };
  static float x[COUNT * WIDTH];
  uint32_t labels[COUNT];
  double means[3];
  double errors[3];
  fill(x, labels, COUNT, WIDTH, CLASSES, 0.2);
  for (size_t i = 0; i < 3; i++) {
    CHECK_EQUAL(ms_probe_accuracy(context, x, COUNT, WIDTH, labels, CLASSES, 0.6, 4,
                                  i < 2 ? SEED : SEED + 1, &means[i], &errors[i]),
                MS_OK);
  }
  CHECK(means[0] == means[1] && errors[0] == errors[1]);
  CHECK(means[0] != means[2] || errors[0] != errors[2]);
}

static void test_probe_refuses_impossible_arguments(ms_context *context) {
  const float x[4] = {0, 1, 2, 3};
  const uint32_t labels[4] = {0, 0, 1, 1};
  const uint32_t singles[4] = {0, 1, 2, 3};
  double mean = -1;
  double error = -1;
  CHECK_EQUAL(ms_probe_accuracy(context, x, 4, 1, labels, 2, 0, 1, SEED, &mean, &error),
              MS_ERR_ARGUMENT);
  CHECK_EQUAL(ms_probe_accuracy(context, x, 4, 1, labels, 2, NAN, 1, SEED, &mean, &error),
              MS_ERR_ARGUMENT);
  CHECK_EQUAL(ms_probe_accuracy(context, x, 4, 1, labels, 2, 0.5, 0, SEED, &mean, &error),
              MS_ERR_ARGUMENT);
  CHECK_EQUAL(ms_probe_accuracy(context, x, 4, 1, singles, 4, 0.5, 1, SEED, &mean, &error),
              MS_ERR_DATA);
  CHECK(strstr(ms_context_message(context), "every class has one row") != NULL);
  CHECK(mean == -1 && error == -1);
}

int main(void) {
  printf("seed %d\n", SEED);
  ms_context *context = NULL;
  CHECK_EQUAL(ms_context_create(NULL, &context), MS_OK);
  test_fit_is_the_optimum(context);
  test_both_ways_to_the_coordinates_agree(context);
  test_head_is_the_optimum_for_features_as_they_are(context);
  test_head_tells_further_rows_apart(context);
  test_head_of_nothing_to_learn_knows_the_shares(context);
  test_head_refuses_a_class_without_rows_and_leaves_all_untouched(context);
  test_splits_are_stratified_and_apart(context);
  test_probe_finds_what_is_there_and_nothing_else(context);
  test_same_seed_same_result(context);
  test_probe_refuses_impossible_arguments(context);
  ms_context_destroy(context);
  return CHECK_EXIT();
}
