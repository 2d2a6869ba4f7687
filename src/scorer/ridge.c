/*
 * Reduced-rank ridge regression in the dual: with G the descriptors and R the targets, both
 * weighted, and K the kernel, A = (G Gᵀ / P + K + λ)⁻¹ R and B = Gᵀ A / P. The directions kept are
 * the leading eigenvectors of Rᵀ (R - λ A), the part of the targets that the ridge explains.
 * Linear algebra comes from the transfer module.
 */
#include "scorer/ridge.h"

#include <math.h>
#include <string.h>

#include "transfer/eigen.h"
#include "transfer/linalg.h"

/* Directions below this share of the largest are rounding. */
static const double LEAST_SHARE = 1e-12;

/* dual [M][T] = targets (G Gᵀ / P + K + λ)⁻¹ */
static ms_status solve_dual(ms_context *context, const ms_ridge_problem *problem, double *dual) {
  size_t task_count = problem->task_count;
  double *gram = NULL; /* [T][T] */
  size_t size = 0;
  if (!ms_size_mul(task_count, task_count, &size)) {
    return ms_fail(context, MS_ERR_MEMORY, "no memory for %zu tasks", task_count);
  }
  MS_TRY(MS_SCRATCH(context, size, &gram));
  ms_gram(ms_matrix_make((double *)problem->descriptors, task_count, problem->descriptor_count),
          gram);
  for (size_t i = 0; i < size; i++) {
    gram[i] = gram[i] / (double)problem->descriptor_count +
              (problem->kernel == NULL ? 0 : problem->kernel[i]);
  }
  for (size_t t = 0; t < task_count; t++) {
    gram[t * task_count + t] += problem->strength;
  }
  if (!ms_cholesky(gram, task_count)) {
    return ms_fail(context, MS_ERR_DATA, "the ridge of %g is too small for %zu tasks",
                   problem->strength, task_count);
  }
  memcpy(dual, problem->targets, problem->model_count * task_count * sizeof *dual);
  ms_solve_lower(gram, task_count, dual, problem->model_count);
  ms_solve_upper(gram, task_count, dual, problem->model_count);
  return MS_OK;
}

/* fits [M][T] = targets - λ dual, the predictions on the tasks themselves. */
static void find_fits(const ms_ridge_problem *problem, const double *dual, double *fits) {
  for (size_t i = 0; i < problem->model_count * problem->task_count; i++) {
    fits[i] = problem->targets[i] - problem->strength * dual[i];
  }
}

/* directions [M][M], row k the k-th direction, and their shares [M], largest first. */
static ms_status find_directions(ms_context *context, const ms_ridge_problem *problem,
                                 const double *fits, double *directions, double *shares) {
  size_t count = problem->model_count;
  double *explained = NULL; /* [M][M] */
  MS_TRY(MS_SCRATCH(context, count * count, &explained));
  ms_matrix targets = ms_matrix_make((double *)problem->targets, count, problem->task_count);
  ms_matrix turned =
      ms_matrix_transposed(ms_matrix_make((double *)fits, count, problem->task_count));
  ms_multiply(targets, turned, ms_matrix_make(explained, count, count));
  memset(directions, 0, count * count * sizeof *directions);
  for (size_t m = 0; m < count; m++) {
    directions[m * count + m] = 1;
    for (size_t other = 0; other < m; other++) {
      double mean = (explained[m * count + other] + explained[other * count + m]) / 2;
      explained[m * count + other] = mean;
      explained[other * count + m] = mean;
    }
  }
  return ms_eigen_project(context, explained, count, shares, directions, count);
}

/* The map of the directions kept, in map's memory. */
static ms_status fill_map(ms_context *context, const ms_ridge_problem *problem, const double *dual,
                          const double *fits, const double *directions, ms_low_rank_map *map) {
  size_t rank = map->rank;
  size_t task_count = problem->task_count;
  size_t model_count = problem->model_count;
  double *mixed = NULL; /* [K][T], directions of the dual, then of the fits */
  MS_TRY(MS_SCRATCH(context, rank * task_count, &mixed));
  ms_matrix kept = ms_matrix_make((double *)directions, rank, model_count);
  ms_matrix mixture = ms_matrix_make(mixed, rank, task_count);
  ms_multiply(kept, ms_matrix_make((double *)fits, model_count, task_count), mixture);
  for (size_t k = 0; k < rank; k++) {
    map->sizes[k] = sqrt(ms_dot(mixed + k * task_count, mixed + k * task_count, task_count));
    for (size_t m = 0; m < model_count; m++) {
      map->readout[m * rank + k] = directions[k * model_count + m];
    }
  }
  ms_multiply(kept, ms_matrix_make((double *)dual, model_count, task_count), mixture);
  ms_matrix descriptors =
      ms_matrix_make((double *)problem->descriptors, task_count, problem->descriptor_count);
  ms_multiply(ms_matrix_transposed(descriptors), ms_matrix_transposed(mixture),
              ms_matrix_make(map->map, problem->descriptor_count, rank));
  for (size_t i = 0; i < problem->descriptor_count * rank; i++) {
    map->map[i] /= (double)problem->descriptor_count;
  }
  return MS_OK;
}

ms_status ms_ridge_fit(ms_context *context, const ms_ridge_problem *problem, size_t rank,
                       ms_low_rank_map *map) {
  size_t model_count = problem->model_count;
  size_t pair_count = model_count * problem->task_count;
  size_t most = rank < model_count ? rank : model_count;
  *map = (ms_low_rank_map){.rank = 0};
  MS_TRY(MS_SCRATCH(context, model_count * most, &map->readout));
  MS_TRY(MS_SCRATCH(context, problem->descriptor_count * most, &map->map));
  MS_TRY(MS_SCRATCH(context, most, &map->sizes));
  double *dual = NULL;       /* [M][T] */
  double *fits = NULL;       /* [M][T] */
  double *directions = NULL; /* [M][M] */
  double *shares = NULL;     /* [M] */
  MS_TRY(MS_SCRATCH(context, pair_count, &dual));
  MS_TRY(MS_SCRATCH(context, pair_count, &fits));
  MS_TRY(MS_SCRATCH(context, model_count * model_count, &directions));
  MS_TRY(MS_SCRATCH(context, model_count, &shares));
  MS_TRY(solve_dual(context, problem, dual));
  map->dual = dual;
  find_fits(problem, dual, fits);
  MS_TRY(find_directions(context, problem, fits, directions, shares));
  while (map->rank < most && shares[map->rank] > LEAST_SHARE * shares[0]) {
    map->rank++;
  }
  return fill_map(context, problem, dual, fits, directions, map);
}
