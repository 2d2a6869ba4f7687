/*
 * The way from RGBA8 pixels to a network's input: cut, antialiased resize, channel order,
 * normalisation. Source rows are read once, in order: each is resized along x and added, weighted,
 * to the output rows that it touches, so that no copy of the picture is ever made. Checks and the
 * reduction of large images are left to prepare.c, decoding files to the caller.
 */
#include "image/image.h"

#include <math.h>
#include <string.h>

#include "kernel/kernels.h"

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

ms_status ms_image_resize(ms_context *context, const ms_image_spec *spec, const uint8_t *rgba,
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
