/*
 * A task: the features of every sample image with its class, and views of them. It leaves making
 * features to the network, and reading meaning from them to the scorer.
 */
#include "task/task.h"

#include <math.h>
#include <string.h>

enum { MAX_CLASSES = 4096, MAX_FEATURES = 65536, MAX_IMAGES = 1 << 20, FIRST_ROOM = 16 };

ms_status ms_task_create(ms_context *context, size_t class_count, size_t feature_count,
                         ms_task **task) {
  *task = NULL;
  if (class_count < 1 || class_count > MAX_CLASSES || feature_count < 1 ||
      feature_count > MAX_FEATURES) {
    return ms_fail(context, MS_ERR_ARGUMENT,
                   "a task of %zu classes and %zu features, 1 to %d and 1 to %d are possible",
                   class_count, feature_count, MAX_CLASSES, MAX_FEATURES);
  }
  ms_task *created = NULL;
  MS_TRY(MS_NEW(context, 1, &created));
  created->context = context;
  created->class_count = class_count;
  created->feature_count = feature_count;
  *task = created;
  return MS_OK;
}

void ms_task_destroy(ms_task *task) {
  if (task == NULL) {
    return;
  }
  ms_release(task->context, task->features);
  ms_release(task->context, task);
}

/* Doubles the room, so that the copying adds up to at most twice the images. */
static ms_status grow(ms_task *task) {
  ms_context *context = task->context;
  size_t width = task->feature_count;
  size_t room = task->room == 0 ? FIRST_ROOM : task->room * 2;
  /* A label is as wide as a feature. */
  float *features = ms_allocate(context, room, (width + 1) * sizeof *features);
  MS_TRY(MS_HAS_MEMORY(features));
  uint32_t *labels = (void *)(features + room * width);
  if (task->room > 0) {
    memcpy(features, task->features, task->room * width * sizeof *features);
    memcpy(labels, task->labels, task->room * sizeof *labels);
  }
  ms_release(context, task->features);
  task->features = features;
  task->labels = labels;
  task->room = room;
  return MS_OK;
}

ms_status ms_task_add_image(ms_task *task, size_t class_index, const float *features,
                            size_t count) {
  ms_context *context = task->context;
  if (class_index >= task->class_count || count != task->feature_count) {
    return ms_fail(context, MS_ERR_ARGUMENT,
                   "class %zu in a task of %zu classes, %zu of %zu features", class_index,
                   task->class_count, count, task->feature_count);
  }
  for (size_t i = 0; i < count; i++) {
    if (!(fabsf(features[i]) < INFINITY)) {
      return ms_fail(context, MS_ERR_DATA, "feature %zu of an image of class %zu is %g", i,
                     class_index, (double)features[i]);
    }
  }
  if (task->image_count == MAX_IMAGES) {
    return ms_fail(context, MS_ERR_LIMIT, "a task holds at most %d images", MAX_IMAGES);
  }
  if (task->image_count == task->room) {
    MS_TRY(grow(task));
  }
  memcpy(task->features + task->image_count * count, features, count * sizeof *features);
  task->labels[task->image_count] = (uint32_t)class_index;
  task->image_count++;
  return MS_OK;
}

size_t ms_task_class_count(const ms_task *task) {
  return task->class_count;
}

size_t ms_task_image_count(const ms_task *task) {
  return task->image_count;
}

/* Takes scratch memory for a view of this size. */
static ms_status make_view(const ms_task *task, size_t class_count, size_t image_count,
                           ms_task_view *view) {
  *view = (ms_task_view){.task = task, .class_count = class_count, .image_count = image_count};
  MS_TRY(MS_SCRATCH(task->context, class_count + 1, &view->starts));
  return MS_SCRATCH(task->context, image_count, &view->images);
}

