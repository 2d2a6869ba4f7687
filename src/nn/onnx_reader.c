/*
 * ONNX messages into the raw view: model, graph, nodes, attributes and the types of graph inputs.
 * Field numbers are those of the published onnx.proto; fields that mean nothing here are passed
 * over. Tensors are read in onnx_tensor.c, what the nodes mean is left to the graph.
 */
#include <string.h>

#include "nn/onnx_fields.h"

#define MAX_FILE_SIZE ((size_t)512 << 20)
enum { MAX_NODES = 65536, MAX_TENSORS = 65536, MAX_PORTS = 65536, MAX_ATTRIBUTES = 256 };

static const char *const message_name = "ONNX file";

bool ms_text_is(ms_text text, const char *string) {
  return text.size == strlen(string) &&
         (text.size == 0 || memcmp(text.bytes, string, text.size) == 0);
}

bool ms_text_equal(ms_text a, ms_text b) {
  return a.size == b.size && (a.size == 0 || memcmp(a.bytes, b.bytes, a.size) == 0);
}

static ms_status check_count(ms_context *context, size_t count, size_t limit, const char *what) {
  if (count > limit) {
    return ms_fail(context, MS_ERR_LIMIT, "%s has %zu %s, at most %zu are possible", message_name,
                   count, what, limit);
  }
  return MS_OK;
}

/* The integers or floats of an attribute, which may come in several fields. */
static ms_status read_lists(ms_context *context, const uint8_t *bytes, size_t size,
                            ms_onnx_attribute *attribute) {
  float *floats = NULL;
  int64_t *integers = NULL;
  MS_TRY(MS_SCRATCH(context, attribute->float_count, &floats));
  MS_TRY(MS_SCRATCH(context, attribute->integer_count, &integers));
  attribute->floats = floats;
  attribute->integers = integers;
  attribute->float_count = 0;
  attribute->integer_count = 0;
  ms_reader reader = ms_reader_make(bytes, size, message_name);
  while (ms_reader_left(&reader) > 0) {
    ms_field field = {0};
    MS_TRY(ms_field_next(context, &reader, &field));
    if (field.number == 7) {
      MS_TRY(ms_field_fixed(context, &field, 4, (uint8_t *)floats, &attribute->float_count));
    } else if (field.number == 8) {
      MS_TRY(ms_field_integers(context, &field, integers, &attribute->integer_count));
    }
  }
  return MS_OK;
}

static ms_status read_attribute_field(ms_context *context, const ms_field *field,
                                      ms_onnx_attribute *attribute) {
  int64_t kind = 0;
  ms_onnx_tensor *tensor = NULL;
  switch (field->number) {
  case 1:
    return ms_field_text(context, field, &attribute->name);
  case 2:
    MS_TRY(ms_field_expect(context, field, MS_WIRE_FIXED32));
    memcpy(&attribute->number, field->bytes, sizeof attribute->number);
    return MS_OK;
  case 3:
    return ms_field_integer(context, field, &attribute->integer);
  case 4:
    return ms_field_text(context, field, &attribute->text);
  case 5:
    MS_TRY(ms_field_expect(context, field, MS_WIRE_BYTES));
    MS_TRY(MS_SCRATCH(context, 1, &tensor));
    attribute->tensor = tensor;
    return ms_onnx_read_tensor(context, field->bytes, field->size, tensor);
  case 7:
    return ms_field_fixed(context, field, 4, NULL, &attribute->float_count);
  case 8:
    return ms_field_integers(context, field, NULL, &attribute->integer_count);
  case 20:
    MS_TRY(ms_field_integer(context, field, &kind));
    attribute->kind = kind >= 0 && kind < 100 ? (int)kind : 99;
    return MS_OK;
  default:
    return MS_OK;
  }
}

static ms_status read_attribute(ms_context *context, const ms_field *message,
                                ms_onnx_attribute *attribute) {
  MS_TRY(ms_field_expect(context, message, MS_WIRE_BYTES));
  memset(attribute, 0, sizeof *attribute);
  ms_reader reader = ms_reader_make(message->bytes, message->size, message_name);
  while (ms_reader_left(&reader) > 0) {
    ms_field field = {0};
    MS_TRY(ms_field_next(context, &reader, &field));
    MS_TRY(read_attribute_field(context, &field, attribute));
  }
  return read_lists(context, message->bytes, message->size, attribute);
}

