/* Products and eigenvectors by the transfer module of what is given as pointers and sizes. */
#include "scorer/product.h"

#include "transfer/eigen.h"
#include "transfer/linalg.h"

/* A matrix that is only read, views having one kind of pointer, or the transposed of another. */
static ms_matrix view(const double *values, size_t rows, size_t columns, bool turned) {
  return (ms_matrix){(double *)values, rows, columns, turned ? 1 : columns, turned ? rows : 1};
}

void ms_add_product(const double *a, const double *b, size_t rows, size_t depth, size_t columns,
                    unsigned turned, double *y) {
  ms_matrix left = view(a, rows, depth, (turned & MS_TURNED_A) != 0);
  ms_matrix right = view(b, depth, columns, (turned & MS_TURNED_B) != 0);
  ms_matrix sum = view(y, rows, columns, false);
  ms_multiply_add_at(&left, &right, 1, &sum);
}

ms_status ms_find_directions(ms_context *context, double *a, size_t order, double *values,
                             double *directions) {
  for (size_t i = 0; i < order * order; i++) {
    directions[i] = i % (order + 1) == 0 ? 1 : 0;
  }
  return ms_eigen_project(context, a, order, values, directions, order);
}
