/*
 * Products of dense matrices in double precision, on tiles of 4 × 4 sums over packed strips; the
 * order of summation is the same on every machine. It leaves factors to cholesky.c and eigenvalues
 * to eigen.c.
 */
#include "transfer/linalg.h"

#include <string.h>

#include "transfer/lanes.h"

/* A strip is TILE rows or columns, interleaved; WIDTH × DEPTH doubles of b stay in the L1 cache. */
enum { TILE = 4, DEPTH = MS_DEPTH, WIDTH = 32 };

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

double ms_dot(const double *a, const double *b, size_t count) {
  double sums[4] = {0, 0, 0, 0};
  size_t i = 0;
  for (; i + 4 <= count; i += 4) {
    for (size_t j = 0; j < 4; j++) {
      sums[j] += a[i + j] * b[i + j];
    }
  }
  for (; i < count; i++) {
    sums[0] += a[i] * b[i];
  }
  return (sums[0] + sums[2]) + (sums[1] + sums[3]);
}

/* packed[columns of x][TILE] = TILE rows of x from row on, zeros past its end. */
static void pack_strip(const ms_matrix *x, size_t row, double *packed) {
  for (size_t i = 0; i < TILE; i++) {
    if (row + i < x->rows) {
      const double *from = x->values + (row + i) * x->row_stride;
      for (size_t k = 0; k < x->columns; k++) {
        packed[k * TILE + i] = from[k * x->column_stride];
      }
    } else {
      for (size_t k = 0; k < x->columns; k++) {
        packed[k * TILE + i] = 0;
      }
    }
  }
}

/* sums[i][j] = sum over k of a[k][i] b[k][j] */
static void multiply_tile(const double *a, const double *b, size_t depth, double *sums) {
  ms_lanes kept[TILE][2];
  for (size_t i = 0; i < TILE; i++) {
    kept[i][0] = ms_lanes_splat(0);
    kept[i][1] = ms_lanes_splat(0);
  }
  for (size_t k = 0; k < depth; k++) {
    ms_lanes left = ms_lanes_load(b + k * TILE);
    ms_lanes right = ms_lanes_load(b + k * TILE + 2);
    for (size_t i = 0; i < TILE; i++) {
      ms_lanes factor = ms_lanes_splat(a[k * TILE + i]);
      kept[i][0] = ms_lanes_multiply_add(factor, left, kept[i][0]);
      kept[i][1] = ms_lanes_multiply_add(factor, right, kept[i][1]);
    }
  }
  for (size_t i = 0; i < TILE; i++) {
    ms_lanes_store(sums + i * TILE, kept[i][0]);
    ms_lanes_store(sums + i * TILE + 2, kept[i][1]);
  }
}

/* Adds factor sums to the tile of y at (row, column), as far as y reaches. */
static void add_tile(const ms_matrix *y, size_t row, size_t column, double factor,
                     const double *sums) {
  size_t rows = y->rows - row < TILE ? y->rows - row : TILE;
  size_t columns = y->columns - column < TILE ? y->columns - column : TILE;
  for (size_t i = 0; i < rows; i++) {
    double *to = y->values + (row + i) * y->row_stride + column * y->column_stride;
    for (size_t j = 0; j < columns; j++) {
      to[j * y->column_stride] += factor * sums[i * TILE + j];
    }
  }
}

/* y += factor times one packed strip of a by the packed strips of b. */
MS_NO_INLINE static void add_strip(const double *a_strip, const double *b_strips, size_t depth,
                                   size_t row, size_t first, size_t end, double factor,
                                   const ms_matrix *y) {
  double sums[TILE * TILE];
  for (size_t j = first; j < end; j += TILE) {
    multiply_tile(a_strip, b_strips + (j - first) * depth, depth, sums);
    add_tile(y, row, j, factor, sums);
  }
}

/* y += factor a bᵀ; with lower, only the tiles that touch the lower triangle of a square y. */
static void add_product(const ms_matrix *a, const ms_matrix *b, double factor, const ms_matrix *y,
                        bool lower) {
  double b_strips[WIDTH * DEPTH];
  double a_strip[TILE * DEPTH];
  for (size_t start = 0; start < a->columns; start += DEPTH) {
    size_t depth = a->columns - start < DEPTH ? a->columns - start : DEPTH;
    ms_matrix a_part = ms_matrix_part_at(a, 0, a->rows, start, depth);
    ms_matrix b_part = ms_matrix_part_at(b, 0, b->rows, start, depth);
    for (size_t first = 0; first < b->rows; first += WIDTH) {
      size_t end = b->rows - first < WIDTH ? b->rows : first + WIDTH;
      for (size_t j = first; j < end; j += TILE) {
        pack_strip(&b_part, j, b_strips + (j - first) * depth);
      }
      for (size_t i = lower ? first : 0; i < a->rows; i += TILE) {
        pack_strip(&a_part, i, a_strip);
        add_strip(a_strip, b_strips, depth, i, first, lower && i < end ? i + 1 : end, factor, y);
      }
    }
  }
}

void ms_multiply_add_at(const ms_matrix *a, const ms_matrix *b, double factor, const ms_matrix *y) {
  ms_matrix transposed = ms_matrix_transposed_at(b);
  add_product(a, &transposed, factor, y, false);
}

void ms_multiply_at(const ms_matrix *a, const ms_matrix *b, const ms_matrix *y) {
  for (size_t i = 0; i < y->rows; i++) {
    for (size_t j = 0; j < y->columns; j++) {
      y->values[i * y->row_stride + j * y->column_stride] = 0;
    }
  }
  ms_multiply_add_at(a, b, 1, y);
}

void ms_gram_add_at(const ms_matrix *x, const ms_matrix *gram) {
  add_product(x, x, 1, gram, true);
}

void ms_mirror(double *a, size_t order) {
  for (size_t i = 0; i < order; i++) {
    for (size_t j = 0; j < i; j++) {
      a[j * order + i] = a[i * order + j];
    }
  }
}

void ms_gram_at(const ms_matrix *x, double *gram) {
  size_t order = x->rows;
  memset(gram, 0, order * order * sizeof *gram);
  ms_gram_add_at(x, (ms_matrix[]){ms_matrix_make(gram, order, order)});
  ms_mirror(gram, order);
}

void ms_substitute(const double *lower, size_t order, size_t first, size_t end, double *x) {
  for (size_t j = first; j < end; j++) {
    const double *row = lower + j * order;
    x[j] = (x[j] - ms_dot(row + first, x + first, j - first)) / row[j];
  }
}
