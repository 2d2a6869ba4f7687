/* Tasks: prototypes, spreads, and the views that the scorer reads. */
#include "task/task.h"

#include "allocator.h"
#include "check.h"

static ms_context *make_context(void) {
  ms_context *context = NULL;
  CHECK_EQUAL(ms_context_create(NULL, &context), MS_OK);
  return context;
}

/* Four classes, of which class 0 has two images, class 1 none, class 2 three and class 3 one. */
static ms_task *make_small_task(ms_context *context) {
  static const float images[6][2] = {{1, 10}, {3, 10}, {0, 2}, {0, 4}, {3, 6}, {5, -5}};
  static const size_t labels[6] = {0, 0, 2, 2, 2, 3};
  static const size_t order[6] = {4, 0, 5, 2, 1, 3};
  ms_task *task = NULL;
  CHECK_EQUAL(ms_task_create(context, 4, 2, &task), MS_OK);
  for (size_t i = 0; i < 6; i++) {
    CHECK_EQUAL(ms_task_add_image(task, labels[order[i]], images[order[i]], 2), MS_OK);
  }
  return task;
}

static void test_prototypes_are_means_and_spreads_are_distances(void) {
  ms_context *context = make_context();
  ms_task *task = make_small_task(context);
  CHECK_EQUAL(ms_task_class_count(task), 4);
  CHECK_EQUAL(ms_task_image_count(task), 6);
  float prototypes[6];
  float spreads[6];
  size_t class_count = 0;
  CHECK_EQUAL(ms_task_prototypes(task, prototypes, spreads, 6, &class_count), MS_OK);
  CHECK_EQUAL(class_count, 3);
  /* By hand; a mean of small integers is exact, a root to half a unit in the last place. */
  static const float means[6] = {2, 10, 1, 4, 5, -5};
  const double distances[6] = {1, 0, sqrt(2), sqrt(8.0 / 3), 0, 0};
  for (size_t i = 0; i < 6; i++) {
    CHECK_EQUAL(prototypes[i], means[i]);
    CHECK_NEAR(spreads[i], distances[i], 1e-7);
  }
  ms_task_destroy(task);
  ms_context_destroy(context);
}

static void test_spread_survives_a_large_offset(void) {
  ms_context *context = make_context();
  ms_task *task = NULL;
  CHECK_EQUAL(ms_task_create(context, 1, 1, &task), MS_OK);
  for (size_t i = 0; i < 1000; i++) {
    float feature = 1e6f + (i % 2 == 0 ? 1 : -1);
    CHECK_EQUAL(ms_task_add_image(task, 0, &feature, 1), MS_OK);
  }
  float prototype = 0;
  float spread = 0;
  size_t class_count = 0;
  CHECK_EQUAL(ms_task_prototypes(task, &prototype, &spread, 1, &class_count), MS_OK);
  CHECK_EQUAL(prototype, 1e6f);
  CHECK_EQUAL(spread, 1);
  ms_task_destroy(task);
  ms_context_destroy(context);
}

static void test_bad_arguments_are_described(void) {
  ms_context *context = make_context();
  ms_task *task = NULL;
  CHECK_EQUAL(ms_task_create(context, 0, 2, &task), MS_ERR_ARGUMENT);
  CHECK_EQUAL(ms_task_create(context, 4097, 2, &task), MS_ERR_ARGUMENT);
  CHECK_EQUAL(ms_task_create(context, 2, 0, &task), MS_ERR_ARGUMENT);
  CHECK_EQUAL(ms_task_create(context, 2, 65537, &task), MS_ERR_ARGUMENT);
  CHECK(task == NULL);
  CHECK_EQUAL(ms_task_create(context, 2, 2, &task), MS_OK);
  float features[2] = {1, 2};
  float room[2];
  size_t class_count = 7;
  CHECK_EQUAL(ms_task_prototypes(task, room, room, 2, &class_count), MS_ERR_DATA);
  CHECK_TEXT(ms_context_message(context), "the task has no image");
  CHECK_EQUAL(ms_task_add_image(task, 2, features, 2), MS_ERR_ARGUMENT);
  CHECK_TEXT(ms_context_message(context), "class 2 in a task of 2 classes, 2 of 2 features");
  CHECK_EQUAL(ms_task_add_image(task, 1, features, 1), MS_ERR_ARGUMENT);
  features[1] = NAN;
  CHECK_EQUAL(ms_task_add_image(task, 1, features, 2), MS_ERR_DATA);
  features[1] = -INFINITY;
  CHECK_EQUAL(ms_task_add_image(task, 1, features, 2), MS_ERR_DATA);
  CHECK_TEXT(ms_context_message(context), "feature 1 of an image of class 1 is -inf");
  CHECK_EQUAL(ms_task_image_count(task), 0);
  features[1] = 2;
  CHECK_EQUAL(ms_task_add_image(task, 1, features, 2), MS_OK);
  CHECK_EQUAL(ms_task_prototypes(task, room, room, 1, &class_count), MS_ERR_ARGUMENT);
  CHECK_EQUAL(class_count, 7);
  ms_task_destroy(task);
  ms_task_destroy(NULL);
  ms_context_destroy(context);
}

