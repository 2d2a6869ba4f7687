/*
 * The fuse pass: what follows a product (Conv, ConvTranspose, Gemm, MatMul) is done while the
 * result is still in registers. Per column scales and shifts go into the packed weights, a sum with
 * another activation becomes the residual, Relu and Clip the clamp. A product that takes over a
 * node moves to its place in the order, so that the residual is ready.
 */
#include <math.h>

#include "nn/ops.h"

bool ms_node_is_product(const ms_node *node) {
  return node != NULL && (node->op->run == ms_run_conv || node->op->run == ms_run_gemm ||
                          node->op->run == ms_run_matmul);
}

/* The product whose only reader is input i of a node; NULL if there is none. */
static ms_node *feeding_product(const ms_node *node, size_t i) {
  const ms_value *input = ms_node_input(node, i);
  if (input == NULL || input->use_count != 1 || !ms_node_is_product(input->producer)) {
    return NULL;
  }
  return input->producer;
}

static bool is_clamped(const ms_product *product) {
  return product->fused.low != -INFINITY || product->fused.high != INFINITY;
}

/* The product takes over the output and the place of the node that reads it. */
static void take_over(ms_graph *graph, ms_node *product, const ms_node *node) {
  ms_value *output = node->outputs[0];
  product->outputs[0]->use_count = 0;
  product->outputs[0] = output;
  output->producer = product;
  graph->order[product->order_index] = NULL;
  product->order_index = node->order_index;
  graph->order[product->order_index] = product;
}

static bool fuse_clamp(ms_graph *graph, ms_node *node) {
  const ms_unary_state *clamp = node->state;
  ms_node *producer = feeding_product(node, 0);
  if ((node->op->run != ms_run_unary && node->op->run != ms_run_clip) || producer == NULL ||
      clamp->function != MS_UNARY_CLAMP) {
    return false;
  }
  ms_fused *fused = &((ms_product *)producer->state)->fused;
  fused->low = fminf(fmaxf(fused->low, clamp->alpha), clamp->beta);
  fused->high = fminf(fmaxf(fused->high, clamp->alpha), clamp->beta);
  take_over(graph, producer, node);
  return true;
}

/* Whether a constant is one number, or one for each column of a value with rank dimensions. */
static bool is_per_column(const ms_value *constant, const ms_product *product, size_t rank) {
  if (!constant->is_constant || !ms_type_is_float(constant->type) || constant->shape.rank > rank) {
    return false;
  }
  if (constant->count == 1) {
    return true;
  }
  size_t behind = rank - 1 - product->bias_axis;
  return constant->count == product->columns && constant->shape.rank > behind &&
         constant->shape.dims[constant->shape.rank - 1 - behind] == product->columns;
}

/* product = product scale + shift; scale is NULL or [columns], shift [columns]. */
static ms_status compose(ms_graph *graph, ms_product *product, const float *scale,
                         const float *shift) {
  ms_fused *fused = &product->fused;
  float *scales = NULL;
  float *shifts = NULL;
  MS_TRY(MS_KEEP(graph->context, &graph->pool, product->columns, &scales));
  MS_TRY(MS_KEEP(graph->context, &graph->pool, product->columns, &shifts));
  for (size_t j = 0; j < product->columns; j++) {
    float factor = scale == NULL ? 1.0f : scale[j];
    scales[j] = (fused->scale == NULL ? 1.0f : fused->scale[j]) * factor;
    shifts[j] = (fused->shift == NULL ? 0.0f : fused->shift[j]) * factor + shift[j];
  }
  fused->scale = scale == NULL && fused->scale == NULL ? NULL : scales;
  fused->shift = shifts;
  return MS_OK;
}

/* Writes what Add, Sub, Mul or Div with a constant does to each column. */
static void affine_of(ms_binary function, bool constant_first, const ms_value *constant,
                      size_t columns, float *scale, float *shift) {
  bool is_scale = function == MS_BINARY_MULTIPLY || function == MS_BINARY_DIVIDE;
  bool is_minus = function == MS_BINARY_SUBTRACT;
  for (size_t j = 0; j < columns; j++) {
    float number = ms_floats(constant)[constant->count == 1 ? 0 : j];
    if (is_scale) {
      scale[j] = function == MS_BINARY_DIVIDE ? 1.0f / number : number;
      shift[j] = 0.0f;
    } else {
      scale[j] = is_minus && constant_first ? -1.0f : 1.0f;
      shift[j] = is_minus && !constant_first ? -number : number;
    }
  }
}

/* Whether a product can still take scales (or only shifts) of its result. */
static bool takes_affine(const ms_node *producer, bool only_shift) {
  const ms_product *product = producer->state;
  bool has_residual = ms_node_input(producer, MS_INPUT_RESIDUAL) != NULL;
  return product->can_fuse && !is_clamped(product) && (only_shift || !has_residual);
}

