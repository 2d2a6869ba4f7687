/*
 * Symmetric eigenproblems: Householder reduction to tridiagonal form, then implicit QL steps
 * (Golub and Van Loan, Matrix Computations, sections 8.3.1 and 8.3.3). Rotations and reflections
 * are applied to the caller's columns only, so that eigenvectors cost nothing where only their
 * products with a few columns are wanted.
 */
#include "transfer/eigen.h"

#include <float.h>
#include <math.h>
#include <string.h>

#include "transfer/linalg.h"

/* The tridiagonal form T = Qᵀ A Q, and Q as reflections. */
typedef struct tridiagonal {
  size_t order;
  double *reflectors; /* [order][order], row i begins with the i values of reflection i */
  double *diagonal;   /* [order] */
  double *beside;     /* [order], beside[i] is between i - 1 and i; beside[0] is 0 */
} tridiagonal;

/*
 * Makes H = I - v vᵀ with ‖v‖² = 2 (or v = 0) that maps x to (0 … 0, result); v overwrites x.
 * Scaled by the largest value, so that squares neither overflow nor vanish.
 */
static double make_reflection(double *x, size_t count) {
  double largest = 0;
  for (size_t i = 0; i < count; i++) {
    largest = fmax(largest, fabs(x[i]));
  }
  double tail = 0;
  for (size_t i = 0; i + 1 < count; i++) {
    tail = fmax(tail, fabs(x[i]));
  }
  if (tail == 0) {
    double kept = count > 0 ? x[count - 1] : 0;
    memset(x, 0, count * sizeof *x);
    return kept;
  }
  for (size_t i = 0; i < count; i++) {
    x[i] /= largest;
  }
  double norm = sqrt(ms_dot(x, x, count));
  double last = x[count - 1];
  double result = last > 0 ? -norm : norm;
  x[count - 1] = last - result;
  /* ‖x - result e‖² = 2 norm (norm + |last|) */
  double scale = 1 / sqrt(norm * (norm + fabs(last)));
  for (size_t i = 0; i < count; i++) {
    x[i] *= scale;
  }
  return result * largest;
}

/*
 * Subtracts v[i] w + w[i] v from row i of the lower triangle, and multiplies the result by u in the
 * same pass over memory: product += A u, for rows 0 … order - 1.
 */
static void update_and_multiply(double *a, size_t stride, size_t order, const double *v,
                                const double *w, const double *u, double *product) {
  memset(product, 0, order * sizeof *product);
  for (size_t i = 0; i < order; i++) {
    double *row = a + i * stride;
    double sums[4] = {0, 0, 0, 0};
    double vi = v[i];
    double wi = w[i];
    double ui = u[i];
    size_t j = 0;
    for (; j + 4 <= i; j += 4) {
      for (size_t k = j; k < j + 4; k++) {
        double value = row[k] - vi * w[k] - wi * v[k];
        row[k] = value;
        sums[k - j] += value * u[k];
        product[k] += value * ui;
      }
    }
    for (; j < i; j++) {
      row[j] = row[j] - vi * w[j] - wi * v[j];
      sums[0] += row[j] * u[j];
      product[j] += row[j] * ui;
    }
    row[i] -= 2 * vi * wi;
    product[i] += (sums[0] + sums[2]) + (sums[1] + sums[3]) + row[i] * ui;
  }
}

/*
 * Reduces from the last row up. The rank-2 update of one step is done while the next one
 * multiplies. v, w, product: [order] of scratch each.
 */
static void reduce(tridiagonal *t, double *v, double *w, double *product) {
  size_t n = t->order;
  memset(v, 0, n * sizeof *v);
  memset(w, 0, n * sizeof *w);
  for (size_t i = n; i-- > 0;) {
    double *row = t->reflectors + i * n;
    for (size_t j = 0; j <= i; j++) {
      row[j] -= v[i] * w[j] + w[i] * v[j];
    }
    t->diagonal[i] = row[i];
    t->beside[i] = make_reflection(row, i);
    update_and_multiply(t->reflectors, n, i, v, w, row, product);
    double half = ms_dot(row, product, i) / 2;
    for (size_t j = 0; j < i; j++) {
      v[j] = row[j];
      w[j] = product[j] - half * row[j];
    }
  }
}

/* columns = Qᵀ columns; sums: [count] of scratch */
static void apply_reflections(const tridiagonal *t, double *columns, size_t count, double *sums) {
  for (size_t i = t->order; i-- > 1;) {
    const double *v = t->reflectors + i * t->order;
    memset(sums, 0, count * sizeof *sums);
    for (size_t j = 0; j < i; j++) {
      for (size_t k = 0; k < count; k++) {
        sums[k] += v[j] * columns[j * count + k];
      }
    }
    for (size_t j = 0; j < i; j++) {
      for (size_t k = 0; k < count; k++) {
        columns[j * count + k] -= v[j] * sums[k];
      }
    }
  }
}

