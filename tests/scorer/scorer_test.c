/*
 * A scorer from training over its file to scores and certainty: what must not change a score, bad
 * files, bad arguments, and intervals that hold what they promise.
 */
#include "allocator.h"
#include "check.h"
#include "core/random.h"
#include "modelspider/modelspider.h"

enum { SEED = 20230607, MODELS = 6, FEATURES = 3, CLASSES = 4, IMAGES = 8, TASKS = 20, HELD = 60 };

static const char HASH[] = "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef";
static const char *const IDS[MODELS] = {"alpha", "beta", "gamma", "delta", "epsilon", "\xce\xb6"};

/* Deviations of the simulated world's errors, in logits. */
static const double LEVEL = 0.8, OWN = 0.4, NOISE = 0.3;

static ms_task *make_task(ms_context *context, uint64_t stream, size_t class_count) {
  ms_random random = ms_random_make(SEED, stream);
  ms_task *task = NULL;
  CHECK_EQUAL(ms_task_create(context, class_count, FEATURES, &task), MS_OK);
  for (size_t c = 0; c < class_count; c++) {
    float centre[FEATURES];
    for (size_t j = 0; j < FEATURES; j++) {
      centre[j] = (float)ms_random_normal(&random);
    }
    for (size_t i = 0; i < IMAGES; i++) {
      float features[FEATURES];
      for (size_t j = 0; j < FEATURES; j++) {
        features[j] = centre[j] + (float)(0.3 * ms_random_normal(&random));
      }
      CHECK_EQUAL(ms_task_add_image(task, c, features, FEATURES), MS_OK);
    }
  }
  return task;
}

/* Landmarks of the first two features and of the third, and of the first two again as joint. */
static const size_t WIDTHS[] = {2, 1};

enum { LANDMARKS = 3 };

static ms_status add_landmarks(ms_trainer *trainer, const ms_task *task) {
  double landmarks[LANDMARKS];
  CHECK_EQUAL(ms_task_landmarks(task, WIDTHS, 2, 1, landmarks, LANDMARKS), MS_OK);
  return ms_trainer_set_landmarks(trainer, landmarks, LANDMARKS);
}

/* marked: with landmarks, and tasks to recall by them. */
static ms_status add_tasks(ms_context *context, ms_trainer *trainer, int marked) {
  ms_status status = MS_OK;
  if (marked) {
    CHECK_EQUAL(ms_trainer_set(trainer, MS_TRAINER_RECALL, 0.5), MS_OK);
    status = ms_trainer_set_blocks(trainer, WIDTHS, 2, 1);
  }
  for (size_t t = 0; t < TASKS && status == MS_OK; t++) {
    ms_random random = ms_random_make(SEED, 1000 + t);
    ms_task *task = make_task(context, t, CLASSES);
    float prototypes[CLASSES * FEATURES];
    float spreads[CLASSES * FEATURES];
    float targets[MODELS];
    size_t class_count = 0;
    CHECK_EQUAL(ms_task_prototypes(task, prototypes, spreads, CLASSES * FEATURES, &class_count),
                MS_OK);
    for (size_t m = 0; m < MODELS; m++) {
      targets[m] = (float)(0.1 * (double)m + 0.2 * prototypes[m % FEATURES] +
                           0.1 * ms_random_normal(&random));
    }
    status = ms_trainer_add_task(trainer, prototypes, spreads, class_count, targets, 1);
    status = status == MS_OK && marked ? add_landmarks(trainer, task) : status;
    ms_task_destroy(task);
  }
  return status;
}

/* Held-out tasks of the simulated world: truth is prediction, level and own error. */
static ms_status add_held_out(ms_trainer *trainer) {
  ms_status status = MS_OK;
  ms_random random = ms_random_make(SEED, 2000);
  for (size_t t = 0; t < HELD && status == MS_OK; t++) {
    float truths[MODELS];
    float predicted[MODELS];
    float observed[MODELS];
    double level = LEVEL * ms_random_normal(&random);
    for (size_t m = 0; m < MODELS; m++) {
      predicted[m] = 0;
      truths[m] = (float)(level + OWN * ms_random_normal(&random));
      double seen = truths[m] + NOISE * ms_random_normal(&random);
      observed[m] = (float)(1 / (1 + exp(-seen)));
    }
    status = ms_trainer_add_held_out(trainer, truths, predicted, observed, NAN, 100000, 1);
  }
  return status;
}

