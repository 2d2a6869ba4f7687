/* The trainer: its start against a ridge regression solved in the open, its steps, its errors. */
#include "allocator.h"
#include "check.h"
#include "core/random.h"
#include "modelspider/modelspider.h"

enum {
  SEED = 20230605,
  MODELS = 4,
  FEATURES = 2,
  TASKS = 12,
  MOST_CLASSES = 5,
  DESCRIPTOR = 3 * FEATURES + 1
};

/* Random tasks of 1 to 5 classes. */
typedef struct task_set {
  size_t class_counts[TASKS];
  float prototypes[TASKS][MOST_CLASSES * FEATURES];
  float spreads[TASKS][MOST_CLASSES * FEATURES];
  float targets[TASKS][MODELS];
  double weights[TASKS];
} task_set;

static void make_tasks(task_set *set) {
  ms_random random = ms_random_make(SEED, 0);
  for (size_t t = 0; t < TASKS; t++) {
    set->class_counts[t] = 1 + t % MOST_CLASSES;
    for (size_t i = 0; i < MOST_CLASSES * FEATURES; i++) {
      set->prototypes[t][i] = (float)(3 + ms_random_normal(&random));
      set->spreads[t][i] = (float)ms_random_uniform(&random);
    }
    for (size_t m = 0; m < MODELS; m++) {
      set->targets[t][m] = (float)(0.1 * (double)t + (double)m + ms_random_normal(&random));
    }
    set->weights[t] = 0.5 + ms_random_uniform(&random);
  }
}

static ms_status add_tasks(ms_trainer *trainer, const task_set *set) {
  ms_status status = MS_OK;
  for (size_t t = 0; t < TASKS && status == MS_OK; t++) {
    status = ms_trainer_add_task(trainer, set->prototypes[t], set->spreads[t], set->class_counts[t],
                                 set->targets[t], set->weights[t]);
  }
  return status;
}

static ms_trainer *make_trainer(ms_context *context, const task_set *set, size_t width,
                                uint32_t seed) {
  ms_trainer *trainer = NULL;
  CHECK_EQUAL(ms_trainer_create(context, MODELS, FEATURES, width, seed, &trainer), MS_OK);
  CHECK_EQUAL(add_tasks(trainer, set), MS_OK);
  return trainer;
}

/* Solves a x = b for x [n] in place of b, by elimination with pivots. */
static void solve(double *a, double *b, size_t n) {
  for (size_t k = 0; k < n; k++) {
    size_t pivot = k;
    for (size_t i = k; i < n; i++) {
      pivot = fabs(a[i * n + k]) > fabs(a[pivot * n + k]) ? i : pivot;
    }
    for (size_t j = 0; j < n; j++) {
      double kept = a[k * n + j];
      a[k * n + j] = a[pivot * n + j];
      a[pivot * n + j] = kept;
    }
    double kept = b[k];
    b[k] = b[pivot];
    b[pivot] = kept;
    for (size_t i = 0; i < n; i++) {
      double factor = i == k ? 0 : a[i * n + k] / a[k * n + k];
      for (size_t j = 0; j < n; j++) {
        a[i * n + j] -= factor * a[k * n + j];
      }
      b[i] -= factor * b[k];
    }
  }
  for (size_t k = 0; k < n; k++) {
    b[k] /= a[k * n + k];
  }
}

