/*
 * PARC: rank correlation between distances of features and distances of labels, over all pairs of
 * rows. Labels have two distances only, so that one sort of the features' distances is all it
 * takes.
 */
#include <math.h>
#include <string.h>

#include "transfer/metrics.h"

/*
 * A distance 1 - r, 0 … 2, in steps of 2^-29, shifted left by one; the lowest bit says that the
 * classes differ. Steps make equal what only rounding tells apart.
 */
static uint32_t make_key(double correlation, bool differ) {
  double distance = fmin(fmax(1 - correlation, 0), 2);
  return (uint32_t)(distance * 0x1p29 + 0.5) << 1 | differ;
}

/* Radix sort by three digits; spare [count]. The result is in keys. */
static void sort_keys(uint32_t *keys, uint32_t *spare, size_t count) {
  enum { BITS = 11, DIGITS = 1 << BITS };
  for (unsigned shift = 0; shift < 33; shift += BITS) {
    size_t ends[DIGITS] = {0};
    for (size_t i = 0; i < count; i++) {
      ends[(keys[i] >> shift) % DIGITS]++;
    }
    for (size_t d = 1; d < DIGITS; d++) {
      ends[d] += ends[d - 1];
    }
    for (size_t i = count; i-- > 0;) {
      spare[--ends[(keys[i] >> shift) % DIGITS]] = keys[i];
    }
    memcpy(keys, spare, count * sizeof *keys);
  }
}

/* Spearman's correlation of distance and difference of class; 0 where either is constant. */
static double correlate(const uint32_t *keys, size_t count) {
  double mean = ((double)count + 1) / 2;
  double covariance = 0; /* Σ over pairs of different classes of rank - mean */
  double variance = 0;   /* Σ (rank - mean)² */
  double differing = 0;
  for (size_t first = 0; first < count;) {
    size_t end = first;
    size_t differing_here = 0;
    while (end < count && keys[end] >> 1 == keys[first] >> 1) {
      differing_here += keys[end] & 1;
      end++;
    }
    double rank = ((double)first + (double)end + 1) / 2 - mean;
    covariance += rank * (double)differing_here;
    variance += rank * rank * (double)(end - first);
    differing += (double)differing_here;
    first = end;
  }
  double label_variance = differing * (1 - differing / (double)count);
  return variance > 0 && label_variance > 0 ? covariance / sqrt(variance * label_variance) : 0;
}

/* Rows less their mean, of length 1; rows whose values are all equal become 0. */
static void normalise_rows(double *x, size_t count, size_t width) {
  for (size_t i = 0; i < count; i++) {
    double *row = x + i * width;
    double sum = 0;
    double largest = 0;
    for (size_t j = 0; j < width; j++) {
      sum += row[j];
      largest = fmax(largest, fabs(row[j]));
    }
    for (size_t j = 0; j < width; j++) {
      row[j] -= sum / (double)width;
    }
    double length = sqrt(ms_dot(row, row, width));
    bool varies = length > 1e-12 * largest * sqrt((double)width);
    for (size_t j = 0; j < width; j++) {
      double share = row[j] / length;
      row[j] = varies ? share : 0;
    }
  }
}

ms_status ms_metric_parc_of(ms_context *context, const ms_metric_data *data, const void *options,
                            double *value) {
  (void)options;
  size_t count = data->count;
  size_t pairs = count * (count - 1) / 2;
  size_t width = 0;
  double *gram = NULL;                           /* [count][count] */
  uint32_t *keys = NULL;                         /* [pairs] */
  uint32_t *spare = NULL;                        /* [pairs] */
  double *x = ms_metric_features(context, data); /* then [count][width] */
  MS_TRY(MS_HAS_MEMORY(x));
  MS_TRY(ms_standardise_columns(context, x, count, data->dimension, &width, NULL));
  MS_TRY(MS_SCRATCH_MATRIX(context, count, count, &gram));
  MS_TRY(MS_SCRATCH(context, pairs, &keys));
  MS_TRY(MS_SCRATCH(context, pairs, &spare));
  normalise_rows(x, count, width);
  ms_gram(ms_matrix_make(x, count, width), gram);
  size_t pair = 0;
  for (size_t i = 0; i < count; i++) {
    for (size_t j = 0; j < i; j++) {
      keys[pair++] = make_key(gram[i * count + j], data->labels[i] != data->labels[j]);
    }
  }
  sort_keys(keys, spare, pairs);
  *value = correlate(keys, pairs);
  return MS_OK;
}

ms_status ms_metric_parc(ms_context *context, const float *features, size_t count, size_t dimension,
                         const uint32_t *labels, size_t class_count, double *value) {
  return ms_metric_run(context, features, count, dimension, labels, class_count, ms_metric_parc_of,
                       NULL, value);
}
