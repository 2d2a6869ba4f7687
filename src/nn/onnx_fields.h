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

enum { MS_FIELD_COUNTS = 32 };

/* Reads the next field. Fails with MS_ERR_FORMAT. */
MS_CHECK_RESULT ms_status ms_field_next(ms_context *context, ms_reader *reader, ms_field *field);
/* How often each field number below MS_FIELD_COUNTS occurs in a message. */
MS_CHECK_RESULT ms_status ms_field_count(ms_context *context, const uint8_t *bytes, size_t size,
                                         size_t counts[MS_FIELD_COUNTS]);
/* Fails with MS_ERR_FORMAT unless the field has this wire type. */
MS_CHECK_RESULT ms_status ms_field_expect(ms_context *context, const ms_field *field, ms_wire wire);
/* The field as text. */
MS_CHECK_RESULT ms_status ms_field_text(ms_context *context, const ms_field *field, ms_text *text);
/* The field as a signed integer. */
MS_CHECK_RESULT ms_status ms_field_integer(ms_context *context, const ms_field *field,
                                           int64_t *value);

/*
 * Repeated numbers, packed or not: appends the field's numbers to values, which has room for
 * *count + as many as ms_field_integer_count says, and adds to *count. With values NULL, only
 * counts.
 */
MS_CHECK_RESULT ms_status ms_field_integers(ms_context *context, const ms_field *field,
                                            int64_t *values, size_t *count);
/* The same for numbers of 4 bytes (floats) or 8 bytes (doubles), as bytes. */
MS_CHECK_RESULT ms_status ms_field_fixed(ms_context *context, const ms_field *field, size_t size,
                                         uint8_t *values, size_t *count);

#endif
