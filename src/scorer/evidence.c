/*
 * Fits the Gaussian model of posterior.h to held-out tasks. How far the covariance of the models'
 * errors is shrunk towards its diagonal is decided by how likely each task is under the others.
 */
#include "scorer/evidence.h"

#include <math.h>
#include <string.h>

#include "core/exact.h"
#include "scorer/directions.h"
#include "scorer/number.h"
#include "transfer/linalg.h"

enum { OFFSET_ROUNDS = 50, LEAST_TASKS = 3, MIX_STEPS = 20 };

/* Tasks without bias that each model's observation offset is shrunk by. */
static const double OFFSET_SHRINK = 2;
/* A model's error variance is at least this, (0.01 logits)². */
static const double LEAST_VARIANCE = 1e-4;

/* The sums over tasks of weight, weight × x and so on, x and y NaN being passed over. */
typedef struct weighted_sums {
  double count;
  double weight;
  double x;
  double y;
  double xx;
  double xy;
  double yy;
} weighted_sums;

static void add_point(weighted_sums *sums, double weight, double x, double y) {
  if (weight > 0 && !ms_is_missing(x + y)) {
    sums->count++;
    sums->weight += weight;
    sums->x += weight * x;
    sums->y += weight * y;
    sums->xx += weight * x * x;
    sums->xy += weight * x * y;
    sums->yy += weight * y * y;
  }
}

/* Turns sums into means and central moments. */
static void centre(weighted_sums *sums) {
  sums->x /= sums->weight;
  sums->y /= sums->weight;
  sums->xx = sums->xx / sums->weight - sums->x * sums->x;
  sums->xy = sums->xy / sums->weight - sums->x * sums->y;
  sums->yy = fmax(0, sums->yy / sums->weight - sums->y * sums->y);
}

/* A squared deviation, and what its variance may be proportional to. */
typedef struct deviation {
  double weight;
  double square;
  double stretch;
} deviation;

/* Deviations, and their sums by weight. */
typedef struct deviations {
  deviation *list;
  size_t count;
  double weight;
  double squares;
  double stretches;
} deviations;

static void add_deviation(deviations *all, double weight, double square, double stretch) {
  all->list[all->count++] = (deviation){weight, square, stretch};
  all->weight += weight;
  all->squares += weight * square;
  all->stretches += weight * stretch;
}

/*
 * The most likely floor and slope of variance = floor + slope × stretch, slope at most a limit:
 * variances of size × (1 - mix + mix × stretch / mean stretch), with the most likely size of each
 * mix.
 *
 * variances  receives floor and slope
 */
static void fit_variances(const deviations *all, double most_slope, double variances[2]) {
  double stretch = all->stretches / all->weight;
  double best = -INFINITY;
  for (int step = 0; step < MIX_STEPS; step++) {
    double mix = (double)step / MIX_STEPS;
    double squares = 0;
    double logs = 0;
    for (size_t i = 0; i < all->count; i++) {
      const deviation *one = &all->list[i];
      double shape = 1 - mix + mix * one->stretch / stretch;
      squares += one->weight * one->square / shape;
      logs += one->weight * ms_log(shape);
    }
    double size = squares / all->weight;
    double likelihood = -logs - all->weight * ms_log(size + 1e-300);
    if (likelihood > best && size * mix <= most_slope * stretch) {
      best = likelihood;
      variances[0] = size * (1 - mix);
      variances[1] = size * mix / stretch;
    }
  }
}