/* Trains and writes a scorer, with certainty and landmarks or without both; 0 bytes where something
 * failed, which status then tells. */
static size_t write_scorer(ms_context *context, int certain, uint8_t *bytes, size_t room,
                           ms_status *status) {
  ms_trainer *trainer = NULL;
  size_t size = 0;
  *status = ms_trainer_create(context, MODELS, FEATURES, 5, SEED, &trainer);
  *status = *status == MS_OK ? add_tasks(context, trainer, certain) : *status;
  *status = *status == MS_OK ? ms_trainer_fit(trainer) : *status;
  for (int step = 0; step < 50 && *status == MS_OK; step++) {
    double loss = 0;
    *status = ms_trainer_step(trainer, &loss);
  }
  if (certain) {
    *status = *status == MS_OK ? add_held_out(trainer) : *status;
    *status = *status == MS_OK ? ms_trainer_fit_certainty(trainer) : *status;
  }
  if (*status == MS_OK) {
    *status = ms_trainer_save(trainer, IDS, HASH, bytes, room, &size);
  }
  ms_trainer_destroy(trainer);
  return size;
}

static uint8_t file_bytes[1 << 16];

static ms_scorer *make_scorer(ms_context *context, int certain) {
  ms_status status = MS_OK;
  ms_scorer *scorer = NULL;
  size_t size = write_scorer(context, certain, file_bytes, sizeof file_bytes, &status);
  CHECK_EQUAL(status, MS_OK);
  CHECK_EQUAL(ms_scorer_load(context, file_bytes, size, &scorer), MS_OK);
  return scorer;
}

static ms_context *make_context(void) {
  ms_context *context = NULL;
  CHECK_EQUAL(ms_context_create(NULL, &context), MS_OK);
  return context;
}

static void test_file_keeps_what_was_learned(int marked) {
  ms_context *context = make_context();
  ms_trainer *trainer = NULL;
  CHECK_EQUAL(ms_trainer_create(context, MODELS, FEATURES, 5, SEED, &trainer), MS_OK);
  CHECK_EQUAL(add_tasks(context, trainer, marked), MS_OK);
  CHECK_EQUAL(ms_trainer_fit(trainer), MS_OK);
  size_t size = 0;
  CHECK_EQUAL(ms_trainer_save(trainer, IDS, HASH, NULL, 0, &size), MS_OK);
  CHECK(size <= sizeof file_bytes);
  CHECK_EQUAL(ms_trainer_save(trainer, IDS, HASH, file_bytes, size - 1, &size), MS_ERR_ARGUMENT);
  CHECK_EQUAL(ms_trainer_save(trainer, IDS, HASH, file_bytes, size, &size), MS_OK);
  ms_scorer *scorer = NULL;
  CHECK_EQUAL(ms_scorer_load(context, file_bytes, size, &scorer), MS_OK);
  CHECK_EQUAL(ms_scorer_model_count(scorer), MODELS);
  CHECK_EQUAL(ms_scorer_feature_count(scorer), FEATURES);
  CHECK_TEXT(ms_scorer_encoder_hash(scorer), HASH);
  for (size_t m = 0; m < MODELS; m++) {
    CHECK_TEXT(ms_scorer_model_id(scorer, m), IDS[m]);
  }
  CHECK(ms_scorer_model_id(scorer, MODELS) == NULL);
  for (size_t t = 0; t < TASKS; t++) {
    float before[MODELS];
    float after[MODELS];
    ms_task *task = make_task(context, t, CLASSES);
    CHECK_EQUAL(ms_trainer_score(trainer, (size_t)t, before, MODELS), MS_OK);
    CHECK_EQUAL(ms_scorer_score(scorer, task, after, MODELS), MS_OK);
    for (size_t m = 0; m < MODELS; m++) {
      /* Parameters were rounded to floats. */
      CHECK_NEAR(after[m], before[m], 2e-6);
    }
    ms_task_destroy(task);
  }
  ms_scorer_destroy(scorer);
  ms_scorer_destroy(NULL);
  ms_trainer_destroy(trainer);
  ms_context_destroy(context);
}

