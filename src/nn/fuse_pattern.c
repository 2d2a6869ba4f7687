/*
 * Patterns: activations, norms and channel shuffles that older files spell out in several nodes
 * become the one operator that they mean. A pattern is recognised from its last node backwards;
 * nodes that nobody reads any more are dropped afterwards.
 */
#include <math.h>
#include <string.h>

#include "nn/ops.h"

enum { MAX_FACTORS = 3 };

/* Whether two numbers are the same but for the rounding of the exporter. */
static bool is_near(float a, double b) {
  return fabs((double)a - b) <= 1e-5 * fabs(b);
}

static bool is_unary(const ms_node *node, ms_unary function) {
  return node != NULL && (node->op->run == ms_run_unary || node->op->run == ms_run_clip) &&
         ((const ms_unary_state *)node->state)->function == function;
}

static bool is_binary(const ms_node *node, ms_binary function) {
  return node != NULL && node->op->run == ms_run_binary && node->input_count == 2 &&
         node->op->variant == function;
}

/* Whether a value is a constant of one float, which number receives. */
static ms_status read_number(ms_graph *graph, ms_value *value, bool *is_number, float *number) {
  *is_number = value->is_constant && value->count == 1 && ms_type_is_float(value->type);
  if (*is_number) {
    MS_TRY(ms_value_load(graph, value));
    *number = ms_floats(value)[0];
  }
  return MS_OK;
}

/* The other operand of a binary node one of whose operands is about a number; NULL if none is. */
static ms_status match_with_number(ms_graph *graph, const ms_node *node, ms_binary function,
                                   double expected, ms_value **other) {
  *other = NULL;
  if (!is_binary(node, function)) {
    return MS_OK;
  }
  for (size_t i = 0; i < 2; i++) {
    bool is_number = false;
    float number = 0;
    MS_TRY(read_number(graph, node->inputs[i], &is_number, &number));
    bool may_swap = function == MS_BINARY_ADD || function == MS_BINARY_MULTIPLY;
    if (is_number && is_near(number, expected) && (i == 1 || may_swap)) {
      *other = node->inputs[1 - i];
    }
  }
  return MS_OK;
}

/* min(max(x + 3, 0), 6); NULL if the value is something else. */
static ms_status match_shifted_relu6(ms_graph *graph, const ms_value *value, ms_value **x) {
  const ms_node *clip = value->producer;
  *x = NULL;
  if (!is_unary(clip, MS_UNARY_CLAMP)) {
    return MS_OK;
  }
  const ms_unary_state *bounds = clip->state;
  if (bounds->alpha != 0.0f || bounds->beta != 6.0f) {
    return MS_OK;
  }
  return match_with_number(graph, clip->inputs[0]->producer, MS_BINARY_ADD, 3.0, x);
}

/* 1 + erf(x / sqrt 2); NULL if the value is something else. */
static ms_status match_shifted_erf(ms_graph *graph, const ms_value *value, ms_value **x) {
  ms_value *inner = NULL;
  *x = NULL;
  MS_TRY(match_with_number(graph, value->producer, MS_BINARY_ADD, 1.0, &inner));
  if (inner == NULL || !is_unary(inner->producer, MS_UNARY_ERF)) {
    return MS_OK;
  }
  const ms_node *scaled = inner->producer->inputs[0]->producer;
  MS_TRY(match_with_number(graph, scaled, MS_BINARY_DIVIDE, sqrt(2.0), x));
  return *x != NULL ? MS_OK : match_with_number(graph, scaled, MS_BINARY_MULTIPLY, sqrt(0.5), x);
}

/* What a tree of products multiplies: values, and one number for all constants in it. */
typedef struct factors {
  ms_value *values[MAX_FACTORS];
  size_t count;
  double number;
} factors;

