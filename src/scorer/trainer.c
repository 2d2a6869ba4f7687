/*
 * The trainer as an object: options, tasks and steps. The closed-form start is start.c, the file
 * that it writes scorer_file.c.
 */
#include "scorer/trainer.h"

#include <string.h>

#include "scorer/loss.h"
#include "scorer/number.h"
#include "scorer/order.h"
#include "scorer/scorer.h"

enum { MAX_MODELS = 4096, MAX_FEATURES = 65536, MAX_WIDTH = 1024, MAX_CLASSES = 4096 };

/* The range of an option, and where it starts. */
typedef struct option_range {
  double most;
  uint32_t least;   /* billionths */
  uint32_t initial; /* thousandths */
} option_range;

static const option_range RANGES[MS_TRAINER_OPTION_COUNT] = {
    [MS_TRAINER_PRIOR_SHRINK] = {1e9, 0, 1000},
    [MS_TRAINER_RIDGE] = {1e9, 1, 1000},
    [MS_TRAINER_LEARNING_RATE] = {1, 0, 1},
    [MS_TRAINER_PRIOR_RATE] = {1e3, 0, 0},
    [MS_TRAINER_PROJECTION_RATE] = {1e3, 0, 100},
    [MS_TRAINER_WEIGHT_DECAY] = {1e3, 0, 10},
    [MS_TRAINER_DROPOUT] = {0.9, 0, 0},
    [MS_TRAINER_LISTWISE] = {1e9, 0, 1000},
    [MS_TRAINER_TEMPERATURE] = {1e6, 1000, 250},
    [MS_TRAINER_SQUARED] = {1e9, 0, 1000},
    [MS_TRAINER_BATCH] = {MS_TRAINER_MAX_TASKS, 1000000000, 16000},
    [MS_TRAINER_IMAGE_SHARE] = {1, 0, 100},
    [MS_TRAINER_RECALL] = {1e9, 0, 0},
    [MS_TRAINER_REACH] = {1e9, 1, 200},
};

/* Takes parts for so many landmarks in place of those that there are. */
static ms_status allocate_parts(ms_trainer *trainer, size_t landmark_count) {
  ms_attention_shape *shape = &trainer->shape;
  double *block = NULL;
  const ms_attention_shape wanted = {shape->model_count, shape->width, shape->feature_count,
                                     landmark_count};
  size_t count = ms_attention_count(&wanted);
  size_t scale_count = 2 * (ms_row_width(shape->feature_count) +
                            ms_summary_width(shape->feature_count, landmark_count));
  MS_TRY(MS_NEW(trainer->context, 4 * count + scale_count, &block));
  ms_release(trainer->context, trainer->attention.block);
  *shape = wanted;
  ms_attention_bind(&trainer->attention, shape, block);
  block += count;
  ms_token_scale_bind(&trainer->scale, shape->feature_count, landmark_count, block);
  trainer->scale_block = block;
  block += scale_count;
  ms_attention_bind(&trainer->gradient, shape, block);
  trainer->optimiser.first = block + count;
  trainer->optimiser.second = block + 2 * count;
  return MS_OK;
}

ms_status ms_trainer_create(ms_context *context, size_t model_count, size_t feature_count,
                            size_t width, uint32_t seed, ms_trainer **trainer) {
  *trainer = NULL;
  MS_TRY(ms_check_range(context, model_count, 2, MAX_MODELS, "models"));
  MS_TRY(ms_check_range(context, feature_count, 1, MAX_FEATURES, "features"));
  MS_TRY(ms_check_range(context, width, 1, MAX_WIDTH, "numbers of a token"));
  ms_trainer *created = NULL;
  MS_TRY(MS_NEW(context, 1, &created));
  created->context = context;
  created->shape = (ms_attention_shape){model_count, width, feature_count, 0};
  created->seed = seed;
  for (size_t i = 0; i < MS_TRAINER_OPTION_COUNT; i++) {
    created->options[i] = RANGES[i].initial / 1000.0;
  }
  ms_status status = allocate_parts(created, 0);
  if (status != MS_OK) {
    ms_trainer_destroy(created);
    return status;
  }
  *trainer = created;
  return MS_OK;
}

