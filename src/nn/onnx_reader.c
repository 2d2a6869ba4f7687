/*
 * ONNX messages into the raw view: model, graph, nodes, attributes, tensors and the types of graph
 * inputs. One table says which fields go where; field numbers are those of the published
 * onnx.proto, and fields that mean nothing here are passed over. What a tensor's numbers are is
 * left to onnx_tensor.c, what the nodes mean to the graph.
 */
#include <string.h>

#include "nn/onnx_fields.h"

#define MAX_FILE_SIZE ((size_t)512 << 20)

static const char *const message_name = "ONNX file";

/* An OperatorSetIdProto. */
typedef struct opset {
  ms_text domain;
  const int64_t *version; /* one number, or none, which stands for 1 */
  size_t version_count;
} opset;

/* A ModelProto. */
typedef struct model_file {
  const ms_onnx_model *graphs;
  size_t graph_count;
  const opset *opsets;
  size_t opset_count;
} model_file;

/* What a field holds: one of the messages up to MESSAGE_COUNT, or something else. */
typedef enum content {
  MODEL,
  OPSET,
  GRAPH,
  NODE,
  ATTRIBUTE,
  TENSOR,
  VALUE,
  TYPE,
  TENSOR_TYPE,
  SHAPE,
  SIZE,
  MESSAGE_COUNT,
  TEXT = MESSAGE_COUNT,
  INTEGER,       /* int64_t */
  SMALL_INTEGER, /* int, 99 for what is not below */
  FLOAT,
  REFUSED,
  INTEGERS, /* these three are lists; those without an item size are only counted */
  FLOATS,
  DOUBLES
} content;

/* A field of a message and the member of the message's struct that receives it. */
typedef struct field_rule {
  uint8_t message;
  uint8_t number;
  uint8_t content;
  uint8_t offset;    /* of the member */
  uint8_t item_size; /* not 0 for a list: a pointer to items, and their count behind it */
  uint8_t limit;     /* of a list: at most 2^limit items */
} field_rule;

#define ONE(message, number, content, type, member)                                                \
  { message, number, content, offsetof(type, member), 0, 0 }
#define LIST(message, number, content, type, member, limit)                                        \
  { message, number, content, offsetof(type, member), sizeof *((type *)NULL)->member, limit }

