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
  double *work;           /* [room][width] */
  size_t *clusters;       /* [count] */
  double floor;           /* of a variance */
} mixture;

static ms_status make_mixture(ms_context *context, mixture *m) {
  size_t room = m->room * m->width;
  MS_TRY(MS_SCRATCH(context, m->count * m->width, &m->squares));
  MS_TRY(MS_SCRATCH(context, m->room, &m->weights));
  MS_TRY(MS_SCRATCH(context, room, &m->means));
  MS_TRY(MS_SCRATCH(context, room, &m->variances));
  MS_TRY(MS_SCRATCH(context, room, &m->work));
  MS_TRY(MS_SCRATCH(context, m->count, &m->clusters));
  for (size_t i = 0; i < m->count * m->width; i++) {
    m->squares[i] = m->x[i] * m->x[i];
  }
  return MS_OK;
}

/* The mean, and the sums of squares around it, of a cluster; gives its rows. */
static size_t measure(const mixture *m, size_t cluster) {
  double *mean = m->means + cluster * m->width;
  double *spread = m->variances + cluster * m->width;
  size_t size = 0;
  memset(mean, 0, m->width * sizeof *mean);
  memset(spread, 0, m->width * sizeof *spread);
  for (size_t i = 0; i < m->count; i++) {
    if (m->clusters[i] == cluster) {
      size++;
      for (size_t j = 0; j < m->width; j++) {
        mean[j] += m->x[i * m->width + j];
      }
    }
  }
  for (size_t j = 0; j < m->width; j++) {
    mean[j] /= (double)size;
  }
  for (size_t i = 0; i < m->count; i++) {
    if (m->clusters[i] == cluster) {
      for (size_t j = 0; j < m->width; j++) {
        double distance = m->x[i * m->width + j] - mean[j];
        spread[j] += distance * distance;
      }
    }
  }
  return size;
}

/* The sum of squares of a cluster, and the coordinate that has most of it. */
static double find_spread(const mixture *m, size_t cluster, size_t *coordinate) {
  const double *spread = m->variances + cluster * m->width;
  double sum = 0;
  *coordinate = 0;
  for (size_t j = 0; j < m->width; j++) {
    sum += spread[j];
    *coordinate = spread[j] > spread[*coordinate] ? j : *coordinate;
  }
  return sum;
}

/* Splits until there are as many clusters as there is room, or each is one point. */
static void split_clusters(mixture *m) {
  size_t coordinate = 0;
  memset(m->clusters, 0, m->count * sizeof *m->clusters);
  (void)measure(m, 0);
  /* Rounding gives equal rows a spread too, far below this. */
  double least = 1e-18 * find_spread(m, 0, &coordinate);
  m->component_count = 1;
  while (m->component_count < m->room) {
    size_t widest = 0;
    double largest = least;
    for (size_t c = 0; c < m->component_count; c++) {
      size_t at = 0;
      double spread = find_spread(m, c, &at);
      if (spread > largest) {
        largest = spread;
        widest = c;
        coordinate = at;
      }
    }
    if (largest == least) {
      return;
    }
    double limit = m->means[widest * m->width + coordinate];
    for (size_t i = 0; i < m->count; i++) {
      if (m->clusters[i] == widest && m->x[i * m->width + coordinate] > limit) {
        m->clusters[i] = m->component_count;
      }
    }
    m->component_count++;
    (void)measure(m, widest);
    (void)measure(m, m->component_count - 1);
  }
}

/* posteriors [count][component_count of room] = a bᵀ for b [component_count][width] */
static void multiply(const mixture *m, double *a, double *b, double factor) {
  ms_matrix to = ms_matrix_make(m->posteriors, m->count, m->room);
  ms_multiply_add(ms_matrix_make(a, m->count, m->width),
                  ms_matrix_transposed(ms_matrix_make(b, m->component_count, m->width)), factor,
                  ms_matrix_part(to, 0, m->count, 0, m->component_count));
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
    moved = moved || best != m->clusters[i];
    m->clusters[i] = best;
  }
  for (size_t c = 0; c < m->component_count && moved; c++) {
    memcpy(m->work, m->means + c * m->width, m->width * sizeof *m->work);
    if (measure(m, c) == 0) {
      memcpy(m->means + c * m->width, m->work, m->width * sizeof *m->work);
    }
  }
  return moved;
}

