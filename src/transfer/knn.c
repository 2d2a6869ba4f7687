/*
 * Leave-one-out accuracy of the k nearest neighbours. Distances are made for a block of rows at a
 * time, and only the neighbours so far are kept, so that memory grows with N k and not with N².
 */
#include <math.h>
#include <string.h>

#include "transfer/metrics.h"

enum { BLOCK = 64, DEFAULT_NEIGHBOURS = 5 };

typedef struct neighbour {
  double distance;
  size_t row;
} neighbour;

/*
 * Keeps a row among the limit nearest ones, the nearest first, if it is near enough; of equally
 * near ones the first. nearest [limit + 1], the last one is the insertion's.
 */
static void insert(neighbour *nearest, size_t limit, size_t row, double distance) {
  size_t at = limit;
  for (; at > 0; at--) {
    const neighbour *before = &nearest[at - 1];
    if (before->distance < distance || (before->distance == distance && before->row < row)) {
      break;
    }
    nearest[at] = *before;
  }
  nearest[at] = (neighbour){distance, row};
}

/* The class with most neighbours; of equal ones the class of the nearest of them. */
static size_t vote(const ms_metric_data *data, const neighbour *nearest, size_t limit,
                   size_t *votes) {
  size_t best = data->labels[nearest[0].row];
  memset(votes, 0, data->class_count * sizeof *votes);
  for (size_t i = 0; i < limit; i++) {
    votes[data->labels[nearest[i].row]]++;
  }
  for (size_t i = 0; i < limit; i++) {
    size_t label = data->labels[nearest[i].row];
    best = votes[label] > votes[best] ? label : best;
  }
  return best;
}

static ms_status knn(ms_context *context, const ms_metric_data *data, size_t wanted,
                     double *value) {
  size_t count = data->count;
  size_t width = data->dimension;
  size_t limit = wanted < count - 1 ? wanted : count - 1;
  size_t room = limit + 1;
  size_t *votes = NULL;      /* [class_count] */
  double *norms = NULL;      /* [count], squared lengths */
  double *products = NULL;   /* [BLOCK][count], of a block of rows with those up to its end */
  neighbour *nearest = NULL; /* [count][room], of every row so far */
  MS_TRY(MS_SCRATCH(context, data->class_count, &votes));
  MS_TRY(MS_SCRATCH(context, count, &norms));
  MS_TRY(MS_SCRATCH(context, BLOCK * count, &products));
  MS_TRY(MS_SCRATCH_MATRIX(context, count, room, &nearest));
  /* Distances do not change, but lose less to rounding where all features share a large mean. */
  double *x = ms_metric_x(context, data);
  MS_TRY(MS_HAS_MEMORY(x));
  ms_square_rows(x, count, width, norms);
  for (size_t i = 0; i < count * room; i++) {
    nearest[i] = (neighbour){INFINITY, count};
  }
  for (size_t first = 0; first < count; first += BLOCK) {
    size_t end = count - first < BLOCK ? count : first + BLOCK;
    ms_multiply_whole(x + first * width, x, end - first, width, end, MS_TURNED_B, products);
    for (size_t i = first; i < end; i++) {
      for (size_t j = 0; j < i; j++) {
        double distance = norms[i] + norms[j] - 2 * products[(i - first) * end + j];
        insert(nearest + i * room, limit, j, distance);
        insert(nearest + j * room, limit, i, distance);
      }
    }
  }
  size_t right = 0;
  for (size_t i = 0; i < count; i++) {
    right += vote(data, nearest + i * room, limit, votes) == data->labels[i];
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
