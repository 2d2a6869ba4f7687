/* Orders and ranks, and checks of what is given to be ordered. */
#include "scorer/order.h"

#include "scorer/number.h"

/* Whether index a belongs before index b. */
static bool comes_before(const float *values, const float *seconds, size_t a, size_t b) {
  if (values[a] != values[b]) {
    return values[a] > values[b];
  }
  if (seconds[a] != seconds[b]) {
    return seconds[a] > seconds[b];
  }
  return a < b;
}

/* Shell's sort, with the gaps of Gonnet and Baeza-Yates 1991. */
void ms_order_descending(const float *values, const float *seconds, size_t count, size_t *order) {
  for (size_t i = 0; i < count; i++) {
    order[i] = i;
  }
  for (size_t gap = count; gap > 1;) {
    gap = (5 * gap + 6) / 11;
    for (size_t i = gap; i < count; i++) {
      size_t moved = order[i];
      size_t at = i;
      while (at >= gap && comes_before(values, seconds, moved, order[at - gap])) {
        order[at] = order[at - gap];
        at -= gap;
      }
      order[at] = moved;
    }
  }
}

void ms_mean_ranks(const float *values, size_t count, size_t best, size_t *order, double *means) {
  ms_order_descending(values, values, count, order);
  for (size_t start = 0; start < count;) {
    double sum = 0;
    size_t end = start;
    do {
      sum += best == 0 ? (double)end : end < best;
      end++;
    } while (end < count && values[order[end]] == values[order[start]]);
    for (size_t i = start; i < end; i++) {
      means[order[i]] = sum / (double)(end - start);
    }
    start = end;
  }
}

void ms_narrow(const double *wide, size_t count, float *narrow) {
  for (size_t i = 0; i < count; i++) {
    narrow[i] = (float)wide[i];
  }
}

double ms_mean(const float *x, size_t stride, size_t count, double centre, bool squared) {
  double sum = 0;
  for (size_t i = 0; i < count; i++) {
    double distance = x[i * stride] - centre;
    sum += squared ? distance * distance : distance;
  }
  return sum / (double)count;
}

ms_status ms_check_range(ms_context *context, size_t count, size_t least, size_t most,
                         const char *what) {
  if (count < least || count > most) {
    return ms_fail(context, MS_ERR_ARGUMENT, "%zu %s, %zu to %zu are possible", count, what, least,
                   most);
  }
  return MS_OK;
}

ms_status ms_check_room(ms_context *context, size_t room, size_t count) {
  if (room < count) {
    return ms_fail(context, MS_ERR_ARGUMENT, "room for %zu models of %zu", room, count);
  }
  return MS_OK;
}

ms_status ms_fail_number(ms_context *context, ms_status status, const char *what, size_t index,
                         double number) {
  return ms_fail(context, status, "%s %zu is %g", what, index, number);
}

ms_status ms_check_finite(ms_context *context, const float *values, size_t count,
                          const char *what) {
  for (size_t i = 0; i < count; i++) {
    if (!ms_is_finite(values[i])) {
      return ms_fail_number(context, MS_ERR_DATA, what, i, values[i]);
    }
  }
  return MS_OK;
}
