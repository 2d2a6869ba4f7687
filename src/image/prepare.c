/*
 * What an image takes before and around its resize: the spec, checks, and the reduction of a large
 * image by a whole factor. Nothing here runs per pixel; image.c and the kernels do.
 */
#include <math.h>
#include <string.h>

#include "image/image.h"
#include "kernel/kernels.h"

/*
 * MAX_INPUT_SIDE  of a network
 * KEPT_SIDE       pixels that a reduced image's shorter side has at least: twice what networks read
 */
enum { MAX_INPUT_SIDE = 4096, KEPT_SIDE = 640 };

ms_status ms_image_spec_create(ms_context *context, size_t width, size_t height, ms_image_fit fit,
                               ms_image_channels channels, const float *mean,
                               const float *deviation, ms_image_spec **spec) {
  size_t channel_count = channels == MS_IMAGE_CHANNELS_GREY ? 1 : 3;
  *spec = NULL;
  if ((fit != MS_IMAGE_FIT_CROP && fit != MS_IMAGE_FIT_SQUASH) ||
      (channels != MS_IMAGE_CHANNELS_RGB && channels != MS_IMAGE_CHANNELS_BGR &&
       channels != MS_IMAGE_CHANNELS_GREY)) {
    return ms_fail(context, MS_ERR_ARGUMENT, "way of fitting %d and channel order %d, of 2 and 3",
                   (int)fit, (int)channels);
  }
  if (width < 1 || width > MAX_INPUT_SIDE || height < 1 || height > MAX_INPUT_SIDE) {
    return ms_fail(context, MS_ERR_ARGUMENT, "an input of %zu x %zu pixels, 1 to %d allowed", width,
                   height, MAX_INPUT_SIDE);
  }
  for (size_t i = 0; i < channel_count; i++) {
    if (!(fabsf(mean[i]) < INFINITY && deviation[i] > 0.0f && deviation[i] < INFINITY)) {
      return ms_fail(context, MS_ERR_ARGUMENT, "mean %g and deviation %g of channel %zu",
                     (double)mean[i], (double)deviation[i], i);
    }
  }
  ms_image_spec *created = NULL;
  MS_TRY(MS_NEW(context, 1, &created));
  created->context = context;
  created->width = width;
  created->height = height;
  created->channel_count = channel_count;
  created->fit = fit;
  created->channels = channels;
  memcpy(created->mean, mean, channel_count * sizeof *mean);
  memcpy(created->deviation, deviation, channel_count * sizeof *deviation);
  *spec = created;
  return MS_OK;
}

void ms_image_spec_destroy(ms_image_spec *spec) {
  if (spec != NULL) {
    ms_release(spec->context, spec);
  }
}

static ms_status check_size(ms_context *context, size_t width, size_t height) {
  bool empty = width == 0 || height == 0;
  if (empty || width > MS_IMAGE_MAX_SIDE || height > MS_IMAGE_MAX_SIDE ||
      width > MS_IMAGE_MAX_PIXELS / height) {
    return ms_fail(context, empty ? MS_ERR_ARGUMENT : MS_ERR_LIMIT,
                   "an image of %zu x %zu pixels, at least 1, at most 2^26 and 2^20 a side", width,
                   height);
  }
  return MS_OK;
}

size_t ms_image_reduction(size_t width, size_t height) {
  size_t factor = (width < height ? width : height) / KEPT_SIDE;
  factor = factor < MS_MOST_REDUCED ? factor : MS_MOST_REDUCED;
  return factor > 1 ? factor : 1;
}

/* The image by the factor, of the squares that fit around its centre. */
static void reduce(const uint8_t *rgba, size_t width, size_t height, size_t factor,
                   uint8_t *reduced) {
  const ms_kernels *kernels = ms_kernels_best();
  size_t count = width / factor;
  rgba += (height % factor / 2 * width + width % factor / 2) * 4;
  for (size_t row = 0; row < height / factor; row++) {
    kernels->reduce(rgba, width * 4, factor, reduced, count);
    rgba += factor * width * 4;
    reduced += count * 4;
  }
}

ms_status ms_image_reduce(ms_context *context, const uint8_t *rgba, size_t width, size_t height,
                          uint8_t *reduced, size_t count) {
  MS_TRY(check_size(context, width, height));
  size_t factor = ms_image_reduction(width, height);
  size_t size = (width / factor) * (height / factor) * 4;
  if (count < size) {
    return ms_fail(context, MS_ERR_ARGUMENT, "room for %zu bytes, the reduced image has %zu", count,
                   size);
  }
  if (factor == 1) {
    memcpy(reduced, rgba, size);
  } else {
    reduce(rgba, width, height, factor, reduced);
  }
  return MS_OK;
}

/* Reduces, where the image is large, and resizes. */
static ms_status prepare(ms_context *context, const ms_image_spec *spec, const uint8_t *rgba,
                         size_t width, size_t height, float *input) {
  size_t factor = ms_image_reduction(width, height);
  if (factor > 1) {
    uint8_t *reduced = NULL; /* [height / factor][width / factor][4] */
    MS_TRY(MS_SCRATCH(context, (width / factor) * (height / factor) * 4, &reduced));
    reduce(rgba, width, height, factor, reduced);
    rgba = reduced;
    width /= factor;
    height /= factor;
  }
  return ms_image_resize(context, spec, rgba, width, height, input);
}

ms_status ms_image_prepare(ms_context *context, const ms_image_spec *spec, const uint8_t *rgba,
                           size_t width, size_t height, float *input) {
  MS_TRY(check_size(context, width, height));
  ms_arena_mark mark = ms_arena_get_mark(context);
  ms_status status = prepare(context, spec, rgba, width, height, input);
  ms_arena_drop(context, mark);
  return status;
}
