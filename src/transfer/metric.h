/* What the metrics share: checked features and labels, and the frame of a public metric. */
#ifndef MS_TRANSFER_METRIC_H
#define MS_TRANSFER_METRIC_H

#include "core/context.h"
#include "transfer/linalg.h"
#include "transfer/principal.h"

/* What several metrics need of the same features, made once for all of them. */
typedef struct ms_metric_shared {
  double *x;              /* [count][dimension], centred */
  double *gram;           /* [n][n], of the smaller side of x, n = min(count, dimension) */
  ms_principal principal; /* all coordinates of x */
} ms_metric_shared;

/* Features and labels that have been checked: all finite, at least two classes. */
typedef struct ms_metric_data {
  const float *features; /* [count][dimension] */
  size_t count;
  size_t dimension;
  const uint32_t *labels; /* [count], below class_count; classes without a row are left out */
  size_t class_count;
  const size_t *class_sizes;      /* [class_count], each at least 1 */
  const ms_metric_shared *shared; /* NULL: every metric makes its own */
} ms_metric_data;

/* Computes one metric; options is what the metric's own header says, NULL for its defaults. */
typedef ms_status ms_metric_function(ms_context *context, const ms_metric_data *data,
                                     const void *options, double *value);

/*
 * Checks the arguments into data, in scratch memory. Fails with MS_ERR_ARGUMENT on an empty shape,
 * a NULL pointer or a label that is not below class_count, and with MS_ERR_DATA on a value that is
 * not finite or where fewer than two classes have a row.
 */
MS_CHECK_RESULT ms_status ms_metric_check(ms_context *context, const float *features, size_t count,
                                          size_t dimension, const uint32_t *labels,
                                          size_t class_count, ms_metric_data *data);

/*
 * The frame of every public metric: checks, computes, drops the scratch memory. Fails with
 * MS_ERR_DATA too where the result is not finite, as after features near the largest float.
 */
MS_CHECK_RESULT ms_status ms_metric_run(ms_context *context, const float *features, size_t count,
                                        size_t dimension, const uint32_t *labels,
                                        size_t class_count, ms_metric_function *function,
                                        const void *options, double *value);

/* The parts of ms_metric_run that concern features or labels alone. */
MS_CHECK_RESULT ms_status ms_metric_check_features(ms_context *context, const float *features,
                                                   size_t count, size_t dimension);
MS_CHECK_RESULT ms_status ms_metric_check_labels(ms_context *context, const uint32_t *labels,
                                                 size_t count, size_t class_count,
                                                 size_t most_classes);
MS_CHECK_RESULT ms_status ms_metric_check_result(ms_context *context, double result);
/* Fails with MS_ERR_ARGUMENT, naming the option, where it is not positive and finite. */
MS_CHECK_RESULT ms_status ms_metric_check_positive(ms_context *context, const char *name,
                                                   double option);

/* sums[i] += x[i] */
void ms_add(const double *x, size_t count, double *sums);
/* x[i] = values[i] */
void ms_widen(const float *values, size_t count, double *x);
/*
 * In scratch memory, NULL as ms_arena_take: values as doubles, the features [count][dimension] as
 * doubles, and the features centred, which are the caller's to change.
 */
MS_CHECK_RESULT double *ms_metric_copy(ms_context *context, const float *values, size_t count);
MS_CHECK_RESULT double *ms_metric_features(ms_context *context, const ms_metric_data *data);
MS_CHECK_RESULT double *ms_metric_centered(ms_context *context, const ms_metric_data *data);
#define ms_metric_load(context, values, count, x)                                                  \
  MS_HAS_MEMORY(*(x) = ms_metric_copy((context), (values), (count)))

/* n = min(count, dimension), the order of the Gram matrix of the smaller side */
size_t ms_metric_order(const ms_metric_data *data);
/* The centred features x, made or those that are shared: only to be read. NULL as above. */
MS_CHECK_RESULT double *ms_metric_x(ms_context *context, const ms_metric_data *data);
/* Their Gram matrix [n][n], which is the caller's to change. NULL as above. */
MS_CHECK_RESULT double *ms_metric_gram(ms_context *context, const ms_metric_data *data, double *x);
/* The principal coordinates of the centred features, as ms_principal_make gives them. */
MS_CHECK_RESULT ms_status ms_metric_principal(ms_context *context, const ms_metric_data *data,
                                              double share, size_t limit, ms_principal *principal);
/* Makes what metrics share, in scratch memory, and has data point to it. */
MS_CHECK_RESULT ms_status ms_metric_share(ms_context *context, ms_metric_data *data,
                                          ms_metric_shared *shared);

/* Subtracts every column's mean. */
void ms_center_columns(double *x, size_t count, size_t dimension);
/*
 * Centres the columns and divides them by their standard deviation. Columns whose deviation is at
 * most 1e-6 of their largest value, which is rounding in a float, are dropped and x becomes
 * [count][*kept_count].
 *
 * factors  unless NULL receives [dimension] in scratch memory: what the centred columns were
 *          multiplied by, 0 for those that were dropped
 */
MS_CHECK_RESULT ms_status ms_standardise_columns(ms_context *context, double *x, size_t count,
                                                 size_t dimension, size_t *kept_count,
                                                 double **factors);
/* x as it is where count <= dimension, else transposed: the view whose Gram matrix is smaller. */
ms_matrix ms_thin_side(double *x, size_t count, size_t dimension);
/* That Gram matrix: gram [n][n], n = min(count, dimension). */
void ms_thin_gram(double *x, size_t count, size_t dimension, double *gram);
/* squares [count], the squared lengths of the rows of x [count][width] */
void ms_square_rows(const double *x, size_t count, size_t width, double *squares);
/* Means [class_count][width] of the rows of x [count][width] in each class. NULL as above. */
MS_CHECK_RESULT double *ms_class_means(ms_context *context, const ms_metric_data *data,
                                       const double *x, size_t width);
/*
 * Labels as columns: y [count][class_count], 1 in the row's class, 0 elsewhere; in scratch memory.
 */
MS_CHECK_RESULT double *ms_metric_one_hot(ms_context *context, const ms_metric_data *data);
#define ms_one_hot(context, data, y) MS_HAS_MEMORY(*(y) = ms_metric_one_hot((context), (data)))

#endif