/* Means over classes, deviation of prototypes, log of the class count, standardised over tasks. */
static void describe_plainly(const task_set *set, double descriptors[TASKS][DESCRIPTOR]) {
  double total = 0;
  for (size_t t = 0; t < TASKS; t++) {
    double count = (double)set->class_counts[t];
    total += set->weights[t];
    for (size_t j = 0; j < FEATURES; j++) {
      double mean = 0;
      double spread = 0;
      double square = 0;
      for (size_t c = 0; c < set->class_counts[t]; c++) {
        double value = set->prototypes[t][c * FEATURES + j];
        mean += value / count;
        square += value * value / count;
        spread += set->spreads[t][c * FEATURES + j] / count;
      }
      descriptors[t][j] = mean;
      descriptors[t][FEATURES + j] = spread;
      descriptors[t][2 * FEATURES + j] = sqrt(fmax(0, square - mean * mean));
    }
    descriptors[t][3 * FEATURES] = log(count);
  }
  for (size_t j = 0; j < DESCRIPTOR; j++) {
    double mean = 0;
    double variance = 0;
    for (size_t t = 0; t < TASKS; t++) {
      mean += set->weights[t] / total * descriptors[t][j];
    }
    for (size_t t = 0; t < TASKS; t++) {
      variance += set->weights[t] / total * pow(descriptors[t][j] - mean, 2);
    }
    for (size_t t = 0; t < TASKS; t++) {
      descriptors[t][j] = (descriptors[t][j] - mean) / sqrt(variance);
    }
  }
}

/* priors [M] with shrink mean weights of target 0, and centred targets less priors [T][M]. */
static void find_priors(const task_set *set, double shrink, double *priors,
                        double residuals[TASKS][MODELS]) {
  double total = 0;
  for (size_t m = 0; m < MODELS; m++) {
    priors[m] = 0;
  }
  for (size_t t = 0; t < TASKS; t++) {
    double mean = 0;
    total += set->weights[t];
    for (size_t m = 0; m < MODELS; m++) {
      mean += set->targets[t][m] / (double)MODELS;
    }
    for (size_t m = 0; m < MODELS; m++) {
      residuals[t][m] = set->targets[t][m] - mean;
      priors[m] += set->weights[t] * residuals[t][m];
    }
  }
  for (size_t m = 0; m < MODELS; m++) {
    priors[m] /= total + shrink * total / TASKS;
    for (size_t t = 0; t < TASKS; t++) {
      residuals[t][m] -= priors[m];
    }
  }
}

/* predictions [T][M]: prior and ridge regression, from the normal equations of each model. */
static void predict_plainly(const task_set *set, double strength,
                            double predictions[TASKS][MODELS]) {
  double descriptors[TASKS][DESCRIPTOR];
  double residuals[TASKS][MODELS];
  double priors[MODELS];
  describe_plainly(set, descriptors);
  find_priors(set, 1, priors, residuals);
  double total = 0;
  for (size_t t = 0; t < TASKS; t++) {
    total += set->weights[t];
  }
  for (size_t m = 0; m < MODELS; m++) {
    double a[DESCRIPTOR * DESCRIPTOR] = {0};
    double b[DESCRIPTOR] = {0};
    for (size_t i = 0; i < DESCRIPTOR; i++) {
      a[i * DESCRIPTOR + i] = strength * total / TASKS * DESCRIPTOR;
      for (size_t t = 0; t < TASKS; t++) {
        b[i] += set->weights[t] * descriptors[t][i] * residuals[t][m];
        for (size_t j = 0; j < DESCRIPTOR; j++) {
          a[i * DESCRIPTOR + j] += set->weights[t] * descriptors[t][i] * descriptors[t][j];
        }
      }
    }
    solve(a, b, DESCRIPTOR);
    for (size_t t = 0; t < TASKS; t++) {
      predictions[t][m] = priors[m];
      for (size_t i = 0; i < DESCRIPTOR; i++) {
        predictions[t][m] += descriptors[t][i] * b[i];
      }
    }
  }
}

static void test_start_is_the_ridge_regression(void) {
  static task_set set;
  make_tasks(&set);
  double expected[TASKS][MODELS];
  predict_plainly(&set, 0.3, expected);
  ms_context *context = NULL;
  CHECK_EQUAL(ms_context_create(NULL, &context), MS_OK);
  /* As wide as there are models, and wider. */
  for (size_t width = MODELS; width <= MODELS + 3; width += 3) {
    ms_trainer *trainer = make_trainer(context, &set, width, SEED);
    CHECK_EQUAL(ms_trainer_set(trainer, MS_TRAINER_RIDGE, 0.3), MS_OK);
    CHECK_EQUAL(ms_trainer_fit(trainer), MS_OK);
    for (size_t t = 0; t < TASKS; t++) {
      float scores[MODELS];
      CHECK_EQUAL(ms_trainer_score(trainer, t, scores, MODELS), MS_OK);
      for (size_t m = 0; m < MODELS; m++) {
        /* Summaries and results are floats. */
        CHECK_NEAR(scores[m], expected[t][m], 2e-6);
      }
    }
    ms_trainer_destroy(trainer);
  }
  ms_context_destroy(context);
}

