/*
 * The specification of the kernels, written to be read: one value at a time, in the order of
 * additions that every other table keeps. What runs in practice is simd128.c.
 */
#include "kernel/elementary.h"
#include "kernel/kernels.h"

/* Sums run in this many interleaved parts, so that vectors can keep the same order. */
enum { PARTS = 16 };

static float join_parts(const float parts[PARTS]) {
  float lanes[4];
  for (size_t i = 0; i < 4; i++) {
    lanes[i] = (parts[i] + parts[4 + i]) + (parts[8 + i] + parts[12 + i]);
  }
  return (lanes[0] + lanes[2]) + (lanes[1] + lanes[3]);
}

static float dot_scalar(const float *a, const float *b, size_t count) {
  float parts[PARTS] = {0.0f};
  for (size_t i = 0; i < count; i++) {
    parts[i % PARTS] += a[i] * b[i];
  }
  return join_parts(parts);
}

static void axpy_scalar(float *y, float factor, const float *x, size_t count) {
  for (size_t i = 0; i < count; i++) {
    y[i] += factor * x[i];
  }
}

static float sum_scalar(const float *x, size_t count) {
  float parts[PARTS] = {0.0f};
  for (size_t i = 0; i < count; i++) {
    parts[i % PARTS] += x[i];
  }
  return join_parts(parts);
}

static float sum_squares_scalar(const float *x, float shift, size_t count) {
  float parts[PARTS] = {0.0f};
  for (size_t i = 0; i < count; i++) {
    float difference = x[i] - shift;
    parts[i % PARTS] += difference * difference;
  }
  return join_parts(parts);
}

static float maximum_scalar(const float *x, size_t count) {
  float largest = -INFINITY;
  for (size_t i = 0; i < count; i++) {
    largest = largest < x[i] ? x[i] : largest;
  }
  return largest;
}

static float apply_unary(ms_unary function, float x, float alpha, float beta) {
  switch (function) {
  case MS_UNARY_CLAMP:
    return ms_clamp(x, alpha, beta);
  case MS_UNARY_LEAKY_RELU:
    return x < 0.0f ? alpha * x : x;
  case MS_UNARY_HARD_SIGMOID:
    return ms_clamp(alpha * x + beta, 0.0f, 1.0f);
  case MS_UNARY_HARD_SWISH:
    return x * ms_clamp(x * MS_SIXTH + 0.5f, 0.0f, 1.0f);
  case MS_UNARY_SIGMOID:
    return ms_sigmoid(x);
  case MS_UNARY_SILU:
    return ms_silu(x);
  case MS_UNARY_TANH:
    return ms_tanh(x);
  case MS_UNARY_EXP:
    return ms_exp(x);
  case MS_UNARY_LOG:
    return ms_log(x);
  case MS_UNARY_SQRT:
    return sqrtf(x);
  case MS_UNARY_RECIPROCAL:
    return 1.0f / x;
  case MS_UNARY_NEGATE:
    return -x;
  case MS_UNARY_ABS:
    return fabsf(x);
  case MS_UNARY_ERF:
    return ms_erf(x);
  case MS_UNARY_GELU:
    return ms_gelu(x);
  case MS_UNARY_ELU:
    return ms_elu(x, alpha);
  case MS_UNARY_SELU:
    return beta * ms_elu(x, alpha);
  case MS_UNARY_SOFTPLUS:
    return ms_softplus(x);
  case MS_UNARY_FLOOR:
    return floorf(x);
  case MS_UNARY_CEIL:
    return ceilf(x);
  case MS_UNARY_COUNT:
    break;
  }
  return NAN;
}

static void unary_scalar(ms_unary function, float *y, const float *x, size_t count, float alpha,
                         float beta) {
  for (size_t i = 0; i < count; i++) {
    y[i] = apply_unary(function, x[i], alpha, beta);
  }
}

static float apply_binary(ms_binary function, float a, float b) {
  switch (function) {
  case MS_BINARY_ADD:
    return a + b;
  case MS_BINARY_SUBTRACT:
    return a - b;
  case MS_BINARY_MULTIPLY:
    return a * b;
  case MS_BINARY_DIVIDE:
    return a / b;
  case MS_BINARY_MINIMUM:
    return isnan(a) || isnan(b) ? NAN : a < b ? a : b;
  case MS_BINARY_MAXIMUM:
    return isnan(a) || isnan(b) ? NAN : a < b ? b : a;
  case MS_BINARY_POWER:
    return ms_power(a, b);
  case MS_BINARY_PRELU:
    return a < 0.0f ? a * b : a;
  case MS_BINARY_COUNT:
    break;
  }
  return NAN;
}

