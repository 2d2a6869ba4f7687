/*
 * SFDA: class probabilities in a regularised Fisher space, then once more after every row has been
 * drawn towards the other classes, the more the less its own class was believed.
 */
#include <math.h>
#include <string.h>

#include "core/exact.h"
#include "transfer/metrics.h"

enum { POWER_STEPS = 500 };

/* Rows of features, the classes' means, and the distances from them. */
typedef struct fisher {
  const ms_metric_data *data;
  size_t width;
  double *x;       /* [count][width] */
  double *means;   /* [classes][width] */
  double *within;  /* [count][width], x less its class's mean */
  double *factor;  /* [order][order], first a Gram matrix of within */
  size_t order;    /* min(count, width) */
  bool by_rows;    /* order is count */
  double *scores;  /* [count][classes], in the end probabilities */
  double *between; /* [classes][classes], means B⁻¹ meansᵀ */
} fisher;

static ms_status make_fisher(ms_context *context, const ms_metric_data *data, fisher *f) {
  size_t count = data->count;
  size_t width = data->dimension;
  *f = (fisher){.data = data, .width = width, .by_rows = count <= width};
  f->order = f->by_rows ? count : width;
  MS_TRY(ms_metric_load(context, data->features, count * width, &f->x));
  MS_TRY(MS_SCRATCH(context, data->class_count * width, &f->means));
  MS_TRY(MS_SCRATCH(context, count * width, &f->within));
  MS_TRY(MS_SCRATCH(context, f->order * f->order, &f->factor));
  MS_TRY(MS_SCRATCH(context, count * data->class_count, &f->scores));
  MS_TRY(MS_SCRATCH(context, data->class_count * data->class_count, &f->between));
  ms_center_columns(f->x, count, width);
  return MS_OK;
}

/* Means, distances from them, and the scatter within classes S_w times count, in f->factor. */
static void find_scatter(fisher *f) {
  const ms_metric_data *data = f->data;
  ms_class_means(data, f->x, f->width, f->means);
  for (size_t i = 0; i < data->count; i++) {
    const double *mean = f->means + data->labels[i] * f->width;
    for (size_t j = 0; j < f->width; j++) {
      f->within[i * f->width + j] = f->x[i * f->width + j] - mean[j];
    }
  }
  ms_gram(ms_thin_side(f->within, data->count, f->width), f->factor);
}

/* The largest eigenvalue of a [order][order], by power steps; enough and more is not told apart. */
static ms_status find_largest(ms_context *context, const double *a, size_t order, double enough,
                              double *largest) {
  double *at = NULL;    /* [order] */
  double *image = NULL; /* [order] */
  MS_TRY(MS_SCRATCH(context, order, &at));
  MS_TRY(MS_SCRATCH(context, order, &image));
  size_t start = 0;
  for (size_t i = 1; i < order; i++) {
    start = a[i * order + i] > a[start * order + start] ? i : start;
  }
  memcpy(at, a + start * order, order * sizeof *at);
  double value = 0;
  for (size_t step = 0; step < POWER_STEPS; step++) {
    double length = sqrt(ms_dot(at, at, order));
    if (length == 0) {
      break;
    }
    for (size_t i = 0; i < order; i++) {
      at[i] /= length;
    }
    for (size_t i = 0; i < order; i++) {
      image[i] = ms_dot(a + i * order, at, order);
    }
    double next = ms_dot(at, image, order);
    bool settled = next - value <= 1e-10 * next;
    value = next;
    if (settled || value >= enough) {
      break;
    }
    memcpy(at, image, order * sizeof *at);
  }
  *largest = value;
  return MS_OK;
}

/*
 * Factorises B = (1 - shrinkage) S_w + shrinkage mean I, or its counterpart among rows. Where
 * rounding leaves it not positive, the ridge grows. Gives the ridge, 0 if there is no scatter.
 */
static ms_status factorise(ms_context *context, fisher *f, double shrinkage, double *ridge) {
  size_t order = f->order;
  double count = (double)f->data->count;
  double *scatter = NULL; /* [order][order] */
  double trace = 0;
  MS_TRY(MS_SCRATCH(context, order * order, &scatter));
  for (size_t i = 0; i < order * order; i++) {
    scatter[i] = f->factor[i] * (1 - shrinkage) / count;
  }
  for (size_t i = 0; i < order; i++) {
    trace += f->factor[i * order + i] / count;
  }
  *ridge = shrinkage * trace / (double)f->width;
  while (trace > 0) {
    memcpy(f->factor, scatter, order * order * sizeof *scatter);
    for (size_t i = 0; i < order; i++) {
      f->factor[i * order + i] += *ridge;
    }
    if (ms_cholesky(f->factor, order)) {
      break;
    }
    *ridge *= 10;
  }
  return MS_OK;
}

/* to [rows][columns] = a bᵀ, rows of both of f->width */
static void multiply(const fisher *f, double *a, size_t rows, double *b, size_t columns,
                     double *to) {
  ms_multiply(ms_matrix_make(a, rows, f->width),
              ms_matrix_transposed(ms_matrix_make(b, columns, f->width)),
              ms_matrix_make(to, rows, columns));
}

/* scores = x B⁻¹ meansᵀ and between = means B⁻¹ meansᵀ, from the factor of B among columns. */
static ms_status score_by_columns(ms_context *context, fisher *f) {
  const ms_metric_data *data = f->data;
  double *solved = NULL; /* [classes][width] */
  MS_TRY(MS_SCRATCH(context, data->class_count * f->width, &solved));
  memcpy(solved, f->means, data->class_count * f->width * sizeof *solved);
  ms_solve_lower(f->factor, f->width, solved, data->class_count);
  ms_solve_upper(f->factor, f->width, solved, data->class_count);
  multiply(f, f->x, data->count, solved, data->class_count, f->scores);
  multiply(f, f->means, data->class_count, solved, data->class_count, f->between);
  return MS_OK;
}

