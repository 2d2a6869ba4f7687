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

ms_status ms_graph_add_value(ms_graph *graph, const ms_value *like, ms_value **value) {
  ms_context *context = graph->context;
  ms_value *created = NULL;
  if (graph->value_count == graph->value_room) {
    size_t room = graph->value_room == 0 ? 256 : graph->value_room * 2;
    ms_value **values = NULL;
    MS_TRY(MS_NEW(context, room, &values));
    if (graph->value_count > 0) {
      memcpy(values, graph->values, graph->value_count * sizeof *values);
    }
    ms_release(context, graph->values);
    graph->values = values;
    graph->value_room = room;
  }
  MS_TRY(MS_KEEP(context, &graph->pool, 1, &created));
  if (like != NULL) {
    created->name = like->name;
    created->type = like->type;
    created->shape = like->shape;
    created->count = like->count;
    created->channels_last = like->channels_last;
  }
  created->index = graph->value_count;
  graph->values[graph->value_count++] = created;
  *value = created;
  return MS_OK;
}

ms_status ms_graph_add_node(ms_graph *graph, const ms_op *op, size_t input_count,
                            size_t output_count, ms_node **node) {
  ms_context *context = graph->context;
  ms_node *created = NULL;
  MS_TRY(MS_KEEP(context, &graph->pool, 1, &created));
  created->op = op;
  created->layout = op == NULL ? MS_LAYOUT_PLANAR : op->layout;
  created->input_count = input_count;
  created->output_count = output_count;
  MS_TRY(MS_KEEP(context, &graph->pool, input_count, &created->inputs));
  MS_TRY(MS_KEEP(context, &graph->pool, output_count, &created->outputs));
  *node = created;
  return MS_OK;
}

ms_status ms_graph_add_constant(ms_graph *graph, const ms_shape *shape, ms_value **value) {
  MS_TRY(ms_graph_add_value(graph, NULL, value));
  (*value)->type = MS_TYPE_FLOAT;
  (*value)->shape = *shape;
  (*value)->is_constant = true;
  if (!ms_shape_count(shape, &(*value)->count)) {
    return ms_fail(graph->context, MS_ERR_LIMIT, "a constant exceeds 1 GiB");
  }
  return ms_value_allocate(graph, *value);
}

void ms_graph_compact(ms_graph *graph) {
  size_t count = 0;
  for (size_t i = 0; i < graph->order_count; i++) {
    if (graph->order[i] != NULL) {
      graph->order[count] = graph->order[i];
      graph->order[count]->order_index = count;
      count++;
    }
  }
  graph->order_count = count;
}

void ms_graph_remove_node(ms_graph *graph, ms_node *node) {
  graph->order[node->order_index] = NULL;
  for (size_t i = 0; i < node->input_count; i++) {
    ms_value *input = node->inputs[i];
    if (input != NULL && --input->use_count == 0 && input->is_constant) {
      ms_value_unload(graph, input);
    }
  }
}

static ms_status add_initializers(ms_graph *graph, const ms_onnx_model *model, ms_names *names) {
  for (size_t i = 0; i < model->initializer_count; i++) {
    const ms_onnx_tensor *tensor = &model->initializers[i];
    ms_value *value = NULL;
    if (ms_names_find(names, &tensor->name) != NULL) {
      return ms_fail(graph->context, MS_ERR_FORMAT, "two initializers are called '%.*s'",
                     MS_TEXT(tensor->name));
    }
    MS_TRY(ms_graph_add_value(graph, NULL, &value));
    value->name = tensor->name;
    value->type = tensor->type;
    value->shape = tensor->shape;
    value->count = tensor->count;
    value->tensor = tensor;
    value->is_constant = true;
    ms_names_add(names, value);
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
                         const ms_onnx_value *input, ms_shape *wanted) {
  const ms_graph_input *option = find_option(options, &input->name);
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
    wanted->dims[i] = i == 0 ? 1 : i == 1 && wanted->rank == 4 ? 3 : options->open_side;
  }
  return false;
}

