/*
 * The linear probe: prepares features, splits rows, chooses the penalty's strength by
 * cross-validation, tests, and gives the head away. It leaves the fit itself to logistic.c.
 */
#include "transfer/probe.h"

#include <float.h>
#include <math.h>
#include <string.h>

#include "transfer/logistic.h"
#include "transfer/metrics.h"
#include "transfer/ridge.h"

enum { FOLDS = 3, METRIC_FOLDS = 5, STEP_LIMIT = 200 };

/* For ground truth, in nats a row. A thousandth of that takes three times as long, and moves no
 * accuracy by a standard error of 20 splits. */
static const double repeated_tolerance = 1e-4;
static const double strengths[] = {10, 1, 0.1, 0.01, 0.001};
enum { STRENGTHS = sizeof strengths / sizeof strengths[0] };

ms_status ms_probe_prepare(ms_context *context, const ms_metric_data *data, ms_probe *probe) {
  double *x = NULL; /* [count][width] */
  size_t width = 0;
  *probe = (ms_probe){.data = *data, .tolerance = 1e-7};
  MS_TRY(ms_ridge_features(context, data, &x, &width, &probe->factors));
  return ms_principal_make(context, x, data->count, width, NULL, 1, width, &probe->principal);
}

/* Trains a head [width + 1][classes] on the training rows, in scratch memory. */
static ms_status train(ms_context *context, const ms_probe *probe, const ms_probe_split *split,
                       double strength, double **head) {
  float *fitted = NULL; /* [train_count][classes] */
  const ms_training training = {.principal = &probe->principal,
                                .labels = probe->data.labels,
                                .rows = split->train,
                                .count = split->train_count,
                                .class_count = probe->data.class_count,
                                .strength = strength,
                                .tolerance = probe->tolerance,
                                .step_limit = STEP_LIMIT,
                                .known = (double)split->train_count,
                                .shared = (double)probe->data.class_count};
  return ms_logistic_train(context, &training, head, &fitted);
}

ms_status ms_probe_test(ms_context *context, const ms_probe *probe, const ms_probe_split *split,
                        double strength, double *accuracy, double *loss) {
  ms_arena_mark mark = ms_arena_get_mark(context);
  double *head = NULL;   /* [width + 1][classes] */
  double *rows = NULL;   /* [test_count][width] */
  double *logits = NULL; /* [test_count][classes] */
  size_t classes = probe->data.class_count;
  size_t width = probe->principal.width;
  MS_TRY(train(context, probe, split, strength, &head));
  MS_TRY(MS_SCRATCH(context, split->test_count * width, &rows));
  MS_TRY(MS_SCRATCH_MATRIX(context, split->test_count, classes, &logits));
  for (size_t i = 0; i < split->test_count; i++) {
    memcpy(rows + i * width, probe->principal.coordinates + split->test[i] * width,
           width * sizeof *rows);
  }
  ms_multiply_whole(rows, head, split->test_count, width, classes, MS_AS_THEY_ARE, logits);
  double credits = 0;
  double losses = 0;
  for (size_t i = 0; i < split->test_count; i++) {
    uint32_t label = probe->data.labels[split->test[i]];
    double *row = logits + i * classes;
    for (size_t c = 0; c < classes; c++) {
      row[c] += head[width * classes + c];
    }
    double own = row[label];
    credits += ms_prediction_credit(row, classes, label);
    losses += ms_softmax(row, classes) - own;
  }
  *accuracy = credits / (double)split->test_count;
  *loss = losses / (double)split->test_count;
  ms_arena_drop(context, mark);
  return MS_OK;
}

/*
 * Deals rows to folds, every class in turn and the next class where the last one stopped, so that
 * folds differ by one row at most; folds [count].
 */
