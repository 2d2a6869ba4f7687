/*
 * The infer pass: goes over the nodes in order, so that every input has its shape when it is read.
 * What depends on constants only is computed here, by the operator's own run function; after this
 * pass shape arithmetic is gone.
 */
#include <string.h>

#include "nn/graph.h"

/* Dequantizing a network's weights takes two elements for each, shape arithmetic next to nothing.
 */
#define MAX_FOLD_WORK ((uint64_t)1 << 29)

static ms_status check_outputs(ms_graph *graph, const ms_node *node) {
  for (size_t i = 0; i < node->output_count; i++) {
    const ms_value *output = node->outputs[i];
    if (output != NULL && output->use_count > 0 && output->type == MS_TYPE_NONE) {
      return ms_node_fail(graph, node, MS_ERR_UNSUPPORTED, "its output %zu is unsupported", i);
    }
  }
  return MS_OK;
}

static bool all_constant(const ms_node *node) {
  for (size_t i = 0; i < node->input_count; i++) {
    if (node->inputs[i] != NULL && !node->inputs[i]->is_constant) {
      return false;
    }
  }
  return true;
}

/* A view of a constant: the same numbers under another shape or float type. */
static ms_status fold_view(ms_graph *graph, const ms_value *input, ms_value *output) {
  output->is_constant = true;
  if (input->data == NULL) {
    output->tensor = input->tensor;
    return MS_OK;
  }
  MS_TRY(ms_value_allocate(graph, output));
  memcpy(output->data, input->data, ms_value_size(output));
  return MS_OK;
}

/* Runs a node now. What that takes is counted in elements and products. */
static ms_status fold(ms_graph *graph, ms_node *node) {
  ms_context *context = graph->context;
  ms_run run = {.context = context, .kernels = graph->kernels};
  if (node->op->flags & MS_OP_VIEW) {
    return fold_view(graph, node->inputs[0], node->outputs[0]);
  }
  graph->fold_work += node->mac_count;
  for (size_t i = 0; i < node->input_count; i++) {
    if (node->inputs[i] != NULL) {
      graph->fold_work += node->inputs[i]->count;
      MS_TRY(ms_value_load(graph, node->inputs[i]));
    }
  }
  for (size_t i = 0; i < node->output_count; i++) {
    if (node->outputs[i] != NULL && node->outputs[i]->type != MS_TYPE_NONE) {
      graph->fold_work += node->outputs[i]->count;
      node->outputs[i]->is_constant = true;
      MS_TRY(ms_value_allocate(graph, node->outputs[i]));
    }
  }
  if (graph->fold_work > MAX_FOLD_WORK) {
    return ms_node_fail(graph, node, MS_ERR_LIMIT, "too many numbers to compute when loading");
  }
  MS_TRY(ms_node_prepare(graph, node));
  ms_arena_mark mark = ms_arena_get_mark(context);
  MS_TRY(MS_SCRATCH(context, node->scratch_size, &run.scratch));
  ms_status status = node->op->run(&run, node);
  ms_arena_drop(context, mark);
  return status == MS_ERR_DATA ? MS_ERR_FORMAT : status;
}

static ms_value *follow(ms_value *value) {
  while (value != NULL && value->replaced != NULL) {
    value = value->replaced;
  }
  return value;
}

static ms_status infer_node(ms_graph *graph, ms_node *node) {
  MS_TRY(node->op->infer(graph, node));
  bool is_done = node->outputs[0]->replaced != NULL || node->outputs[0]->is_constant;
  if (!is_done) {
    MS_TRY(check_outputs(graph, node));
    /* Operators that want channels last find them only after the layout pass. */
    if (node->layout != MS_LAYOUT_LAST && all_constant(node)) {
      MS_TRY(fold(graph, node));
      is_done = true;
    }
  }
  if (is_done) {
    ms_graph_remove_node(graph, node);
  } else {
    graph->mac_count += node->mac_count;
  }
  return MS_OK;
}

ms_status ms_graph_infer(ms_graph *graph) {
  for (ms_node **at = graph->order; *at != NULL; at++) {
    ms_node *node = *at;
    for (size_t k = 0; k < node->input_count; k++) {
      node->inputs[k] = follow(node->inputs[k]);
    }
    if (graph->report == NULL) {
      MS_TRY(infer_node(graph, node));
    } else if (!ms_report_skip(graph, node)) {
      const ms_text name = {node->op->name, strlen(node->op->name)};
      MS_TRY(ms_report_missing(graph, node, &name, infer_node(graph, node)));
    }
  }
  if (graph->report != NULL && graph->report->missing_count > 0) {
    return MS_ERR_UNSUPPORTED; /* the report says what */
  }
  for (ms_value **at = graph->outputs; *at != NULL; at++) {
    *at = follow(*at);
  }
  ms_graph_compact(graph);
  return MS_OK;
}
