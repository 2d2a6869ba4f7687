/*
 * Patterns: activations, norms and channel shuffles that older files spell out in several nodes
 * become the one operator that they mean. A pattern is recognised from its last node backwards;
 * nodes that nobody reads any more are dropped afterwards.
 */
#include <math.h>
#include <string.h>

#include "core/finite.h"
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

/* The number of a constant of one float, NAN if a value is something else. */
static float number_of(ms_graph *graph, ms_value *value) {
  bool is_number = value->is_constant && value->count == 1 && ms_type_is_float(value->type);
  return is_number && ms_value_load(graph, value) == MS_OK ? ms_floats(value)[0] : NAN;
}

/* The other operand of a binary node one of whose operands is about a number; NULL if none is. */
static ms_value *match_with_number(ms_graph *graph, const ms_node *node, ms_binary function,
                                   double expected) {
  if (is_binary(node, function)) {
    if (is_near(number_of(graph, node->inputs[1]), expected)) {
      return node->inputs[0];
    }
    if ((function == MS_BINARY_ADD || function == MS_BINARY_MULTIPLY) &&
        is_near(number_of(graph, node->inputs[0]), expected)) {
      return node->inputs[1];
    }
  }
  return NULL;
}

/* x of min(max(x + 3, 0), 6); NULL if the value is something else. */
static ms_value *match_shifted_relu6(ms_graph *graph, const ms_value *value) {
  const ms_node *clip = value->producer;
  if (!is_unary(clip, MS_UNARY_CLAMP)) {
    return NULL;
  }
  const ms_unary_state *bounds = clip->state;
  return bounds->alpha == 0.0f && bounds->beta == 6.0f
             ? match_with_number(graph, clip->inputs[0]->producer, MS_BINARY_ADD, 3.0)
             : NULL;
}

/* x of 1 + erf(x / sqrt 2); NULL if the value is something else. */
static ms_value *match_shifted_erf(ms_graph *graph, const ms_value *value) {
  const ms_value *inner = match_with_number(graph, value->producer, MS_BINARY_ADD, 1.0);
  if (inner == NULL || !is_unary(inner->producer, MS_UNARY_ERF)) {
    return NULL;
  }
  const ms_node *scaled = inner->producer->inputs[0]->producer;
  ms_value *x = match_with_number(graph, scaled, MS_BINARY_DIVIDE, sqrt(2.0));
  return x != NULL ? x : match_with_number(graph, scaled, MS_BINARY_MULTIPLY, sqrt(0.5));
}

/* What a tree of products multiplies: values, and one number for all constants in it. */
typedef struct factors {
  ms_value *values[MAX_FACTORS];
  size_t count;
  double number;
} factors;

/* Adds an operand; a product that only this tree reads adds its own operands instead. */
static void add_factor(ms_graph *graph, ms_value *value, int depth, factors *found) {
  const ms_node *node = value->producer;
  float number = number_of(graph, value);
  if (!ms_is_nan(number)) {
    found->number *= (double)number;
  } else if (depth > 0 && value->use_count == 1 && is_binary(node, MS_BINARY_MULTIPLY)) {
    add_factor(graph, node->inputs[0], depth - 1, found);
    add_factor(graph, node->inputs[1], depth - 1, found);
  } else if (found->count < MAX_FACTORS) {
    found->values[found->count++] = value;
  }
}

/* The factors of a product, or of a quotient, whose number is NAN if it divides by no constant. */
static factors find_factors(ms_graph *graph, const ms_node *node) {
  factors found = {.number = 1.0};
  add_factor(graph, node->inputs[0], 2, &found);
  if (node->op->variant == MS_BINARY_MULTIPLY) {
    add_factor(graph, node->inputs[1], 2, &found);
  } else {
    found.number /= (double)number_of(graph, node->inputs[1]);
  }
  return found;
}

/*
 * Puts a new node, with one attribute, into the place of the last one of a pattern, whose output
 * has the shape that the new one gives it.
 */