static ms_status deal(ms_context *context, const ms_metric_data *data, const size_t *rows,
                      size_t count, size_t fold_count, size_t *folds) {
  size_t *starts = NULL; /* [class_count], the fold of the class's next row */
  MS_TRY(MS_SCRATCH(context, data->class_count, &starts));
  memset(starts, 0, data->class_count * sizeof *starts);
  for (size_t i = 0; i < count; i++) {
    starts[data->labels[rows[i]]]++;
  }
  size_t start = 0;
  for (size_t c = 0; c < data->class_count; c++) {
    size_t size = starts[c];
    starts[c] = start;
    start += size;
  }
  for (size_t i = 0; i < count; i++) {
    folds[i] = starts[data->labels[rows[i]]]++ % fold_count;
  }
  return MS_OK;
}

/* Mean accuracy and loss over the rows, each tested once by a head trained on the other folds. */
static ms_status cross_validate(ms_context *context, const ms_probe *probe, const size_t *rows,
                                size_t count, size_t fold_count, double strength, double *accuracy,
                                double *loss) {
  size_t *folds = NULL; /* [count] */
  ms_probe_split split = {NULL, 0, NULL, 0};
  folds = ms_arena_take(context, 3, count * sizeof *folds);
  MS_TRY(MS_HAS_MEMORY(folds));
  split.train = folds + count;
  split.test = split.train + count;
  MS_TRY(deal(context, &probe->data, rows, count, fold_count, folds));
  *accuracy = 0;
  *loss = 0;
  for (size_t fold = 0; fold < fold_count; fold++) {
    double fold_accuracy = 0;
    double fold_loss = 0;
    split.train_count = 0;
    split.test_count = 0;
    for (size_t i = 0; i < count; i++) {
      if (folds[i] == fold) {
        split.test[split.test_count++] = rows[i];
      } else {
        split.train[split.train_count++] = rows[i];
      }
    }
    MS_TRY(ms_probe_test(context, probe, &split, strength, &fold_accuracy, &fold_loss));
    double share = (double)split.test_count / (double)count;
    *accuracy += share * fold_accuracy;
    *loss += share * fold_loss;
  }
  return MS_OK;
}

ms_status ms_probe_choose(ms_context *context, const ms_probe *probe, const ms_probe_split *split,
                          double *strength) {
  ms_arena_mark mark = ms_arena_get_mark(context);
  double best_accuracy = -1;
  double best_loss = INFINITY;
  *strength = 1;
  for (size_t i = 0; i < STRENGTHS && split->train_count >= FOLDS; i++) {
    double accuracy = 0;
    double loss = 0;
    MS_TRY(cross_validate(context, probe, split->train, split->train_count, FOLDS, strengths[i],
                          &accuracy, &loss));
    if (accuracy > best_accuracy || (accuracy == best_accuracy && loss < best_loss)) {
      best_accuracy = accuracy;
      best_loss = loss;
      *strength = strengths[i];
    }
  }
  ms_arena_drop(context, mark);
  return MS_OK;
}

/* How many of a class's rows to train on. */
static size_t train_share(size_t size, double fraction) {
  size_t share = (size_t)(fraction * (double)size + 0.5);
  size_t most = size > 1 ? size - 1 : 1;
  share = share > most ? most : share;
  return share < 1 ? 1 : share;
}

ms_status ms_probe_split_make(ms_context *context, const ms_metric_data *data, double fraction,
                              ms_random *random, ms_probe_split *split) {
  size_t *order = NULL; /* [count] */
  size_t *taken = NULL; /* [class_count], rows that are trained on so far */
  order = ms_arena_take(context, 3, data->count * sizeof *order);
  MS_TRY(MS_HAS_MEMORY(order));
  MS_TRY(MS_SCRATCH(context, data->class_count, &taken));
  *split = (ms_probe_split){order + data->count, 0, order + 2 * data->count, 0};
  memset(taken, 0, data->class_count * sizeof *taken);
  ms_random_permutation(random, order, data->count);
  for (size_t i = 0; i < data->count; i++) {
    uint32_t label = data->labels[order[i]];
    if (taken[label] < train_share(data->class_sizes[label], fraction)) {
      taken[label]++;
      split->train[split->train_count++] = order[i];
    } else {
      split->test[split->test_count++] = order[i];
    }
  }
  if (split->test_count == 0) {
    return ms_fail(context, MS_ERR_DATA, "every class has one row, none is left to test");
  }
  return MS_OK;
}

