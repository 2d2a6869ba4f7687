/* A zoo that loads has models, and finds each of them by its id. */
#include "fuzz.h"

#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size) {
  ms_context *context = fuzz_context();
  ms_zoo *zoo = NULL;
  if (ms_zoo_load(context, bytes, size, &zoo) == MS_OK) {
    fuzz_expect(ms_zoo_count(zoo) > 0);
    fuzz_expect(strlen(ms_zoo_encoder_hash(zoo)) == 64);
    for (size_t i = 0; i < ms_zoo_count(zoo); i++) {
      fuzz_expect(ms_zoo_find(zoo, ms_zoo_model_id(zoo, i)) == i);
    }
  } else {
    fuzz_expect(zoo == NULL && ms_context_message(context)[0] != '\0');
  }
  ms_zoo_destroy(zoo);
  ms_context_destroy(context);
  return 0;
}