/* The images of a task, in another order of classes and images. */
static ms_task *reorder_task(ms_context *context, uint64_t stream) {
  ms_task *task = NULL;
  ms_random random = ms_random_make(SEED, stream);
  float features[CLASSES][IMAGES][FEATURES];
  for (size_t c = 0; c < CLASSES; c++) {
    float centre[FEATURES];
    for (size_t j = 0; j < FEATURES; j++) {
      centre[j] = (float)ms_random_normal(&random);
    }
    for (size_t i = 0; i < IMAGES; i++) {
      for (size_t j = 0; j < FEATURES; j++) {
        features[c][i][j] = centre[j] + (float)(0.3 * ms_random_normal(&random));
      }
    }
  }
  CHECK_EQUAL(ms_task_create(context, CLASSES + 1, FEATURES, &task), MS_OK);
  for (size_t i = IMAGES; i > 0; i--) {
    for (size_t c = 0; c < CLASSES; c++) {
      CHECK_EQUAL(ms_task_add_image(task, CLASSES - c, features[c][i - 1], FEATURES), MS_OK);
    }
  }
  return task;
}

static void test_order_of_classes_and_images_does_not_matter(void) {
  ms_context *context = make_context();
  ms_scorer *scorer = make_scorer(context, 0);
  for (size_t t = 0; t < 10; t++) {
    float given[MODELS];
    float reordered[MODELS];
    ms_task *task = make_task(context, 100 + t, CLASSES);
    ms_task *other = reorder_task(context, 100 + t);
    CHECK_EQUAL(ms_scorer_score(scorer, task, given, MODELS), MS_OK);
    CHECK_EQUAL(ms_scorer_score(scorer, other, reordered, MODELS), MS_OK);
    for (size_t m = 0; m < MODELS; m++) {
      CHECK_NEAR(given[m], reordered[m], 1e-6 * (1 + fabsf(given[m])));
    }
    ms_task_destroy(task);
    ms_task_destroy(other);
  }
  ms_scorer_destroy(scorer);
  ms_context_destroy(context);
}

static void test_any_number_of_classes_is_scored(void) {
  static const size_t counts[] = {1, 2, 37, 500};
  ms_context *context = make_context();
  ms_scorer *scorer = make_scorer(context, 1);
  for (size_t i = 0; i < 4; i++) {
    float scores[MODELS];
    ms_assessment assessments[MODELS];
    float change = -1;
    ms_task *task = make_task(context, 200 + i, counts[i]);
    CHECK_EQUAL(ms_scorer_score(scorer, task, scores, MODELS), MS_OK);
    CHECK_EQUAL(
        ms_scorer_assess(scorer, task, NULL, NULL, 0, SEED, 16, assessments, MODELS, &change),
        MS_OK);
    for (size_t m = 0; m < MODELS; m++) {
      CHECK(isfinite(scores[m]));
      CHECK_EQUAL(assessments[m].score, scores[m]);
    }
    ms_task_destroy(task);
  }
  ms_scorer_destroy(scorer);
  ms_context_destroy(context);
}

/*
 * Two blocks, of which only one tells the classes of a task apart; which one decides the better
 * model. Nothing else differs between the tasks' sides.
 */
static ms_task *make_sided_task(ms_context *context, uint64_t stream, int side) {
  ms_random random = ms_random_make(SEED, stream);
  ms_task *task = NULL;
  CHECK_EQUAL(ms_task_create(context, 2, 2, &task), MS_OK);
  for (size_t i = 0; i < 60; i++) {
    float features[2];
    for (int j = 0; j < 2; j++) {
      double told = j == side ? 4 * (double)(i % 2) : 0;
      features[j] = (float)(ms_random_normal(&random) + told);
    }
    CHECK_EQUAL(ms_task_add_image(task, i % 2, features, 2), MS_OK);
  }
  return task;
}