/* What the certainty says of the tasks' levels, and errors [T][M]: what the level leaves. */
static void fit_levels(const ms_held_out_task *tasks, size_t task_count, double *errors,
                       ms_certainty *certainty) {
  size_t model_count = certainty->model_count;
  weighted_sums alone = {0};
  weighted_sums joint = {0};
  for (size_t t = 0; t < task_count; t++) {
    double level = 0;
    for (size_t m = 0; m < model_count; m++) {
      level += tasks[t].errors[m] / (double)model_count;
    }
    for (size_t m = 0; m < model_count; m++) {
      errors[t * model_count + m] = tasks[t].errors[m] - level;
    }
    add_point(&alone, tasks[t].weight, 0, level);
    add_point(&joint, tasks[t].weight, tasks[t].encoder, level);
  }
  centre(&alone);
  double *numbers = certainty->numbers;
  numbers[MS_LEVEL_MEAN] = alone.y;
  numbers[MS_LEVEL_VARIANCE] = alone.yy * alone.count / (alone.count - 1);
  numbers[MS_ENCODER_INTERCEPT] = alone.y;
  numbers[MS_ENCODER_SLOPE] = 0;
  numbers[MS_ENCODER_VARIANCE] = numbers[MS_LEVEL_VARIANCE];
  if (joint.count > LEAST_TASKS) {
    centre(&joint);
    if (joint.xx > 0) {
      double slope = joint.xy / joint.xx;
      numbers[MS_ENCODER_SLOPE] = slope;
      numbers[MS_ENCODER_INTERCEPT] = joint.y - slope * joint.x;
      numbers[MS_ENCODER_VARIANCE] =
          fmax(0, joint.yy - slope * joint.xy) * joint.count / (joint.count - 2);
    }
  }
}

/* How errors grow with the stretch of the task's logits. */
static ms_status fit_error_scale(ms_context *context, const ms_held_out_task *tasks,
                                 size_t task_count, const double *errors, ms_certainty *certainty) {
  size_t model_count = certainty->model_count;
  double models = (double)model_count;
  double *variances = &certainty->numbers[MS_ERROR_FLOOR]; /* and MS_ERROR_SLOPE */
  deviations all = {0};
  MS_TRY(MS_SCRATCH(context, task_count, &all.list));
  variances[0] = 1;
  variances[1] = 0;
  for (size_t t = 0; t < task_count; t++) {
    const double *row = errors + t * model_count;
    if (!ms_is_missing(tasks[t].encoder) && tasks[t].weight > 0) {
      add_deviation(&all, tasks[t].weight * models, ms_dot(row, row, model_count) / models,
                    ms_logit_stretch(tasks[t].encoder));
    }
  }
  double size = all.squares / all.weight;
  if (all.count > LEAST_TASKS && size > 0) {
    fit_variances(&all, INFINITY, variances);
    variances[0] /= size;
    variances[1] /= size;
  }
  return MS_OK;
}

/*
 * Divides errors by their scale; moments [M][M]: the weighted sum of products of errors [T][M].
 * Gives the tasks' weight.
 */
static double find_moments(const ms_held_out_task *tasks, size_t task_count,
                           const ms_certainty *certainty, double *errors, double *moments) {
  size_t model_count = certainty->model_count;
  double total = 0;
  memset(moments, 0, model_count * model_count * sizeof *moments);
  for (size_t t = 0; t < task_count; t++) {
    const ms_held_out_task *task = &tasks[t];
    double *row = errors + t * model_count;
    double scale = ms_is_missing(task->encoder) ? 1 : ms_error_scale(certainty, task->encoder);
    for (size_t m = 0; m < model_count; m++) {
      row[m] /= sqrt(scale);
    }
    for (size_t m = 0; m < model_count; m++) {
      for (size_t other = 0; other < model_count; other++) {
        moments[m * model_count + other] += task->weight * row[m] * row[other];
      }
    }
    total += task->weight;
  }
  return total;
}

/* covariance [M][M]: moments less one task's, over the weight, shrunk towards the diagonal. */
static void shrink_moments(const double *moments, size_t model_count, const double *row,
                           double row_weight, double total, double shrink, double *covariance) {
  for (size_t m = 0; m < model_count; m++) {
    for (size_t other = 0; other < model_count; other++) {
      size_t i = m * model_count + other;
      double value = (moments[i] - row_weight * row[m] * row[other]) / (total - row_weight);
      covariance[i] = m == other ? fmax(value, 0) + LEAST_VARIANCE : (1 - shrink) * value;
    }
  }
}