/* What is not in another struct lies in the one of the message around it. */
static const field_rule rules[] = {
    LIST(MODEL, 7, GRAPH, model_file, graphs, 16),
    LIST(MODEL, 8, OPSET, model_file, opsets, 16),
    ONE(OPSET, 1, TEXT, opset, domain),
    LIST(OPSET, 2, INTEGER, opset, version, 16),
    LIST(GRAPH, 1, NODE, ms_onnx_model, nodes, 16),
    LIST(GRAPH, 5, TENSOR, ms_onnx_model, initializers, 16),
    LIST(GRAPH, 11, VALUE, ms_onnx_model, inputs, 16),
    LIST(GRAPH, 12, VALUE, ms_onnx_model, outputs, 16),
    ONE(GRAPH, 15, REFUSED, ms_onnx_model, nodes),
    LIST(NODE, 1, TEXT, ms_onnx_node, inputs, 16),
    LIST(NODE, 2, TEXT, ms_onnx_node, outputs, 16),
    ONE(NODE, 3, TEXT, ms_onnx_node, name),
    ONE(NODE, 4, TEXT, ms_onnx_node, operator_name),
    LIST(NODE, 5, ATTRIBUTE, ms_onnx_node, attributes, 8),
    ONE(NODE, 7, TEXT, ms_onnx_node, domain),
    ONE(ATTRIBUTE, 1, TEXT, ms_onnx_attribute, name),
    ONE(ATTRIBUTE, 2, FLOAT, ms_onnx_attribute, number),
    ONE(ATTRIBUTE, 3, INTEGER, ms_onnx_attribute, integer),
    ONE(ATTRIBUTE, 4, TEXT, ms_onnx_attribute, text),
    LIST(ATTRIBUTE, 5, TENSOR, ms_onnx_attribute, tensor, 16),
    LIST(ATTRIBUTE, 7, FLOATS, ms_onnx_attribute, floats, 31),
    LIST(ATTRIBUTE, 8, INTEGERS, ms_onnx_attribute, integers, 31),
    ONE(ATTRIBUTE, 20, SMALL_INTEGER, ms_onnx_attribute, kind),
    LIST(TENSOR, 1, INTEGERS, ms_onnx_tensor, dims, 31),
    ONE(TENSOR, 2, SMALL_INTEGER, ms_onnx_tensor, type),
    ONE(TENSOR, 3, REFUSED, ms_onnx_tensor, raw),
    ONE(TENSOR, 4, FLOATS, ms_onnx_tensor, numbers),
    ONE(TENSOR, 5, INTEGERS, ms_onnx_tensor, numbers),
    ONE(TENSOR, 7, INTEGERS, ms_onnx_tensor, numbers),
    ONE(TENSOR, 8, TEXT, ms_onnx_tensor, name),
    ONE(TENSOR, 9, TEXT, ms_onnx_tensor, raw),
    ONE(TENSOR, 10, DOUBLES, ms_onnx_tensor, numbers),
    ONE(TENSOR, 11, INTEGERS, ms_onnx_tensor, numbers),
    ONE(TENSOR, 14, SMALL_INTEGER, ms_onnx_tensor, location),
    ONE(VALUE, 1, TEXT, ms_onnx_value, name),
    ONE(VALUE, 2, TYPE, ms_onnx_value, name),
    ONE(TYPE, 1, TENSOR_TYPE, ms_onnx_value, name),
    ONE(TENSOR_TYPE, 1, SMALL_INTEGER, ms_onnx_value, type),
    LIST(TENSOR_TYPE, 2, SHAPE, ms_onnx_value, shape, 16),
    LIST(SHAPE, 1, SIZE, ms_onnx_shape, dims, 3),
    LIST(SIZE, 1, INTEGER, ms_onnx_size, number, 16),
};
static const field_rule *const rules_end = rules + sizeof rules / sizeof *rules;

int ms_text_cut(const ms_text *text) {
  return text->size > 64 ? 64 : (int)text->size;
}

bool ms_text_has(const ms_text *text, const char *bytes, size_t size) {
  return text->size == size && (size == 0 || memcmp(text->bytes, bytes, size) == 0);
}

bool ms_text_is(const ms_text *text, const char *string) {
  return ms_text_has(text, string, strlen(string));
}

bool ms_text_equal(const ms_text *a, const ms_text *b) {
  return ms_text_has(a, b->bytes, b->size);
}

bool ms_onnx_is_own_domain(const ms_text *domain) {
  return domain->size == 0 || ms_text_is(domain, "ai.onnx");
}

static ms_status read_message(ms_context *context, const void *bytes, size_t size, content message,
                              void *target);

/* A field that is one thing, into its member or the item of a list. */
static ms_status read_one(ms_context *context, const ms_field *field, content what, void *member) {
  if (what == INTEGER || what == SMALL_INTEGER) {
    MS_TRY(ms_field_expect(context, field, MS_WIRE_VARINT));
    if (what == INTEGER) {
      *(int64_t *)member = (int64_t)field->value;
    } else {
      *(int *)member = field->value < 99 ? (int)field->value : 99;
    }
    return MS_OK;
  }
  if (what == FLOAT) {
    MS_TRY(ms_field_expect(context, field, MS_WIRE_FIXED32));
    memcpy(member, field->bytes, sizeof(float));
    return MS_OK;
  }
  MS_TRY(ms_field_expect(context, field, MS_WIRE_BYTES));
  if (what == TEXT) {
    *(ms_text *)member = (ms_text){(const char *)field->bytes, field->size};
    return MS_OK;
  }
  return read_message(context, field->bytes, field->size, what, member);
}

