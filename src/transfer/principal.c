/*
 * Principal coordinates from the smaller of both Gram matrices: x V for eigenvectors V of xᵀ x, or
 * the same as U S for eigenvectors U of x xᵀ.
 */
#include "transfer/principal.h"

#include <math.h>

#include "transfer/eigen.h"
#include "transfer/metric.h"

static ms_status fill(ms_context *context, double *x, size_t dimension, double *gram, double share,
                      size_t limit, ms_principal *p) {
  ms_matrix side = ms_thin_side(x, p->count, dimension);
  size_t order = side.rows;
  double *values = NULL;  /* [order] */
  double *vectors = NULL; /* [width][order] */
  size_t width = limit < order ? limit : order;
  MS_TRY(MS_SCRATCH(context, order, &values));
  MS_TRY(MS_SCRATCH(context, width * order, &vectors));
  if (gram == NULL) {
    MS_TRY(MS_SCRATCH(context, order * order, &gram));
    ms_gram(side, gram);
  }
  MS_TRY(ms_eigen_vectors(context, gram, order, share, &width, values, vectors));
  while (width > 0 && values[width - 1] <= 1e-12 * values[0]) {
    width--;
  }
  p->width = width;
  if (p->count > dimension) {
    ms_multiply_whole(x, vectors, p->count, dimension, width, MS_TURNED_B, p->coordinates);
  }
  for (size_t j = 0; j < width; j++) {
    double scale = sqrt(values[j]);
    for (size_t i = 0; i < p->count && p->count <= dimension; i++) {
      p->coordinates[i * width + j] = vectors[j * order + i] * scale;
    }
    p->variances[j] = values[j] / (double)p->count;
  }
  return MS_OK;
}

ms_status ms_principal_make(ms_context *context, double *x, size_t count, size_t dimension,
                            double *gram, double share, size_t limit, ms_principal *principal) {
  size_t most = count < dimension ? count : dimension;
  most = limit < most ? limit : most;
  *principal = (ms_principal){.count = count};
  MS_TRY(MS_SCRATCH(context, count * most, &principal->coordinates));
  MS_TRY(MS_SCRATCH(context, most, &principal->variances));
  ms_arena_mark mark = ms_arena_get_mark(context);
  MS_TRY(fill(context, x, dimension, gram, share, limit, principal));
  ms_arena_drop(context, mark);
  return MS_OK;
}