enum { LANDMARKS = 3, MARKS = LANDMARKS + 2 };

/* A task's landmarks, random. */
static void draw_landmarks(size_t task, double landmarks[LANDMARKS]) {
  ms_random random = ms_random_make(SEED, 1 + task);
  for (size_t i = 0; i < LANDMARKS; i++) {
    landmarks[i] = 1 + ms_random_normal(&random);
  }
}

/* marks [T][MARKS]: log class count, landmarks less their mean, their mean; standardised. */
static void describe_marks(const task_set *set, double marks[TASKS][MARKS]) {
  double total = 0;
  for (size_t t = 0; t < TASKS; t++) {
    total += set->weights[t];
    draw_landmarks(t, marks[t] + 1);
    double mean = 0;
    for (size_t i = 0; i < LANDMARKS; i++) {
      mean += marks[t][1 + i] / LANDMARKS;
    }
    for (size_t i = 0; i < LANDMARKS; i++) {
      marks[t][1 + i] -= mean;
    }
    marks[t][0] = log((double)set->class_counts[t]);
    marks[t][MARKS - 1] = mean;
  }
  for (size_t j = 0; j < MARKS; j++) {
    double mean = 0;
    double variance = 0;
    for (size_t t = 0; t < TASKS; t++) {
      mean += set->weights[t] / total * marks[t][j];
    }
    for (size_t t = 0; t < TASKS; t++) {
      variance += set->weights[t] / total * pow(marks[t][j] - mean, 2);
    }
    for (size_t t = 0; t < TASKS; t++) {
      marks[t][j] = (marks[t][j] - mean) / sqrt(variance);
    }
  }
}

/* kernel [T][T]: images and marks by their shares, and recall times a Gaussian of the marks. */
static void find_kernel(const task_set *set, double share, double recall, double reach,
                        double kernel[TASKS][TASKS]) {
  double descriptors[TASKS][DESCRIPTOR];
  double marks[TASKS][MARKS];
  describe_plainly(set, descriptors);
  describe_marks(set, marks);
  for (size_t t = 0; t < TASKS; t++) {
    for (size_t other = 0; other < TASKS; other++) {
      double images = 0;
      double alike = 0;
      double squared = 0;
      for (size_t j = 0; j + 1 < DESCRIPTOR; j++) {
        images += descriptors[t][j] * descriptors[other][j] / (DESCRIPTOR - 1);
      }
      for (size_t j = 0; j < MARKS; j++) {
        alike += marks[t][j] * marks[other][j] / MARKS;
        squared += pow(marks[t][j] - marks[other][j], 2) / MARKS;
      }
      kernel[t][other] = share * images + (1 - share) * alike + recall * exp(-reach * squared);
    }
  }
}

/* A trainer with landmarks and tasks to recall, fitted. */
static ms_trainer *make_recalling_trainer(ms_context *context, const task_set *set) {
  ms_trainer *trainer = NULL;
  CHECK_EQUAL(ms_trainer_create(context, MODELS, FEATURES, MODELS, SEED, &trainer), MS_OK);
  CHECK_EQUAL(ms_trainer_set_blocks(trainer, (const size_t[]){1, 1}, 2, 2), MS_OK);
  CHECK_EQUAL(ms_trainer_set(trainer, MS_TRAINER_RIDGE, 0.3), MS_OK);
  CHECK_EQUAL(ms_trainer_set(trainer, MS_TRAINER_IMAGE_SHARE, 0.4), MS_OK);
  CHECK_EQUAL(ms_trainer_set(trainer, MS_TRAINER_RECALL, 0.7), MS_OK);
  CHECK_EQUAL(ms_trainer_set(trainer, MS_TRAINER_REACH, 0.5), MS_OK);
  for (size_t t = 0; t < TASKS; t++) {
    double landmarks[LANDMARKS];
    draw_landmarks(t, landmarks);
    CHECK_EQUAL(ms_trainer_add_task(trainer, set->prototypes[t], set->spreads[t],
                                    set->class_counts[t], set->targets[t], set->weights[t]),
                MS_OK);
    CHECK_EQUAL(ms_trainer_set_landmarks(trainer, landmarks, LANDMARKS), MS_OK);
  }
  CHECK_EQUAL(ms_trainer_fit(trainer), MS_OK);
  return trainer;
}