ms_status ms_task_view_all(const ms_task *task, ms_task_view *view) {
  if (task->image_count == 0) {
    return ms_fail(task->context, MS_ERR_DATA, "the task has no image");
  }
  MS_TRY(make_view(task, task->class_count, task->image_count, view));
  size_t *filled = NULL; /* [class_count], first the images of a class, then the next free place */
  MS_TRY(MS_SCRATCH(task->context, task->class_count, &filled));
  memset(filled, 0, task->class_count * sizeof *filled);
  for (size_t i = 0; i < task->image_count; i++) {
    filled[task->labels[i]]++;
  }
  size_t start = 0;
  size_t present = 0;
  view->starts[0] = 0;
  for (size_t c = 0; c < task->class_count; c++) {
    size_t count = filled[c];
    filled[c] = start;
    if (count > 0) {
      start += count;
      view->starts[++present] = start;
    }
  }
  view->class_count = present;
  for (size_t i = 0; i < task->image_count; i++) {
    view->images[filled[task->labels[i]]++] = i;
  }
  return MS_OK;
}

ms_status ms_task_view_bootstrap(const ms_task_view *view, ms_random *random,
                                 ms_task_view *resampled) {
  MS_TRY(make_view(view->task, view->class_count, view->image_count, resampled));
  memcpy(resampled->starts, view->starts, (view->class_count + 1) * sizeof *view->starts);
  for (size_t c = 0; c < view->class_count; c++) {
    size_t start = view->starts[c];
    size_t count = view->starts[c + 1] - start;
    for (size_t i = 0; i < count; i++) {
      resampled->images[start + i] = view->images[start + ms_random_below(random, count)];
    }
  }
  return MS_OK;
}

ms_status ms_task_view_prototypes(const ms_task_view *view, float *prototypes, float *spreads) {
  const float *features = view->task->features;
  const size_t *images = view->images; /* of one class after the other */
  size_t width = view->task->feature_count;
  /* Double precision: the spread is a small difference of large features, and the sum of 2^20. */
  double *means = NULL; /* [width] */
  MS_TRY(MS_SCRATCH(view->task->context, 2 * width, &means));
  double *squares = means + width; /* [width], of the distances from the means */
  for (size_t c = 0; c < view->class_count; c++) {
    size_t count = view->starts[c + 1] - view->starts[c];
    memset(means, 0, 2 * width * sizeof *means);
    for (size_t i = 0; i < count; i++) {
      const float *row = features + images[i] * width;
      for (size_t j = 0; j < width; j++) {
        means[j] += row[j];
      }
    }
    for (size_t j = 0; j < width; j++) {
      means[j] /= (double)count;
    }
    for (size_t i = 0; i < count; i++) {
      const float *row = features + images[i] * width;
      for (size_t j = 0; j < width; j++) {
        double distance = row[j] - means[j];
        squares[j] += distance * distance;
      }
    }
    for (size_t j = 0; j < width; j++) {
      *prototypes++ = (float)means[j];
      *spreads++ = (float)sqrt(squares[j] / (double)count);
    }
    images += count;
  }
  return MS_OK;
}

/* The whole task's prototypes, in scratch memory of the caller. */
static ms_status whole_prototypes(const ms_task *task, float *prototypes, float *spreads,
                                  size_t count, size_t *class_count) {
  ms_task_view view;
  MS_TRY(ms_task_view_all(task, &view));
  size_t needed = view.class_count * task->feature_count;
  if (count < needed) {
    return ms_fail(task->context, MS_ERR_ARGUMENT,
                   "room for %zu values, %zu classes of %zu features need %zu", count,
                   view.class_count, task->feature_count, needed);
  }
  MS_TRY(ms_task_view_prototypes(&view, prototypes, spreads));
  *class_count = view.class_count;
  return MS_OK;
}

ms_status ms_task_prototypes(const ms_task *task, float *prototypes, float *spreads, size_t count,
                             size_t *class_count) {
  ms_arena_mark mark = ms_arena_get_mark(task->context);
  ms_status status = whole_prototypes(task, prototypes, spreads, count, class_count);
  ms_arena_drop(task->context, mark);
  return status;
}
