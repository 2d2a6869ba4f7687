/* Eigenvectors of symmetric matrices, with all of them asked for. */
#ifndef MS_SCORER_DIRECTIONS_H
#define MS_SCORER_DIRECTIONS_H

#include "core/context.h"

/*
 * Eigenvectors of a symmetric matrix a [order][order], which is destroyed: row k of directions
 * [order][order] for the k-th largest of values [order]. Fails as ms_eigen_project.
 */
MS_CHECK_RESULT ms_status ms_find_directions(ms_context *context, double *a, size_t order,
                                             double *values, double *directions);

#endif