void ms_trainer_destroy(ms_trainer *trainer) {
  if (trainer == NULL) {
    return;
  }
  ms_context *context = trainer->context;
  for (size_t t = 0; t < trainer->task_count; t++) {
    ms_release(context, trainer->tasks[t].targets);
  }
  ms_trainer_release_held_out(trainer);
  ms_release(context, trainer->tasks);
  ms_release(context, trainer->order);
  ms_release(context, trainer->recall.block);
  ms_release(context, trainer->attention.block);
  ms_release(context, trainer->blocks);
  ms_release(context, trainer);
}

ms_status ms_trainer_set_blocks(ms_trainer *trainer, const size_t *widths, size_t block_count,
                                size_t joint_count) {
  ms_context *context = trainer->context;
  const ms_feature_blocks blocks = {block_count, widths, joint_count};
  size_t left = trainer->shape.feature_count;
  if (trainer->task_count > 0 || trainer->blocks != NULL) {
    return ms_fail(context, MS_ERR_ARGUMENT, "blocks are set once, before the first task");
  }
  MS_TRY(ms_check_range(context, block_count, 1, MS_MAX_BLOCKS, "blocks"));
  MS_TRY(ms_check_range(context, joint_count, 0, block_count, "joint blocks"));
  for (size_t i = 0; i < block_count; i++) {
    if (widths[i] == 0 || widths[i] > left) {
      return ms_fail(context, MS_ERR_ARGUMENT, "block %zu of %zu features does not fit into %zu", i,
                     widths[i], trainer->shape.feature_count);
    }
    left -= widths[i];
  }
  MS_TRY(allocate_parts(trainer, ms_landmark_count(&blocks) + 1));
  MS_TRY(MS_NEW(context, 1 + block_count, &trainer->blocks));
  trainer->blocks[0] = (double)joint_count;
  for (size_t i = 0; i < block_count; i++) {
    trainer->blocks[1 + i] = (double)widths[i];
  }
  trainer->block_values = 1 + block_count;
  return MS_OK;
}

ms_status ms_trainer_set_landmarks(ms_trainer *trainer, const double *landmarks, size_t count) {
  ms_context *context = trainer->context;
  if (trainer->task_count == 0 || trainer->shape.landmark_count != count + 1) {
    return ms_fail(context, MS_ERR_ARGUMENT, "%zu landmarks for %s", count,
                   trainer->task_count == 0 ? "no task" : "a trainer of other blocks");
  }
  for (size_t i = 0; i < count; i++) {
    if (!ms_is_finite(landmarks[i])) {
      return ms_fail_number(context, MS_ERR_DATA, "landmark", i, landmarks[i]);
    }
  }
  ms_tokens *tokens = &trainer->tasks[trainer->task_count - 1].tokens;
  ms_landmarks_describe(landmarks, count, tokens->summary + tokens->feature_count + 1);
  trainer->fitted = false;
  return MS_OK;
}

ms_status ms_trainer_set(ms_trainer *trainer, ms_trainer_option option, double value) {
  size_t index = (size_t)option;
  if (index >= MS_TRAINER_OPTION_COUNT) {
    return ms_fail(trainer->context, MS_ERR_ARGUMENT, "trainer option %zu is unknown", index);
  }
  double least = RANGES[index].least / 1e9;
  double most = RANGES[index].most;
  if (!(value >= least && value <= most)) {
    return ms_fail(trainer->context, MS_ERR_ARGUMENT,
                   "trainer option %zu is %g, %g to %g are possible", index, value, least, most);
  }
  trainer->options[index] = value;
  return MS_OK;
}

ms_status ms_trainer_check_new(const ms_trainer *trainer, size_t count, double weight) {
  if (!(weight >= 0 && weight <= 1e9)) {
    return ms_fail(trainer->context, MS_ERR_ARGUMENT, "a task of weight %g, 0 to 1e9 are possible",
                   weight);
  }
  if (count == MS_TRAINER_MAX_TASKS) {
    return ms_fail(trainer->context, MS_ERR_LIMIT, "a trainer holds at most %d tasks of a kind",
                   MS_TRAINER_MAX_TASKS);
  }
  return MS_OK;
}