static void binary_scalar(ms_binary function, float *y, const float *a, size_t a_step,
                          const float *b, size_t b_step, size_t count) {
  for (size_t i = 0; i < count; i++) {
    y[i] = apply_binary(function, a[i * a_step], b[i * b_step]);
  }
}

static void softmax_scalar(float *y, const float *x, size_t count) {
  float largest = maximum_scalar(x, count);
  for (size_t i = 0; i < count; i++) {
    y[i] = ms_exp(x[i] - largest);
  }
  float factor = 1.0f / sum_scalar(y, count);
  for (size_t i = 0; i < count; i++) {
    y[i] *= factor;
  }
}

static void layer_norm_scalar(float *y, const float *x, const float *gain, const float *offset,
                              float epsilon, size_t count) {
  float mean = sum_scalar(x, count) / (float)count;
  float variance = sum_squares_scalar(x, mean, count) / (float)count;
  float factor = 1.0f / sqrtf(variance + epsilon);
  for (size_t i = 0; i < count; i++) {
    y[i] = (x[i] - mean) * factor * gain[i] + offset[i];
  }
}

static float finish(float value, const ms_epilogue *epilogue, size_t row, size_t column) {
  if (epilogue->residual != NULL) {
    value += epilogue->residual[row * epilogue->residual_stride + column];
  }
  return ms_clamp(value, epilogue->low, epilogue->high);
}

/* sum + x[depth] times one column of a panel, which starts at w. */
static float add_products(float sum, const float *x, const float *w, size_t depth) {
  for (size_t i = 0; i < depth; i++) {
    sum += x[i] * w[i * MS_PANEL];
  }
  return sum;
}

static void gemm_scalar(const float *x, size_t x_stride, size_t depth, const float *packed,
                        float *y, size_t y_stride, size_t rows, size_t columns,
                        const ms_epilogue *epilogue) {
  for (size_t r = 0; r < rows; r++) {
    for (size_t c = 0; c < columns; c++) {
      const float *bias = packed + c / MS_PANEL * MS_PANEL * (1 + depth) + c % MS_PANEL;
      float sum = add_products(*bias, x + r * x_stride, bias + MS_PANEL, depth);
      y[r * y_stride + c] = finish(sum, epilogue, r, c);
    }
  }
}

static void gemm_indirect_scalar(const float *const *x, size_t taps, size_t depth,
                                 const float *packed, float *y, size_t y_stride, size_t rows,
                                 size_t columns, const ms_epilogue *epilogue) {
  for (size_t r = 0; r < rows; r++) {
    for (size_t c = 0; c < columns; c++) {
      const float *bias = packed + c / MS_PANEL * MS_PANEL * (1 + taps * depth) + c % MS_PANEL;
      float sum = *bias;
      for (size_t t = 0; t < taps; t++) {
        sum = add_products(sum, x[r * taps + t], bias + MS_PANEL * (1 + t * depth), depth);
      }
      y[r * y_stride + c] = finish(sum, epilogue, r, c);
    }
  }
}

/* Float i of a row that lies in runs of depth floats, and the row's largest magnitude as bits. */
static float find_float(const float *const *runs, size_t depth, size_t i) {
  return runs[i / depth][i % depth];
}

static float find_magnitude(const float *const *runs, size_t depth, size_t length) {
  uint32_t largest = 0;
  for (size_t i = 0; i < length; i++) {
    float x = find_float(runs, depth, i);
    uint32_t bits = 0;
    memcpy(&bits, &x, sizeof bits);
    bits &= 0x7fffffff; /* ordered as magnitudes are, infinity and NaN at the end */
    largest = largest < bits ? bits : largest;
  }
  float magnitude = 0;
  memcpy(&magnitude, &largest, sizeof magnitude);
  return magnitude;
}