/* predictions [T][M] of kernel ridge regression with strength 0.3, each model's system solved. */
static void predict_by_kernel(const task_set *set, double predictions[TASKS][MODELS]) {
  double kernel[TASKS][TASKS];
  double priors[MODELS];
  double residuals[TASKS][MODELS];
  double total = 0;
  find_kernel(set, 0.4, 0.7, 0.5, kernel);
  find_priors(set, 1, priors, residuals);
  for (size_t t = 0; t < TASKS; t++) {
    total += set->weights[t];
  }
  for (size_t m = 0; m < MODELS; m++) {
    double a[TASKS * TASKS];
    double b[TASKS];
    memcpy(a, kernel, sizeof a);
    for (size_t t = 0; t < TASKS; t++) {
      a[t * TASKS + t] += 0.3 * total / TASKS / set->weights[t];
      b[t] = residuals[t][m];
    }
    solve(a, b, TASKS);
    for (size_t t = 0; t < TASKS; t++) {
      predictions[t][m] = priors[m];
      for (size_t other = 0; other < TASKS; other++) {
        predictions[t][m] += kernel[t][other] * b[other];
      }
    }
  }
}

static void test_start_recalls_tasks_as_a_kernel_does(void) {
  static task_set set;
  make_tasks(&set);
  double expected[TASKS][MODELS];
  predict_by_kernel(&set, expected);
  ms_context *context = NULL;
  CHECK_EQUAL(ms_context_create(NULL, &context), MS_OK);
  ms_trainer *trainer = make_recalling_trainer(context, &set);
  for (size_t t = 0; t < TASKS; t++) {
    float scores[MODELS];
    CHECK_EQUAL(ms_trainer_score(trainer, t, scores, MODELS), MS_OK);
    for (size_t m = 0; m < MODELS; m++) {
      /* Summaries and results are floats. */
      CHECK_NEAR(scores[m], expected[t][m], 4e-6);
    }
  }
  ms_trainer_destroy(trainer);
  ms_context_destroy(context);
}

/* Fits and makes steps; the mean loss of the first and of the last 20. */
static void train(ms_trainer *trainer, int steps, double *first, double *last) {
  CHECK_EQUAL(ms_trainer_fit(trainer), MS_OK);
  *first = 0;
  *last = 0;
  for (int step = 0; step < steps; step++) {
    double loss = 0;
    CHECK_EQUAL(ms_trainer_step(trainer, &loss), MS_OK);
    *first += step < 20 ? loss / 20 : 0;
    *last += step >= steps - 20 ? loss / 20 : 0;
  }
}

static void test_steps_lower_the_loss(void) {
  static task_set set;
  make_tasks(&set);
  ms_context *context = NULL;
  CHECK_EQUAL(ms_context_create(NULL, &context), MS_OK);
  ms_trainer *trainer = make_trainer(context, &set, 8, SEED);
  CHECK_EQUAL(ms_trainer_set(trainer, MS_TRAINER_RIDGE, 10), MS_OK);
  CHECK_EQUAL(ms_trainer_set(trainer, MS_TRAINER_LEARNING_RATE, 0.01), MS_OK);
  CHECK_EQUAL(ms_trainer_set(trainer, MS_TRAINER_PROJECTION_RATE, 1), MS_OK);
  CHECK_EQUAL(ms_trainer_set(trainer, MS_TRAINER_WEIGHT_DECAY, 0), MS_OK);
  CHECK_EQUAL(ms_trainer_set(trainer, MS_TRAINER_BATCH, 5), MS_OK);
  double first = 0;
  double last = 0;
  train(trainer, 400, &first, &last);
  /* Twelve tasks of four targets can be learned by heart, but for the listwise loss's rest. */
  CHECK(last < 0.5 * first);
  ms_trainer_destroy(trainer);
  ms_context_destroy(context);
}

