/*
 * Where training starts: the scale of the raw tokens, the prior of each model, and the ridge
 * regression of what the prior leaves, written into the attention scorer's parameters and, its
 * kernel's part, into what is recalled. Steps from there are trainer.c's work.
 */
#include <math.h>
#include <string.h>

#include "scorer/directions.h"
#include "scorer/number.h"
#include "scorer/trainer.h"
#include "transfer/linalg.h"

enum { PRIOR_ROUNDS = 100 };

/* Directions below this share of the largest are rounding. */
static const double LEAST_SHARE = 1e-12;

/* A value whose deviation is below this share of its size does not change but by rounding. */
static const double LEAST_DEVIATION = 1e-6;

/* Uniform with mean 0 and variance 1: no library function, so the same bits everywhere. */
static double draw(ms_random *random) {
  return (ms_random_uniform(random) - 0.5) * 3.4641016151377544;
}

static size_t descriptor_width(const ms_attention_shape *shape) {
  return ms_row_width(shape->feature_count) +
         ms_summary_width(shape->feature_count, shape->landmark_count);
}

/* descriptor [3 D + 1 + L]: the mean of the class rows, then the summary row; raw. */
static void describe(const ms_tokens *tokens, double *descriptor) {
  size_t row_width = ms_row_width(tokens->feature_count);
  size_t summary_width = ms_summary_width(tokens->feature_count, tokens->landmark_count);
  memset(descriptor, 0, row_width * sizeof *descriptor);
  for (size_t c = 0; c < tokens->class_count; c++) {
    for (size_t j = 0; j < row_width; j++) {
      descriptor[j] += tokens->rows[c * row_width + j] / (double)tokens->class_count;
    }
  }
  for (size_t j = 0; j < summary_width; j++) {
    descriptor[row_width + j] = tokens->summary[j];
  }
}

/*
 * The weighted mean of one number of the descriptor over the tasks that have it, 0 where none has,
 * and 1 / deviation; 0 where that is only rounding.
 */
static double find_moments(const ms_trainer *trainer, const double *descriptors, size_t width,
                           size_t number, double *factor) {
  double total = 0;
  double sum = 0;
  double squares = 0;
  for (size_t t = 0; t < trainer->task_count; t++) {
    double value = descriptors[t * width + number];
    double weight = trainer->tasks[t].weight;
    if (!ms_is_missing(value)) {
      total += weight;
      sum += weight * value;
    }
  }
  double mean = total > 0 ? sum / total : 0;
  for (size_t t = 0; t < trainer->task_count; t++) {
    double distance = descriptors[t * width + number] - mean;
    if (!ms_is_missing(distance)) {
      squares += trainer->tasks[t].weight * distance * distance;
    }
  }
  /* NaN, which is not above anything, where none has. */
  double deviation = sqrt(squares / total);
  *factor = deviation > LEAST_DEVIATION * fabs(mean) ? 1 / deviation : 0;
  return mean;
}

/* What the standardised landmarks and the number of classes are multiplied by. */
static double find_landmark_factor(const ms_trainer *trainer) {
  double share = trainer->options[MS_TRAINER_IMAGE_SHARE];
  return sqrt((1 - share) * (double)descriptor_width(&trainer->shape) /
              (double)(trainer->shape.landmark_count + 1));
}

/*
 * The scale brings each number of the descriptor, not of the single rows, to mean 0 and deviation
 * 1 over the tasks: the start sees the descriptor only. Where there are landmarks, these with the
 * number of classes and the thousands of numbers that the images give are two parties, whose
 * weights together, not number by number, are what the options say.
 */
