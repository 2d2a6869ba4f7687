/*
 * Builds the graph from the raw view: names become pointers, nodes get their operators and an order
 * in which every input is ready before it is read. What the graph does not need for its outputs is
 * left out, whatever it is. Shapes are left to the infer pass.
 */
#include "nn/graph.h"

#include <string.h>

#include "nn/names.h"

enum { MAX_OPSET = 21, MARK_NONE = 0, MARK_NEEDED = 1, MARK_OPEN = 2, MARK_DONE = 3 };

ms_status ms_node_fail_4(ms_graph *graph, const ms_node *node, ms_status status, const char *format,
                         uint64_t a, uint64_t b, uint64_t c, uint64_t d) {
  const uint64_t words[] = {a, b, c, d};
  char text[320];
  ms_format_words(text, sizeof text, format, words);
  return ms_fail(graph->context, status, "%s '%.*s' (opset %lld): %s", node->op->name,
                 MS_TEXT(node->name), (long long)graph->opset, text);
}

ms_status ms_node_fail_2(ms_graph *graph, const ms_node *node, ms_status status, const char *format,
                         uint64_t a, uint64_t b) {
  return ms_node_fail_4(graph, node, status, format, a, b, 0, 0);
}

ms_value *ms_graph_add_value(ms_graph *graph, const ms_value *like) {
  ms_value *created = ms_pool_take(graph->context, &graph->pool, 1, sizeof *created);
  if (created == NULL) {
    return NULL;
  }
  if (like != NULL) {
    created->name = like->name;
    created->type = like->type;
    created->shape = like->shape;
    created->count = like->count;
    created->channels_last = like->channels_last;
  }
  created->index = graph->value_count++;
  created->next = graph->values;
  graph->values = created;
  return created;
}

ms_node *ms_graph_add_node(ms_graph *graph, const ms_op *op, size_t input_count,
                           size_t output_count) {
  ms_context *context = graph->context;
  ms_node *created = ms_pool_take(context, &graph->pool, 1, sizeof *created);
  if (created == NULL) {
    return NULL;
  }
  created->op = op;
  created->layout = op == NULL ? MS_LAYOUT_PLANAR : op->layout;
  created->input_count = input_count;
  created->output_count = output_count;
  created->inputs =
      ms_pool_take(context, &graph->pool, input_count + MS_INPUT_COUNT_FUSED + output_count,
                   sizeof *created->inputs);
  if (created->inputs == NULL) {
    return NULL;
  }
  created->outputs = created->inputs + input_count + MS_INPUT_COUNT_FUSED;
  return created;
}

void ms_graph_compact(ms_graph *graph) {
  ms_node **order = graph->order;
  size_t count = 0;
  for (size_t i = 0; i < graph->order_count; i++) {
    ms_node *node = order[i];
    if (node != NULL) {
      node->order_index = count;
      order[count++] = node;
    }
  }
  order[count] = NULL;
  graph->order_count = count;
}

void ms_graph_remove_node(ms_graph *graph, ms_node *node) {
  graph->order[node->order_index] = NULL;
  for (size_t i = 0; i < node->input_count; i++) {
    if (node->inputs[i] != NULL) {
      ms_value_release(graph, node->inputs[i]);
    }
  }
}

/* A new value that is found by its name, which no other may have. */
static ms_status add_named(ms_graph *graph, ms_names *names, const ms_text *name,
                           ms_value **value) {
  if (ms_names_find(names, name) != NULL) {
    return ms_fail(graph->context, MS_ERR_FORMAT, "'%.*s' is produced twice", MS_TEXT(*name));
  }
  *value = ms_graph_add_value(graph, NULL);
  MS_TRY(MS_HAS_MEMORY(*value));
  (*value)->name = *name;
  ms_names_add(names, *value);
  return MS_OK;
}

/* Makes a value the constant that a tensor is. */
static void set_tensor(ms_value *value, const ms_onnx_tensor *tensor) {
  value->type = tensor->type;
  value->shape = tensor->shape;
  value->count = tensor->count;
  value->tensor = tensor;
  value->is_constant = true;
}

static ms_status add_initializers(ms_graph *graph, const ms_onnx_model *model, ms_names *names) {
  for (size_t i = 0; i < model->initializer_count; i++) {
    const ms_onnx_tensor *tensor = &model->initializers[i];
    ms_value *value = NULL;
    MS_TRY(add_named(graph, names, &tensor->name, &value));
    set_tensor(value, tensor);
  }
  return MS_OK;
}