static void test_landmarks_decide_where_images_do_not(void) {
  static const size_t halves[] = {1, 1};
  static const char *const ids[] = {"left", "right"};
  ms_context *context = make_context();
  ms_trainer *trainer = NULL;
  ms_scorer *scorer = NULL;
  size_t size = 0;
  CHECK_EQUAL(ms_trainer_create(context, 2, 2, 2, SEED, &trainer), MS_OK);
  CHECK_EQUAL(ms_trainer_set(trainer, MS_TRAINER_IMAGE_SHARE, 0), MS_OK);
  CHECK_EQUAL(ms_trainer_set_blocks(trainer, halves, 2, 0), MS_OK);
  for (size_t t = 0; t < 20; t++) {
    int side = (int)(t % 2);
    const float targets[2] = {side == 0 ? 1.0f : 0.0f, side == 0 ? 0.0f : 1.0f};
    float prototypes[4];
    float spreads[4];
    double landmarks[2];
    size_t class_count = 0;
    ms_task *task = make_sided_task(context, 5000 + t, side);
    CHECK_EQUAL(ms_task_prototypes(task, prototypes, spreads, 4, &class_count), MS_OK);
    CHECK_EQUAL(ms_task_landmarks(task, halves, 2, 0, landmarks, 2), MS_OK);
    CHECK_EQUAL(ms_trainer_add_task(trainer, prototypes, spreads, 2, targets, 1), MS_OK);
    CHECK_EQUAL(ms_trainer_set_landmarks(trainer, landmarks, 2), MS_OK);
    ms_task_destroy(task);
  }
  CHECK_EQUAL(ms_trainer_fit(trainer), MS_OK);
  CHECK_EQUAL(ms_trainer_save(trainer, ids, HASH, file_bytes, sizeof file_bytes, &size), MS_OK);
  CHECK_EQUAL(ms_scorer_load(context, file_bytes, size, &scorer), MS_OK);
  for (size_t t = 0; t < 10; t++) {
    int side = (int)(t % 2);
    float scores[2];
    ms_task *task = make_sided_task(context, 6000 + t, side);
    CHECK_EQUAL(ms_scorer_score(scorer, task, scores, 2), MS_OK);
    CHECK(scores[side] > scores[1 - side] + 0.1f);
    ms_task_destroy(task);
  }
  ms_scorer_destroy(scorer);
  ms_trainer_destroy(trainer);
  ms_context_destroy(context);
}

static void test_bad_landmarks_are_described(void) {
  static const size_t wide[] = {2, 2};
  static const size_t empty[] = {0, 1};
  const double landmarks[LANDMARKS] = {0.5, 0.1, INFINITY};
  const float values[2 * FEATURES] = {0};
  const float targets[MODELS] = {0, 1, 2, 3, 4, 5};
  ms_context *context = make_context();
  ms_trainer *trainer = NULL;
  CHECK_EQUAL(ms_trainer_create(context, MODELS, FEATURES, 2, SEED, &trainer), MS_OK);
  CHECK_EQUAL(ms_trainer_set_blocks(trainer, wide, 2, 0), MS_ERR_ARGUMENT);
  CHECK_EQUAL(ms_trainer_set_blocks(trainer, empty, 2, 0), MS_ERR_ARGUMENT);
  CHECK_EQUAL(ms_trainer_set_blocks(trainer, WIDTHS, 2, 3), MS_ERR_ARGUMENT);
  CHECK_EQUAL(ms_trainer_set_blocks(trainer, WIDTHS, 0, 0), MS_ERR_ARGUMENT);
  CHECK_EQUAL(ms_trainer_set_blocks(trainer, WIDTHS, 2, 1), MS_OK);
  CHECK_EQUAL(ms_trainer_set_blocks(trainer, WIDTHS, 2, 1), MS_ERR_ARGUMENT);
  CHECK_EQUAL(ms_trainer_set_landmarks(trainer, landmarks, LANDMARKS), MS_ERR_ARGUMENT);
  CHECK_EQUAL(ms_trainer_add_task(trainer, values, values, 2, targets, 1), MS_OK);
  CHECK_EQUAL(ms_trainer_set_landmarks(trainer, landmarks, LANDMARKS - 1), MS_ERR_ARGUMENT);
  CHECK_EQUAL(ms_trainer_set_landmarks(trainer, landmarks, LANDMARKS), MS_ERR_DATA);
  CHECK_TEXT(ms_context_message(context), "landmark 2 is inf");
  /* Unknown landmarks are passed over. */
  CHECK_EQUAL(ms_trainer_fit(trainer), MS_OK);
  ms_trainer_destroy(trainer);
  ms_context_destroy(context);
}