/* The log-likelihood of each task's errors under the other tasks, summed by weight. */
static double judge_shrink(const ms_held_out_task *tasks, size_t task_count, size_t model_count,
                           const double *errors, const double *moments, double total, double shrink,
                           double *covariance, double *row) {
  double sum = 0;
  for (size_t t = 0; t < task_count; t++) {
    const double *error = errors + t * model_count;
    if (tasks[t].weight > 0) {
      shrink_moments(moments, model_count, error, tasks[t].weight, total, shrink, covariance);
      if (!ms_cholesky(covariance, model_count)) {
        return -INFINITY;
      }
      memcpy(row, error, model_count * sizeof *row);
      ms_solve_lower(covariance, model_count, row, 1);
      sum -= tasks[t].weight *
             (ms_dot(row, row, model_count) + ms_cholesky_log_det(covariance, model_count));
    }
  }
  return sum;
}

static double choose_shrink(const ms_held_out_task *tasks, size_t task_count, size_t model_count,
                            const double *errors, const double *moments, double total,
                            double *covariance, double *row) {
  double best = 1;
  double best_likelihood = -INFINITY;
  for (int step = 0; step <= 10; step++) {
    double shrink = step == 0 ? 0.05 : step / 10.0;
    double likelihood = judge_shrink(tasks, task_count, model_count, errors, moments, total, shrink,
                                     covariance, row);
    if (likelihood > best_likelihood) {
      best_likelihood = likelihood;
      best = shrink;
    }
  }
  return best;
}

/*
 * Leading eigenvectors of the shrunk covariance without its own diagonal, and what they leave.
 * values [M] and vectors [M][M] are scratch.
 */
static ms_status write_factors(ms_context *context, double *covariance, double shrink,
                               double *values, double *vectors, ms_certainty *certainty) {
  size_t model_count = certainty->model_count;
  for (size_t m = 0; m < model_count; m++) {
    double *own = &covariance[m * model_count + m];
    certainty->variances[m] = *own;
    *own = (1 - shrink) * *own;
  }
  MS_TRY(ms_find_directions(context, covariance, model_count, values, vectors));
  for (size_t k = 0; k < certainty->factor_count; k++) {
    double size = sqrt(fmax(0, values[k]));
    for (size_t m = 0; m < model_count; m++) {
      double part = size * vectors[k * model_count + m];
      certainty->factors[k * model_count + m] = part;
      certainty->variances[m] = fmax(0, certainty->variances[m] - part * part);
    }
  }
  return MS_OK;
}

static ms_status fit_errors(ms_context *context, const ms_held_out_task *tasks, size_t task_count,
                            ms_certainty *certainty) {
  size_t model_count = certainty->model_count;
  size_t pair_count = model_count * model_count;
  double *moments = NULL; /* [M][M] */
  MS_TRY(MS_SCRATCH(context, 2 * pair_count + (1 + task_count) * model_count, &moments));
  double *covariance = moments + pair_count; /* [M][M] */
  double *row = covariance + pair_count;     /* [M] */
  double *errors = row + model_count;        /* [T][M] */
  fit_levels(tasks, task_count, errors, certainty);
  MS_TRY(fit_error_scale(context, tasks, task_count, errors, certainty));
  double total = find_moments(tasks, task_count, certainty, errors, moments);
  double shrink =
      choose_shrink(tasks, task_count, model_count, errors, moments, total, covariance, row);
  shrink_moments(moments, model_count, errors, 0, total, shrink, covariance);
  return write_factors(context, covariance, shrink, row, moments, certainty);
}

/* A task's common offset: the mean of what its observed models show beyond theirs; NaN if none. */
static double find_common(const ms_held_out_task *task, const ms_certainty *certainty) {
  double sum = 0;
  double count = 0;
  for (size_t m = 0; m < certainty->model_count; m++) {
    if (!ms_is_missing(task->observed[m])) {
      sum += task->observed[m] - certainty->offsets[m];
      count++;
    }
  }
  return sum / count;
}

