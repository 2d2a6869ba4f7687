/*
 * Lays weights out in the panels that gemm and gemm_indirect read: done once, when a network is
 * loaded, so it favours plainness over speed. Checks no sizes; that is the caller's.
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