static void test_bad_arguments_are_described(void) {
  ms_context *context = make_context();
  ms_scorer *scorer = make_scorer(context, 0);
  float scores[MODELS];
  ms_assessment assessments[MODELS];
  float change = 0;
  ms_task *task = NULL;
  CHECK_EQUAL(ms_task_create(context, 2, FEATURES, &task), MS_OK);
  CHECK_EQUAL(ms_scorer_score(scorer, task, scores, MODELS), MS_ERR_DATA);
  CHECK_EQUAL(ms_scorer_score(scorer, task, scores, MODELS - 1), MS_ERR_ARGUMENT);
  CHECK_EQUAL(ms_scorer_prior(scorer, scores, MODELS - 1), MS_ERR_ARGUMENT);
  ms_task_destroy(task);
  CHECK_EQUAL(ms_task_create(context, 2, FEATURES + 1, &task), MS_OK);
  CHECK_EQUAL(ms_scorer_score(scorer, task, scores, MODELS), MS_ERR_ARGUMENT);
  CHECK_TEXT(ms_context_message(context), "a task of 4 features, the scorer was made for 3");
  ms_task_destroy(task);
  task = make_task(context, 0, CLASSES);
  CHECK_EQUAL(ms_scorer_assess(scorer, task, NULL, NULL, 0, 0, 16, assessments, MODELS, &change),
              MS_ERR_UNSUPPORTED);
  ms_context *stranger = make_context();
  ms_task *strange = make_task(stranger, 0, CLASSES);
  CHECK_EQUAL(ms_scorer_score(scorer, strange, scores, MODELS), MS_ERR_ARGUMENT);
  ms_task_destroy(strange);
  ms_context_destroy(stranger);
  ms_task_destroy(task);
  ms_scorer_destroy(scorer);
  ms_context_destroy(context);
}

static void test_bad_observations_are_described(void) {
  ms_context *context = make_context();
  ms_scorer *scorer = make_scorer(context, 1);
  ms_task *task = make_task(context, 0, CLASSES);
  ms_assessment assessments[MODELS];
  float change = 0;
  size_t next = 0;
  const uint32_t unknown[] = {0, MODELS};
  const uint32_t twice[] = {2, 2};
  const uint32_t fine[] = {2, 3};
  const float accuracies[] = {0.5f, 0.6f};
  const float broken[] = {0.5f, NAN};
  CHECK_EQUAL(
      ms_scorer_assess(scorer, task, unknown, accuracies, 2, 0, 16, assessments, MODELS, &change),
      MS_ERR_ARGUMENT);
  CHECK_TEXT(ms_context_message(context), "observed model 6 of 6 is unknown");
  CHECK_EQUAL(ms_scorer_suggest(scorer, task, twice, accuracies, 2, &next), MS_ERR_ARGUMENT);
  CHECK_TEXT(ms_context_message(context), "observed model 2 of 6 is given twice");
  CHECK_EQUAL(ms_scorer_suggest(scorer, task, fine, broken, 2, &next), MS_ERR_DATA);
  CHECK_EQUAL(
      ms_scorer_assess(scorer, task, fine, accuracies, 2, 0, 15, assessments, MODELS, &change),
      MS_ERR_ARGUMENT);
  CHECK_EQUAL(
      ms_scorer_assess(scorer, task, fine, accuracies, 2, 0, 16, assessments, MODELS - 1, &change),
      MS_ERR_ARGUMENT);
  ms_task_destroy(task);
  ms_scorer_destroy(scorer);
  ms_context_destroy(context);
}

