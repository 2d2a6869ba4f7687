/* The bounded reader: little-endian numbers, varints and views, each checked against the end. */
#include "core/reader.h"

ms_reader ms_reader_make(const void *bytes, size_t size, const char *what) {
  return (ms_reader){.bytes = bytes, .size = size, .position = 0, .what = what};
}

size_t ms_reader_left(const ms_reader *reader) {
  return reader->size - reader->position;
}

ms_status ms_read_view(ms_context *context, ms_reader *reader, size_t size, const uint8_t **view) {
  if (ms_reader_left(reader) < size) {
    return ms_fail(context, MS_ERR_FORMAT, "%s ends at byte %zu, %zu more needed", reader->what,
                   reader->size, size - ms_reader_left(reader));
  }
  *view = reader->bytes + reader->position;
  reader->position += size;
  return MS_OK;
}

/* A little-endian number of size bytes. */
static ms_status read_number(ms_context *context, ms_reader *reader, size_t size, uint64_t *value) {
  const uint8_t *bytes = NULL;
  MS_TRY(ms_read_view(context, reader, size, &bytes));
  *value = 0;
  for (size_t i = 0; i < size; i++) {
    *value |= (uint64_t)bytes[i] << (8 * i);
  }
  return MS_OK;
}

ms_status ms_read_u8(ms_context *context, ms_reader *reader, uint8_t *value) {
  uint64_t wide = 0;
  MS_TRY(read_number(context, reader, 1, &wide));
  *value = (uint8_t)wide;
  return MS_OK;
}

ms_status ms_read_u32(ms_context *context, ms_reader *reader, uint32_t *value) {
  uint64_t wide = 0;
  MS_TRY(read_number(context, reader, 4, &wide));
  *value = (uint32_t)wide;
  return MS_OK;
}

ms_status ms_read_u64(ms_context *context, ms_reader *reader, uint64_t *value) {
  return read_number(context, reader, 8, value);
}

ms_status ms_read_varint(ms_context *context, ms_reader *reader, uint64_t *value) {
  uint64_t sum = 0;
  size_t start = reader->position;
  for (unsigned shift = 0; shift < 70; shift += 7) {
    uint8_t byte = 0;
    ms_status status = ms_read_u8(context, reader, &byte);
    if (status != MS_OK) {
      reader->position = start;
      return status;
    }
    /* The tenth byte holds one bit only. */
    if (shift == 63 && byte > 1) {
      break;
    }
    sum |= (uint64_t)(byte & 0x7f) << shift;
    if ((byte & 0x80) == 0) {
      *value = sum;
      return MS_OK;
    }
  }
  reader->position = start;
  return ms_fail(context, MS_ERR_FORMAT, "%s has a number of more than 64 bits at byte %zu",
                 reader->what, start);
}
