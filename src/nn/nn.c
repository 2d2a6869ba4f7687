/*
 * Loads a graph by running the passes one after the other, and runs it. What is needed for running
 * lives in the graph; everything else was scratch memory or is gone when loading ends.
 */
#include "nn/nn.h"

#include <string.h>

#include "nn/graph.h"

#define MAX_SCRATCH_SIZE ((size_t)1 << 30)

ms_status ms_node_prepare(ms_graph *graph, ms_node *node) {
  if (node->op->prepare != NULL) {
    MS_TRY(node->op->prepare(graph, node));
  }
  if (node->scratch_size > MAX_SCRATCH_SIZE) {
    return ms_node_fail(graph, node, MS_ERR_LIMIT, "%zu bytes of scratch memory",
                        node->scratch_size);
  }
  return MS_OK;
}

ms_status ms_graph_prepare(ms_graph *graph) {
  for (ms_node **at = graph->order; *at != NULL; at++) {
    MS_TRY(ms_node_prepare(graph, *at));
    if ((*at)->scratch_size > graph->scratch_size) {
      graph->scratch_size = (*at)->scratch_size;
    }
  }
  ms_graph_compact(graph); /* preparing may have joined nodes */
  for (ms_value *value = graph->values; value != NULL; value = value->next) {
    if (value->use_count == 0) {
      ms_value_unload(graph, value);
    } else if (value->is_constant) {
      MS_TRY(ms_value_load(graph, value));
    }
  }
  return MS_OK;
}

static ms_status keep_text(ms_graph *graph, ms_text *text) {
  char *copy = NULL;
  size_t size = (size_t)ms_text_cut(text);
  MS_TRY(MS_KEEP(graph->context, &graph->pool, size, &copy));
  if (size > 0) {
    memcpy(copy, text->bytes, size);
  }
  *text = (ms_text){copy, size};
  return MS_OK;
}

/* Copies the names that are needed later, and forgets what points into the file. */
static ms_status let_go_of_file(ms_graph *graph) {
  for (ms_value *value = graph->values; value != NULL; value = value->next) {
    value->tensor = NULL;
    if (!value->is_input && !value->is_output) {
      value->name = (ms_text){0};
    }
    MS_TRY(keep_text(graph, &value->name));
  }
  for (size_t i = 0; i < graph->output_count; i++) {
    MS_TRY(keep_text(graph, &graph->output_names[i]));
  }
  for (ms_node **at = graph->order; *at != NULL; at++) {
    (*at)->attributes = NULL;
    (*at)->attribute_count = 0;
    MS_TRY(keep_text(graph, &(*at)->name));
  }
  return MS_OK;
}

static ms_status load(ms_graph *graph, const void *bytes, size_t size,
                      const ms_graph_options *options) {
  ms_onnx_model model;
  MS_TRY(ms_onnx_read(graph->context, bytes, size, &model));
  MS_TRY(ms_graph_build(graph, &model, options));
  MS_TRY(ms_graph_infer(graph));
  MS_TRY(ms_graph_match_patterns(graph));
  MS_TRY(ms_graph_fuse(graph));
  MS_TRY(ms_graph_assign_layouts(graph));
  MS_TRY(ms_graph_prepare(graph));
  MS_TRY(ms_graph_plan(graph));
  return let_go_of_file(graph);
}

ms_status ms_graph_load(ms_context *context, const void *bytes, size_t size,
                        const ms_graph_options *options, ms_graph **graph) {
  ms_graph *created = NULL;
  uint8_t *scratch = NULL;
  *graph = NULL;
  MS_TRY(MS_NEW(context, 1, &created));
  created->context = context;
  created->kernels = ms_kernels_best();
  created->keeps_layout = options->image_to_features;
  created->precision = options->precision;
  created->report = options->report;
  ms_arena_mark mark = ms_arena_get_mark(context);
  ms_status status = load(created, bytes, size, options);
  ms_arena_drop(context, mark);
  if (status == MS_OK) { /* so that running finds this much scratch memory */
    status = MS_SCRATCH(context, created->scratch_size, &scratch);
    ms_arena_drop(context, mark);
  }
  if (status != MS_OK) {
    status = created->pool.is_full ? MS_ERR_LIMIT : status;
    ms_graph_destroy(created);
    return status;
  }
  *graph = created;
  return MS_OK;
}