static void test_a_model_that_was_run_moves_itself_and_the_level(void) {
  ms_context *context = make_context();
  ms_scorer *scorer = make_scorer(context, 1);
  ms_task *task = make_task(context, 3, CLASSES);
  ms_assessment before[MODELS];
  ms_assessment after[MODELS];
  float change = 0;
  const uint32_t observed[] = {0};
  const float accuracies[] = {0.99f};
  CHECK_EQUAL(ms_scorer_assess(scorer, task, NULL, NULL, 0, SEED, 400, before, MODELS, &change),
              MS_OK);
  CHECK(change >= 0 && change <= 1);
  CHECK_EQUAL(
      ms_scorer_assess(scorer, task, observed, accuracies, 1, SEED, 400, after, MODELS, &change),
      MS_OK);
  CHECK(after[0].score > before[0].score);
  CHECK(after[0].accuracy_mid > before[0].accuracy_mid);
  CHECK(after[0].rank_low <= before[0].rank_low && after[0].rank_high <= before[0].rank_high);
  CHECK(after[1].accuracy_mid > before[1].accuracy_mid);
  for (size_t m = 0; m < MODELS; m++) {
    CHECK(after[m].rank_low <= after[m].rank_high);
    CHECK(after[m].accuracy_low <= after[m].accuracy_mid);
    CHECK(after[m].accuracy_mid <= after[m].accuracy_high);
  }
  ms_task_destroy(task);
  ms_scorer_destroy(scorer);
  ms_context_destroy(context);
}

static void test_the_next_model_has_not_been_run(void) {
  ms_context *context = make_context();
  ms_scorer *scorer = make_scorer(context, 1);
  ms_task *task = make_task(context, 4, CLASSES);
  uint32_t observed[MODELS];
  float accuracies[MODELS];
  int run[MODELS] = {0};
  for (size_t k = 0; k < MODELS; k++) {
    size_t next = MODELS;
    CHECK_EQUAL(ms_scorer_suggest(scorer, task, observed, accuracies, k, &next), MS_OK);
    CHECK(next < MODELS && run[next] == 0);
    run[next % MODELS] = 1;
    observed[k] = (uint32_t)next;
    accuracies[k] = 0.8f;
  }
  size_t none = MODELS;
  CHECK_EQUAL(ms_scorer_suggest(scorer, task, observed, accuracies, MODELS, &none),
              MS_ERR_ARGUMENT);
  CHECK_EQUAL(none, MODELS);
  ms_task_destroy(task);
  ms_scorer_destroy(scorer);
  ms_context_destroy(context);
}

static size_t rank_of(const double *truths, size_t model) {
  size_t rank = 0;
  for (size_t m = 0; m < MODELS; m++) {
    rank += truths[m] > truths[model] ? 1 : 0;
  }
  return rank;
}

/*
 * Worlds drawn as the held-out tasks were, run_count models being run: the share of intervals that
 * hold the truth.
 */
static void measure_coverage(ms_scorer *scorer, ms_task *task, size_t run_count, double *ranks,
                             double *accuracies) {
  enum { WORLDS = 300 };
  ms_random random = ms_random_make(SEED, 3000 + run_count);
  float scores[MODELS];
  CHECK_EQUAL(ms_scorer_score(scorer, task, scores, MODELS), MS_OK);
  *ranks = 0;
  *accuracies = 0;
  for (int world = 0; world < WORLDS; world++) {
    const uint32_t observed[] = {1, 4, 5};
    float seen[3];
    double truths[MODELS];
    ms_assessment assessments[MODELS];
    float change = 0;
    double level = LEVEL * ms_random_normal(&random);
    for (size_t m = 0; m < MODELS; m++) {
      truths[m] = scores[m] + level + OWN * ms_random_normal(&random);
    }
    for (size_t i = 0; i < run_count; i++) {
      double logit = truths[observed[i]] + NOISE * ms_random_normal(&random);
      seen[i] = (float)(1 / (1 + exp(-logit)));
    }
    CHECK_EQUAL(ms_scorer_assess(scorer, task, observed, seen, run_count, (uint32_t)world, 200,
                                 assessments, MODELS, &change),
                MS_OK);
    for (size_t m = 0; m < MODELS; m++) {
      double rank = (double)rank_of(truths, m);
      double accuracy = 1 / (1 + exp(-truths[m]));
      *ranks += (rank >= assessments[m].rank_low && rank <= assessments[m].rank_high) /
                (double)(WORLDS * MODELS);
      *accuracies +=
          (accuracy >= assessments[m].accuracy_low && accuracy <= assessments[m].accuracy_high) /
          (double)(WORLDS * MODELS);
    }
  }
}

