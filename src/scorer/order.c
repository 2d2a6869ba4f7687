/*
 * Orders and ranks. A merge sort of our own: the C library's qsort may allocate, and orders equal
 * elements as it likes.
 */
#include "scorer/order.h"

#include <math.h>
#include <string.h>

/* Whether index a comes after index b, looking only at the values. */
static bool comes_after(const float *values, const float *seconds, size_t a, size_t b) {
  if (values[a] != values[b]) {
    return values[a] < values[b];
  }
  return seconds != NULL && seconds[a] < seconds[b];
}

/* Merges from[start … middle) and from[middle … end) into to; the left one first where equal. */
static void merge(const float *values, const float *seconds, const size_t *from, size_t start,
                  size_t middle, size_t end, size_t *to) {
  size_t left = start;
  size_t right = middle;
  for (size_t i = start; i < end; i++) {
    bool take_right =
        left == middle || (right < end && comes_after(values, seconds, from[left], from[right]));
    to[i] = take_right ? from[right++] : from[left++];
  }
}

ms_status ms_order_descending(ms_context *context, const float *values, const float *seconds,
                              size_t count, size_t *order) {
  size_t *spare = NULL; /* [count] */
  MS_TRY(MS_SCRATCH(context, count, &spare));
  size_t *from = order;
  size_t *to = spare;
  for (size_t i = 0; i < count; i++) {
    from[i] = i;
  }
  for (size_t width = 1; width < count; width *= 2) {
    for (size_t start = 0; start < count; start += 2 * width) {
      size_t middle = count - start < width ? count : start + width;
      size_t end = count - start < 2 * width ? count : start + 2 * width;
      merge(values, seconds, from, start, middle, end, to);
    }
    size_t *kept = from;
    from = to;
    to = kept;
  }
  if (from != order) {
    memcpy(order, from, count * sizeof *order);
  }
  return MS_OK;
}

ms_status ms_mean_ranks(ms_context *context, const float *values, size_t count, size_t *order,
                        double *ranks) {
  MS_TRY(ms_order_descending(context, values, NULL, count, order));
  for (size_t start = 0; start < count;) {
    size_t end = start + 1;
    while (end < count && values[order[end]] == values[order[start]]) {
      end++;
    }
    for (size_t i = start; i < end; i++) {
      ranks[order[i]] = (double)(start + end - 1) / 2;
    }
    start = end;
  }
  return MS_OK;
}

ms_status ms_check_finite(ms_context *context, const float *values, size_t count,
                          const char *what) {
  for (size_t i = 0; i < count; i++) {
    if (!isfinite(values[i])) {
      return ms_fail(context, MS_ERR_DATA, "%s %zu is %g", what, i, (double)values[i]);
    }
  }
  return MS_OK;
}