static ms_status replace(ms_graph *graph, ms_node *last, const char *name, ms_value *const *inputs,
                         size_t input_count, const char *attribute_name, float number,
                         int64_t integer) {
  const ms_onnx_attribute attribute = {
      .name = {attribute_name, strlen(attribute_name)}, .number = number, .integer = integer};
  ms_value *y = last->outputs[0];
  ms_node *node = ms_graph_add_node(graph, ms_op_internal(name), input_count, 1);
  MS_TRY(MS_HAS_MEMORY(node));
  node->name = last->name;
  node->attributes = &attribute;
  node->attribute_count = 1;
  node->outputs[0] = y;
  for (size_t i = 0; i < input_count; i++) {
    ms_node_set_input(node, i, inputs[i]);
  }
  MS_TRY(node->op->infer(graph, node));
  node->attributes = NULL;
  node->attribute_count = 0;
  y->producer = node;
  node->order_index = last->order_index;
  ms_graph_remove_node(graph, last);
  graph->order[node->order_index] = node;
  return MS_OK;
}

static bool is_same_shape(const ms_value *a, const ms_node *last) {
  return ms_shape_equal(&a->shape, &last->outputs[0]->shape);
}

/* The operator that multiplies f, something of f and a number; NULL if there is none. */
static const char *match_pair(ms_graph *graph, const ms_value *f, const ms_value *g,
                              double number) {
  const ms_value *x = NULL;
  const char *name = "HardSwish";
  const ms_node *node = g->producer;
  if (is_near((float)number, 1.0)) {
    if (is_unary(node, MS_UNARY_SIGMOID)) {
      x = node->inputs[0];
      name = "Silu";
    } else if (is_unary(node, MS_UNARY_HARD_SIGMOID)) {
      const ms_unary_state *state = node->state;
      x = is_near(state->alpha, 1.0 / 6.0) && state->beta == 0.5f ? node->inputs[0] : NULL;
    }
  } else if (is_near((float)number, 1.0 / 6.0)) {
    x = match_shifted_relu6(graph, g);
  } else if (is_near((float)number, 0.5)) {
    x = match_shifted_erf(graph, g);
    name = "Gelu";
  }
  return x == f ? name : NULL;
}

