/*
 * L-BFGS for multinomial logistic regression (Nocedal 1980). Every stored vector keeps its image in
 * logits, so that searching along a direction costs softmaxes alone, and a step two products with
 * the map.
 */
#include "transfer/logistic.h"

#include <math.h>
#include <string.h>

#include "kernel/kernels.h"

enum { HISTORY = 8, SEARCH_LIMIT = 12 };

/* A step, and how the gradient changed over it. */
typedef struct pair {
  float *step;
  float *change;
  double product; /* step · change */
  double weight;  /* of the step, while a direction is sought */
} pair;

/* Vectors are coordinates [width][classes], and behind them their image [count][classes]. */
typedef struct solver {
  const ms_logistic *problem;
  const ms_kernels *kernels;
  size_t value_count; /* width × classes */
  size_t image_count; /* count × classes */
  float *at;          /* where we are; its image are the logits */
  float *slope;       /* the gradient there */
  float *direction;
  pair pairs[HISTORY];
  size_t history;       /* pairs kept */
  size_t next;          /* where the next pair goes */
  float *probabilities; /* [count][classes], where the line was evaluated */
  double first;         /* derivatives there, along the direction, without the penalty */
  double second;
  float *errors;     /* [count][classes], gradient by logit */
  float *transposed; /* [width][count], the map's transpose */
  float *packed;     /* a right-hand side for gemm */
} solver;

static ms_status make_solver(ms_context *context, const ms_logistic *problem, solver *s) {
  size_t deepest = problem->width > problem->count ? problem->width : problem->count;
  size_t size = (problem->width + problem->count) * problem->class_count;
  *s = (solver){.problem = problem,
                .kernels = ms_kernels_best(),
                .value_count = problem->width * problem->class_count,
                .image_count = problem->count * problem->class_count};
  s->at = ms_arena_take(context, 3 + 2 * HISTORY, size * sizeof *s->at);
  MS_TRY(MS_HAS_MEMORY(s->at));
  s->slope = s->at + size;
  s->direction = s->slope + size;
  for (size_t i = 0; i < HISTORY; i++) {
    s->pairs[i].step = s->direction + (2 * i + 1) * size;
    s->pairs[i].change = s->pairs[i].step + size;
  }
  MS_TRY(MS_SCRATCH(context, s->image_count, &s->probabilities));
  MS_TRY(MS_SCRATCH(context, ms_packed_count(deepest, problem->class_count), &s->packed));
  MS_TRY(MS_SCRATCH(context, problem->width * problem->count, &s->transposed));
  s->kernels->transpose(problem->map, problem->count, problem->width, s->transposed);
  return MS_OK;
}

/* y [rows][classes] = x [rows][depth] right [depth][classes] */
static void multiply(const solver *s, const float *x, size_t rows, size_t depth, const float *right,
                     float *y) {
  size_t classes = s->problem->class_count;
  static const ms_epilogue nothing = {NULL, 0, -INFINITY, INFINITY};
  ms_pack(right, 1, 0, depth, classes, classes, 1, NULL, s->packed);
  s->kernels->gemm(x, depth, depth, s->packed, y, classes, rows, classes, &nothing);
}

static double inner(const solver *s, const float *a, const float *b) {
  return (double)s->kernels->dot(a, b, s->value_count);
}

/* The inner product that the penalty weighs. */
static double penalise(const solver *s, const float *a, const float *b) {
  const ms_logistic *p = s->problem;
  double sum = 0;
  for (size_t j = 0; j < p->width; j++) {
    size_t at = j * p->class_count;
    sum += (double)p->penalty[j] * (double)s->kernels->dot(a + at, b + at, p->class_count);
  }
  return sum;
}

