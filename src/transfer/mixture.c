/*
 * Gaussian mixtures: clusters by splitting, k-means, expectation-maximisation. Distances of all
 * rows from all components are matrix products.
 */
#include "transfer/mixture.h"

#include <math.h>
#include <string.h>

#include "core/exact.h"
#include "transfer/linalg.h"

enum { MEANS_STEPS = 20, MIXTURE_STEPS = 100 };

static const double least_gain = 1e-3;
static const double least_variance = 1e-3;
/* Of a component, which counts as empty otherwise. */
static const double least_rows = 1e-9;

typedef struct mixture {
  size_t count;
  size_t width;
  size_t room;            /* for components, and how far apart rows of posteriors are */
  size_t component_count; /* in use */
  double *x;              /* [count][width] */
  double *squares;        /* [count][width], of x */
  double *posteriors;     /* [count][room] */
  double *weights;        /* [room], sums to 1 */
  double *means;          /* [room][width] */
  double *variances;      /* [room][width] */
  double *work;           /* [room][width], what multiplies x or its squares */
  size_t *clusters;       /* [count] */
  double floor;           /* of a variance */
} mixture;

static ms_status make_mixture(ms_context *context, mixture *m) {
  size_t size = m->count * m->width;
  size_t room = m->room * m->width;
  MS_TRY(MS_SCRATCH(context, size + 3 * room + m->room, &m->squares));
  m->means = m->squares + size;
  m->variances = m->means + room;
  m->work = m->variances + room;
  m->weights = m->work + room;
  MS_TRY(MS_SCRATCH(context, m->count, &m->clusters));
  memset(m->means, 0, room * sizeof *m->means);
  /* x has columns of mean 0 or near it. */
  double sum = 0;
  for (size_t i = 0; i < size; i++) {
    m->squares[i] = m->x[i] * m->x[i];
    sum += m->squares[i];
  }
  m->floor = least_variance * (sum / ((double)m->count * (double)m->width));
  return MS_OK;
}

/* Adds up the rows of a cluster, or their squares around its mean, in variances; gives its rows. */
static size_t add_up(const mixture *m, size_t cluster, bool squares) {
  const double *mean = m->means + cluster * m->width;
  double *sums = m->variances + cluster * m->width;
  size_t size = 0;
  memset(sums, 0, m->width * sizeof *sums);
  for (size_t i = 0; i < m->count; i++) {
    if (m->clusters[i] == cluster) {
      const double *row = m->x + i * m->width;
      size++;
      for (size_t j = 0; j < m->width; j++) {
        double distance = row[j] - mean[j];
        sums[j] += squares ? distance * distance : row[j];
      }
    }
  }
  return size;
}

/* The mean, and in variances the sums of squares around it, of a cluster; without rows it stays. */
static void measure(const mixture *m, size_t cluster) {
  size_t size = add_up(m, cluster, false);
  for (size_t j = cluster * m->width; j < (cluster + 1) * m->width && size > 0; j++) {
    m->means[j] = m->variances[j] / (double)size;
  }
  (void)add_up(m, cluster, true);
}

/* The sum of squares of a cluster around its mean. */
static double find_spread(const mixture *m, size_t cluster) {
  double sum = 0;
  for (size_t j = cluster * m->width; j < (cluster + 1) * m->width; j++) {
    sum += m->variances[j];
  }
  return sum;
}

/* Splits until there are as many clusters as there is room, or each is one point. */
static void split_clusters(mixture *m) {
  memset(m->clusters, 0, m->count * sizeof *m->clusters);
  measure(m, 0);
  /* Rounding gives equal rows a spread too, far below this. */
  double least = 1e-18 * find_spread(m, 0);
  for (m->component_count = 1; m->component_count < m->room; m->component_count++) {
    size_t widest = 0;
    double largest = least;
    for (size_t c = 0; c < m->component_count; c++) {
      double spread = find_spread(m, c);
      if (spread > largest) {
        largest = spread;
        widest = c;
      }
    }
    if (largest == least) {
      return;
    }
    size_t first = widest * m->width;
    size_t coordinate = 0;
    for (size_t j = 1; j < m->width; j++) {
      coordinate = m->variances[first + j] > m->variances[first + coordinate] ? j : coordinate;
    }
    for (size_t i = 0; i < m->count; i++) {
      if (m->clusters[i] == widest &&
          m->x[i * m->width + coordinate] > m->means[first + coordinate]) {
        m->clusters[i] = m->component_count;
      }
    }
    measure(m, widest);
    measure(m, m->component_count);
  }
}

