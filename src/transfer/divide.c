/*
 * Divide and conquer for tridiagonal matrices (Cuppen 1981): two halves are solved and joined by a
 * change of rank one, whose eigenvalues are the roots of a secular equation. Eigenvectors come from
 * a change of which the computed roots are exact (Gu and Eisenstat 1995), so that they are
 * orthogonal however close the eigenvalues lie. Small pieces are left to tridiagonal.c.
 */
#include <float.h>
#include <math.h>
#include <string.h>

#include "transfer/lanes.h"
#include "transfer/linalg.h"
#include "transfer/tridiagonal.h"

enum { LEAF = 24, ROOT_STEPS = 80 };

/*
 * The change of rank one D + weight z zᵀ. Row i of rows [order][order] was an eigenvector of one
 * half, or of both after a rotation: reaches says in which columns it is not zero.
 */
enum { REACHES_FIRST = 1, REACHES_SECOND = 2 };
typedef struct join {
  size_t order;
  size_t first_order; /* columns of the first half */
  double weight;
  double *rows;    /* [order][order] */
  double *d;       /* [order] */
  double *z;       /* [order], of length 1 */
  size_t *reaches; /* [order] */
  size_t *sorted;  /* [order], d ascending */
  size_t *kept;    /* [kept_count], what takes part, d ascending */
  size_t kept_count;
  size_t *deflated; /* [deflated_count], what is an eigenvector already */
  size_t deflated_count;
} join;

/* Rows of zeros, and room for the rest. */
static ms_status make_join(ms_context *context, size_t order, join *j) {
  double *numbers = NULL;
  size_t *indices = NULL;
  MS_TRY(MS_SCRATCH(context, order * (order + 2), &numbers));
  MS_TRY(MS_SCRATCH(context, 4 * order, &indices));
  memset(numbers, 0, order * order * sizeof *numbers);
  *j = (join){.order = order,
              .first_order = order / 2,
              .rows = numbers,
              .d = numbers + order * order,
              .z = numbers + order * (order + 1),
              .reaches = indices,
              .sorted = indices + order,
              .kept = indices + 2 * order,
              .deflated = indices + 3 * order};
  return MS_OK;
}

/* Sorts indices by their values, and leaves equal ones in their order. They come as a few runs. */
static void sort_ascending(const double *values, size_t *indices, size_t count) {
  for (size_t i = 1; i < count; i++) {
    size_t moved = indices[i];
    size_t at = i;
    for (; at > 0 && values[indices[at - 1]] > values[moved]; at--) {
      indices[at] = indices[at - 1];
    }
    indices[at] = moved;
  }
}

/* Fills the change: rows has the eigenvectors of both halves, and beside is what was cut. */
static void fill_join(join *j, const double *values, double beside) {
  size_t n = j->order;
  for (size_t i = 0; i < n; i++) {
    bool first = i < j->first_order;
    double seen = j->rows[i * n + j->first_order - first];
    j->d[i] = values[i];
    j->z[i] = (!first && beside < 0 ? -seen : seen) * sqrt(0.5);
    j->reaches[i] = first ? REACHES_FIRST : REACHES_SECOND;
    j->sorted[i] = i;
  }
  j->weight = 2 * fabs(beside);
  sort_ascending(j->d, j->sorted, n);
}

/* What rounding took from x², exactly (Dekker 1971). */
static double find_rest(double x, double square) {
  double split = x * (0x1p27 + 1);
  double high = x - split + split;
  double low = x - high;
  return high * high - square + 2 * high * low + low * low;
}

/* √(a² + b²) as from unrounded squares, where these neither overflow nor vanish: hypot, in short.
 */
static double find_length(double a, double b) {
  double first = a * a;
  double second = b * b;
  double rest = find_rest(a, first) + find_rest(b, second);
  return sqrt(rest + fmin(first, second) + fmax(first, second));
}