/* A field, when a message's items are counted, or when the lists have room for them. */
static ms_status read_field(ms_context *context, const ms_field *field, const field_rule *rule,
                            bool counts, void *member) {
  void **items = member;
  size_t *count = (size_t *)(items + 1);
  if (rule->content == REFUSED && !counts) {
    return ms_fail(context, MS_ERR_UNSUPPORTED,
                   "%s has sparse or segmented tensors, which are unsupported", message_name);
  }
  if (rule->content >= INTEGERS) {
    void *numbers = counts ? NULL : *items;
    if (!counts && rule->item_size == 0) {
      return MS_OK;
    }
    return rule->content == INTEGERS
               ? ms_field_integers(context, field, MS_TYPE_INT64, numbers, count)
               : ms_field_fixed(context, field, rule->content == FLOATS ? 4 : 8, numbers, count);
  }
  size_t i = rule->item_size > 0 ? (*count)++ : 0;
  if (counts) {
    return MS_OK;
  }
  if (rule->item_size > 0) {
    member = (uint8_t *)*items + i * rule->item_size;
  }
  return read_one(context, field, rule->content, member);
}

/* Goes over a message's fields once. */
static ms_status read_fields(ms_context *context, const void *bytes, size_t size, content message,
                             bool counts, uint8_t *target) {
  ms_reader reader = ms_field_reader(bytes, size);
  while (ms_reader_left(&reader) > 0) {
    ms_field field;
    MS_TRY(ms_field_next(context, &reader, &field));
    for (const field_rule *rule = rules; rule < rules_end; rule++) {
      if (rule->message == message && rule->number == field.number) {
        MS_TRY(read_field(context, &field, rule, counts, target + rule->offset));
      }
    }
  }
  return MS_OK;
}

/* Makes room for as many items as were counted, and forgets their number. */
static ms_status make_list(ms_context *context, const field_rule *rule, void **items) {
  size_t *count = (size_t *)(items + 1);
  if (*count > (size_t)1 << rule->limit) {
    return ms_fail(context, MS_ERR_LIMIT,
                   "%s has %zu items in a field %d, at most %zu are possible", message_name, *count,
                   rule->number, (size_t)1 << rule->limit);
  }
  if (*count > 0) {
    *items = ms_arena_take(context, *count, rule->item_size);
    MS_TRY(MS_HAS_MEMORY(*items));
    memset(*items, 0, *count * rule->item_size);
    *count = 0;
  }
  return MS_OK;
}

/* A message into a struct that was zeroed: first what it has lists of is counted. */
static ms_status read_message(ms_context *context, const void *bytes, size_t size, content message,
                              void *target) {
  MS_TRY(read_fields(context, bytes, size, message, true, target));
  for (const field_rule *rule = rules; rule < rules_end; rule++) {
    if (rule->message == message && rule->item_size > 0) {
      MS_TRY(make_list(context, rule, (void **)(void *)((uint8_t *)target + rule->offset)));
    }
  }
  MS_TRY(read_fields(context, bytes, size, message, false, target));
  if (message == TENSOR) {
    ms_onnx_tensor *tensor = target;
    tensor->message = bytes;
    tensor->message_size = size;
    return ms_onnx_check_tensor(context, tensor);
  }
  return MS_OK;
}

ms_status ms_onnx_read_tensor(ms_context *context, const void *bytes, size_t size,
                              ms_onnx_tensor *tensor) {
  memset(tensor, 0, sizeof *tensor);
  return read_message(context, bytes, size, TENSOR, tensor);
}

ms_status ms_onnx_read(ms_context *context, const void *bytes, size_t size, ms_onnx_model *model) {
  model_file file = {0};
  if (size > MAX_FILE_SIZE) {
    return ms_fail(context, MS_ERR_LIMIT, "%s of %zu bytes, at most %zu are possible", message_name,
                   size, MAX_FILE_SIZE);
  }
  MS_TRY(read_message(context, bytes, size, MODEL, &file));
  if (file.graph_count != 1) {
    return ms_fail(context, MS_ERR_FORMAT, "%s has %zu graphs, expected one", message_name,
                   file.graph_count);
  }
  *model = *file.graphs;
  for (size_t i = 0; i < file.opset_count; i++) {
    const opset *set = &file.opsets[i];
    if (ms_onnx_is_own_domain(&set->domain)) {
      model->opset = set->version_count == 0 ? 1 : set->version[0];
    }
  }
  if (model->opset < 1) {
    return ms_fail(context, MS_ERR_UNSUPPORTED, "%s names no set of ONNX's own operators",
                   message_name);
  }
  return MS_OK;
}