static void test_training_repeats_to_the_bit(void) {
  static task_set set;
  make_tasks(&set);
  float scores[3][MODELS];
  const uint32_t seeds[3] = {7, 7, 8};
  for (size_t run = 0; run < 3; run++) {
    ms_context *context = NULL;
    CHECK_EQUAL(ms_context_create(NULL, &context), MS_OK);
    ms_trainer *trainer = make_trainer(context, &set, 6, seeds[run]);
    CHECK_EQUAL(ms_trainer_set(trainer, MS_TRAINER_DROPOUT, 0.2), MS_OK);
    double first = 0;
    double last = 0;
    train(trainer, 40, &first, &last);
    if (run == 1) {
      train(trainer, 40, &first, &last);
    }
    CHECK_EQUAL(ms_trainer_score(trainer, 3, scores[run], MODELS), MS_OK);
    ms_trainer_destroy(trainer);
    ms_context_destroy(context);
  }
  CHECK(memcmp(scores[0], scores[1], sizeof scores[0]) == 0);
  CHECK(memcmp(scores[0], scores[2], sizeof scores[0]) != 0);
}

static void test_missing_targets_are_passed_over(void) {
  static task_set set;
  make_tasks(&set);
  /* Targets without noise: level plus prior. What is missing must not move the prior. */
  for (size_t t = 0; t < TASKS; t++) {
    for (size_t m = 0; m < MODELS; m++) {
      set.targets[t][m] = (t + m) % 4 == 0 ? NAN : (float)((double)t + 0.5 * (double)m);
    }
  }
  ms_context *context = NULL;
  CHECK_EQUAL(ms_context_create(NULL, &context), MS_OK);
  ms_trainer *trainer = make_trainer(context, &set, 3, SEED);
  CHECK_EQUAL(ms_trainer_set(trainer, MS_TRAINER_PRIOR_SHRINK, 0), MS_OK);
  CHECK_EQUAL(ms_trainer_fit(trainer), MS_OK);
  float scores[MODELS];
  CHECK_EQUAL(ms_trainer_score(trainer, 0, scores, MODELS), MS_OK);
  for (size_t m = 0; m < MODELS; m++) {
    CHECK_NEAR(scores[m], 0.5 * (double)m - 0.75, 1e-6);
  }
  ms_trainer_destroy(trainer);
  ms_context_destroy(context);
}

