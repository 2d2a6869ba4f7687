/*
 * LogME: the evidence of Bayesian linear regression, maximised over both precisions. Only their
 * ratio needs a search, for every target on one eigen-decomposition. It leaves the spectrum to
 * eigen.c.
 */
#include <math.h>
#include <string.h>

#include "core/exact.h"
#include "transfer/eigen.h"
#include "transfer/metrics.h"

/* The search runs over this many ratios, evenly spaced in log from 1e-12 to 1e8 of the spectrum. */
enum { RATIOS = 93, REFINEMENTS = 24 };

/* Targets in the eigenbasis of F Fᵀ. */
typedef struct spectrum {
  size_t order;     /* min(N, D) */
  size_t count;     /* N */
  double *values;   /* [order], eigenvalues, descending, 0 below rounding */
  double *energies; /* [targets][order + 1], squared coordinates of a target, and what is left of
                       its squared length outside the span of F */
} spectrum;

/* projected[order][target_count] = Vᵀ of the right-hand sides; fills values and energies. */
static void fill_energies(const double *y, const double *projected, size_t target_count,
                          bool by_rows, spectrum *s) {
  for (size_t t = 0; t < target_count; t++) {
    double *energies = s->energies + t * (s->order + 1);
    double total = 0;
    for (size_t i = 0; i < s->count; i++) {
      total += y[i * target_count + t] * y[i * target_count + t];
    }
    double inside = 0;
    for (size_t i = 0; i < s->order; i++) {
      double value = projected[i * target_count + t];
      double energy = s->values[i] > 0 ? value * value / (by_rows ? 1 : s->values[i]) : 0;
      energies[i] = energy;
      inside += energy;
    }
    energies[s->order] = fmax(total - inside, 0);
  }
}

/* Decomposes the features against y [count][target_count]. */
static ms_status decompose(ms_context *context, double *x, size_t count, size_t dimension,
                           double *y, size_t target_count, spectrum *s) {
  bool by_rows = count <= dimension;
  ms_matrix side = ms_thin_side(x, count, dimension);
  *s = (spectrum){.order = side.rows, .count = count};
  double *gram = NULL;      /* [order][order] */
  double *projected = NULL; /* [order][target_count] */
  MS_TRY(MS_SCRATCH(context, s->order, &s->values));
  MS_TRY(MS_SCRATCH(context, (s->order + 1) * target_count, &s->energies));
  MS_TRY(MS_SCRATCH(context, s->order * s->order, &gram));
  MS_TRY(MS_SCRATCH(context, s->order * target_count, &projected));
  ms_gram_at(&side, gram);
  if (by_rows) {
    memcpy(projected, y, count * target_count * sizeof *y);
  } else {
    ms_matrix targets = ms_matrix_make(y, count, target_count);
    ms_matrix products = ms_matrix_make(projected, s->order, target_count);
    ms_multiply_at(&side, &targets, &products);
  }
  MS_TRY(ms_eigen_project(context, gram, s->order, s->values, projected, target_count));
  for (size_t i = 0; i < s->order; i++) {
    if (s->values[i] <= 1e-14 * s->values[0]) {
      s->values[i] = 0;
    }
  }
  fill_energies(y, projected, target_count, by_rows, s);
  return MS_OK;
}

/*
 * The log evidence divided by N at the ratio alpha / beta, with beta at its optimum. With
 * q = yᵀ (I + F Fᵀ / ratio)⁻¹ y that is
 *   -½ (log det(I + F Fᵀ / ratio) + N log(2 π q / N) + N) / N.
 */
static double evidence(const spectrum *s, size_t target, double ratio, double log_det) {
  const double *energies = s->energies + target * (s->order + 1);
  double q = energies[s->order];
  for (size_t i = 0; i < s->order; i++) {
    q += energies[i] * (ratio / (ratio + s->values[i]));
  }
  double count = (double)s->count;
  return -0.5 * (log_det / count + ms_log(6.283185307179586 * q / count) + 1);
}

static double log_det(const spectrum *s, double ratio) {
  double sum = 0;
  for (size_t i = 0; i < s->order && s->values[i] > 0; i++) {
    sum += ms_log1p(s->values[i] / ratio);
  }
  return sum;
}

static double evidence_at(const spectrum *s, size_t target, double log_ratio) {
  double ratio = ms_exp(log_ratio);
  return evidence(s, target, ratio, log_det(s, ratio));
}