/* Adds an operand; a product that only this tree reads adds its own operands instead. */
static ms_status add_factor(ms_graph *graph, ms_value *value, int depth, factors *found) {
  bool is_number = false;
  float number = 0;
  const ms_node *node = value->producer;
  MS_TRY(read_number(graph, value, &is_number, &number));
  if (is_number) {
    found->number *= (double)number;
    return MS_OK;
  }
  if (depth > 0 && value->use_count == 1 && is_binary(node, MS_BINARY_MULTIPLY)) {
    MS_TRY(add_factor(graph, node->inputs[0], depth - 1, found));
    return add_factor(graph, node->inputs[1], depth - 1, found);
  }
  if (found->count < MAX_FACTORS) {
    found->values[found->count++] = value;
  }
  return MS_OK;
}

static ms_status find_factors(ms_graph *graph, const ms_node *node, factors *found) {
  bool is_number = false;
  float number = 0;
  *found = (factors){.number = 1.0};
  MS_TRY(add_factor(graph, node->inputs[0], 2, found));
  if (node->op->variant == MS_BINARY_MULTIPLY) {
    return add_factor(graph, node->inputs[1], 2, found);
  }
  MS_TRY(read_number(graph, node->inputs[1], &is_number, &number));
  found->number = is_number ? found->number / (double)number : 0.0;
  return MS_OK;
}

/* Puts a new node into the place of the last one of a pattern. */
static ms_status replace(ms_graph *graph, ms_node *last, const ms_op *op, ms_value *const *inputs,
                         size_t input_count, const ms_onnx_attribute *attributes,
                         size_t attribute_count) {
  ms_node *node = NULL;
  ms_shape shape = last->outputs[0]->shape;
  MS_TRY(ms_graph_add_node(graph, op, input_count, 1, &node));
  node->name = last->name;
  node->attributes = attributes;
  node->attribute_count = attribute_count;
  node->outputs[0] = last->outputs[0];
  for (size_t i = 0; i < input_count; i++) {
    ms_node_set_input(node, i, inputs[i]);
  }
  MS_TRY(op->infer(graph, node));
  if (!ms_shape_equal(&shape, &node->outputs[0]->shape)) {
    return ms_node_fail(graph, node, MS_ERR_INTERNAL, "a pattern changes the shape");
  }
  node->attributes = NULL;
  node->attribute_count = 0;
  node->outputs[0]->producer = node;
  node->order_index = last->order_index;
  ms_graph_remove_node(graph, last);
  graph->order[node->order_index] = node;
  return MS_OK;
}

static ms_status replace_by_unary(ms_graph *graph, ms_node *last, const char *name, ms_value *x) {
  static const char alpha[] = "alpha";
  const ms_onnx_attribute sixth = {
      .name = {alpha, sizeof alpha - 1}, .kind = MS_ONNX_FLOAT, .number = 1.0f / 6.0f};
  const ms_op *op = ms_op_internal(name);
  return replace(graph, last, op, &x, 1, &sixth, 1);
}

static bool is_same_shape(const ms_value *a, const ms_node *last) {
  return ms_shape_equal(&a->shape, &last->outputs[0]->shape);
}

/* Two factors, in one order: f and something of f. */
static ms_status match_pair(ms_graph *graph, ms_node *last, ms_value *f, ms_value *g, double number,
                            bool *done) {
  ms_value *x = NULL;
  const char *name = NULL;
  const ms_node *node = g->producer;
  if (is_near((float)number, 1.0) && is_unary(node, MS_UNARY_SIGMOID)) {
    x = node->inputs[0];
    name = "Silu";
  } else if (is_near((float)number, 1.0) && is_unary(node, MS_UNARY_HARD_SIGMOID) &&
             is_near(((const ms_unary_state *)node->state)->alpha, 1.0 / 6.0) &&
             ((const ms_unary_state *)node->state)->beta == 0.5f) {
    x = node->inputs[0];
    name = "HardSwish";
  } else if (is_near((float)number, 1.0 / 6.0)) {
    MS_TRY(match_shifted_relu6(graph, g, &x));
    name = "HardSwish";
  } else if (is_near((float)number, 0.5)) {
    MS_TRY(match_shifted_erf(graph, g, &x));
    name = "Gelu";
  }
  if (x != f || !is_same_shape(f, last)) {
    return MS_OK;
  }
  *done = true;
  return replace_by_unary(graph, last, name, x);
}

