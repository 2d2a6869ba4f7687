/*
 * The way from RGBA8 pixels to a network's input: cut, antialiased resize, channel order,
 * normalisation. Source rows are read once, in order: each is resized along x and added, weighted,
 * to the output rows that it touches, so that no copy of the picture is ever made but, of a large
 * one, that by a whole factor. Decoding files is left to the caller.
 */
#include "image/image.h"

#include <math.h>
#include <string.h>

#include "kernel/kernels.h"

/*
 * MAX_INPUT_SIDE  of a network
 * KEPT_SIDE       pixels that a reduced image's shorter side has at least: twice what networks read
 */
enum { MAX_INPUT_SIDE = 4096, KEPT_SIDE = 640 };

static ms_status check_spec(ms_context *context, const ms_image_spec *spec) {
  if (spec->width < 1 || spec->width > MAX_INPUT_SIDE || spec->height < 1 ||
      spec->height > MAX_INPUT_SIDE) {
    return ms_fail(context, MS_ERR_ARGUMENT, "an input of %zu x %zu pixels, 1 to %d allowed",
                   spec->width, spec->height, MAX_INPUT_SIDE);
  }
  if (spec->fit != MS_IMAGE_FIT_CROP && spec->fit != MS_IMAGE_FIT_SQUASH) {
    return ms_fail(context, MS_ERR_ARGUMENT, "no way of fitting has number %d", (int)spec->fit);
  }
  for (size_t i = 0; i < spec->channel_count; i++) {
    if (!isfinite(spec->mean[i]) || !isfinite(spec->deviation[i]) || spec->deviation[i] <= 0.0f) {
      return ms_fail(context, MS_ERR_ARGUMENT, "mean %g and deviation %g of channel %zu",
                     (double)spec->mean[i], (double)spec->deviation[i], i);
    }
  }
  return MS_OK;
}

ms_status ms_image_spec_create(ms_context *context, size_t width, size_t height, ms_image_fit fit,
                               ms_image_channels channels, const float *mean,
                               const float *deviation, ms_image_spec **spec) {
  *spec = NULL;
  if (channels != MS_IMAGE_CHANNELS_RGB && channels != MS_IMAGE_CHANNELS_BGR &&
      channels != MS_IMAGE_CHANNELS_GREY) {
    return ms_fail(context, MS_ERR_ARGUMENT, "no channel order has number %d", (int)channels);
  }
  ms_image_spec wanted = {.context = context,
                          .width = width,
                          .height = height,
                          .channel_count = channels == MS_IMAGE_CHANNELS_GREY ? 1 : 3,
                          .fit = fit,
                          .channels = channels};
  memcpy(wanted.mean, mean, wanted.channel_count * sizeof *mean);
  memcpy(wanted.deviation, deviation, wanted.channel_count * sizeof *deviation);
  MS_TRY(check_spec(context, &wanted));
  MS_TRY(MS_NEW(context, 1, spec));
  **spec = wanted;
  return MS_OK;
}

void ms_image_spec_destroy(ms_image_spec *spec) {
  if (spec != NULL) {
    ms_release(spec->context, spec);
  }
}

/* The triangle around centre, cut off at the image's edges; weights add up to 1. */
static ms_span fill_span(double centre, double support, size_t size, float *weights) {
  double low = floor(centre - support - 0.5) + 1.0;
  double high = ceil(centre + support - 0.5);
  ms_span filled = {.first = low > 0.0 ? (size_t)low : 0, .weights = weights};
  size_t end = high < (double)size ? (size_t)high : size;
  filled.count = end - filled.first;
  double sum = 0.0;
  for (size_t i = 0; i < filled.count; i++) {
    sum += 1.0 - fabs((double)(filled.first + i) + 0.5 - centre) / support;
  }
  for (size_t i = 0; i < filled.count; i++) {
    double weight = 1.0 - fabs((double)(filled.first + i) + 0.5 - centre) / support;
    weights[i] = (float)(weight / sum);
  }
  return filled;
}

/*
 * The spans of one axis: output i is centred at the source position start + (i + 1/2) step, and an
 * output covers step source pixels, but at least one.
 */
static ms_status plan_axis(ms_context *context, size_t size, size_t output_size, double step,
                           ms_span **spans) {
  double support = step > 1.0 ? step : 1.0;
  double start = ((double)size - step * (double)output_size) / 2.0;
  size_t room = 2 * (size_t)ceil(support) + 1;
  float *weights = NULL; /* [output_size][room] */
  MS_TRY(MS_SCRATCH(context, output_size * room, &weights));
  MS_TRY(MS_SCRATCH(context, output_size, spans));
  for (size_t i = 0; i < output_size; i++) {
    double centre = start + ((double)i + 0.5) * step;
    (*spans)[i] = fill_span(centre, support, size, weights + i * room);
  }
  return MS_OK;
}

