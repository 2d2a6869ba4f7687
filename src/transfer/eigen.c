/*
 * Symmetric eigenproblems: Householder reduction to tridiagonal form (Golub and Van Loan, Matrix
 * Computations, section 8.3.1), and the way back. It leaves tridiagonal matrices to tridiagonal.c,
 * by QR steps where only a few columns are wanted, and to divide.c where eigenvectors are.
 */
#include "transfer/eigen.h"

#include <math.h>
#include <string.h>

#include "transfer/lanes.h"
#include "transfer/linalg.h"
#include "transfer/tridiagonal.h"

/* The tridiagonal form T = Qᵀ A Q, and Q as reflections. */
typedef struct tridiagonal {
  size_t order;
  double *reflectors; /* [order][order], row i begins with the i values of reflection i */
  double *diagonal;   /* [order] */
  double *beside; /* [order], behind diagonal; beside[i] is between i - 1 and i, beside[0] is 0 */
  double scale;   /* what diagonal and beside were divided by */
  double *work;   /* room for a group and its products */
} tridiagonal;

/*
 * Makes H = I - v vᵀ with ‖v‖² = 2 (or v = 0) that maps x [count > 0] to (0 … 0, result); v
 * overwrites x.
 * Scaled by the largest value, so that squares neither overflow nor vanish.
 */
static double make_reflection(double *x, size_t count) {
  double last = x[count - 1];
  double tail = 0;
  for (size_t i = 0; i < count - 1; i++) {
    tail = fmax(tail, fabs(x[i]));
  }
  if (tail == 0) {
    memset(x, 0, count * sizeof *x);
    return last;
  }
  double largest = fmax(tail, fabs(last));
  for (size_t i = 0; i < count; i++) {
    x[i] /= largest;
  }
  double norm = sqrt(ms_dot(x, x, count));
  last /= largest;
  double result = last > 0 ? -norm : norm;
  x[count - 1] = last - result;
  /* ‖x - result e‖² = 2 norm (norm + |last|) */
  double scale = 1 / sqrt(norm * (norm + fabs(last)));
  ms_scale(x, scale, count);
  return result * largest;
}

/*
 * Subtracts v wᵀ + w vᵀ from rows i and i + 1 of the lower triangle of a symmetric matrix, which
 * share what they load, and adds to product = a u what these rows have of it. v, w, u, product:
 * [i + 2] or longer.
 */
MS_NO_INLINE static void pass_rows(double *first, double *second, size_t i, const double *v,
                                   const double *w, const double *u, double *product) {
  double v0 = v[i];
  double v1 = v[i + 1];
  double w0 = w[i];
  double w1 = w[i + 1];
  double u0 = u[i];
  double u1 = u[i + 1];
  ms_lanes a_sum = ms_lanes_splat(0);
  ms_lanes b_sum = ms_lanes_splat(0);
  size_t j = 0;
  for (; j + 2 <= i; j += 2) {
    ms_lanes vj = ms_lanes_load(v + j);
    ms_lanes wj = ms_lanes_load(w + j);
    ms_lanes uj = ms_lanes_load(u + j);
    ms_lanes a = ms_lanes_load(first + j);
    ms_lanes b = ms_lanes_load(second + j);
    ms_lanes sum = ms_lanes_load(product + j);
    a = ms_lanes_subtract(a, ms_lanes_multiply(ms_lanes_splat(v0), wj));
    a = ms_lanes_subtract(a, ms_lanes_multiply(ms_lanes_splat(w0), vj));
    b = ms_lanes_subtract(b, ms_lanes_multiply(ms_lanes_splat(v1), wj));
    b = ms_lanes_subtract(b, ms_lanes_multiply(ms_lanes_splat(w1), vj));
    ms_lanes_store(first + j, a);
    ms_lanes_store(second + j, b);
    a_sum = ms_lanes_multiply_add(a, uj, a_sum);
    b_sum = ms_lanes_multiply_add(b, uj, b_sum);
    sum = ms_lanes_multiply_add(a, ms_lanes_splat(u0), sum);
    sum = ms_lanes_multiply_add(b, ms_lanes_splat(u1), sum);
    ms_lanes_store(product + j, sum);
  }
  double first_sum = ms_lanes_sum(a_sum);
  double second_sum = ms_lanes_sum(b_sum);
  for (; j < i; j++) {
    first[j] -= v0 * w[j] + w0 * v[j];
    second[j] -= v1 * w[j] + w1 * v[j];
    first_sum += first[j] * u[j];
    second_sum += second[j] * u[j];
    product[j] += first[j] * u0 + second[j] * u1;
  }
  double upper = first[i] - 2 * v0 * w0;
  double beside = second[i] - (v1 * w0 + w1 * v0);
  double lower = second[i + 1] - 2 * v1 * w1;
  first[i] = upper;
  second[i] = beside;
  second[i + 1] = lower;
  product[i] += first_sum + upper * u0 + beside * u1;
  product[i + 1] += second_sum + beside * u0 + lower * u1;
}

