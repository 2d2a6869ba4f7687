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

/* What update_and_multiply reads and writes besides the matrix; [order] each. */
typedef struct pass {
  const double *v;
  const double *w;
  const double *u;
  double *product;
} pass;

/*
 * The pass below over the columns before i of rows i and i + 1, which share what they load. sums
 * gets what each row adds to its own product.
 */
MS_NO_INLINE static void pass_rows(double *first, double *second, size_t i, const pass *p,
                                   double sums[2]) {
  double v[2] = {p->v[i], p->v[i + 1]};
  double w[2] = {p->w[i], p->w[i + 1]};
  double u[2] = {p->u[i], p->u[i + 1]};
  ms_lanes a_sum = ms_lanes_splat(0);
  ms_lanes b_sum = ms_lanes_splat(0);
  size_t j = 0;
  for (; j + 2 <= i; j += 2) {
    ms_lanes vj = ms_lanes_load(p->v + j);
    ms_lanes wj = ms_lanes_load(p->w + j);
    ms_lanes uj = ms_lanes_load(p->u + j);
    ms_lanes a = ms_lanes_load(first + j);
    ms_lanes b = ms_lanes_load(second + j);
    ms_lanes product = ms_lanes_load(p->product + j);
    a = ms_lanes_subtract(a, ms_lanes_multiply(ms_lanes_splat(v[0]), wj));
    a = ms_lanes_subtract(a, ms_lanes_multiply(ms_lanes_splat(w[0]), vj));
    b = ms_lanes_subtract(b, ms_lanes_multiply(ms_lanes_splat(v[1]), wj));
    b = ms_lanes_subtract(b, ms_lanes_multiply(ms_lanes_splat(w[1]), vj));
    ms_lanes_store(first + j, a);
    ms_lanes_store(second + j, b);
    a_sum = ms_lanes_multiply_add(a, uj, a_sum);
    b_sum = ms_lanes_multiply_add(b, uj, b_sum);
    product = ms_lanes_multiply_add(a, ms_lanes_splat(u[0]), product);
    product = ms_lanes_multiply_add(b, ms_lanes_splat(u[1]), product);
    ms_lanes_store(p->product + j, product);
  }
  sums[0] = ms_lanes_sum(a_sum);
  sums[1] = ms_lanes_sum(b_sum);
  for (; j < i; j++) {
    first[j] -= v[0] * p->w[j] + w[0] * p->v[j];
    second[j] -= v[1] * p->w[j] + w[1] * p->v[j];
    sums[0] += first[j] * p->u[j];
    sums[1] += second[j] * p->u[j];
    p->product[j] += first[j] * u[0] + second[j] * u[1];
  }
}

/*
 * Subtracts v wᵀ + w vᵀ from the lower triangle of a (rows stride apart), and in the same pass over
 * memory multiplies the symmetric result: product = a u.
 */
static void update_and_multiply(double *a, size_t stride, size_t order, const pass *p) {
  const double *v = p->v;
  const double *w = p->w;
  const double *u = p->u;
  double *product = p->product;
  memset(product, 0, order * sizeof *product);
  size_t i = order % 2;
  if (i == 1) {
    a[0] -= 2 * v[0] * w[0];
    product[0] = a[0] * u[0];
  }
  for (; i < order; i += 2) {
    double *first = a + i * stride;
    double *second = first + stride;
    double sums[2];
    pass_rows(first, second, i, p, sums);
    first[i] -= 2 * v[i] * w[i];
    second[i] -= v[i + 1] * w[i] + w[i + 1] * v[i];
    second[i + 1] -= 2 * v[i + 1] * w[i + 1];
    product[i] += sums[0] + first[i] * u[i] + second[i] * u[i + 1];
    product[i + 1] += sums[1] + second[i] * u[i] + second[i + 1] * u[i + 1];
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
    update_and_multiply(t->reflectors, n, i, &(pass){v, w, row, product});
    double half = ms_dot(row, product, i) / 2;
    for (size_t j = 0; j < i; j++) {
      v[j] = row[j];
      w[j] = product[j] - half * row[j];
    }
  }
}

/* A group of reflections joined: H_first … H_first+size-1 = I - Vᵀ T V. */
enum { GROUP = 32 };

