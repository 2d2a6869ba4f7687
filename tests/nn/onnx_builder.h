/* Writes small ONNX files in memory: protobuf messages inside one another. */
#ifndef MS_TESTS_ONNX_BUILDER_H
#define MS_TESTS_ONNX_BUILDER_H

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

/* A message that grows. */
typedef struct message {
  uint8_t bytes[16384];
  size_t size;
} message;

static inline void put_bytes(message *to, const void *bytes, size_t size) {
  if (to->size + size > sizeof to->bytes) {
    abort(); /* the test asks for more than it may */
  }
  memcpy(to->bytes + to->size, bytes, size);
  to->size += size;
}

static inline void put_varint(message *to, uint64_t value) {
  do {
    uint8_t byte = (uint8_t)((value & 0x7f) | (value > 0x7f ? 0x80 : 0));
    put_bytes(to, &byte, 1);
    value >>= 7;
  } while (value > 0);
}

static inline void put_integer(message *to, uint32_t field, int64_t value) {
  put_varint(to, (uint64_t)field << 3);
  put_varint(to, (uint64_t)value);
}

static inline void put_float(message *to, uint32_t field, float value) {
  put_varint(to, (uint64_t)field << 3 | 5);
  put_bytes(to, &value, sizeof value);
}

static inline void put_data(message *to, uint32_t field, const void *bytes, size_t size) {
  put_varint(to, (uint64_t)field << 3 | 2);
  put_varint(to, size);
  put_bytes(to, bytes, size);
}

static inline void put_text(message *to, uint32_t field, const char *text) {
  put_data(to, field, text, strlen(text));
}

static inline void put_message(message *to, uint32_t field, const message *inner) {
  put_data(to, field, inner->bytes, inner->size);
}

/* An attribute of integers, for a node. */
static inline void put_attribute_integers(message *node, const char *name, const int64_t *values,
                                          size_t count) {
  message attribute = {.size = 0};
  put_text(&attribute, 1, name);
  for (size_t i = 0; i < count; i++) {
    put_integer(&attribute, 8, values[i]);
  }
  put_integer(&attribute, 20, 7);
  put_message(node, 5, &attribute);
}

static inline void put_attribute_integer(message *node, const char *name, int64_t value) {
  message attribute = {.size = 0};
  put_text(&attribute, 1, name);
  put_integer(&attribute, 3, value);
  put_integer(&attribute, 20, 2);
  put_message(node, 5, &attribute);
}

static inline void put_attribute_text(message *node, const char *name, const char *text) {
  message attribute = {.size = 0};
  put_text(&attribute, 1, name);
  put_text(&attribute, 4, text);
  put_integer(&attribute, 20, 3);
  put_message(node, 5, &attribute);
}

/* A node without attributes; inputs and outputs are names with spaces between. */
static inline void start_node(message *node, const char *operator_name, const char *inputs,
                              const char *outputs) {
  const char *lists[2] = {inputs, outputs};
  node->size = 0;
  for (uint32_t i = 0; i < 2; i++) {
    const char *at = lists[i];
    while (*at != 0) {
      size_t size = strcspn(at, " ");
      put_data(node, i + 1, at, size);
      at += size + strspn(at + size, " ");
    }
  }
  put_text(node, 4, operator_name);
}

/* An initializer of floats (data type 1) or 64-bit integers (7) in the graph. */
static inline void put_initializer(message *graph, const char *name, int64_t type,
                                   const int64_t *dims, size_t rank, const void *data,
                                   size_t size) {
  message tensor = {.size = 0};
  for (size_t i = 0; i < rank; i++) {
    put_integer(&tensor, 1, dims[i]);
  }
  put_integer(&tensor, 2, type);
  put_text(&tensor, 8, name);
  put_data(&tensor, 9, data, size);
  put_message(graph, 5, &tensor);
}

/* A graph input (field 11) or output (field 12) of floats; a size of -1 is left open. */
static inline void put_value(message *graph, uint32_t field, const char *name, const int64_t *dims,
                             size_t rank) {
  message shape = {.size = 0};
  message tensor = {.size = 0};
  message type = {.size = 0};
  message value = {.size = 0};
  for (size_t i = 0; i < rank; i++) {
    message dim = {.size = 0};
    if (dims[i] >= 0) {
      put_integer(&dim, 1, dims[i]);
    } else {
      put_text(&dim, 2, "open");
    }
    put_message(&shape, 1, &dim);
  }
  put_integer(&tensor, 1, 1);
  put_message(&tensor, 2, &shape);
  put_message(&type, 1, &tensor);
  put_text(&value, 1, name);
  put_message(&value, 2, &type);
  put_message(graph, field, &value);
}

/* The file around a graph. */
static inline void finish_model(message *model, const message *graph, int64_t opset) {
  message set = {.size = 0};
  model->size = 0;
  put_integer(model, 1, 8);
  put_integer(&set, 2, opset);
  put_message(model, 8, &set);
  put_message(model, 7, graph);
}

#endif
