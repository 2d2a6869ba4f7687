/* The trainer inside: what it has been given, and what it has learned so far. */
#ifndef MS_SCORER_TRAINER_H
#define MS_SCORER_TRAINER_H

#include "core/random.h"
#include "scorer/adamw.h"
#include "scorer/attention.h"
#include "scorer/evidence.h"
#include "scorer/recall.h"

typedef struct ms_training_task {
  ms_tokens tokens; /* owned */
  float *targets;   /* [M], owned; NaN where missing */
  double weight;
} ms_training_task;

struct ms_trainer {
  ms_context *context;
  ms_attention_shape shape;
  double *blocks; /* [block_values], as ms_scorer_parts has them; NULL for no landmarks */
  size_t block_values;
  double options[MS_TRAINER_OPTION_COUNT];
  ms_training_task *tasks; /* [room] */
  size_t task_count;
  size_t room;
  double *scale_block; /* [2 (3 D + 1)] */
  ms_token_scale scale;
  ms_attention attention;
  ms_attention gradient;
  ms_recall recall; /* owned block, NULL where there is none */
  ms_adamw optimiser;
  uint32_t seed;
  ms_random random;
  size_t *order;   /* [task_count], the epoch's, once fitted */
  size_t position; /* the next task in order */
  bool fitted;
  ms_held_out_task *held_out; /* [held_out_room], their arrays owned */
  size_t held_out_count;
  size_t held_out_room;
  ms_certainty certainty; /* owned block, NULL before it is fitted */
};

/* Takes scale, prior, recall and the ridge's start from the tasks. Takes scratch memory. */
MS_CHECK_RESULT ms_status ms_trainer_start(ms_trainer *trainer);

/* Gives back the held-out tasks and the certainty. */
void ms_trainer_release_held_out(ms_trainer *trainer);

/* The most tasks of either kind, and the first room for them. */
enum { MS_TRAINER_MAX_TASKS = 1 << 20, MS_TRAINER_FIRST_ROOM = 16 };

#endif
