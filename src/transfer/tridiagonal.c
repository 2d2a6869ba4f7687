/*
 * Implicit QR steps with Wilkinson's shift on tridiagonal matrices (Golub and Van Loan, Matrix
 * Computations, section 8.3.3). Rotations are kept and applied many at a time to a few columns, so
 * that these stay in the cache. It leaves making a matrix tridiagonal to eigen.c.
 */
#include "transfer/tridiagonal.h"

#include <float.h>
#include <math.h>

#include "transfer/lanes.h"

/* A rotation of rows row and row + 1: (c, s; -s, c). */
typedef struct rotation {
  size_t row;
  double c;
  double s;
} rotation;

/* The columns to rotate, and rotations that wait: many are applied to a few columns at a time. */
typedef struct rotor {
  double *columns; /* [order][count], rows stride apart */
  size_t count;
  size_t stride;
  rotation *waiting;
  size_t waiting_count;
  size_t room;
} rotor;

static void rotate_once(double *first, size_t stride, size_t width, const rotation *a) {
  double *second = first + stride;
  for (size_t j = 0; j < width; j++) {
    double x = first[j];
    first[j] = a->c * x + a->s * second[j];
    second[j] = a->c * second[j] - a->s * x;
  }
}

/* Applies a to rows row and row + 1, then b to the rows row + 1 and row + 2. */
MS_NO_INLINE static void rotate_twice(double *first, size_t stride, size_t width, const rotation *a,
                                      const rotation *b) {
  double *second = first + stride;
  double *third = second + stride;
  ms_lanes ac = ms_lanes_splat(a->c);
  ms_lanes as = ms_lanes_splat(a->s);
  ms_lanes bc = ms_lanes_splat(b->c);
  ms_lanes bs = ms_lanes_splat(b->s);
  size_t j = 0;
  for (; j + 2 <= width; j += 2) {
    ms_lanes x = ms_lanes_load(first + j);
    ms_lanes y = ms_lanes_load(second + j);
    ms_lanes z = ms_lanes_load(third + j);
    ms_lanes_store(first + j, ms_lanes_multiply_add(as, y, ms_lanes_multiply(ac, x)));
    y = ms_lanes_subtract(ms_lanes_multiply(ac, y), ms_lanes_multiply(as, x));
    ms_lanes_store(second + j, ms_lanes_multiply_add(bs, z, ms_lanes_multiply(bc, y)));
    ms_lanes_store(third + j,
                   ms_lanes_subtract(ms_lanes_multiply(bc, z), ms_lanes_multiply(bs, y)));
  }
  rotate_once(first + j, stride, width - j, a);
  rotate_once(second + j, stride, width - j, b);
}

static void flush(rotor *r) {
  enum { PANEL = 32 };
  for (size_t first = 0; first < r->count; first += PANEL) {
    size_t width = r->count - first < PANEL ? r->count - first : PANEL;
    size_t i = 0;
    while (i < r->waiting_count) {
      const rotation *a = &r->waiting[i];
      double *at = r->columns + a->row * r->stride + first;
      if (i + 1 < r->waiting_count && a[1].row == a->row + 1) {
        rotate_twice(at, r->stride, width, a, a + 1);
        i += 2;
      } else {
        rotate_once(at, r->stride, width, a);
        i += 1;
      }
    }
  }
  r->waiting_count = 0;
}

static void push(rotor *r, size_t row, double c, double s) {
  if (r->waiting_count == r->room) {
    flush(r);
  }
  r->waiting[r->waiting_count++] = (rotation){row, c, s};
}

/* One implicit QR step with Wilkinson's shift on the unreduced block first … last. */
static void step(double *d, double *e, size_t first, size_t last, rotor *r) {
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
static bool is_negligible(const double *d, const double *e, size_t i) {
  double around = fabs(d[i - 1]) + fabs(d[i]);
  return fabs(e[i]) <= DBL_EPSILON * fmax(around, 0.125);
}

/* False if it takes more than 40 steps an eigenvalue on average. */
static bool diagonalise(size_t order, double *d, double *e, rotor *r) {
  size_t steps_left = 40 * order;
  for (size_t last = order - 1; last > 0;) {
    if (is_negligible(d, e, last)) {
      e[last] = 0;
      last--;
      continue;
    }
    size_t first = last - 1;
    while (first > 0 && !is_negligible(d, e, first)) {
      first--;
    }
    if (steps_left-- == 0) {
      return false;
    }
    step(d, e, first, last, r);
  }
  flush(r);
  return true;
}

ms_status ms_tridiagonal_rotate(ms_context *context, size_t order, double *diagonal, double *beside,
                                double *columns, size_t count, size_t stride) {
  rotor r = {.columns = columns, .count = count, .stride = stride, .room = 4 * order};
  MS_TRY(MS_SCRATCH(context, r.room, &r.waiting));
  if (order > 0 && !diagonalise(order, diagonal, beside, &r)) {
    return ms_fail(context, MS_ERR_DATA, "the eigenvalues of a %zu by %zu matrix do not converge",
                   order, order);
  }
  return MS_OK;
}
