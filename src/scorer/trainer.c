/*
 * The trainer as an object: options, tasks and steps. The closed-form start is start.c, the file
 * that it writes scorer_file.c.
 */
#include "scorer/trainer.h"

#include <math.h>
#include <string.h>

#include "scorer/loss.h"
#include "scorer/order.h"
#include "scorer/scorer.h"

enum { MAX_MODELS = 4096, MAX_FEATURES = 65536, MAX_WIDTH = 1024, MAX_CLASSES = 4096 };

/* The range of an option, and where it starts. */
typedef struct option_range {
  double least;
  double most;
  double initial;
} option_range;

static const option_range RANGES[MS_TRAINER_OPTION_COUNT] = {
    [MS_TRAINER_PRIOR_SHRINK] = {0, 1e9, 1},
    [MS_TRAINER_RIDGE] = {1e-9, 1e9, 1},
    [MS_TRAINER_LEARNING_RATE] = {0, 1, 1e-3},
    [MS_TRAINER_PRIOR_RATE] = {0, 1e3, 0},
    [MS_TRAINER_PROJECTION_RATE] = {0, 1e3, 0.1},
    [MS_TRAINER_WEIGHT_DECAY] = {0, 1e3, 1e-2},
    [MS_TRAINER_DROPOUT] = {0, 0.9, 0},
    [MS_TRAINER_LISTWISE] = {0, 1e9, 1},
    [MS_TRAINER_TEMPERATURE] = {1e-6, 1e6, 0.25},
    [MS_TRAINER_SQUARED] = {0, 1e9, 1},
    [MS_TRAINER_BATCH] = {1, MS_TRAINER_MAX_TASKS, 16},
    [MS_TRAINER_IMAGE_SHARE] = {0, 1, 0.1},
    [MS_TRAINER_RECALL] = {0, 1e9, 0},
    [MS_TRAINER_REACH] = {1e-9, 1e9, 0.2},
};

static ms_status check_shape(ms_context *context, ms_attention_shape shape) {
  if (shape.model_count < 2 || shape.model_count > MAX_MODELS) {
    return ms_fail(context, MS_ERR_ARGUMENT, "%zu models, 2 to %d are possible", shape.model_count,
                   MAX_MODELS);
  }
  if (shape.feature_count < 1 || shape.feature_count > MAX_FEATURES) {
    return ms_fail(context, MS_ERR_ARGUMENT, "%zu features, 1 to %d are possible",
                   shape.feature_count, MAX_FEATURES);
  }
  if (shape.width < 1 || shape.width > MAX_WIDTH) {
    return ms_fail(context, MS_ERR_ARGUMENT, "tokens of %zu numbers, 1 to %d are possible",
                   shape.width, MAX_WIDTH);
  }
  return MS_OK;
}

static ms_status allocate_parts(ms_trainer *trainer) {
  ms_context *context = trainer->context;
  size_t feature_count = trainer->shape.feature_count;
  size_t row_width = ms_row_width(feature_count);
  size_t summary_width = ms_summary_width(feature_count, trainer->shape.landmark_count);
  size_t count = 0;
  if (!ms_attention_count(trainer->shape, &count)) {
    return ms_fail(context, MS_ERR_MEMORY, "no memory for %zu models", trainer->shape.model_count);
  }
  MS_TRY(MS_NEW(context, count, &trainer->attention.block));
  MS_TRY(MS_NEW(context, count, &trainer->gradient.block));
  MS_TRY(MS_NEW(context, count, &trainer->optimiser.first));
  MS_TRY(MS_NEW(context, count, &trainer->optimiser.second));
  MS_TRY(MS_NEW(context, 2 * (row_width + summary_width), &trainer->scale_block));
  trainer->attention = ms_attention_bind(trainer->shape, trainer->attention.block);
  trainer->gradient = ms_attention_bind(trainer->shape, trainer->gradient.block);
  trainer->scale =
      ms_token_scale_bind(feature_count, trainer->shape.landmark_count, trainer->scale_block);
  return MS_OK;
}

ms_status ms_trainer_create(ms_context *context, size_t model_count, size_t feature_count,
                            size_t width, uint32_t seed, ms_trainer **trainer) {
  *trainer = NULL;
  const ms_attention_shape shape = {model_count, width, feature_count, 0};
  MS_TRY(check_shape(context, shape));
  ms_trainer *created = NULL;
  MS_TRY(MS_NEW(context, 1, &created));
  created->context = context;
  created->shape = shape;
  created->seed = seed;
  for (size_t i = 0; i < MS_TRAINER_OPTION_COUNT; i++) {
    created->options[i] = RANGES[i].initial;
  }
  ms_status status = allocate_parts(created);
  if (status != MS_OK) {
    ms_trainer_destroy(created);
    return status;
  }
  *trainer = created;
  return MS_OK;
}

