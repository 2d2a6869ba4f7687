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

/* Eigenvalues values [order], and eigenvectors as rows [order][order], in no order. */
typedef struct solution {
  size_t order;
  double *values;
  double *rows;
} solution;

/*
 * The change of rank one D + weight z zᵀ. Row i of rows [order][order] was an eigenvector of one
 * half, or of both after a rotation: reaches says in which columns it is not zero.
 */
enum { REACHES_FIRST = 1, REACHES_SECOND = 2 };
typedef struct join {
  size_t order;
  size_t first_order; /* columns of the first half */
  double weight;
  double *d;        /* [order] */
  double *z;        /* [order], of length 1 */
  double *rows;     /* [order][order] */
  uint8_t *reaches; /* [order] */
  size_t *sorted;   /* [order], d ascending */
  size_t *kept;     /* [kept_count], what takes part, d ascending */
  size_t kept_count;
  size_t *deflated; /* [deflated_count], what is an eigenvector already */
  size_t deflated_count;
} join;

static ms_status make_join(ms_context *context, size_t order, size_t first_order, join *j) {
  *j = (join){.order = order, .first_order = first_order};
  MS_TRY(MS_SCRATCH(context, order, &j->d));
  MS_TRY(MS_SCRATCH(context, order, &j->z));
  MS_TRY(MS_SCRATCH(context, order * order, &j->rows));
  MS_TRY(MS_SCRATCH(context, order, &j->reaches));
  MS_TRY(MS_SCRATCH(context, order, &j->sorted));
  MS_TRY(MS_SCRATCH(context, order, &j->kept));
  return MS_SCRATCH(context, order, &j->deflated);
}

/* Merge sort by bottom-up runs; spare [count]. */
static void sort_ascending(const double *d, size_t *order, size_t count, size_t *spare) {
  for (size_t i = 0; i < count; i++) {
    order[i] = i;
  }
  for (size_t run = 1; run < count; run *= 2) {
    for (size_t first = 0; first < count; first += 2 * run) {
      size_t middle = count - first < run ? count : first + run;
      size_t end = count - first < 2 * run ? count : first + 2 * run;
      size_t a = first;
      size_t b = middle;
      for (size_t i = first; i < end; i++) {
        int from_a = a < middle && (b >= end || d[order[a]] <= d[order[b]]);
        spare[i] = from_a ? order[a++] : order[b++];
      }
    }
    memcpy(order, spare, count * sizeof *order);
  }
}

/* Fills the change from the solutions of both halves; beside is the entry that was cut. */
static void fill_join(const solution *first, const solution *second, double beside, join *j) {
  size_t n = j->order;
  memset(j->rows, 0, n * n * sizeof *j->rows);
  for (size_t i = 0; i < first->order; i++) {
    const double *from = first->rows + i * first->order;
    memcpy(j->rows + i * n, from, first->order * sizeof *from);
    j->d[i] = first->values[i];
    j->z[i] = from[first->order - 1] * sqrt(0.5);
    j->reaches[i] = REACHES_FIRST;
  }
  for (size_t i = 0; i < second->order; i++) {
    const double *from = second->rows + i * second->order;
    size_t at = first->order + i;
    memcpy(j->rows + at * n + first->order, from, second->order * sizeof *from);
    j->d[at] = second->values[i];
    j->z[at] = (beside < 0 ? -from[0] : from[0]) * sqrt(0.5);
    j->reaches[at] = REACHES_SECOND;
  }
  j->weight = 2 * fabs(beside);
  sort_ascending(j->d, j->sorted, n, j->kept);
}

