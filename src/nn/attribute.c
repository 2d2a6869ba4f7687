/* What infer functions read of a node: attributes, constant inputs, and checks on both. */
#include "nn/graph.h"

ms_value *ms_node_input(const ms_node *node, size_t i) {
  return i < node->input_count ? node->inputs[i] : NULL;
}

const ms_onnx_attribute *ms_node_attribute(const ms_node *node, const char *name) {
  for (size_t i = 0; i < node->attribute_count; i++) {
    if (ms_text_is(&node->attributes[i].name, name)) {
      return &node->attributes[i];
    }
  }
  return NULL;
}

/* Fails if an attribute is there, but of another kind. */
static ms_status check_kind(ms_graph *graph, const ms_node *node,
                            const ms_onnx_attribute *attribute, const char *name, int kind) {
  /* Files of the first versions leave the kind out. */
  if (attribute != NULL && attribute->kind != kind && attribute->kind != 0) {
    return ms_node_fail(graph, node, MS_ERR_FORMAT, "attribute %s is of kind %d, expected %d", name,
                        attribute->kind, kind);
  }
  return MS_OK;
}

ms_status ms_node_integer(ms_graph *graph, const ms_node *node, const char *name, int64_t otherwise,
                          int64_t *value) {
  const ms_onnx_attribute *attribute = ms_node_attribute(node, name);
  *value = attribute == NULL ? otherwise : attribute->integer;
  return check_kind(graph, node, attribute, name, MS_ONNX_INT);
}

ms_status ms_node_float(ms_graph *graph, const ms_node *node, const char *name, float otherwise,
                        float *value) {
  const ms_onnx_attribute *attribute = ms_node_attribute(node, name);
  *value = attribute == NULL ? otherwise : attribute->number;
  return check_kind(graph, node, attribute, name, MS_ONNX_FLOAT);
}

ms_status ms_node_integers(ms_graph *graph, const ms_node *node, const char *name,
                           const int64_t **values, size_t *count) {
  const ms_onnx_attribute *attribute = ms_node_attribute(node, name);
  *values = attribute == NULL ? NULL : attribute->integers;
  *count = attribute == NULL ? 0 : attribute->integer_count;
  return check_kind(graph, node, attribute, name, MS_ONNX_INTS);
}

ms_status ms_node_word(ms_graph *graph, const ms_node *node, const char *name, const char *words,
                       size_t *index) {
  const ms_onnx_attribute *attribute = ms_node_attribute(node, name);
  MS_TRY(check_kind(graph, node, attribute, name, MS_ONNX_STRING));
  if (attribute == NULL || attribute->text.size == 0) {
    return MS_OK;
  }
  for (size_t i = 0;; i++) {
    size_t size = 0;
    while (words[size] != '\0' && words[size] != ' ') {
      size++;
    }
    if (ms_text_has(&attribute->text, words, size)) {
      *index = i;
      return MS_OK;
    }
    if (words[size] == '\0') {
      return ms_node_fail(graph, node, MS_ERR_UNSUPPORTED, "%s '%.*s'", name,
                          MS_TEXT(attribute->text));
    }
    words += size + 1;
  }
}

ms_status ms_node_axis(ms_graph *graph, const ms_node *node, int64_t axis, size_t rank,
                       size_t *result) {
  int64_t signed_rank = (int64_t)rank;
  if (axis < -signed_rank || axis >= signed_rank) {
    return ms_node_fail(graph, node, MS_ERR_FORMAT, "axis %lld of a tensor of %zu dimensions",
                        (long long)axis, rank);
  }
  *result = (size_t)(axis < 0 ? axis + signed_rank : axis);
  return MS_OK;
}

ms_status ms_node_own_axis(ms_graph *graph, const ms_node *node, int64_t otherwise, size_t rank,
                           size_t *result) {
  int64_t axis = 0;
  MS_TRY(ms_node_integer(graph, node, "axis", otherwise, &axis));
  return ms_node_axis(graph, node, axis, rank, result);
}