/* Rotates two rows so that the change no longer reaches row a, where that error is below limit. */
static bool rotate_away(join *j, size_t a, size_t b, double limit) {
  double length = find_length(j->z[a], j->z[b]);
  double c = j->z[b] / length;
  double s = -j->z[a] / length;
  if (fabs((j->d[b] - j->d[a]) * c * s) > limit) {
    return false;
  }
  double *upper = j->rows + a * j->order;
  double *lower = j->rows + b * j->order;
  for (size_t k = 0; k < j->order; k++) {
    double kept = upper[k];
    upper[k] = c * kept + s * lower[k];
    lower[k] = c * lower[k] - s * kept;
  }
  double da = j->d[a];
  double db = j->d[b];
  j->d[a] = c * c * da + s * s * db;
  j->d[b] = s * s * da + c * c * db;
  j->z[a] = 0;
  j->z[b] = length;
  j->reaches[a] |= j->reaches[b];
  j->reaches[b] = j->reaches[a];
  return true;
}

/* Splits the rows into what takes part in the change and what does not, within rounding. */
static void deflate(join *j) {
  double limit = 8 * DBL_EPSILON * fmax(1, j->weight);
  for (size_t i = 0; i < j->order; i++) {
    size_t at = j->sorted[i];
    if (j->weight * fabs(j->z[at]) <= limit) {
      j->deflated[j->deflated_count++] = at;
      continue;
    }
    if (j->kept_count > 0) {
      size_t before = j->kept[j->kept_count - 1];
      if (rotate_away(j, before, at, limit)) {
        j->kept_count--;
        j->deflated[j->deflated_count++] = before;
      }
    }
    j->kept[j->kept_count++] = at;
  }
}

/* What takes part in a change. */
typedef struct change {
  size_t count;
  double weight;
  double *d;       /* [count], ascending */
  double *squares; /* [count], of z */
} change;

/* Terms of the secular function 1 + weight Σ z² / (d - origin - x), and their slope. */
typedef struct terms {
  double sum;
  double slope;
} terms;

MS_NO_INLINE static terms add_terms(const change *c, size_t first, size_t end, double origin,
                                    double x) {
  terms t = {0, 0};
  for (size_t i = first; i < end; i++) {
    double distance = c->d[i] - origin - x;
    double term = c->squares[i] / distance;
    t.sum += term;
    t.slope += term / distance;
  }
  return (terms){t.sum * c->weight, t.slope * c->weight};
}

/*
 * The step to the root of the function that has the terms up to a pole as r + s / (pole - x), those
 * after it likewise, with their values and slopes (Bunch, Nielsen and Sorensen 1978). below and
 * above are the distances to the poles.
 */
static double rational_step(const terms *up_to, const terms *after, double below, double above) {
  double constant = 1 + up_to->sum - up_to->slope * below + after->sum - after->slope * above;
  double value = 1 + up_to->sum + after->sum;
  double left = up_to->slope * below * below;
  double right = after->slope * above * above;
  double b = constant * (below + above) + left + right;
  double c = below * above * value;
  double root = sqrt(fmax(b * b - 4 * constant * c, 0));
  return b <= 0 ? (b - root) / (2 * constant) : 2 * c / (b + root);
}

/* The same for the largest root, which has no pole above. */
static double last_step(const terms *up_to, double below) {
  double constant = 1 + up_to->sum - up_to->slope * below;
  return below + up_to->slope * below * below / constant;
}

/*
 * Root index of the change, between pole index and the next one. distances [count] receives the
 * poles minus the root, to full relative precision: the root is sought as a distance from the
 * nearer pole.
 */
static double find_root(const change *c, size_t index, double *distances) {
  bool last = index + 1 == c->count;
  double origin = c->d[index];
  double low = 0;
  double high = last ? c->weight : (c->d[index + 1] - origin) / 2;
  double x = high;
  for (size_t i = 0;; i++) {
    terms up_to = add_terms(c, 0, index + 1, origin, x);
    terms after = add_terms(c, index + 1, c->count, origin, x);
    double value = 1 + up_to.sum + after.sum;
    if (i > 0) {
      if (i == ROOT_STEPS || fabs(value) <= 8 * DBL_EPSILON * (1 - up_to.sum + after.sum)) {
        break;
      }
      if (value < 0) {
        low = x;
      } else {
        high = x;
      }
    } else if (!last && value < 0) {
      origin = c->d[index + 1];
      low = -high;
      high = 0;
      x = low;
    }
    double below = c->d[index] - origin - x;
    double step = last ? last_step(&up_to, below)
                       : rational_step(&up_to, &after, below, c->d[index + 1] - origin - x);
    double next = x + step;
    if (!(next > low && next < high)) {
      next = low + (high - low) / 2;
    }
    if (next == x || next == low || next == high) {
      break;
    }
    x = next;
  }
  for (size_t i = 0; i < c->count; i++) {
    distances[i] = c->d[i] - origin - x;
  }
  return origin + x;
}