static void test_intervals_hold_the_truth_as_often_as_promised(void) {
  ms_context *context = make_context();
  ms_scorer *scorer = make_scorer(context, 1);
  /* Many images, so that neither their number nor the resampling adds to what was simulated. */
  ms_task *task = NULL;
  CHECK_EQUAL(ms_task_create(context, 1, FEATURES, &task), MS_OK);
  for (size_t i = 0; i < 2000; i++) {
    const float features[FEATURES] = {1, 0.5f, (float)(i % 2)};
    CHECK_EQUAL(ms_task_add_image(task, 0, features, FEATURES), MS_OK);
  }
  for (size_t run_count = 0; run_count <= 3; run_count += 3) {
    double ranks = 0;
    double accuracies = 0;
    measure_coverage(scorer, task, run_count, &ranks, &accuracies);
    /* 80 % of 1800 cases of which six go together, from a covariance learned on 60 tasks. */
    CHECK_NEAR(accuracies, 0.8, 0.05);
    CHECK_NEAR(ranks, 0.8, 0.05);
  }
  ms_task_destroy(task);
  ms_scorer_destroy(scorer);
  ms_context_destroy(context);
}

/* Loads, scores and judges whatever the bytes hold; every status is fine, a crash is not. */
static ms_status use_file(ms_context *context, const uint8_t *bytes, size_t size, ms_task *task) {
  ms_scorer *scorer = NULL;
  ms_status status = ms_scorer_load(context, bytes, size, &scorer);
  if (status != MS_OK) {
    CHECK(scorer == NULL);
    CHECK(strlen(ms_context_message(context)) > 0);
    return status;
  }
  const uint32_t observed[] = {0};
  const float accuracies[] = {0.7f};
  float scores[MODELS];
  ms_assessment assessments[MODELS];
  float change = 0;
  status = ms_scorer_score(scorer, task, scores, MODELS);
  if (status == MS_OK) {
    status = ms_scorer_assess(scorer, task, observed, accuracies, 1, 0, 16, assessments, MODELS,
                              &change);
  }
  ms_scorer_destroy(scorer);
  return status;
}

static void test_hostile_files_are_refused(void) {
  ms_context *context = make_context();
  ms_status status = MS_OK;
  size_t size = write_scorer(context, 1, file_bytes, sizeof file_bytes, &status);
  CHECK_EQUAL(status, MS_OK);
  ms_task *task = make_task(context, 0, 2);
  CHECK_EQUAL(use_file(context, file_bytes, size, task), MS_OK);
  size_t header = 8 + (size_t)(file_bytes[0] | file_bytes[1] << 8);
  for (size_t cut = 0; cut < size; cut++) {
    CHECK(use_file(context, file_bytes, cut, task) != MS_OK);
  }
  static uint8_t spoilt[sizeof file_bytes];
  static const uint8_t masks[] = {0x01, 0x20, 0x80, 0xff};
  for (size_t i = 0; i < size; i++) {
    for (size_t k = 0; k < sizeof masks; k++) {
      memcpy(spoilt, file_bytes, size);
      spoilt[i] ^= masks[k];
      status = use_file(context, spoilt, size, task);
      CHECK(status != MS_ERR_INTERNAL && (i >= header || status != MS_ERR_MEMORY));
    }
  }
  ms_task_destroy(task);
  ms_context_destroy(context);
}

