/* A bounded reader over bytes from outside. Nothing in the core reads them any other way. */
#ifndef MS_CORE_READER_H
#define MS_CORE_READER_H

#include "core/context.h"

typedef struct ms_reader {
  const uint8_t *bytes;
  size_t size;
  size_t position;
  const char *what; /* what is being read, for messages: "ONNX file" */
} ms_reader;

ms_reader ms_reader_make(const void *bytes, size_t size, const char *what);
/* Bytes not read yet. */
size_t ms_reader_left(const ms_reader *reader);

/* Each fails with MS_ERR_FORMAT where the bytes end too early, and then reads nothing. */
MS_CHECK_RESULT ms_status ms_read_u8(ms_context *context, ms_reader *reader, uint8_t *value);
MS_CHECK_RESULT ms_status ms_read_u32(ms_context *context, ms_reader *reader, uint32_t *value);
MS_CHECK_RESULT ms_status ms_read_u64(ms_context *context, ms_reader *reader, uint64_t *value);
/* A protobuf varint of at most ten bytes; longer ones fail too. */
MS_CHECK_RESULT ms_status ms_read_varint(ms_context *context, ms_reader *reader, uint64_t *value);
/* A view of size bytes, not a copy. */
MS_CHECK_RESULT ms_status ms_read_view(ms_context *context, ms_reader *reader, size_t size,
                                       const uint8_t **view);

#endif
