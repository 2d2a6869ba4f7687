/* QuantizeLinear and DequantizeLinear, with one scale for the tensor or one for each index of an
 * axis. */
#include <math.h>

#include "nn/ops.h"

typedef struct quantize_state {
  size_t axis;
  int64_t low;
  int64_t high;
} quantize_state;

/* Checks scale and zero point, and sets the axis that they lie along. */
static ms_status check_scale(ms_graph *graph, const ms_node *node) {
  quantize_state *state = node->state;
  const ms_value *x = node->inputs[0];
  const ms_value *scale = node->inputs[1];
  const ms_value *zero = ms_node_input(node, 2);
  int64_t block = 0;
  MS_TRY(ms_node_expect_float(graph, node, 1));
  MS_TRY(ms_node_integer(graph, node, "block_size", 0, &block));
  if (block != 0) {
    return ms_node_fail(graph, node, MS_ERR_UNSUPPORTED, "scales for blocks");
  }
  if (scale->count != 1) {
    MS_TRY(ms_node_own_axis(graph, node, 1, x->shape.rank, &state->axis));
  }
  bool fits =
      scale->count == 1 || (scale->shape.rank == 1 && scale->count == x->shape.dims[state->axis]);
  if (zero != NULL && ms_type_is_float(zero->type)) {
    return ms_node_fail(graph, node, MS_ERR_FORMAT, "a zero point of type %s",
                        ms_type_name(zero->type));
  }
  if (!fits || (zero != NULL && zero->count != scale->count)) {
    return ms_node_fail(graph, node, MS_ERR_FORMAT, "%zu scales for a size of %zu", scale->count,
                        x->shape.rank == 0 ? 1 : x->shape.dims[state->axis]);
  }
  return MS_OK;
}

ms_status ms_infer_quantize(ms_graph *graph, ms_node *node) {
  const ms_value *zero = ms_node_input(node, 2);
  int64_t type = 0;
  MS_TRY(ms_node_state(graph, node, sizeof(quantize_state)));
  quantize_state *state = node->state;
  MS_TRY(ms_node_expect_float(graph, node, 0));
  MS_TRY(check_scale(graph, node));
  MS_TRY(ms_node_integer(graph, node, "output_dtype", 0, &type));
  if (zero != NULL) {
    type = zero->type;
  } else if (type == 0) {
    type = MS_TYPE_UINT8;
  }
  if (type < MS_TYPE_UINT8 || type > MS_TYPE_INT16) {
    return ms_node_fail(graph, node, MS_ERR_UNSUPPORTED, "quantized to type %lld", (long long)type);
  }
  int64_t size = type < MS_TYPE_UINT16 ? 256 : 65536;
  state->low = type == MS_TYPE_INT8 || type == MS_TYPE_INT16 ? -size / 2 : 0;
  state->high = state->low + size - 1;
  return ms_set_output(graph, node, (ms_type)type, &node->inputs[0]->shape);
}

ms_status ms_infer_dequantize(ms_graph *graph, ms_node *node) {
  const ms_value *x = node->inputs[0];
  MS_TRY(ms_node_state(graph, node, sizeof(quantize_state)));
  if (ms_type_is_float(x->type)) {
    return ms_node_fail(graph, node, MS_ERR_UNSUPPORTED, "its input 0 is of type %s",
                        ms_type_name(x->type));
  }
  MS_TRY(check_scale(graph, node));
  return ms_set_output(graph, node, MS_TYPE_FLOAT, &x->shape);
}

static int64_t quantize(const quantize_state *state, float x, float scale, int64_t zero) {
  float rounded = rintf(x / scale); /* halves to the even integer */
  if (!(rounded > -1e9f)) {         /* NaN, too */
    return state->low;
  }
  int64_t value = (rounded < 1e9f ? (int64_t)rounded : 1000000000) + zero;
  return value < state->low ? state->low : value > state->high ? state->high : value;
}

/* Calls for each run of elements that share a scale. */
static void walk(const ms_node *node, bool to_integer) {
  const quantize_state *state = node->state;
  const ms_value *x = node->inputs[0];
  const ms_value *y = node->outputs[0];
  const ms_value *zeros = ms_node_input(node, 2);
  size_t scale_count = node->inputs[1]->count;
  ptrdiff_t steps[MS_MAX_RANK];
  ms_value_steps(x, steps);
  size_t run = scale_count == 1 ? x->count : (size_t)steps[state->axis];
  for (size_t i = 0; i < x->count; i++) {
    size_t at = i / run % scale_count;
    float scale = ms_floats(node->inputs[1])[at];
    int64_t zero = zeros == NULL ? 0 : ms_integers(zeros)[at];
    if (to_integer) {
      ms_integers(y)[i] = quantize(state, ms_floats(x)[i], scale, zero);
    } else {
      /* Quantized numbers have at most 32 bits; their difference is taken exactly. */
      int64_t difference = (int64_t)((uint64_t)ms_integers(x)[i] - (uint64_t)zero);
      ms_floats(y)[i] = (float)difference * scale;
    }
  }
}

ms_status ms_run_quantize(const ms_run *run, const ms_node *node) {
  (void)run;
  walk(node, true);
  return MS_OK;
}

ms_status ms_run_dequantize(const ms_run *run, const ms_node *node) {
  (void)run;
  walk(node, false);
  return MS_OK;
}
