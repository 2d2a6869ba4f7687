/*
 * Sums and maxima over windows of pixels, with channels in the lanes: depthwise convolution and
 * pooling. The last channels, where they are no multiple of four, fill a part of a vector.
 */
#include "kernel/simd128.h"

#ifdef MS_SIMD128

#include <math.h>
#include <stdbool.h>

/* What a depthwise kernel works on. */
typedef struct depthwise_job {
  const float *const *x; /* a pointer per tap of a pixel, or per row of the kernel */
  const ms_sweep *sweep; /* NULL where pixels are gathered */
  const float *packed;
  size_t taps;
  float *y;
  size_t y_stride;
  size_t channels;
  const float *residual; /* or NULL */
  size_t residual_stride;
  v128_t low;
  v128_t high;
} depthwise_job;

static depthwise_job make_job(const float *const *x, const ms_sweep *sweep, const float *packed,
                              size_t taps, float *y, size_t y_stride, size_t channels,
                              const ms_epilogue *epilogue) {
  return (depthwise_job){.x = x,
                         .sweep = sweep,
                         .packed = packed,
                         .taps = taps,
                         .y = y,
                         .y_stride = y_stride,
                         .channels = channels,
                         .residual = epilogue->residual,
                         .residual_stride = epilogue->residual_stride,
                         .low = ms_splat(epilogue->low),
                         .high = ms_splat(epilogue->high)};
}

/* Residual, clamp, and up to four channels of one pixel to y. */
MS_INLINE void finish_lanes(const depthwise_job *job, v128_t sum, size_t pixel, size_t c,
                            size_t lanes) {
  if (job->residual != NULL) {
    const float *residual = job->residual + pixel * job->residual_stride + c;
    sum = wasm_f32x4_add(sum, ms_load_lanes(residual, lanes));
  }
  ms_store_lanes(job->y + pixel * job->y_stride + c, ms_clamp_lanes(sum, job->low, job->high),
                 lanes);
}

MS_INLINE void run_gathered(const depthwise_job *job, const float *const *x, size_t pixel, size_t c,
                            size_t lanes) {
  const float *w = job->packed + c * (1 + job->taps);
  v128_t sum = wasm_v128_load(w);
  for (size_t t = 0; t < job->taps; t++) {
    w += MS_LANES;
    sum = ms_add_product(sum, ms_load_lanes(x[t] + c, lanes), wasm_v128_load(w));
  }
  finish_lanes(job, sum, pixel, c, lanes);
}

void ms_depthwise_simd128(const float *const *x, size_t taps, const float *packed, float *y,
                          size_t y_stride, size_t rows, size_t channels,
                          const ms_epilogue *epilogue) {
  depthwise_job job = make_job(x, NULL, packed, taps, y, y_stride, channels, epilogue);
  for (size_t r = 0; r < rows; r++, x += taps) {
    size_t c = 0;
    for (; c + MS_LANES <= channels; c += MS_LANES) {
      run_gathered(&job, x, r, c, MS_LANES);
    }
    if (c < channels) {
      run_gathered(&job, x, r, c, channels - c);
    }
  }
}

/* Outputs next to each other whose taps first … first + taps - 1 lie over the input row. */
typedef struct span {
  size_t output; /* the first one */
  size_t count;
  size_t column; /* that tap first of the first output sees */
  size_t first;
  size_t taps;
} span;

/* Sums of up to four channels of one output, whatever the taps and however far from each other. */
MS_INLINE v128_t sum_taps(const depthwise_job *job, const span *at, size_t column, size_t c,
                          size_t lanes) {
  const ms_sweep *sweep = job->sweep;
  const float *w = job->packed + c * (1 + job->taps);
  size_t step = sweep->dilation * job->channels;
  v128_t sum = wasm_v128_load(w);
  w += (1 + at->first) * MS_LANES;
  for (size_t r = 0; r < sweep->kernel_height; r++, w += sweep->kernel_width * MS_LANES) {
    const float *x = job->x[r];
    if (x == NULL) {
      continue;
    }
    x += column * job->channels + c;
    for (size_t t = 0; t < at->taps; t++, x += step) {
      sum = ms_add_product(sum, ms_load_lanes(x, lanes), wasm_v128_load(w + t * MS_LANES));
    }
  }
  return sum;
}

