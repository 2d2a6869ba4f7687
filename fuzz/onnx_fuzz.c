/*
 * Any bytes are loaded as a network or refused with a sentence; a network that is small enough to
 * run here gives features or refuses the image.
 */
#include <string.h>

#include "fuzz.h"

enum { SIDE = 16, MAX_MACS = 1000000, MAX_FEATURES = 65536 };

static void embed_gradient(ms_network *network) {
  uint8_t rgba[SIDE * SIDE * 4];
  size_t count = ms_network_feature_count(network);
  fuzz_expect(count > 0);
  if (ms_network_mac_count(network) > MAX_MACS || count > MAX_FEATURES) {
    return;
  }
  for (size_t i = 0; i < sizeof rgba; i++) {
    rgba[i] = (uint8_t)i;
  }
  float *features = malloc(count * sizeof *features);
  ms_status status = ms_network_embed(network, rgba, SIDE, SIDE, features, count);
  fuzz_expect(status == MS_OK || status == MS_ERR_DATA);
  free(features);
}

/* A report is made of whatever loads, and of what does not. */
static void report(ms_context *context, const uint8_t *bytes, size_t size, bool loads) {
  char text[256];
  size_t length = 0;
  ms_status status = ms_network_check(context, bytes, size, SIDE, text, sizeof text, &length);
  fuzz_expect(status != MS_OK || length > 0);
  fuzz_expect(!loads || (status == MS_OK && strncmp(text, "input\t", 6) == 0));
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size) {
  const float mean[3] = {0, 0, 0};
  const float deviation[3] = {255, 255, 255};
  ms_context *context = fuzz_context();
  ms_image_spec *spec = NULL;
  ms_network *network = NULL;
  fuzz_expect(ms_image_spec_create(context, SIDE, SIDE, MS_IMAGE_FIT_CROP, MS_IMAGE_CHANNELS_RGB,
                                   mean, deviation, &spec) == MS_OK);
  ms_precision precision = size % 2 == 0 ? MS_PRECISION_FLOAT32 : MS_PRECISION_INT16;
  if (ms_network_load(context, bytes, size, spec, precision, &network) == MS_OK) {
    embed_gradient(network);
  } else {
    fuzz_expect(network == NULL && ms_context_message(context)[0] != '\0');
  }
  bool loads = network != NULL;
  ms_network_destroy(network); /* a network may hold 1 GiB; two would be the fuzzer's limit */
  report(context, bytes, size, loads);
  ms_image_spec_destroy(spec);
  ms_context_destroy(context);
  return 0;
}
