/*
 * The layout pass. Convolutions and pools want channels last, matrix products want what ONNX says,
 * most others take either. Conversions are inserted where two wishes meet; a tensor of one pixel or
 * one channel needs none.
 */
#include "nn/loop.h"
#include "nn/ops.h"

/* A constant in the other layout: converted now. */
static ms_status convert_constant(ms_graph *graph, ms_value *value, ms_value *copy) {
  ms_loop loop = ms_loop_over(&copy->shape);
  copy->is_constant = true;
  MS_TRY(ms_value_load(graph, value));
  MS_TRY(ms_value_allocate(graph, copy));
  ms_loop_operand(&loop, 0, copy);
  ms_loop_operand(&loop, 1, value);
  ms_loop_copy_value(graph->kernels, &loop, copy, 0, value, 0);
  return MS_OK;
}

/* The value in a layout: itself, its copy, or a new copy that a new node makes. */
static ms_status convert(ms_graph *graph, bool channels_last, ms_value **converted) {
  ms_value *value = *converted;
  if (value->channels_last == channels_last || ms_value_is_neutral(value)) {
    return MS_OK;
  }
  if (value->other_copy == NULL) {
    ms_value *copy = ms_graph_add_value(graph, value);
    MS_TRY(MS_HAS_MEMORY(copy));
    copy->channels_last = channels_last;
    value->other_copy = copy;
    if (value->is_constant) {
      MS_TRY(convert_constant(graph, value, copy));
    } else {
      ms_node *node = ms_graph_add_node(graph, ms_op_internal("Layout"), 1, 1);
      MS_TRY(MS_HAS_MEMORY(node));
      node->name = value->name;
      node->outputs[0] = copy;
      copy->producer = node;
      ms_node_set_input(node, 0, value);
      graph->order[graph->order_count++] = node;
    }
  }
  value->use_count--;
  *converted = value->other_copy;
  (*converted)->use_count++;
  return MS_OK;
}

static ms_status convert_input(ms_graph *graph, ms_node *node, size_t i, bool channels_last) {
  return ms_node_input(node, i) == NULL ? MS_OK : convert(graph, channels_last, &node->inputs[i]);
}

static void set_outputs(ms_node *node, bool channels_last) {
  for (size_t i = 0; i < node->output_count; i++) {
    if (node->outputs[i] != NULL) {
      node->outputs[i]->channels_last = channels_last && node->outputs[i]->shape.rank >= 3;
    }
  }
}

/* Whether an input that is no constant has channels last where it matters. */
static bool wants_last(const ms_node *node) {
  for (size_t i = 0; i < node->input_count; i++) {
    const ms_value *input = node->inputs[i];
    if (input != NULL && !input->is_constant && input->channels_last &&
        !ms_value_is_neutral(input)) {
      return true;
    }
  }
  return false;
}

static ms_status follow_inputs(ms_graph *graph, ms_node *node) {
  bool channels_last = wants_last(node);
  for (size_t i = 0; i < node->input_count; i++) {
    if (node->inputs[i] != NULL && node->inputs[i]->shape.rank == node->outputs[0]->shape.rank) {
      MS_TRY(convert_input(graph, node, i, channels_last));
    }
  }
  set_outputs(node, channels_last);
  return MS_OK;
}

/* A reshape that leaves batch and channels alone only joins or splits the pixels. */
static ms_status pass_reshape(ms_graph *graph, ms_node *node) {
  const ms_value *x = node->inputs[0];
  ms_value *y = node->outputs[0];
  bool keeps = x->channels_last && x->shape.rank >= 3 && y->shape.rank >= 3 &&
               x->shape.dims[0] == y->shape.dims[0] && x->shape.dims[1] == y->shape.dims[1];
  if (!keeps) {
    MS_TRY(convert_input(graph, node, 0, false));
  }
  y->channels_last = keeps;
  return MS_OK;
}

/* The output takes the layout in which nothing has to move, if there is one. */
static void pass_transpose(ms_node *node) {
  ms_value *y = node->outputs[0];
  bool is_view = ms_transpose_is_view(node);
  if (!is_view && y->shape.rank >= 3) {
    y->channels_last = true;
    is_view = ms_transpose_is_view(node);
    y->channels_last = is_view;
  }
  if (is_view) {
    node->op = ms_op_internal("View");
  }
}

static ms_status assign(ms_graph *graph, ms_node *node) {
  switch (node->layout) {
  case MS_LAYOUT_LAST:
    MS_TRY(convert_input(graph, node, 0, true));
    MS_TRY(convert_input(graph, node, MS_INPUT_RESIDUAL, true));
    set_outputs(node, true);
    return MS_OK;
  case MS_LAYOUT_FOLLOW:
    return follow_inputs(graph, node);
  case MS_LAYOUT_RESHAPE:
    return pass_reshape(graph, node);
  case MS_LAYOUT_TRANSPOSE:
    pass_transpose(node);
    return MS_OK;
  case MS_LAYOUT_FREE:
    return MS_OK;
  default:
    for (size_t i = 0; i < node->input_count; i++) {
      MS_TRY(convert_input(graph, node, i, false));
    }
    return MS_OK;
  }
}

ms_status ms_graph_assign_layouts(ms_graph *graph) {
  ms_node **at = graph->order;
  size_t room = graph->order_count + graph->value_count + 1; /* one conversion for each value */
  MS_TRY(MS_KEEP(graph->context, &graph->pool, room, &graph->order));
  for (graph->order_count = 0; *at != NULL; at++) {
    MS_TRY(assign(graph, *at));
    graph->order[graph->order_count++] = *at;
  }
  for (ms_value **output = graph->outputs; !graph->keeps_layout && *output != NULL; output++) {
    MS_TRY(convert(graph, false, output));
  }
  ms_graph_compact(graph);
  return MS_OK;
}