/* The options' entry for an input, NULL if there is none. */
static const ms_graph_input *find_option(const ms_graph_options *options, const ms_text *name) {
  for (size_t i = 0; i < options->input_count; i++) {
    if (ms_text_is(name, options->inputs[i].name)) {
      return &options->inputs[i];
    }
  }
  return NULL;
}

/* What an input's sizes are to be, whatever the file says; false if the caller leaves them open. */
static bool wanted_shape(const ms_graph *graph, const ms_graph_options *options,
                         const ms_graph_input *option, const ms_onnx_value *input,
                         ms_shape *wanted) {
  if (graph->input_count == 0 && options->image_size != NULL) {
    wanted->rank = 4;
    wanted->dims[0] = 1;
    memcpy(wanted->dims + 1, options->image_size, 3 * sizeof(size_t));
    return true;
  }
  if (option != NULL) {
    *wanted = option->shape;
    return true;
  }
  wanted->rank = input->shape == NULL ? 4 : input->shape->rank;
  for (size_t i = 0; i < wanted->rank; i++) {
    wanted->dims[i] = options->open_side;
  }
  wanted->dims[0] = 1;
  if (wanted->rank == 4) {
    wanted->dims[1] = 3;
  }
  return false;
}

/* An input's shape: the file's sizes, and the caller's where the file leaves them open. */
static ms_status resolve_shape(ms_graph *graph, const ms_onnx_value *input,
                               const ms_graph_options *options, const ms_graph_input *option,
                               ms_shape *shape) {
  const ms_onnx_shape *given = input->shape;
  bool is_wanted = wanted_shape(graph, options, option, input, shape);
  bool may_be_open = is_wanted || options->open_side > 0;
  if (given == NULL && !may_be_open) {
    return ms_fail(graph->context, MS_ERR_UNSUPPORTED, "input '%.*s' has no shape",
                   MS_TEXT(input->name));
  }
  if (given != NULL && given->rank != shape->rank) {
    return ms_fail(graph->context, MS_ERR_ARGUMENT, "input '%.*s' has %zu dimensions, not %zu",
                   MS_TEXT(input->name), given->rank, shape->rank);
  }
  for (size_t i = 0; given != NULL && i < shape->rank; i++) {
    const ms_onnx_size *dim = &given->dims[i];
    if (dim->number_count > 0 && dim->number[0] >= 0) {
      size_t wanted = shape->dims[i];
      shape->dims[i] = (size_t)dim->number[0];
      if (is_wanted && shape->dims[i] != wanted) {
        return ms_fail(graph->context, MS_ERR_ARGUMENT,
                       "input '%.*s' has the size %zu in dimension %zu, not %zu",
                       MS_TEXT(input->name), shape->dims[i], i, wanted);
      }
    } else if (!may_be_open && i > 0) {
      return ms_fail(graph->context, MS_ERR_UNSUPPORTED, "input '%.*s' leaves its size %zu open",
                     MS_TEXT(input->name), i);
    }
  }
  return MS_OK;
}

static ms_status add_input(ms_graph *graph, const ms_onnx_value *input,
                           const ms_graph_options *options, ms_names *names) {
  const ms_graph_input *option = find_option(options, &input->name);
  const ms_node none = {.op = ms_op_internal("Input"), .name = input->name};
  ms_shape shape = {0};
  ms_value *value = NULL;
  MS_TRY(add_named(graph, names, &input->name, &value));
  value->is_input = true;
  if (option != NULL && option->constant != NULL) {
    set_tensor(value, option->constant);
  } else {
    MS_TRY(resolve_shape(graph, input, options, option, &shape));
    MS_TRY(ms_value_set(graph, &none, value, input->type, &shape));
    value->channels_last = options->image_to_features && graph->input_count == 0;
  }
  graph->inputs[graph->input_count++] = value;
  return MS_OK;
}

static ms_status add_inputs(ms_graph *graph, const ms_onnx_model *model,
                            const ms_graph_options *options, ms_names *names) {
  MS_TRY(MS_KEEP(graph->context, &graph->pool, model->input_count, &graph->inputs));
  for (size_t i = 0; i < model->input_count; i++) {
    const ms_value *value = ms_names_find(names, &model->inputs[i].name);
    /* Files of older versions list their initializers here. */
    if (value == NULL || value->is_input) {
      MS_TRY(add_input(graph, &model->inputs[i], options, names));
    }
  }
  return MS_OK;
}

