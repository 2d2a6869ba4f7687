/* Protobuf's wire format: messages as runs of numbered fields. */
#ifndef MS_NN_ONNX_FIELDS_H
#define MS_NN_ONNX_FIELDS_H

#include "core/reader.h"
#include "nn/onnx.h"

typedef enum ms_wire {
  MS_WIRE_VARINT = 0,
  MS_WIRE_FIXED64 = 1,
  MS_WIRE_BYTES = 2,
  MS_WIRE_FIXED32 = 5
} ms_wire;

/* One field: its value for MS_WIRE_VARINT, else a view of its bytes. */
typedef struct ms_field {
  uint32_t number;
  ms_wire wire;
  uint64_t value;
  const uint8_t *bytes;
  size_t size;
} ms_field;

/* A reader of a message's fields. */
ms_reader ms_field_reader(const void *bytes, size_t size);
/* Reads the next field. Fails with MS_ERR_FORMAT. */
MS_CHECK_RESULT ms_status ms_field_next(ms_context *context, ms_reader *reader, ms_field *field);
/* Fails with MS_ERR_FORMAT unless the field has this wire type. */
MS_CHECK_RESULT ms_status ms_field_expect(ms_context *context, const ms_field *field, ms_wire wire);

/*
 * Repeated numbers, packed or not: appends the field's numbers to values, of which there are *count
 * already, and adds to *count. They are stored as numbers of the type are kept. With values NULL,
 * only counts.
 */
MS_CHECK_RESULT ms_status ms_field_integers(ms_context *context, const ms_field *field,
                                            ms_type type, void *values, size_t *count);
/* The same for numbers of 4 bytes (floats) or 8 bytes (doubles), as bytes. */
MS_CHECK_RESULT ms_status ms_field_fixed(ms_context *context, const ms_field *field, size_t size,
                                         void *values, size_t *count);
/* Stores a number of 64 bits, or the bits of one of the type, as number i of values. */
void ms_store_integer(ms_type type, uint64_t bits, size_t i, void *values);

/*
 * Finds a tensor's shape, whose sizes were read, and whether its numbers are as many as that says.
 *
 * Fails with MS_ERR_FORMAT, MS_ERR_LIMIT or MS_ERR_UNSUPPORTED (a tensor in another file).
 */
MS_CHECK_RESULT ms_status ms_onnx_check_tensor(ms_context *context, ms_onnx_tensor *tensor);

#endif
