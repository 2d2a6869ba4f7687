/*
 * TensorProto: checked when it is read, decoded when its numbers are needed, into floats or 64-bit
 * integers. Numbers in raw_data are little-endian, as every machine that this runs on is.
 */
#include <string.h>

#include "kernel/kernels.h"
#include "nn/onnx_fields.h"

size_t ms_type_size(ms_type type) {
  switch (type) {
  case MS_TYPE_UINT8:
  case MS_TYPE_INT8:
  case MS_TYPE_BOOL:
    return 1;
  case MS_TYPE_UINT16:
  case MS_TYPE_INT16:
  case MS_TYPE_FLOAT16:
    return 2;
  case MS_TYPE_FLOAT:
  case MS_TYPE_INT32:
  case MS_TYPE_UINT32:
    return 4;
  case MS_TYPE_INT64:
  case MS_TYPE_DOUBLE:
  case MS_TYPE_UINT64:
    return 8;
  default:
    return 0;
  }
}

bool ms_type_is_float(ms_type type) {
  return type == MS_TYPE_FLOAT || type == MS_TYPE_FLOAT16 || type == MS_TYPE_DOUBLE;
}

const char *ms_type_name(ms_type type) {
  static const char *const names[] = {
      "no type", "float", "uint8",  "int8",   "uint16", "int16",   "int32",   "int64",   "string",
      "bool",    "half",  "double", "uint32", "uint64", "complex", "complex", "bfloat16"};
  return (size_t)type < sizeof names / sizeof *names ? names[type] : "an unknown type";
}

/* The shape, of sizes from the file. */
static ms_status find_shape(ms_context *context, ms_onnx_tensor *tensor) {
  tensor->shape.rank = tensor->rank;
  for (size_t i = 0; i < tensor->rank && i < MS_MAX_RANK; i++) {
    uint64_t size = (uint64_t)tensor->dims[i];
    tensor->shape.dims[i] = size > INT32_MAX ? INT32_MAX : (size_t)size;
  }
  if (tensor->rank > MS_MAX_RANK || !ms_shape_count(&tensor->shape, &tensor->count)) {
    return ms_fail(context, MS_ERR_LIMIT, "tensor '%.*s' of %zu dimensions has an impossible size",
                   MS_TEXT(tensor->name), tensor->rank);
  }
  return MS_OK;
}

ms_status ms_onnx_check_tensor(ms_context *context, ms_onnx_tensor *tensor) {
  size_t size = ms_type_size(tensor->type);
  if (tensor->location != 0) {
    return ms_fail(context, MS_ERR_UNSUPPORTED,
                   "tensor '%.*s' is in another file (external data); save the model as one file",
                   MS_TEXT(tensor->name));
  }
  MS_TRY(find_shape(context, tensor));
  if (size == 0) {
    return MS_OK; /* refused when it is decoded */
  }
  bool is_raw = tensor->raw.bytes != NULL;
  size_t given = is_raw ? tensor->raw.size : tensor->number_count;
  if (given != tensor->count * (is_raw ? size : 1)) {
    return ms_fail(context, MS_ERR_FORMAT, "tensor '%.*s' has %zu %s, its shape says %zu elements",
                   MS_TEXT(tensor->name), given, is_raw ? "bytes" : "numbers", tensor->count);
  }
  return MS_OK;
}

/* count elements at bytes into floats. */
static void decode_floats(ms_type type, const uint8_t *bytes, size_t count, float *values) {
  enum { CHUNK = 512 };
  uint16_t halves[CHUNK];
  double wide = 0;
  if (type == MS_TYPE_FLOAT) {
    memcpy(values, bytes, count * sizeof *values);
    return;
  }
  for (size_t i = 0; i < count; i += type == MS_TYPE_FLOAT16 ? CHUNK : 1) {
    if (type == MS_TYPE_FLOAT16) {
      size_t part = count - i < CHUNK ? count - i : CHUNK;
      memcpy(halves, bytes + i * 2, part * 2);
      ms_kernels_best()->widen_half(halves, values + i, part);
    } else {
      memcpy(&wide, bytes + i * 8, sizeof wide);
      values[i] = (float)wide;
    }
  }
}