/* The gradient at s->at, and its image, from the probabilities there, which become errors. */
static void find_slope(solver *s) {
  const ms_logistic *p = s->problem;
  size_t classes = p->class_count;
  for (size_t i = 0; i < p->count; i++) {
    s->probabilities[i * classes + p->labels[i]] -= 1;
  }
  multiply(s, s->transposed, p->width, p->count, s->probabilities, s->slope);
  for (size_t j = 0; j < p->width; j++) {
    s->kernels->axpy(s->slope + j * classes, p->penalty[j], s->at + j * classes, classes);
  }
  multiply(s, p->map, p->count, p->width, s->slope, s->slope + s->value_count);
}

/* a += factor b */
static void add(const solver *s, float *a, double factor, const float *b) {
  s->kernels->axpy(a, (float)factor, b, s->value_count + s->image_count);
}

/* a = factor b */
static void set(const solver *s, float *a, double factor, const float *b) {
  for (size_t i = 0; i < s->value_count + s->image_count; i++) {
    a[i] = (float)factor * b[i];
  }
}

/* The pair that so many others followed. */
static pair *find_pair(solver *s, size_t back) {
  return &s->pairs[(s->next + HISTORY - 1 - back) % HISTORY];
}

/* The direction of L-BFGS: minus the gradient, through the curvature that the history shows. */
static void find_direction(solver *s) {
  set(s, s->direction, -1, s->slope);
  for (size_t back = 0; back < s->history; back++) {
    pair *p = find_pair(s, back);
    p->weight = inner(s, p->step, s->direction) / p->product;
    add(s, s->direction, -p->weight, p->change);
  }
  if (s->history > 0) {
    const pair *last = find_pair(s, 0);
    set(s, s->direction, last->product / inner(s, last->change, last->change), s->direction);
  }
  for (size_t back = s->history; back-- > 0;) {
    const pair *p = find_pair(s, back);
    double weight = inner(s, p->change, s->direction) / p->product;
    add(s, s->direction, p->weight - weight, p->step);
  }
}

/* The probabilities at a distance along the direction, and two derivatives of the data's part. */
static void evaluate(solver *s, double distance) {
  const ms_logistic *p = s->problem;
  size_t classes = p->class_count;
  s->first = 0;
  s->second = 0;
  for (size_t i = 0; i < p->count; i++) {
    const float *from = s->at + s->value_count + i * classes;
    const float *along = s->direction + s->value_count + i * classes;
    float *row = s->probabilities + i * classes;
    for (size_t c = 0; c < classes; c++) {
      row[c] = from[c] + (float)distance * along[c];
    }
    s->kernels->softmax(row, row, classes);
    double mean = 0;
    double square = 0;
    for (size_t c = 0; c < classes; c++) {
      double product = (double)row[c] * (double)along[c];
      mean += product;
      square += product * (double)along[c];
    }
    s->first += mean - (double)along[p->labels[i]];
    s->second += square - mean * mean;
  }
}

/*
 * The distance along the direction where the slope has lost nine tenths, by Newton's steps inside
 * an interval that only shrinks: the objective is convex. Leaves the probabilities of that place. 0
 * if the direction does not descend.
 */
static double search(solver *s) {
  double linear = penalise(s, s->at, s->direction);
  double quadratic = penalise(s, s->direction, s->direction);
  double start = inner(s, s->slope, s->direction);
  double low = 0;
  double high = INFINITY;
  double distance = 1;
  if (!(start < 0)) {
    return 0;
  }
  for (size_t i = 0; i < SEARCH_LIMIT; i++) {
    evaluate(s, distance);
    double slope = s->first + linear + distance * quadratic;
    if (fabs(slope) <= -0.1 * start || i + 1 == SEARCH_LIMIT) {
      break;
    }
    if (slope < 0) {
      low = distance;
    } else {
      high = distance;
    }
    double next = distance - slope / (s->second + quadratic);
    if (!(next > low && next < high)) {
      next = high < INFINITY ? (low + high) / 2 : 4 * distance;
    }
    distance = next;
  }
  return distance;
}

