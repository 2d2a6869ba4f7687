/* Eigenvalues and eigenvectors of symmetric matrices in double precision. */
#ifndef MS_TRANSFER_EIGEN_H
#define MS_TRANSFER_EIGEN_H

#include "core/context.h"

/*
 * The eigenvalues of a symmetric matrix, and what its eigenvectors see of given columns.
 *
 * a        [order][order], destroyed
 * values   [order], receives the eigenvalues in descending order
 * columns  [order][count], is overwritten with Vᵀ columns, row i for eigenvalue i; count may be 0
 *
 * Cheaper than the eigenvectors: 2/3 order³ + O(count order²) multiply-adds. Scratch:
 * about 32 (order + 2 count). Fails with MS_ERR_DATA if the iteration does not converge, which
 * finite numbers have not been seen to do.
 */
MS_CHECK_RESULT ms_status ms_eigen_project(ms_context *context, double *a, size_t order,
                                           double *values, double *columns, size_t count);

/*
 * All eigenvalues in descending order, and the eigenvectors of the largest ones: row i of vectors
 * [*count][order] belongs to values[i]. a [order][order] is destroyed.
 *
 * share  below 1: eigenvectors until their values add up to this share of all of them, which must
 *        not be negative; 1: as many as count says
 * count  in: at most so many eigenvectors, and the room in vectors; out: how many there are
 *
 * Costs about order³ and, for the eigenvectors, up to 3/2 count order². Fails as ms_eigen_project
 * does.
 */
MS_CHECK_RESULT ms_status ms_eigen_vectors(ms_context *context, double *a, size_t order,
                                           double share, size_t *count, double *values,
                                           double *vectors);

#endif