/* Products and quotients that are activations. */
static ms_status match_activation(ms_graph *graph, ms_node *node) {
  if (!is_binary(node, MS_BINARY_MULTIPLY) && !is_binary(node, MS_BINARY_DIVIDE)) {
    return MS_OK;
  }
  factors found = find_factors(graph, node);
  ms_value *x = found.values[0];
  const char *name = NULL;
  if (found.count == 1 && is_near((float)found.number, 1.0 / 6.0)) {
    x = match_shifted_relu6(graph, x);
    name = "HardSigmoid";
  } else if (found.count == 2) {
    name = match_pair(graph, x, found.values[1], found.number);
    if (name == NULL) {
      x = found.values[1];
      name = match_pair(graph, x, found.values[0], found.number);
    }
  }
  return name != NULL && x != NULL && is_same_shape(x, node)
             ? replace(graph, node, name, &x, 1, "alpha", 1.0f / 6.0f, 0)
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

/* d of sqrt(mean(d d) + epsilon), whose number epsilon receives; NULL if it is something else. */
static const ms_value *match_deviation(ms_graph *graph, const ms_value *value, float *epsilon) {
  if (!is_unary(value->producer, MS_UNARY_SQRT)) {
    return NULL;
  }
  const ms_node *sum = value->producer->inputs[0]->producer;
  if (!is_binary(sum, MS_BINARY_ADD)) {
    return NULL;
  }
  *epsilon = number_of(graph, sum->inputs[1]);
  const ms_value *square = ms_is_nan(*epsilon) ? NULL : match_last_mean(sum->inputs[0]);
  if (square == NULL) {
    return NULL;
  }
  const ms_node *product = square->producer;
  return is_binary(product, MS_BINARY_MULTIPLY) && product->inputs[0] == product->inputs[1]
             ? product->inputs[0]
             : match_with_number(graph, product, MS_BINARY_POWER, 2.0);
}

/*
 * The other operand of a node one of whose operands is a constant vector of count numbers, which
 * constant receives; NULL if none is, or if somebody else reads the other one.
 */
static ms_value *match_with_vector(const ms_node *node, ms_binary function, size_t count,
                                   ms_value **constant) {
  for (size_t i = 0; i < 2 && is_binary(node, function); i++) {
    ms_value *value = node->inputs[i];
    if (value->is_constant && value->shape.rank == 1 && value->count == count) {
      *constant = value;
      return node->inputs[1 - i]->use_count == 1 ? node->inputs[1 - i] : NULL;
    }
  }
  return NULL;
}

/* (x - mean) / sqrt(variance + epsilon) gain + offset, over the last axis. */
static ms_status match_layer_norm(ms_graph *graph, ms_node *node) {
  const ms_shape *shape = &node->outputs[0]->shape;
  size_t count = shape->rank == 0 ? 0 : shape->dims[shape->rank - 1];
  ms_value *inputs[3] = {NULL}; /* x, gain, offset */
  float epsilon = 0;
  const ms_value *scaled = match_with_vector(node, MS_BINARY_ADD, count, &inputs[2]);
  if (scaled == NULL) {
    return MS_OK;
  }
  const ms_value *ratio =
      match_with_vector(scaled->producer, MS_BINARY_MULTIPLY, count, &inputs[1]);
  if (ratio == NULL || !is_binary(ratio->producer, MS_BINARY_DIVIDE)) {
    return MS_OK;
  }
  const ms_value *deviation = match_deviation(graph, ratio->producer->inputs[1], &epsilon);
  if (deviation == NULL || deviation != ratio->producer->inputs[0] ||
      !is_binary(deviation->producer, MS_BINARY_SUBTRACT)) {
    return MS_OK;
  }
  inputs[0] = deviation->producer->inputs[0];
  if (match_last_mean(deviation->producer->inputs[1]) != inputs[0] ||
      !is_same_shape(inputs[0], node)) {
    return MS_OK;
  }
  return replace(graph, node, "LayerNormalization", inputs, 3, "epsilon", epsilon, 0);
}

/* Reshape to [N][groups][C / groups][…], Transpose of axes 1 and 2, Reshape back. */
static ms_status match_shuffle(ms_graph *graph, ms_node *node) {
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
  bool fits = x->shape.rank >= 3 && is_same_shape(x, node) &&
              split->shape.dims[0] == x->shape.dims[0] &&
              split->shape.dims[1] * split->shape.dims[2] == x->shape.dims[1];
  if (!fits || !ms_type_is_float(x->type)) {
    return MS_OK;
  }
  return replace(graph, node, "ChannelShuffle", &x, 1, "groups", 0, (int64_t)split->shape.dims[1]);
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
    size_t k = 0;
    while (k < node->output_count &&
           (node->outputs[k] == NULL || node->outputs[k]->use_count == 0)) {
      k++;
    }
    if (k == node->output_count) {
      graph->mac_count -= node->mac_count;
      ms_graph_remove_node(graph, node);
    }
  }
}

ms_status ms_graph_match_patterns(ms_graph *graph) {
  for (ms_node **at = graph->order; *at != NULL; at++) {
    ms_node *node = *at;
    MS_TRY(match_activation(graph, node));
    if (*at == node) {
      MS_TRY(match_layer_norm(graph, node));
    }
    if (*at == node) {
      MS_TRY(match_shuffle(graph, node));
    }
    if (*at == node) {
      absorb_pad(node);
    }
  }
  drop_unread(graph);
  ms_graph_compact(graph);
  return MS_OK;
}