/*
 * factors [kept][kept]: row j has the coordinates of the new eigenvector j, in order of kept; roots
 * [kept]. work [3][kept].
 */
static void solve_change(const join *j, double *roots, double *factors, double *work) {
  size_t n = j->kept_count;
  const change c = {n, j->weight, work, work + n};
  double *z = work + 2 * n;
  for (size_t i = 0; i < n; i++) {
    double seen = j->z[j->kept[i]];
    c.d[i] = j->d[j->kept[i]];
    c.squares[i] = seen * seen;
  }
  /* z again, such that the roots found are exact: z_i² = Π_j (root_j - d_i) / Π_j≠i (d_j - d_i) */
  for (size_t i = 0; i < n; i++) {
    double *distances = factors + i * n;
    roots[i] = find_root(&c, i, distances);
    z[i] = -distances[i];
  }
  for (size_t k = 0; k < n; k++) {
    const double *distances = factors + k * n;
    for (size_t i = 0; i < n; i++) {
      if (i != k) {
        z[i] *= distances[i] / (c.d[i] - c.d[k]);
      }
    }
  }
  for (size_t i = 0; i < n; i++) {
    z[i] = copysign(sqrt(fmax(z[i], 0)), j->z[j->kept[i]]);
  }
  for (size_t k = 0; k < n; k++) {
    double *row = factors + k * n;
    for (size_t i = 0; i < n; i++) {
      row[i] = z[i] / row[i];
    }
    double length = sqrt(ms_dot(row, row, n));
    for (size_t i = 0; i < n; i++) {
      row[i] /= length;
    }
  }
}

/*
 * rows [row_count], stride apart = factors [row_count][kept] times the kept rows, half by half: of
 * each only the rows that reach into it. work [kept][row_count + half].
 */
static void combine(const join *j, const double *factors, size_t row_count, double *rows,
                    size_t stride, double *work) {
  double *chosen = work;                               /* [row_count][kept] */
  double *reaching = work + row_count * j->kept_count; /* [count][width] */
  size_t width = j->first_order;
  for (size_t column = 0; column < j->order; column += width) {
    size_t half = column == 0 ? REACHES_FIRST : REACHES_SECOND;
    width = column == 0 ? width : j->order - column;
    size_t count = 0;
    for (size_t i = 0; i < j->kept_count; i++) {
      size_t at = j->kept[i];
      if ((j->reaches[at] & half) != 0) {
        memcpy(reaching + count * width, j->rows + at * j->order + column,
               width * sizeof *reaching);
        for (size_t k = 0; k < row_count; k++) {
          chosen[k * j->kept_count + count] = factors[k * j->kept_count + i];
        }
        count++;
      }
    }
    ms_multiply(((ms_matrix){chosen, row_count, count, j->kept_count, 1}),
                ms_matrix_make(reaching, count, width),
                ((ms_matrix){rows + column, row_count, width, stride, 1}));
  }
}

/* How many eigenvectors are wanted: the largest ones, until their values add up to enough. */
typedef struct demand {
  size_t limit;
  double enough;
} demand;

/*
 * Writes the eigenvalues, and the eigenvectors as rows stride apart: those that are wanted, which
 * are the first ones, and some others.
 */
