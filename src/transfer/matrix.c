/*
 * Views of dense matrices, and what is done once per element of them. It leaves products to
 * linalg.c.
 */
#include <math.h>
#include <string.h>

#include "core/exact.h"
#include "transfer/linalg.h"

ms_matrix ms_matrix_make(double *values, size_t rows, size_t columns) {
  return (ms_matrix){values, rows, columns, columns, 1};
}

ms_matrix ms_matrix_transposed_at(const ms_matrix *matrix) {
  return (ms_matrix){matrix->values, matrix->columns, matrix->rows, matrix->column_stride,
                     matrix->row_stride};
}

ms_matrix ms_matrix_part_at(const ms_matrix *matrix, size_t row, size_t rows, size_t column,
                            size_t columns) {
  double *corner = matrix->values + row * matrix->row_stride + column * matrix->column_stride;
  return (ms_matrix){corner, rows, columns, matrix->row_stride, matrix->column_stride};
}

void ms_scale(double *x, double factor, size_t count) {
  for (size_t i = 0; i < count; i++) {
    x[i] *= factor;
  }
}

double ms_softmax(double *x, size_t count) {
  double largest = -INFINITY;
  double sum = 0;
  for (size_t i = 0; i < count; i++) {
    largest = fmax(largest, x[i]);
  }
  for (size_t i = 0; i < count; i++) {
    x[i] = ms_exp(x[i] - largest);
    sum += x[i];
  }
  for (size_t i = 0; i < count; i++) {
    x[i] /= sum;
  }
  return ms_log(sum) + largest;
}

void ms_multiply_at(const ms_matrix *a, const ms_matrix *b, const ms_matrix *y) {
  for (size_t i = 0; i < y->rows; i++) {
    for (size_t j = 0; j < y->columns; j++) {
      y->values[i * y->row_stride + j * y->column_stride] = 0;
    }
  }
  ms_multiply_add_at(a, b, 1, y);
}

/* A view of what is only read: views have one kind of pointer. */
static ms_matrix view(const double *values, bool transposed, size_t rows, size_t columns) {
  return (ms_matrix){(double *)values, rows, columns, transposed ? 1 : columns,
                     transposed ? rows : 1};
}

void ms_multiply_add_whole(const double *a, const double *b, size_t rows, size_t depth,
                           size_t columns, unsigned turned, double *y) {
  ms_matrix left = view(a, (turned & MS_TURNED_A) != 0, rows, depth);
  ms_matrix right = view(b, (turned & MS_TURNED_B) != 0, depth, columns);
  ms_matrix sum = view(y, false, rows, columns);
  ms_multiply_add_at(&left, &right, 1, &sum);
}

void ms_multiply_whole(const double *a, const double *b, size_t rows, size_t depth, size_t columns,
                       unsigned turned, double *y) {
  memset(y, 0, rows * columns * sizeof *y);
  ms_multiply_add_whole(a, b, rows, depth, columns, turned, y);
}

void ms_gram_at(const ms_matrix *x, double *gram) {
  size_t order = x->rows;
  ms_matrix whole = ms_matrix_make(gram, order, order);
  memset(gram, 0, order * order * sizeof *gram);
  ms_gram_add_at(x, &whole);
  for (size_t i = 0; i < order; i++) {
    for (size_t j = 0; j < i; j++) {
      gram[j * order + i] = gram[i * order + j];
    }
  }
}
