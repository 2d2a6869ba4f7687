/*
 * Products of dense matrices in double precision, on tiles of 4 × 4 sums over packed strips; the
 * order of summation is the same on every machine. It leaves what is not done
 * once per multiply-add to matrix.c, factors to cholesky.c and eigenvalues to eigen.c.
 */
#include "transfer/linalg.h"

#include "transfer/lanes.h"

/* A strip is TILE rows or columns, interleaved; WIDTH × DEPTH doubles of b stay in the L1 cache. */
enum { TILE = 4, DEPTH = MS_DEPTH, WIDTH = 32 };

MS_NO_INLINE double ms_dot(const double *a, const double *b, size_t count) {
  ms_lanes left = ms_lanes_splat(0);
  ms_lanes right = ms_lanes_splat(0);
  for (; count >= 4; count -= 4) {
    left = ms_lanes_multiply_add(ms_lanes_load(a), ms_lanes_load(b), left);
    right = ms_lanes_multiply_add(ms_lanes_load(a + 2), ms_lanes_load(b + 2), right);
    a += 4;
    b += 4;
  }
  double first = ms_lanes_first(left);
  for (size_t i = 0; i < count; i++) {
    first += a[i] * b[i];
  }
  return (first + ms_lanes_first(right)) + (ms_lanes_second(left) + ms_lanes_second(right));
}

/* packed[columns of x][TILE] = TILE rows of x from row on; past its end the last one, again. */
MS_NO_INLINE static void pack_strip(const ms_matrix *x, size_t row, double *packed) {
  const double *from[TILE];
  for (size_t i = 0; i < TILE; i++) {
    size_t at = row + i < x->rows ? row + i : x->rows - 1;
    from[i] = x->values + at * x->row_stride;
  }
  for (size_t k = 0; k < x->columns; k++) {
    for (size_t i = 0; i < TILE; i++) {
      packed[k * TILE + i] = from[i][k * x->column_stride];
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
  double *to = y->values + row * y->row_stride + column * y->column_stride;
  const double *rows_end = to + rows * y->row_stride;
  for (; to != rows_end; to += y->row_stride) {
    const double *end = to + columns * y->column_stride;
    const double *sum = sums;
    for (double *at = to; at != end; at += y->column_stride) {
      *at += factor * *sum++;
    }
    sums += TILE;
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

void ms_gram_add_at(const ms_matrix *x, const ms_matrix *gram) {
  add_product(x, x, 1, gram, true);
}

void ms_substitute(const double *lower, size_t order, size_t first, size_t end, double *x) {
  for (size_t j = first; j < end; j++) {
    const double *row = lower + j * order;
    x[j] = (x[j] - ms_dot(row + first, x + first, j - first)) / row[j];
  }
}
