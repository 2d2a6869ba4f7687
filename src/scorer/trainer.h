/* The trainer inside: what it has been given, and what it has learned so far. */
#ifndef MS_SCORER_TRAINER_H
#define MS_SCORER_TRAINER_H

#include "core/random.h"
#include "scorer/adamw.h"
#include "scorer/attention.h"
#include "scorer/evidence.h"
#include "scorer/recall.h"

typedef struct ms_training_task {
  float *targets; /* [M], NaN where missing; owned, with the tokens behind */
  ms_tokens tokens;
  double weight;
} ms_training_task;

struct ms_trainer {
  ms_context *context;
  ms_attention_shape shape;
  double *blocks; /* [block_values], the joint count, then widths; NULL for no landmarks */
  size_t block_values;
  double options[MS_TRAINER_OPTION_COUNT];
  ms_training_task *tasks; /* of ms_trainer_grow */
  size_t task_count;
  double *scale_block; /* [2 (3 D + 1 + L)], right behind attention's block, as in the file */
  ms_token_scale scale;
  ms_attention attention; /* owned block, with scale's, gradient's and optimiser's behind it */
  ms_attention gradient;
  ms_recall recall; /* owned block, NULL where there is none */
  ms_adamw optimiser;
  uint32_t seed;
  ms_random random;
  size_t *order;   /* [task_count], the epoch's, once fitted */
  size_t position; /* the next task in order */
  bool fitted;
  ms_held_out_task *held_out; /* of ms_trainer_grow; errors owned, with the others behind */
  size_t held_out_count;
  ms_certainty certainty; /* owned block, NULL before it is fitted */
};

/* Takes scale, prior, recall and the ridge's start from the tasks. Takes scratch memory. */
MS_CHECK_RESULT ms_status ms_trainer_start(ms_trainer *trainer);

/* Gives back the held-out tasks and the certainty. */
void ms_trainer_release_held_out(ms_trainer *trainer);

/* The sum of the tasks' weights. */
double ms_trainer_weight(const ms_trainer *trainer);

/* The most tasks of either kind. */
enum { MS_TRAINER_MAX_TASKS = 1 << 20 };

/* Fails where a task of either kind, of which there are count, cannot have this weight or follow.
 */
MS_CHECK_RESULT ms_status ms_trainer_check_new(const ms_trainer *trainer, size_t count,
                                               double weight);

/*
 * Room for one more task of either kind: tasks [count] of size bytes each, moved into twice the
 * room where that is used up, which it is at 0 and powers of two from 16 on. Gives NULL, tasks
 * being as they were, where there is no memory.
 */
MS_CHECK_RESULT void *ms_trainer_grow(ms_context *context, void *tasks, size_t count, size_t size);

#endif