static ms_status add_node_outputs(ms_graph *graph, const ms_onnx_node *raw, ms_node *node,
                                  ms_names *names) {
  for (size_t i = 0; i < raw->output_count; i++) {
    ms_value *output = NULL;
    if (raw->outputs[i].size > 0) {
      MS_TRY(add_named(graph, names, &raw->outputs[i], &output));
    } else if (i == 0) { /* the first output always has a value, with a name or not */
      output = ms_graph_add_value(graph, NULL);
      MS_TRY(MS_HAS_MEMORY(output));
    } else {
      continue;
    }
    output->producer = node;
    node->outputs[i] = output;
  }
  node->attributes = raw->attributes;
  node->attribute_count = raw->attribute_count;
  node->name = raw->name;
  if (node->name.size == 0 && raw->output_count > 0) {
    node->name = raw->outputs[0];
  }
  return MS_OK;
}

static ms_status find_node_inputs(ms_graph *graph, const ms_onnx_node *raw, ms_node *node,
                                  const ms_names *names) {
  for (size_t i = 0; i < raw->input_count; i++) {
    const ms_text *name = &raw->inputs[i];
    if (name->size == 0) {
      continue;
    }
    node->inputs[i] = ms_names_find(names, name);
    if (node->inputs[i] == NULL) {
      return ms_fail(graph->context, MS_ERR_FORMAT,
                     "node '%.*s' reads '%.*s', which nothing produces", MS_TEXT(node->name),
                     MS_TEXT(*name));
    }
  }
  return MS_OK;
}

static ms_status add_nodes(ms_graph *graph, const ms_onnx_model *model, ms_names *names,
                           ms_node **nodes) {
  for (size_t i = 0; i < model->node_count; i++) {
    const ms_onnx_node *raw = &model->nodes[i];
    nodes[i] = ms_graph_add_node(graph, NULL, raw->input_count, raw->output_count);
    MS_TRY(MS_HAS_MEMORY(nodes[i]));
    MS_TRY(add_node_outputs(graph, raw, nodes[i], names));
  }
  for (size_t i = 0; i < model->node_count; i++) {
    MS_TRY(find_node_inputs(graph, &model->nodes[i], nodes[i], names));
  }
  return MS_OK;
}

static ms_status find_outputs(ms_graph *graph, const ms_onnx_model *model,
                              const ms_graph_options *options, const ms_names *names) {
  size_t count = options->image_to_features && model->output_count > 0 ? 1 : model->output_count;
  if (count == 0) {
    return ms_fail(graph->context, MS_ERR_FORMAT, "the graph has no output");
  }
  MS_TRY(MS_KEEP(graph->context, &graph->pool, count + 1, &graph->outputs));
  MS_TRY(MS_KEEP(graph->context, &graph->pool, count, &graph->output_names));
  graph->output_count = count;
  for (size_t i = 0; i < count; i++) {
    const ms_text *name = &model->outputs[i].name;
    ms_value *value = ms_names_find(names, name);
    if (value == NULL) {
      return ms_fail(graph->context, MS_ERR_FORMAT, "nothing produces the output '%.*s'",
                     MS_TEXT(*name));
    }
    value->is_output = true;
    graph->output_names[i] = *name;
    graph->outputs[i] = value;
  }
  return MS_OK;
}

/*
 * Appends a node to the order, after what it reads; does nothing for NULL and nodes that are there.
 * The stack stands for recursion; order_index holds the next input to look at until the node has
 * its place.
 */
static ms_status append_sorted(ms_graph *graph, ms_node *node, ms_node **stack) {
  size_t depth = 0;
  while (true) {
    if (node != NULL && node->mark == MARK_OPEN) {
      return ms_fail(graph->context, MS_ERR_FORMAT, "node '%.*s' depends on itself",
                     MS_TEXT(node->name));
    }
    if (node != NULL && node->mark != MARK_DONE) {
      node->mark = MARK_OPEN;
      stack[depth++] = node;
    }
    while (depth > 0 && stack[depth - 1]->order_index == stack[depth - 1]->input_count) {
      ms_node *done = stack[--depth];
      done->mark = MARK_DONE;
      graph->order[graph->order_count++] = done;
    }
    if (depth == 0) {
      return MS_OK;
    }
    ms_node *top = stack[depth - 1];
    const ms_value *input = top->inputs[top->order_index++];
    node = input == NULL ? NULL : input->producer;
  }
}

