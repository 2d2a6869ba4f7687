/*
 * Protobuf's wire format, bounded: fields of a message one after the other, each a number or a view
 * of the file. What the fields mean is left to onnx_reader.c.
 */
#include "nn/onnx_fields.h"

#include <string.h>

static const char *const message_name = "ONNX file";

ms_reader ms_field_reader(const void *bytes, size_t size) {
  return ms_reader_make(bytes, size, message_name);
}

ms_status ms_field_next(ms_context *context, ms_reader *reader, ms_field *field) {
  enum { MAX_NUMBER = 536870911, NO_WIRE = 7 };
  uint64_t key = 0;
  uint64_t size = 4; /* of MS_WIRE_FIXED32 */
  MS_TRY(ms_read_varint(context, reader, &key));
  uint64_t number = key >> 3;
  int wire = number == 0 || number > MAX_NUMBER ? NO_WIRE : (int)(key & 7);
  *field = (ms_field){.number = (uint32_t)number, .wire = (ms_wire)wire};
  switch (wire) {
  case MS_WIRE_VARINT:
    return ms_read_varint(context, reader, &field->value);
  case MS_WIRE_BYTES:
    MS_TRY(ms_read_varint(context, reader, &size));
    break;
  case MS_WIRE_FIXED64:
    size = 8;
    break;
  case MS_WIRE_FIXED32:
    break;
  default:
    return ms_fail(context, MS_ERR_FORMAT,
                   "%s has a field %llu of wire type %d, so it is no ONNX file", reader->what,
                   (unsigned long long)number, (int)(key & 7));
  }
  field->size = size > SIZE_MAX ? SIZE_MAX : (size_t)size;
  return ms_read_view(context, reader, field->size, &field->bytes);
}

ms_status ms_field_expect(ms_context *context, const ms_field *field, ms_wire wire) {
  if (field->wire != wire) {
    return ms_fail(context, MS_ERR_FORMAT, "%s has field %u with wire type %d, expected %d",
                   message_name, (unsigned)field->number, (int)field->wire, (int)wire);
  }
  return MS_OK;
}

ms_status ms_field_integers(ms_context *context, const ms_field *field, ms_type type, void *values,
                            size_t *count) {
  bool is_packed = field->wire != MS_WIRE_VARINT;
  uint64_t value = field->value;
  if (is_packed) {
    MS_TRY(ms_field_expect(context, field, MS_WIRE_BYTES));
  }
  ms_reader reader = ms_field_reader(field->bytes, field->size);
  for (bool more = !is_packed || ms_reader_left(&reader) > 0; more;
       more = ms_reader_left(&reader) > 0) {
    if (is_packed) {
      MS_TRY(ms_read_varint(context, &reader, &value));
    }
    if (values != NULL) {
      ms_store_integer(type, value, *count, values);
    }
    ++*count;
  }
  return MS_OK;
}

ms_status ms_field_fixed(ms_context *context, const ms_field *field, size_t size, void *values,
                         size_t *count) {
  if (field->wire != MS_WIRE_BYTES) {
    MS_TRY(ms_field_expect(context, field, size == 4 ? MS_WIRE_FIXED32 : MS_WIRE_FIXED64));
  }
  if (field->size % size != 0) {
    return ms_fail(context, MS_ERR_FORMAT, "%s has %zu bytes of numbers of %zu bytes", message_name,
                   field->size, size);
  }
  if (values != NULL && field->size > 0) {
    memcpy((uint8_t *)values + *count * size, field->bytes, field->size);
  }
  *count += field->size / size;
  return MS_OK;
}