void ms_graph_destroy(ms_graph *graph) {
  if (graph == NULL) {
    return;
  }
  for (ms_value *value = graph->values; value != NULL; value = value->next) {
    ms_value_unload(graph, value);
  }
  ms_release(graph->context, graph->arena);
  ms_pool_drop(graph->context, &graph->pool);
  ms_release(graph->context, graph);
}

size_t ms_graph_input_count(const ms_graph *graph) {
  return graph->input_count;
}

size_t ms_graph_output_count(const ms_graph *graph) {
  return graph->output_count;
}

static ms_tensor make_tensor(const ms_value *value, ms_text name) {
  return (ms_tensor){.name = name,
                     .type = value->type,
                     .shape = value->shape,
                     .count = value->count,
                     .channels_last = value->channels_last,
                     .data = value->data};
}

ms_tensor ms_graph_get_input(const ms_graph *graph, size_t i) {
  ms_tensor tensor = make_tensor(graph->inputs[i], graph->inputs[i]->name);
  tensor.data = graph->inputs[i]->is_constant ? NULL : tensor.data;
  return tensor;
}

ms_tensor ms_graph_get_output(const ms_graph *graph, size_t i) {
  return make_tensor(graph->outputs[i], graph->output_names[i]);
}

/* Runs nodes first … first + count - 1. */
static ms_status run_nodes(ms_graph *graph, size_t first, size_t count) {
  ms_context *context = graph->context;
  ms_run run = {.context = context, .kernels = graph->kernels};
  ms_status status = MS_OK;
  ms_arena_mark mark = ms_arena_get_mark(context);
  MS_TRY(MS_SCRATCH(context, graph->scratch_size, &run.scratch));
  for (size_t i = 0; status == MS_OK && i < count; i++) {
    const ms_node *node = graph->order[first + i];
    if (!(node->op->flags & MS_OP_VIEW)) {
      status = node->op->run(&run, node);
    }
  }
  ms_arena_drop(context, mark);
  return status;
}

ms_status ms_graph_run(ms_graph *graph) {
  return run_nodes(graph, 0, graph->order_count);
}

ms_status ms_graph_layer_run(ms_graph *graph, size_t layer) {
  if (layer >= graph->order_count) {
    return ms_fail(graph->context, MS_ERR_ARGUMENT, "layer %zu of %zu", layer, graph->order_count);
  }
  return run_nodes(graph, layer, 1);
}

size_t ms_graph_layer_count(const ms_graph *graph) {
  return graph->order_count;
}

uint64_t ms_graph_layer_mac_count(const ms_graph *graph, size_t layer) {
  return layer < graph->order_count ? graph->order[layer]->mac_count : 0;
}

/* Appends a shape to the text, where there is room. */
static size_t add_shape(const ms_shape *shape, const char *before, char *text, size_t size,
                        size_t used) {
  for (size_t i = 0; i < shape->rank; i++) {
    size_t at = used < size ? used : size;
    used += ms_format(text + at, size - at, "%s%zu", i == 0 ? before : "x", shape->dims[i]);
  }
  return used;
}

size_t ms_graph_layer_text(const ms_graph *graph, size_t layer, char *text, size_t size) {
  if (layer >= graph->order_count) {
    return 0;
  }
  const ms_node *node = graph->order[layer];
  size_t used = ms_format(text, size, "%s", node->op->name);
  if (node->input_count > 0 && node->inputs[0] != NULL) {
    used = add_shape(&node->inputs[0]->shape, " ", text, size, used);
  }
  return add_shape(&node->outputs[0]->shape, " -> ", text, size, used);
}

uint64_t ms_graph_mac_count(const ms_graph *graph) {
  return graph->mac_count;
}

uint64_t ms_graph_parameter_count(const ms_graph *graph) {
  return graph->parameter_count;
}

size_t ms_graph_memory_size(const ms_graph *graph) {
  return sizeof *graph + graph->pool.total_size + graph->constant_size + graph->arena_size;
}
