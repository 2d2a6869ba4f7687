/*
 * TensorProto: checked when it is read, decoded when its numbers are needed, into floats or 64-bit
 * integers. Numbers in raw_data are little-endian, as every machine that this runs on is.
 */
#include <string.h>

#include "kernel/kernels.h"
#include "nn/onnx_fields.h"

/* Elements of one tensor: 1 GiB of floats. */
#define MAX_ELEMENTS ((size_t)1 << 28)

static const char *const message_name = "ONNX file";

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

static ms_status read_dims(ms_context *context, ms_onnx_tensor *tensor) {
  int64_t dims[MS_MAX_RANK] = {0};
  ms_reader reader = ms_reader_make(tensor->message, tensor->message_size, message_name);
  while (ms_reader_left(&reader) > 0) {
    ms_field field = {0};
    size_t added = 0;
    MS_TRY(ms_field_next(context, &reader, &field));
    if (field.number != 1) {
      continue;
    }
    MS_TRY(ms_field_integers(context, &field, NULL, &added));
    if (added > MS_MAX_RANK - tensor->shape.rank) {
      return ms_fail(context, MS_ERR_LIMIT, "tensor '%.*s' has more than %d dimensions",
                     MS_TEXT(tensor->name), MS_MAX_RANK);
    }
    MS_TRY(ms_field_integers(context, &field, dims, &tensor->shape.rank));
  }
  size_t bound = 1; /* as if sizes of 0 were 1 */
  bool is_empty = false;
  for (size_t i = 0; i < tensor->shape.rank; i++) {
    if (dims[i] < 0 || (uint64_t)dims[i] > MAX_ELEMENTS ||
        !ms_size_mul(bound, dims[i] == 0 ? 1 : (size_t)dims[i], &bound) || bound > MAX_ELEMENTS) {
      return ms_fail(context, MS_ERR_LIMIT, "tensor '%.*s' has an impossible size %lld",
                     MS_TEXT(tensor->name), (long long)dims[i]);
    }
    is_empty = is_empty || dims[i] == 0;
    tensor->shape.dims[i] = (size_t)dims[i];
  }
  tensor->count = is_empty ? 0 : bound;
  return MS_OK;
}

static ms_status read_tensor_field(ms_context *context, const ms_field *field,
                                   ms_onnx_tensor *tensor, size_t *raw_size, size_t *number_count) {
  int64_t value = 0;
  switch (field->number) {
  case 2:
    MS_TRY(ms_field_integer(context, field, &value));
    tensor->type = value > 0 && value < 100 ? (ms_type)value : MS_TYPE_NONE;
    return MS_OK;
  case 3:
    return ms_fail(context, MS_ERR_UNSUPPORTED, "%s has a tensor in segments", message_name);
  case 4:
    return ms_field_fixed(context, field, 4, NULL, number_count);
  case 5:
  case 7:
  case 11:
    return ms_field_integers(context, field, NULL, number_count);
  case 8:
    return ms_field_text(context, field, &tensor->name);
  case 9:
    MS_TRY(ms_field_expect(context, field, MS_WIRE_BYTES));
    tensor->raw = field->bytes;
    *raw_size = field->size;
    return MS_OK;
  case 10:
    return ms_field_fixed(context, field, 8, NULL, number_count);
  case 14:
    MS_TRY(ms_field_integer(context, field, &value));
    if (value != 0) {
      return ms_fail(context, MS_ERR_UNSUPPORTED,
                     "tensor '%.*s' is in another file (external data); save the model as one file",
                     MS_TEXT(tensor->name));
    }
    return MS_OK;
  default:
    return MS_OK;
  }
}

/* Whether the bytes or numbers of a tensor are as many as its shape says. */
static ms_status check_size(ms_context *context, const ms_onnx_tensor *tensor, size_t raw_size,
                            size_t number_count) {
  size_t size = ms_type_size(tensor->type);
  if (size == 0) {
    return MS_OK; /* refused when it is decoded */
  }
  bool fits = tensor->raw != NULL ? raw_size % size == 0 && raw_size / size == tensor->count
                                  : number_count == tensor->count;
  if (!fits) {
    return ms_fail(context, MS_ERR_FORMAT, "tensor '%.*s' has %zu %s, its shape says %zu elements",
                   MS_TEXT(tensor->name), tensor->raw != NULL ? raw_size : number_count,
                   tensor->raw != NULL ? "bytes" : "numbers", tensor->count);
  }
  return MS_OK;
}

ms_status ms_onnx_read_tensor(ms_context *context, const void *bytes, size_t size,
                              ms_onnx_tensor *tensor) {
  size_t raw_size = 0;
  size_t number_count = 0;
  *tensor = (ms_onnx_tensor){.message = bytes, .message_size = size};
  ms_reader reader = ms_reader_make(bytes, size, message_name);
  while (ms_reader_left(&reader) > 0) {
    ms_field field = {0};
    MS_TRY(ms_field_next(context, &reader, &field));
    MS_TRY(read_tensor_field(context, &field, tensor, &raw_size, &number_count));
  }
  MS_TRY(read_dims(context, tensor));
  return check_size(context, tensor, raw_size, number_count);
}