static void find_scale(ms_trainer *trainer, const double *descriptors) {
  size_t width = descriptor_width(&trainer->shape);
  size_t landmarks = trainer->shape.landmark_count + 1;
  double share = trainer->options[MS_TRAINER_IMAGE_SHARE];
  double image_factor = sqrt(share * (double)width / (double)(width - landmarks));
  double landmark_factor = find_landmark_factor(trainer);
  double *shift = trainer->scale_block;
  double *factor = trainer->scale_block + width;
  for (size_t j = 0; j < width; j++) {
    shift[j] = find_moments(trainer, descriptors, width, j, &factor[j]);
    if (trainer->shape.landmark_count > 0) {
      factor[j] *= j < width - landmarks ? image_factor : landmark_factor;
    }
  }
}

/* levels [T]: each task's mean target over the models that it has, less their priors. */
static void find_levels(const ms_trainer *trainer, double *levels) {
  for (size_t t = 0; t < trainer->task_count; t++) {
    double sum = 0;
    double count = 0;
    for (size_t m = 0; m < trainer->shape.model_count; m++) {
      float target = trainer->tasks[t].targets[m];
      if (!ms_is_missing(target)) {
        sum += target - trainer->attention.prior[m];
        count++;
      }
    }
    levels[t] = sum / count;
  }
}

/* Priors given the levels: means over tasks, shrunk, then centred. */
static void find_priors(ms_trainer *trainer, const double *levels) {
  double *prior = trainer->attention.prior;
  double shrink = trainer->options[MS_TRAINER_PRIOR_SHRINK] * ms_trainer_weight(trainer) /
                  (double)trainer->task_count;
  double mean = 0;
  for (size_t m = 0; m < trainer->shape.model_count; m++) {
    double sum = 0;
    double weight = shrink;
    for (size_t t = 0; t < trainer->task_count; t++) {
      float target = trainer->tasks[t].targets[m];
      if (!ms_is_missing(target)) {
        sum += trainer->tasks[t].weight * (target - levels[t]);
        weight += trainer->tasks[t].weight;
      }
    }
    prior[m] = weight > 0 ? sum / weight : 0;
    mean += prior[m] / (double)trainer->shape.model_count;
  }
  for (size_t m = 0; m < trainer->shape.model_count; m++) {
    prior[m] -= mean;
  }
}

/* Levels [T] and priors are solved in turn, which ends at once where no target is missing. */
static void solve_priors(ms_trainer *trainer, double *levels) {
  memset(trainer->attention.prior, 0,
         trainer->shape.model_count * sizeof *trainer->attention.prior);
  find_levels(trainer, levels);
  for (int round = 0; round < PRIOR_ROUNDS; round++) {
    find_priors(trainer, levels);
    find_levels(trainer, levels);
  }
}

/*
 * Each task's descriptor, standardised, and residuals [M][T], target - level - prior, times the
 * root of its weight; what is missing leaves 0.
 */
static void weigh(const ms_trainer *trainer, const double *levels, double *descriptors,
                  double *residuals) {
  size_t width = descriptor_width(&trainer->shape);
  const double *shift = trainer->scale_block;
  const double *factor = trainer->scale_block + width;
  for (size_t t = 0; t < trainer->task_count; t++) {
    const ms_training_task *task = &trainer->tasks[t];
    double root = sqrt(task->weight);
    for (size_t j = 0; j < width; j++) {
      double *value = &descriptors[t * width + j];
      *value = ms_is_missing(*value) ? 0 : (*value - shift[j]) * factor[j] * root;
    }
    for (size_t m = 0; m < trainer->shape.model_count; m++) {
      double residual = task->targets[m] - levels[t] - trainer->attention.prior[m];
      residuals[m * trainer->task_count + t] =
          ms_is_missing(task->targets[m]) ? 0 : residual * root;
    }
  }
}

/*
 * Reduced-rank ridge regression in the dual: with G the descriptors and R the targets, both
 * weighted, and K the kernel, A = (G Gᵀ / P + K + λ)⁻¹ R and B = Gᵀ A / P. The directions kept are
 * the leading eigenvectors of Rᵀ (R - λ A), the part of the targets that the ridge explains.
 */