/* Products and quotients that are activations. */
static ms_status match_activation(ms_graph *graph, ms_node *node) {
  factors found;
  ms_value *x = NULL;
  bool done = false;
  if (!is_binary(node, MS_BINARY_MULTIPLY) && !is_binary(node, MS_BINARY_DIVIDE)) {
    return MS_OK;
  }
  MS_TRY(find_factors(graph, node, &found));
  if (found.count == 1 && is_near((float)found.number, 1.0 / 6.0)) {
    MS_TRY(match_shifted_relu6(graph, found.values[0], &x));
    if (x != NULL && is_same_shape(x, node)) {
      return replace_by_unary(graph, node, "HardSigmoid", x);
    }
  }
  if (found.count == 2) {
    MS_TRY(match_pair(graph, node, found.values[0], found.values[1], found.number, &done));
  }
  return found.count == 2 && !done
             ? match_pair(graph, node, found.values[1], found.values[0], found.number, &done)
             : MS_OK;
}

/* The input of a mean over the last axis that keeps it; NULL if the value is something else. */
static ms_value *match_last_mean(const ms_value *value) {
  const ms_node *node = value->producer;
  if (node == NULL || !ms_reduce_is_last_mean(node)) {
    return NULL;
  }
  return node->inputs[0];
}

/* sqrt(mean(d d) + epsilon); epsilon receives its number, d the deviation. */
static ms_status match_deviation(ms_graph *graph, const ms_value *value, ms_value **d,
                                 float *epsilon) {
  bool is_number = false;
  *d = NULL;
  if (!is_unary(value->producer, MS_UNARY_SQRT)) {
    return MS_OK;
  }
  const ms_node *sum = value->producer->inputs[0]->producer;
  if (!is_binary(sum, MS_BINARY_ADD)) {
    return MS_OK;
  }
  MS_TRY(read_number(graph, sum->inputs[1], &is_number, epsilon));
  const ms_value *square = is_number ? match_last_mean(sum->inputs[0]) : NULL;
  if (square == NULL) {
    return MS_OK;
  }
  if (is_binary(square->producer, MS_BINARY_MULTIPLY) &&
      square->producer->inputs[0] == square->producer->inputs[1]) {
    *d = square->producer->inputs[0];
    return MS_OK;
  }
  return match_with_number(graph, square->producer, MS_BINARY_POWER, 2.0, d);
}

/* The constant operand of a node and the other one; false if none is a constant vector. */
static bool split_operands(const ms_node *node, ms_binary function, size_t count,
                           ms_value **constant, ms_value **other) {
  if (!is_binary(node, function)) {
    return false;
  }
  for (size_t i = 0; i < 2; i++) {
    ms_value *value = node->inputs[i];
    if (value->is_constant && value->shape.rank == 1 && value->count == count) {
      *constant = value;
      *other = node->inputs[1 - i];
      return true;
    }
  }
  return false;
}

/* (x - mean) / sqrt(variance + epsilon) gain + offset, over the last axis. */
static ms_status match_layer_norm(ms_graph *graph, ms_node *node) {
  static const char name[] = "epsilon";
  const ms_shape *shape = &node->outputs[0]->shape;
  ms_value *gain = NULL;
  ms_value *offset = NULL;
  ms_value *scaled = NULL;
  ms_value *ratio = NULL;
  ms_value *deviation = NULL;
  float epsilon = 0;
  if (shape->rank == 0 ||
      !split_operands(node, MS_BINARY_ADD, shape->dims[shape->rank - 1], &offset, &scaled) ||
      scaled->use_count != 1 ||
      !split_operands(scaled->producer, MS_BINARY_MULTIPLY, shape->dims[shape->rank - 1], &gain,
                      &ratio) ||
      ratio->use_count != 1 || !is_binary(ratio->producer, MS_BINARY_DIVIDE)) {
    return MS_OK;
  }
  MS_TRY(match_deviation(graph, ratio->producer->inputs[1], &deviation, &epsilon));
  if (deviation == NULL || deviation != ratio->producer->inputs[0] ||
      !is_binary(deviation->producer, MS_BINARY_SUBTRACT)) {
    return MS_OK;
  }
  ms_value *x = deviation->producer->inputs[0];
  if (match_last_mean(deviation->producer->inputs[1]) != x || !is_same_shape(x, node)) {
    return MS_OK;
  }
  ms_value *const inputs[3] = {x, gain, offset};
  const ms_onnx_attribute attribute = {
      .name = {name, sizeof name - 1}, .kind = MS_ONNX_FLOAT, .number = epsilon};
  return replace(graph, node, ms_op_internal("LayerNormalization"), inputs, 3, &attribute, 1);
}

