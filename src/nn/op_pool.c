/*
 * MaxPool, AveragePool and their global forms over channels-last images: tables of pointers to the
 * pixels under each window, as convolutions have them; padding is a NULL pointer.
 */
#include "nn/ops.h"
#include "nn/window.h"

typedef struct pool_state {
  ms_window window;
  size_t tile;         /* output pixels whose pointers are in the table at a time */
  size_t table_offset; /* where in the scratch memory: the table, */
  size_t scale_offset; /* and the divisors */
  bool count_padding;
} pool_state;

ms_status ms_infer_pool(ms_graph *graph, ms_node *node) {
  const ms_shape *x = &node->inputs[0]->shape;
  const size_t *kernel = NULL;
  MS_TRY(ms_float_state(graph, node, sizeof(pool_state)));
  pool_state *state = node->state;
  if (node->op->variant & MS_POOL_GLOBAL) {
    kernel = x->dims + 2;
    node->attribute_count = 0; /* it has none that mean anything */
  }
  MS_TRY(ms_window_infer(graph, node, x, kernel, false, &state->window));
  MS_TRY(ms_node_flag(graph, node, "count_include_pad", false, &state->count_padding));
  ms_shape shape = ms_window_shape(&state->window, x->dims[0], x->dims[1]);
  return ms_set_output(graph, node, MS_TYPE_FLOAT, &shape);
}

ms_status ms_prepare_pool(ms_graph *graph, ms_node *node) {
  pool_state *state = node->state;
  if (!ms_plan_tiles(node, &state->window, &state->tile, &state->table_offset) ||
      !ms_add_scratch(node, state->tile, sizeof(float), &state->scale_offset)) {
    return ms_node_too_large(graph, node);
  }
  return MS_OK;
}

/* How many taps of one dimension count at an output position. */
static size_t count_taps(const pool_state *state, size_t i, size_t output) {
  const ms_window *window = &state->window;
  size_t low = state->count_padding ? 0 : window->pad[i];
  size_t high = window->pad[i] + window->input[i] + (state->count_padding ? window->pad_end[i] : 0);
  size_t count = 0;
  for (size_t tap = 0; tap < window->kernel[i]; tap++) {
    size_t at = output * window->stride[i] + tap * window->dilation[i];
    count += at >= low && at < high;
  }
  return count;
}

static void fill_scales(const pool_state *state, size_t first, size_t count, float *scales) {
  const ms_window *window = &state->window;
  for (size_t i = 0; i < count; i++) {
    size_t x = (first + i) % window->output[2];
    size_t y = (first + i) / window->output[2] % window->output[1];
    size_t z = (first + i) / window->output[2] / window->output[1];
    size_t taps = count_taps(state, 0, z) * count_taps(state, 1, y) * count_taps(state, 2, x);
    scales[i] = taps == 0 ? 0.0f : 1.0f / (float)taps;
  }
}

static void pool_image(const ms_run *run, const ms_node *node, const float *x, float *y) {
  const pool_state *state = node->state;
  const float **table = (const float **)(void *)(run->scratch + state->table_offset);
  float *scales = (float *)(void *)(run->scratch + state->scale_offset);
  const ms_window *window = &state->window;
  size_t channels = node->inputs[0]->shape.dims[1];
  for (size_t first = 0; first < window->output_count; first += state->tile) {
    size_t left = window->output_count - first;
    size_t rows = left < state->tile ? left : state->tile;
    float *target = y + first * channels;
    ms_window_rows(window, x, channels, NULL, first, rows, table);
    if (node->op->variant & MS_POOL_MEAN) {
      fill_scales(state, first, rows, scales);
      run->kernels->pool_mean(table, window->taps, scales, target, channels, rows, channels);
    } else {
      run->kernels->pool_maximum(table, window->taps, target, channels, rows, channels);
    }
  }
}

ms_status ms_run_pool(const ms_run *run, const ms_node *node) {
  const pool_state *state = node->state;
  const ms_shape *shape = &node->inputs[0]->shape;
  size_t channels = shape->dims[1];
  const float *x = ms_floats(node->inputs[0]);
  float *y = ms_floats(node->outputs[0]);
  for (size_t n = 0; n < shape->dims[0]; n++) {
    if (node->op->variant == (MS_POOL_GLOBAL | MS_POOL_MEAN)) {
      run->kernels->mean_rows(x, channels, state->window.taps, channels, y);
    } else {
      pool_image(run, node, x, y);
    }
    x += state->window.input_count * channels;
    y += state->window.output_count * channels;
  }
  return MS_OK;
}
