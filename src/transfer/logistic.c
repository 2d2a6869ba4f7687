/*
 * L-BFGS for multinomial logistic regression (Nocedal 1980). Every stored vector keeps its image in
 * logits, so that searching along a direction costs softmaxes alone, and a step two products with
 * the map. It leaves making and scaling the map to others.
 */
#include "transfer/logistic.h"

#include <math.h>
#include <string.h>

#include "kernel/kernels.h"

enum { HISTORY = 8, SEARCH_LIMIT = 12 };

/* A vector of coordinates [width][classes], and its image [count][classes] under the map. */
typedef struct vector {
  float *values;
  float *image;
} vector;

typedef struct solver {
  const ms_logistic *problem;
  const ms_kernels *kernels;
  size_t value_count; /* width × classes */
  size_t image_count; /* count × classes */
  vector at;          /* where we are; its image are the logits */
  vector slope;       /* the gradient there */
  vector direction;
  vector steps[HISTORY];
  vector changes[HISTORY];  /* of the gradient over a step */
  double products[HISTORY]; /* step · change */
  size_t history;           /* pairs kept */
  size_t next;              /* where the next pair goes */
  float *probabilities;     /* [count][classes] */
  float *errors;            /* [count][classes], gradient by logit */
  float *transposed;        /* [width][count], the map's transpose */
  float *packed;            /* a right-hand side for gemm */
} solver;

static ms_status make_vector(ms_context *context, const solver *s, vector *v) {
  MS_TRY(MS_SCRATCH(context, s->value_count, &v->values));
  return MS_SCRATCH(context, s->image_count, &v->image);
}

static ms_status make_solver(ms_context *context, const ms_logistic *problem, solver *s) {
  size_t deepest = problem->width > problem->count ? problem->width : problem->count;
  *s = (solver){.problem = problem,
                .kernels = ms_kernels_best(),
                .value_count = problem->width * problem->class_count,
                .image_count = problem->count * problem->class_count};
  MS_TRY(make_vector(context, s, &s->at));
  MS_TRY(make_vector(context, s, &s->slope));
  MS_TRY(make_vector(context, s, &s->direction));
  for (size_t i = 0; i < HISTORY; i++) {
    MS_TRY(make_vector(context, s, &s->steps[i]));
    MS_TRY(make_vector(context, s, &s->changes[i]));
  }
  MS_TRY(MS_SCRATCH(context, s->image_count, &s->probabilities));
  MS_TRY(MS_SCRATCH(context, s->image_count, &s->errors));
  MS_TRY(MS_SCRATCH(context, ms_packed_count(deepest, problem->class_count), &s->packed));
  MS_TRY(MS_SCRATCH(context, problem->width * problem->count, &s->transposed));
  s->kernels->transpose(problem->map, problem->count, problem->width, s->transposed);
  return MS_OK;
}

/* y [rows][classes] = x [rows][depth] right [depth][classes] */
static void multiply(const solver *s, const float *x, size_t rows, size_t depth, const float *right,
                     float *y) {
  size_t classes = s->problem->class_count;
  const ms_epilogue nothing = {NULL, 0, -INFINITY, INFINITY};
  ms_pack(right, 1, 0, depth, classes, classes, 1, NULL, s->packed);
  s->kernels->gemm(x, depth, depth, s->packed, y, classes, rows, classes, &nothing);
}

static double inner(const solver *s, const vector *a, const vector *b) {
  return (double)s->kernels->dot(a->values, b->values, s->value_count);
}

/* The inner product that the penalty weighs. */
static double penalise(const solver *s, const vector *a, const vector *b) {
  const ms_logistic *p = s->problem;
  double sum = 0;
  for (size_t j = 0; j < p->width; j++) {
    size_t at = j * p->class_count;
    sum += (double)p->penalty[j] *
           (double)s->kernels->dot(a->values + at, b->values + at, p->class_count);
  }
  return sum;
}

/* The gradient at s->at from the probabilities there, and its image. */
static void find_slope(solver *s) {
  const ms_logistic *p = s->problem;
  size_t classes = p->class_count;
  memcpy(s->errors, s->probabilities, s->image_count * sizeof *s->errors);
  for (size_t i = 0; i < p->count; i++) {
    s->errors[i * classes + p->labels[i]] -= 1;
  }
  multiply(s, s->transposed, p->width, p->count, s->errors, s->slope.values);
  for (size_t j = 0; j < p->width; j++) {
    s->kernels->axpy(s->slope.values + j * classes, p->penalty[j], s->at.values + j * classes,
                     classes);
  }
  multiply(s, p->map, p->count, p->width, s->slope.values, s->slope.image);
}

/* a += factor b */
static void add(const solver *s, vector *a, double factor, const vector *b) {
  s->kernels->axpy(a->values, (float)factor, b->values, s->value_count);
  s->kernels->axpy(a->image, (float)factor, b->image, s->image_count);
}