/* Weights, means and variances from the posteriors; a component that lost all rows stays, at 0. */
static void maximise(const mixture *m) {
  size_t width = m->width;
  ms_matrix shares = ms_matrix_transposed(ms_matrix_part(
      ms_matrix_make(m->posteriors, m->count, m->room), 0, m->count, 0, m->component_count));
  ms_matrix sums = ms_matrix_make(m->work, m->component_count, width);
  for (size_t c = 0; c < m->component_count; c++) {
    m->weights[c] = 0;
    for (size_t i = 0; i < m->count; i++) {
      m->weights[c] += m->posteriors[i * m->room + c];
    }
    m->weights[c] = m->weights[c] > 1e-9 ? m->weights[c] : 0;
  }
  ms_multiply(shares, ms_matrix_make(m->x, m->count, width), sums);
  for (size_t c = 0; c < m->component_count; c++) {
    for (size_t j = 0; j < width && m->weights[c] > 0; j++) {
      m->means[c * width + j] = m->work[c * width + j] / m->weights[c];
    }
  }
  ms_multiply(shares, ms_matrix_make(m->squares, m->count, width), sums);
  for (size_t c = 0; c < m->component_count; c++) {
    for (size_t j = 0; j < width && m->weights[c] > 0; j++) {
      double mean = m->means[c * width + j];
      double variance = m->work[c * width + j] / m->weights[c] - mean * mean;
      m->variances[c * width + j] = fmax(variance, m->floor);
    }
    m->weights[c] /= (double)m->count;
  }
}

/* log weight - ½ Σ (mean² / variance + log 2 pi variance), and work = what multiplies x */
static double prepare_component(const mixture *m, size_t c) {
  if (m->weights[c] == 0) {
    return -INFINITY;
  }
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
  size_t room = m->component_count * m->width;
  for (size_t i = 0; i < room; i++) {
    m->work[i] = 1 / m->variances[i];
  }
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
    double *row = m->posteriors + i * m->room;
    double largest = -INFINITY;
    double total = 0;
    for (size_t c = 0; c < m->component_count; c++) {
      largest = fmax(largest, row[c]);
    }
    for (size_t c = 0; c < m->component_count; c++) {
      row[c] = ms_exp(row[c] - largest);
      total += row[c];
    }
    for (size_t c = 0; c < m->component_count; c++) {
      row[c] /= total;
    }
    sum += largest + ms_log(total);
  }
  return sum / (double)m->count;
}

/* The mean over coordinates of their mean square; x has columns of mean 0 or near it. */
static double mean_variance(const mixture *m) {
  double sum = 0;
  for (size_t i = 0; i < m->count * m->width; i++) {
    sum += m->squares[i];
  }
  return sum / ((double)m->count * (double)m->width);
}

ms_status ms_mixture_fit(ms_context *context, double *x, size_t count, size_t width,
                         size_t component_count, double *posteriors) {
  ms_arena_mark mark = ms_arena_get_mark(context);
  mixture m = {
      .count = count, .width = width, .room = component_count, .x = x, .posteriors = posteriors};
  MS_TRY(make_mixture(context, &m));
  m.floor = least_variance * mean_variance(&m);
  split_clusters(&m);
  for (size_t i = 0; i < MEANS_STEPS; i++) {
    if (!step_means(&m)) {
      break;
    }
  }
  clear_posteriors(&m);
  for (size_t i = 0; i < count; i++) {
    posteriors[i * component_count + m.clusters[i]] = 1;
  }
  /* A cluster that k-means emptied has no variances of its own. */
  for (size_t i = 0; i < m.component_count * width; i++) {
    m.variances[i] = m.floor;
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
