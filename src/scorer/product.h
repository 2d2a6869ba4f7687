/* Products of matrices without gaps, as the scorer needs them. */
#ifndef MS_SCORER_PRODUCT_H
#define MS_SCORER_PRODUCT_H

#include <stddef.h>

/* Which of the two lie there transposed: a as [depth][rows], b as [columns][depth]. */
enum { MS_AS_THEY_ARE = 0, MS_TURNED_A = 1, MS_TURNED_B = 2 };

/* y[rows][columns] += a[rows][depth] b[depth][columns] */
void ms_add_product(const double *a, const double *b, size_t rows, size_t depth, size_t columns,
                    unsigned turned, double *y);

#endif
