/* Landmarks of a task: ridge leave-one-out accuracies by block of features, as log odds. */
#include "task/landmarks.h"

#include <string.h>

#include "core/exact.h"
#include "transfer/metrics.h"

enum { MAX_CLASSES = 128, MAX_IMAGES = 512 };

/* The images that are looked at, by class. */
typedef struct landmark_sample {
  const ms_task_view *view;
  size_t class_count;
  size_t image_count;
  size_t *images;   /* [image_count], the task's image indices */
  uint32_t *labels; /* [image_count], below class_count */
} landmark_sample;

static size_t smaller(size_t a, size_t b) {
  return a < b ? a : b;
}

static ms_status take_sample(const ms_task_view *view, landmark_sample *sample) {
  ms_context *context = view->task->context;
  *sample = (landmark_sample){.view = view, .class_count = smaller(view->class_count, MAX_CLASSES)};
  size_t room = smaller(view->image_count, MAX_IMAGES);
  MS_TRY(MS_SCRATCH(context, room, &sample->images));
  MS_TRY(MS_SCRATCH(context, room, &sample->labels));
  /* One more image of each class a round, until the room or the images end. */
  for (size_t round = 0; round < room; round++) {
    for (size_t c = 0; c < sample->class_count && sample->image_count < room; c++) {
      size_t source = c * view->class_count / sample->class_count;
      size_t size = view->starts[source + 1] - view->starts[source];
      if (round < size) {
        sample->images[sample->image_count] = view->images[view->starts[source] + round];
        sample->labels[sample->image_count] = (uint32_t)c;
        sample->image_count++;
      }
    }
  }
  return MS_OK;
}

/* The landmark of the features [start … start + width). */
static ms_status take_landmark(const landmark_sample *sample, size_t start, size_t width,
                               double *landmark) {
  const ms_task *task = sample->view->task;
  ms_context *context = task->context;
  float *features = NULL; /* [image_count][width] */
  double accuracy = 0;
  MS_TRY(MS_SCRATCH(context, sample->image_count * width, &features));
  for (size_t i = 0; i < sample->image_count; i++) {
    memcpy(features + i * width, task->features + sample->images[i] * task->feature_count + start,
           width * sizeof *features);
  }
  MS_TRY(ms_metric_run(context, features, sample->image_count, width, sample->labels,
                       sample->class_count, ms_metric_ridge_of, NULL, &accuracy));
  double count = (double)sample->image_count;
  double right = accuracy * count;
  *landmark = ms_log((right + 0.5) / (count - right + 0.5));
  return MS_OK;
}

size_t ms_landmark_count(const ms_feature_blocks *blocks) {
  return blocks->block_count + (blocks->joint_count > 0 ? 1 : 0);
}

static ms_status take_all(const ms_task_view *view, const ms_feature_blocks *blocks,
                          double *landmarks) {
  ms_context *context = view->task->context;
  landmark_sample sample;
  size_t start = 0;
  size_t joint_width = 0;
  MS_TRY(take_sample(view, &sample));
  for (size_t i = 0; i < ms_landmark_count(blocks); i++) {
    ms_arena_mark mark = ms_arena_get_mark(context);
    bool joint = i == blocks->block_count;
    size_t width = joint ? joint_width : blocks->widths[i];
    MS_TRY(take_landmark(&sample, joint ? 0 : start, width, &landmarks[i]));
    ms_arena_drop(context, mark);
    start += width;
    joint_width += i < blocks->joint_count ? width : 0;
  }
  return MS_OK;
}

ms_status ms_landmarks_take(const ms_task_view *view, const ms_feature_blocks *blocks,
                            double *landmarks) {
  ms_context *context = view->task->context;
  ms_arena_mark mark = ms_arena_get_mark(context);
  ms_status status = take_all(view, blocks, landmarks);
  ms_arena_drop(context, mark);
  return status;
}

ms_status ms_task_landmarks(const ms_task *task, const size_t *widths, size_t block_count,
                            size_t joint_count, double *landmarks, size_t count) {
  ms_context *context = task->context;
  const ms_feature_blocks blocks = {block_count, widths, joint_count};
  size_t sum = 0;
  bool fits = block_count >= 1 && block_count <= MS_MAX_BLOCKS && joint_count <= block_count;
  for (size_t i = 0; fits && i < block_count; i++) {
    fits = widths[i] > 0 && widths[i] <= task->feature_count - sum;
    sum += widths[i];
  }
  if (!fits || count < ms_landmark_count(&blocks)) {
    return ms_fail(context, MS_ERR_ARGUMENT,
                   "%zu blocks, %zu joint, do not fit %zu features and room for %zu landmarks",
                   block_count, joint_count, task->feature_count, count);
  }
  ms_arena_mark mark = ms_arena_get_mark(context);
  ms_task_view view;
  ms_status status = ms_task_view_all(task, &view);
  if (status == MS_OK) {
    status = ms_landmarks_take(&view, &blocks, landmarks);
  }
  ms_arena_drop(context, mark);
  return status;
}
