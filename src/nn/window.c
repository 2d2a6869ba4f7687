/*
 * Sliding windows: sizes from attributes, and tables of pointers from output pixels to the input
 * pixels under the kernel. The arithmetic on pixels is left to the kernels.
 */
#include "nn/window.h"

/* Sizes, strides and pads of a file stay below this, so that their sums cannot overflow. */
enum { MAX_SIZE = 1 << 28 };

static ms_status read_numbers(ms_graph *graph, const ms_node *node, const char *name, size_t count,
                              int64_t lowest, size_t *numbers) {
  const int64_t *values = NULL;
  size_t given = 0;
  MS_TRY(ms_node_integers(graph, node, name, &values, &given));
  if (given == 0) {
    return MS_OK;
  }
  if (given != count) {
    return ms_node_fail(graph, node, MS_ERR_FORMAT, "attribute %s has %zu numbers, expected %zu",
                        name, given, count);
  }
  for (size_t i = 0; i < count; i++) {
    if (values[i] < lowest || values[i] > MAX_SIZE) {
      return ms_node_fail(graph, node, MS_ERR_FORMAT, "attribute %s has the number %lld", name,
                          (long long)values[i]);
    }
    numbers[i] = (size_t)values[i];
  }
  return MS_OK;
}

/* How auto_pad chooses the padding. */
typedef enum padding_mode { PAD_GIVEN, PAD_VALID, PAD_SAME_UPPER, PAD_SAME_LOWER } padding_mode;

static void share_padding(ms_window *window, size_t i, size_t total, padding_mode mode) {
  size_t less = total / 2;
  window->pad[i] = mode == PAD_SAME_LOWER ? total - less : less;
  window->pad_end[i] = total - window->pad[i];
}

/* One dimension of a plain window: false if the kernel does not fit. */
static bool slide(ms_window *window, size_t i, padding_mode mode, bool ceil_mode) {
  size_t span = (window->kernel[i] - 1) * window->dilation[i] + 1;
  size_t stride = window->stride[i];
  if (mode == PAD_SAME_UPPER || mode == PAD_SAME_LOWER) {
    size_t output = (window->input[i] + stride - 1) / stride;
    size_t reach = output == 0 ? 0 : (output - 1) * stride + span;
    share_padding(window, i, reach > window->input[i] ? reach - window->input[i] : 0, mode);
    window->output[i] = output;
    return output > 0;
  }
  size_t padded = window->input[i] + window->pad[i] + window->pad_end[i];
  if (padded < span) {
    return false;
  }
  size_t rest = padded - span;
  window->output[i] = rest / stride + 1;
  if (ceil_mode && rest % stride != 0 &&
      (window->output[i] * stride) < window->input[i] + window->pad[i]) {
    window->output[i]++; /* only a window that starts over the input or its leading pad counts */
  }
  return true;
}

/* One dimension of a transposed window; output_size is 0 where the file leaves it open. */
static bool slide_transposed(ms_window *window, size_t i, padding_mode mode, size_t extra,
                             size_t output_size) {
  size_t span = (window->kernel[i] - 1) * window->dilation[i] + 1;
  size_t reach = 0;
  if (window->input[i] == 0 || !ms_size_mul(window->input[i], window->stride[i], &reach) ||
      reach > MAX_SIZE) {
    return false;
  }
  size_t full = reach - window->stride[i] + extra + span;
  if (output_size == 0 && (mode == PAD_SAME_UPPER || mode == PAD_SAME_LOWER)) {
    output_size = reach;
  }
  if (output_size > 0) {
    size_t total = full > output_size ? full - output_size : 0;
    /* The roles are those of the output's ends: SAME_UPPER cuts the odd pixel off the end. */
    share_padding(window, i, total, mode == PAD_SAME_UPPER ? PAD_SAME_UPPER : PAD_SAME_LOWER);
    window->output[i] = output_size;
    return true;
  }
  if (full <= window->pad[i] + window->pad_end[i]) {
    return false;
  }
  window->output[i] = full - window->pad[i] - window->pad_end[i];
  return true;
}

