/*
 * MaxPool, AveragePool and their global forms over channels-last images: tables of pointers to the
 * pixels under each window, as convolutions have them; padding is a NULL pointer.
 */
#include "nn/ops.h"
#include "nn/window.h"

enum { TABLE_POINTERS = 4096, LEAST_ROWS = 16 };

typedef struct pool_state {
  ms_window window;
  size_t batch;
  size_t channels;
  size_t tile;         /* output pixels whose pointers are in the table at a time */
  size_t scale_offset; /* where in the scratch memory the divisors are */
  bool is_mean;
  bool count_padding;
} pool_state;

static ms_status set_tile(ms_graph *graph, ms_node *node, pool_state *state) {
  size_t tile = TABLE_POINTERS / state->window.taps;
  size_t pointers = 0;
  size_t size = 0;
  state->tile = tile < LEAST_ROWS ? LEAST_ROWS : tile;
  if (state->tile > state->window.output_count) {
    state->tile = state->window.output_count;
  }
  if (!ms_size_mul(state->tile, state->window.taps, &pointers) ||
      !ms_size_mul(pointers, sizeof(float *), &state->scale_offset) ||
      !ms_size_add(state->scale_offset, state->tile * sizeof(float), &size)) {
    return ms_node_fail(graph, node, MS_ERR_LIMIT, "a window of %zu taps", state->window.taps);
  }
  node->scratch_size = size;
  return MS_OK;
}

ms_status ms_infer_pool(ms_graph *graph, ms_node *node) {
  const ms_value *x = node->inputs[0];
  int64_t count_padding = 0;
  MS_TRY(ms_node_expect_float(graph, node, 0));
  MS_TRY(ms_node_state(graph, node, sizeof(pool_state)));
  pool_state *state = node->state;
  MS_TRY(ms_window_infer(graph, node, &x->shape, NULL, false, &state->window));
  MS_TRY(ms_node_integer(graph, node, "count_include_pad", 0, &count_padding));
  state->batch = x->shape.dims[0];
  state->channels = x->shape.dims[1];
  state->is_mean = node->op->variant != 0;
  state->count_padding = count_padding != 0;
  ms_shape shape = ms_window_shape(&state->window, state->batch, state->channels);
  return ms_value_set(graph, node, node->outputs[0], MS_TYPE_FLOAT, &shape);
}

ms_status ms_infer_global_pool(ms_graph *graph, ms_node *node) {
  const ms_value *x = node->inputs[0];
  MS_TRY(ms_node_expect_float(graph, node, 0));
  if (x->shape.rank < 3 || x->shape.rank > 2 + MS_MAX_SPATIAL) {
    return ms_node_fail(graph, node, MS_ERR_UNSUPPORTED, "an input of %zu dimensions",
                        x->shape.rank);
  }
  MS_TRY(ms_node_state(graph, node, sizeof(pool_state)));
  pool_state *state = node->state;
  ms_shape shape = x->shape;
  state->window.taps = 1;
  for (size_t i = 0; i < MS_MAX_SPATIAL; i++) {
    bool given = i + 2 < shape.rank;
    state->window.kernel[i] = state->window.input[i] = given ? shape.dims[i + 2] : 1;
    state->window.stride[i] = state->window.dilation[i] = state->window.output[i] = 1;
    state->window.taps *= state->window.kernel[i];
    shape.dims[i + 2] = 1;
  }
  if (state->window.taps == 0) {
    return ms_node_fail(graph, node, MS_ERR_FORMAT, "an image without pixels");
  }
  state->window.input_count = state->window.taps;
  state->window.output_count = 1;
  state->batch = shape.dims[0];
  state->channels = shape.dims[1];
  state->is_mean = node->op->variant != 0;
  return ms_value_set(graph, node, node->outputs[0], MS_TYPE_FLOAT, &shape);
}

ms_status ms_prepare_pool(ms_graph *graph, ms_node *node) {
  return set_tile(graph, node, node->state);
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

static void pool_image(const ms_run *run, const pool_state *state, const float *x, float *y) {
  const float **table = (const float **)(void *)run->scratch;
  float *scales = (float *)(void *)(run->scratch + state->scale_offset);
  const ms_window *window = &state->window;
  for (size_t first = 0; first < window->output_count; first += state->tile) {
    size_t left = window->output_count - first;
    size_t rows = left < state->tile ? left : state->tile;
    float *target = y + first * state->channels;
    ms_window_rows(window, x, state->channels, NULL, first, rows, table);
    if (state->is_mean) {
      fill_scales(state, first, rows, scales);
      run->kernels->pool_mean(table, window->taps, scales, target, state->channels, rows,
                              state->channels);
    } else {
      run->kernels->pool_maximum(table, window->taps, target, state->channels, rows,
                                 state->channels);
    }
  }
}

ms_status ms_run_pool(const ms_run *run, const ms_node *node) {
  const pool_state *state = node->state;
  const float *x = ms_floats(node->inputs[0]);
  float *y = ms_floats(node->outputs[0]);
  for (size_t n = 0; n < state->batch; n++) {
    pool_image(run, state, x, y);
    x += state->window.input_count * state->channels;
    y += state->window.output_count * state->channels;
  }
  return MS_OK;
}

ms_status ms_run_global_pool(const ms_run *run, const ms_node *node) {
  const pool_state *state = node->state;
  const float *x = ms_floats(node->inputs[0]);
  float *y = ms_floats(node->outputs[0]);
  if (!state->is_mean) {
    return ms_run_pool(run, node);
  }
  for (size_t n = 0; n < state->batch; n++) {
    run->kernels->mean_rows(x + n * state->window.taps * state->channels, state->channels,
                            state->window.taps, state->channels, y + n * state->channels);
  }
  return MS_OK;
}