/* Options of ms_probe_accuracy; the deviation leaves through here. */
typedef struct repeated {
  double train_fraction;
  size_t split_count;
  uint64_t seed;
  double *standard_error;
} repeated;

static ms_status one_split(ms_context *context, const ms_probe *probe, const repeated *options,
                           size_t index, double *accuracy) {
  ms_random random = ms_random_make(options->seed, index);
  ms_probe_split split;
  double strength = 0;
  double loss = 0;
  MS_TRY(ms_probe_split_make(context, &probe->data, options->train_fraction, &random, &split));
  MS_TRY(ms_probe_choose(context, probe, &split, &strength));
  return ms_probe_test(context, probe, &split, strength, accuracy, &loss);
}

static ms_status repeat(ms_context *context, const ms_metric_data *data, const void *options,
                        double *value) {
  const repeated *r = options;
  ms_probe probe;
  double sum = 0;
  double squares = 0;
  MS_TRY(ms_probe_prepare(context, data, &probe));
  probe.tolerance = repeated_tolerance;
  for (size_t i = 0; i < r->split_count; i++) {
    double accuracy = 0;
    ms_arena_mark mark = ms_arena_get_mark(context);
    MS_TRY(one_split(context, &probe, r, i, &accuracy));
    ms_arena_drop(context, mark);
    sum += accuracy;
    squares += accuracy * accuracy;
  }
  double count = (double)r->split_count;
  double mean = sum / count;
  double variance = count > 1 ? fmax(squares - sum * mean, 0) / (count - 1) : 0;
  *r->standard_error = sqrt(variance / count);
  *value = mean;
  return MS_OK;
}

ms_status ms_probe_accuracy(ms_context *context, const float *features, size_t count,
                            size_t dimension, const uint32_t *labels, size_t class_count,
                            double train_fraction, size_t split_count, uint64_t seed, double *mean,
                            double *standard_error) {
  if (!(train_fraction > 0 && train_fraction < 1)) {
    return ms_fail(context, MS_ERR_ARGUMENT, "training fraction %g is not between 0 and 1",
                   train_fraction);
  }
  if (split_count < 1) {
    return ms_fail(context, MS_ERR_ARGUMENT, "0 splits, at least 1 is needed");
  }
  double error = 0;
  const repeated options = {train_fraction, split_count, seed, &error};
  MS_TRY(ms_metric_run(context, features, count, dimension, labels, class_count, repeat, &options,
                       mean));
  *standard_error = error;
  return MS_OK;
}

/* All rows, in their order. */
static ms_status list_rows(ms_context *context, const ms_metric_data *data, size_t **rows) {
  MS_TRY(MS_SCRATCH(context, data->count, rows));
  for (size_t i = 0; i < data->count; i++) {
    (*rows)[i] = i;
  }
  return MS_OK;
}

ms_status ms_metric_probe_of(ms_context *context, const ms_metric_data *data, const void *options,
                             double *value) {
  double strength = options != NULL ? *(const double *)options : 0.1;
  size_t fold_count = data->count < METRIC_FOLDS ? data->count : METRIC_FOLDS;
  size_t *rows = NULL; /* [count] */
  ms_probe probe;
  double loss = 0;
  MS_TRY(ms_metric_check_positive(context, "probe strength", strength));
  MS_TRY(list_rows(context, data, &rows));
  MS_TRY(ms_probe_prepare(context, data, &probe));
  return cross_validate(context, &probe, rows, data->count, fold_count, strength, value, &loss);
}