/* Golden-section search for the largest evidence between two logarithms of the ratio. */
static double refine(const spectrum *s, size_t target, double low, double high) {
  const double golden = 0.6180339887498949;
  double ends[2] = {low, high};
  double inner[2] = {0, 0};
  double values[2] = {0, 0}; /* at the inner points */
  for (size_t i = 0; i < 2 + REFINEMENTS; i++) {
    size_t side = i; /* first both inner points, then one, at the side of the better one */
    if (i >= 2) {
      side = values[0] > values[1] ? 0 : 1;
      ends[1 - side] = inner[1 - side];
      inner[1 - side] = inner[side];
      values[1 - side] = values[side];
    }
    inner[side] = ends[1 - side] + golden * (ends[side] - ends[1 - side]);
    values[side] = evidence_at(s, target, inner[side]);
  }
  return fmax(values[0], values[1]);
}

/* The best ratio's evidence for every target, averaged. */
static double maximise(const spectrum *s, size_t target_count) {
  double first = ms_log(s->values[0] * 1e-12);
  double gap = ms_log(1e20) / (RATIOS - 1);
  double ratios[RATIOS];
  double log_dets[RATIOS];
  for (size_t r = 0; r < RATIOS; r++) {
    ratios[r] = ms_exp(first + gap * (double)r);
    log_dets[r] = log_det(s, ratios[r]);
  }
  double sum = 0;
  for (size_t t = 0; t < target_count; t++) {
    size_t best = 0;
    double best_evidence = -INFINITY;
    for (size_t r = 0; r < RATIOS; r++) {
      double value = evidence(s, t, ratios[r], log_dets[r]);
      if (value > best_evidence) {
        best_evidence = value;
        best = r;
      }
    }
    double low = first + gap * (double)(best - (best > 0));
    double high = first + gap * (double)(best + (best + 1 < RATIOS));
    sum += fmax(best_evidence, refine(s, t, low, high));
  }
  return sum / (double)target_count;
}

/* The mean evidence of the columns of y [count][target_count]; features as they are. */
static ms_status logme(ms_context *context, const float *features, size_t count, size_t dimension,
                       double *y, size_t target_count, double *value) {
  double *x = NULL; /* [count][dimension] */
  MS_TRY(ms_metric_load(context, features, count * dimension, &x));
  spectrum s;
  MS_TRY(decompose(context, x, count, dimension, y, target_count, &s));
  if (s.values[0] == 0) {
    /* All features are 0: every ratio gives the evidence of pure noise, as any positive one does.
     */
    s.values[0] = 1;
  }
  *value = maximise(&s, target_count);
  return MS_OK;
}

ms_status ms_metric_logme_of(ms_context *context, const ms_metric_data *data, const void *options,
                             double *value) {
  (void)options;
  double *y = NULL; /* [count][class_count] */
  MS_TRY(ms_one_hot(context, data, &y));
  return logme(context, data->features, data->count, data->dimension, y, data->class_count, value);
}

ms_status ms_metric_logme(ms_context *context, const float *features, size_t count,
                          size_t dimension, const uint32_t *labels, size_t class_count,
                          double *value) {
  return ms_metric_run(context, features, count, dimension, labels, class_count, ms_metric_logme_of,
                       NULL, value);
}

/* Checks the targets and copies them as doubles, in scratch memory. */
static ms_status load_targets(ms_context *context, const float *targets, size_t count,
                              size_t target_count, double **y) {
  if (targets == NULL || target_count < 1 || target_count > count * 64 + 65536) {
    return ms_fail(context, MS_ERR_ARGUMENT, "%zu targets are NULL or of an impossible number",
                   target_count);
  }
  MS_TRY(ms_metric_load(context, targets, count * target_count, y));
  for (size_t t = 0; t < target_count; t++) {
    double largest = 0;
    for (size_t i = 0; i < count; i++) {
      double value = (*y)[i * target_count + t];
      if (!(fabs(value) < INFINITY)) {
        return ms_fail(context, MS_ERR_DATA, "target %zu of row %zu is %g", t, i, value);
      }
      largest = fmax(largest, fabs(value));
    }
    if (largest == 0) {
      return ms_fail(context, MS_ERR_DATA, "target %zu is 0 in every row", t);
    }
  }
  return MS_OK;
}

static ms_status logme_targets(ms_context *context, const float *features, size_t count,
                               size_t dimension, const float *targets, size_t target_count,
                               double *value) {
  double *y = NULL; /* [count][target_count] */
  double result = 0;
  MS_TRY(ms_metric_check_features(context, features, count, dimension));
  MS_TRY(load_targets(context, targets, count, target_count, &y));
  MS_TRY(logme(context, features, count, dimension, y, target_count, &result));
  MS_TRY(ms_metric_check_result(context, result));
  *value = result;
  return MS_OK;
}

ms_status ms_metric_logme_targets(ms_context *context, const float *features, size_t count,
                                  size_t dimension, const float *targets, size_t target_count,
                                  double *value) {
  ms_arena_mark mark = ms_arena_get_mark(context);
  ms_status status =
      logme_targets(context, features, count, dimension, targets, target_count, value);
  ms_arena_drop(context, mark);
  return status;
}