/* posteriors [count][component_count of room] = a bᵀ for b [component_count][width] */
static void multiply(const mixture *m, double *a, double *b, double factor) {
  ms_multiply_add(ms_matrix_make(a, m->count, m->width),
                  ((ms_matrix){b, m->width, m->component_count, 1, m->width}), factor,
                  ((ms_matrix){m->posteriors, m->count, m->component_count, m->room, 1}));
}

static void clear_posteriors(const mixture *m) {
  memset(m->posteriors, 0, m->count * m->room * sizeof *m->posteriors);
}

/* Moves every row to the nearest mean, and the means along. False if no row moved. */
static bool step_means(const mixture *m) {
  bool moved = false;
  clear_posteriors(m);
  multiply(m, m->x, m->means, -2);
  for (size_t c = 0; c < m->component_count; c++) {
    const double *mean = m->means + c * m->width;
    m->weights[c] = ms_dot(mean, mean, m->width);
  }
  for (size_t i = 0; i < m->count; i++) {
    const double *products = m->posteriors + i * m->room;
    size_t best = 0;
    for (size_t c = 1; c < m->component_count; c++) {
      best = products[c] + m->weights[c] < products[best] + m->weights[best] ? c : best;
    }
    moved |= best != m->clusters[i];
    m->clusters[i] = best;
  }
  for (size_t c = 0; c < m->component_count && moved; c++) {
    measure(m, c);
  }
  return moved;
}

/* Weights, means, variances and, in work, their inverses from the posteriors; a component that lost
 * all rows stays, at 0. */
static void maximise(const mixture *m) {
  ms_matrix shares = {m->posteriors, m->component_count, m->count, 1, m->room};
  ms_matrix x = ms_matrix_make(m->x, m->count, m->width);
  ms_matrix squares = ms_matrix_make(m->squares, m->count, m->width);
  ms_matrix means = ms_matrix_make(m->means, m->component_count, m->width);
  ms_matrix variances = ms_matrix_make(m->variances, m->component_count, m->width);
  ms_multiply_at(&shares, &x, &means);
  ms_multiply_at(&shares, &squares, &variances);
  for (size_t c = 0; c < m->component_count; c++) {
    double weight = 0;
    for (size_t i = 0; i < m->count; i++) {
      weight += m->posteriors[i * m->room + c];
    }
    for (size_t j = c * m->width; j < (c + 1) * m->width; j++) {
      m->means[j] /= fmax(weight, least_rows);
      double variance = m->variances[j] / fmax(weight, least_rows) - m->means[j] * m->means[j];
      m->variances[j] = fmax(variance, m->floor);
      m->work[j] = 1 / m->variances[j];
    }
    m->weights[c] = weight > least_rows ? weight / (double)m->count : 0;
  }
}

/* log weight - ½ Σ (mean² / variance + log 2 pi variance), and work = what multiplies x */
static double prepare_component(const mixture *m, size_t c) {
  double constant = ms_log(m->weights[c]);
  for (size_t j = c * m->width; j < (c + 1) * m->width; j++) {
    m->work[j] = m->means[j] / m->variances[j];
    constant -= (m->work[j] * m->means[j] + ms_log(6.283185307179586 * m->variances[j])) / 2;
  }
  return constant;
}

/* Posteriors from weights, means and variances; gives the mean log likelihood. */
static double expect(const mixture *m) {
  double sum = 0;
  clear_posteriors(m);
  multiply(m, m->squares, m->work, -0.5);
  for (size_t c = 0; c < m->component_count; c++) {
    double constant = prepare_component(m, c);
    for (size_t i = 0; i < m->count; i++) {
      m->posteriors[i * m->room + c] += constant;
    }
  }
  multiply(m, m->x, m->work, 1);
  for (size_t i = 0; i < m->count; i++) {
    sum += ms_softmax(m->posteriors + i * m->room, m->component_count);
  }
  return sum / (double)m->count;
}

ms_status ms_mixture_fit(ms_context *context, double *x, size_t count, size_t width,
                         size_t component_count, double *posteriors) {
  ms_arena_mark mark = ms_arena_get_mark(context);
  mixture m = {
      .count = count, .width = width, .room = component_count, .x = x, .posteriors = posteriors};
  MS_TRY(make_mixture(context, &m));
  split_clusters(&m);
  size_t steps = 0;
  while (steps < MEANS_STEPS && step_means(&m)) {
    steps++;
  }
  clear_posteriors(&m);
  for (size_t i = 0; i < count; i++) {
    posteriors[i * component_count + m.clusters[i]] = 1;
  }
  double before = -INFINITY;
  for (size_t i = 0; i < MIXTURE_STEPS; i++) {
    maximise(&m);
    double likelihood = expect(&m);
    if (likelihood - before < least_gain) {
      break;
    }
    before = likelihood;
  }
  ms_arena_drop(context, mark);
  return MS_OK;
}
