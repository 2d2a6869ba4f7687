/* BatchNormalization for inference. */
#include <math.h>

#include "nn/ops.h"

/* The numbers of ONNX's formula: scale = gain / sqrt(variance + epsilon), shift = offset - mean
 * scale, which lie behind the scales. */
static void fill_affine(const ms_node *node, size_t count, float *scale) {
  const ms_affine *state = node->state;
  for (size_t i = 0; i < count; i++) {
    scale[i] =
        ms_floats(node->inputs[1])[i] / sqrtf(ms_floats(node->inputs[4])[i] + state->epsilon);
    scale[count + i] = ms_floats(node->inputs[2])[i] - ms_floats(node->inputs[3])[i] * scale[i];
  }
}

ms_status ms_infer_batch_norm(ms_graph *graph, ms_node *node) {
  const ms_shape *x = &node->inputs[0]->shape;
  size_t channels = x->dims[1];
  bool constant = true;
  bool training = false;
  bool spatial = true;
  float *scale = NULL;
  MS_TRY(ms_float_state(graph, node, sizeof(ms_affine)));
  ms_affine *state = node->state;
  MS_TRY(ms_node_flag(graph, node, "training_mode", false, &training));
  MS_TRY(ms_node_flag(graph, node, "spatial", true, &spatial));
  MS_TRY(ms_node_float(graph, node, "epsilon", 1e-5f, &state->epsilon));
  if (training || !spatial) {
    return ms_node_fail(graph, node, MS_ERR_UNSUPPORTED, "training or a norm that is not spatial");
  }
  for (size_t i = 1; i < 5; i++) {
    if (x->rank < 2 || node->inputs[i]->count != channels) {
      return ms_node_fail(graph, node, MS_ERR_FORMAT, "its input %zu has %zu numbers", i,
                          node->inputs[i]->count);
    }
    constant = constant && node->inputs[i]->is_constant;
    if (node->inputs[i]->is_constant) {
      MS_TRY(ms_value_load(graph, node->inputs[i]));
    }
  }
  if (constant) {
    MS_TRY(MS_KEEP(graph->context, &graph->pool, 2 * channels, &scale));
    fill_affine(node, channels, scale);
    state->scale = scale;
    state->shift = scale + channels;
    ms_node_keep_inputs(node, 1);
  }
  return ms_set_output(graph, node, MS_TYPE_FLOAT, x);
}

ms_status ms_prepare_batch_norm(ms_graph *graph, ms_node *node) {
  const ms_affine *state = node->state;
  (void)graph;
  if (state->scale == NULL) {
    node->scratch_size = 2 * node->inputs[0]->shape.dims[1] * sizeof(float);
  }
  return MS_OK;
}

ms_status ms_run_batch_norm(const ms_run *run, const ms_node *node) {
  const ms_affine *state = node->state;
  const ms_value *x = node->inputs[0];
  size_t channels = x->shape.dims[1];
  float *numbers = (float *)(void *)run->scratch;
  ms_value factors = {.type = MS_TYPE_FLOAT, .count = channels};
  factors.shape.rank = x->shape.rank - 1;
  factors.shape.dims[0] = channels;
  for (size_t i = 1; i < factors.shape.rank; i++) {
    factors.shape.dims[i] = 1;
  }
  factors.data = (void *)(uintptr_t)state->scale;
  if (state->scale == NULL) {
    fill_affine(node, channels, numbers);
    factors.data = numbers;
  }
  MS_TRY(ms_apply_binary(run, MS_BINARY_MULTIPLY, node->outputs[0], x, &factors));
  factors.data = ms_floats(&factors) + channels;
  return ms_apply_binary(run, MS_BINARY_ADD, node->outputs[0], node->outputs[0], &factors);
}