/*
 * The same among rows. With X_w the distances from the means, T = (1 - shrinkage) X_w X_wᵀ / N +
 * ridge I and Q = X_w meansᵀ: X_w B⁻¹ meansᵀ = T⁻¹ Q and means B⁻¹ meansᵀ =
 * (means meansᵀ - (1 - shrinkage) / N Qᵀ T⁻¹ Q) / ridge; x is X_w plus the mean of its class.
 */
static ms_status score_by_rows(ms_context *context, fisher *f, double shrinkage, double ridge) {
  const ms_metric_data *data = f->data;
  size_t count = data->count;
  size_t classes = data->class_count;
  double *seen = NULL;   /* [classes][count], Qᵀ */
  double *solved = NULL; /* [classes][count] */
  MS_TRY(MS_SCRATCH(context, classes * count, &seen));
  MS_TRY(MS_SCRATCH(context, classes * count, &solved));
  multiply(f, f->means, classes, f->within, count, seen);
  memcpy(solved, seen, classes * count * sizeof *seen);
  ms_solve_lower(f->factor, count, solved, classes);
  ms_solve_upper(f->factor, count, solved, classes);
  multiply(f, f->means, classes, f->means, classes, f->between);
  ms_multiply_add(ms_matrix_make(seen, classes, count),
                  ms_matrix_transposed(ms_matrix_make(solved, classes, count)),
                  -(1 - shrinkage) / (double)count, ms_matrix_make(f->between, classes, classes));
  for (size_t i = 0; i < classes * classes; i++) {
    f->between[i] /= ridge;
  }
  for (size_t i = 0; i < count; i++) {
    for (size_t c = 0; c < classes; c++) {
      f->scores[i * classes + c] =
          solved[c * count + i] + f->between[data->labels[i] * classes + c];
    }
  }
  return MS_OK;
}

static void softmax(double *row, size_t count) {
  double largest = row[0];
  for (size_t c = 1; c < count; c++) {
    largest = fmax(largest, row[c]);
  }
  double sum = 0;
  for (size_t c = 0; c < count; c++) {
    row[c] = ms_exp(row[c] - largest);
    sum += row[c];
  }
  for (size_t c = 0; c < count; c++) {
    row[c] /= sum;
  }
}

/* scores = probabilities of the classes for every row, Gaussians with the covariance B in common */
static ms_status find_probabilities(ms_context *context, fisher *f, double shrinkage) {
  const ms_metric_data *data = f->data;
  size_t classes = data->class_count;
  double ridge = 0;
  MS_TRY(factorise(context, f, shrinkage, &ridge));
  if (ridge == 0) {
    return ms_fail(context, MS_ERR_DATA, "no feature varies within a class");
  }
  if (f->by_rows) {
    MS_TRY(score_by_rows(context, f, shrinkage, ridge));
  } else {
    MS_TRY(score_by_columns(context, f));
  }
  for (size_t i = 0; i < data->count; i++) {
    double *row = f->scores + i * classes;
    for (size_t c = 0; c < classes; c++) {
      double prior = (double)data->class_sizes[c] / (double)data->count;
      row[c] += ms_log(prior) - f->between[c * classes + c] / 2;
    }
    softmax(row, classes);
  }
  return MS_OK;
}

/*
 * Draws every row towards the mean of the other classes' means, by its own class's share of
 * softmax(probabilities).
 */
static ms_status challenge(ms_context *context, fisher *f) {
  const ms_metric_data *data = f->data;
  size_t classes = data->class_count;
  double *total = NULL; /* [width], of the means */
  MS_TRY(MS_SCRATCH(context, f->width, &total));
  memset(total, 0, f->width * sizeof *total);
  for (size_t c = 0; c < classes; c++) {
    for (size_t j = 0; j < f->width; j++) {
      total[j] += f->means[c * f->width + j];
    }
  }
  for (size_t i = 0; i < data->count; i++) {
    double *row = f->scores + i * classes;
    softmax(row, classes);
    double keep = row[data->labels[i]];
    double *x = f->x + i * f->width;
    const double *mean = f->means + data->labels[i] * f->width;
    for (size_t j = 0; j < f->width; j++) {
      x[j] = keep * x[j] + (1 - keep) * (total[j] - mean[j]) / (double)(classes - 1);
    }
  }
  return MS_OK;
}

ms_status ms_metric_sfda_of(ms_context *context, const ms_metric_data *data, const void *options,
                            double *value) {
  (void)options;
  const double least = 1e-10;
  fisher f;
  double largest = 0;
  MS_TRY(make_fisher(context, data, &f));
  find_scatter(&f);
  double count = (double)data->count;
  MS_TRY(find_largest(context, f.factor, f.order, -ms_log(least) / 5 * count, &largest));
  double shrinkage = fmax(ms_exp(-5 * largest / count), least);
  MS_TRY(find_probabilities(context, &f, shrinkage));
  MS_TRY(challenge(context, &f));
  find_scatter(&f);
  MS_TRY(find_probabilities(context, &f, shrinkage));
  double sum = 0;
  for (size_t i = 0; i < data->count; i++) {
    sum += f.scores[i * data->class_count + data->labels[i]];
  }
  *value = sum / count;
  return MS_OK;
}

ms_status ms_metric_sfda(ms_context *context, const float *features, size_t count, size_t dimension,
                         const uint32_t *labels, size_t class_count, double *value) {
  return ms_metric_run(context, features, count, dimension, labels, class_count, ms_metric_sfda_of,
                       NULL, value);
}