int64_t ms_integer_wrap(ms_type type, int64_t value) {
  uint64_t bits = (uint64_t)value;
  switch (type) {
  case MS_TYPE_BOOL:
    return value != 0;
  case MS_TYPE_INT8:
    return (int8_t)(uint8_t)bits;
  case MS_TYPE_INT16:
    return (int16_t)(uint16_t)bits;
  case MS_TYPE_INT32:
    return (int32_t)(uint32_t)bits;
  case MS_TYPE_UINT8:
    return (uint8_t)bits;
  case MS_TYPE_UINT16:
    return (uint16_t)bits;
  case MS_TYPE_UINT32:
    return (uint32_t)bits;
  default:
    return value;
  }
}

void ms_store_integer(ms_type type, uint64_t bits, size_t i, void *values) {
  uint16_t half = (uint16_t)bits;
  if (type == MS_TYPE_FLOAT16) {
    ms_kernels_best()->widen_half(&half, (float *)values + i, 1);
  } else if (ms_type_is_float(type)) {
    ((float *)values)[i] = (float)(int64_t)bits;
  } else {
    ((int64_t *)values)[i] = ms_integer_wrap(type, (int64_t)bits);
  }
}

/* count elements as raw data has them. */
static void decode_raw(ms_type type, const uint8_t *bytes, size_t count, void *values) {
  size_t size = ms_type_size(type);
  uint64_t bits = 0;
  if (ms_type_is_float(type)) {
    decode_floats(type, bytes, count, values);
    return;
  }
  for (size_t i = 0; i < count; i++) {
    memcpy(&bits, bytes + i * size, size);
    ms_store_integer(type, bits, i, values);
  }
}

/* A typed field of one tensor: at most as many numbers as were counted. */
static ms_status decode_field(ms_context *context, const ms_onnx_tensor *tensor,
                              const ms_field *field, size_t *done, void *values) {
  bool is_double = field->number == 10;
  if (field->number != 4 && !is_double) {
    return ms_field_integers(context, field, tensor->type, values, done);
  }
  if (!ms_type_is_float(tensor->type) || (tensor->type == MS_TYPE_DOUBLE) != is_double) {
    return ms_fail(context, MS_ERR_FORMAT, "tensor '%.*s' keeps its %s numbers in a wrong field",
                   MS_TEXT(tensor->name), ms_type_name(tensor->type));
  }
  size_t count = field->size / (is_double ? 8 : 4);
  decode_floats(is_double ? MS_TYPE_DOUBLE : MS_TYPE_FLOAT, field->bytes, count,
                (float *)values + *done);
  *done += count;
  return MS_OK;
}

ms_status ms_onnx_decode(ms_context *context, const ms_onnx_tensor *tensor, void *values) {
  if (ms_type_size(tensor->type) == 0) {
    return ms_fail(context, MS_ERR_UNSUPPORTED, "tensor '%.*s' has elements of %s",
                   MS_TEXT(tensor->name), ms_type_name(tensor->type));
  }
  if (tensor->raw.bytes != NULL) {
    decode_raw(tensor->type, (const uint8_t *)tensor->raw.bytes, tensor->count, values);
    return MS_OK;
  }
  size_t done = 0;
  ms_reader reader = ms_field_reader(tensor->message, tensor->message_size);
  while (ms_reader_left(&reader) > 0) {
    ms_field field;
    MS_TRY(ms_field_next(context, &reader, &field));
    if (field.number == 4 || field.number == 5 || field.number == 7 || field.number == 10 ||
        field.number == 11) {
      MS_TRY(decode_field(context, tensor, &field, &done, values));
    }
  }
  return MS_OK;
}