/* Reads a node's numbers into arrays of the file's rank; kernel is set already or read here. */
typedef struct window_numbers {
  size_t kernel[MS_MAX_SPATIAL];
  size_t stride[MS_MAX_SPATIAL];
  size_t dilation[MS_MAX_SPATIAL];
  size_t pads[2 * MS_MAX_SPATIAL];
  size_t output_padding[MS_MAX_SPATIAL];
  size_t output_shape[MS_MAX_SPATIAL];
  size_t mode; /* a padding_mode */
  int64_t ceil_mode;
} window_numbers;

static ms_status read_window(ms_graph *graph, const ms_node *node, size_t rank,
                             const size_t *kernel, window_numbers *numbers) {
  *numbers = (window_numbers){.stride = {1, 1, 1}, .dilation = {1, 1, 1}};
  if (kernel == NULL) {
    MS_TRY(read_numbers(graph, node, "kernel_shape", rank, 1, numbers->kernel));
  }
  for (size_t i = 0; kernel != NULL && i < rank; i++) {
    numbers->kernel[i] = kernel[i];
  }
  MS_TRY(read_numbers(graph, node, "strides", rank, 1, numbers->stride));
  MS_TRY(read_numbers(graph, node, "dilations", rank, 1, numbers->dilation));
  MS_TRY(read_numbers(graph, node, "pads", 2 * rank, 0, numbers->pads));
  MS_TRY(read_numbers(graph, node, "output_padding", rank, 0, numbers->output_padding));
  MS_TRY(read_numbers(graph, node, "output_shape", rank, 1, numbers->output_shape));
  MS_TRY(
      ms_node_word(graph, node, "auto_pad", "NOTSET VALID SAME_UPPER SAME_LOWER", &numbers->mode));
  MS_TRY(ms_node_integer(graph, node, "ceil_mode", 0, &numbers->ceil_mode));
  if (numbers->mode == PAD_VALID) {
    for (size_t i = 0; i < 2 * rank; i++) {
      numbers->pads[i] = 0;
    }
  }
  for (size_t i = 0; i < rank; i++) {
    size_t span = 0;
    if (numbers->kernel[i] == 0 ||
        !ms_size_mul(numbers->kernel[i] - 1, numbers->dilation[i], &span) || span > MAX_SIZE) {
      return ms_node_fail(graph, node, MS_ERR_FORMAT, "a kernel of size %zu, dilation %zu",
                          numbers->kernel[i], numbers->dilation[i]);
    }
  }
  return MS_OK;
}

static ms_status finish_window(ms_graph *graph, const ms_node *node, ms_window *window) {
  window->taps = 1;
  window->input_count = 1;
  window->output_count = 1;
  bool fits = true;
  for (size_t i = 0; i < MS_MAX_SPATIAL; i++) {
    fits = fits && ms_size_mul(window->taps, window->kernel[i], &window->taps) &&
           ms_size_mul(window->input_count, window->input[i], &window->input_count) &&
           ms_size_mul(window->output_count, window->output[i], &window->output_count);
  }
  if (!fits || window->taps > MAX_SIZE || window->output_count > MAX_SIZE) {
    return ms_node_fail(graph, node, MS_ERR_LIMIT, "a window of %zu taps, %zu outputs",
                        window->taps, window->output_count);
  }
  return MS_OK;
}