/* offsets [M]: the mean over all plus a shrunk one for each model; commons [T] given them. */
static void fit_offsets(const ms_held_out_task *tasks, size_t task_count, double mean,
                        double mean_weight, double *commons, ms_certainty *certainty) {
  for (size_t m = 0; m < certainty->model_count; m++) {
    certainty->offsets[m] = mean;
  }
  for (int round = 0; round < OFFSET_ROUNDS; round++) {
    for (size_t t = 0; t < task_count; t++) {
      commons[t] = find_common(&tasks[t], certainty);
    }
    for (size_t m = 0; m < certainty->model_count; m++) {
      double sum = 0;
      double weight = OFFSET_SHRINK * mean_weight;
      for (size_t t = 0; t < task_count; t++) {
        if (!ms_is_missing(tasks[t].observed[m])) {
          sum += tasks[t].weight * (tasks[t].observed[m] - commons[t] - mean);
          weight += tasks[t].weight;
        }
      }
      certainty->offsets[m] = mean + sum / weight;
    }
  }
}

/* Variances of the observations around the offsets. */
static ms_status fit_noise(ms_context *context, const ms_held_out_task *tasks, size_t task_count,
                           const double *commons, ms_certainty *certainty) {
  weighted_sums common = {0};
  deviations all = {0}; /* [T][M] at most */
  MS_TRY(MS_SCRATCH(context, task_count * certainty->model_count, &all.list));
  for (size_t t = 0; t < task_count; t++) {
    const ms_held_out_task *task = &tasks[t];
    add_point(&common, task->weight, 0, commons[t]);
    for (size_t m = 0; m < certainty->model_count; m++) {
      double rest = task->observed[m] - certainty->offsets[m] - commons[t];
      if (!ms_is_missing(rest) && task->weight > 0) {
        add_deviation(&all, task->weight, rest * rest, task->image_variances[m]);
      }
    }
  }
  double *variances = &certainty->numbers[MS_NOISE_VARIANCE]; /* and MS_IMAGE_SHARE */
  double models = all.weight / common.weight;                 /* in a task */
  /* A task's common offset has taken one degree of freedom. */
  double freedom = models / fmax(1, models - 1);
  /* The images' number explains no more than drawing them anew does, above all not on tasks of
   * fewer images than these. */
  fit_variances(&all, 1 / freedom, variances);
  variances[0] *= freedom;
  variances[1] *= freedom;
  centre(&common);
  certainty->numbers[MS_COMMON_VARIANCE] =
      fmax(0, common.yy - (variances[0] + variances[1] * all.stretches / all.weight) / models);
  return MS_OK;
}

static ms_status fit_observations(ms_context *context, const ms_held_out_task *tasks,
                                  size_t task_count, ms_certainty *certainty) {
  double *commons = NULL; /* [T] */
  MS_TRY(MS_SCRATCH(context, task_count, &commons));
  size_t observed_tasks = 0;
  double weight = 0; /* of all tasks */
  double observed_weight = 0;
  double sum = 0;
  for (size_t t = 0; t < task_count; t++) {
    bool any = false;
    for (size_t m = 0; m < certainty->model_count; m++) {
      double observed = tasks[t].observed[m];
      if (tasks[t].weight > 0 && !ms_is_missing(observed)) {
        any = true;
        observed_weight += tasks[t].weight;
        sum += tasks[t].weight * observed;
      }
    }
    observed_tasks += any ? 1 : 0;
    weight += tasks[t].weight;
  }
  if (observed_tasks < LEAST_TASKS) {
    return ms_fail(context, MS_ERR_DATA, "models were observed on %zu held-out tasks, %d at least",
                   observed_tasks, LEAST_TASKS);
  }
  fit_offsets(tasks, task_count, sum / observed_weight, weight / (double)task_count, commons,
              certainty);
  return fit_noise(context, tasks, task_count, commons, certainty);
}

size_t ms_certainty_factors(size_t model_count) {
  return model_count < MS_MAX_FACTORS ? model_count : MS_MAX_FACTORS;
}

ms_status ms_certainty_fit(ms_context *context, const ms_held_out_task *tasks, size_t task_count,
                           ms_certainty *certainty) {
  size_t counted = 0;
  for (size_t t = 0; t < task_count; t++) {
    counted += tasks[t].weight > 0 ? 1 : 0;
  }
  if (counted < LEAST_TASKS) {
    return ms_fail(context, MS_ERR_DATA, "%zu held-out tasks of a weight above 0, %d at least",
                   counted, LEAST_TASKS);
  }
  MS_TRY(fit_errors(context, tasks, task_count, certainty));
  return fit_observations(context, tasks, task_count, certainty);
}
