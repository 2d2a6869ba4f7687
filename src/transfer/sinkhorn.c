/*
 * Sinkhorn's algorithm in the stabilised form: scalings work on a kernel from which potentials have
 * been taken out, so that costs far above the penalty do not underflow where it matters.
 */
#include "transfer/sinkhorn.h"

#include <math.h>
#include <string.h>

#include "core/exact.h"

enum { ROUND_LIMIT = 10000 };

/* Scalings beyond this, or its inverse, become potentials. */
static const double largest_scaling = 1e60;

typedef struct transport {
  size_t rows;
  size_t columns;
  double penalty;
  const double *cost; /* [rows][columns] */
  double *kernel;     /* [rows][columns], exp((f + g - cost) / penalty) */
  double *f;          /* [rows], potentials */
  double *g;          /* [columns], behind f */
  double *u;          /* [rows], scalings */
  double *v;          /* [columns], behind u */
  double *sums;       /* [columns] */
} transport;

/* Potentials under which no cost is negative and every row and column has a cost of 0. */
static void reduce_costs(const transport *t) {
  for (size_t i = 0; i < t->rows + t->columns; i++) {
    t->f[i] = INFINITY;
    t->u[i] = 1;
  }
  for (size_t i = 0; i < t->rows; i++) {
    const double *row = t->cost + i * t->columns;
    for (size_t j = 0; j < t->columns; j++) {
      t->f[i] = fmin(t->f[i], row[j]);
    }
    for (size_t j = 0; j < t->columns; j++) {
      t->g[j] = fmin(t->g[j], row[j] - t->f[i]);
    }
  }
}

/* Takes the scalings into the potentials, and makes the kernel anew. */
static void absorb(const transport *t) {
  for (size_t i = 0; i < t->rows + t->columns; i++) {
    t->f[i] += t->penalty * ms_log(t->u[i]);
    t->u[i] = 1;
  }
  for (size_t i = 0; i < t->rows; i++) {
    for (size_t j = 0; j < t->columns; j++) {
      double reduced = t->f[i] + t->g[j] - t->cost[i * t->columns + j];
      t->kernel[i * t->columns + j] = ms_exp(reduced / t->penalty);
    }
  }
}

static bool has_large_scaling(const transport *t) {
  bool large = false;
  for (size_t i = 0; i < t->rows + t->columns; i++) {
    large = large || !(t->u[i] < largest_scaling && t->u[i] > 1 / largest_scaling);
  }
  return large;
}

/* Scales the rows to their sums, then the columns to theirs; gives how far off the rows were. */
static double scale(const transport *t) {
  double error = 0;
  double row_target = 1 / (double)t->rows;
  memset(t->sums, 0, t->columns * sizeof *t->sums);
  for (size_t i = 0; i < t->rows; i++) {
    const double *row = t->kernel + i * t->columns;
    double sum = 0;
    for (size_t j = 0; j < t->columns; j++) {
      sum += row[j] * t->v[j];
    }
    error = fmax(error, fabs(t->u[i] * sum - row_target));
    t->u[i] = row_target / sum;
    for (size_t j = 0; j < t->columns; j++) {
      t->sums[j] += t->u[i] * row[j];
    }
  }
  for (size_t j = 0; j < t->columns; j++) {
    t->v[j] = 1 / ((double)t->columns * t->sums[j]);
  }
  return error * (double)t->rows;
}

ms_status ms_sinkhorn(ms_context *context, double *cost, size_t rows, size_t columns,
                      double penalty) {
  ms_arena_mark mark = ms_arena_get_mark(context);
  transport t = {.rows = rows, .columns = columns, .penalty = penalty, .cost = cost};
  MS_TRY(MS_SCRATCH(context, rows * columns, &t.kernel));
  MS_TRY(MS_SCRATCH(context, 2 * rows + 3 * columns, &t.f));
  t.g = t.f + rows;
  t.u = t.g + columns;
  t.v = t.u + rows;
  t.sums = t.v + columns;
  reduce_costs(&t);
  absorb(&t);
  double error = INFINITY;
  for (size_t i = 0; i < ROUND_LIMIT && error > 1e-9; i++) {
    error = scale(&t);
    if (has_large_scaling(&t)) {
      absorb(&t);
    }
  }
  if (!(error <= 1e-4)) {
    return ms_fail(context, MS_ERR_DATA, "transport does not settle: the rows are off by %g",
                   error);
  }
  for (size_t i = 0; i < rows; i++) {
    for (size_t j = 0; j < columns; j++) {
      cost[i * columns + j] = t.u[i] * t.kernel[i * columns + j] * t.v[j];
    }
  }
  ms_arena_drop(context, mark);
  return MS_OK;
}
