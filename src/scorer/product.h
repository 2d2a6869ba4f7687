/* Linear algebra of matrices without gaps, as the scorer needs it. */
#ifndef MS_SCORER_PRODUCT_H
#define MS_SCORER_PRODUCT_H

#include "core/context.h"

/* Which of the two lie there transposed: a as [depth][rows], b as [columns][depth]. */
enum { MS_AS_THEY_ARE = 0, MS_TURNED_A = 1, MS_TURNED_B = 2 };

/* y[rows][columns] += a[rows][depth] b[depth][columns] */
void ms_add_product(const double *a, const double *b, size_t rows, size_t depth, size_t columns,
                    unsigned turned, double *y);

/*
 * Eigenvectors of a symmetric matrix a [order][order], which is destroyed: row k of directions
 * [order][order] for the k-th largest of values [order]. Fails as ms_eigen_project.
 */
MS_CHECK_RESULT ms_status ms_find_directions(ms_context *context, double *a, size_t order,
                                             double *values, double *directions);

#endif