typedef struct ridge_problem {
  size_t task_count;         /* T */
  size_t model_count;        /* M */
  size_t descriptor_count;   /* P */
  const double *descriptors; /* [T][P], each row times the root of its weight */
  const double *targets;     /* [M][T], each column times the root of its weight */
  double strength;           /* λ, positive */
} ridge_problem;

/* A map of rank K: predicted target m = Σ_k directions[k][m] (descriptor · map[·][k]) / P. */
typedef struct low_rank_map {
  size_t rank;        /* K, at most min(wanted, M, T); less where the problem has less */
  double *directions; /* [M][M], the first K orthonormal rows count */
  double *map;        /* [P][K] */
  double *sizes;      /* [K], root of the sum over tasks of the squared predictions of part k */
  double *dual;       /* [M][T], what the kernel is multiplied by */
} low_rank_map;

/* The kernel of two tasks to recall, weighted, for what no map can say; 0 where none is recalled.
 */
static double recall_kernel(const ms_trainer *trainer, size_t a, size_t b) {
  const ms_recall *recall = &trainer->recall;
  if (recall->task_count == 0) {
    return 0;
  }
  double weight = sqrt(trainer->tasks[a].weight * trainer->tasks[b].weight);
  return trainer->options[MS_TRAINER_RECALL] * weight *
         ms_recall_nearness(*recall->reach, recall->tasks + a * recall->number_count,
                            recall->tasks + b * recall->number_count, recall->number_count);
}

/* dual [M][T] = targets (G Gᵀ / P + K + λ)⁻¹ */
static ms_status solve_dual(const ms_trainer *trainer, const ridge_problem *problem, double *dual) {
  size_t task_count = problem->task_count;
  double *gram = NULL; /* [T][T] */
  MS_TRY(MS_SCRATCH(trainer->context, task_count * task_count, &gram));
  ms_gram(ms_matrix_make((double *)problem->descriptors, task_count, problem->descriptor_count),
          gram);
  for (size_t t = 0; t < task_count; t++) {
    for (size_t other = 0; other < task_count; other++) {
      double *value = &gram[t * task_count + other];
      *value = *value / (double)problem->descriptor_count + recall_kernel(trainer, t, other) +
               (t == other ? problem->strength : 0);
    }
  }
  if (!ms_cholesky(gram, task_count)) {
    return ms_fail(trainer->context, MS_ERR_DATA, "the ridge of %g is too small for %zu tasks",
                   problem->strength, task_count);
  }
  memcpy(dual, problem->targets, problem->model_count * task_count * sizeof *dual);
  ms_solve(gram, task_count, dual, problem->model_count);
  return MS_OK;
}

/* explained [M][M] += targets fitsᵀ, made symmetric */
static void explain(const ridge_problem *problem, const double *fits, double *explained) {
  size_t count = problem->model_count;
  ms_multiply_add_whole(problem->targets, fits, count, problem->task_count, count, MS_TURNED_B,
                        explained);
  for (size_t m = 0; m < count; m++) {
    for (size_t other = 0; other < m; other++) {
      double mean = (explained[m * count + other] + explained[other * count + m]) / 2;
      explained[m * count + other] = mean;
      explained[other * count + m] = mean;
    }
  }
}

/* The map of the directions kept, in map's zeroed memory; mixed is scratch, [2][K][T] of zeros. */
static void fill_map(const ridge_problem *problem, const double *fits, double *mixed,
                     low_rank_map *map) {
  size_t rank = map->rank;
  size_t task_count = problem->task_count;
  size_t model_count = problem->model_count;
  double *mixed_dual = mixed + rank * task_count;
  ms_multiply_add_whole(map->directions, fits, rank, model_count, task_count, MS_AS_THEY_ARE,
                        mixed);
  ms_multiply_add_whole(map->directions, map->dual, rank, model_count, task_count, MS_AS_THEY_ARE,
                        mixed_dual);
  for (size_t k = 0; k < rank; k++) {
    const double *row = mixed + k * task_count;
    map->sizes[k] = sqrt(ms_dot(row, row, task_count));
  }
  ms_multiply_add_whole(problem->descriptors, mixed_dual, problem->descriptor_count, task_count,
                        rank, MS_TURNED_A | MS_TURNED_B, map->map);
}