/* Makes an input's numbers readable; fails unless it is a constant, of a float type or another. */
static ms_status load_constant(ms_graph *graph, const ms_node *node, size_t i, bool is_float) {
  ms_value *value = ms_node_input(node, i);
  if (value == NULL || !value->is_constant) {
    return ms_node_fail(graph, node, MS_ERR_UNSUPPORTED, "its input %zu is not a constant", i);
  }
  if (ms_type_is_float(value->type) != is_float) {
    return ms_node_fail(graph, node, MS_ERR_FORMAT, "its input %zu is of type %s", i,
                        ms_type_name(value->type));
  }
  return ms_value_load(graph, value);
}

ms_status ms_node_constant_integers(ms_graph *graph, const ms_node *node, size_t i,
                                    const int64_t **values, size_t *count) {
  MS_TRY(load_constant(graph, node, i, false));
  *values = ms_integers(node->inputs[i]);
  *count = node->inputs[i]->count;
  return MS_OK;
}

ms_status ms_node_constant_floats(ms_graph *graph, const ms_node *node, size_t i,
                                  const float **values, size_t *count) {
  MS_TRY(load_constant(graph, node, i, true));
  *values = ms_floats(node->inputs[i]);
  *count = node->inputs[i]->count;
  return MS_OK;
}

ms_status ms_node_list(ms_graph *graph, const ms_node *node, const char *name, int64_t input_since,
                       size_t i, const int64_t **values, size_t *count) {
  *values = NULL;
  *count = 0;
  if (graph->opset < input_since) {
    return ms_node_integers(graph, node, name, values, count);
  }
  return ms_node_input(node, i) == NULL ? MS_OK
                                        : ms_node_constant_integers(graph, node, i, values, count);
}

ms_status ms_node_constant_number(ms_graph *graph, const ms_node *node, size_t i, float *number,
                                  int64_t *integer) {
  const ms_value *value = ms_node_input(node, i);
  bool is_float = ms_type_is_float(node->inputs[0]->type);
  if (value == NULL) {
    return MS_OK;
  }
  MS_TRY(load_constant(graph, node, i, is_float));
  if (value->count != 1) {
    return ms_node_fail(graph, node, MS_ERR_FORMAT, "its input %zu has %zu numbers", i,
                        value->count);
  }
  if (is_float) {
    *number = ms_floats(value)[0];
  } else {
    *integer = ms_integers(value)[0];
  }
  return MS_OK;
}

ms_status ms_node_state(ms_graph *graph, ms_node *node, size_t size) {
  node->state = ms_pool_take(graph->context, &graph->pool, 1, size);
  return MS_HAS_MEMORY(node->state);
}

ms_status ms_node_expect_float(ms_graph *graph, const ms_node *node, size_t i) {
  const ms_value *value = ms_node_input(node, i);
  if (value == NULL || !ms_type_is_float(value->type)) {
    return ms_node_fail(graph, node, MS_ERR_UNSUPPORTED, "its input %zu is of type %s", i,
                        value == NULL ? "none" : ms_type_name(value->type));
  }
  return MS_OK;
}

void ms_node_keep_inputs(ms_node *node, size_t count) {
  while (node->input_count > count) {
    ms_node_set_input(node, --node->input_count, NULL);
  }
}

void ms_node_replace_output(ms_node *node, ms_value *value) {
  ms_value *output = node->outputs[0];
  output->replaced = value;
  value->use_count += output->use_count;
  value->is_output = value->is_output || output->is_output;
  output->use_count = 0;
}

void ms_node_release_input(ms_graph *graph, ms_node *node, size_t i) {
  ms_value *input = ms_node_input(node, i);
  if (input != NULL) {
    node->inputs[i] = NULL;
    ms_value_release(graph, input);
  }
}

void ms_node_set_input(ms_node *node, size_t i, ms_value *value) {
  if (node->inputs[i] != NULL) {
    node->inputs[i]->use_count--;
  }
  node->inputs[i] = value;
  if (value != NULL) {
    value->use_count++;
  }
}
