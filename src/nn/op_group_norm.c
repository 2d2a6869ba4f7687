/* Norms that look at the numbers that they normalise: over groups, instances, layers, neighbours.
 */
#include <math.h>

#include "nn/ops.h"

typedef struct layer_state {
  size_t count;       /* elements that are normalised together */
  const float *zeros; /* [count] where there is no offset */
  float epsilon;
} layer_state;

ms_status ms_infer_layer_norm(ms_graph *graph, ms_node *node) {
  size_t axis = 0;
  float *zeros = NULL;
  ms_shape shape = node->inputs[0]->shape;
  MS_TRY(ms_float_state(graph, node, sizeof(layer_state)));
  layer_state *state = node->state;
  MS_TRY(ms_node_own_axis(graph, node, -1, shape.rank, &axis));
  MS_TRY(ms_node_float(graph, node, "epsilon", 1e-5f, &state->epsilon));
  MS_TRY(ms_set_output(graph, node, MS_TYPE_FLOAT, &shape));
  state->count = 1;
  for (size_t i = axis; i < shape.rank; i++) {
    state->count *= shape.dims[i];
    shape.dims[i] = 1;
  }
  for (size_t i = 1; i < node->input_count; i++) {
    if (node->inputs[i] != NULL && node->inputs[i]->count != state->count) {
      return ms_node_fail(graph, node, MS_ERR_FORMAT, "its input %zu has %zu numbers, not %zu", i,
                          node->inputs[i]->count, state->count);
    }
  }
  if (ms_node_input(node, 2) == NULL) {
    MS_TRY(MS_KEEP(graph->context, &graph->pool, state->count, &zeros));
    state->zeros = zeros;
  }
  for (size_t i = 1; i < node->output_count; i++) {
    MS_TRY(ms_value_set(graph, node, node->outputs[i], MS_TYPE_FLOAT, &shape));
  }
  return MS_OK;
}

/* The optional outputs of one row: its mean, and one over its deviation. */
static void note_moments(const ms_run *run, const ms_node *node, const float *x, size_t row) {
  const layer_state *state = node->state;
  float count = (float)state->count;
  float mean = run->kernels->sum(x, state->count) / count;
  float variance = run->kernels->sum_squares(x, mean, state->count) / count;
  if (node->outputs[1] != NULL) {
    ms_floats(node->outputs[1])[row] = mean;
  }
  if (node->output_count > 2 && node->outputs[2] != NULL) {
    ms_floats(node->outputs[2])[row] = 1.0f / sqrtf(variance + state->epsilon);
  }
}

ms_status ms_run_layer_norm(const ms_run *run, const ms_node *node) {
  const layer_state *state = node->state;
  const ms_value *x = node->inputs[0];
  const ms_value *offset = ms_node_input(node, 2);
  size_t rows = x->count == 0 ? 0 : x->count / state->count;
  for (size_t i = 0; i < rows; i++) {
    size_t at = i * state->count;
    if (node->output_count > 1) {
      note_moments(run, node, ms_floats(x) + at, i);
    }
    run->kernels->layer_norm(
        ms_floats(node->outputs[0]) + at, ms_floats(x) + at, ms_floats(node->inputs[1]),
        offset == NULL ? state->zeros : ms_floats(offset), state->epsilon, state->count);
  }
  return MS_OK;
}

typedef struct group_state {
  size_t groups;
  size_t channels; /* of one group */
  size_t pixels;
  float epsilon;
} group_state;

/* InstanceNormalization is GroupNormalization with one channel in each group. */
ms_status ms_infer_group_norm(ms_graph *graph, ms_node *node) {
  const ms_shape *x = &node->inputs[0]->shape;
  size_t channels = x->dims[1];
  MS_TRY(ms_float_state(graph, node, sizeof(group_state)));
  group_state *state = node->state;
  if (x->rank < 2) {
    return ms_node_fail(graph, node, MS_ERR_FORMAT, "an input of %zu dimensions", x->rank);
  }
  MS_TRY(ms_node_groups(graph, node, "num_groups", (int64_t)channels, channels, &state->groups));
  state->channels = channels / state->groups;
  state->pixels = 1;
  for (size_t i = 2; i < x->rank; i++) {
    state->pixels *= x->dims[i];
  }
  /* GroupNormalization of opset 18 has one gain for each group. */
  size_t expected = node->op->variant != 0 ? state->groups : channels;
  if (node->inputs[1]->count != expected || node->inputs[2]->count != expected) {
    return ms_node_fail(graph, node, MS_ERR_FORMAT, "%zu gains and %zu offsets, expected %zu",
                        node->inputs[1]->count, node->inputs[2]->count, expected);
  }
  MS_TRY(ms_node_float(graph, node, "epsilon", 1e-5f, &state->epsilon));
  return ms_set_output(graph, node, MS_TYPE_FLOAT, x);
}