/* The sum of one row's levels times those of a column, whose first pair is at w. */
static int32_t add_levels(const float *const *runs, size_t depth, size_t length, float factor,
                          const float *w) {
  int32_t sum = 0;
  for (size_t i = 0; i < length; i++) {
    int16_t pair[2];
    memcpy(pair, w + i / 2 * MS_PANEL, sizeof pair);
    sum += ms_level(find_float(runs, depth, i), factor) * pair[i % 2];
  }
  return sum;
}

static void gemm_indirect_s16_scalar(const float *const *x, size_t taps, size_t depth,
                                     const float *packed, float *y, size_t y_stride, size_t rows,
                                     size_t columns, const ms_epilogue *epilogue) {
  size_t length = taps * depth;
  size_t step = MS_PANEL * (2 + (length + 1) / 2);
  float limit = *packed++;
  for (size_t r = 0; r < rows; r++) {
    ms_row_scale row = ms_scale_row(find_magnitude(x + r * taps, depth, length), limit);
    for (size_t c = 0; c < columns; c++) {
      const float *bias = packed + c / MS_PANEL * step + c % MS_PANEL;
      int32_t sum = add_levels(x + r * taps, depth, length, row.factor, bias + 2 * MS_PANEL);
      float value = (float)sum * row.scale * bias[MS_PANEL] + *bias;
      y[r * y_stride + c] = finish(value, epilogue, r, c);
    }
  }
}

static void gemm_s16_scalar(const float *x, size_t x_stride, size_t depth, const float *packed,
                            float *y, size_t y_stride, size_t rows, size_t columns,
                            const ms_epilogue *epilogue) {
  for (size_t r = 0; r < rows; r++) {
    const float *row = x + r * x_stride;
    ms_epilogue part = *epilogue;
    part.residual = part.residual == NULL ? NULL : part.residual + r * part.residual_stride;
    gemm_indirect_s16_scalar(&row, 1, depth, packed, y + r * y_stride, y_stride, 1, columns, &part);
  }
}

/* Where the packed depthwise weights of a channel start: its bias, then a tap every 4 floats. */
static const float *find_channel(const float *packed, size_t taps, size_t channel) {
  size_t panel = channel / MS_DEPTHWISE_PANEL;
  return packed + panel * MS_DEPTHWISE_PANEL * (1 + taps) + channel % MS_DEPTHWISE_PANEL;
}

static void depthwise_scalar(const float *const *x, size_t taps, const float *packed, float *y,
                             size_t y_stride, size_t rows, size_t channels,
                             const ms_epilogue *epilogue) {
  for (size_t r = 0; r < rows; r++) {
    for (size_t c = 0; c < channels; c++) {
      const float *w = find_channel(packed, taps, c);
      float sum = w[0];
      for (size_t t = 0; t < taps; t++) {
        sum += x[r * taps + t][c] * w[(1 + t) * MS_DEPTHWISE_PANEL];
      }
      y[r * y_stride + c] = finish(sum, epilogue, r, c);
    }
  }
}

static void depthwise_row_scalar(const float *const *x, const ms_sweep *sweep, const float *packed,
                                 float *y, size_t channels, const ms_epilogue *epilogue) {
  size_t width = sweep->kernel_width;
  for (size_t o = 0; o < sweep->outputs; o++) {
    for (size_t c = 0; c < channels; c++) {
      const float *w = find_channel(packed, sweep->kernel_height * width, c);
      float sum = w[0];
      for (size_t t = 0; t < sweep->kernel_height * width; t++) {
        const float *row = x[t / width];
        size_t column = o * sweep->stride + t % width * sweep->dilation;
        if (row != NULL && column >= sweep->pad && column - sweep->pad < sweep->columns) {
          sum += row[(column - sweep->pad) * channels + c] * w[(1 + t) * MS_DEPTHWISE_PANEL];
        }
      }
      y[o * channels + c] = finish(sum, epilogue, o, c);
    }
  }
}

static void pool_maximum_scalar(const float *const *x, size_t taps, float *y, size_t y_stride,
                                size_t rows, size_t channels) {
  for (size_t r = 0; r < rows; r++) {
    for (size_t c = 0; c < channels; c++) {
      float largest = -INFINITY;
      for (size_t t = 0; t < taps; t++) {
        const float *run = x[r * taps + t];
        largest = run != NULL && largest < run[c] ? run[c] : largest;
      }
      y[r * y_stride + c] = largest;
    }
  }
}