static ms_status finish_join(ms_context *context, join *j, const demand *wanted, double *values,
                             double *rows, size_t stride) {
  size_t n = j->kept_count;
  double *roots = NULL; /* [n] */
  MS_TRY(MS_SCRATCH(context, n * (2 * n + j->first_order + 5), &roots));
  double *factors = roots + n; /* [n][n] */
  double *work = factors + n * n;
  solve_change(j, roots, factors, work);
  sort_ascending(j->d, j->deflated, j->deflated_count);
  size_t first_root = n;
  size_t first_deflated = j->deflated_count;
  double sum = 0;
  for (size_t i = 0; i < j->order && i < wanted->limit && sum < wanted->enough; i++) {
    double root = first_root > 0 ? roots[first_root - 1] : -INFINITY;
    if (first_deflated == 0 || root >= j->d[j->deflated[first_deflated - 1]]) {
      first_root--;
      sum += root;
    } else {
      first_deflated--;
      sum += j->d[j->deflated[first_deflated]];
    }
  }
  size_t root_count = n - first_root;
  memcpy(values, roots + first_root, root_count * sizeof *roots);
  memcpy(values + j->order - first_deflated - first_root, roots, first_root * sizeof *roots);
  for (size_t i = 0; i < j->deflated_count; i++) {
    size_t to = i - first_deflated + (i < first_deflated ? j->order : root_count);
    values[to] = j->d[j->deflated[i]];
    memcpy(rows + to * stride, j->rows + j->deflated[i] * j->order, j->order * sizeof *rows);
  }
  combine(j, factors + first_root * n, root_count, rows, stride, work);
  return MS_OK;
}

/*
 * All eigenvalues into diagonal, and as rows [order][order], stride apart, the eigenvectors that
 * are wanted, which are the first ones. A leaf gives all of them.
 */
static ms_status solve(ms_context *context, size_t order, double *diagonal, double *beside,
                       const demand *wanted, double *rows, size_t stride) {
  if (order <= LEAF) {
    for (size_t i = 0; i < order; i++) {
      memset(rows + i * stride, 0, order * sizeof *rows);
      rows[i * stride + i] = 1;
    }
    return ms_tridiagonal_rotate(context, order, diagonal, beside, rows, order, stride);
  }
  ms_arena_mark mark = ms_arena_get_mark(context);
  size_t half = order / 2;
  double cut = beside[half];
  join j;
  MS_TRY(make_join(context, order, &j));
  diagonal[half - 1] -= fabs(cut);
  diagonal[half] -= fabs(cut);
  const demand everything = {order, INFINITY};
  MS_TRY(solve(context, half, diagonal, beside, &everything, j.rows, order));
  MS_TRY(solve(context, order - half, diagonal + half, beside + half, &everything,
               j.rows + half * order + half, order));
  fill_join(&j, diagonal, cut);
  deflate(&j);
  MS_TRY(finish_join(context, &j, wanted, diagonal, rows, stride));
  ms_arena_drop(context, mark);
  return MS_OK;
}

ms_status ms_tridiagonal_divide(ms_context *context, size_t order, double *diagonal, double *beside,
                                double share, size_t *count, double *values, double *rows) {
  ms_arena_mark mark = ms_arena_get_mark(context);
  double *all = NULL;    /* [order][order] */
  size_t *sorted = NULL; /* [order] */
  double trace = 0;
  for (size_t i = 0; i < order; i++) {
    trace += diagonal[i];
  }
  const demand wanted = {*count, share < 1 ? share * trace : INFINITY};
  MS_TRY(MS_SCRATCH(context, order * order, &all));
  MS_TRY(MS_SCRATCH(context, order, &sorted));
  MS_TRY(solve(context, order, diagonal, beside, &wanted, all, order));
  /* The sort keeps the order of equal values, and the first ones have their eigenvectors. */
  for (size_t i = 0; i < order; i++) {
    diagonal[i] = -diagonal[i];
    sorted[i] = i;
  }
  sort_ascending(diagonal, sorted, order);
  double sum = 0;
  *count = 0;
  for (size_t i = 0; i < order; i++) {
    size_t from = sorted[i];
    values[i] = -diagonal[from];
    if (i < wanted.limit && sum < wanted.enough) {
      memcpy(rows + i * order, all + from * order, order * sizeof *rows);
      sum += values[i];
      *count = i + 1;
    }
  }
  ms_arena_drop(context, mark);
  return MS_OK;
}
