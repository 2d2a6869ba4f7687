/* Eigenvectors of symmetric matrices, by the transfer module. */
#include "scorer/directions.h"

#include "transfer/eigen.h"

ms_status ms_find_directions(ms_context *context, double *a, size_t order, double *values,
                             double *directions) {
  for (size_t i = 0; i < order * order; i++) {
    directions[i] = i % (order + 1) == 0 ? 1 : 0;
  }
  return ms_eigen_project(context, a, order, values, directions, order);
}
