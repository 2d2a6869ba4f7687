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
  if (!fits || (zero != NULL && zero->count != scale->count)) {
    return ms_node_fail(graph, node, MS_ERR_FORMAT, "%zu scales for a size of %zu", scale->count,
                        x->shape.rank == 0 ? 1 : x->shape.dims[state->axis]);
  }
  return MS_OK;
}

static ms_status set_range(ms_graph *graph, const ms_node *node, ms_type type) {
  quantize_state *state = node->state;
  bool is_signed = type == MS_TYPE_INT8 || type == MS_TYPE_INT16;
  bool is_small = type == MS_TYPE_INT8 || type == MS_TYPE_UINT8;
  if (!is_signed && type != MS_TYPE_UINT8 && type != MS_TYPE_UINT16) {
    return ms_node_fail(graph, node, MS_ERR_UNSUPPORTED, "quantized to type %s",
                        ms_type_name(type));
  }
  int64_t size = is_small ? 256 : 65536;
  state->low = is_signed ? -size / 2 : 0;
  state->high = state->low + size - 1;
  return MS_OK;
}

ms_status ms_infer_quantize(ms_graph *graph, ms_node *node) {
  const ms_value *x = node->inputs[0];
  const ms_value *zero = ms_node_input(node, 2);
  int64_t type = MS_TYPE_UINT8;
  MS_TRY(ms_node_state(graph, node, sizeof(quantize_state)));
  MS_TRY(ms_node_expect_float(graph, node, 0));
  MS_TRY(check_scale(graph, node));
  MS_TRY(ms_node_integer(graph, node, "output_dtype", MS_TYPE_UINT8, &type));
  type = zero != NULL ? (int64_t)zero->type : type == 0 ? (int64_t)MS_TYPE_UINT8 : type;
  MS_TRY(set_range(graph, node, type > 0 && type < 100 ? (ms_type)type : MS_TYPE_NONE));
  return ms_set_output(graph, node, (ms_type)type, &x->shape);
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

/* To the nearest integer, halves to the even one. */
static float round_even(float x) {
  float magnitude = fabsf(x);
  if (!(magnitude < 8388608.0f)) {
    return x;
  }
  float rounded = (magnitude + 8388608.0f) - 8388608.0f;
  return copysignf(rounded, x);
}

static int64_t quantize(const quantize_state *state, float x, float scale, int64_t zero) {
  float rounded = round_even(x / scale);
  if (!(rounded > -1e9f)) { /* NaN, too */
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
