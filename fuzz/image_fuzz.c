/*
 * Any pixels in any shape become any input, and no value leaves the range of a pixel. The first
 * bytes choose the shapes, the others are the pixels.
 */
#include "fuzz.h"

#include "image/image.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size) {
  if (size < 6) {
    return 0;
  }
  const float mean[3] = {0, 0, 0};
  const float deviation[3] = {1, 1, 1};
  size_t width = bytes[2];
  size_t height = width == 0 ? 0 : (size - 6) / 4 / width;
  ms_context *context = fuzz_context();
  ms_image_spec *spec = NULL;
  fuzz_expect(ms_image_spec_create(context, 1 + (size_t)bytes[0], 1 + (size_t)bytes[1],
                                   (ms_image_fit)(bytes[3] % 2), (ms_image_channels)(bytes[4] % 3),
                                   mean, deviation, &spec) == MS_OK);
  size_t count = spec->width * spec->height * spec->channel_count;
  float *input = malloc(count * sizeof *input);
  if (ms_image_prepare(context, spec, bytes + 6, width, height, input) == MS_OK) {
    for (size_t i = 0; i < count; i++) {
      /* The filter's weights sum to 1 but for their rounding. */
      fuzz_expect(input[i] >= 0 && input[i] <= 255.01f);
    }
  }
  free(input);
  ms_image_spec_destroy(spec);
  ms_context_destroy(context);
  return 0;
}
