/*
 * The signature of an image, from a 64 × 64 squashed copy: thumbnails, a colour histogram and
 * histograms of oriented gradients (Dalal and Triggs 2005, without their block normalisation). Only
 * basic operations and square roots, so that every machine gives the same bits.
 */
#include "image/signature.h"

#include <math.h>
#include <string.h>

#include "image/image.h"

enum { SIDE = 64, LEVELS = 4, CELLS = 4, DIRECTIONS = 8 };

/* y[cells][cells][channels] = means over squares of x[SIDE][SIDE][channels]. */
static void average_squares(const float *x, size_t cells, size_t channels, float *y) {
  size_t square = SIDE / cells;
  memset(y, 0, cells * cells * channels * sizeof *y);
  for (size_t row = 0; row < SIDE; row++) {
    for (size_t column = 0; column < SIDE; column++) {
      float *cell = y + (row / square * cells + column / square) * channels;
      for (size_t k = 0; k < channels; k++) {
        cell[k] += x[(row * SIDE + column) * channels + k];
      }
    }
  }
  float share = 1.0f / (float)(square * square);
  for (size_t i = 0; i < cells * cells * channels; i++) {
    y[i] *= share;
  }
}

/* The level of a value in 0 … 1. */
static size_t level_of(float value) {
  float scaled = value * (float)LEVELS;
  size_t level = scaled > 0.0f ? (size_t)scaled : 0;
  return level < LEVELS ? level : LEVELS - 1;
}

static void count_colours(const float *rgb, float *colours) {
  memset(colours, 0, MS_SIGNATURE_COLOURS * sizeof *colours);
  for (size_t i = 0; i < (size_t)SIDE * SIDE; i++) {
    const float *pixel = rgb + 3 * i;
    size_t red = level_of(pixel[0]);
    size_t green = level_of(pixel[1]);
    colours[(red * LEVELS + green) * LEVELS + level_of(pixel[2])] += 1.0f / (SIDE * SIDE);
  }
}

/* Which of the 8 directions in [0, π) a gradient has; opposite gradients share one. */
static size_t direction_of(float dx, float dy) {
  /* cos and sin of k π / 8, the directions' lower ends. */
  static const float cosines[] = {0.92387953f,  0.70710678f,  0.38268343f, 0.0f,
                                  -0.38268343f, -0.70710678f, -0.92387953f};
  static const float sines[] = {0.38268343f, 0.70710678f, 0.92387953f, 1.0f,
                                0.92387953f, 0.70710678f, 0.38268343f};
  if (dy < 0.0f || (dy == 0.0f && dx < 0.0f)) {
    dx = -dx;
    dy = -dy;
  }
  size_t direction = 0;
  while (direction < DIRECTIONS - 1 && cosines[direction] * dy - sines[direction] * dx >= 0.0f) {
    direction++;
  }
  return direction;
}

static void count_edges(const float *grey, float *edges) {
  memset(edges, 0, MS_SIGNATURE_EDGES * sizeof *edges);
  size_t square = SIDE / CELLS;
  for (size_t row = 1; row + 1 < SIDE; row++) {
    for (size_t column = 1; column + 1 < SIDE; column++) {
      const float *pixel = grey + row * SIDE + column;
      float dx = pixel[1] - pixel[-1];
      float dy = pixel[SIDE] - pixel[-SIDE];
      size_t cell = row / square * CELLS + column / square;
      edges[cell * DIRECTIONS + direction_of(dx, dy)] += sqrtf(dx * dx + dy * dy);
    }
  }
}

static void take_roots(float *x, size_t count) {
  for (size_t i = 0; i < count; i++) {
    x[i] = sqrtf(x[i]);
  }
}

static ms_status describe(ms_context *context, const ms_image_spec *spec, const uint8_t *rgba,
                          size_t width, size_t height, float *signature) {
  float *rgb = NULL;  /* [SIDE][SIDE][3], 0 … 1 */
  float *grey = NULL; /* [SIDE][SIDE] */
  MS_TRY(MS_SCRATCH(context, (size_t)SIDE * SIDE * 3, &rgb));
  MS_TRY(MS_SCRATCH(context, (size_t)SIDE * SIDE, &grey));
  MS_TRY(ms_image_prepare(context, spec, rgba, width, height, rgb));
  for (size_t i = 0; i < (size_t)SIDE * SIDE; i++) {
    const float *pixel = rgb + 3 * i;
    grey[i] = 0.299f * pixel[0] + 0.587f * pixel[1] + 0.114f * pixel[2];
  }
  average_squares(rgb, 8, 3, signature);
  signature += MS_SIGNATURE_THUMBNAIL;
  average_squares(grey, 16, 1, signature);
  signature += MS_SIGNATURE_GREY;
  count_colours(rgb, signature);
  take_roots(signature, MS_SIGNATURE_COLOURS);
  signature += MS_SIGNATURE_COLOURS;
  count_edges(grey, signature);
  take_roots(signature, MS_SIGNATURE_EDGES);
  return MS_OK;
}

size_t ms_image_signature_count(void) {
  return MS_SIGNATURE_COUNT;
}

ms_status ms_image_signature(ms_context *context, const uint8_t *rgba, size_t width, size_t height,
                             float *signature, size_t count) {
  static const float mean[] = {0.0f, 0.0f, 0.0f};
  static const float deviation[] = {255.0f, 255.0f, 255.0f};
  if (count < MS_SIGNATURE_COUNT) {
    return ms_fail(context, MS_ERR_ARGUMENT, "room for %zu floats, a signature has %d", count,
                   MS_SIGNATURE_COUNT);
  }
  ms_image_spec *spec = NULL;
  MS_TRY(ms_image_spec_create(context, SIDE, SIDE, MS_IMAGE_FIT_SQUASH, MS_IMAGE_CHANNELS_RGB, mean,
                              deviation, &spec));
  ms_arena_mark mark = ms_arena_get_mark(context);
  ms_status status = describe(context, spec, rgba, width, height, signature);
  ms_arena_drop(context, mark);
  ms_image_spec_destroy(spec);
  return status;
}