/* Channels c … of the outputs of a span, however many and however wide. */
static void run_any(const depthwise_job *job, const span *at, size_t c) {
  for (size_t i = 0; i < at->count; i++) {
    size_t column = at->column + i * job->sweep->stride;
    for (size_t k = c; k < job->channels; k += MS_LANES) {
      size_t lanes = job->channels - k;
      v128_t sum = lanes >= MS_LANES ? sum_taps(job, at, column, k, MS_LANES)
                                     : sum_taps(job, at, column, k, lanes);
      finish_lanes(job, sum, at->output + i, k, lanes);
    }
  }
}

/*
 * The same where dilation is 1 and there is no residual. With taps, stride and count constant, sums
 * and one row of the kernel stay in registers, so that a weight is loaded once for all outputs and
 * a pixel once for all taps.
 */
MS_INLINE void run_span(const depthwise_job *job, const span *at, size_t taps, size_t stride,
                        size_t count) {
  const float *const *rows = job->x;
  const float *const *end = rows + job->sweep->kernel_height;
  size_t row_step = job->sweep->kernel_width * MS_LANES;
  size_t channels = job->channels;
  size_t offset = at->column * channels;
  v128_t low = job->low;
  v128_t high = job->high;
  float *y = job->y + at->output * channels;
  size_t c = 0;
  for (; c + MS_LANES <= channels; c += MS_LANES) {
    const float *w = job->packed + c * (1 + job->taps);
    v128_t sums[4];
    for (size_t i = 0; i < count; i++) {
      sums[i] = wasm_v128_load(w);
    }
    w += (1 + at->first) * MS_LANES;
    for (const float *const *row = rows; row != end; row++, w += row_step) {
      if (*row == NULL) {
        continue;
      }
      const float *x = *row + offset + c;
      for (size_t i = 0; i < count; i++) {
        for (size_t t = 0; t < taps; t++) {
          v128_t value = wasm_v128_load(x + (i * stride + t) * channels);
          sums[i] = ms_add_product(sums[i], value, wasm_v128_load(w + t * MS_LANES));
        }
      }
    }
    for (size_t i = 0; i < count; i++) {
      wasm_v128_store(y + i * channels + c, ms_clamp_lanes(sums[i], low, high));
    }
  }
  if (c < channels) {
    run_any(job, at, c);
  }
}

/*
 * Outputs that go together, by the kernel's width and stride: as many sums as leave registers for a
 * row of the kernel and the pixels under it.
 */
enum { GROUP_3 = 4, GROUP_3_APART = 3, GROUP_5 = 2 };

static size_t group_size(const depthwise_job *job) {
  const ms_sweep *sweep = job->sweep;
  if (sweep->dilation != 1 || sweep->stride > 2) {
    return 1;
  }
  size_t group_3 = sweep->stride == 1 ? GROUP_3 : GROUP_3_APART;
  return sweep->kernel_width == 3 ? group_3 : sweep->kernel_width == 5 ? GROUP_5 : 1;
}

static void run_group(const depthwise_job *job, const span *at) {
  bool wide = job->sweep->kernel_width == 5;
  if (job->sweep->stride == 1) {
    if (wide) {
      run_span(job, at, 5, 1, GROUP_5);
    } else {
      run_span(job, at, 3, 1, GROUP_3);
    }
  } else if (wide) {
    run_span(job, at, 5, 2, GROUP_5);
  } else {
    run_span(job, at, 3, 2, GROUP_3_APART);
  }
}

static void run_single(const depthwise_job *job, const span *at) {
  if (job->sweep->dilation == 1) {
    run_span(job, at, at->taps, 1, 1);
  } else {
    run_any(job, at, 0);
  }
}