static void test_files_that_do_not_fit_together_are_refused(void) {
  ms_context *context = make_context();
  ms_trainer *trainer = NULL;
  size_t size = 0;
  CHECK_EQUAL(ms_trainer_create(context, MODELS, FEATURES, 5, SEED, &trainer), MS_OK);
  CHECK_EQUAL(add_tasks(context, trainer, 0), MS_OK);
  CHECK_EQUAL(ms_trainer_save(trainer, IDS, HASH, NULL, 0, &size), MS_ERR_ARGUMENT);
  CHECK_EQUAL(ms_trainer_fit(trainer), MS_OK);
  const char *const twice[MODELS] = {"a", "b", "c", "d", "e", "b"};
  const char *const empty[MODELS] = {"a", "b", "", "d", "e", "f"};
  const char *const lines[MODELS] = {"a", "b", "c\nx", "d", "e", "f"};
  CHECK_EQUAL(ms_trainer_save(trainer, twice, HASH, NULL, 0, &size), MS_ERR_ARGUMENT);
  CHECK_TEXT(ms_context_message(context), "model 5 has the id b of another");
  CHECK_EQUAL(ms_trainer_save(trainer, empty, HASH, NULL, 0, &size), MS_ERR_ARGUMENT);
  CHECK_EQUAL(ms_trainer_save(trainer, lines, HASH, NULL, 0, &size), MS_ERR_ARGUMENT);
  CHECK_EQUAL(ms_trainer_save(trainer, IDS, "0123", NULL, 0, &size), MS_ERR_ARGUMENT);
  CHECK_EQUAL(ms_trainer_fit_certainty(trainer), MS_ERR_DATA);
  ms_trainer_destroy(trainer);
  ms_context_destroy(context);
}

/* Loads, scores and judges three times; calls of the allocator after the first time. */
static ms_status live(counting_allocator *counter, size_t size, int *late_calls) {
  ms_allocator allocator = counting_allocator_of(counter);
  ms_context *context = NULL;
  ms_scorer *scorer = NULL;
  ms_task *task = NULL;
  ms_status status = ms_context_create(&allocator, &context);
  if (status != MS_OK) {
    return status;
  }
  status = ms_scorer_load(context, file_bytes, size, &scorer);
  status = status == MS_OK ? ms_task_create(context, 2, FEATURES, &task) : status;
  for (size_t i = 0; i < 6 && status == MS_OK; i++) {
    const float features[FEATURES] = {(float)i, 1, (float)(i * i)};
    status = ms_task_add_image(task, i % 2, features, FEATURES);
  }
  int before = 0;
  for (int round = 0; round < 3 && status == MS_OK; round++) {
    float scores[MODELS];
    ms_assessment assessments[MODELS];
    float change = 0;
    size_t next = 0;
    before = round == 1 ? counter->calls : before;
    status = ms_scorer_score(scorer, task, scores, MODELS);
    if (status == MS_OK) {
      status = ms_scorer_assess(scorer, task, NULL, NULL, 0, 0, 16, assessments, MODELS, &change);
    }
    status = status == MS_OK ? ms_scorer_suggest(scorer, task, NULL, NULL, 0, &next) : status;
  }
  *late_calls = counter->calls - before;
  ms_task_destroy(task);
  ms_scorer_destroy(scorer);
  ms_context_destroy(context);
  return status;
}

static void test_scoring_allocates_once_and_fails_cleanly(void) {
  ms_context *context = make_context();
  ms_status status = MS_OK;
  size_t size = write_scorer(context, 1, file_bytes, sizeof file_bytes, &status);
  CHECK_EQUAL(status, MS_OK);
  ms_context_destroy(context);
  counting_allocator counter = {.fail_at = -1};
  int late_calls = -1;
  CHECK_EQUAL(live(&counter, size, &late_calls), MS_OK);
  CHECK_EQUAL(late_calls, 0);
  CHECK_EQUAL(counter.live, 0);
  int calls = counter.calls;
  for (int i = 0; i < calls; i++) {
    counter = (counting_allocator){.fail_at = i};
    CHECK_EQUAL(live(&counter, size, &late_calls), MS_ERR_MEMORY);
    CHECK_EQUAL(counter.live, 0);
  }
}

int main(void) {
  printf("seed %d\n", SEED);
  test_file_keeps_what_was_learned(0);
  test_file_keeps_what_was_learned(1);
  test_order_of_classes_and_images_does_not_matter();
  test_any_number_of_classes_is_scored();
  test_landmarks_decide_where_images_do_not();
  test_bad_landmarks_are_described();
  test_bad_arguments_are_described();
  test_bad_observations_are_described();
  test_a_model_that_was_run_moves_itself_and_the_level();
  test_the_next_model_has_not_been_run();
  test_intervals_hold_the_truth_as_often_as_promised();
  test_hostile_files_are_refused();
  test_files_that_do_not_fit_together_are_refused();
  test_scoring_allocates_once_and_fails_cleanly();
  return CHECK_EXIT();
}