static ms_status read_node(ms_context *context, const ms_field *message, ms_onnx_node *node) {
  size_t counts[MS_FIELD_COUNTS];
  ms_text *inputs = NULL;
  ms_text *outputs = NULL;
  ms_onnx_attribute *attributes = NULL;
  MS_TRY(ms_field_expect(context, message, MS_WIRE_BYTES));
  MS_TRY(ms_field_count(context, message->bytes, message->size, counts));
  MS_TRY(check_count(context, counts[1], MAX_PORTS, "inputs of one node"));
  MS_TRY(check_count(context, counts[2], MAX_PORTS, "outputs of one node"));
  MS_TRY(check_count(context, counts[5], MAX_ATTRIBUTES, "attributes of one node"));
  MS_TRY(MS_SCRATCH(context, counts[1], &inputs));
  MS_TRY(MS_SCRATCH(context, counts[2], &outputs));
  MS_TRY(MS_SCRATCH(context, counts[5], &attributes));
  *node = (ms_onnx_node){.inputs = inputs, .outputs = outputs, .attributes = attributes};
  ms_reader reader = ms_reader_make(message->bytes, message->size, message_name);
  while (ms_reader_left(&reader) > 0) {
    ms_field field = {0};
    MS_TRY(ms_field_next(context, &reader, &field));
    if (field.number == 1) {
      MS_TRY(ms_field_text(context, &field, &inputs[node->input_count++]));
    } else if (field.number == 2) {
      MS_TRY(ms_field_text(context, &field, &outputs[node->output_count++]));
    } else if (field.number == 3) {
      MS_TRY(ms_field_text(context, &field, &node->name));
    } else if (field.number == 4) {
      MS_TRY(ms_field_text(context, &field, &node->operator_name));
    } else if (field.number == 5) {
      MS_TRY(read_attribute(context, &field, &attributes[node->attribute_count++]));
    } else if (field.number == 7) {
      MS_TRY(ms_field_text(context, &field, &node->domain));
    }
  }
  return MS_OK;
}

/* A TensorShapeProto.Dimension: a number, or a name or nothing, which leave it open. */
static ms_status read_dimension(ms_context *context, const ms_field *message, int64_t *dim) {
  MS_TRY(ms_field_expect(context, message, MS_WIRE_BYTES));
  *dim = -1;
  ms_reader reader = ms_reader_make(message->bytes, message->size, message_name);
  while (ms_reader_left(&reader) > 0) {
    ms_field field = {0};
    MS_TRY(ms_field_next(context, &reader, &field));
    if (field.number == 1) {
      MS_TRY(ms_field_integer(context, &field, dim));
      *dim = *dim < 0 ? -1 : *dim;
    }
  }
  return MS_OK;
}

static ms_status read_shape(ms_context *context, const ms_field *message, ms_onnx_value *value) {
  MS_TRY(ms_field_expect(context, message, MS_WIRE_BYTES));
  value->has_shape = true;
  value->rank = 0;
  ms_reader reader = ms_reader_make(message->bytes, message->size, message_name);
  while (ms_reader_left(&reader) > 0) {
    ms_field field = {0};
    MS_TRY(ms_field_next(context, &reader, &field));
    if (field.number != 1) {
      continue;
    }
    if (value->rank == MS_MAX_RANK) {
      return ms_fail(context, MS_ERR_LIMIT, "'%.*s' has more than %d dimensions",
                     MS_TEXT(value->name), MS_MAX_RANK);
    }
    MS_TRY(read_dimension(context, &field, &value->dims[value->rank++]));
  }
  return MS_OK;
}

/* TypeProto at level 0, TypeProto.Tensor at level 1. */
static ms_status read_type(ms_context *context, const ms_field *message, int level,
                           ms_onnx_value *value) {
  int64_t type = 0;
  MS_TRY(ms_field_expect(context, message, MS_WIRE_BYTES));
  ms_reader reader = ms_reader_make(message->bytes, message->size, message_name);
  while (ms_reader_left(&reader) > 0) {
    ms_field field = {0};
    MS_TRY(ms_field_next(context, &reader, &field));
    if (level == 0 && field.number == 1) {
      MS_TRY(read_type(context, &field, 1, value));
    } else if (level == 1 && field.number == 1) {
      MS_TRY(ms_field_integer(context, &field, &type));
      value->type = type > 0 && type < 100 ? (ms_type)type : MS_TYPE_NONE;
    } else if (level == 1 && field.number == 2) {
      MS_TRY(read_shape(context, &field, value));
    }
  }
  return MS_OK;
}

static ms_status read_value(ms_context *context, const ms_field *message, ms_onnx_value *value) {
  MS_TRY(ms_field_expect(context, message, MS_WIRE_BYTES));
  memset(value, 0, sizeof *value);
  ms_reader reader = ms_reader_make(message->bytes, message->size, message_name);
  while (ms_reader_left(&reader) > 0) {
    ms_field field = {0};
    MS_TRY(ms_field_next(context, &reader, &field));
    if (field.number == 1) {
      MS_TRY(ms_field_text(context, &field, &value->name));
    } else if (field.number == 2) {
      MS_TRY(read_type(context, &field, 0, value));
    }
  }
  return MS_OK;
}

