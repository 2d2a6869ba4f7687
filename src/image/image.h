/* RGBA8 pixels become a network's input. ms_image_spec itself is documented in modelspider.h. */
#ifndef MS_IMAGE_IMAGE_H
#define MS_IMAGE_IMAGE_H

#include "core/context.h"

#define MS_IMAGE_MAX_PIXELS ((size_t)1 << 26)
#define MS_IMAGE_MAX_SIDE ((size_t)1 << 20)

struct ms_image_spec {
  ms_context *context;
  size_t width;
  size_t height;
  size_t channel_count; /* 3, or 1 for grey */
  ms_image_fit fit;
  ms_image_channels channels;
  float mean[3];
  float deviation[3];
};

/*
 * Cuts, resizes and normalises one image: alpha is composed over white, the resize is a separable
 * triangle filter that widens where it makes the image smaller (bilinear where it enlarges), with
 * pixel centres at halves; what lies beyond the image's edge has no weight. The same bits on every
 * machine.
 *
 * rgba   [height][width][4], rows without gaps
 * input  receives [spec->height][spec->width][spec->channel_count] floats
 *
 * A large image is reduced first, as by ms_image_reduce.
 *
 * Fails with MS_ERR_ARGUMENT on an empty image, MS_ERR_LIMIT above MS_IMAGE_MAX_PIXELS or
 * MS_IMAGE_MAX_SIDE, MS_ERR_MEMORY. Scratch memory: one row of pixels, two output rows and the
 * filter's weights, at most some 24 bytes per row and column; and the reduced image.
 */
MS_CHECK_RESULT ms_status ms_image_prepare(ms_context *context, const ms_image_spec *spec,
                                           const uint8_t *rgba, size_t width, size_t height,
                                           float *input);

/* The same for an image of a possible size, without reducing it; keeps its scratch memory. */
MS_CHECK_RESULT ms_status ms_image_resize(ms_context *context, const ms_image_spec *spec,
                                          const uint8_t *rgba, size_t width, size_t height,
                                          float *input);

#endif
