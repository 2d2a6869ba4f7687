/*
 * Lays weights out in the panels that products and depthwise convolutions read: done once, when a
 * network is loaded, so it favours plainness over speed. Checks no sizes; that is the caller's.
 */
#include "kernel/kernels.h"

#include "kernel/elementary.h"

size_t ms_packed_count(size_t depth, size_t columns) {
  return (columns + MS_PANEL - 1) / MS_PANEL * (1 + depth) * MS_PANEL;
}

void ms_pack(const float *weights, size_t taps, size_t tap_stride, size_t depth,
             size_t depth_stride, size_t columns, size_t column_stride, const float *bias,
             float *packed) {
  for (size_t first = 0; first < columns; first += MS_PANEL) {
    size_t width = columns - first < MS_PANEL ? columns - first : MS_PANEL;
    for (size_t j = 0; j < MS_PANEL; j++) {
      *packed++ = bias != NULL && j < width ? bias[first + j] : 0.0f;
    }
    for (size_t t = 0; t < taps; t++) {
      for (size_t i = 0; i < depth; i++) {
        const float *row = weights + t * tap_stride + i * depth_stride + first * column_stride;
        for (size_t j = 0; j < MS_PANEL; j++) {
          *packed++ = j < width ? row[j * column_stride] : 0.0f;
        }
      }
    }
  }
}

size_t ms_packed_s16_count(size_t depth, size_t columns) {
  return 1 + (columns + MS_PANEL - 1) / MS_PANEL * (2 + (depth + 1) / 2) * MS_PANEL;
}

/* The weights of one column, depth by depth within tap by tap. */
typedef struct column {
  const float *weights;
  size_t taps, tap_stride;
  size_t depth, depth_stride;
} column;

/* The largest magnitude of a column, and the sum of all in units of it; 0 where both are tiny. */
static float measure_column(const column *from, double *sum) {
  float largest = 0.0f;
  *sum = 0;
  for (size_t t = 0; t < from->taps; t++) {
    for (size_t i = 0; i < from->depth; i++) {
      float magnitude = fabsf(from->weights[t * from->tap_stride + i * from->depth_stride]);
      if (magnitude > largest || isnan(magnitude)) { /* a NaN stays */
        largest = magnitude;
      }
      *sum += magnitude;
    }
  }
  *sum = largest >= MS_SMALLEST_ROW && largest < INFINITY ? *sum / largest : 0;
  return largest;
}

/* Writes the levels of a column, two to a float, the pairs MS_PANEL floats apart. */
static void pack_levels(const column *from, float factor, float *packed) {
  size_t at = 0;
  for (size_t t = 0; t < from->taps; t++) {
    for (size_t i = 0; i < from->depth; i++, at++) {
      float weight = from->weights[t * from->tap_stride + i * from->depth_stride];
      int16_t level = (int16_t)ms_level(weight, factor);
      memcpy((char *)(packed + at / 2 * MS_PANEL) + at % 2 * sizeof level, &level, sizeof level);
    }
  }
}

/*
 * A sum of products stays below 2^31 in magnitude if limit × (sum of a column's levels) does. With
 * a column's levels up to its own limit, that sum is at most (weights' sum / largest) × its limit,
 * and half a level more for each that was rounded up.
 */
void ms_pack_s16(const float *weights, size_t taps, size_t tap_stride, size_t depth,
                 size_t depth_stride, size_t columns, size_t column_stride, const float *bias,
                 float *packed) {
  enum { LARGEST_LEVEL = INT16_MAX };
  size_t length = taps * depth;
  double most = 1;
  double sum = 0;
  memset(packed, 0, ms_packed_s16_count(length, columns) * sizeof *packed);
  for (size_t j = 0; j < columns; j++) {
    column from = {weights + j * column_stride, taps, tap_stride, depth, depth_stride};
    measure_column(&from, &sum);
    most = sum > most ? sum : most;
  }
  double limit = fmin(floor(sqrt(INT32_MAX / most)), LARGEST_LEVEL);
  double room = floor(INT32_MAX / limit) - (double)length / 2;
  *packed++ = (float)limit;
  for (size_t j = 0; j < columns; j++) {
    float *panel = packed + j / MS_PANEL * MS_PANEL * (2 + (length + 1) / 2) + j % MS_PANEL;
    column from = {weights + j * column_stride, taps, tap_stride, depth, depth_stride};
    float largest = measure_column(&from, &sum);
    float levels = sum > 0 ? (float)fmin(floor(room / sum), LARGEST_LEVEL) : 1.0f;
    ms_row_scale scale = ms_scale_row(largest, levels);
    panel[0] = bias == NULL ? 0.0f : bias[j];
    panel[MS_PANEL] = scale.scale;
    pack_levels(&from, scale.factor, panel + 2 * MS_PANEL);
  }
}

size_t ms_packed_depthwise_count(size_t taps, size_t channels) {
  return (channels + MS_DEPTHWISE_PANEL - 1) / MS_DEPTHWISE_PANEL * MS_DEPTHWISE_PANEL * (1 + taps);
}

void ms_pack_depthwise(const float *weights, size_t taps, size_t tap_stride, size_t channels,
                       size_t channel_stride, const float *bias, float *packed) {
  for (size_t first = 0; first < channels; first += MS_DEPTHWISE_PANEL) {
    for (size_t c = first; c < first + MS_DEPTHWISE_PANEL; c++) {
      *packed++ = bias != NULL && c < channels ? bias[c] : 0.0f;
    }
    for (size_t t = 0; t < taps; t++) {
      for (size_t c = first; c < first + MS_DEPTHWISE_PANEL; c++) {
        *packed++ = c < channels ? weights[t * tap_stride + c * channel_stride] : 0.0f;
      }
    }
  }
}