static void test_bad_arguments_are_described(void) {
  static task_set set;
  make_tasks(&set);
  ms_context *context = NULL;
  ms_trainer *trainer = NULL;
  double loss = 0;
  float scores[MODELS];
  CHECK_EQUAL(ms_context_create(NULL, &context), MS_OK);
  CHECK_EQUAL(ms_trainer_create(context, 1, 2, 2, 0, &trainer), MS_ERR_ARGUMENT);
  CHECK_EQUAL(ms_trainer_create(context, 2, 0, 2, 0, &trainer), MS_ERR_ARGUMENT);
  CHECK_EQUAL(ms_trainer_create(context, 2, 2, 1025, 0, &trainer), MS_ERR_ARGUMENT);
  CHECK(trainer == NULL);
  CHECK_EQUAL(ms_trainer_create(context, MODELS, FEATURES, 2, 0, &trainer), MS_OK);
  CHECK_EQUAL(ms_trainer_fit(trainer), MS_ERR_DATA);
  CHECK_TEXT(ms_context_message(context), "no task of a weight above 0 to fit");
  CHECK_EQUAL(ms_trainer_step(trainer, &loss), MS_ERR_ARGUMENT);
  CHECK_EQUAL(ms_trainer_set(trainer, MS_TRAINER_OPTION_COUNT, 1), MS_ERR_ARGUMENT);
  CHECK_EQUAL(ms_trainer_set(trainer, MS_TRAINER_RIDGE, 0), MS_ERR_ARGUMENT);
  CHECK_EQUAL(ms_trainer_set(trainer, MS_TRAINER_DROPOUT, NAN), MS_ERR_ARGUMENT);
  const float few[MODELS] = {NAN, 1, NAN, NAN};
  const float infinite[MODELS] = {INFINITY, 1, 1, 1};
  const float *values = set.prototypes[0];
  CHECK_EQUAL(ms_trainer_add_task(trainer, values, values, 1, few, 1), MS_ERR_DATA);
  CHECK_TEXT(ms_context_message(context), "a task with targets for 1 models, 2 at least");
  CHECK_EQUAL(ms_trainer_add_task(trainer, values, values, 1, infinite, 1), MS_ERR_DATA);
  CHECK_EQUAL(ms_trainer_add_task(trainer, values, infinite, 1, values, 1), MS_ERR_DATA);
  CHECK_EQUAL(ms_trainer_add_task(trainer, values, values, 0, values, 1), MS_ERR_ARGUMENT);
  CHECK_EQUAL(ms_trainer_add_task(trainer, values, values, 1, values, -1), MS_ERR_ARGUMENT);
  CHECK_EQUAL(ms_trainer_add_task(trainer, values, values, 1, values, 1), MS_OK);
  CHECK_EQUAL(ms_trainer_score(trainer, 0, scores, MODELS), MS_ERR_ARGUMENT);
  CHECK_EQUAL(ms_trainer_fit(trainer), MS_OK);
  CHECK_EQUAL(ms_trainer_score(trainer, 1, scores, MODELS), MS_ERR_ARGUMENT);
  CHECK_EQUAL(ms_trainer_score(trainer, 0, scores, MODELS - 1), MS_ERR_ARGUMENT);
  CHECK_EQUAL(ms_trainer_score(trainer, 0, scores, MODELS), MS_OK);
  ms_trainer_destroy(trainer);
  ms_trainer_destroy(NULL);
  ms_context_destroy(context);
}

/* The whole life of a trainer; calls after the warm-up steps are reported. */
static ms_status live(counting_allocator *counter, const task_set *set, int *late_calls) {
  ms_allocator allocator = counting_allocator_of(counter);
  ms_context *context = NULL;
  ms_trainer *trainer = NULL;
  ms_status status = ms_context_create(&allocator, &context);
  if (status != MS_OK) {
    return status;
  }
  status = ms_trainer_create(context, MODELS, FEATURES, 5, SEED, &trainer);
  status = status == MS_OK ? add_tasks(trainer, set) : status;
  status = status == MS_OK ? ms_trainer_fit(trainer) : status;
  double loss = 0;
  int before = 0;
  for (int step = 0; step < 40 && status == MS_OK; step++) {
    before = step == 20 ? counter->calls : before;
    status = ms_trainer_step(trainer, &loss);
  }
  *late_calls = counter->calls - before;
  ms_trainer_destroy(trainer);
  ms_context_destroy(context);
  return status;
}

static void test_every_failing_allocation_is_clean(void) {
  static task_set set;
  make_tasks(&set);
  counting_allocator counter = {.fail_at = -1};
  int late_calls = -1;
  CHECK_EQUAL(live(&counter, &set, &late_calls), MS_OK);
  CHECK_EQUAL(late_calls, 0);
  CHECK_EQUAL(counter.live, 0);
  int calls = counter.calls;
  for (int i = 0; i < calls; i++) {
    counter = (counting_allocator){.fail_at = i};
    CHECK_EQUAL(live(&counter, &set, &late_calls), MS_ERR_MEMORY);
    CHECK_EQUAL(counter.live, 0);
  }
}

int main(void) {
  printf("seed %d\n", SEED);
  test_start_is_the_ridge_regression();
  test_start_recalls_tasks_as_a_kernel_does();
  test_steps_lower_the_loss();
  test_training_repeats_to_the_bit();
  test_missing_targets_are_passed_over();
  test_bad_arguments_are_described();
  test_every_failing_allocation_is_clean();
  return CHECK_EXIT();
}
