/*
 * Reduced-rank ridge regression in the dual: with G the descriptors and R the targets, both
 * weighted, and K the kernel, A = (G Gᵀ / P + K + λ)⁻¹ R and B = Gᵀ A / P. The directions kept are
 * the leading eigenvectors of Rᵀ (R - λ A), the part of the targets that the ridge explains.
 * Linear algebra comes from the transfer module.
 */
#include "scorer/ridge.h"

#include <math.h>
#include <string.h>

#include "scorer/product.h"
#include "transfer/eigen.h"
#include "transfer/linalg.h"

/* Directions below this share of the largest are rounding. */
static const double LEAST_SHARE = 1e-12;

/* dual [M][T] = targets (G Gᵀ / P + K + λ)⁻¹ */
static ms_status solve_dual(ms_context *context, const ms_ridge_problem *problem, double *dual) {
  size_t task_count = problem->task_count;
  double *gram = NULL; /* [T][T] */
  MS_TRY(MS_SCRATCH(context, task_count * task_count, &gram));
  ms_gram(ms_matrix_make((double *)problem->descriptors, task_count, problem->descriptor_count),
          gram);
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

/* explained [M][M] += targets fitsᵀ, made symmetric */
static void explain(const ms_ridge_problem *problem, const double *fits, double *explained) {
  size_t count = problem->model_count;
  ms_add_product(problem->targets, fits, count, problem->task_count, count, MS_TURNED_B, explained);
  for (size_t m = 0; m < count; m++) {
    for (size_t other = 0; other < m; other++) {
      double mean = (explained[m * count + other] + explained[other * count + m]) / 2;
      explained[m * count + other] = mean;
      explained[other * count + m] = mean;
    }
  }
}

/* The map of the directions kept, in map's zeroed memory; mixed is scratch, [2][K][T] of zeros. */
static void fill_map(const ms_ridge_problem *problem, const double *fits, const double *directions,
                     double *mixed, ms_low_rank_map *map) {
  size_t rank = map->rank;
  size_t task_count = problem->task_count;
  size_t model_count = problem->model_count;
  size_t descriptor_count = problem->descriptor_count;
  double *mixed_dual = mixed + rank * task_count;
  ms_add_product(directions, fits, rank, model_count, task_count, MS_AS_THEY_ARE, mixed);
  ms_add_product(directions, map->dual, rank, model_count, task_count, MS_AS_THEY_ARE, mixed_dual);
  for (size_t k = 0; k < rank; k++) {
    const double *row = mixed + k * task_count;
    map->sizes[k] = sqrt(ms_dot(row, row, task_count));
    for (size_t m = 0; m < model_count; m++) {
      map->readout[m * rank + k] = directions[k * model_count + m];
    }
  }
  ms_add_product(problem->descriptors, mixed_dual, descriptor_count, task_count, rank,
                 MS_TURNED_A | MS_TURNED_B, map->map);
  for (size_t i = 0; i < descriptor_count * rank; i++) {
    map->map[i] /= (double)descriptor_count;
  }
}

ms_status ms_ridge_fit(ms_context *context, const ms_ridge_problem *problem, size_t rank,
                       ms_low_rank_map *map) {
  size_t model_count = problem->model_count;
  size_t pair_count = model_count * problem->task_count;
  size_t most = rank < model_count ? rank : model_count;
  /* A size: the targets are in memory, and the trainer limits the other numbers. */
  size_t size = 4 * pair_count + (2 * model_count + 1) * model_count +
                (model_count + problem->descriptor_count + 1) * most;
  double *dual = NULL; /* [M][T] */
  MS_TRY(MS_SCRATCH(context, size, &dual));
  memset(dual, 0, size * sizeof *dual);
  double *fits = dual + pair_count;                           /* [M][T] */
  double *mixed = fits + pair_count;                          /* [2][M][T] */
  double *directions = mixed + 2 * pair_count;                /* [M][M] */
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
