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
  ms_sweep sweep;        /* where pixels are not gathered */
  const float *packed;
  size_t taps;
  float *y;
  size_t y_stride;
  size_t channels;
  const float *residual; /* or NULL */
  size_t residual_stride;
  float low;
  float high;
} depthwise_job;

static depthwise_job make_job(const float *const *x, const float *packed, size_t taps, float *y,
                              size_t y_stride, size_t channels, const ms_epilogue *epilogue) {
  return (depthwise_job){.x = x,
                         .packed = packed,
                         .taps = taps,
                         .y = y,
                         .y_stride = y_stride,
                         .channels = channels,
                         .residual = epilogue->residual,
                         .residual_stride = epilogue->residual_stride,
                         .low = epilogue->low,
                         .high = epilogue->high};
}

/* Residual, clamp, and up to four channels of one pixel to y. */
MS_INLINE void finish_lanes(const depthwise_job *job, v128_t sum, size_t pixel, size_t c,
                            size_t lanes) {
  if (job->residual != NULL) {
    const float *residual = job->residual + pixel * job->residual_stride + c;
    sum = wasm_f32x4_add(sum, ms_load_lanes(residual, lanes));
  }
  ms_store_lanes(job->y + pixel * job->y_stride + c,
                 ms_clamp_lanes(sum, ms_splat(job->low), ms_splat(job->high)), lanes);
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
  depthwise_job job = make_job(x, packed, taps, y, y_stride, channels, epilogue);
  size_t rest = channels % MS_LANES;
  size_t whole = channels - rest;
  for (size_t r = 0; r < rows; r++, x += taps) {
    for (size_t c = 0; c < whole; c += MS_LANES) {
      run_gathered(&job, x, r, c, MS_LANES);
    }
    if (rest > 0) {
      run_gathered(&job, x, r, whole, rest);
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
  const ms_sweep *sweep = &job->sweep;
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
MS_INLINE void run_any(const depthwise_job *job, span at, size_t c) {
  for (size_t i = 0; i < at.count; i++) {
    size_t column = at.column + i * job->sweep.stride;
    for (size_t k = c; k < job->channels; k += MS_LANES) {
      size_t lanes = job->channels - k;
      v128_t sum = lanes >= MS_LANES ? sum_taps(job, &at, column, k, MS_LANES)
                                     : sum_taps(job, &at, column, k, lanes);
      finish_lanes(job, sum, at.output + i, k, lanes);
    }
  }
}

/*
 * The same, up to channel end, where dilation is 1 and there is no residual. With taps, stride and
 * count constant, sums and one row of the kernel stay in registers, so that a weight is loaded once
 * for all outputs and a pixel once for all taps.
 */
MS_INLINE void run_span(const depthwise_job *job, const span *at, size_t end, size_t taps,
                        size_t stride, size_t count) {
  const float *const *end_row = job->x + job->sweep.kernel_height;
  size_t row_step = job->sweep.kernel_width * MS_LANES;
  size_t channels = job->channels;
  size_t offset = at->column * channels;
  v128_t low = ms_splat(job->low);
  v128_t high = ms_splat(job->high);
  float *y = job->y + at->output * channels;
  for (size_t c = 0; c < end; c += MS_LANES, offset += MS_LANES, y += MS_LANES) {
    const float *w = job->packed + c * (1 + job->taps);
    v128_t sums[4];
    for (size_t i = 0; i < count; i++) {
      sums[i] = wasm_v128_load(w);
    }
    w += (1 + at->first) * MS_LANES;
    for (const float *const *row = job->x; row != end_row; row++, w += row_step) {
      if (*row == NULL) {
        continue;
      }
      const float *x = *row + offset;
      for (size_t i = 0; i < count; i++) {
        for (size_t t = 0; t < taps; t++) {
          v128_t value = wasm_v128_load(x + (i * stride + t) * channels);
          sums[i] = ms_add_product(sums[i], value, wasm_v128_load(w + t * MS_LANES));
        }
      }
    }
    for (size_t i = 0; i < count; i++) {
      wasm_v128_store(y + i * channels, ms_clamp_lanes(sums[i], low, high));
    }
  }
}

/*
 * Outputs that go together, by the kernel's width and stride: as many sums as leave registers for a
 * row of the kernel and the pixels under it.
 */
enum { GROUP_3 = 4, GROUP_3_APART = 3, GROUP_5 = 2 };

static size_t group_size(const ms_sweep *sweep) {
  if (sweep->dilation != 1 || sweep->stride > 2) {
    return 1;
  }
  size_t group_3 = sweep->stride == 1 ? GROUP_3 : GROUP_3_APART;
  return sweep->kernel_width == 3 ? group_3 : sweep->kernel_width == 5 ? GROUP_5 : 1;
}

/* A group, or one output alone. */
MS_INLINE void run_near(const depthwise_job *job, const span *at, size_t end) {
  bool wide = job->sweep.kernel_width == 5;
  if (at->count == 1) {
    run_span(job, at, end, at->taps, 1, 1);
  } else if (job->sweep.stride == 1) {
    if (wide) {
      run_span(job, at, end, 5, 1, GROUP_5);
    } else {
      run_span(job, at, end, 3, 1, GROUP_3);
    }
  } else if (wide) {
    run_span(job, at, end, 5, 2, GROUP_5);
  } else {
    run_span(job, at, end, 3, 2, GROUP_3_APART);
  }
}

/* One output, and the taps of it that are not over padding. */
static span find_taps(const ms_sweep *sweep, size_t output) {
  span at = {.output = output, .count = 1};
  for (size_t t = 0; t < sweep->kernel_width; t++) {
    size_t column = output * sweep->stride + t * sweep->dilation - sweep->pad;
    if (column < sweep->columns) { /* what is left of the row wraps around */
      at.first = at.taps == 0 ? t : at.first;
      at.column = at.taps == 0 ? column : at.column;
      at.taps++;
    }
  }
  return at;
}

void ms_depthwise_row_simd128(const float *const *x, const ms_sweep *sweep, const float *packed,
                              float *y, size_t channels, const ms_epilogue *epilogue) {
  size_t width = sweep->kernel_width;
  depthwise_job job =
      make_job(x, packed, sweep->kernel_height * width, y, channels, channels, epilogue);
  job.sweep = *sweep;
  sweep = &job.sweep;
  size_t group = group_size(sweep);
  for (size_t output = 0; output < sweep->outputs;) {
    span at = find_taps(sweep, output);
    if (at.taps == width && at.column + (group - 1) * sweep->stride + width <= sweep->columns &&
        output + group <= sweep->outputs) {
      at.count = group;
    }
    size_t done = 0;
    if (epilogue->residual == NULL && sweep->dilation == 1) {
      done = channels / MS_LANES * MS_LANES;
      run_near(&job, &at, done);
    }
    if (done < channels) {
      run_any(&job, at, done);
    }
    output += at.count;
  }
}

/* The largest of a window's pixels, or their sum, for four channels. */
MS_INLINE v128_t pool_lanes(const float *const *x, size_t taps, bool largest, size_t c) {
  v128_t result = ms_splat(largest ? -INFINITY : 0.0f);
  for (size_t t = 0; t < taps; t++) {
    if (x[t] != NULL) {
      v128_t value = wasm_v128_load(x[t] + c);
      result = largest ? wasm_f32x4_pmax(result, value) : wasm_f32x4_add(result, value);
    }
  }
  return result;
}

/* The same for less than four: one function for both, for the sake of size. */
MS_NOINLINE static v128_t pool_part(const float *const *x, size_t taps, bool largest, size_t c,
                                    size_t lanes) {
  v128_t result = ms_splat(largest ? -INFINITY : 0.0f);
  for (size_t t = 0; t < taps; t++) {
    if (x[t] != NULL) {
      v128_t value = ms_load_part(x[t] + c, lanes);
      result = largest ? wasm_f32x4_pmax(result, value) : wasm_f32x4_add(result, value);
    }
  }
  return result;
}

void ms_pool_maximum_simd128(const float *const *x, size_t taps, float *y, size_t y_stride,
                             size_t rows, size_t channels) {
  size_t rest = channels % MS_LANES;
  size_t whole = channels - rest;
  for (size_t r = 0; r < rows; r++, x += taps, y += y_stride) {
    for (size_t c = 0; c < whole; c += MS_LANES) {
      wasm_v128_store(y + c, pool_lanes(x, taps, true, c));
    }
    if (rest > 0) {
      ms_store_part(y + whole, pool_part(x, taps, true, whole, rest), rest);
    }
  }
}

void ms_pool_mean_simd128(const float *const *x, size_t taps, const float *scales, float *y,
                          size_t y_stride, size_t rows, size_t channels) {
  size_t rest = channels % MS_LANES;
  size_t whole = channels - rest;
  for (size_t r = 0; r < rows; r++, x += taps, y += y_stride) {
    v128_t scale = ms_splat(scales[r]);
    for (size_t c = 0; c < whole; c += MS_LANES) {
      wasm_v128_store(y + c, wasm_f32x4_mul(pool_lanes(x, taps, false, c), scale));
    }
    if (rest > 0) {
      v128_t part = wasm_f32x4_mul(pool_part(x, taps, false, whole, rest), scale);
      ms_store_part(y + whole, part, rest);
    }
  }
}

void ms_mean_rows_simd128(const float *x, size_t x_stride, size_t rows, size_t channels, float *y) {
  size_t rest = channels % MS_LANES;
  v128_t count = ms_splat((float)rows);
  for (const float *end = x + channels - rest; x < end; x += MS_LANES, y += MS_LANES) {
    v128_t sum = ms_splat(0.0f);
    for (size_t r = 0; r < rows; r++) {
      sum = wasm_f32x4_add(sum, wasm_v128_load(x + r * x_stride));
    }
    wasm_v128_store(y, wasm_f32x4_div(sum, count));
  }
  if (rest > 0) {
    v128_t sum = ms_splat(0.0f);
    for (size_t r = 0; r < rows; r++) {
      sum = wasm_f32x4_add(sum, ms_load_part(x + r * x_stride, rest));
    }
    ms_store_part(y, wasm_f32x4_div(sum, count), rest);
  }
}

#endif