/* Reshape to [N][groups][C / groups][…], Transpose of axes 1 and 2, Reshape back. */
static ms_status match_shuffle(ms_graph *graph, ms_node *node) {
  static const char name[] = "groups";
  const ms_node *transpose =
      node->op->layout == MS_LAYOUT_RESHAPE ? node->inputs[0]->producer : NULL;
  if (transpose == NULL || transpose->op->run != ms_run_transpose ||
      !ms_transpose_swaps_channels(transpose) || transpose->outputs[0]->use_count != 1) {
    return MS_OK;
  }
  const ms_value *split = transpose->inputs[0];
  if (split->producer == NULL || split->producer->op->layout != MS_LAYOUT_RESHAPE ||
      split->use_count != 1) {
    return MS_OK;
  }
  ms_value *x = split->producer->inputs[0];
  const ms_onnx_attribute attribute = {.name = {name, sizeof name - 1},
                                       .kind = MS_ONNX_INT,
                                       .integer = (int64_t)split->shape.dims[1]};
  bool fits = x->shape.rank >= 3 && is_same_shape(x, node) &&
              split->shape.dims[0] == x->shape.dims[0] &&
              split->shape.dims[1] * split->shape.dims[2] == x->shape.dims[1];
  if (!fits || !ms_type_is_float(x->type)) {
    return MS_OK;
  }
  return replace(graph, node, ms_op_internal("ChannelShuffle"), &x, 1, &attribute, 1);
}

/* Zeros around an image become the padding of the convolution that reads it. */
static void absorb_pad(ms_node *node) {
  size_t before[MS_MAX_RANK];
  ms_node *pad = node->op->run == ms_run_conv ? node->inputs[0]->producer : NULL;
  if (pad != NULL && pad->op->run == ms_run_pad && node->op->variant == 0 &&
      ms_pad_is_spatial_zero(pad, before)) {
    ms_conv_absorb_pad(node, &pad->inputs[0]->shape, before);
    ms_node_set_input(node, 0, pad->inputs[0]);
  }
}

/* Drops nodes that nobody reads, from the last one on, so that whole chains go. */
static void drop_unread(ms_graph *graph) {
  for (size_t i = graph->order_count; i-- > 0;) {
    ms_node *node = graph->order[i];
    bool is_read = node == NULL;
    for (size_t k = 0; !is_read && k < node->output_count; k++) {
      is_read = node->outputs[k] != NULL && node->outputs[k]->use_count > 0;
    }
    if (!is_read) {
      graph->mac_count -= node->mac_count;
      ms_graph_remove_node(graph, node);
    }
  }
}

ms_status ms_graph_match_patterns(ms_graph *graph) {
  for (size_t i = 0; i < graph->order_count; i++) {
    ms_node *node = graph->order[i];
    MS_TRY(match_activation(graph, node));
    if (graph->order[i] == node) {
      MS_TRY(match_layer_norm(graph, node));
    }
    if (graph->order[i] == node) {
      MS_TRY(match_shuffle(graph, node));
    }
    if (graph->order[i] == node) {
      absorb_pad(node);
    }
  }
  drop_unread(graph);
  ms_graph_compact(graph);
  return MS_OK;
}
