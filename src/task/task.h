/*
 * The task inside, and views of it: which of its images, grouped by class, stand for the task. The
 * scorer reads whole tasks and bootstrap resamples (certainty) alike through a view.
 */
#ifndef MS_TASK_TASK_H
#define MS_TASK_TASK_H

#include "core/context.h"
#include "core/random.h"

struct ms_task {
  ms_context *context;
  size_t class_count;
  size_t feature_count;
  size_t image_count;
  size_t room;      /* images that fit */
  float *features;  /* [room][feature_count], and behind them */
  uint32_t *labels; /* [room] */
};

/* Images by class, in scratch memory of the task's context. Every class has an image. */
typedef struct ms_task_view {
  const ms_task *task;
  size_t class_count;
  size_t image_count;
  size_t *starts; /* [class_count + 1], where each class begins in images */
  size_t *images; /* [image_count], the task's image indices, class by class */
} ms_task_view;

/* The whole task. Fails with MS_ERR_DATA if the task has no image, MS_ERR_MEMORY. */
MS_CHECK_RESULT ms_status ms_task_view_all(const ms_task *task, ms_task_view *view);
/* As many images of each class as the view has, drawn with replacement. */
MS_CHECK_RESULT ms_status ms_task_view_bootstrap(const ms_task_view *view, ms_random *random,
                                                 ms_task_view *resampled);
/*
 * Prototypes and root mean square distances from them, as ms_task_prototypes.
 *
 * prototypes, spreads  receive [view->class_count][feature_count]
 */
MS_CHECK_RESULT ms_status ms_task_view_prototypes(const ms_task_view *view, float *prototypes,
                                                  float *spreads);

#endif
