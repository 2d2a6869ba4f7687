/*
 * Leave-one-out accuracy of the k nearest neighbours. Distances are made block by block, and only
 * the neighbours so far are kept, so that memory grows with N k and not with N².
 */
#include <math.h>
#include <string.h>

#include "transfer/metrics.h"

enum { BLOCK = 64, DEFAULT_NEIGHBOURS = 5 };

/* The nearest rows so far of every row. */
typedef struct neighbours {
  size_t limit;      /* of neighbours a row */
  size_t *sizes;     /* [count] */
  double *distances; /* [count][limit], ascending */
  size_t *rows;      /* [count][limit] */
} neighbours;

/* Keeps other as a neighbour of row if it is near enough; of equally near rows the first one. */
static void insert(const neighbours *n, size_t row, size_t other, double distance) {
  double *distances = n->distances + row * n->limit;
  size_t *rows = n->rows + row * n->limit;
  size_t at = n->sizes[row];
  while (at > 0 && (distances[at - 1] > distance ||
                    (distances[at - 1] == distance && rows[at - 1] > other))) {
    at--;
  }
  if (at == n->limit) {
    return;
  }
  size_t size = n->sizes[row] < n->limit ? n->sizes[row] + 1 : n->limit;
  for (size_t i = size - 1; i > at; i--) {
    distances[i] = distances[i - 1];
    rows[i] = rows[i - 1];
  }
  distances[at] = distance;
  rows[at] = other;
  n->sizes[row] = size;
}

/* Compares the rows of two blocks, each pair of rows once. norms: squared lengths. */
static void compare_blocks(ms_matrix x, const double *norms, size_t first, size_t second,
                           const neighbours *n) {
  double products[BLOCK * BLOCK];
  size_t first_rows = x.rows - first < BLOCK ? x.rows - first : BLOCK;
  size_t second_rows = x.rows - second < BLOCK ? x.rows - second : BLOCK;
  ms_matrix a = ms_matrix_part(x, first, first_rows, 0, x.columns);
  ms_matrix b = ms_matrix_part(x, second, second_rows, 0, x.columns);
  ms_multiply(a, ms_matrix_transposed(b), ms_matrix_make(products, first_rows, second_rows));
  for (size_t i = 0; i < first_rows; i++) {
    for (size_t j = first == second ? i + 1 : 0; j < second_rows; j++) {
      double distance = norms[first + i] + norms[second + j] - 2 * products[i * second_rows + j];
      insert(n, first + i, second + j, distance);
      insert(n, second + j, first + i, distance);
    }
  }
}

/* The class with most neighbours of a row; of equal ones the class of the nearest of them. */
static size_t vote(const ms_metric_data *data, const neighbours *n, size_t row, size_t *votes) {
  const size_t *rows = n->rows + row * n->limit;
  memset(votes, 0, data->class_count * sizeof *votes);
  for (size_t i = 0; i < n->sizes[row]; i++) {
    votes[data->labels[rows[i]]]++;
  }
  size_t best = data->labels[rows[0]];
  for (size_t i = 1; i < n->sizes[row]; i++) {
    size_t label = data->labels[rows[i]];
    best = votes[label] > votes[best] ? label : best;
  }
  return best;
}

static ms_status find_neighbours(ms_context *context, const ms_metric_data *data, neighbours *n) {
  double *x = NULL;     /* [count][dimension] */
  double *norms = NULL; /* [count] */
  MS_TRY(MS_SCRATCH(context, data->count, &n->sizes));
  MS_TRY(MS_SCRATCH(context, data->count * n->limit, &n->distances));
  MS_TRY(MS_SCRATCH(context, data->count * n->limit, &n->rows));
  MS_TRY(MS_SCRATCH(context, data->count, &norms));
  MS_TRY(ms_metric_load(context, data->features, data->count * data->dimension, &x));
  /* Distances do not change, but lose less to rounding where all features share a large mean. */
  ms_center_columns(x, data->count, data->dimension);
  memset(n->sizes, 0, data->count * sizeof *n->sizes);
  for (size_t i = 0; i < data->count; i++) {
    const double *row = x + i * data->dimension;
    norms[i] = ms_dot(row, row, data->dimension);
  }
  ms_matrix rows = ms_matrix_make(x, data->count, data->dimension);
  for (size_t first = 0; first < data->count; first += BLOCK) {
    for (size_t second = first; second < data->count; second += BLOCK) {
      compare_blocks(rows, norms, first, second, n);
    }
  }
  return MS_OK;
}

ms_status ms_metric_knn_of(ms_context *context, const ms_metric_data *data, const void *options,
                           double *value) {
  size_t wanted = options != NULL ? *(const size_t *)options : DEFAULT_NEIGHBOURS;
  if (wanted < 1) {
    return ms_fail(context, MS_ERR_ARGUMENT, "0 neighbours, at least 1 is needed");
  }
  neighbours n = {.limit = wanted < data->count - 1 ? wanted : data->count - 1};
  size_t *votes = NULL; /* [class_count] */
  MS_TRY(MS_SCRATCH(context, data->class_count, &votes));
  MS_TRY(find_neighbours(context, data, &n));
  size_t right = 0;
  for (size_t i = 0; i < data->count; i++) {
    right += vote(data, &n, i, votes) == data->labels[i];
  }
  *value = (double)right / (double)data->count;
  return MS_OK;
}

ms_status ms_metric_knn(ms_context *context, const float *features, size_t count, size_t dimension,
                        const uint32_t *labels, size_t class_count, size_t neighbour_count,
                        double *value) {
  return ms_metric_run(context, features, count, dimension, labels, class_count, ms_metric_knn_of,
                       &neighbour_count, value);
}