/* a = factor b */
static void set(const solver *s, vector *a, double factor, const vector *b) {
  for (size_t i = 0; i < s->value_count; i++) {
    a->values[i] = (float)factor * b->values[i];
  }
  for (size_t i = 0; i < s->image_count; i++) {
    a->image[i] = (float)factor * b->image[i];
  }
}

/* The direction of L-BFGS: minus the gradient, through the curvature that the history shows. */
static void find_direction(solver *s) {
  double weights[HISTORY];
  set(s, &s->direction, -1, &s->slope);
  for (size_t back = 0; back < s->history; back++) {
    size_t i = (s->next + HISTORY - 1 - back) % HISTORY;
    weights[i] = inner(s, &s->steps[i], &s->direction) / s->products[i];
    add(s, &s->direction, -weights[i], &s->changes[i]);
  }
  if (s->history > 0) {
    size_t last = (s->next + HISTORY - 1) % HISTORY;
    double scale = s->products[last] / inner(s, &s->changes[last], &s->changes[last]);
    set(s, &s->direction, scale, &s->direction);
  }
  for (size_t back = s->history; back-- > 0;) {
    size_t i = (s->next + HISTORY - 1 - back) % HISTORY;
    double weight = inner(s, &s->changes[i], &s->direction) / s->products[i];
    add(s, &s->direction, weights[i] - weight, &s->steps[i]);
  }
}

/* Probabilities at a distance along the direction, and two derivatives of the data's part. */
static void evaluate(solver *s, double distance, double derivatives[2]) {
  const ms_logistic *p = s->problem;
  size_t classes = p->class_count;
  double first = 0;
  double second = 0;
  for (size_t i = 0; i < p->count; i++) {
    const float *from = s->at.image + i * classes;
    const float *along = s->direction.image + i * classes;
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
    first += mean - (double)along[p->labels[i]];
    second += square - mean * mean;
  }
  derivatives[0] = first;
  derivatives[1] = second;
}

/*
 * The distance along the direction where the slope has lost nine tenths, by Newton's steps inside
 * an interval that only shrinks: the objective is convex. Leaves the probabilities of that place. 0
 * if the direction does not descend.
 */
static double search(solver *s) {
  double derivatives[2];
  double linear = penalise(s, &s->at, &s->direction);
  double quadratic = penalise(s, &s->direction, &s->direction);
  double start = inner(s, &s->slope, &s->direction);
  double low = 0;
  double high = INFINITY;
  double distance = 1;
  if (!(start < 0)) {
    return 0;
  }
  for (size_t i = 0; i < SEARCH_LIMIT; i++) {
    evaluate(s, distance, derivatives);
    double slope = derivatives[0] + linear + distance * quadratic;
    if (fabs(slope) <= -0.1 * start || i + 1 == SEARCH_LIMIT) {
      break;
    }
    *(slope < 0 ? &low : &high) = distance;
    double next = distance - slope / (derivatives[1] + quadratic);
    if (!(next > low && next < high)) {
      next = isinf(high) ? 4 * distance : (low + high) / 2;
    }
    distance = next;
  }
  return distance;
}

/* Goes the distance, and remembers step and change unless rounding spoilt them. */
static void move(solver *s, double distance) {
  vector *step = &s->steps[s->next];
  vector *change = &s->changes[s->next];
  set(s, step, distance, &s->direction);
  set(s, change, -1, &s->slope);
  add(s, &s->at, distance, &s->direction);
  find_slope(s);
  add(s, change, 1, &s->slope);
  double product = inner(s, step, change);
  if (product > 0) {
    s->products[s->next] = product;
    s->next = (s->next + 1) % HISTORY;
    s->history = s->history < HISTORY ? s->history + 1 : HISTORY;
  }
}

ms_status ms_logistic_fit(ms_context *context, const ms_logistic *problem, double tolerance,
                          size_t step_limit, float *coordinates, float *fitted) {
  solver s;
  double unused[2];
  MS_TRY(make_solver(context, problem, &s));
  memset(s.at.values, 0, s.value_count * sizeof *s.at.values);
  memset(s.at.image, 0, s.image_count * sizeof *s.at.image);
  memset(s.direction.image, 0, s.image_count * sizeof *s.direction.image);
  evaluate(&s, 0, unused);
  find_slope(&s);
  for (size_t i = 0; i < step_limit; i++) {
    if (inner(&s, &s.slope, &s.slope) <= 2 * tolerance * (double)problem->count) {
      break;
    }
    find_direction(&s);
    double distance = search(&s);
    if (distance == 0) {
      break;
    }
    move(&s, distance);
  }
  memcpy(coordinates, s.at.values, s.value_count * sizeof *coordinates);
  memcpy(fitted, s.at.image, s.image_count * sizeof *fitted);
  return MS_OK;
}