static void release_task(ms_context *context, const ms_training_task *task) {
  ms_release(context, task->tokens.rows);
  ms_release(context, task->tokens.summary);
  ms_release(context, task->targets);
}

/* Drops what allocate_parts took. */
static void release_parts(ms_trainer *trainer) {
  ms_context *context = trainer->context;
  double **parts[] = {&trainer->attention.block, &trainer->gradient.block,
                      &trainer->optimiser.first, &trainer->optimiser.second, &trainer->scale_block};
  for (size_t i = 0; i < sizeof parts / sizeof *parts; i++) {
    ms_release(context, *parts[i]);
    *parts[i] = NULL;
  }
}

void ms_trainer_destroy(ms_trainer *trainer) {
  if (trainer == NULL) {
    return;
  }
  ms_context *context = trainer->context;
  for (size_t t = 0; t < trainer->task_count; t++) {
    release_task(context, &trainer->tasks[t]);
  }
  ms_trainer_release_held_out(trainer);
  ms_release(context, trainer->tasks);
  ms_release(context, trainer->order);
  ms_release(context, trainer->recall.block);
  release_parts(trainer);
  ms_release(context, trainer->blocks);
  ms_release(context, trainer);
}

/* Checked widths as the file has them: the joint count, then each width. */
static ms_status copy_blocks(ms_trainer *trainer, const size_t *widths, size_t block_count,
                             size_t joint_count) {
  size_t sum = 0;
  for (size_t i = 0; i < block_count; i++) {
    if (widths[i] == 0 || !ms_size_add(sum, widths[i], &sum) ||
        sum > trainer->shape.feature_count) {
      return ms_fail(trainer->context, MS_ERR_ARGUMENT,
                     "block %zu of %zu features does not fit into %zu", i, widths[i],
                     trainer->shape.feature_count);
    }
  }
  MS_TRY(MS_NEW(trainer->context, 1 + block_count, &trainer->blocks));
  trainer->blocks[0] = (double)joint_count;
  for (size_t i = 0; i < block_count; i++) {
    trainer->blocks[1 + i] = (double)widths[i];
  }
  trainer->block_values = 1 + block_count;
  return MS_OK;
}

ms_status ms_trainer_set_blocks(ms_trainer *trainer, const size_t *widths, size_t block_count,
                                size_t joint_count) {
  ms_context *context = trainer->context;
  if (trainer->task_count > 0 || trainer->blocks != NULL) {
    return ms_fail(context, MS_ERR_ARGUMENT, "blocks are set once, before the first task");
  }
  if (block_count < 1 || block_count > MS_MAX_BLOCKS || joint_count > block_count) {
    return ms_fail(context, MS_ERR_ARGUMENT, "%zu blocks, %zu of them joint; 1 to %d are possible",
                   block_count, joint_count, MS_MAX_BLOCKS);
  }
  MS_TRY(copy_blocks(trainer, widths, block_count, joint_count));
  const ms_feature_blocks blocks = {block_count, widths, joint_count};
  trainer->shape.landmark_count = ms_landmark_count(&blocks) + 1;
  release_parts(trainer);
  return allocate_parts(trainer);
}

