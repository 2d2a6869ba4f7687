/*
 * Cholesky factors of dense matrices in double precision, and what is solved with them, in blocks
 * whose products linalg.c does.
 */
#include <math.h>
#include <string.h>

#include "core/exact.h"
#include "transfer/linalg.h"

enum { BLOCK = 32 };

bool ms_cholesky(double *a, size_t order) {
  ms_matrix whole = ms_matrix_make(a, order, order);
  for (size_t first = 0; first < order; first += BLOCK) {
    size_t end = order - first < BLOCK ? order : first + BLOCK;
    ms_matrix done = ms_matrix_part(whole, first, order - first, 0, first);
    ms_matrix heads = ms_matrix_part(whole, first, end - first, 0, first);
    ms_multiply_add(done, ms_matrix_transposed(heads), -1,
                    ms_matrix_part(whole, first, order - first, first, end - first));
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

/* A matrix that is only read: views have one kind of pointer. */
static ms_matrix view(const double *a, size_t order) {
  return ms_matrix_make((double *)a, order, order);
}

void ms_solve_lower(const double *lower, size_t order, double *x, size_t count) {
  ms_matrix transposed = ms_matrix_transposed(view(lower, order));
  ms_matrix rows = ms_matrix_make(x, count, order);
  for (size_t first = 0; first < order; first += BLOCK) {
    size_t end = order - first < BLOCK ? order : first + BLOCK;
    ms_multiply_add(ms_matrix_part(rows, 0, count, 0, first),
                    ms_matrix_part(transposed, 0, first, first, end - first), -1,
                    ms_matrix_part(rows, 0, count, first, end - first));
    for (size_t i = 0; i < count; i++) {
      ms_substitute(lower, order, first, end, x + i * order);
    }
  }
}

void ms_solve_upper(const double *lower, size_t order, double *x, size_t count) {
  ms_matrix factor = view(lower, order);
  ms_matrix rows = ms_matrix_make(x, count, order);
  for (size_t end = order; end > 0;) {
    size_t first = (end - 1) / BLOCK * BLOCK;
    ms_multiply_add(ms_matrix_part(rows, 0, count, end, order - end),
                    ms_matrix_part(factor, end, order - end, first, end - first), -1,
                    ms_matrix_part(rows, 0, count, first, end - first));
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

void ms_invert_lower(const double *lower, size_t order, double *inverse) {
  ms_matrix transposed = ms_matrix_transposed(view(lower, order));
  ms_matrix result = ms_matrix_make(inverse, order, order);
  memset(inverse, 0, order * order * sizeof *inverse);
  for (size_t first = 0; first < order; first += BLOCK) {
    size_t end = order - first < BLOCK ? order : first + BLOCK;
    /* Row i of the result begins at column i: later columns concern no later row. */
    for (size_t start = 0; start < first; start += MS_DEPTH) {
      size_t stop = first - start < MS_DEPTH ? first : start + MS_DEPTH;
      ms_multiply_add(ms_matrix_part(result, 0, stop, start, stop - start),
                      ms_matrix_part(transposed, start, stop - start, first, end - first), -1,
                      ms_matrix_part(result, 0, stop, first, end - first));
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

void ms_inverse(const double *inverse_upper, size_t order, double *inverse) {
  ms_matrix upper = view(inverse_upper, order);
  ms_matrix result = ms_matrix_make(inverse, order, order);
  memset(inverse, 0, order * order * sizeof *inverse);
  for (size_t start = 0; start < order; start += MS_DEPTH) {
    size_t stop = order - start < MS_DEPTH ? order : start + MS_DEPTH;
    ms_matrix part = ms_matrix_part(upper, 0, stop, start, stop - start);
    ms_gram_add(part, ms_matrix_part(result, 0, stop, 0, stop));
  }
  ms_mirror(inverse, order);
}

double ms_cholesky_log_det(const double *lower, size_t order) {
  double sum = 0;
  for (size_t i = 0; i < order; i++) {
    sum += 2 * ms_log(lower[i * order + i]);
  }
  return sum;
}