static void test_bootstrap_draws_within_each_class(void) {
  ms_context *context = make_context();
  ms_task *task = make_small_task(context);
  ms_task_view view;
  CHECK_EQUAL(ms_task_view_all(task, &view), MS_OK);
  ms_random random = ms_random_make(11, 0);
  size_t drawn[6] = {0};
  enum { ROUNDS = 4000 };
  for (int round = 0; round < ROUNDS; round++) {
    ms_arena_mark mark = ms_arena_get_mark(context);
    ms_task_view sample;
    CHECK_EQUAL(ms_task_view_bootstrap(&view, &random, &sample), MS_OK);
    CHECK_EQUAL(sample.class_count, 3);
    CHECK_EQUAL(sample.image_count, 6);
    for (size_t c = 0; c < 3; c++) {
      for (size_t i = sample.starts[c]; i < sample.starts[c + 1]; i++) {
        CHECK_EQUAL(task->labels[sample.images[i]], task->labels[view.images[view.starts[c]]]);
        drawn[sample.images[i]]++;
      }
    }
    ms_arena_drop(context, mark);
  }
  /* Each image is drawn once a round in the mean; variance at most 1: five standard errors. */
  for (size_t i = 0; i < 6; i++) {
    CHECK_NEAR((double)drawn[i] / ROUNDS, 1.0, 5 / sqrt(ROUNDS));
  }
  ms_task_destroy(task);
  ms_context_destroy(context);
}

/* Builds a task of 40 images under an allocator and reports the first failure. */
static ms_status build_task(const ms_allocator *allocator) {
  ms_context *context = NULL;
  ms_task *task = NULL;
  MS_TRY(ms_context_create(allocator, &context));
  ms_status status = ms_task_create(context, 2, 3, &task);
  for (size_t i = 0; i < 40 && status == MS_OK; i++) {
    const float features[3] = {(float)i, 1, 2};
    status = ms_task_add_image(task, i % 2, features, 3);
  }
  if (status == MS_OK) {
    float prototypes[6];
    float spreads[6];
    size_t class_count = 0;
    status = ms_task_prototypes(task, prototypes, spreads, 6, &class_count);
  }
  ms_task_destroy(task);
  ms_context_destroy(context);
  return status;
}

static void test_every_failing_allocation_is_clean(void) {
  counting_allocator counter = {.fail_at = -1};
  ms_allocator allocator = counting_allocator_of(&counter);
  CHECK_EQUAL(build_task(&allocator), MS_OK);
  int calls = counter.calls;
  CHECK(calls > 5);
  for (int i = 0; i < calls; i++) {
    counter = (counting_allocator){.fail_at = i};
    CHECK_EQUAL(build_task(&allocator), MS_ERR_MEMORY);
    CHECK_EQUAL(counter.live, 0);
  }
}

static void test_reading_a_task_allocates_once(void) {
  counting_allocator counter = {.fail_at = -1};
  ms_allocator allocator = counting_allocator_of(&counter);
  ms_context *context = NULL;
  CHECK_EQUAL(ms_context_create(&allocator, &context), MS_OK);
  ms_task *task = make_small_task(context);
  int calls = 0;
  for (int round = 0; round < 3; round++) {
    float prototypes[6];
    float spreads[6];
    size_t class_count = 0;
    CHECK_EQUAL(ms_task_prototypes(task, prototypes, spreads, 6, &class_count), MS_OK);
    calls = round == 0 ? counter.calls : calls;
  }
  CHECK_EQUAL(counter.calls, calls);
  ms_task_destroy(task);
  ms_context_destroy(context);
  CHECK_EQUAL(counter.live, 0);
}

int main(void) {
  test_prototypes_are_means_and_spreads_are_distances();
  test_spread_survives_a_large_offset();
  test_bad_arguments_are_described();
  test_bootstrap_draws_within_each_class();
  test_every_failing_allocation_is_clean();
  test_reading_a_task_allocates_once();
  return CHECK_EXIT();
}