/* RGB pixels become what the network reads, in place. */
static void choose_channels(const ms_image_spec *spec, float *line) {
  if (spec->channels == MS_IMAGE_CHANNELS_GREY) {
    for (size_t x = 0; x < spec->width; x++) {
      line[x] = 0.299f * line[x * 3] + 0.587f * line[x * 3 + 1] + 0.114f * line[x * 3 + 2];
    }
  }
  if (spec->channels == MS_IMAGE_CHANNELS_BGR) {
    for (size_t x = 0; x < spec->width; x++) {
      float red = line[x * 3];
      line[x * 3] = line[x * 3 + 2];
      line[x * 3 + 2] = red;
    }
  }
}

/* line is scratch of two rows. */
static void normalise(const ms_kernels *kernels, const ms_image_spec *spec, float *line,
                      float *input) {
  size_t count = spec->width * spec->channel_count;
  float *means = line;
  float *deviations = line + count;
  for (size_t i = 0; i < count; i++) {
    means[i] = spec->mean[i % spec->channel_count];
    deviations[i] = spec->deviation[i % spec->channel_count];
  }
  for (size_t y = 0; y < spec->height; y++, input += count) {
    kernels->binary(MS_BINARY_SUBTRACT, input, input, 1, means, 1, count);
    kernels->binary(MS_BINARY_DIVIDE, input, input, 1, deviations, 1, count);
  }
}

static ms_status resize(ms_context *context, const ms_image_spec *spec, const uint8_t *rgba,
                        size_t width, size_t height, float *input) {
  double x_step = (double)width / (double)spec->width;
  double y_step = (double)height / (double)spec->height;
  if (spec->fit == MS_IMAGE_FIT_CROP) {
    x_step = y_step < x_step ? y_step : x_step;
    y_step = x_step;
  }
  ms_span *columns = NULL;
  ms_span *rows = NULL;
  MS_TRY(plan_axis(context, width, spec->width, x_step, &columns));
  MS_TRY(plan_axis(context, height, spec->height, y_step, &rows));
  size_t line_count = spec->width * spec->channel_count;
  size_t left = columns[0].first; /* the first source column that is read */
  size_t right = columns[spec->width - 1].first + columns[spec->width - 1].count;
  float *pixels = NULL; /* [width][4] */
  float *line = NULL;   /* [2][spec->width][3] */
  MS_TRY(MS_SCRATCH(context, width * 4, &pixels));
  MS_TRY(MS_SCRATCH(context, 2 * spec->width * 3, &line));
  memset(input, 0, spec->height * line_count * sizeof *input);
  const ms_kernels *kernels = ms_kernels_best();
  const ms_span *last = &rows[spec->height - 1];
  size_t open = 0; /* the first output row that source row j may still touch */
  for (size_t j = rows[0].first; j < last->first + last->count; j++) {
    kernels->compose(rgba + (j * width + left) * 4, pixels + left * 4, right - left);
    kernels->resample(pixels, columns, line, spec->width);
    choose_channels(spec, line);
    while (rows[open].first + rows[open].count <= j) {
      open++;
    }
    for (size_t y = open; y < spec->height && rows[y].first <= j; y++) {
      kernels->axpy(input + y * line_count, rows[y].weights[j - rows[y].first], line, line_count);
    }
  }
  normalise(kernels, spec, line, input);
  return MS_OK;
}

static ms_status check_size(ms_context *context, size_t width, size_t height) {
  if (width == 0 || height == 0) {
    return ms_fail(context, MS_ERR_ARGUMENT, "an image of %zu x %zu pixels", width, height);
  }
  if (width > MS_IMAGE_MAX_SIDE || height > MS_IMAGE_MAX_SIDE ||
      width > MS_IMAGE_MAX_PIXELS / height) {
    return ms_fail(context, MS_ERR_LIMIT,
                   "an image of %zu x %zu pixels, at most 2^26 and 2^20 a side", width, height);
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
  if (factor == 1) {
    return resize(context, spec, rgba, width, height, input);
  }
  uint8_t *reduced = NULL; /* [height / factor][width / factor][4] */
  MS_TRY(MS_SCRATCH(context, (width / factor) * (height / factor) * 4, &reduced));
  reduce(rgba, width, height, factor, reduced);
  return resize(context, spec, reduced, width / factor, height / factor, input);
}

ms_status ms_image_prepare(ms_context *context, const ms_image_spec *spec, const uint8_t *rgba,
                           size_t width, size_t height, float *input) {
  MS_TRY(check_size(context, width, height));
  ms_arena_mark mark = ms_arena_get_mark(context);
  ms_status status = prepare(context, spec, rgba, width, height, input);
  ms_arena_drop(context, mark);
  return status;
}