void *ms_trainer_grow(ms_context *context, void *tasks, size_t count, size_t size) {
  const size_t first_room = 16;
  if ((count & (count - 1)) != 0 || (count > 0 && count < first_room)) {
    return tasks;
  }
  void *larger = ms_allocate(context, count == 0 ? first_room : 2 * count, size);
  if (larger != NULL && tasks != NULL) {
    memcpy(larger, tasks, count * size);
    ms_release(context, tasks);
  }
  return larger;
}

static ms_status check_targets(const ms_trainer *trainer, const float *targets) {
  size_t present = 0;
  for (size_t m = 0; m < trainer->shape.model_count; m++) {
    if (!ms_is_missing(targets[m])) {
      if (!ms_is_finite(targets[m])) {
        return ms_fail_number(trainer->context, MS_ERR_DATA, "target", m, targets[m]);
      }
      present++;
    }
  }
  if (present < 2) {
    return ms_fail(trainer->context, MS_ERR_DATA, "a task with targets for %zu models, 2 at least",
                   present);
  }
  return MS_OK;
}

ms_status ms_trainer_add_task(ms_trainer *trainer, const float *prototypes, const float *spreads,
                              size_t class_count, const float *targets, double weight) {
  ms_context *context = trainer->context;
  MS_TRY(ms_check_range(context, class_count, 1, MAX_CLASSES, "classes of a task"));
  size_t value_count = class_count * trainer->shape.feature_count;
  MS_TRY(ms_check_finite(context, prototypes, value_count, "prototype value"));
  MS_TRY(ms_check_finite(context, spreads, value_count, "spread"));
  MS_TRY(check_targets(trainer, targets));
  MS_TRY(ms_trainer_check_new(trainer, trainer->task_count, weight));
  ms_training_task *tasks =
      ms_trainer_grow(context, trainer->tasks, trainer->task_count, sizeof *tasks);
  MS_TRY(MS_HAS_MEMORY(tasks));
  trainer->tasks = tasks;
  ms_training_task *task = &tasks[trainer->task_count];
  size_t model_count = trainer->shape.model_count;
  *task = (ms_training_task){.weight = weight};
  task->tokens.class_count = class_count;
  task->tokens.feature_count = trainer->shape.feature_count;
  task->tokens.landmark_count = trainer->shape.landmark_count;
  MS_TRY(MS_NEW(context, model_count + ms_tokens_size(&task->tokens), &task->targets));
  memcpy(task->targets, targets, model_count * sizeof *targets);
  ms_tokens_fill(&task->tokens, prototypes, spreads, task->targets + model_count);
  for (size_t i = 0; i < task->tokens.landmark_count; i++) {
    task->tokens.summary[trainer->shape.feature_count + 1 + i] = NAN;
  }
  trainer->task_count++;
  trainer->fitted = false;
  return MS_OK;
}

double ms_trainer_weight(const ms_trainer *trainer) {
  double sum = 0;
  for (size_t t = 0; t < trainer->task_count; t++) {
    sum += trainer->tasks[t].weight;
  }
  return sum;
}

static bool is_all_finite(const double *values, size_t count) {
  for (size_t i = 0; i < count; i++) {
    if (!ms_is_finite(values[i])) {
      return false;
    }
  }
  return true;
}

static size_t parameter_count(const ms_trainer *trainer) {
  return ms_attention_count(&trainer->shape);
}

ms_status ms_trainer_fit(ms_trainer *trainer) {
  ms_context *context = trainer->context;
  trainer->fitted = false;
  if (!(ms_trainer_weight(trainer) > 0)) {
    return ms_fail(context, MS_ERR_DATA, "no task of a weight above 0 to fit");
  }
  ms_release(context, trainer->order);
  ms_release(context, trainer->recall.block);
  trainer->order = NULL;
  trainer->recall = (ms_recall){.task_count = 0};
  MS_TRY(MS_NEW(context, trainer->task_count, &trainer->order));
  trainer->random = ms_random_make(trainer->seed, 0);
  ms_arena_mark mark = ms_arena_get_mark(context);
  ms_status status = ms_trainer_start(trainer);
  ms_arena_drop(context, mark);
  MS_TRY(status);
  size_t count = parameter_count(trainer);
  if (!is_all_finite(trainer->attention.block, count)) {
    return ms_fail(context, MS_ERR_DATA, "the tasks' numbers are too large to fit");
  }
  /* And second, which follows. */
  memset(trainer->optimiser.first, 0, 2 * count * sizeof *trainer->optimiser.first);
  trainer->optimiser.first_power = 1;
  trainer->optimiser.second_power = 1;
  trainer->position = trainer->task_count;
  trainer->fitted = true;
  return MS_OK;
}