typedef struct group {
  ms_matrix reflections; /* V [size][width] */
  ms_matrix joined;      /* T [size][size], an upper triangle */
} group;

/* Doubles of scratch for a group and its products with count vectors. */
static size_t group_room(size_t order, size_t count) {
  return GROUP * (order + GROUP + 2 * count);
}

static group join_reflections(const tridiagonal *t, size_t first, size_t size, double *work) {
  size_t width = first + size - 1;
  double *v = work;
  double *joined = v + GROUP * t->order;
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
  return (group){ms_matrix_make(v, size, width), ms_matrix_make(joined, size, size)};
}

/* columns [order][count] = Qᵀ columns = H_1 … H_order-1 columns */
static void reflect_columns(const tridiagonal *t, double *columns, size_t count, double *work) {
  double *seen = work + GROUP * (t->order + GROUP); /* [GROUP][count] */
  double *factors = seen + GROUP * count;           /* [GROUP][count] */
  for (size_t end = t->order; end > 1;) {
    size_t size = end - 1 < GROUP ? end - 1 : GROUP;
    group g = join_reflections(t, end - size, size, work);
    ms_matrix part = ms_matrix_make(columns, g.reflections.columns, count);
    ms_matrix products = ms_matrix_make(seen, size, count);
    ms_matrix weighted = ms_matrix_make(factors, size, count);
    ms_multiply(g.reflections, part, products);
    ms_multiply(g.joined, products, weighted);
    ms_multiply_add(ms_matrix_transposed(g.reflections), weighted, -1, part);
    end -= size;
  }
}

/* rows [count][order] = rows Qᵀ = rows H_1 … H_order-1 */
static void reflect_rows(const tridiagonal *t, double *rows, size_t count, double *work) {
  double *seen = work + GROUP * (t->order + GROUP); /* [count][GROUP] */
  double *factors = seen + GROUP * count;           /* [count][GROUP] */
  for (size_t first = 1; first < t->order; first += GROUP) {
    size_t size = t->order - first < GROUP ? t->order - first : GROUP;
    group g = join_reflections(t, first, size, work);
    ms_matrix part =
        ms_matrix_part(ms_matrix_make(rows, count, t->order), 0, count, 0, g.reflections.columns);
    ms_matrix products = ms_matrix_make(seen, count, size);
    ms_matrix weighted = ms_matrix_make(factors, count, size);
    ms_multiply(part, ms_matrix_transposed(g.reflections), products);
    ms_multiply(products, g.joined, weighted);
    ms_multiply_add(weighted, g.reflections, -1, part);
  }
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

/* Reduces a, in whose place the reflections stay; work has room for a group and count vectors. */
static ms_status start(ms_context *context, double *a, size_t order, size_t count, tridiagonal *t,
                       double **work) {
  size_t room = group_room(order, count);
  *t = (tridiagonal){.order = order, .reflectors = a};
  MS_TRY(MS_SCRATCH(context, order, &t->diagonal));
  MS_TRY(MS_SCRATCH(context, order, &t->beside));
  MS_TRY(MS_SCRATCH(context, room, work));
  reduce(t, *work, *work + order, *work + 2 * order);
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
      if (count > 0) {
        swap_rows(columns, count, i, best);
      }
    }
  }
}

ms_status ms_eigen_project(ms_context *context, double *a, size_t order, double *values,
                           double *columns, size_t count) {
  tridiagonal t;
  double *work = NULL;
  MS_TRY(start(context, a, order, count, &t, &work));
  if (count > 0) {
    reflect_columns(&t, columns, count, work);
  }
  double scale = normalise(&t);
  MS_TRY(ms_tridiagonal_rotate(context, order, t.diagonal, t.beside, columns, count));
  sort_descending(&t, scale, values, columns, count);
  return MS_OK;
}

ms_status ms_eigen_vectors(ms_context *context, double *a, size_t order, double share,
                           size_t *count, double *values, double *vectors) {
  tridiagonal t;
  double *work = NULL;
  MS_TRY(start(context, a, order, *count, &t, &work));
  double scale = normalise(&t);
  MS_TRY(
      ms_tridiagonal_divide(context, order, t.diagonal, t.beside, share, count, values, vectors));
  for (size_t i = 0; i < order; i++) {
    values[i] *= scale;
  }
  reflect_rows(&t, vectors, *count, work);
  return MS_OK;
}