/* Goes the distance, and remembers step and change unless rounding spoilt them. */
static void move(solver *s, double distance) {
  pair *p = &s->pairs[s->next];
  set(s, p->step, distance, s->direction);
  set(s, p->change, -1, s->slope);
  add(s, s->at, distance, s->direction);
  find_slope(s);
  add(s, p->change, 1, s->slope);
  p->product = inner(s, p->step, p->change);
  if (p->product > 0) {
    s->next = (s->next + 1) % HISTORY;
    s->history = s->history < HISTORY ? s->history + 1 : HISTORY;
  }
}

ms_status ms_logistic_fit(ms_context *context, const ms_logistic *problem, double tolerance,
                          size_t step_limit, float *coordinates, float *fitted) {
  solver s;
  MS_TRY(make_solver(context, problem, &s));
  size_t size = s.value_count + s.image_count;
  memset(s.at, 0, size * sizeof *s.at);
  memset(s.direction, 0, size * sizeof *s.direction);
  evaluate(&s, 0);
  find_slope(&s);
  for (size_t i = 0; i < step_limit; i++) {
    if (inner(&s, s.slope, s.slope) <= 2 * tolerance * (double)problem->count) {
      break;
    }
    find_direction(&s);
    double distance = search(&s);
    if (distance == 0) {
      break;
    }
    move(&s, distance);
  }
  memcpy(coordinates, s.at, s.value_count * sizeof *coordinates);
  memcpy(fitted, s.at + s.value_count, s.image_count * sizeof *fitted);
  return MS_OK;
}

/* The map [count][width] and its penalty, from columns that are scaled to a curvature of 1. */
static ms_status make_problem(ms_context *context, const ms_training *t, double *scales,
                              ms_logistic *problem) {
  const ms_principal *p = t->principal;
  size_t width = p->width + 1;
  uint32_t *labels = NULL; /* [count] */
  float *map = NULL;       /* [count][width] */
  float *penalty = NULL;   /* [width] */
  MS_TRY(MS_SCRATCH(context, t->count, &labels));
  MS_TRY(MS_SCRATCH(context, t->count * width, &map));
  MS_TRY(MS_SCRATCH(context, width, &penalty));
  for (size_t j = 0; j < width; j++) {
    bool weight = j < p->width;
    double strength = weight ? t->strength : 0;
    double curvature = (weight ? p->variances[j] : 1) * t->known / t->shared + strength;
    scales[j] = 1 / sqrt(curvature);
    penalty[j] = (float)(strength / curvature);
  }
  for (size_t i = 0; i < t->count; i++) {
    size_t row = t->rows != NULL ? t->rows[i] : i;
    labels[i] = t->labels[row];
    for (size_t j = 0; j < width; j++) {
      double value = j < p->width ? p->coordinates[row * p->width + j] : 1;
      map[i * width + j] = (float)(value * scales[j]);
    }
  }
  *problem = (ms_logistic){t->count, t->class_count, labels, width, map, penalty};
  return MS_OK;
}

ms_status ms_logistic_train(ms_context *context, const ms_training *training, double **weights,
                            float **logits) {
  size_t width = training->principal->width + 1;
  size_t classes = training->class_count;
  ms_logistic problem;
  double *scales = NULL; /* [width] */
  float *found = NULL;   /* [width][classes] */
  MS_TRY(MS_SCRATCH(context, width, &scales));
  MS_TRY(MS_SCRATCH(context, width * classes, &found));
  MS_TRY(MS_SCRATCH(context, width * classes, weights));
  MS_TRY(MS_SCRATCH_MATRIX(context, training->count, classes, logits));
  MS_TRY(make_problem(context, training, scales, &problem));
  MS_TRY(ms_logistic_fit(context, &problem, training->tolerance, training->step_limit, found,
                         *logits));
  for (size_t i = 0; i < width * classes; i++) {
    (*weights)[i] = (double)found[i] * scales[i / classes];
  }
  return MS_OK;
}