/*
 * Minimises Σ_t |target - prediction|² + λ P |B|² over maps B [M][P], through its dual, then keeps
 * as many directions of the M targets as a token has numbers, those that carry most of the fit,
 * which is the best map of that rank for the same objective. With M directions it is the ridge
 * solution itself. With a kernel, predictions gain dual · kernel, the objective that part's norm;
 * of that nothing is dropped.
 *
 * Costs T² P / 2 + T³ / 6 + O(T² M + M³). Takes scratch memory, in which the map stays; T² must be
 * a size.
 * Fails with MS_ERR_MEMORY, or MS_ERR_DATA where rounding makes the system singular.
 */
static ms_status fit_ridge(const ms_trainer *trainer, const ridge_problem *problem,
                           low_rank_map *map) {
  size_t model_count = problem->model_count;
  size_t pair_count = model_count * problem->task_count;
  size_t most = trainer->shape.width < model_count ? trainer->shape.width : model_count;
  /* A size: the targets are in memory, and the trainer limits the other numbers. */
  size_t size =
      4 * pair_count + (2 * model_count + 1) * model_count + (problem->descriptor_count + 1) * most;
  double *dual = NULL; /* [M][T] */
  MS_TRY(MS_SCRATCH(trainer->context, size, &dual));
  memset(dual, 0, size * sizeof *dual);
  double *fits = dual + pair_count;                           /* [M][T] */
  double *mixed = fits + pair_count;                          /* [2][M][T] */
  double *directions = mixed + 2 * pair_count;                /* [M][M] */
  double *explained = directions + model_count * model_count; /* [M][M] */
  double *shares = explained + model_count * model_count;     /* [M] */
  *map = (low_rank_map){.dual = dual, .directions = directions, .map = shares + model_count};
  map->sizes = map->map + problem->descriptor_count * most;
  MS_TRY(solve_dual(trainer, problem, dual));
  /* The predictions on the tasks themselves. */
  for (size_t i = 0; i < pair_count; i++) {
    fits[i] = problem->targets[i] - problem->strength * dual[i];
  }
  explain(problem, fits, explained);
  MS_TRY(ms_find_directions(trainer->context, explained, model_count, shares, directions));
  while (map->rank < most && shares[map->rank] > LEAST_SHARE * shares[0]) {
    map->rank++;
  }
  fill_map(problem, fits, mixed, map);
  return MS_OK;
}

/*
 * With Wq = 0 a model attends to half of the summary row and half of the mean class row, so
 * θ·o / √d is the map's prediction where U = 2 map / size and θ = √d readout size, size being the
 * deviation of the map's output over tasks. Directions beyond the map's rank start as random
 * projections that no model's token looks at yet.
 */
static void write_map(ms_trainer *trainer, const low_rank_map *map) {
  ms_attention *attention = &trainer->attention;
  size_t width = attention->shape.width;
  size_t row_width = ms_row_width(attention->shape.feature_count);
  size_t descriptor_count = descriptor_width(&attention->shape);
  double root = sqrt((double)width);
  double spare = 2 / sqrt((double)descriptor_count);
  double tasks_root = sqrt(ms_trainer_weight(trainer));
  for (size_t i = 0; i < descriptor_count; i++) {
    double *to =
        i < row_width ? attention->rows + i * width : attention->summary + (i - row_width) * width;
    for (size_t k = 0; k < width; k++) {
      to[k] = k < map->rank ? 2 * (map->map[i * map->rank + k] / (double)descriptor_count) *
                                  tasks_root / map->sizes[k]
                            : spare * draw(&trainer->random);
    }
  }
  for (size_t i = 0; i < width * width; i++) {
    attention->query[i] = 0;
    attention->key[i] = draw(&trainer->random) / root;
    attention->value[i] = i % (width + 1) == 0 ? 1 : 0;
  }
  for (size_t m = 0; m < attention->shape.model_count; m++) {
    for (size_t k = 0; k < width; k++) {
      attention->tokens[m * width + k] =
          k < map->rank ? root * map->directions[k * attention->shape.model_count + m] *
                              map->sizes[k] / tasks_root
                        : 0;
    }
  }
}