/* Finds a node's row of the operator table and checks how many inputs and outputs it has. */
static ms_status find_operator(ms_graph *graph, const ms_onnx_node *raw, ms_node *node) {
  enum { ANY = 255 };
  const ms_op *op = NULL;
  if (ms_onnx_is_own_domain(&raw->domain)) {
    op = ms_op_find(&raw->operator_name, graph->opset);
  }
  if (op == NULL) {
    return ms_fail(graph->context, MS_ERR_UNSUPPORTED,
                   "operator %.*s%s%.*s of opset %lld is unsupported (node '%.*s')",
                   MS_TEXT(raw->domain), raw->domain.size == 0 ? "" : ".",
                   MS_TEXT(raw->operator_name), (long long)graph->opset, MS_TEXT(node->name));
  }
  node->op = op;
  node->layout = op->layout;
  bool fits =
      node->output_count > 0 && (op->max_inputs == ANY || node->input_count <= op->max_inputs);
  for (size_t i = 0; i < op->min_inputs; i++) {
    fits = fits && ms_node_input(node, i) != NULL;
  }
  if (!fits) {
    return ms_node_fail(graph, node, MS_ERR_FORMAT, "has %zu inputs and %zu outputs",
                        node->input_count, node->output_count);
  }
  for (size_t i = op->max_outputs; i < node->output_count; i++) {
    if (node->outputs[i] != NULL) {
      return ms_node_fail(graph, node, MS_ERR_UNSUPPORTED, "its output %zu is unsupported", i);
    }
  }
  return MS_OK;
}

/*
 * Puts the nodes that the outputs depend on into an order. They are found by sorting from the
 * outputs on; the order itself is the file's, but for what is read too early there.
 */
static ms_status sort_nodes(ms_graph *graph, const ms_onnx_model *model, ms_node **nodes) {
  ms_node **stack = NULL;
  MS_TRY(MS_SCRATCH(graph->context, model->node_count, &stack));
  MS_TRY(MS_KEEP(graph->context, &graph->pool, model->node_count + 1, &graph->order));
  for (ms_value **at = graph->outputs; *at != NULL; at++) {
    MS_TRY(append_sorted(graph, (*at)->producer, stack));
  }
  for (size_t i = 0; i < graph->order_count; i++) {
    graph->order[i]->mark = MARK_NEEDED;
    graph->order[i]->order_index = 0;
  }
  graph->order_count = 0;
  for (size_t i = 0; i < model->node_count; i++) {
    if (nodes[i]->mark != MARK_NONE) {
      ms_status status = find_operator(graph, &model->nodes[i], nodes[i]);
      MS_TRY(ms_report_missing(graph, nodes[i], &model->nodes[i].operator_name, status));
      MS_TRY(append_sorted(graph, nodes[i], stack));
    }
  }
  ms_graph_compact(graph);
  return MS_OK;
}

/* Counts who reads each value, and the parameters that are read. */
static void count_uses(ms_graph *graph) {
  for (ms_node **at = graph->order; *at != NULL; at++) {
    for (size_t j = 0; j < (*at)->input_count; j++) {
      ms_value *input = (*at)->inputs[j];
      if (input == NULL || input->use_count++ > 0 || !input->is_constant || input->is_input ||
          input->shape.rank == 0) {
        continue;
      }
      if (ms_type_is_float(input->type) || input->type == MS_TYPE_INT8 ||
          input->type == MS_TYPE_UINT8) {
        graph->parameter_count += input->count;
      }
    }
  }
  for (ms_value **at = graph->outputs; *at != NULL; at++) {
    (*at)->use_count++;
  }
}

ms_status ms_graph_build(ms_graph *graph, const ms_onnx_model *model,
                         const ms_graph_options *options) {
  ms_names names = {0};
  ms_node **nodes = NULL;
  size_t name_count = model->initializer_count + model->input_count;
  if (model->opset > MAX_OPSET) {
    return ms_fail(graph->context, MS_ERR_UNSUPPORTED,
                   "the file uses opset %lld, this version reads up to %d", (long long)model->opset,
                   MAX_OPSET);
  }
  graph->opset = model->opset;
  graph->node_count = model->node_count;
  for (size_t i = 0; i < model->node_count; i++) {
    name_count += model->nodes[i].output_count;
  }
  MS_TRY(ms_names_make(graph->context, name_count, &names));
  MS_TRY(MS_SCRATCH(graph->context, model->node_count, &nodes));
  MS_TRY(add_initializers(graph, model, &names));
  MS_TRY(add_inputs(graph, model, options, &names));
  MS_TRY(add_nodes(graph, model, &names, nodes));
  MS_TRY(find_outputs(graph, model, options, &names));
  MS_TRY(sort_nodes(graph, model, nodes));
  count_uses(graph);
  return MS_OK;
}
