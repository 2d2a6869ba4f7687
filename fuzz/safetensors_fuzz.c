/*
 * A file that is read can be written, and what is written is read as the same and written as the
 * same bytes.
 */
#include "fuzz.h"

#include <string.h>

#include "zoo/safetensors.h"

static uint8_t *write_file(ms_context *context, const ms_safetensors *file, size_t *size) {
  fuzz_expect(ms_safetensors_write(context, file->tensors, file->tensor_count, file->notes,
                                   file->note_count, NULL, 0, size) == MS_OK);
  uint8_t *bytes = malloc(*size);
  fuzz_expect(ms_safetensors_write(context, file->tensors, file->tensor_count, file->notes,
                                   file->note_count, bytes, *size, size) == MS_OK);
  return bytes;
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size) {
  ms_context *context = fuzz_context();
  ms_safetensors first;
  if (ms_safetensors_read(context, bytes, size, "file", &first) == MS_OK) {
    ms_safetensors second;
    size_t first_size = 0;
    size_t second_size = 0;
    uint8_t *first_bytes = write_file(context, &first, &first_size);
    fuzz_expect(ms_safetensors_read(context, first_bytes, first_size, "file", &second) == MS_OK);
    fuzz_expect(second.tensor_count == first.tensor_count);
    uint8_t *second_bytes = write_file(context, &second, &second_size);
    fuzz_expect(second_size == first_size && memcmp(first_bytes, second_bytes, first_size) == 0);
    free(first_bytes);
    free(second_bytes);
  } else {
    fuzz_expect(ms_context_message(context)[0] != '\0');
  }
  ms_context_destroy(context);
  return 0;
}