/* The same for all rows of a, which are stride apart: product = a u. */
static void update_and_multiply(double *a, size_t stride, size_t order, const double *v,
                                const double *w, const double *u, double *product) {
  memset(product, 0, order * sizeof *product);
  size_t i = order % 2;
  if (i == 1) {
    a[0] -= 2 * v[0] * w[0];
    product[0] = a[0] * u[0];
  }
  for (; i < order; i += 2) {
    pass_rows(a + i * stride, a + (i + 1) * stride, i, v, w, u, product);
  }
}

/*
 * Reduces from the last row up. The rank-2 update of one step is done while the next one
 * multiplies. w, product: [order] of scratch each.
 */
static void reduce(tridiagonal *t, double *w, double *product) {
  size_t n = t->order;
  memset(w, 0, n * sizeof *w);
  const double *v = w;
  for (size_t i = n; i-- > 0;) {
    double *row = t->reflectors + i * n;
    for (size_t j = 0; j <= i; j++) {
      row[j] -= v[i] * w[j] + w[i] * v[j];
    }
    t->diagonal[i] = row[i];
    t->beside[i] = i > 0 ? make_reflection(row, i) : 0;
    update_and_multiply(t->reflectors, n, i, v, w, row, product);
    double half = ms_dot(row, product, i) / 2;
    for (size_t j = 0; j < i; j++) {
      w[j] = product[j] - half * row[j];
    }
    v = row;
  }
}

/* Reflections are joined in groups: H_first … H_first+size-1 = I - Vᵀ T V. */
enum { GROUP = 32 };

/* Doubles of scratch for a group and its products with count vectors. */
static size_t group_room(size_t order, size_t count) {
  return GROUP * (order + GROUP + 2 * count);
}

/* v [size][first + size - 1], and joined [size][size], which is T, an upper triangle */
static void join_reflections(const tridiagonal *t, size_t first, size_t size, double *v,
                             double *joined) {
  size_t width = first + size - 1;
  memset(v, 0, size * width * sizeof *v);
  memset(joined, 0, size * size * sizeof *joined);
  for (size_t k = 0; k < size; k++) {
    memcpy(v + k * width, t->reflectors + (first + k) * t->order, (first + k) * sizeof *v);
    joined[k * size + k] = 1;
    for (size_t i = 0; i < k; i++) {
      double product = ms_dot(v + i * width, v + k * width, width);
      for (size_t j = 0; j <= i; j++) {
        joined[j * size + k] -= joined[j * size + i] * product;
      }
    }
  }
}

/*
 * columns [order][count] = Qᵀ columns = H_1 … H_order-1 columns; or, with is_rows, which says that
 * they lie transposed, Q columns. Groups begin with the reflections that come first.
 */
