/* BatchNormalization for inference. */
#include <math.h>
#include <string.h>

#include "nn/ops.h"

/* The numbers of ONNX's formula: scale = gain / sqrt(variance + epsilon), shift = offset - mean
 * scale. */
static void fill_affine(const ms_node *node, float epsilon, size_t count, float *scale,
                        float *shift) {
  const float *gain = ms_floats(node->inputs[1]);
  const float *offset = ms_floats(node->inputs[2]);
  const float *mean = ms_floats(node->inputs[3]);
  const float *variance = ms_floats(node->inputs[4]);
  for (size_t i = 0; i < count; i++) {
    scale[i] = gain[i] / sqrtf(variance[i] + epsilon);
    shift[i] = offset[i] - mean[i] * scale[i];
  }
}

static ms_status check_batch_norm(ms_graph *graph, const ms_node *node) {
  const ms_shape *x = &node->inputs[0]->shape;
  int64_t training = 0;
  int64_t spatial = 1;
  MS_TRY(ms_node_integer(graph, node, "training_mode", 0, &training));
  MS_TRY(ms_node_integer(graph, node, "spatial", 1, &spatial));
  if (training != 0 || spatial != 1) {
    return ms_node_fail(graph, node, MS_ERR_UNSUPPORTED, "training or a norm that is not spatial");
  }
  for (size_t i = 0; i < 5; i++) {
    MS_TRY(ms_node_expect_float(graph, node, i));
    if (i > 0 && (x->rank < 2 || node->inputs[i]->count != x->dims[1])) {
      return ms_node_fail(graph, node, MS_ERR_FORMAT, "its input %zu has %zu numbers", i,
                          node->inputs[i]->count);
    }
  }
  return MS_OK;
}

ms_status ms_infer_batch_norm(ms_graph *graph, ms_node *node) {
  const ms_value *x = node->inputs[0];
  bool constant = true;
  float *scale = NULL;
  float *shift = NULL;
  MS_TRY(ms_node_state(graph, node, sizeof(ms_affine)));
  ms_affine *state = node->state;
  MS_TRY(check_batch_norm(graph, node));
  MS_TRY(ms_node_float(graph, node, "epsilon", 1e-5f, &state->epsilon));
  for (size_t i = 1; i < 5; i++) {
    constant = constant && node->inputs[i]->is_constant;
  }
  if (constant) {
    for (size_t i = 1; i < 5; i++) {
      MS_TRY(ms_value_load(graph, node->inputs[i]));
    }
    MS_TRY(MS_KEEP(graph->context, &graph->pool, x->shape.dims[1], &scale));
    MS_TRY(MS_KEEP(graph->context, &graph->pool, x->shape.dims[1], &shift));
    fill_affine(node, state->epsilon, x->shape.dims[1], scale, shift);
    state->scale = scale;
    state->shift = shift;
    ms_node_keep_inputs(node, 1);
  }
  return ms_value_set(graph, node, node->outputs[0], MS_TYPE_FLOAT, &x->shape);
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
  ms_value scale = {.type = MS_TYPE_FLOAT, .count = channels};
  scale.shape.rank = x->shape.rank - 1;
  scale.shape.dims[0] = channels;
  for (size_t i = 1; i < scale.shape.rank; i++) {
    scale.shape.dims[i] = 1;
  }
  ms_value shift = scale;
  if (state->scale == NULL) {
    fill_affine(node, state->epsilon, channels, numbers, numbers + channels);
    scale.data = numbers;
    shift.data = numbers + channels;
  } else {
    scale.data = (void *)(uintptr_t)state->scale;
    shift.data = (void *)(uintptr_t)state->shift;
  }
  MS_TRY(ms_apply_binary(run, MS_BINARY_MULTIPLY, node->outputs[0], x, &scale));
  return ms_apply_binary(run, MS_BINARY_ADD, node->outputs[0], node->outputs[0], &shift);
}
