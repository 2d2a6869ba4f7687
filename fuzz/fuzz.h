/* What the fuzz targets share. */
#ifndef MS_FUZZ_FUZZ_H
#define MS_FUZZ_FUZZ_H

#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include "core/context.h"

/* Called by libFuzzer; always 0. */
int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size);

/* Stops the fuzzer, which then keeps the input, where a promise is broken. */
static inline void fuzz_expect(bool promise) {
  if (!promise) {
    abort();
  }
}

/* A context, or no fuzzing. */
static inline ms_context *fuzz_context(void) {
  ms_context *context = NULL;
  fuzz_expect(ms_context_create(NULL, &context) == MS_OK);
  return context;
}

#endif
