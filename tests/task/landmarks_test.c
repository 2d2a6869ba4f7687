/* Landmarks: the right columns are judged, accuracies become log odds, large tasks stay cheap. */
#include "check.h"
#include "core/random.h"
#include "task/landmarks.h"

enum { WIDTH = 9 };

/* Columns 0-3 tell the class, 4-8 are noise. */
static ms_task *make_task(ms_context *context, size_t class_count, size_t images_per_class) {
  ms_task *task = NULL;
  CHECK_EQUAL(ms_task_create(context, class_count, WIDTH, &task), MS_OK);
  ms_random random = ms_random_make(11, 0);
  for (size_t i = 0; i < images_per_class; i++) {
    for (size_t c = 0; c < class_count; c++) {
      float features[WIDTH];
      for (size_t k = 0; k < WIDTH; k++) {
        features[k] = (float)ms_random_normal(&random);
      }
      for (size_t k = 0; k < 4; k++) {
        features[k] = 0.01f * features[k] + (k == c % 4 ? 1.0f : 0.0f);
      }
      CHECK_EQUAL(ms_task_add_image(task, c, features, WIDTH), MS_OK);
    }
  }
  return task;
}

static ms_status take(const ms_task *task, const ms_feature_blocks *blocks, double *landmarks) {
  ms_task_view view;
  MS_TRY(ms_task_view_all(task, &view));
  return ms_landmarks_take(&view, blocks, landmarks);
}

static void test_each_block_is_judged_by_its_own_columns(void) {
  ms_context *context = NULL;
  CHECK_EQUAL(ms_context_create(NULL, &context), MS_OK);
  ms_task *task = make_task(context, 4, 10);
  const size_t widths[] = {4, 5};
  ms_feature_blocks blocks = {.block_count = 2, .widths = widths, .joint_count = 2};
  double landmarks[3] = {0};
  CHECK_EQUAL(ms_landmark_count(&blocks), 3);
  CHECK_EQUAL(take(task, &blocks, landmarks), MS_OK);
  CHECK_NEAR(landmarks[0], log(40.5 / 0.5), 1e-12);
  /* Guessing among four classes: log(1/3), with 40 images a standard error of 0.37. */
  CHECK_NEAR(landmarks[1], log(1.0 / 3), 4 * 0.37);
  CHECK(landmarks[2] > landmarks[1]);
  ms_task_destroy(task);
  ms_context_destroy(context);
}

static void test_landmark_is_the_log_odds_of_the_ridge_metric(void) {
  ms_context *context = NULL;
  CHECK_EQUAL(ms_context_create(NULL, &context), MS_OK);
  ms_task *task = make_task(context, 3, 8);
  const size_t widths[] = {4, 5};
  ms_feature_blocks blocks = {.block_count = 2, .widths = widths};
  double landmarks[2] = {0};
  CHECK_EQUAL(take(task, &blocks, landmarks), MS_OK);
  float noise[24 * 5];
  for (size_t i = 0; i < 24; i++) {
    memcpy(noise + 5 * i, task->features + WIDTH * i + 4, 5 * sizeof *noise);
  }
  double accuracy = 0;
  CHECK_EQUAL(ms_metric_ridge(context, noise, 24, 5, task->labels, 3, 1.0, &accuracy), MS_OK);
  CHECK_NEAR(landmarks[1], log((accuracy * 24 + 0.5) / ((1 - accuracy) * 24 + 0.5)), 1e-12);
  ms_task_destroy(task);
  ms_context_destroy(context);
}

static void test_many_classes_are_sampled(void) {
  ms_context *context = NULL;
  CHECK_EQUAL(ms_context_create(NULL, &context), MS_OK);
  ms_task *task = make_task(context, 300, 3);
  const size_t widths[] = {9};
  ms_feature_blocks blocks = {.block_count = 1, .widths = widths};
  double landmark = 1000;
  CHECK_EQUAL(take(task, &blocks, &landmark), MS_OK);
  /* 128 classes × 3 images, of which none can be told from its 31 twins but by chance. */
  CHECK(landmark >= log(0.5 / 384.5) && landmark < log(60.0 / 324));
  ms_task_destroy(task);
  ms_context_destroy(context);
}

static void test_one_class_has_no_landmarks(void) {
  ms_context *context = NULL;
  CHECK_EQUAL(ms_context_create(NULL, &context), MS_OK);
  ms_task *task = make_task(context, 1, 5);
  const size_t widths[] = {9};
  ms_feature_blocks blocks = {.block_count = 1, .widths = widths};
  double landmark = 1000;
  CHECK_EQUAL(take(task, &blocks, &landmark), MS_ERR_DATA);
  CHECK_EQUAL(landmark, 1000);
  ms_task_destroy(task);
  ms_context_destroy(context);
}

int main(void) {
  test_each_block_is_judged_by_its_own_columns();
  test_landmark_is_the_log_odds_of_the_ridge_metric();
  test_many_classes_are_sampled();
  test_one_class_has_no_landmarks();
  return CHECK_EXIT();
}