ms_status ms_run_group_norm(const ms_run *run, const ms_node *node) {
  const group_state *state = node->state;
  const ms_value *value = node->inputs[0];
  size_t count = state->channels * state->pixels;
  size_t group_count = count == 0 ? 0 : value->count / count;
  for (size_t g = 0; g < group_count; g++) {
    const float *x = ms_floats(value) + g * count;
    float *y = ms_floats(node->outputs[0]) + g * count;
    float mean = run->kernels->sum(x, count) / (float)count;
    float variance = run->kernels->sum_squares(x, mean, count) / (float)count;
    for (size_t c = 0; c < state->channels; c++) {
      size_t channel = g % state->groups * state->channels + c;
      size_t at = node->op->variant != 0 ? g % state->groups : channel;
      float scale = ms_floats(node->inputs[1])[at] / sqrtf(variance + state->epsilon);
      float shift = ms_floats(node->inputs[2])[at] - mean * scale;
      float *row = y + c * state->pixels;
      ms_apply_number(run->kernels, MS_BINARY_MULTIPLY, row, x + c * state->pixels, scale,
                      state->pixels);
      ms_apply_number(run->kernels, MS_BINARY_ADD, row, row, shift, state->pixels);
    }
  }
  return MS_OK;
}

typedef struct lrn_state {
  size_t size; /* channels that are summed over */
  float alpha;
  float beta;
  float bias;
} lrn_state;

ms_status ms_infer_lrn(ms_graph *graph, ms_node *node) {
  const ms_value *x = node->inputs[0];
  int64_t size = 0;
  MS_TRY(ms_float_state(graph, node, sizeof(lrn_state)));
  lrn_state *state = node->state;
  MS_TRY(ms_node_integer(graph, node, "size", 0, &size));
  if (size < 1 || size > 65536 || x->shape.rank < 3) {
    return ms_node_fail(graph, node, MS_ERR_FORMAT, "%lld neighbours of %zu dimensions",
                        (long long)size, x->shape.rank);
  }
  state->size = (size_t)size;
  MS_TRY(ms_node_float(graph, node, "alpha", 1e-4f, &state->alpha));
  MS_TRY(ms_node_float(graph, node, "beta", 0.75f, &state->beta));
  MS_TRY(ms_node_float(graph, node, "bias", 1.0f, &state->bias));
  return ms_set_output(graph, node, MS_TYPE_FLOAT, &x->shape);
}

ms_status ms_prepare_lrn(ms_graph *graph, ms_node *node) {
  (void)graph;
  node->scratch_size = 2 * node->inputs[0]->shape.dims[1] * sizeof(float);
  return MS_OK;
}

ms_status ms_run_lrn(const ms_run *run, const ms_node *node) {
  const lrn_state *state = node->state;
  const ms_value *x = node->inputs[0];
  size_t channels = x->shape.dims[1];
  size_t before = (state->size - 1) / 2;
  size_t behind = state->size - 1 - before;
  float *squares = (float *)(void *)run->scratch;
  float *sums = squares + channels;
  for (size_t at = 0; at + channels <= x->count && channels > 0; at += channels) {
    const float *from = ms_floats(x) + at;
    run->kernels->binary(MS_BINARY_MULTIPLY, squares, from, 1, from, 1, channels);
    for (size_t c = 0; c < channels; c++) {
      size_t first = c > before ? c - before : 0;
      size_t last = c + behind < channels ? c + behind : channels - 1;
      float sum = run->kernels->sum(squares + first, last - first + 1);
      sums[c] = state->bias + state->alpha / (float)state->size * sum;
    }
    ms_apply_number(run->kernels, MS_BINARY_POWER, sums, sums, state->beta, channels);
    run->kernels->binary(MS_BINARY_DIVIDE, ms_floats(node->outputs[0]) + at, from, 1, sums, 1,
                         channels);
  }
  return MS_OK;
}