/* count elements of size bytes at bytes, into floats. */
static void decode_floats(ms_type type, const uint8_t *bytes, size_t count, float *values) {
  enum { CHUNK = 512 };
  const ms_kernels *kernels = ms_kernels_best();
  uint16_t halves[CHUNK];
  double wide = 0;
  for (size_t i = 0; i < count; i += CHUNK) {
    size_t part = count - i < CHUNK ? count - i : CHUNK;
    if (type == MS_TYPE_FLOAT) {
      memcpy(values + i, bytes + i * 4, part * 4);
    } else if (type == MS_TYPE_FLOAT16) {
      memcpy(halves, bytes + i * 2, part * 2);
      kernels->widen_half(halves, values + i, part);
    } else {
      for (size_t j = 0; j < part; j++) {
        memcpy(&wide, bytes + (i + j) * 8, sizeof wide);
        values[i + j] = (float)wide;
      }
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

static void decode_integers(ms_type type, const uint8_t *bytes, size_t count, int64_t *values) {
  size_t size = ms_type_size(type);
  for (size_t i = 0; i < count; i++) {
    uint64_t bits = 0;
    memcpy(&bits, bytes + i * size, size);
    values[i] = ms_integer_wrap(type, (int64_t)bits);
  }
}

/* Integers of int32_data, int64_data or uint64_data; halves are stored there as bit patterns. */
static void convert_integers(ms_type type, const int64_t *integers, size_t count, void *values) {
  const ms_kernels *kernels = ms_kernels_best();
  for (size_t i = 0; i < count; i++) {
    uint16_t bits = (uint16_t)integers[i];
    if (type == MS_TYPE_FLOAT16) {
      kernels->widen_half(&bits, (float *)values + i, 1);
    } else if (ms_type_is_float(type)) {
      ((float *)values)[i] = (float)integers[i];
    } else {
      ((int64_t *)values)[i] = ms_integer_wrap(type, integers[i]);
    }
  }
}

/* A typed field of one tensor: at most as many numbers as check_size counted. */
static ms_status decode_field(ms_context *context, const ms_onnx_tensor *tensor,
                              const ms_field *field, size_t *done, void *values) {
  size_t added = 0;
  bool is_float = ms_type_is_float(tensor->type);
  uint8_t *target = (uint8_t *)values + *done * (is_float ? 4 : 8);
  if (field->number == 4 || field->number == 10) {
    size_t size = field->number == 4 ? 4 : 8;
    if (!is_float || (tensor->type == MS_TYPE_DOUBLE) != (size == 8)) {
      return ms_fail(context, MS_ERR_FORMAT, "tensor '%.*s' keeps its %s numbers in a wrong field",
                     MS_TEXT(tensor->name), ms_type_name(tensor->type));
    }
    decode_floats(size == 4 ? MS_TYPE_FLOAT : MS_TYPE_DOUBLE, field->bytes, field->size / size,
                  (float *)(void *)target);
    *done += field->size / size;
    return MS_OK;
  }
  int64_t *integers = NULL;
  MS_TRY(ms_field_integers(context, field, NULL, &added));
  ms_arena_mark mark = ms_arena_get_mark(context);
  MS_TRY(MS_SCRATCH(context, added, &integers));
  added = 0;
  MS_TRY(ms_field_integers(context, field, integers, &added));
  convert_integers(tensor->type, integers, added, target);
  *done += added;
  ms_arena_drop(context, mark);
  return MS_OK;
}

ms_status ms_onnx_decode(ms_context *context, const ms_onnx_tensor *tensor, void *values) {
  if (ms_type_size(tensor->type) == 0) {
    return ms_fail(context, MS_ERR_UNSUPPORTED, "tensor '%.*s' has elements of %s",
                   MS_TEXT(tensor->name), ms_type_name(tensor->type));
  }
  if (tensor->raw != NULL) {
    if (ms_type_is_float(tensor->type)) {
      decode_floats(tensor->type, tensor->raw, tensor->count, values);
    } else {
      decode_integers(tensor->type, tensor->raw, tensor->count, values);
    }
    return MS_OK;
  }
  size_t done = 0;
  ms_reader reader = ms_reader_make(tensor->message, tensor->message_size, message_name);
  while (ms_reader_left(&reader) > 0) {
    ms_field field = {0};
    MS_TRY(ms_field_next(context, &reader, &field));
    if (field.number == 4 || field.number == 5 || field.number == 7 || field.number == 10 ||
        field.number == 11) {
      MS_TRY(decode_field(context, tensor, &field, &done, values));
    }
  }
  return MS_OK;
}