ms_status ms_window_infer(ms_graph *graph, const ms_node *node, const ms_shape *shape,
                          const size_t *kernel, bool transposed, ms_window *window) {
  window_numbers numbers;
  size_t rank = shape->rank - 2;
  if (shape->rank < 3 || rank > MS_MAX_SPATIAL) {
    return ms_node_fail(graph, node, MS_ERR_UNSUPPORTED, "an input of %zu dimensions", shape->rank);
  }
  MS_TRY(read_window(graph, node, rank, kernel, &numbers));
  *window = (ms_window){.rank = rank, .transposed = transposed};
  for (size_t i = 0; i < MS_MAX_SPATIAL; i++) {
    size_t lead = MS_MAX_SPATIAL - rank;
    bool given = i >= lead;
    size_t from = given ? i - lead : 0;
    window->input[i] = given ? shape->dims[2 + from] : 1;
    window->kernel[i] = given ? numbers.kernel[from] : 1;
    window->stride[i] = given ? numbers.stride[from] : 1;
    window->dilation[i] = given ? numbers.dilation[from] : 1;
    window->pad[i] = given ? numbers.pads[from] : 0;
    window->pad_end[i] = given ? numbers.pads[from + rank] : 0;
    padding_mode mode = given ? (padding_mode)numbers.mode : PAD_GIVEN;
    bool fits = transposed
                    ? slide_transposed(window, i, mode, given ? numbers.output_padding[from] : 0,
                                       given ? numbers.output_shape[from] : 0)
                    : slide(window, i, mode, numbers.ceil_mode != 0);
    if (!fits) {
      return ms_node_fail(graph, node, MS_ERR_FORMAT, "a kernel of %zu over %zu pixels",
                          window->kernel[i], window->input[i]);
    }
  }
  return finish_window(graph, node, window);
}

ms_shape ms_window_shape(const ms_window *window, size_t batch, size_t channels) {
  ms_shape shape = {.rank = window->rank + 2, .dims = {batch, channels}};
  for (size_t i = 0; i < window->rank; i++) {
    shape.dims[2 + i] = window->output[MS_MAX_SPATIAL - window->rank + i];
  }
  return shape;
}

/* The input position that output o sees through a tap; SIZE_MAX where that is padding. */
static size_t position(const ms_window *window, size_t i, size_t output, size_t tap) {
  if (window->transposed) {
    size_t reach = output + window->pad[i];
    size_t back = tap * window->dilation[i];
    if (reach < back || (reach - back) % window->stride[i] != 0) {
      return SIZE_MAX;
    }
    size_t input = (reach - back) / window->stride[i];
    return input < window->input[i] ? input : SIZE_MAX;
  }
  size_t padded = output * window->stride[i] + tap * window->dilation[i];
  if (padded < window->pad[i] || padded - window->pad[i] >= window->input[i]) {
    return SIZE_MAX;
  }
  return padded - window->pad[i];
}

/* The pointers of one output pixel. */
static void fill_row(const ms_window *window, const float *image, size_t stride,
                     const float *padding, const size_t at[MS_MAX_SPATIAL], const float **row) {
  for (size_t z = 0; z < window->kernel[0]; z++) {
    size_t plane = position(window, 0, at[0], z);
    for (size_t y = 0; y < window->kernel[1]; y++) {
      size_t line = position(window, 1, at[1], y);
      bool outside = plane == SIZE_MAX || line == SIZE_MAX;
      size_t start = outside ? 0 : (plane * window->input[1] + line) * window->input[2];
      for (size_t x = 0; x < window->kernel[2]; x++) {
        size_t pixel = outside ? SIZE_MAX : position(window, 2, at[2], x);
        *row++ = pixel == SIZE_MAX ? padding : image + (start + pixel) * stride;
      }
    }
  }
}

void ms_window_rows(const ms_window *window, const float *image, size_t stride,
                    const float *padding, size_t first, size_t count, const float **table) {
  size_t at[MS_MAX_SPATIAL];
  at[2] = first % window->output[2];
  at[1] = first / window->output[2] % window->output[1];
  at[0] = first / window->output[2] / window->output[1];
  for (size_t i = 0; i < count; i++) {
    fill_row(window, image, stride, padding, at, table + i * window->taps);
    if (++at[2] == window->output[2]) {
      at[2] = 0;
      if (++at[1] == window->output[1]) {
        at[1] = 0;
        at[0]++;
      }
    }
  }
}
