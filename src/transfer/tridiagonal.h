/*
 * Eigenproblems of symmetric tridiagonal matrices, of norm about 1: diagonal [order], and beside
 * [order] where beside[i] is between i - 1 and i and beside[0] is not read.
 */
#ifndef MS_TRANSFER_TRIDIAGONAL_H
#define MS_TRANSFER_TRIDIAGONAL_H

#include "core/context.h"

/*
 * Makes the matrix diagonal by QR steps: diagonal receives the eigenvalues in no order, beside is
 * destroyed, and columns [order][count], rows stride apart, becomes Vᵀ columns, its row i for
 * eigenvalue i. Costs about 3 order² (1 + count). Fails with MS_ERR_DATA if it does not converge,
 * which finite numbers have not been seen to do.
 */
MS_CHECK_RESULT ms_status ms_tridiagonal_rotate(ms_context *context, size_t order, double *diagonal,
                                                double *beside, double *columns, size_t count,
                                                size_t stride);

/*
 * Eigenvalues and eigenvectors by divide and conquer: values [order] in descending order, and the
 * eigenvectors of the largest ones as rows [*count][order].
 *
 * share  below 1: eigenvectors until their values add up to this share of all of them
 * count  in: at most so many eigenvectors, and the room in rows; out: how many there are
 *
 * diagonal and beside are destroyed. Costs up to order³ / 3 + count order² / 2, scratch up to
 * 5 order² doubles, which are dropped. Fails as ms_tridiagonal_rotate does.
 */
MS_CHECK_RESULT ms_status ms_tridiagonal_divide(ms_context *context, size_t order, double *diagonal,
                                                double *beside, double share, size_t *count,
                                                double *values, double *rows);

#endif
