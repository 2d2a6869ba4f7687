/*
 * Cholesky factors of dense matrices in double precision, and what is solved with them, in blocks
 * whose products linalg.c does.
 */
#include <math.h>
#include <string.h>

#include "core/exact.h"
#include "transfer/linalg.h"

enum { BLOCK = 32 };

/*
 * Columns first … end-1 of x [rows][order] -= its columns from … to-1 times these rows and those
 * columns of a factor [order][order], or with transposed of that.
 */
static void subtract_product(double *x, size_t rows, const double *factor, bool transposed,
                             size_t order, size_t from, size_t to, size_t first, size_t end) {
  ms_matrix left = {x + from, rows, to - from, order, 1};
  /* What is only read, too: views have one kind of pointer. */
  ms_matrix right = ms_matrix_make((double *)factor, order, order);
  if (transposed) {
    right = ms_matrix_transposed(right);
  }
  ms_multiply_add(left, ms_matrix_part(right, from, to - from, first, end - first), -1,
                  ((ms_matrix){x + first, rows, end - first, order, 1}));
}

bool ms_cholesky(double *a, size_t order) {
  for (size_t first = 0; first < order; first += BLOCK) {
    size_t end = order - first < BLOCK ? order : first + BLOCK;
    subtract_product(a + first * order, order - first, a, true, order, 0, first, first, end);
    for (size_t i = first; i < order; i++) {
      double *row = a + i * order;
      ms_substitute(a, order, first, i < end ? i : end, row);
      if (i < end) {
        double pivot = row[i] - ms_dot(row + first, row + first, i - first);
        if (!(pivot > 0)) {
          return false;
        }
        row[i] = sqrt(pivot);
      }
    }
  }
  for (size_t i = 0; i < order; i++) {
    memset(a + i * order + i + 1, 0, (order - i - 1) * sizeof *a);
  }
  return true;
}

void ms_solve_lower(const double *lower, size_t order, double *x, size_t count) {
  for (size_t first = 0; first < order; first += BLOCK) {
    size_t end = order - first < BLOCK ? order : first + BLOCK;
    subtract_product(x, count, lower, true, order, 0, first, first, end);
    for (size_t i = 0; i < count; i++) {
      ms_substitute(lower, order, first, end, x + i * order);
    }
  }
}

void ms_solve_upper(const double *lower, size_t order, double *x, size_t count) {
  for (size_t end = order; end > 0;) {
    size_t first = (end - 1) / BLOCK * BLOCK;
    subtract_product(x, count, lower, false, order, end, order, first, end);
    for (size_t i = 0; i < count; i++) {
      double *row = x + i * order;
      for (size_t j = end; j-- > first;) {
        row[j] /= lower[j * order + j];
        for (size_t k = first; k < j; k++) {
          row[k] -= lower[j * order + k] * row[j];
        }
      }
    }
    end = first;
  }
}

void ms_solve(const double *lower, size_t order, double *x, size_t count) {
  ms_solve_lower(lower, order, x, count);
  ms_solve_upper(lower, order, x, count);
}

void ms_invert_lower(const double *lower, size_t order, double *inverse) {
  memset(inverse, 0, order * order * sizeof *inverse);
  for (size_t first = 0; first < order; first += BLOCK) {
    size_t end = order - first < BLOCK ? order : first + BLOCK;
    /* Row i of the result begins at column i: later columns concern no later row. */
    for (size_t start = 0; start < first; start += MS_DEPTH) {
      size_t stop = first - start < MS_DEPTH ? first : start + MS_DEPTH;
      subtract_product(inverse, stop, lower, true, order, start, stop, first, end);
    }
    for (size_t i = 0; i < end; i++) {
      double *row = inverse + i * order;
      if (i >= first) {
        row[i] = 1;
      }
      ms_substitute(lower, order, i > first ? i : first, end, row);
    }
  }
}

double ms_cholesky_log_det(const double *lower, size_t order) {
  double sum = 0;
  for (size_t i = 0; i < order; i++) {
    sum += 2 * ms_log(lower[i * order + i]);
  }
  return sum;
}
