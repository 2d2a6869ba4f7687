/* Ridge regression of many targets at once, kept to a low rank: the scorer's start. */
#ifndef MS_SCORER_RIDGE_H
#define MS_SCORER_RIDGE_H

#include "core/context.h"

typedef struct ms_ridge_problem {
  size_t task_count;         /* T */
  size_t model_count;        /* M */
  size_t descriptor_count;   /* P */
  const double *descriptors; /* [T][P], each row times the root of its weight */
  const double *targets;     /* [M][T], each column times the root of its weight */
  double strength;           /* λ, positive */
  const double *kernel;      /* [T][T], weighted as they are, for what no map can say, or NULL */
} ms_ridge_problem;

/* A map of rank K: predicted target m = Σ_k readout[m][k] (descriptor · map[·][k]). */
typedef struct ms_low_rank_map {
  size_t rank;     /* K, at most min(wanted, M, T); less where the problem has less */
  double *readout; /* [M][K], orthonormal columns */
  double *map;     /* [P][K] */
  double *sizes;   /* [K], root of the sum over tasks of the squared predictions of part k */
  double *dual;    /* [M][T], what the kernel is multiplied by */
} ms_low_rank_map;

/*
 * Eigenvectors of a symmetric matrix a [order][order], which is destroyed: row k of directions
 * [order][order] for the k-th largest of values [order]. Fails as ms_eigen_project.
 */
MS_CHECK_RESULT ms_status ms_find_directions(ms_context *context, double *a, size_t order,
                                             double *values, double *directions);
/*
 * Minimises Σ_t |target - prediction|² + λ P |B|² over maps B [M][P], through its dual, then keeps
 * the rank directions of the M targets that carry most of the fit, which is the best map of that
 * rank for the same objective. With rank at least M it is the ridge solution itself. With a kernel,
 * predictions gain dual · kernel, the objective that part's norm; of that nothing is dropped.
 *
 * Costs T² P / 2 + T³ / 6 + O(T² M + M³). Takes scratch memory, in which the map stays; T² must be
 * a size.
 * Fails with MS_ERR_MEMORY, or MS_ERR_DATA where rounding makes the system singular.
 */
MS_CHECK_RESULT ms_status ms_ridge_fit(ms_context *context, const ms_ridge_problem *problem,
                                       size_t rank, ms_low_rank_map *map);

#endif
