/*
 * Sliding windows: sizes from attributes, and tables of pointers from output pixels to the input
 * pixels under the kernel. The arithmetic on pixels is left to the kernels.
 */
#include "nn/window.h"

#include <string.h>

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

/* Where total is odd, SAME_UPPER has the larger half behind. */
static void share_padding(ms_window *window, size_t i, size_t total, size_t mode) {
  size_t before = mode == PAD_SAME_UPPER ? total / 2 : total - total / 2;
  window->pad[i] = before;
  window->pad_end[i] = total - before;
}

/* One dimension of a plain window: the output's size, 0 if the kernel does not fit. */
static size_t slide(ms_window *window, size_t i, size_t span, size_t mode, bool ceil_mode) {
  size_t input = window->input[i];
  size_t stride = window->stride[i];
  if (mode >= PAD_SAME_UPPER) {
    if (input == 0) {
      return 0;
    }
    size_t reach = (input - 1) / stride * stride + span;
    share_padding(window, i, reach > input ? reach - input : 0, mode);
  }
  size_t start = input + window->pad[i];
  size_t padded = start + window->pad_end[i];
  if (padded < span) {
    return 0;
  }
  size_t output = (padded - span) / stride + 1;
  bool has_rest = (padded - span) % stride != 0;
  /* Only a window that starts over the input or its leading pad counts. */
  return output + (ceil_mode && has_rest && output * stride < start);
}

/* The same of a transposed window; wanted is 0 where the file leaves the output's size open. */
static size_t slide_transposed(ms_window *window, size_t i, size_t span, size_t mode, size_t extra,
                               size_t wanted) {
  size_t stride = window->stride[i];
  uint64_t reach = (uint64_t)window->input[i] * stride;
  if (reach == 0 || reach > MAX_SIZE) {
    return 0;
  }
  size_t full = (size_t)reach - stride + extra + span;
  if (wanted == 0 && mode >= PAD_SAME_UPPER) {
    wanted = (size_t)reach;
  }
  if (wanted > 0) {
    /* The roles are those of the output's ends: SAME_UPPER cuts the odd pixel off the end. */
    share_padding(window, i, full > wanted ? full - wanted : 0, mode);
    return wanted;
  }
  size_t pads = window->pad[i] + window->pad_end[i];
  return full > pads ? full - pads : 0;
}

ms_status ms_window_infer(ms_graph *graph, const ms_node *node, const ms_shape *shape,
                          const size_t *kernel, bool transposed, ms_window *window) {
  size_t rank = shape->rank - 2;
  size_t lead = MS_MAX_SPATIAL - rank;
  struct {
    size_t pads[2 * MS_MAX_SPATIAL];
    size_t extra[MS_MAX_SPATIAL];
    size_t output[MS_MAX_SPATIAL];
    size_t mode; /* a padding_mode */
    int64_t ceil_mode;
  } given = {{0}, {0}, {0}, PAD_GIVEN, 0};
  if (shape->rank < 3 || rank > MS_MAX_SPATIAL) {
    return ms_node_fail(graph, node, MS_ERR_UNSUPPORTED, "an input of %zu dimensions", shape->rank);
  }
  *window = (ms_window){
      .rank = rank, .transposed = transposed, .taps = 1, .input_count = 1, .output_count = 1};
  for (size_t i = 0; i < MS_MAX_SPATIAL; i++) {
    window->kernel[i] = i < lead; /* where it must be given, 0 stands for none */
    window->input[i] = window->output[i] = window->stride[i] = window->dilation[i] = 1;
  }
  memcpy(window->input + lead, shape->dims + 2, rank * sizeof(size_t));
  if (kernel == NULL) {
    MS_TRY(read_numbers(graph, node, "kernel_shape", rank, 1, window->kernel + lead));
  } else {
    memcpy(window->kernel + lead, kernel, rank * sizeof(size_t));
  }
  MS_TRY(read_numbers(graph, node, "strides", rank, 1, window->stride + lead));
  MS_TRY(read_numbers(graph, node, "dilations", rank, 1, window->dilation + lead));
  MS_TRY(read_numbers(graph, node, "pads", 2 * rank, 0, given.pads));
  MS_TRY(read_numbers(graph, node, "output_padding", rank, 0, given.extra));
  MS_TRY(read_numbers(graph, node, "output_shape", rank, 1, given.output));
  MS_TRY(ms_node_word(graph, node, "auto_pad", "NOTSET VALID SAME_UPPER SAME_LOWER", &given.mode));
  MS_TRY(ms_node_integer(graph, node, "ceil_mode", 0, &given.ceil_mode));
  for (size_t k = 0; k < rank; k++) {
    size_t i = lead + k;
    /* All are at most MAX_SIZE; a kernel of 0 reaches further than that, too. */
    uint64_t reach = (uint64_t)(window->kernel[i] - 1) * window->dilation[i];
    size_t span = (size_t)reach + 1;
    if (given.mode != PAD_VALID) {
      window->pad[i] = given.pads[k];
      window->pad_end[i] = given.pads[rank + k];
    }
    size_t output = 0;
    if (reach <= MAX_SIZE) {
      output = transposed
                   ? slide_transposed(window, i, span, given.mode, given.extra[k], given.output[k])
                   : slide(window, i, span, given.mode, given.ceil_mode != 0);
    }
    if (output == 0) {
      return ms_node_fail(graph, node, MS_ERR_FORMAT,
                          "a kernel of %zu with dilation %zu over %zu pixels", window->kernel[i],
                          window->dilation[i], window->input[i]);
    }
    uint64_t taps = (uint64_t)window->taps * window->kernel[i];
    uint64_t output_count = (uint64_t)window->output_count * output;
    if (taps > MAX_SIZE || output_count > MAX_SIZE) {
      return ms_node_fail(graph, node, MS_ERR_LIMIT, "a window of %llu taps, %llu outputs",
                          (unsigned long long)taps, (unsigned long long)output_count);
    }
    window->output[i] = output;
    window->taps = (size_t)taps;
    window->output_count = (size_t)output_count;
    window->input_count *= window->input[i]; /* at most as many as the input has numbers */
  }
  return MS_OK;
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
