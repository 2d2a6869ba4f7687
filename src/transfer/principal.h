/* Principal coordinates: features seen along the directions in which they vary most. */
#ifndef MS_TRANSFER_PRINCIPAL_H
#define MS_TRANSFER_PRINCIPAL_H

#include "core/context.h"

typedef struct ms_principal {
  size_t count;        /* rows */
  size_t width;        /* coordinates kept, each with a variance */
  double *coordinates; /* [count][width] */
  double *variances;   /* [width], mean squares, descending */
} ms_principal;

/*
 * The principal coordinates of x [count][dimension], whose columns have mean 0, in scratch memory;
 * their signs have no meaning. Directions with at most 1e-12 of the largest variance count as none.
 *
 * gram   of the smaller side of x (ms_thin_side), which is destroyed; NULL to have it made
 * share  keep coordinates until they hold this share of the variance; 1 for all
 * limit  keep at most so many
 *
 * With n = min(count, dimension) it costs count dimension n / 2 + n³ and up to 3/2 width n², and
 * 3 n² doubles of scratch that are dropped. Fails as ms_eigen_vectors does.
 */
MS_CHECK_RESULT ms_status ms_principal_make(ms_context *context, double *x, size_t count,
                                            size_t dimension, double *gram, double share,
                                            size_t limit, ms_principal *principal);

#endif
