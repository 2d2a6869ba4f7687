/* The trainer inside: what it has been given, and what it has learned so far. */
#ifndef MS_SCORER_TRAINER_H
#define MS_SCORER_TRAINER_H

#include "core/random.h"
#include "scorer/adamw.h"
#include "scorer/attention.h"

typedef struct ms_training_task {
  ms_tokens tokens; /* owned */
  float *targets;   /* [M], owned; NaN where missing */
  double weight;
} ms_training_task;

struct ms_trainer {
  ms_context *context;
  ms_attention_shape shape;
  double options[MS_TRAINER_OPTION_COUNT];
  ms_training_task *tasks; /* [room] */
  size_t task_count;
  size_t room;
  double *scale_block; /* [2 (3 D + 1)] */
  ms_token_scale scale;
  ms_attention attention;
  ms_attention gradient;
  ms_adamw optimiser;
  uint32_t seed;
  ms_random random;
  size_t *order;   /* [task_count], the epoch's, once fitted */
  size_t position; /* the next task in order */
  bool fitted;
};

/* Takes scale, prior and the ridge's start from the tasks. Takes scratch memory. */
MS_CHECK_RESULT ms_status ms_trainer_start(ms_trainer *trainer);

#endif