ms_status ms_trainer_set_landmarks(ms_trainer *trainer, const double *landmarks, size_t count) {
  ms_context *context = trainer->context;
  if (trainer->task_count == 0 || trainer->shape.landmark_count != count + 1) {
    return ms_fail(context, MS_ERR_ARGUMENT, "%zu landmarks for %s", count,
                   trainer->task_count == 0 ? "no task" : "a trainer of other blocks");
  }
  for (size_t i = 0; i < count; i++) {
    if (!isfinite(landmarks[i])) {
      return ms_fail(context, MS_ERR_DATA, "landmark %zu is %g", i, landmarks[i]);
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
  const option_range *range = &RANGES[index];
  if (!(value >= range->least && value <= range->most)) {
    return ms_fail(trainer->context, MS_ERR_ARGUMENT,
                   "trainer option %zu is %g, %g to %g are possible", index, value, range->least,
                   range->most);
  }
  trainer->options[index] = value;
  return MS_OK;
}

/* Doubles the room for tasks. */
static ms_status grow(ms_trainer *trainer) {
  size_t room = trainer->room == 0 ? MS_TRAINER_FIRST_ROOM : trainer->room * 2;
  ms_training_task *tasks = NULL;
  MS_TRY(MS_NEW(trainer->context, room, &tasks));
  if (trainer->task_count > 0) {
    memcpy(tasks, trainer->tasks, trainer->task_count * sizeof *tasks);
  }
  ms_release(trainer->context, trainer->tasks);
  trainer->tasks = tasks;
  trainer->room = room;
  return MS_OK;
}

static ms_status check_targets(const ms_trainer *trainer, const float *targets, double weight) {
  size_t present = 0;
  for (size_t m = 0; m < trainer->shape.model_count; m++) {
    if (isinf(targets[m])) {
      return ms_fail(trainer->context, MS_ERR_DATA, "target %zu is infinite", m);
    }
    present += isnan(targets[m]) ? 0 : 1;
  }
  if (present < 2) {
    return ms_fail(trainer->context, MS_ERR_DATA, "a task with targets for %zu models, 2 at least",
                   present);
  }
  if (!(weight >= 0 && weight <= 1e9)) {
    return ms_fail(trainer->context, MS_ERR_ARGUMENT, "a task of weight %g, 0 to 1e9 are possible",
                   weight);
  }
  return MS_OK;
}

/* Copies a checked task into fresh memory; what was taken is in task on failure too. */
static ms_status copy_task(ms_trainer *trainer, const float *prototypes, const float *spreads,
                           const float *targets, ms_training_task *task) {
  ms_context *context = trainer->context;
  size_t width = task->tokens.feature_count;
  MS_TRY(MS_NEW(context, task->tokens.class_count * ms_row_width(width), &task->tokens.rows));
  MS_TRY(
      MS_NEW(context, ms_summary_width(width, task->tokens.landmark_count), &task->tokens.summary));
  MS_TRY(MS_NEW(context, trainer->shape.model_count, &task->targets));
  for (size_t c = 0; c < task->tokens.class_count; c++) {
    float *row = task->tokens.rows + c * ms_row_width(width);
    memcpy(row, prototypes + c * width, width * sizeof *row);
    memcpy(row + width, spreads + c * width, width * sizeof *row);
  }
  ms_tokens_summarise(&task->tokens);
  for (size_t i = 0; i < task->tokens.landmark_count; i++) {
    task->tokens.summary[width + 1 + i] = NAN;
  }
  memcpy(task->targets, targets, trainer->shape.model_count * sizeof *targets);
  return MS_OK;
}

ms_status ms_trainer_add_task(ms_trainer *trainer, const float *prototypes, const float *spreads,
                              size_t class_count, const float *targets, double weight) {
  ms_context *context = trainer->context;
  if (class_count < 1 || class_count > MAX_CLASSES) {
    return ms_fail(context, MS_ERR_ARGUMENT, "a task of %zu classes, 1 to %d are possible",
                   class_count, MAX_CLASSES);
  }
  size_t value_count = class_count * trainer->shape.feature_count;
  MS_TRY(ms_check_finite(context, prototypes, value_count, "prototype value"));
  MS_TRY(ms_check_finite(context, spreads, value_count, "spread"));
  MS_TRY(check_targets(trainer, targets, weight));
  if (trainer->task_count == MS_TRAINER_MAX_TASKS) {
    return ms_fail(context, MS_ERR_LIMIT, "a trainer holds at most %d tasks", MS_TRAINER_MAX_TASKS);
  }
  if (trainer->task_count == trainer->room) {
    MS_TRY(grow(trainer));
  }
  ms_training_task task = {.weight = weight};
  task.tokens.class_count = class_count;
  task.tokens.feature_count = trainer->shape.feature_count;
  task.tokens.landmark_count = trainer->shape.landmark_count;
  ms_status status = copy_task(trainer, prototypes, spreads, targets, &task);
  if (status != MS_OK) {
    release_task(context, &task);
    return status;
  }
  trainer->tasks[trainer->task_count] = task;
  trainer->task_count++;
  trainer->fitted = false;
  return MS_OK;
}

static bool is_any_weight(const ms_trainer *trainer) {
  bool any = false;
  for (size_t t = 0; t < trainer->task_count; t++) {
    any = any || trainer->tasks[t].weight > 0;
  }
  return any;
}

static bool is_all_finite(const double *values, size_t count) {
  bool finite = true;
  for (size_t i = 0; i < count; i++) {
    finite = finite && isfinite(values[i]);
  }
  return finite;
}

static size_t parameter_count(const ms_trainer *trainer) {
  size_t row_count = ms_row_width(trainer->shape.feature_count);
  return (size_t)(trainer->attention.rows - trainer->attention.block) +
         row_count * trainer->shape.width;
}

ms_status ms_trainer_fit(ms_trainer *trainer) {
  ms_context *context = trainer->context;
  trainer->fitted = false;
  if (!is_any_weight(trainer)) {
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
  memset(trainer->optimiser.first, 0, count * sizeof *trainer->optimiser.first);
  memset(trainer->optimiser.second, 0, count * sizeof *trainer->optimiser.second);
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

/* What the attention and the recalled tasks say together; pass as ms_attention_score leaves it. */
static void score_projected(const ms_trainer *trainer, const double *queries,
                            const ms_projected_task *projected, ms_attention_pass *pass) {
  ms_attention_score(&trainer->attention, queries, projected, pass);
  ms_recall_add(&trainer->recall, projected->summary + trainer->shape.feature_count, pass->scores);
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
  MS_TRY(ms_attention_project(context, &trainer->attention, &trainer->scale, &task->tokens, dropout,
                              &projected));
  MS_TRY(ms_attention_make_pass(context, model_count, projected.row_count, &pass));
  MS_TRY(MS_SCRATCH(context, model_count, &slopes));
  score_projected(trainer, queries, &projected, &pass);
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

/* Weights are relative to their mean over all tasks, so that they do not change the step's size. */
static double mean_weight(const ms_trainer *trainer) {
  double sum = 0;
  for (size_t t = 0; t < trainer->task_count; t++) {
    sum += trainer->tasks[t].weight;
  }
  return sum / (double)trainer->task_count;
}

static ms_status find_gradient(ms_trainer *trainer, double *loss) {
  ms_context *context = trainer->context;
  size_t count = trainer->shape.model_count * trainer->shape.width;
  size_t batch = (size_t)trainer->options[MS_TRAINER_BATCH];
  batch = batch < trainer->task_count ? batch : trainer->task_count;
  double *queries = NULL;      /* [M][d] */
  double *query_slopes = NULL; /* [M][d] */
  MS_TRY(MS_SCRATCH(context, count, &queries));
  MS_TRY(MS_SCRATCH(context, count, &query_slopes));
  memset(query_slopes, 0, count * sizeof *query_slopes);
  memset(trainer->gradient.block, 0, parameter_count(trainer) * sizeof(double));
  ms_attention_query(&trainer->attention, queries);
  double unit = mean_weight(trainer) * (double)batch;
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
                   "the trainer has not been fitted since its last task was added");
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
  if (!isfinite(found) || !is_all_finite(trainer->gradient.block, parameter_count(trainer))) {
    return ms_fail(trainer->context, MS_ERR_DATA,
                   "the loss or its gradient is not finite, the learning rate may be too large");
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
  MS_TRY(ms_attention_project(context, &trainer->attention, &trainer->scale, &task->tokens, NULL,
                              &projected));
  MS_TRY(ms_attention_make_pass(context, trainer->shape.model_count, projected.row_count, &pass));
  score_projected(trainer, queries, &projected, &pass);
  for (size_t m = 0; m < trainer->shape.model_count; m++) {
    scores[m] = (float)pass.scores[m];
  }
  return MS_OK;
}

ms_status ms_trainer_score(ms_trainer *trainer, size_t task, float *scores, size_t count) {
  MS_TRY(check_fitted(trainer));
  if (task >= trainer->task_count || count < trainer->shape.model_count) {
    return ms_fail(trainer->context, MS_ERR_ARGUMENT, "task %zu of %zu, room for %zu scores of %zu",
                   task, trainer->task_count, count, trainer->shape.model_count);
  }
  ms_arena_mark mark = ms_arena_get_mark(trainer->context);
  ms_status status = score_task(trainer, &trainer->tasks[task], scores);
  ms_arena_drop(trainer->context, mark);
  return status;
}

ms_status ms_trainer_save(ms_trainer *trainer, const char *const *model_ids,
                          const char *encoder_hash, void *bytes, size_t room, size_t *size) {
  MS_TRY(check_fitted(trainer));
  const ms_scorer_parts parts = {
      .attention = &trainer->attention,
      .scale = &trainer->scale,
      .certainty = trainer->certainty.block == NULL ? NULL : &trainer->certainty,
      .recall = trainer->recall.block == NULL ? NULL : &trainer->recall,
      .blocks = trainer->blocks,
      .block_values = trainer->block_values,
      .model_ids = model_ids,
      .encoder_hash = encoder_hash,
  };
  ms_arena_mark mark = ms_arena_get_mark(trainer->context);
  ms_status status = ms_scorer_write(trainer->context, &parts, bytes, room, size);
  ms_arena_drop(trainer->context, mark);
  return status;
}
