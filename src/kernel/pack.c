/*
 * Lays weights out in the panels that products and depthwise convolutions read: done once, when a
 * network is loaded, so it favours plainness over speed. Checks no sizes; that is the caller's.
 */
#include "kernel/kernels.h"

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
