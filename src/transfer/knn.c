/*
 * Leave-one-out accuracy of the k nearest neighbours. Distances are made block by block, and only
 * the neighbours so far are kept, so that memory grows with N k and not with N².
 */
#include <math.h>
#include <string.h>

#include "transfer/metrics.h"

enum { BLOCK = 64, DEFAULT_NEIGHBOURS = 5 };

typedef struct neighbour {
  double distance;
  size_t row;
} neighbour;

/* The nearest rows so far of every row, the nearest first. */
typedef struct neighbours {
  size_t limit;       /* of neighbours a row */
  neighbour *nearest; /* [count][limit + 1], the last one is the insertion's */
} neighbours;

/* Keeps other as a neighbour of row if it is near enough; of equally near rows the first one. */
static void insert(const neighbours *n, size_t row, size_t other, double distance) {
  neighbour *nearest = n->nearest + row * (n->limit + 1);
  size_t at = n->limit;
  for (; at > 0; at--) {
    const neighbour *before = &nearest[at - 1];
    if (before->distance < distance || (before->distance == distance && before->row < other)) {
      break;
    }
    nearest[at] = *before;
  }
  nearest[at] = (neighbour){distance, other};
}

/* Compares the rows of two blocks of x, each pair of rows once. norms: squared lengths. */
static void compare_blocks(double *x, const ms_metric_data *data, const double *norms, size_t first,
                           size_t second, const neighbours *n) {
  double products[BLOCK * BLOCK];
  size_t first_rows = data->count - first < BLOCK ? data->count - first : BLOCK;
  size_t second_rows = data->count - second < BLOCK ? data->count - second : BLOCK;
  ms_multiply_rows(x + first * data->dimension, first_rows, x + second * data->dimension,
                   second_rows, data->dimension, products);
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
  const neighbour *nearest = n->nearest + row * (n->limit + 1);
  size_t best = data->labels[nearest[0].row];
  memset(votes, 0, data->class_count * sizeof *votes);
  for (size_t i = 0; i < n->limit; i++) {
    votes[data->labels[nearest[i].row]]++;
  }
  for (size_t i = 1; i < n->limit; i++) {
    size_t label = data->labels[nearest[i].row];
    best = votes[label] > votes[best] ? label : best;
  }
  return best;
}

static ms_status knn(ms_context *context, const ms_metric_data *data, size_t wanted,
                     double *value) {
  size_t count = data->count;
  neighbours n = {.limit = wanted < count - 1 ? wanted : count - 1};
  size_t *votes = NULL; /* [class_count] */
  double *x = NULL;     /* [count][dimension] */
  double *norms = NULL; /* [count] */
  MS_TRY(MS_SCRATCH(context, data->class_count, &votes));
  MS_TRY(MS_SCRATCH_MATRIX(context, count, n.limit + 1, &n.nearest));
  MS_TRY(MS_SCRATCH(context, count, &norms));
  /* Distances do not change, but lose less to rounding where all features share a large mean. */
  MS_TRY(ms_metric_load_centered(context, data, &x));
  ms_square_rows(x, count, data->dimension, norms);
  for (size_t i = 0; i < count * (n.limit + 1); i++) {
    n.nearest[i] = (neighbour){INFINITY, count};
  }
  for (size_t first = 0; first < count; first += BLOCK) {
    for (size_t second = first; second < count; second += BLOCK) {
      compare_blocks(x, data, norms, first, second, &n);
    }
  }
  size_t right = 0;
  for (size_t i = 0; i < count; i++) {
    right += vote(data, &n, i, votes) == data->labels[i];
  }
  *value = (double)right / (double)count;
  return MS_OK;
}

ms_status ms_metric_knn_of(ms_context *context, const ms_metric_data *data, const void *options,
                           double *value) {
  (void)options;
  return knn(context, data, DEFAULT_NEIGHBOURS, value);
}

static ms_status knn_with(ms_context *context, const ms_metric_data *data, const void *options,
                          double *value) {
  size_t wanted = *(const size_t *)options;
  if (wanted < 1) {
    return ms_fail(context, MS_ERR_ARGUMENT, "0 neighbours, at least 1 is needed");
  }
  return knn(context, data, wanted, value);
}

ms_status ms_metric_knn(ms_context *context, const float *features, size_t count, size_t dimension,
                        const uint32_t *labels, size_t class_count, size_t neighbour_count,
                        double *value) {
  return ms_metric_run(context, features, count, dimension, labels, class_count, knn_with,
                       &neighbour_count, value);
}
