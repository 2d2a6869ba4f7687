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

/* A matrix [rows][columns] that is only read: views have one kind of pointer. */
static ms_matrix view(const double *values, size_t rows, size_t columns) {
  return ms_matrix_make((double *)values, rows, columns);
}

/* dual [M][T] = targets (G Gᵀ / P + K + λ)⁻¹ */
static ms_status solve_dual(ms_context *context, const ms_ridge_problem *problem, double *dual) {
  size_t task_count = problem->task_count;
  double *gram = NULL; /* [T][T] */
  MS_TRY(MS_SCRATCH(context, task_count * task_count, &gram));
  ms_gram(view(problem->descriptors, task_count, problem->descriptor_count), gram);
  for (size_t i = 0; i < task_count * task_count; i++) {
    gram[i] = gram[i] / (double)problem->descriptor_count +
              (problem->kernel == NULL ? 0 : problem->kernel[i]) +
              (i % (task_count + 1) == 0 ? problem->strength : 0);
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

ms_status ms_find_directions(ms_context *context, double *a, size_t order, double *values,
                             double *directions) {
  for (size_t i = 0; i < order * order; i++) {
    directions[i] = i % (order + 1) == 0 ? 1 : 0;
  }
  return ms_eigen_project(context, a, order, values, directions, order);
}

/* explained [M][M] = targets fitsᵀ, made symmetric */
static void explain(const ms_ridge_problem *problem, const double *fits, double *explained) {
  size_t count = problem->model_count;
  ms_multiply(view(problem->targets, count, problem->task_count),
              ms_matrix_transposed(view(fits, count, problem->task_count)),
              view(explained, count, count));
  for (size_t m = 0; m < count; m++) {
    for (size_t other = 0; other < m; other++) {
      double mean = (explained[m * count + other] + explained[other * count + m]) / 2;
      explained[m * count + other] = mean;
      explained[other * count + m] = mean;
    }
  }
}

/* The map of the directions kept, in map's memory; mixed is scratch, [K][T]. */
static void fill_map(const ms_ridge_problem *problem, const double *fits, const double *directions,
                     double *mixed, ms_low_rank_map *map) {
  size_t rank = map->rank;
  size_t task_count = problem->task_count;
  size_t model_count = problem->model_count;
  size_t descriptor_count = problem->descriptor_count;
  ms_matrix kept = view(directions, rank, model_count);
  ms_matrix mixture = view(mixed, rank, task_count);
  ms_multiply(kept, view(fits, model_count, task_count), mixture);
  for (size_t k = 0; k < rank; k++) {
    map->sizes[k] = sqrt(ms_dot(mixed + k * task_count, mixed + k * task_count, task_count));
    for (size_t m = 0; m < model_count; m++) {
      map->readout[m * rank + k] = directions[k * model_count + m];
    }
  }
  ms_multiply(kept, view(map->dual, model_count, task_count), mixture);
  ms_multiply(ms_matrix_transposed(view(problem->descriptors, task_count, descriptor_count)),
              ms_matrix_transposed(mixture), view(map->map, descriptor_count, rank));
  for (size_t i = 0; i < descriptor_count * rank; i++) {
    map->map[i] /= (double)descriptor_count;
  }
}

ms_status ms_ridge_fit(ms_context *context, const ms_ridge_problem *problem, size_t rank,
                       ms_low_rank_map *map) {
  size_t model_count = problem->model_count;
  size_t pair_count = model_count * problem->task_count;
  size_t most = rank < model_count ? rank : model_count;
  double *dual = NULL; /* [M][T] */
  /* A size: the targets are in memory, and the trainer limits the other numbers. */
  MS_TRY(MS_SCRATCH(context,
                    3 * pair_count + (2 * model_count + 1) * model_count +
                        (model_count + problem->descriptor_count + 1) * most,
                    &dual));
  double *fits = dual + pair_count;                           /* [M][T] */
  double *mixed = fits + pair_count;                          /* [M][T] */
  double *directions = mixed + pair_count;                    /* [M][M] */
  double *explained = directions + model_count * model_count; /* [M][M] */
  double *shares = explained + model_count * model_count;     /* [M] */
  *map = (ms_low_rank_map){.dual = dual, .readout = shares + model_count};
  map->map = map->readout + model_count * most;
  map->sizes = map->map + problem->descriptor_count * most;
  MS_TRY(solve_dual(context, problem, dual));
  /* The predictions on the tasks themselves. */
  for (size_t i = 0; i < pair_count; i++) {
    fits[i] = problem->targets[i] - problem->strength * dual[i];
  }
  explain(problem, fits, explained);
  MS_TRY(ms_find_directions(context, explained, model_count, shares, directions));
  while (map->rank < most && shares[map->rank] > LEAST_SHARE * shares[0]) {
    map->rank++;
  }
  fill_map(problem, fits, directions, mixed, map);
  return MS_OK;
}
