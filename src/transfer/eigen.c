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

#include "transfer/lanes.h"
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
static void pass_rows(double *first, double *second, size_t i, const pass *p, double sums[2]) {
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

/* Reflections are joined in groups: H … H = I - Vᵀ T V with V [GROUP][order] and T triangular. */
enum { GROUP = 32 };

/* Doubles of scratch that apply_reflections needs. */
static size_t reflection_room(size_t order, size_t count) {
  return GROUP * (order + GROUP + 2 * count);
}

/* v [size][width] holds reflections first … first + size - 1, t [size][size] joins them. */
static void join_reflections(const tridiagonal *t, size_t first, size_t size, size_t width,
                             double *v, double *joined) {
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

/* columns = Qᵀ columns */
static void apply_reflections(const tridiagonal *t, double *columns, size_t count, double *work) {
  double *v = work;
  double *joined = v + GROUP * t->order;
  double *seen = joined + GROUP * GROUP;
  double *weighted = seen + GROUP * count;
  for (size_t end = t->order; end > 1;) {
    size_t size = end - 1 < GROUP ? end - 1 : GROUP;
    size_t width = end - 1;
    join_reflections(t, end - size, size, width, v, joined);
    ms_matrix part = ms_matrix_make(columns, width, count);
    ms_matrix reflections = ms_matrix_make(v, size, width);
    ms_matrix products = ms_matrix_make(seen, size, count);
    ms_matrix factors = ms_matrix_make(weighted, size, count);
    ms_multiply(reflections, part, products);
    ms_multiply(ms_matrix_make(joined, size, size), products, factors);
    ms_multiply_add(ms_matrix_transposed(reflections), factors, -1, part);
    end -= size;
  }
}

/* A rotation of rows row and row + 1: (c, s; -s, c). */
typedef struct rotation {
  size_t row;
  double c;
  double s;
} rotation;

/* The columns to rotate, and rotations that wait: many are applied to a few columns at a time. */
typedef struct rotor {
  double *columns; /* [order][count] */
  size_t count;
  rotation *waiting;
  size_t waiting_count;
  size_t room;
} rotor;

/* Applies a to rows row and row + 1, then b to the rows row + 1 and row + 2. */
static void rotate_twice(double *first, size_t stride, size_t width, const rotation *a,
                         const rotation *b) {
  double *second = first + stride;
  double *third = second + stride;
  size_t j = 0;
  for (; j + 2 <= width; j += 2) {
    ms_lanes x = ms_lanes_load(first + j);
    ms_lanes y = ms_lanes_load(second + j);
    ms_lanes z = ms_lanes_load(third + j);
    ms_lanes_store(first + j, ms_lanes_multiply_add(ms_lanes_splat(a->s), y,
                                                    ms_lanes_multiply(ms_lanes_splat(a->c), x)));
    y = ms_lanes_subtract(ms_lanes_multiply(ms_lanes_splat(a->c), y),
                          ms_lanes_multiply(ms_lanes_splat(a->s), x));
    ms_lanes_store(second + j, ms_lanes_multiply_add(ms_lanes_splat(b->s), z,
                                                     ms_lanes_multiply(ms_lanes_splat(b->c), y)));
    ms_lanes_store(third + j, ms_lanes_subtract(ms_lanes_multiply(ms_lanes_splat(b->c), z),
                                                ms_lanes_multiply(ms_lanes_splat(b->s), y)));
  }
  for (; j < width; j++) {
    double x = first[j];
    double y = a->c * second[j] - a->s * x;
    first[j] = a->c * x + a->s * second[j];
    second[j] = b->c * y + b->s * third[j];
    third[j] = b->c * third[j] - b->s * y;
  }
}

static void rotate_once(double *first, size_t stride, size_t width, const rotation *a) {
  double *second = first + stride;
  for (size_t j = 0; j < width; j++) {
    double x = first[j];
    first[j] = a->c * x + a->s * second[j];
    second[j] = a->c * second[j] - a->s * x;
  }
}

static void flush(rotor *r) {
  enum { PANEL = 32 };
  for (size_t first = 0; first < r->count; first += PANEL) {
    size_t width = r->count - first < PANEL ? r->count - first : PANEL;
    size_t i = 0;
    while (i < r->waiting_count) {
      const rotation *a = &r->waiting[i];
      double *at = r->columns + a->row * r->count + first;
      if (i + 1 < r->waiting_count && a[1].row == a->row + 1) {
        rotate_twice(at, r->count, width, a, a + 1);
        i += 2;
      } else {
        rotate_once(at, r->count, width, a);
        i += 1;
      }
    }
  }
  r->waiting_count = 0;
}

static void push(rotor *r, size_t row, double c, double s) {
  if (r->count == 0) {
    return;
  }
  if (r->waiting_count == r->room) {
    flush(r);
  }
  r->waiting[r->waiting_count++] = (rotation){row, c, s};
}

/* One implicit QR step with Wilkinson's shift on the unreduced block first … last. */
static void step(tridiagonal *t, size_t first, size_t last, rotor *r) {
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
    push(r, k, c, s);
  }
}

/* Whether entry i beside the diagonal may count as zero, in a matrix of norm 1. */
static bool is_negligible(const tridiagonal *t, size_t i) {
  double around = fabs(t->diagonal[i - 1]) + fabs(t->diagonal[i]);
  return fabs(t->beside[i]) <= DBL_EPSILON * fmax(around, 0.125);
}

/* Makes T diagonal. False if that takes more than 40 steps an eigenvalue on average. */
static bool diagonalise(tridiagonal *t, rotor *r) {
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
    step(t, first, last, r);
  }
  flush(r);
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
      if (count > 0) {
        swap_rows(columns, count, i, best);
      }
    }
  }
}

ms_status ms_eigen_project(ms_context *context, double *a, size_t order, double *values,
                           double *columns, size_t count) {
  tridiagonal t = {.order = order, .reflectors = a};
  rotor r = {.columns = columns, .count = count, .room = count > 0 ? 4 * order : 0};
  double *work = NULL;
  size_t room = reflection_room(order, count);
  MS_TRY(MS_SCRATCH(context, order, &t.diagonal));
  MS_TRY(MS_SCRATCH(context, order, &t.beside));
  MS_TRY(MS_SCRATCH(context, r.room, &r.waiting));
  MS_TRY(MS_SCRATCH(context, room > 3 * order ? room : 3 * order, &work));
  if (order == 0) {
    return MS_OK;
  }
  reduce(&t, work, work + order, work + 2 * order);
  if (count > 0) {
    apply_reflections(&t, columns, count, work);
  }
  double scale = normalise(&t);
  if (!diagonalise(&t, &r)) {
    return ms_fail(context, MS_ERR_DATA, "the eigenvalues of a %zu by %zu matrix do not converge",
                   order, order);
  }
  sort_descending(&t, scale, values, columns, count);
  return MS_OK;
}

ms_status ms_eigen_vectors(ms_context *context, double *a, size_t order, double *values,
                           double *vectors) {
  memset(vectors, 0, order * order * sizeof *vectors);
  for (size_t i = 0; i < order; i++) {
    vectors[i * order + i] = 1;
  }
  return ms_eigen_project(context, a, order, values, vectors, order);
}