static void reflect(const tridiagonal *t, double *columns, size_t count, bool is_rows) {
  double *v = t->work;
  double *joined = v + GROUP * t->order;
  double *seen = joined + GROUP * GROUP;  /* [size][count] */
  double *factors = seen + GROUP * count; /* [size][count] */
  for (size_t done = 1; done < t->order; done += GROUP) {
    size_t size = t->order - done < GROUP ? t->order - done : GROUP;
    size_t first = is_rows ? done : t->order + 1 - done - size;
    size_t width = first + size - 1;
    join_reflections(t, first, size, v, joined);
    ms_matrix reflections = ms_matrix_make(v, size, width);
    ms_matrix turn = ms_matrix_make(joined, size, size);
    ms_matrix part = ms_matrix_make(columns, width, count);
    ms_matrix products = ms_matrix_make(seen, size, count);
    ms_matrix weighted = ms_matrix_make(factors, size, count);
    if (is_rows) {
      turn = ms_matrix_transposed_at(&turn);
      part = (ms_matrix){columns, width, count, 1, t->order};
    }
    ms_multiply_at(&reflections, &part, &products);
    ms_multiply_at(&turn, &products, &weighted);
    reflections = ms_matrix_transposed_at(&reflections);
    ms_multiply_add_at(&reflections, &weighted, -1, &part);
  }
}

/* Brings T to norm 1 by a power of two, which the exponent bits of its largest row are. */
static void normalise(tridiagonal *t) {
  const uint64_t exponent_bits = 0x7ff0000000000000;
  double largest = 0;
  uint64_t bits = 0;
  for (size_t i = 0; i < t->order; i++) {
    largest = fmax(largest, fabs(t->diagonal[i]) + fabs(t->beside[i]));
  }
  memcpy(&bits, &largest, sizeof bits);
  bits &= exponent_bits;
  memcpy(&largest, &bits, sizeof bits);
  t->scale = largest > 0 ? 2 * largest : 1;
  ms_scale(t->diagonal, 1 / t->scale, 2 * t->order);
}

/* Reduces a, in whose place the reflections stay; work has room for a group and count vectors. */
static ms_status start(ms_context *context, double *a, size_t order, size_t count, tridiagonal *t) {
  *t = (tridiagonal){.order = order, .reflectors = a};
  MS_TRY(MS_SCRATCH(context, 2 * order + group_room(order, count), &t->diagonal));
  t->beside = t->diagonal + order;
  t->work = t->beside + order;
  reduce(t, t->work, t->work + order);
  normalise(t);
  return MS_OK;
}

static void swap_rows(double *columns, size_t count, size_t a, size_t b) {
  for (size_t j = 0; j < count; j++) {
    double kept = columns[a * count + j];
    columns[a * count + j] = columns[b * count + j];
    columns[b * count + j] = kept;
  }
}

/* Copies the diagonal to values, scaled and in descending order, and the rows of columns along. */
static void sort_descending(const tridiagonal *t, double *values, double *columns, size_t count) {
  for (size_t i = 0; i < t->order; i++) {
    values[i] = t->diagonal[i] * t->scale;
  }
  for (size_t i = 0; i < t->order; i++) {
    size_t best = i;
    for (size_t j = i + 1; j < t->order; j++) {
      best = values[j] > values[best] ? j : best;
    }
    swap_rows(values, 1, i, best);
    swap_rows(columns, count, i, best);
  }
}

ms_status ms_eigen_project(ms_context *context, double *a, size_t order, double *values,
                           double *columns, size_t count) {
  tridiagonal t;
  MS_TRY(start(context, a, order, count, &t));
  if (count > 0) { /* columns may be NULL */
    reflect(&t, columns, count, false);
  }
  MS_TRY(ms_tridiagonal_rotate(context, order, t.diagonal, t.beside, columns, count, count));
  sort_descending(&t, values, columns, count);
  return MS_OK;
}

ms_status ms_eigen_vectors(ms_context *context, double *a, size_t order, double share,
                           size_t *count, double *values, double *vectors) {
  tridiagonal t;
  MS_TRY(start(context, a, order, *count, &t));
  MS_TRY(
      ms_tridiagonal_divide(context, order, t.diagonal, t.beside, share, count, values, vectors));
  ms_scale(values, t.scale, order);
  reflect(&t, vectors, *count, true);
  return MS_OK;
}
