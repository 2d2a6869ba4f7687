/*
 * Small dense matrices in double precision, row by row without gaps. The loops run along rows, so
 * that compilers make SIMD of them without changing the order of any sum.
 */
#ifndef MS_SCORER_MATRIX_H
#define MS_SCORER_MATRIX_H

#include <stddef.h>

/* y[rows][columns] += a[rows][depth] b[depth][columns] */
void ms_matrix_add_product(const double *a, const double *b, size_t rows, size_t depth,
                           size_t columns, double *y);
/* y[depth][columns] += a[rows][depth] transposed, times b[rows][columns] */
void ms_matrix_add_crossed(const double *a, const double *b, size_t rows, size_t depth,
                           size_t columns, double *y);
/* y[columns][rows] = x[rows][columns] transposed */
void ms_matrix_transpose(const double *x, size_t rows, size_t columns, double *y);
/* y[i] += factor x[i] */
void ms_matrix_add_scaled(const double *x, double factor, size_t count, double *y);

#endif
