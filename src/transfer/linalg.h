/*
 * Dense linear algebra in double precision under the metrics. Nothing here allocates or fails on
 * finite numbers: scratch comes in through the parameters. Symmetric matrices hold both triangles.
 */
#ifndef MS_TRANSFER_LINALG_H
#define MS_TRANSFER_LINALG_H

#include <stdbool.h>
#include <stddef.h>

#include "core/exact.h"

/* A view of a matrix: element (i, j) is values[i row_stride + j column_stride]. */
typedef struct ms_matrix {
  double *values;
  size_t rows;
  size_t columns;
  size_t row_stride;
  size_t column_stride;
} ms_matrix;

/* The whole of values [rows][columns], without gaps. */
ms_matrix ms_matrix_make(double *values, size_t rows, size_t columns);
/* The transposed view of the same values. */
ms_matrix ms_matrix_transposed_at(const ms_matrix *matrix);
/* The part with its corner at (row, column). */
ms_matrix ms_matrix_part_at(const ms_matrix *matrix, size_t row, size_t rows, size_t column,
                            size_t columns);

/* Products run over this many columns of a row at once: a part that begins and ends between them.
 */
enum { MS_DEPTH = 128 };

/* Sum of a[i] b[i], in four partial sums. */
MS_PURE double ms_dot(const double *a, const double *b, size_t count);

/* x[i] *= factor */
void ms_scale(double *x, double factor, size_t count);

/* x becomes its softmax; gives the logarithm of the sum of exp(x[i]), as x was. */
double ms_softmax(double *x, size_t count);

/* y = a b; a [rows][depth], b [depth][columns], y [rows][columns] apart from both. */
void ms_multiply_at(const ms_matrix *a, const ms_matrix *b, const ms_matrix *y);
/* y += factor a b */
void ms_multiply_add_at(const ms_matrix *a, const ms_matrix *b, double factor, const ms_matrix *y);
/* Which of two matrices without gaps lie transposed: a as [depth][rows], b as [columns][depth]. */
enum { MS_AS_THEY_ARE = 0, MS_TURNED_A = 1, MS_TURNED_B = 2 };
/* y [rows][columns] += a [rows][depth] b [depth][columns], all without gaps */
void ms_multiply_add_whole(const double *a, const double *b, size_t rows, size_t depth,
                           size_t columns, unsigned turned, double *y);
/* y = a b of such matrices; apart from both. */
void ms_multiply_whole(const double *a, const double *b, size_t rows, size_t depth, size_t columns,
                       unsigned turned, double *y);
/* The lower triangle of a square gram, and a little beside it, += x xᵀ. */
void ms_gram_add_at(const ms_matrix *x, const ms_matrix *gram);
/* gram [rows][rows] = x xᵀ. Costs rows² depth / 2 multiply-adds. */
void ms_gram_at(const ms_matrix *x, double *gram);

/*
 * The same of matrices rather than their addresses, so that the result of a function can be passed.
 * The compiler copies a struct that is passed by value once more, in every call.
 */
#define ms_matrix_transposed(matrix) ms_matrix_transposed_at((ms_matrix[]){matrix})
#define ms_matrix_part(matrix, row, rows, column, columns)                                         \
  ms_matrix_part_at((ms_matrix[]){matrix}, (row), (rows), (column), (columns))
#define ms_multiply(a, b, y) ms_multiply_at((ms_matrix[]){a}, (ms_matrix[]){b}, (ms_matrix[]){y})
#define ms_multiply_add(a, b, factor, y)                                                           \
  ms_multiply_add_at((ms_matrix[]){a}, (ms_matrix[]){b}, (factor), (ms_matrix[]){y})
#define ms_gram(x, gram) ms_gram_at((ms_matrix[]){x}, (gram))

/*
 * x[j] for first ≤ j < end by forward substitution in lower [order][order], where the columns
 * before first are done.
 */
void ms_substitute(const double *lower, size_t order, size_t first, size_t end, double *x);

/* ---- cholesky.c ---- */

/*
 * Factorises a symmetric positive definite matrix [order][order] in place: its lower triangle
 * becomes L of L Lᵀ, its upper one zero. False, with the matrix spoilt, where a pivot is not
 * positive. Costs order³ / 6 multiply-adds.
 */
bool ms_cholesky(double *a, size_t order);
/* Overwrites every row of x [count][order] with L⁻¹ times it. Costs count order² / 2. */
void ms_solve_lower(const double *lower, size_t order, double *x, size_t count);
/* Overwrites every row of x [count][order] with L⁻ᵀ times it. Costs count order² / 2. */
void ms_solve_upper(const double *lower, size_t order, double *x, size_t count);
/* Both: overwrites every row of x [count][order] with (L Lᵀ)⁻¹ times it. */
void ms_solve(const double *lower, size_t order, double *x, size_t count);
/* inverse [order][order] = L⁻ᵀ, an upper triangle. Costs order³ / 6. */
void ms_invert_lower(const double *lower, size_t order, double *inverse);
/* log det of L Lᵀ */
MS_PURE double ms_cholesky_log_det(const double *lower, size_t order);

#endif
