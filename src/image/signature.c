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

/* y[cells][cells][channels], 0 before, = means over squares of x[SIDE][SIDE][channels]. */
static void average_squares(const float *x, size_t cells, size_t channels, float *y) {
  size_t square = SIDE / cells;
  for (size_t i = 0; i < (size_t)SIDE * SIDE; i++) {
    float *cell = y + (i / SIDE / square * cells + i % SIDE / square) * channels;
    for (size_t k = 0; k < channels; k++) {
      cell[k] += *x++;
    }
  }
  float share = 1.0f / (float)(square * square);
  for (size_t i = 0; i < cells * cells * channels; i++) {
    y[i] *= share;
  }
}

static void count_colours(const float *rgb, float *colours) {
  for (size_t i = 0; i < (size_t)SIDE * SIDE; i++) {
    size_t colour = 0;
    for (size_t k = 0; k < 3; k++, rgb++) {
      size_t level = *rgb > 0.0f ? (size_t)(*rgb * (float)LEVELS) : 0; /* a value is in 0 … 1 */
      colour = colour * LEVELS + (level < LEVELS ? level : LEVELS - 1);
    }
    colours[colour] += 1.0f / (SIDE * SIDE);
  }
}

/* Which of the 8 directions in [0, π) a gradient has; opposite gradients share one. */
static size_t direction_of(float dx, float dy) {
  /* sin(k π / 8) for k from 1 on, the directions' upper ends, and for cos(k π / 8) four beyond. */
  static const float sines[] = {0.38268343f,  0.70710678f,  0.92387953f, 1.0f,
                                0.92387953f,  0.70710678f,  0.38268343f, 0.0f,
                                -0.38268343f, -0.70710678f, -0.92387953f};
  if (dy < 0.0f || (dy == 0.0f && dx < 0.0f)) {
    dx = -dx;
    dy = -dy;
  }
  size_t direction = 0;
  while (direction < DIRECTIONS - 1 && sines[direction + 4] * dy - sines[direction] * dx >= 0.0f) {
    direction++;
  }
  return direction;
}

static void count_edges(const float *grey, float *edges) {
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

static ms_status describe(ms_context *context, const uint8_t *rgba, size_t width, size_t height,
                          float *signature) {
  static const ms_image_spec spec = {.width = SIDE,
                                     .height = SIDE,
                                     .channel_count = 3,
                                     .fit = MS_IMAGE_FIT_SQUASH,
                                     .channels = MS_IMAGE_CHANNELS_RGB,
                                     .deviation = {255.0f, 255.0f, 255.0f}};
  float *rgb = NULL;  /* [SIDE][SIDE][3], 0 … 1 */
  float *grey = NULL; /* [SIDE][SIDE] */
  MS_TRY(MS_SCRATCH(context, (size_t)SIDE * SIDE * 3, &rgb));
  MS_TRY(MS_SCRATCH(context, (size_t)SIDE * SIDE, &grey));
  MS_TRY(ms_image_prepare(context, &spec, rgba, width, height, rgb));
  for (size_t i = 0; i < (size_t)SIDE * SIDE; i++) {
    const float *pixel = rgb + 3 * i;
    grey[i] = 0.299f * pixel[0] + 0.587f * pixel[1] + 0.114f * pixel[2];
  }
  float *colours = signature + MS_SIGNATURE_THUMBNAIL + MS_SIGNATURE_GREY;
  memset(signature, 0, MS_SIGNATURE_COUNT * sizeof *signature);
  average_squares(rgb, 8, 3, signature);
  average_squares(grey, 16, 1, signature + MS_SIGNATURE_THUMBNAIL);
  count_colours(rgb, colours);
  count_edges(grey, colours + MS_SIGNATURE_COLOURS);
  for (size_t i = 0; i < MS_SIGNATURE_COLOURS + MS_SIGNATURE_EDGES; i++) {
    colours[i] = sqrtf(colours[i]);
  }
  return MS_OK;
}

size_t ms_image_signature_count(void) {
  return MS_SIGNATURE_COUNT;
}

ms_status ms_image_signature(ms_context *context, const uint8_t *rgba, size_t width, size_t height,
                             float *signature, size_t count) {
  if (count < MS_SIGNATURE_COUNT) {
    return ms_fail(context, MS_ERR_ARGUMENT, "room for %zu floats, a signature has %d", count,
                   MS_SIGNATURE_COUNT);
  }
  ms_arena_mark mark = ms_arena_get_mark(context);
  ms_status status = describe(context, rgba, width, height, signature);
  ms_arena_drop(context, mark);
  return status;
}