static void pool_mean_scalar(const float *const *x, size_t taps, const float *scales, float *y,
                             size_t y_stride, size_t rows, size_t channels) {
  for (size_t r = 0; r < rows; r++) {
    for (size_t c = 0; c < channels; c++) {
      float sum = 0.0f;
      for (size_t t = 0; t < taps; t++) {
        const float *run = x[r * taps + t];
        sum += run != NULL ? run[c] : 0.0f;
      }
      y[r * y_stride + c] = sum * scales[r];
    }
  }
}

static void mean_rows_scalar(const float *x, size_t x_stride, size_t rows, size_t channels,
                             float *y) {
  for (size_t c = 0; c < channels; c++) {
    float sum = 0.0f;
    for (size_t r = 0; r < rows; r++) {
      sum += x[r * x_stride + c];
    }
    y[c] = sum / (float)rows;
  }
}

static void transpose_scalar(const float *x, size_t rows, size_t columns, float *y) {
  for (size_t r = 0; r < rows; r++) {
    for (size_t c = 0; c < columns; c++) {
      y[c * rows + r] = x[r * columns + c];
    }
  }
}

static void widen_half_scalar(const uint16_t *x, float *y, size_t count) {
  for (size_t i = 0; i < count; i++) {
    uint32_t bits = ms_widen_half(x[i]);
    memcpy(&y[i], &bits, sizeof bits);
  }
}

/* A level of a pixel over white. */
static float compose_level(uint8_t level, uint8_t alpha) {
  float opacity = (float)alpha / 255.0f;
  return alpha == 255 ? (float)level : 255.0f - (255.0f - (float)level) * opacity;
}

static void compose_scalar(const uint8_t *rgba, float *y, size_t count) {
  for (size_t i = 0; i < count * 4; i++) {
    y[i] = compose_level(rgba[i], rgba[i / 4 * 4 + 3]);
  }
}

void ms_reduce_square(const uint8_t *rgba, size_t stride, size_t factor, uint8_t *y) {
  for (size_t colour = 0; colour < 3; colour++) {
    float sum = 0.0f;
    for (size_t i = 0; i < factor * factor; i++) {
      const uint8_t *pixel = rgba + i / factor * stride + i % factor * 4;
      sum += compose_level(pixel[colour], pixel[3]);
    }
    y[colour] = (uint8_t)(sum / (float)(factor * factor) + 0.5f);
  }
  y[3] = 255;
}

static void reduce_scalar(const uint8_t *rgba, size_t stride, size_t factor, uint8_t *y,
                          size_t count) {
  for (size_t i = 0; i < count; i++) {
    ms_reduce_square(rgba + i * factor * 4, stride, factor, y + i * 4);
  }
}

static void resample_scalar(const float *pixels, const ms_span *spans, float *y, size_t count) {
  for (size_t i = 0; i < count; i++) {
    for (size_t colour = 0; colour < 3; colour++) {
      float sum = 0.0f;
      for (size_t k = 0; k < spans[i].count; k++) {
        sum += spans[i].weights[k] * pixels[(spans[i].first + k) * 4 + colour];
      }
      y[i * 3 + colour] = sum;
    }
  }
}

const ms_kernels ms_kernels_scalar = {
    .dot = dot_scalar,
    .axpy = axpy_scalar,
    .sum = sum_scalar,
    .sum_squares = sum_squares_scalar,
    .maximum = maximum_scalar,
    .unary = unary_scalar,
    .binary = binary_scalar,
    .softmax = softmax_scalar,
    .layer_norm = layer_norm_scalar,
    .gemm = gemm_scalar,
    .gemm_indirect = gemm_indirect_scalar,
    .gemm_s16 = gemm_s16_scalar,
    .gemm_indirect_s16 = gemm_indirect_s16_scalar,
    .depthwise = depthwise_scalar,
    .depthwise_row = depthwise_row_scalar,
    .pool_maximum = pool_maximum_scalar,
    .pool_mean = pool_mean_scalar,
    .mean_rows = mean_rows_scalar,
    .transpose = transpose_scalar,
    .widen_half = widen_half_scalar,
    .compose = compose_scalar,
    .reduce = reduce_scalar,
    .resample = resample_scalar,
};