/* An input's shape: the file's sizes, and the caller's where the file leaves them open. */
static ms_status resolve_shape(ms_graph *graph, const ms_onnx_value *input,
                               const ms_graph_options *options, ms_shape *shape) {
  const ms_onnx_shape *given = input->shape;
  bool is_wanted = wanted_shape(graph, options, input, shape);
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

static ms_status add_inputs(ms_graph *graph, const ms_onnx_model *model,
                            const ms_graph_options *options, ms_names *names) {
  MS_TRY(MS_KEEP(graph->context, &graph->pool, model->input_count, &graph->inputs));
  for (size_t i = 0; i < model->input_count; i++) {
    const ms_onnx_value *input = &model->inputs[i];
    const ms_graph_input *option = find_option(options, &input->name);
    ms_value *value = ms_names_find(names, &input->name);
    if (value != NULL) {
      if (!value->is_constant || value->is_input) {
        return ms_fail(graph->context, MS_ERR_FORMAT, "two inputs are called '%.*s'",
                       MS_TEXT(input->name));
      }
      continue; /* files of older versions list their initializers here */
    }
    MS_TRY(ms_graph_add_value(graph, NULL, &value));
    value->name = input->name;
    value->is_input = true;
    ms_names_add(names, value);
    if (option != NULL && option->constant != NULL) {
      value->type = option->constant->type;
      value->shape = option->constant->shape;
      value->count = option->constant->count;
      value->tensor = option->constant;
      value->is_constant = true;
    } else {
      ms_shape shape = {0};
      ms_node none = {.op = ms_op_internal("Input"), .name = input->name};
      MS_TRY(resolve_shape(graph, input, options, &shape));
      MS_TRY(ms_value_set(graph, &none, value, input->type, &shape));
      value->channels_last = options->image_to_features && graph->input_count == 0;
    }
    graph->inputs[graph->input_count++] = value;
  }
  return MS_OK;
}

static ms_status add_node_outputs(ms_graph *graph, const ms_onnx_node *raw, ms_node *node,
                                  ms_names *names) {
  for (size_t i = 0; i < raw->output_count; i++) {
    if (raw->outputs[i].size == 0 && i > 0) {
      continue; /* the first output always has a value, with a name or not */
    }
    if (raw->outputs[i].size > 0 && ms_names_find(names, &raw->outputs[i]) != NULL) {
      return ms_fail(graph->context, MS_ERR_FORMAT, "'%.*s' is produced twice",
                     MS_TEXT(raw->outputs[i]));
    }
    MS_TRY(ms_graph_add_value(graph, NULL, &node->outputs[i]));
    node->outputs[i]->name = raw->outputs[i];
    node->outputs[i]->producer = node;
    if (raw->outputs[i].size > 0) {
      ms_names_add(names, node->outputs[i]);
    }
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
    if (raw->inputs[i].size == 0) {
      continue;
    }
    node->inputs[i] = ms_names_find(names, &raw->inputs[i]);
    if (node->inputs[i] == NULL) {
      return ms_fail(graph->context, MS_ERR_FORMAT,
                     "node '%.*s' reads '%.*s', which nothing produces", MS_TEXT(node->name),
                     MS_TEXT(raw->inputs[i]));
    }
  }
  return MS_OK;
}

static ms_status add_nodes(ms_graph *graph, const ms_onnx_model *model, ms_names *names,
                           ms_node **nodes) {
  for (size_t i = 0; i < model->node_count; i++) {
    const ms_onnx_node *raw = &model->nodes[i];
    MS_TRY(ms_graph_add_node(graph, NULL, raw->input_count, raw->output_count, &nodes[i]));
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
  MS_TRY(MS_KEEP(graph->context, &graph->pool, count, &graph->outputs));
  MS_TRY(MS_KEEP(graph->context, &graph->pool, count, &graph->output_names));
  for (size_t i = 0; i < count; i++) {
    ms_value *value = ms_names_find(names, &model->outputs[i].name);
    if (value == NULL) {
      return ms_fail(graph->context, MS_ERR_FORMAT, "nothing produces the output '%.*s'",
                     MS_TEXT(model->outputs[i].name));
    }
    value->is_output = true;
    graph->output_names[graph->output_count] = value->name;
    graph->outputs[graph->output_count++] = value;
  }
  return MS_OK;
}

static void push_needed(ms_node *node, ms_node **stack, size_t *depth) {
  if (node != NULL && node->mark == MARK_NONE) {
    node->mark = MARK_NEEDED;
    stack[(*depth)++] = node;
  }
}

/* Marks the nodes that the outputs depend on. */
static void mark_needed(const ms_graph *graph, ms_node **stack) {
  size_t depth = 0;
  for (size_t i = 0; i < graph->output_count; i++) {
    push_needed(graph->outputs[i]->producer, stack, &depth);
  }
  while (depth > 0) {
    const ms_node *node = stack[--depth];
    for (size_t i = 0; i < node->input_count; i++) {
      push_needed(node->inputs[i] == NULL ? NULL : node->inputs[i]->producer, stack, &depth);
    }
  }
}

/*
 * Appends a node to the order, after what it reads. The stack stands for recursion; order_index
 * holds the next input to look at until the node has its place.
 */
static ms_status append_sorted(ms_graph *graph, ms_node *node, ms_node **stack) {
  size_t depth = 0;
  stack[depth++] = node;
  node->mark = MARK_OPEN;
  while (depth > 0) {
    ms_node *top = stack[depth - 1];
    if (top->order_index == top->input_count) {
      top->mark = MARK_DONE;
      graph->order[graph->order_count++] = top;
      depth--;
      continue;
    }
    const ms_value *input = top->inputs[top->order_index++];
    ms_node *producer = input == NULL ? NULL : input->producer;
    if (producer == NULL || producer->mark == MARK_DONE) {
      continue;
    }
    if (producer->mark == MARK_OPEN) {
      return ms_fail(graph->context, MS_ERR_FORMAT, "node '%.*s' depends on itself",
                     MS_TEXT(producer->name));
    }
    producer->mark = MARK_OPEN;
    stack[depth++] = producer;
  }
  return MS_OK;
}

/* Finds a node's row of the operator table and checks how many inputs and outputs it has. */
static ms_status find_operator(ms_graph *graph, const ms_onnx_node *raw, ms_node *node) {
  bool is_own = ms_onnx_is_own_domain(&raw->domain);
  ms_text domain = is_own ? (ms_text){0} : raw->domain;
  node->op = is_own ? ms_op_find(&raw->operator_name, graph->opset) : NULL;
  if (node->op == NULL) {
    return ms_fail(graph->context, MS_ERR_UNSUPPORTED,
                   "operator %.*s%s%.*s of opset %lld is unsupported (node '%.*s')",
                   MS_TEXT(domain), is_own ? "" : ".", MS_TEXT(raw->operator_name),
                   (long long)graph->opset, MS_TEXT(node->name));
  }
  node->layout = node->op->layout;
  size_t required = node->op->min_inputs;
  bool fits = node->input_count >= required && node->output_count > 0 &&
              node->input_count <= node->op->max_inputs;
  fits = fits || (node->op->max_inputs == 255 && node->input_count >= required);
  for (size_t i = 0; fits && i < required; i++) {
    fits = node->inputs[i] != NULL;
  }
  if (!fits) {
    return ms_node_fail(graph, node, MS_ERR_FORMAT, "has %zu inputs and %zu outputs",
                        node->input_count, node->output_count);
  }
  for (size_t i = node->op->max_outputs; i < node->output_count; i++) {
    if (node->outputs[i] != NULL) {
      return ms_node_fail(graph, node, MS_ERR_UNSUPPORTED, "its output %zu is unsupported", i);
    }
  }
  return MS_OK;
}

static ms_status sort_nodes(ms_graph *graph, const ms_onnx_model *model, ms_node **nodes) {
  ms_node **stack = NULL;
  MS_TRY(MS_SCRATCH(graph->context, model->node_count, &stack));
  MS_TRY(MS_KEEP(graph->context, &graph->pool, model->node_count, &graph->order));
  mark_needed(graph, stack);
  for (size_t i = 0; i < model->node_count; i++) {
    if (nodes[i]->mark != MARK_NONE) {
      ms_status status = find_operator(graph, &model->nodes[i], nodes[i]);
      MS_TRY(ms_report_missing(graph, nodes[i], model->nodes[i].operator_name, status));
    }
  }
  for (size_t i = 0; i < model->node_count; i++) {
    if (nodes[i]->mark == MARK_NEEDED) {
      MS_TRY(append_sorted(graph, nodes[i], stack));
    }
  }
  ms_graph_compact(graph);
  return MS_OK;
}

/* Counts who reads each value, and the parameters that are read. */
static void count_uses(ms_graph *graph) {
  for (size_t i = 0; i < graph->order_count; i++) {
    const ms_node *node = graph->order[i];
    for (size_t j = 0; j < node->input_count; j++) {
      ms_value *input = node->inputs[j];
      if (input == NULL) {
        continue;
      }
      if (input->use_count == 0 && input->is_constant && !input->is_input &&
          ms_type_size(input->type) > 0 && input->shape.rank > 0) {
        bool is_number = ms_type_is_float(input->type) || input->type == MS_TYPE_INT8 ||
                         input->type == MS_TYPE_UINT8;
        graph->parameter_count += is_number ? input->count : 0;
      }
      input->use_count++;
    }
  }
  for (size_t i = 0; i < graph->output_count; i++) {
    graph->outputs[i]->use_count++;
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