/* Rotates rows k and k + 1: (c, s; -s, c). */
static void rotate_rows(double *columns, size_t count, size_t k, double c, double s) {
  double *upper = columns + k * count;
  double *lower = upper + count;
  for (size_t j = 0; j < count; j++) {
    double kept = upper[j];
    upper[j] = c * kept + s * lower[j];
    lower[j] = c * lower[j] - s * kept;
  }
}

/* One implicit QR step with Wilkinson's shift on the unreduced block first … last. */
static void step(tridiagonal *t, size_t first, size_t last, double *columns, size_t count) {
  double *d = t->diagonal;
  double *e = t->beside;
  double half = (d[last - 1] - d[last]) / 2;
  double root = sqrt(half * half + e[last] * e[last]);
  double shift = d[last] - e[last] * e[last] / (half + (half < 0 ? -root : root));
  double x = d[first] - shift;
  double z = e[first + 1];
  for (size_t k = first; k < last; k++) {
    double norm = sqrt(x * x + z * z);
    double c = norm > 0 ? x / norm : 1;
    double s = norm > 0 ? z / norm : 0;
    if (k > first) {
      e[k] = norm;
    }
    double above = d[k];
    double below = d[k + 1];
    double cross = 2 * c * s * e[k + 1];
    d[k] = c * c * above + cross + s * s * below;
    d[k + 1] = s * s * above - cross + c * c * below;
    e[k + 1] = c * s * (below - above) + (c * c - s * s) * e[k + 1];
    if (k + 1 < last) {
      x = e[k + 1];
      z = s * e[k + 2];
      e[k + 2] *= c;
    }
    rotate_rows(columns, count, k, c, s);
  }
}

/* Whether entry i beside the diagonal may count as zero, in a matrix of norm 1. */
static bool is_negligible(const tridiagonal *t, size_t i) {
  double around = fabs(t->diagonal[i - 1]) + fabs(t->diagonal[i]);
  return fabs(t->beside[i]) <= DBL_EPSILON * fmax(around, 0.125);
}

/* Makes T diagonal. False if that takes more than 40 steps an eigenvalue on average. */
static bool diagonalise(tridiagonal *t, double *columns, size_t count) {
  size_t steps_left = 40 * t->order;
  for (size_t last = t->order - 1; last > 0;) {
    if (is_negligible(t, last)) {
      t->beside[last] = 0;
      last--;
      continue;
    }
    size_t first = last - 1;
    while (first > 0 && !is_negligible(t, first)) {
      first--;
    }
    if (steps_left-- == 0) {
      return false;
    }
    step(t, first, last, columns, count);
  }
  return true;
}

/* Brings T to norm 1 by a power of two, and says which. */
static double normalise(tridiagonal *t) {
  double largest = 0;
  for (size_t i = 0; i < t->order; i++) {
    largest = fmax(largest, fabs(t->diagonal[i]) + fabs(t->beside[i]));
  }
  int exponent = 0;
  (void)frexp(largest, &exponent);
  for (size_t i = 0; i < t->order; i++) {
    t->diagonal[i] = ldexp(t->diagonal[i], -exponent);
    t->beside[i] = ldexp(t->beside[i], -exponent);
  }
  return ldexp(1, exponent);
}

static void swap_rows(double *columns, size_t count, size_t a, size_t b) {
  for (size_t j = 0; j < count; j++) {
    double kept = columns[a * count + j];
    columns[a * count + j] = columns[b * count + j];
    columns[b * count + j] = kept;
  }
}

/* Copies the diagonal to values, scaled and in descending order, and the rows of columns along. */
static void sort_descending(const tridiagonal *t, double scale, double *values, double *columns,
                            size_t count) {
  for (size_t i = 0; i < t->order; i++) {
    values[i] = t->diagonal[i] * scale;
  }
  for (size_t i = 0; i + 1 < t->order; i++) {
    size_t best = i;
    for (size_t j = i + 1; j < t->order; j++) {
      best = values[j] > values[best] ? j : best;
    }
    if (best != i) {
      double kept = values[i];
      values[i] = values[best];
      values[best] = kept;
      swap_rows(columns, count, i, best);
    }
  }
}

ms_status ms_eigen_project(ms_context *context, double *a, size_t order, double *values,
                           double *columns, size_t count) {
  tridiagonal t = {.order = order, .reflectors = a};
  double *work = NULL; /* [3][order] */
  double *sums = NULL; /* [count] */
  MS_TRY(MS_SCRATCH(context, order, &t.diagonal));
  MS_TRY(MS_SCRATCH(context, order, &t.beside));
  MS_TRY(MS_SCRATCH(context, 3 * order, &work));
  MS_TRY(MS_SCRATCH(context, count, &sums));
  reduce(&t, work, work + order, work + 2 * order);
  apply_reflections(&t, columns, count, sums);
  double scale = normalise(&t);
  if (!diagonalise(&t, columns, count)) {
    return ms_fail(context, MS_ERR_DATA, "the eigenvalues of a %zu by %zu matrix do not converge",
                   order, order);
  }
  sort_descending(&t, scale, values, columns, count);
  return MS_OK;
}