/* Places the tasks to recall; none where there are no landmarks to know them by. */
static ms_status place_tasks(ms_trainer *trainer) {
  ms_context *context = trainer->context;
  size_t task_count = trainer->task_count;
  size_t number_count = 1 + trainer->shape.landmark_count;
  size_t feature_count = trainer->shape.feature_count;
  double factor = find_landmark_factor(trainer);
  double *block = NULL;
  if (trainer->options[MS_TRAINER_RECALL] == 0 || number_count == 1 || factor == 0) {
    return MS_OK;
  }
  MS_TRY(MS_NEW(context, 1 + task_count * (number_count + trainer->shape.model_count), &block));
  ms_recall_bind(&trainer->recall, task_count, number_count, trainer->shape.model_count, block);
  *trainer->recall.reach =
      trainer->options[MS_TRAINER_REACH] / (factor * factor * (double)number_count);
  for (size_t t = 0; t < task_count; t++) {
    ms_tokens_standardise(trainer->tasks[t].tokens.summary + feature_count,
                          trainer->scale.summary_shift + feature_count,
                          trainer->scale.summary_factor + feature_count, number_count,
                          trainer->recall.tasks + t * number_count);
  }
  return MS_OK;
}

static void write_recall(ms_trainer *trainer, const low_rank_map *map) {
  ms_recall *recall = &trainer->recall;
  for (size_t t = 0; t < recall->task_count; t++) {
    double factor = trainer->options[MS_TRAINER_RECALL] * sqrt(trainer->tasks[t].weight);
    for (size_t m = 0; m < recall->model_count; m++) {
      recall->values[t * recall->model_count + m] = factor * map->dual[m * recall->task_count + t];
    }
  }
}

ms_status ms_trainer_start(ms_trainer *trainer) {
  ms_context *context = trainer->context;
  size_t task_count = trainer->task_count;
  size_t model_count = trainer->shape.model_count;
  size_t width = descriptor_width(&trainer->shape);
  size_t size = 0;
  /* No product of task_count is larger below, nor in the ridge. */
  if (!ms_size_mul(task_count, width + model_count + task_count, &size)) {
    return ms_fail(context, MS_ERR_MEMORY, "no memory for %zu tasks", task_count);
  }
  double *descriptors = NULL; /* [T][3 D + 1 + L] */
  MS_TRY(MS_SCRATCH(context, task_count * (width + model_count + 1), &descriptors));
  double *residuals = descriptors + task_count * width;  /* [M][T] */
  double *levels = residuals + task_count * model_count; /* [T] */
  for (size_t t = 0; t < task_count; t++) {
    describe(&trainer->tasks[t].tokens, descriptors + t * width);
  }
  find_scale(trainer, descriptors);
  solve_priors(trainer, levels);
  weigh(trainer, levels, descriptors, residuals);
  MS_TRY(place_tasks(trainer));
  const ridge_problem problem = {
      .task_count = task_count,
      .model_count = model_count,
      .descriptor_count = width,
      .descriptors = descriptors,
      .targets = residuals,
      .strength =
          trainer->options[MS_TRAINER_RIDGE] * ms_trainer_weight(trainer) / (double)task_count,
  };
  low_rank_map map;
  MS_TRY(fit_ridge(trainer, &problem, &map));
  write_map(trainer, &map);
  write_recall(trainer, &map);
  return MS_OK;
}