ms_status ms_metric_probe(ms_context *context, const float *features, size_t count,
                          size_t dimension, const uint32_t *labels, size_t class_count,
                          double strength, double *value) {
  return ms_metric_run(context, features, count, dimension, labels, class_count, ms_metric_probe_of,
                       &strength, value);
}

/* What ms_probe_fit is asked for, in its caller's terms. */
typedef struct fitting {
  size_t class_count;
  float *weights;    /* [class_count][dimension] */
  float *intercepts; /* [class_count] */
} fitting;

static void narrow(const double *x, size_t count, float *y) {
  for (size_t i = 0; i < count; i++) {
    y[i] = (float)x[i];
  }
}

/*
 * A head on principal coordinates as one on the features themselves. With coordinates x V the
 * directions are V = xᵀ coordinates / (N variances), so that no eigenvector need be kept.
 */
static ms_status unfold(ms_context *context, const ms_probe *probe, double *head,
                        const fitting *f) {
  const ms_metric_data *data = &probe->data;
  const ms_principal *p = &probe->principal;
  size_t classes = data->class_count;
  double *intercepts = head + p->width * classes;
  double *x = NULL;       /* [count][dimension] */
  double *shares = NULL;  /* [count][classes] */
  double *weights = NULL; /* [classes][dimension] */
  double largest = 0;
  MS_TRY(ms_metric_load(context, data->features, data->count * data->dimension, &x));
  MS_TRY(MS_SCRATCH_MATRIX(context, data->count, classes, &shares));
  MS_TRY(MS_SCRATCH(context, classes * data->dimension, &weights));
  for (size_t j = 0; j < p->width; j++) {
    for (size_t c = 0; c < classes; c++) {
      head[j * classes + c] /= (double)data->count * p->variances[j];
    }
  }
  ms_center_columns(x, data->count, data->dimension);
  ms_multiply_whole(p->coordinates, head, data->count, p->width, classes, MS_AS_THEY_ARE, shares);
  ms_multiply_whole(shares, x, classes, data->count, data->dimension, MS_TURNED_A, weights);
  for (size_t c = 0; c < classes; c++) {
    for (size_t j = 0; j < data->dimension; j++) {
      double *weight = &weights[c * data->dimension + j];
      *weight *= probe->factors[j] * probe->factors[j];
      intercepts[c] -= *weight * ((double)data->features[j] - x[j]);
      largest = fmax(largest, fabs(*weight));
    }
    largest = fmax(largest, fabs(intercepts[c]));
  }
  if (!(largest <= FLT_MAX)) {
    return ms_fail(context, MS_ERR_DATA, "features so small that a weight would be %g", largest);
  }
  narrow(weights, classes * data->dimension, f->weights);
  narrow(intercepts, classes, f->intercepts);
  return MS_OK;
}

static ms_status fit(ms_context *context, const ms_metric_data *data, const void *options,
                     double *value) {
  const fitting *f = options;
  ms_probe probe;
  ms_probe_split all = {NULL, data->count, NULL, 0};
  double *head = NULL; /* [width + 1][classes] */
  if (data->class_count != f->class_count) {
    return ms_fail(context, MS_ERR_DATA, "%zu of %zu classes have no row",
                   f->class_count - data->class_count, f->class_count);
  }
  MS_TRY(list_rows(context, data, &all.train));
  MS_TRY(ms_probe_prepare(context, data, &probe));
  MS_TRY(ms_probe_choose(context, &probe, &all, value));
  MS_TRY(train(context, &probe, &all, *value, &head));
  return unfold(context, &probe, head, f);
}

ms_status ms_probe_fit(ms_context *context, const float *features, size_t count, size_t dimension,
                       const uint32_t *labels, size_t class_count, float *weights,
                       float *intercepts) {
  const fitting options = {class_count, weights, intercepts};
  double strength = 0;
  return ms_metric_run(context, features, count, dimension, labels, class_count, fit, &options,
                       &strength);
}
