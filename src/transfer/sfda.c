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
  size_t count;
  size_t classes;
  size_t width;
  size_t order;    /* min(count, width) */
  bool by_rows;    /* order is count */
  double *x;       /* [count][width] */
  double *means;   /* [classes][width] */
  double *within;  /* [count][width], x less its class's mean */
  double *scatter; /* [order][order], the Gram matrix of within, S_w times count */
  double *factor;  /* [order][order] */
  double *right;   /* [classes][order], means, or means withinᵀ among rows */
  double *solved;  /* [classes][order] */
  double *scores;  /* [count][classes], in the end probabilities */
  double *between; /* [classes][classes], means B⁻¹ meansᵀ */
  double *total;   /* [width], of the means */
} fisher;

static ms_status make_fisher(ms_context *context, const ms_metric_data *data, fisher *f) {
  size_t count = data->count;
  size_t width = data->dimension;
  size_t classes = data->class_count;
  size_t order = ms_metric_order(data);
  *f = (fisher){.data = data,
                .count = count,
                .classes = classes,
                .width = width,
                .order = order,
                .by_rows = count <= width};
  MS_TRY(MS_HAS_MEMORY(f->x = ms_metric_centered(context, data)));
  MS_TRY(MS_SCRATCH(context, count * width, &f->within));
  MS_TRY(MS_SCRATCH(context, 2 * order * order, &f->scatter));
  MS_TRY(MS_SCRATCH(context, 2 * classes * order, &f->right));
  MS_TRY(MS_SCRATCH_MATRIX(context, count, classes, &f->scores));
  MS_TRY(MS_SCRATCH(context, classes * classes, &f->between));
  MS_TRY(MS_SCRATCH(context, width, &f->total));
  f->factor = f->scatter + order * order;
  f->solved = f->right + classes * order;
  return MS_OK;
}

/* Means, distances from them, and the scatter within classes. */
static ms_status find_scatter(ms_context *context, fisher *f) {
  MS_TRY(MS_HAS_MEMORY(f->means = ms_class_means(context, f->data, f->x, f->width)));
  for (size_t i = 0; i < f->count; i++) {
    const double *mean = f->means + f->data->labels[i] * f->width;
    for (size_t j = 0; j < f->width; j++) {
      f->within[i * f->width + j] = f->x[i * f->width + j] - mean[j];
    }
  }
  ms_thin_gram(f->within, f->count, f->width, f->scatter);
  if (f->by_rows) {
    ms_multiply_whole(f->means, f->within, f->classes, f->width, f->count, MS_TURNED_B, f->right);
  } else {
    memcpy(f->right, f->means, f->classes * f->width * sizeof *f->right);
  }
  return MS_OK;
}

