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
  test_splits_are_stratified_and_apart(context);
  test_probe_finds_what_is_there_and_nothing_else(context);
  test_same_seed_same_result(context);
  test_probe_refuses_impossible_arguments(context);
  ms_context_destroy(context);
  return CHECK_EXIT();
}