/* One output, and the taps of it that are not over padding. */
static span find_taps(const ms_sweep *sweep, size_t output) {
  span at = {.output = output, .count = 1};
  size_t start = output * sweep->stride;
  while (at.first < sweep->kernel_width && start + at.first * sweep->dilation < sweep->pad) {
    at.first++;
  }
  if (at.first == sweep->kernel_width) {
    return at; /* all of them are */
  }
  at.column = start + at.first * sweep->dilation - sweep->pad;
  while (at.first + at.taps < sweep->kernel_width &&
         at.column + at.taps * sweep->dilation < sweep->columns) {
    at.taps++;
  }
  return at;
}

void ms_depthwise_row_simd128(const float *const *x, const ms_sweep *sweep, const float *packed,
                              float *y, size_t channels, const ms_epilogue *epilogue) {
  size_t width = sweep->kernel_width;
  depthwise_job job =
      make_job(x, sweep, packed, sweep->kernel_height * width, y, channels, channels, epilogue);
  size_t group = group_size(&job);
  for (size_t output = 0; output < sweep->outputs;) {
    span at = find_taps(sweep, output);
    bool inside =
        at.taps == width && at.column + (group - 1) * sweep->stride + width <= sweep->columns;
    if (epilogue->residual != NULL) {
      run_any(&job, &at, 0);
    } else if (group > 1 && inside && output + group <= sweep->outputs) {
      at.count = group;
      run_group(&job, &at);
    } else {
      run_single(&job, &at);
    }
    output += at.count;
  }
}

MS_INLINE v128_t largest_lanes(const float *const *x, size_t taps, size_t c, size_t lanes) {
  v128_t largest = ms_splat(-INFINITY);
  for (size_t t = 0; t < taps; t++) {
    if (x[t] != NULL) {
      largest = wasm_f32x4_pmax(largest, ms_load_lanes(x[t] + c, lanes));
    }
  }
  return largest;
}

void ms_pool_maximum_simd128(const float *const *x, size_t taps, float *y, size_t y_stride,
                             size_t rows, size_t channels) {
  for (size_t r = 0; r < rows; r++) {
    size_t c = 0;
    for (; c + MS_LANES <= channels; c += MS_LANES) {
      wasm_v128_store(y + c, largest_lanes(x, taps, c, MS_LANES));
    }
    ms_store_part(y + c, largest_lanes(x, taps, c, channels - c), channels - c);
    x += taps;
    y += y_stride;
  }
}

MS_INLINE v128_t sum_lanes(const float *const *x, size_t taps, size_t c, size_t lanes) {
  v128_t sum = ms_splat(0.0f);
  for (size_t t = 0; t < taps; t++) {
    if (x[t] != NULL) {
      sum = wasm_f32x4_add(sum, ms_load_lanes(x[t] + c, lanes));
    }
  }
  return sum;
}

void ms_pool_mean_simd128(const float *const *x, size_t taps, const float *scales, float *y,
                          size_t y_stride, size_t rows, size_t channels) {
  for (size_t r = 0; r < rows; r++) {
    v128_t scale = ms_splat(scales[r]);
    size_t c = 0;
    for (; c + MS_LANES <= channels; c += MS_LANES) {
      wasm_v128_store(y + c, wasm_f32x4_mul(sum_lanes(x, taps, c, MS_LANES), scale));
    }
    v128_t part = sum_lanes(x, taps, c, channels - c);
    ms_store_part(y + c, wasm_f32x4_mul(part, scale), channels - c);
    x += taps;
    y += y_stride;
  }
}

MS_INLINE v128_t mean_lanes(const float *x, size_t x_stride, size_t rows, size_t lanes) {
  v128_t sum = ms_splat(0.0f);
  for (size_t r = 0; r < rows; r++) {
    sum = wasm_f32x4_add(sum, ms_load_lanes(x + r * x_stride, lanes));
  }
  return wasm_f32x4_div(sum, ms_splat((float)rows));
}

void ms_mean_rows_simd128(const float *x, size_t x_stride, size_t rows, size_t channels, float *y) {
  size_t c = 0;
  for (; c + MS_LANES <= channels; c += MS_LANES) {
    wasm_v128_store(y + c, mean_lanes(x + c, x_stride, rows, MS_LANES));
  }
  ms_store_part(y + c, mean_lanes(x + c, x_stride, rows, channels - c), channels - c);
}

#endif