typedef struct graph_room {
  ms_onnx_node *nodes;
  ms_onnx_tensor *initializers;
  ms_onnx_value *inputs;
  ms_onnx_value *outputs;
} graph_room;

static ms_status read_graph_field(ms_context *context, const ms_field *field,
                                  const graph_room *room, ms_onnx_model *model) {
  switch (field->number) {
  case 1:
    return read_node(context, field, &room->nodes[model->node_count++]);
  case 5:
    MS_TRY(ms_field_expect(context, field, MS_WIRE_BYTES));
    return ms_onnx_read_tensor(context, field->bytes, field->size,
                               &room->initializers[model->initializer_count++]);
  case 11:
    return read_value(context, field, &room->inputs[model->input_count++]);
  case 12:
    return read_value(context, field, &room->outputs[model->output_count++]);
  case 15:
    return ms_fail(context, MS_ERR_UNSUPPORTED, "%s has sparse initializers, which are unsupported",
                   message_name);
  default:
    return MS_OK;
  }
}

static ms_status read_graph(ms_context *context, const ms_field *message, ms_onnx_model *model) {
  size_t counts[MS_FIELD_COUNTS];
  graph_room room = {0};
  MS_TRY(ms_field_expect(context, message, MS_WIRE_BYTES));
  MS_TRY(ms_field_count(context, message->bytes, message->size, counts));
  MS_TRY(check_count(context, counts[1], MAX_NODES, "nodes"));
  MS_TRY(check_count(context, counts[5], MAX_TENSORS, "initializers"));
  MS_TRY(check_count(context, counts[11], MAX_PORTS, "inputs"));
  MS_TRY(check_count(context, counts[12], MAX_PORTS, "outputs"));
  MS_TRY(MS_SCRATCH(context, counts[1], &room.nodes));
  MS_TRY(MS_SCRATCH(context, counts[5], &room.initializers));
  MS_TRY(MS_SCRATCH(context, counts[11], &room.inputs));
  MS_TRY(MS_SCRATCH(context, counts[12], &room.outputs));
  model->nodes = room.nodes;
  model->initializers = room.initializers;
  model->inputs = room.inputs;
  model->outputs = room.outputs;
  ms_reader reader = ms_reader_make(message->bytes, message->size, message_name);
  while (ms_reader_left(&reader) > 0) {
    ms_field field = {0};
    MS_TRY(ms_field_next(context, &reader, &field));
    MS_TRY(read_graph_field(context, &field, &room, model));
  }
  return MS_OK;
}

/* An OperatorSetIdProto; only the default domain's version is kept. */
static ms_status read_opset(ms_context *context, const ms_field *message, ms_onnx_model *model) {
  ms_text domain = {0};
  int64_t version = 1;
  MS_TRY(ms_field_expect(context, message, MS_WIRE_BYTES));
  ms_reader reader = ms_reader_make(message->bytes, message->size, message_name);
  while (ms_reader_left(&reader) > 0) {
    ms_field field = {0};
    MS_TRY(ms_field_next(context, &reader, &field));
    if (field.number == 1) {
      MS_TRY(ms_field_text(context, &field, &domain));
    } else if (field.number == 2) {
      MS_TRY(ms_field_integer(context, &field, &version));
    }
  }
  if (ms_text_is(domain, "") || ms_text_is(domain, "ai.onnx")) {
    model->opset = version;
  }
  return MS_OK;
}

ms_status ms_onnx_read(ms_context *context, const void *bytes, size_t size, ms_onnx_model *model) {
  size_t counts[MS_FIELD_COUNTS];
  memset(model, 0, sizeof *model);
  if (size > MAX_FILE_SIZE) {
    return ms_fail(context, MS_ERR_LIMIT, "%s of %zu bytes, at most %zu are possible", message_name,
                   size, MAX_FILE_SIZE);
  }
  MS_TRY(ms_field_count(context, bytes, size, counts));
  if (counts[7] != 1) {
    return ms_fail(context, MS_ERR_FORMAT, "%s has %zu graphs, expected one", message_name,
                   counts[7]);
  }
  ms_reader reader = ms_reader_make(bytes, size, message_name);
  while (ms_reader_left(&reader) > 0) {
    ms_field field = {0};
    MS_TRY(ms_field_next(context, &reader, &field));
    if (field.number == 7) {
      MS_TRY(read_graph(context, &field, model));
    } else if (field.number == 8) {
      MS_TRY(read_opset(context, &field, model));
    }
  }
  if (model->opset < 1) {
    return ms_fail(context, MS_ERR_UNSUPPORTED, "%s names no set of ONNX's own operators",
                   message_name);
  }
  return MS_OK;
}