/* The largest eigenvalue of the scatter, by power steps; enough and more is not told apart. */
static double find_largest(const fisher *f, double enough) {
  size_t order = f->order;
  const double *a = f->scatter;
  double *at = f->factor;    /* [order] */
  double *image = f->solved; /* [order] */
  size_t start = 0;
  for (size_t i = 0; i < order; i++) {
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
  return value;
}

/*
 * Factorises B = (1 - shrinkage) S_w + shrinkage mean I, or its counterpart among rows. Where
 * rounding leaves it not positive, the ridge grows. Gives the ridge, 0 if there is no scatter.
 */
static double factorise(const fisher *f, double shrinkage) {
  size_t order = f->order;
  double count = (double)f->count;
  double trace = 0;
  for (size_t i = 0; i < order; i++) {
    trace += f->scatter[i * order + i] / count;
  }
  for (size_t i = 0; i < order * order; i++) {
    f->scatter[i] = f->scatter[i] * (1 - shrinkage) / count;
  }
  double ridge = shrinkage * trace / (double)f->width;
  while (trace > 0) {
    memcpy(f->factor, f->scatter, order * order * sizeof *f->scatter);
    for (size_t i = 0; i < order; i++) {
      f->factor[i * order + i] += ridge;
    }
    if (ms_cholesky(f->factor, order)) {
      break;
    }
    ridge *= 10;
  }
  return ridge;
}

/*
 * scores = x B⁻¹ meansᵀ and between = means B⁻¹ meansᵀ, from the factor of B among columns.
 *
 * Among rows, with X_w the distances from the means, T = (1 - shrinkage) X_w X_wᵀ / N + ridge I
 * and Q = X_w meansᵀ: X_w B⁻¹ meansᵀ = T⁻¹ Q and means B⁻¹ meansᵀ =
 * (means meansᵀ - (1 - shrinkage) / N Qᵀ T⁻¹ Q) / ridge; x is X_w plus the mean of its class.
 */
static void score(const fisher *f, double shrinkage, double ridge) {
  size_t count = f->count;
  size_t classes = f->classes;
  size_t order = f->order;
  size_t width = f->width;
  memcpy(f->solved, f->right, classes * order * sizeof *f->right);
  ms_solve(f->factor, order, f->solved, classes);
  if (!f->by_rows) {
    ms_multiply_whole(f->x, f->solved, count, width, classes, MS_TURNED_B, f->scores);
    ms_multiply_whole(f->means, f->solved, classes, width, classes, MS_TURNED_B, f->between);
    return;
  }
  ms_multiply_whole(f->means, f->means, classes, width, classes, MS_TURNED_B, f->between);
  ms_multiply_add(ms_matrix_make(f->right, classes, count),
                  ms_matrix_transposed(ms_matrix_make(f->solved, classes, count)),
                  -(1 - shrinkage) / (double)count, ms_matrix_make(f->between, classes, classes));
  for (size_t i = 0; i < classes * classes; i++) {
    f->between[i] /= ridge;
  }
  for (size_t i = 0; i < count; i++) {
    for (size_t c = 0; c < classes; c++) {
      f->scores[i * classes + c] =
          f->solved[c * count + i] + f->between[f->data->labels[i] * classes + c];
    }
  }
}

/* scores = probabilities of the classes for every row, Gaussians with the covariance B in common */
static ms_status find_probabilities(ms_context *context, const fisher *f, double shrinkage) {
  size_t classes = f->classes;
  double ridge = factorise(f, shrinkage);
  if (ridge == 0) {
    return ms_fail(context, MS_ERR_DATA, "no feature varies within a class");
  }
  score(f, shrinkage, ridge);
  for (size_t i = 0; i < f->count; i++) {
    double *row = f->scores + i * classes;
    for (size_t c = 0; c < classes; c++) {
      double prior = (double)f->data->class_sizes[c] / (double)f->count;
      row[c] += ms_log(prior) - f->between[c * classes + c] / 2;
    }
    (void)ms_softmax(row, classes);
  }
  return MS_OK;
}

/*
 * Draws every row towards the mean of the other classes' means, by its own class's share of
 * softmax(probabilities).
 */
static void challenge(const fisher *f) {
  size_t classes = f->classes;
  memset(f->total, 0, f->width * sizeof *f->total);
  for (size_t c = 0; c < classes; c++) {
    ms_add(f->means + c * f->width, f->width, f->total);
  }
  for (size_t i = 0; i < f->count; i++) {
    size_t label = f->data->labels[i];
    double *row = f->scores + i * classes;
    (void)ms_softmax(row, classes);
    double keep = row[label];
    double *x = f->x + i * f->width;
    const double *mean = f->means + label * f->width;
    for (size_t j = 0; j < f->width; j++) {
      x[j] = keep * x[j] + (1 - keep) * (f->total[j] - mean[j]) / (double)(classes - 1);
    }
  }
}

ms_status ms_metric_sfda_of(ms_context *context, const ms_metric_data *data, const void *options,
                            double *value) {
  (void)options;
  const double least = 1e-10;
  fisher f;
  MS_TRY(make_fisher(context, data, &f));
  double count = (double)data->count;
  double shrinkage = 0;
  for (size_t round = 0; round < 2; round++) {
    MS_TRY(find_scatter(context, &f));
    if (round == 0) {
      double largest = find_largest(&f, -ms_log(least) / 5 * count);
      shrinkage = fmax(ms_exp(-5 * largest / count), least);
    }
    MS_TRY(find_probabilities(context, &f, shrinkage));
    if (round == 0) {
      challenge(&f);
    }
  }
  double sum = 0;
  for (size_t i = 0; i < f.count; i++) {
    sum += f.scores[i * f.classes + data->labels[i]];
  }
  *value = sum / count;
  return MS_OK;
}

ms_status ms_metric_sfda(ms_context *context, const float *features, size_t count, size_t dimension,
                         const uint32_t *labels, size_t class_count, double *value) {
  return ms_metric_run(context, features, count, dimension, labels, class_count, ms_metric_sfda_of,
                       NULL, value);
}