/* An arithmetic node whose input i is a product and the other one a constant. */
static ms_status fuse_constant(ms_graph *graph, ms_node *node, size_t i) {
  ms_node *producer = feeding_product(node, i);
  ms_value *constant = node->inputs[1 - i];
  ms_binary function = (ms_binary)node->op->variant;
  bool only_shift = function == MS_BINARY_ADD || (function == MS_BINARY_SUBTRACT && i == 0);
  bool possible = only_shift || function == MS_BINARY_SUBTRACT || function == MS_BINARY_MULTIPLY ||
                  (function == MS_BINARY_DIVIDE && i == 0);
  if (producer == NULL || !possible || !takes_affine(producer, only_shift)) {
    return MS_OK;
  }
  ms_product *product = producer->state;
  if (!is_per_column(constant, product, producer->outputs[0]->shape.rank)) {
    return MS_OK;
  }
  float *scale = NULL;
  float *shift = NULL;
  ms_arena_mark mark = ms_arena_get_mark(graph->context);
  MS_TRY(ms_value_load(graph, constant));
  MS_TRY(MS_SCRATCH(graph->context, product->columns, &scale));
  MS_TRY(MS_SCRATCH(graph->context, product->columns, &shift));
  affine_of(function, i == 1, constant, product->columns, scale, shift);
  MS_TRY(compose(graph, product, only_shift ? NULL : scale, shift));
  ms_arena_drop(graph->context, mark);
  ms_node_release_input(graph, node, 1 - i);
  take_over(graph, producer, node);
  return MS_OK;
}

static ms_status fuse_batch_norm(ms_graph *graph, ms_node *node) {
  const ms_affine *affine = node->state;
  ms_node *producer = feeding_product(node, 0);
  if (producer == NULL || affine->scale == NULL || !takes_affine(producer, false) ||
      ((ms_product *)producer->state)->bias_axis != 1) {
    return MS_OK;
  }
  MS_TRY(compose(graph, producer->state, affine->scale, affine->shift));
  take_over(graph, producer, node);
  return MS_OK;
}

/* Whether a product can add the other input of a sum. */
static bool takes_residual(const ms_node *sum, size_t i) {
  const ms_node *producer = feeding_product(sum, i);
  const ms_value *other = sum->inputs[1 - i];
  return producer != NULL && !is_clamped(producer->state) && !other->is_constant &&
         ms_node_input(producer, MS_INPUT_RESIDUAL) == NULL &&
         ms_product_takes_residual(producer) &&
         ms_shape_equal(&other->shape, &producer->outputs[0]->shape) &&
         ms_shape_equal(&other->shape, &sum->outputs[0]->shape);
}

/* A sum of a product and an activation of its shape; of two products the later one takes it. */
static void fuse_residual(ms_graph *graph, ms_node *node) {
  bool first = takes_residual(node, 0);
  bool second = takes_residual(node, 1);
  if (node->op->variant != MS_BINARY_ADD || (!first && !second)) {
    return;
  }
  size_t i = second ? 1 : 0;
  if (first && second &&
      node->inputs[0]->producer->order_index > node->inputs[1]->producer->order_index) {
    i = 0;
  }
  ms_node *producer = node->inputs[i]->producer;
  ms_value *residual = node->inputs[1 - i];
  if (producer->input_count < MS_INPUT_COUNT_FUSED) {
    producer->input_count = MS_INPUT_COUNT_FUSED;
  }
  ms_node_set_input(producer, MS_INPUT_RESIDUAL, residual);
  ms_node_set_input(node, 1 - i, NULL);
  take_over(graph, producer, node);
}

static ms_status fuse_node(ms_graph *graph, ms_node *node) {
  if (node->input_count >= 1 && fuse_clamp(graph, node)) {
    return MS_OK;
  }
  if (node->op->run == ms_run_batch_norm) {
    return fuse_batch_norm(graph, node);
  }
  if (node->op->run != ms_run_binary || node->input_count != 2 ||
      !ms_type_is_float(node->outputs[0]->type)) {
    return MS_OK;
  }
  /* A product that takes a node over stands in its place. */
  for (size_t i = 0; i < 2 && graph->order[node->order_index] == node; i++) {
    MS_TRY(fuse_constant(graph, node, i));
  }
  if (graph->order[node->order_index] == node) {
    fuse_residual(graph, node);
  }
  return MS_OK;
}

ms_status ms_graph_fuse(ms_graph *graph) {
  for (ms_node **at = graph->order; *at != NULL; at++) {
    MS_TRY(fuse_node(graph, *at));
  }
  ms_graph_compact(graph);
  return MS_OK;
}