/* Factors of the hidden rows [R][d]: 0, or what keeps their mean; NULL without dropout. */
static ms_status draw_dropout(ms_trainer *trainer, size_t row_count, double **factors) {
  double share = trainer->options[MS_TRAINER_DROPOUT];
  *factors = NULL;
  if (share == 0) {
    return MS_OK;
  }
  size_t count = row_count * trainer->shape.width;
  MS_TRY(MS_SCRATCH(trainer->context, count, factors));
  for (size_t i = 0; i < count; i++) {
    (*factors)[i] = ms_random_uniform(&trainer->random) < share ? 0 : 1 / (1 - share);
  }
  return MS_OK;
}

/* Adds one task's part of the gradient; slopes and loss are multiplied by share. */
static ms_status add_task_gradient(ms_trainer *trainer, const ms_training_task *task,
                                   const double *queries, double share, double *query_slopes,
                                   double *loss) {
  ms_context *context = trainer->context;
  const ms_loss_weights weights = {
      .listwise = trainer->options[MS_TRAINER_LISTWISE],
      .temperature = trainer->options[MS_TRAINER_TEMPERATURE],
      .squared = trainer->options[MS_TRAINER_SQUARED],
  };
  size_t model_count = trainer->shape.model_count;
  double *dropout = NULL;
  double *slopes = NULL; /* [M] */
  double task_loss = 0;
  ms_projected_task projected;
  ms_attention_pass pass;
  MS_TRY(draw_dropout(trainer, task->tokens.class_count + 1, &dropout));
  MS_TRY(ms_score_tokens(context, &trainer->attention, &trainer->scale, &trainer->recall, queries,
                         &task->tokens, dropout, &projected, &pass));
  MS_TRY(MS_SCRATCH(context, model_count, &slopes));
  MS_TRY(ms_loss(context, &weights, pass.scores, task->targets, model_count, slopes, &task_loss));
  for (size_t m = 0; m < model_count; m++) {
    slopes[m] *= share;
  }
  *loss += share * task_loss;
  return ms_attention_backward(context, &trainer->attention, queries, &projected, &pass, slopes,
                               trainer->options[MS_TRAINER_PROJECTION_RATE] == 0, query_slopes,
                               &trainer->gradient);
}

/* The next task of the round; a new order begins where the last one ends. */
static const ms_training_task *next_task(ms_trainer *trainer) {
  if (trainer->position == trainer->task_count) {
    ms_random_permutation(&trainer->random, trainer->order, trainer->task_count);
    trainer->position = 0;
  }
  return &trainer->tasks[trainer->order[trainer->position++]];
}

static ms_status find_gradient(ms_trainer *trainer, double *loss) {
  ms_context *context = trainer->context;
  size_t count = trainer->shape.model_count * trainer->shape.width;
  size_t batch = (size_t)trainer->options[MS_TRAINER_BATCH];
  batch = batch < trainer->task_count ? batch : trainer->task_count;
  double *queries = NULL; /* [M][d] */
  MS_TRY(MS_SCRATCH(context, 2 * count, &queries));
  double *query_slopes = queries + count; /* [M][d] */
  memset(query_slopes, 0, count * sizeof *query_slopes);
  memset(trainer->gradient.block, 0, parameter_count(trainer) * sizeof(double));
  ms_attention_query(&trainer->attention, queries);
  /* Relative to their mean, so that weights do not change the step's size. */
  double mean_weight = ms_trainer_weight(trainer) / (double)trainer->task_count;
  double unit = mean_weight * (double)batch;
  *loss = 0;
  for (size_t i = 0; i < batch; i++) {
    ms_arena_mark mark = ms_arena_get_mark(context);
    const ms_training_task *task = next_task(trainer);
    MS_TRY(add_task_gradient(trainer, task, queries, task->weight / unit, query_slopes, loss));
    ms_arena_drop(context, mark);
  }
  ms_attention_backward_query(&trainer->attention, query_slopes, &trainer->gradient);
  return MS_OK;
}

