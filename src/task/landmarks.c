/* Landmarks of a task: ridge leave-one-out accuracies by block of features, as log odds. */
#include "task/landmarks.h"

#include <string.h>

#include "core/exact.h"
#include "transfer/metrics.h"

enum { MAX_CLASSES = 128, MAX_IMAGES = 512 };

/* The images that are looked at, by class. */
typedef struct landmark_sample {
  size_t class_count;
  size_t image_count;
  size_t *images;   /* [image_count], the task's image indices */
  uint32_t *labels; /* [image_count], below class_count */
} landmark_sample;

static size_t smaller(size_t a, size_t b) {
  return a < b ? a : b;
}

static ms_status take_sample(ms_context *context, const ms_task_view *view,
                             landmark_sample *sample) {
  size_t room = smaller(view->image_count, MAX_IMAGES);
  *sample = (landmark_sample){.class_count = smaller(view->class_count, MAX_CLASSES)};
  MS_TRY(MS_SCRATCH(context, room, &sample->images));
  MS_TRY(MS_SCRATCH(context, room, &sample->labels));
  /* One more image of each class a round, until the room or the images end. */
  for (size_t round = 0; round < room; round++) {
    for (size_t c = 0; c < sample->class_count && sample->image_count < room; c++) {
      const size_t *starts = view->starts + c * view->class_count / sample->class_count;
      if (round < starts[1] - starts[0]) {
        sample->images[sample->image_count] = view->images[starts[0] + round];
        sample->labels[sample->image_count] = (uint32_t)c;
        sample->image_count++;
      }
    }
  }
  return MS_OK;
}

size_t ms_landmark_count(const ms_feature_blocks *blocks) {
  return blocks->block_count + (blocks->joint_count > 0 ? 1 : 0);
}

static ms_status take_all(ms_context *context, const ms_task_view *view,
                          const ms_feature_blocks *blocks, double *landmarks) {
  const ms_task *task = view->task;
  landmark_sample sample;
  float *features = NULL; /* [sample.image_count][width], of a block or the joint ones */
  size_t start = 0;
  size_t joint_width = 0;
  MS_TRY(take_sample(context, view, &sample));
  MS_TRY(MS_SCRATCH(context, sample.image_count * task->feature_count, &features));
  double count = (double)sample.image_count;
  for (size_t i = 0; i < ms_landmark_count(blocks); i++) {
    bool joint = i == blocks->block_count;
    size_t width = joint ? joint_width : blocks->widths[i];
    const float *from = task->features + (joint ? 0 : start);
    double accuracy = 0;
    for (size_t j = 0; j < sample.image_count; j++) {
      memcpy(features + j * width, from + sample.images[j] * task->feature_count,
             width * sizeof *features);
    }
    MS_TRY(ms_metric_run(context, features, sample.image_count, width, sample.labels,
                         sample.class_count, ms_metric_ridge_of, NULL, &accuracy));
    double right = accuracy * count;
    landmarks[i] = ms_log((right + 0.5) / (count - right + 0.5));
    start += width;
    joint_width += i < blocks->joint_count ? width : 0;
  }
  return MS_OK;
}

ms_status ms_landmarks_take(const ms_task_view *view, const ms_feature_blocks *blocks,
                            double *landmarks) {
  ms_context *context = view->task->context;
  ms_arena_mark mark = ms_arena_get_mark(context);
  ms_status status = take_all(context, view, blocks, landmarks);
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
