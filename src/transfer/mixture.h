/* Gaussian mixtures with diagonal covariances, fitted without chance. */
#ifndef MS_TRANSFER_MIXTURE_H
#define MS_TRANSFER_MIXTURE_H

#include "core/context.h"

/*
 * Fits a mixture to x [count][width], whose columns have mean 0 and do not all vanish, and gives
 * what each component has of each row.
 *
 * It starts from clusters that are split one after the other: the one with the largest sum of
 * squares, at its mean, across the coordinate that varies most in it (Su and Dy 2007). At most 20
 * steps of k-means follow, and then at most 100 of expectation-maximisation, until the mean log
 * likelihood grows by less than 1e-3. Variances are at least 1e-3 of the mean variance of the
 * coordinates. Another order of the rows, or another sign of a coordinate, gives the same.
 *
 * component_count  1 … count; fewer are used where there are fewer distinct rows
 * posteriors       [count][component_count]; unused components have 0
 *
 * Costs 2 count component_count width a step of k-means and four times that one of the other.
 */
MS_CHECK_RESULT ms_status ms_mixture_fit(ms_context *context, double *x, size_t count, size_t width,
                                         size_t component_count, double *posteriors);

#endif