/* Rotates two rows so that the change no longer reaches row a, where that error is below limit. */
static bool rotate_away(join *j, size_t a, size_t b, double limit) {
  double length = hypot(j->z[a], j->z[b]);
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

/* The secular function 1 + weight Σ z² / (poles - x), its terms up to a pole and after it. */
typedef struct secular {
  double below;
  double below_slope;
  double above;
  double above_slope;
} secular;

MS_NO_INLINE static secular evaluate(const double *poles, const double *squares, size_t count,
                                     size_t last_below, double weight, double x) {
  secular s = {0, 0, 0, 0};
  for (size_t i = 0; i <= last_below; i++) {
    double term = squares[i] / (poles[i] - x);
    s.below += term;
    s.below_slope += term / (poles[i] - x);
  }
  for (size_t i = last_below + 1; i < count; i++) {
    double term = squares[i] / (poles[i] - x);
    s.above += term;
    s.above_slope += term / (poles[i] - x);
  }
  return (secular){s.below * weight, s.below_slope * weight, s.above * weight,
                   s.above_slope * weight};
}

/*
 * The step to the root of the function that has the terms below as r + s / (pole - x), those above
 * likewise, with their values and slopes (Bunch, Nielsen and Sorensen 1978). below and above are
 * the distances to the poles.
 */
static double rational_step(const secular *s, double below, double above) {
  double constant = 1 + s->below - s->below_slope * below + s->above - s->above_slope * above;
  double value = 1 + s->below + s->above;
  double left = s->below_slope * below * below;
  double right = s->above_slope * above * above;
  double b = constant * (below + above) + left + right;
  double c = below * above * value;
  double root = sqrt(fmax(b * b - 4 * constant * c, 0));
  return b <= 0 ? (b - root) / (2 * constant) : 2 * c / (b + root);
}

/* The same for the largest root, which has no pole above. */
static double last_step(const secular *s, double below) {
  double constant = 1 + s->below - s->below_slope * below;
  return below + s->below_slope * below * below / constant;
}

/*
 * Root index of the change, between pole index and the next one. distances [count] receives the
 * poles minus the root, to full relative precision: the root is sought as a distance from the
 * nearer pole. poles: [count] of scratch.
 */
static double find_root(const double *d, const double *squares, size_t count, double weight,
                        size_t index, double *poles, double *distances) {
  bool last = index + 1 == count;
  double low = 0;
  double high = last ? weight : (d[index + 1] - d[index]) / 2;
  size_t origin = index;
  for (size_t i = 0; i < count; i++) {
    poles[i] = d[i] - d[index];
  }
  secular s = evaluate(poles, squares, count, index, weight, high);
  if (!last && 1 + s.below + s.above < 0) {
    origin = index + 1;
    low = -high;
    high = 0;
    for (size_t i = 0; i < count; i++) {
      poles[i] = d[i] - d[origin];
    }
  }
  double x = origin == index ? high : low;
  for (size_t i = 0; i < ROOT_STEPS; i++) {
    double step = last ? last_step(&s, poles[index] - x)
                       : rational_step(&s, poles[index] - x, poles[index + 1] - x);
    double next = x + step;
    if (!(next > low && next < high)) {
      next = low + (high - low) / 2;
    }
    if (next == x || next == low || next == high) {
      break;
    }
    x = next;
    s = evaluate(poles, squares, count, index, weight, x);
    double value = 1 + s.below + s.above;
    if (fabs(value) <= 8 * DBL_EPSILON * (1 - s.below + s.above)) {
      break;
    }
    *(value < 0 ? &low : &high) = x;
  }
  for (size_t i = 0; i < count; i++) {
    distances[i] = poles[i] - x;
  }
  return d[origin] + x;
}

/*
 * factors [kept][kept]: row j has the coordinates of the new eigenvector j, in order of kept; roots
 * [kept]. work [4][kept].
 */
static void solve_change(const join *j, double *roots, double *factors, double *work) {
  size_t n = j->kept_count;
  double *d = work;
  double *squares = d + n;
  double *poles = squares + n;
  double *z = poles + n;
  for (size_t i = 0; i < n; i++) {
    d[i] = j->d[j->kept[i]];
    squares[i] = j->z[j->kept[i]] * j->z[j->kept[i]];
  }
  for (size_t i = 0; i < n; i++) {
    roots[i] = find_root(d, squares, n, j->weight, i, poles, factors + i * n);
  }
  /* z again, such that the roots found are exact: z_i² = Π_j (root_j - d_i) / Π_j≠i (d_j - d_i) */
  for (size_t i = 0; i < n; i++) {
    z[i] = -factors[i * n + i];
  }
  for (size_t k = 0; k < n; k++) {
    const double *distances = factors + k * n;
    for (size_t i = 0; i < n; i++) {
      if (i != k) {
        z[i] *= distances[i] / (d[i] - d[k]);
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

/* to [rows of factors][half's columns] += factors times the kept rows that reach into a half */
static ms_status combine(ms_context *context, const join *j, ms_matrix factors, uint8_t half,
                         ms_matrix to, size_t column) {
  ms_arena_mark mark = ms_arena_get_mark(context);
  double *chosen = NULL; /* [factors.rows][count] */
  double *rows = NULL;   /* [count][to.columns] */
  size_t count = 0;
  MS_TRY(MS_SCRATCH(context, factors.rows * j->kept_count, &chosen));
  MS_TRY(MS_SCRATCH(context, j->kept_count * to.columns, &rows));
  for (size_t i = 0; i < j->kept_count; i++) {
    if ((j->reaches[j->kept[i]] & half) != 0) {
      memcpy(rows + count * to.columns, j->rows + j->kept[i] * j->order + column,
             to.columns * sizeof *rows);
      for (size_t k = 0; k < factors.rows; k++) {
        chosen[k * j->kept_count + count] = factors.values[k * factors.row_stride + i];
      }
      count++;
    }
  }
  ms_matrix left = ms_matrix_part(ms_matrix_make(chosen, factors.rows, j->kept_count), 0,
                                  factors.rows, 0, count);
  ms_multiply(left, ms_matrix_make(rows, count, to.columns), to);
  ms_arena_drop(context, mark);
  return MS_OK;
}

/* How many eigenvectors are wanted: the largest ones, until their values add up to enough. */
typedef struct demand {
  size_t limit;
  double enough;
} demand;

/* The values of a change whose eigenvectors are wanted. */
typedef struct choice {
  size_t root_count;     /* the largest roots, which are the last ones */
  size_t deflated_count; /* the largest deflated ones, which choose_values sorts last */
} choice;

/* Which of the roots (ascending) and deflated ones (sorted here) are wanted. */
static choice choose_values(join *j, const double *roots, const demand *wanted, size_t *work) {
  size_t *order = work;
  size_t *spare = work + j->deflated_count;
  double *d = j->z; /* no longer needed */
  for (size_t i = 0; i < j->deflated_count; i++) {
    d[i] = j->d[j->deflated[i]];
  }
  sort_ascending(d, order, j->deflated_count, spare);
  for (size_t i = 0; i < j->deflated_count; i++) {
    spare[i] = j->deflated[order[i]];
  }
  memcpy(j->deflated, spare, j->deflated_count * sizeof *spare);
  choice chosen = {0, 0};
  double sum = 0;
  size_t most = wanted->limit < j->order ? wanted->limit : j->order;
  while (chosen.root_count + chosen.deflated_count < most && sum < wanted->enough) {
    size_t root = j->kept_count - chosen.root_count;
    size_t other = j->deflated_count - chosen.deflated_count;
    if (other == 0 || (root > 0 && roots[root - 1] >= j->d[j->deflated[other - 1]])) {
      sum += roots[root - 1];
      chosen.root_count++;
    } else {
      sum += j->d[j->deflated[other - 1]];
      chosen.deflated_count++;
    }
  }
  return chosen;
}

/* Writes the eigenvalues, and the eigenvectors that are wanted as the first rows. */
static ms_status finish_join(ms_context *context, join *j, const demand *wanted, solution *result) {
  size_t n = j->kept_count;
  double *roots = NULL;   /* [n] */
  double *factors = NULL; /* [n][n] */
  double *work = NULL;    /* [4][n] */
  size_t *order = NULL;   /* [2][deflated_count] */
  MS_TRY(MS_SCRATCH(context, n, &roots));
  MS_TRY(MS_SCRATCH(context, n * n, &factors));
  MS_TRY(MS_SCRATCH(context, 4 * n, &work));
  MS_TRY(MS_SCRATCH(context, 2 * j->deflated_count, &order));
  solve_change(j, roots, factors, work);
  const choice chosen = choose_values(j, roots, wanted, order);
  size_t first_root = n - chosen.root_count;
  size_t first_deflated = j->deflated_count - chosen.deflated_count;
  double *values = result->values;
  memcpy(values, roots + first_root, chosen.root_count * sizeof *roots);
  values += chosen.root_count;
  for (size_t i = 0; i < chosen.deflated_count; i++) {
    size_t at = j->deflated[first_deflated + i];
    *values++ = j->d[at];
    memcpy(result->rows + (chosen.root_count + i) * j->order, j->rows + at * j->order,
           j->order * sizeof *j->rows);
  }
  memcpy(values, roots, first_root * sizeof *roots);
  values += first_root;
  for (size_t i = 0; i < first_deflated; i++) {
    *values++ = j->d[j->deflated[i]];
  }
  ms_matrix new_rows = ms_matrix_make(factors + first_root * n, chosen.root_count, n);
  ms_matrix to = ms_matrix_make(result->rows, chosen.root_count, j->order);
  size_t half = j->first_order;
  MS_TRY(combine(context, j, new_rows, REACHES_FIRST, ms_matrix_part(to, 0, to.rows, 0, half), 0));
  return combine(context, j, new_rows, REACHES_SECOND,
                 ms_matrix_part(to, 0, to.rows, half, j->order - half), half);
}

static ms_status make_solution(ms_context *context, size_t order, solution *s) {
  s->order = order;
  MS_TRY(MS_SCRATCH(context, order, &s->values));
  return MS_SCRATCH(context, order * order, &s->rows);
}

static ms_status solve_leaf(ms_context *context, double *diagonal, double *beside,
                            solution *result) {
  size_t order = result->order;
  memset(result->rows, 0, order * order * sizeof *result->rows);
  for (size_t i = 0; i < order; i++) {
    result->rows[i * order + i] = 1;
  }
  MS_TRY(ms_tridiagonal_rotate(context, order, diagonal, beside, result->rows, order));
  memcpy(result->values, diagonal, order * sizeof *diagonal);
  return MS_OK;
}

/* All eigenvalues, and the eigenvectors that are wanted, into result. A leaf gives all of them. */
static ms_status solve(ms_context *context, double *diagonal, double *beside, const demand *wanted,
                       solution *result) {
  size_t order = result->order;
  if (order <= LEAF) {
    return solve_leaf(context, diagonal, beside, result);
  }
  ms_arena_mark mark = ms_arena_get_mark(context);
  size_t half = order / 2;
  double cut = beside[half];
  join j;
  solution first;
  solution second;
  MS_TRY(make_join(context, order, half, &j));
  ms_arena_mark halves = ms_arena_get_mark(context);
  MS_TRY(make_solution(context, half, &first));
  MS_TRY(make_solution(context, order - half, &second));
  diagonal[half - 1] -= fabs(cut);
  diagonal[half] -= fabs(cut);
  const demand everything = {order, INFINITY};
  MS_TRY(solve(context, diagonal, beside, &everything, &first));
  MS_TRY(solve(context, diagonal + half, beside + half, &everything, &second));
  fill_join(&first, &second, cut, &j);
  ms_arena_drop(context, halves);
  deflate(&j);
  MS_TRY(finish_join(context, &j, wanted, result));
  ms_arena_drop(context, mark);
  return MS_OK;
}

ms_status ms_tridiagonal_divide(ms_context *context, size_t order, double *diagonal, double *beside,
                                double share, size_t *count, double *values, double *rows) {
  ms_arena_mark mark = ms_arena_get_mark(context);
  solution all;
  size_t *sorted = NULL; /* [order] */
  size_t *spare = NULL;  /* [order] */
  double trace = 0;
  for (size_t i = 0; i < order; i++) {
    trace += diagonal[i];
  }
  const demand wanted = {*count, share < 1 ? share * trace : INFINITY};
  MS_TRY(make_solution(context, order, &all));
  MS_TRY(MS_SCRATCH(context, order, &sorted));
  MS_TRY(MS_SCRATCH(context, order, &spare));
  MS_TRY(solve(context, diagonal, beside, &wanted, &all));
  /* The sort keeps the order of equal values, and the first ones have their eigenvectors. */
  for (size_t i = 0; i < order; i++) {
    all.values[i] = -all.values[i];
  }
  sort_ascending(all.values, sorted, order, spare);
  double sum = 0;
  *count = 0;
  for (size_t i = 0; i < order; i++) {
    size_t from = sorted[i];
    values[i] = -all.values[from];
    if (i < wanted.limit && sum < wanted.enough) {
      memcpy(rows + i * order, all.rows + from * order, order * sizeof *rows);
      sum += values[i];
      *count = i + 1;
    }
  }
  ms_arena_drop(context, mark);
  return MS_OK;
}
