/* The loops of matrix.h. Small sizes and few calls: no tiles, no packing. */
#include "scorer/matrix.h"

void ms_matrix_add_scaled(const double *x, double factor, size_t count, double *y) {
  for (size_t i = 0; i < count; i++) {
    y[i] += factor * x[i];
  }
}

void ms_matrix_add_product(const double *a, const double *b, size_t rows, size_t depth,
                           size_t columns, double *y) {
  for (size_t i = 0; i < rows; i++) {
    for (size_t k = 0; k < depth; k++) {
      ms_matrix_add_scaled(b + k * columns, a[i * depth + k], columns, y + i * columns);
    }
  }
}

void ms_matrix_add_crossed(const double *a, const double *b, size_t rows, size_t depth,
                           size_t columns, double *y) {
  for (size_t i = 0; i < rows; i++) {
    for (size_t k = 0; k < depth; k++) {
      ms_matrix_add_scaled(b + i * columns, a[i * depth + k], columns, y + k * columns);
    }
  }
}

void ms_matrix_transpose(const double *x, size_t rows, size_t columns, double *y) {
  for (size_t i = 0; i < rows; i++) {
    for (size_t j = 0; j < columns; j++) {
      y[j * rows + i] = x[i * columns + j];
    }
  }
}