/* Groups in the block: the priors, tokens with the squares, the projections. */
static void update(ms_trainer *trainer) {
  const double *options = trainer->options;
  double rate = options[MS_TRAINER_LEARNING_RATE];
  double decay = options[MS_TRAINER_WEIGHT_DECAY];
  double *block = trainer->attention.block;
  const double *slopes = trainer->gradient.block;
  size_t tokens = (size_t)(trainer->attention.tokens - block);
  size_t projections = (size_t)(trainer->attention.summary - block);
  ms_adamw_begin(&trainer->optimiser);
  ms_adamw_update(&trainer->optimiser, block, slopes, 0, tokens,
                  rate * options[MS_TRAINER_PRIOR_RATE], 0);
  ms_adamw_update(&trainer->optimiser, block, slopes, tokens, projections - tokens, rate, decay);
  if (options[MS_TRAINER_PROJECTION_RATE] > 0) {
    ms_adamw_update(&trainer->optimiser, block, slopes, projections,
                    parameter_count(trainer) - projections,
                    rate * options[MS_TRAINER_PROJECTION_RATE], decay);
  }
}

static ms_status check_fitted(const ms_trainer *trainer) {
  if (!trainer->fitted) {
    return ms_fail(trainer->context, MS_ERR_ARGUMENT,
                   "the trainer has not been fitted to its tasks");
  }
  return MS_OK;
}

ms_status ms_trainer_step(ms_trainer *trainer, double *loss) {
  MS_TRY(check_fitted(trainer));
  double found = 0;
  ms_arena_mark mark = ms_arena_get_mark(trainer->context);
  ms_status status = find_gradient(trainer, &found);
  ms_arena_drop(trainer->context, mark);
  MS_TRY(status);
  if (!ms_is_finite(found) || !is_all_finite(trainer->gradient.block, parameter_count(trainer))) {
    return ms_fail(trainer->context, MS_ERR_DATA,
                   "the loss or its gradient is not finite: lower the learning rate");
  }
  update(trainer);
  *loss = found;
  return MS_OK;
}

static ms_status score_task(ms_trainer *trainer, const ms_training_task *task, float *scores) {
  ms_context *context = trainer->context;
  double *queries = NULL; /* [M][d] */
  ms_projected_task projected;
  ms_attention_pass pass;
  MS_TRY(MS_SCRATCH(context, trainer->shape.model_count * trainer->shape.width, &queries));
  ms_attention_query(&trainer->attention, queries);
  MS_TRY(ms_score_tokens(context, &trainer->attention, &trainer->scale, &trainer->recall, queries,
                         &task->tokens, NULL, &projected, &pass));
  ms_narrow(pass.scores, trainer->shape.model_count, scores);
  return MS_OK;
}

ms_status ms_trainer_score(ms_trainer *trainer, size_t task, float *scores, size_t count) {
  MS_TRY(check_fitted(trainer));
  MS_TRY(ms_check_room(trainer->context, count, trainer->shape.model_count));
  if (task >= trainer->task_count) {
    return ms_fail(trainer->context, MS_ERR_ARGUMENT, "task %zu of %zu", task, trainer->task_count);
  }
  ms_arena_mark mark = ms_arena_get_mark(trainer->context);
  ms_status status = score_task(trainer, &trainer->tasks[task], scores);
  ms_arena_drop(trainer->context, mark);
  return status;
}

ms_status ms_trainer_save(ms_trainer *trainer, const char *const *model_ids,
                          const char *encoder_hash, void *bytes, size_t room, size_t *size) {
  MS_TRY(check_fitted(trainer));
  ms_arena_mark mark = ms_arena_get_mark(trainer->context);
  ms_status status = ms_scorer_write(trainer, model_ids, encoder_hash, bytes, room, size);
  ms_arena_drop(trainer->context, mark);
  return status;
}
