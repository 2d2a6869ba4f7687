/*
 * Landmarks: how well a task is solved by simple learners on what is known of its images anyway,
 * the encoder's taps and the pixels' signature (landmarking: Pfahringer, Bensusan and
 * Giraud-Carrier, ICML 2000). Whether early or late layers, colours or layout tell the classes
 * apart says more about which model suits a task than what the images show.
 */
#ifndef MS_TASK_LANDMARKS_H
#define MS_TASK_LANDMARKS_H

#include "task/task.h"

/* How a task's features divide into blocks, and one landmark over the first joint_count of them. */
enum { MS_MAX_BLOCKS = 256 };

typedef struct ms_feature_blocks {
  size_t block_count;
  const size_t *widths; /* [block_count], their sum at most the task's feature_count */
  size_t joint_count;   /* blocks that are the encoder's, judged together too; 0 for none */
} ms_feature_blocks;

/* block_count, and one more where there is a joint landmark. */
size_t ms_landmark_count(const ms_feature_blocks *blocks);

/*
 * Takes the landmarks of a view: per block, and last for the joint blocks, the leave-one-out
 * accuracy p of ridge regression (strength 1) over the N images that are looked at, as
 * log((p N + 1/2) / ((1 - p) N + 1/2)).
 *
 * At most 128 classes and 512 images are looked at, evenly spread, so that a large task costs about
 * as much as one of 512 images: N² feature_count / 2 + N³ a block.
 *
 * landmarks  receives ms_landmark_count(blocks) values
 *
 * Fails with MS_ERR_DATA if fewer than two classes have an image, MS_ERR_MEMORY.
 */
MS_CHECK_RESULT ms_status ms_landmarks_take(const ms_task_view *view,
                                            const ms_feature_blocks *blocks, double *landmarks);

#endif
