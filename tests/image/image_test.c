/* Pixels to network input, against a direct two-dimensional evaluation in double precision. */
#include "image/image.h"

#include "allocator.h"
#include "check.h"
#include "core/random.h"

enum { SEED = 20240611 };

static const float zero_mean[3] = {0, 0, 0};
static const float unit_deviation[3] = {1, 1, 1};

static ms_context *make_context(void) {
  ms_context *context = NULL;
  CHECK_EQUAL(ms_context_create(NULL, &context), MS_OK);
  return context;
}

/* A picture of random colours; alpha is random too, or opaque. */
static uint8_t *make_picture(size_t width, size_t height, bool opaque, uint64_t stream) {
  ms_random random = ms_random_make(SEED, stream);
  uint8_t *rgba = malloc(width * height * 4);
  for (size_t i = 0; i < width * height * 4; i++) {
    rgba[i] = i % 4 == 3 && opaque ? 255 : (uint8_t)ms_random_below(&random, 256);
  }
  return rgba;
}

static double triangle(double distance) {
  return fabs(distance) < 1 ? 1 - fabs(distance) : 0;
}

/* Colour k of one pixel over white. */
static double over_white(const uint8_t *pixel, size_t k) {
  return 255 - (255.0 - pixel[k]) * pixel[3] / 255;
}

/* Colour k at output (x, y): every pixel of the picture, weighted by the product of triangles. */
static double oracle_colour(const ms_image_spec *spec, const uint8_t *rgba, size_t width,
                            size_t height, size_t x, size_t y, size_t k) {
  double x_step = (double)width / (double)spec->width;
  double y_step = (double)height / (double)spec->height;
  if (spec->fit == MS_IMAGE_FIT_CROP) {
    x_step = y_step = fmin(x_step, y_step);
  }
  double x_centre = (double)width / 2 + ((double)x + 0.5 - (double)spec->width / 2) * x_step;
  double y_centre = (double)height / 2 + ((double)y + 0.5 - (double)spec->height / 2) * y_step;
  double sum = 0;
  double weights = 0;
  for (size_t j = 0; j < height; j++) {
    double y_weight = triangle(((double)j + 0.5 - y_centre) / fmax(y_step, 1));
    for (size_t i = 0; y_weight > 0 && i < width; i++) {
      double weight = y_weight * triangle(((double)i + 0.5 - x_centre) / fmax(x_step, 1));
      sum += weight * over_white(rgba + (j * width + i) * 4, k);
      weights += weight;
    }
  }
  return sum / weights;
}

/* Value c of the input at output (x, y). */
static double oracle(const ms_image_spec *spec, const uint8_t *rgba, size_t width, size_t height,
                     size_t x, size_t y, size_t c) {
  double value = 0;
  if (spec->channels == MS_IMAGE_CHANNELS_GREY) {
    static const double luma[3] = {0.299, 0.587, 0.114};
    for (size_t k = 0; k < 3; k++) {
      value += luma[k] * oracle_colour(spec, rgba, width, height, x, y, k);
    }
  } else {
    size_t k = spec->channels == MS_IMAGE_CHANNELS_BGR ? 2 - c : c;
    value = oracle_colour(spec, rgba, width, height, x, y, k);
  }
  return (value - spec->mean[c]) / spec->deviation[c];
}

static float *prepare(ms_context *context, const ms_image_spec *spec, const uint8_t *rgba,
                      size_t width, size_t height) {
  float *input = malloc(spec->width * spec->height * spec->channel_count * sizeof *input);
  CHECK_EQUAL(ms_image_prepare(context, spec, rgba, width, height, input), MS_OK);
  return input;
}

typedef struct image_case {
  size_t width, height;             /* of the picture */
  size_t input_width, input_height; /* of the network */
  ms_image_fit fit;
  ms_image_channels channels;
  bool opaque;
} image_case;

/* A float in 0 … 255 made of a few thousand terms of relative error 2^-24 each. */
static const double pixel_tolerance = 2e-4;

static void check_case(const image_case *tried, uint64_t stream) {
  static const float mean[3] = {123.5f, 116.25f, 103.5f};
  static const float deviation[3] = {58.5f, 57, 0.5f};
  ms_context *context = make_context();
  ms_image_spec *spec = NULL;
  CHECK_EQUAL(ms_image_spec_create(context, tried->input_width, tried->input_height, tried->fit,
                                   tried->channels, mean, deviation, &spec),
              MS_OK);
  uint8_t *rgba = make_picture(tried->width, tried->height, tried->opaque, stream);
  float *input = prepare(context, spec, rgba, tried->width, tried->height);
  double worst = 0;
  for (size_t i = 0; i < spec->width * spec->height * spec->channel_count; i++) {
    size_t c = i % spec->channel_count;
    size_t x = i / spec->channel_count % spec->width;
    size_t y = i / spec->channel_count / spec->width;
    double expected = oracle(spec, rgba, tried->width, tried->height, x, y, c);
    worst = fmax(worst, fabs(input[i] - expected) * spec->deviation[c]);
  }
  CHECK_NEAR(worst, 0, pixel_tolerance);
  if (worst > pixel_tolerance) {
    fprintf(stderr, "  seed %d, %zu x %zu to %zu x %zu\n", SEED, tried->width, tried->height,
            tried->input_width, tried->input_height);
  }
  free(input);
  free(rgba);
  ms_image_spec_destroy(spec);
  ms_context_destroy(context);
}

static void test_resize_agrees_with_the_direct_formula(void) {
  static const image_case cases[] = {
      {64, 48, 16, 16, MS_IMAGE_FIT_CROP, MS_IMAGE_CHANNELS_RGB, true},
      {48, 64, 16, 16, MS_IMAGE_FIT_CROP, MS_IMAGE_CHANNELS_BGR, true},
      {64, 48, 16, 16, MS_IMAGE_FIT_SQUASH, MS_IMAGE_CHANNELS_RGB, false},
      {61, 47, 13, 17, MS_IMAGE_FIT_CROP, MS_IMAGE_CHANNELS_GREY, false},
      {61, 47, 13, 17, MS_IMAGE_FIT_SQUASH, MS_IMAGE_CHANNELS_BGR, false},
      {16, 16, 16, 16, MS_IMAGE_FIT_CROP, MS_IMAGE_CHANNELS_RGB, true},
      {5, 7, 32, 32, MS_IMAGE_FIT_CROP, MS_IMAGE_CHANNELS_RGB, true},
      {7, 5, 32, 20, MS_IMAGE_FIT_SQUASH, MS_IMAGE_CHANNELS_GREY, true},
      {100, 3, 8, 8, MS_IMAGE_FIT_SQUASH, MS_IMAGE_CHANNELS_RGB, true},
      {100, 3, 8, 8, MS_IMAGE_FIT_CROP, MS_IMAGE_CHANNELS_RGB, false},
      {1, 1, 8, 8, MS_IMAGE_FIT_CROP, MS_IMAGE_CHANNELS_RGB, false},
      {1, 4000, 4, 4, MS_IMAGE_FIT_CROP, MS_IMAGE_CHANNELS_RGB, true},
      {1, 4000, 4, 4, MS_IMAGE_FIT_SQUASH, MS_IMAGE_CHANNELS_RGB, true},
      {4000, 1, 4, 3, MS_IMAGE_FIT_SQUASH, MS_IMAGE_CHANNELS_GREY, false},
      {33, 20, 1, 1, MS_IMAGE_FIT_SQUASH, MS_IMAGE_CHANNELS_RGB, true},
      {33, 20, 1, 5, MS_IMAGE_FIT_CROP, MS_IMAGE_CHANNELS_RGB, true},
  };
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
    check_case(&cases[i], i);
  }
}

static void test_size_of_the_input_leaves_pixels_as_they_are(void) {
  ms_context *context = make_context();
  ms_image_spec *spec = NULL;
  CHECK_EQUAL(ms_image_spec_create(context, 9, 6, MS_IMAGE_FIT_CROP, MS_IMAGE_CHANNELS_RGB,
                                   zero_mean, unit_deviation, &spec),
              MS_OK);
  uint8_t *rgba = make_picture(9, 6, true, 100);
  float *input = prepare(context, spec, rgba, 9, 6);
  size_t different = 0;
  for (size_t i = 0; i < (size_t)9 * 6 * 3; i++) {
    different += input[i] != rgba[i / 3 * 4 + i % 3];
  }
  CHECK_EQUAL(different, 0);
  free(input);
  free(rgba);
  ms_image_spec_destroy(spec);
  ms_context_destroy(context);
}

static void test_constant_picture_stays_constant(void) {
  static const size_t sizes[][2] = {{1000, 700}, {3, 2}, {224, 224}, {1, 500}};
  ms_context *context = make_context();
  ms_image_spec *spec = NULL;
  CHECK_EQUAL(ms_image_spec_create(context, 32, 24, MS_IMAGE_FIT_CROP, MS_IMAGE_CHANNELS_RGB,
                                   zero_mean, unit_deviation, &spec),
              MS_OK);
  for (size_t s = 0; s < 4; s++) {
    size_t count = sizes[s][0] * sizes[s][1];
    uint8_t *rgba = malloc(count * 4);
    for (size_t i = 0; i < count; i++) {
      memcpy(rgba + i * 4, (uint8_t[4]){255, 128, 1, 255}, 4);
    }
    float *input = prepare(context, spec, rgba, sizes[s][0], sizes[s][1]);
    double worst = 0;
    for (size_t i = 0; i < (size_t)32 * 24 * 3; i++) {
      double colour = i % 3 == 0 ? 255 : i % 3 == 1 ? 128 : 1;
      worst = fmax(worst, fabs(input[i] - colour));
    }
    CHECK_NEAR(worst, 0, pixel_tolerance);
    free(input);
    free(rgba);
  }
  ms_image_spec_destroy(spec);
  ms_context_destroy(context);
}

static void test_shrinking_by_a_whole_factor_keeps_the_mean(void) {
  ms_context *context = make_context();
  ms_image_spec *spec = NULL;
  CHECK_EQUAL(ms_image_spec_create(context, 50, 40, MS_IMAGE_FIT_SQUASH, MS_IMAGE_CHANNELS_RGB,
                                   zero_mean, unit_deviation, &spec),
              MS_OK);
  /* Away from the edges, where the cut triangle weighs pixels more, nothing may be lost. */
  size_t count = (size_t)200 * 160;
  uint8_t *rgba = make_picture(200, 160, true, 101);
  double mean = 0;
  for (size_t i = 0; i < count; i++) {
    size_t x = i % 200;
    size_t y = i / 200;
    bool inside = x >= 16 && x < 184 && y >= 16 && y < 144;
    memset(rgba + i * 4, inside ? rgba[i * 4] : 0, 3);
    mean += rgba[i * 4] / (double)count;
  }
  float *input = prepare(context, spec, rgba, 200, 160);
  double resized = 0;
  for (size_t i = 0; i < (size_t)50 * 40; i++) {
    resized += input[i * 3] / 2000.0;
  }
  CHECK_NEAR(resized, mean, pixel_tolerance);
  free(input);
  free(rgba);
  ms_image_spec_destroy(spec);
  ms_context_destroy(context);
}

static void test_transparent_pixels_are_white(void) {
  ms_context *context = make_context();
  ms_image_spec *spec = NULL;
  CHECK_EQUAL(ms_image_spec_create(context, 2, 1, MS_IMAGE_FIT_CROP, MS_IMAGE_CHANNELS_RGB,
                                   zero_mean, unit_deviation, &spec),
              MS_OK);
  static const uint8_t rgba[8] = {10, 20, 30, 0, 55, 155, 255, 51};
  float *input = prepare(context, spec, rgba, 2, 1);
  /* By hand: 51 / 255 is a fifth. */
  static const float expected[6] = {255, 255, 255, 215, 235, 255};
  for (size_t i = 0; i < 6; i++) {
    CHECK_NEAR(input[i], expected[i], pixel_tolerance);
  }
  free(input);
  ms_image_spec_destroy(spec);
  ms_context_destroy(context);
}

static void test_a_large_picture_is_reduced_by_a_whole_factor(void) {
  enum { WIDTH = 1925, HEIGHT = 1285, SMALL = (WIDTH / 2) * (HEIGHT / 2) * 4 };
  CHECK_EQUAL(ms_image_reduction(1280, 4000), 2);
  CHECK_EQUAL(ms_image_reduction(4000, 1279), 1);
  CHECK_EQUAL(ms_image_reduction(8192, 8192), 12);
  ms_context *context = make_context();
  ms_image_spec *spec = NULL;
  CHECK_EQUAL(ms_image_spec_create(context, 32, 24, MS_IMAGE_FIT_CROP, MS_IMAGE_CHANNELS_RGB,
                                   zero_mean, unit_deviation, &spec),
              MS_OK);
  uint8_t *rgba = make_picture(WIDTH, HEIGHT, true, 77);
  uint8_t *reduced = malloc(SMALL);
  CHECK_EQUAL(ms_image_reduce(context, rgba, WIDTH, HEIGHT, reduced, SMALL - 1), MS_ERR_ARGUMENT);
  CHECK_EQUAL(ms_image_reduce(context, rgba, WIDTH, HEIGHT, reduced, SMALL), MS_OK);
  /* The odd column and row at the end belong to no square. */
  size_t wrong = 0;
  for (size_t i = 0; i < SMALL; i++) {
    const uint8_t *pixel =
        rgba + (i / 4 / (WIDTH / 2) * 2 * WIDTH + i / 4 % (WIDTH / 2) * 2) * 4 + i % 4;
    int sum = pixel[0] + pixel[4] + pixel[WIDTH * 4] + pixel[WIDTH * 4 + 4];
    wrong += reduced[i] != (sum + 2) / 4;
  }
  CHECK_EQUAL(wrong, 0);
  float *whole = prepare(context, spec, rgba, WIDTH, HEIGHT);
  float *again = prepare(context, spec, reduced, WIDTH / 2, HEIGHT / 2);
  CHECK_EQUAL(memcmp(whole, again, 32 * 24 * 3 * sizeof *whole), 0);
  free(whole);
  free(again);
  free(reduced);
  free(rgba);
  ms_image_spec_destroy(spec);
  ms_context_destroy(context);
}

static void test_only_the_centre_is_cut_from_a_wide_picture(void) {
  ms_context *context = make_context();
  ms_image_spec *spec = NULL;
  CHECK_EQUAL(ms_image_spec_create(context, 4, 4, MS_IMAGE_FIT_CROP, MS_IMAGE_CHANNELS_GREY,
                                   zero_mean, unit_deviation, &spec),
              MS_OK);
  uint8_t rgba[12 * 4 * 4];
  for (size_t i = 0; i < 48; i++) {
    bool centre = i % 12 >= 4 && i % 12 < 8;
    memcpy(rgba + i * 4, centre ? (uint8_t[4]){255, 255, 255, 255} : (uint8_t[4]){0, 0, 0, 255}, 4);
  }
  float *input = prepare(context, spec, rgba, 12, 4);
  for (size_t i = 0; i < 16; i++) {
    CHECK_NEAR(input[i], 255, pixel_tolerance);
  }
  free(input);
  ms_image_spec_destroy(spec);
  ms_context_destroy(context);
}

static void check_refused(ms_context *context, size_t width, size_t height, ms_status expected) {
  ms_image_spec *spec = NULL;
  CHECK_EQUAL(ms_image_spec_create(context, 4, 4, MS_IMAGE_FIT_SQUASH, MS_IMAGE_CHANNELS_RGB,
                                   zero_mean, unit_deviation, &spec),
              MS_OK);
  float input[48] = {7};
  uint8_t pixel[4] = {0};
  CHECK_EQUAL(ms_image_prepare(context, spec, pixel, width, height, input), expected);
  CHECK_EQUAL(input[0], 7);
  ms_image_spec_destroy(spec);
}

static void test_impossible_sizes_are_refused(void) {
  ms_context *context = make_context();
  check_refused(context, 0, 1, MS_ERR_ARGUMENT);
  check_refused(context, 1, 0, MS_ERR_ARGUMENT);
  check_refused(context, 0, 0, MS_ERR_ARGUMENT);
  check_refused(context, 8193, 8192, MS_ERR_LIMIT);
  check_refused(context, SIZE_MAX, SIZE_MAX, MS_ERR_LIMIT);
  check_refused(context, 1, ((size_t)1 << 20) + 1, MS_ERR_LIMIT);
  ms_context_destroy(context);
}

static void check_bad_spec(ms_context *context, size_t width, size_t height, int fit, int channels,
                           float mean, float deviation) {
  ms_image_spec *spec = NULL;
  float means[3] = {0, 0, mean};
  float deviations[3] = {1, 1, deviation};
  CHECK_EQUAL(ms_image_spec_create(context, width, height, (ms_image_fit)fit,
                                   (ms_image_channels)channels, means, deviations, &spec),
              MS_ERR_ARGUMENT);
  CHECK(spec == NULL);
}

static void test_bad_specs_are_refused(void) {
  ms_context *context = make_context();
  check_bad_spec(context, 0, 8, 0, 0, 0, 1);
  check_bad_spec(context, 8, 0, 0, 0, 0, 1);
  check_bad_spec(context, 4097, 8, 0, 0, 0, 1);
  check_bad_spec(context, 8, 4097, 0, 0, 0, 1);
  check_bad_spec(context, 8, 8, 2, 0, 0, 1);
  check_bad_spec(context, 8, 8, 0, 3, 0, 1);
  check_bad_spec(context, 8, 8, 0, 0, NAN, 1);
  check_bad_spec(context, 8, 8, 0, 0, 0, 0);
  check_bad_spec(context, 8, 8, 0, 0, 0, -1);
  check_bad_spec(context, 8, 8, 0, 0, 0, NAN);
  check_bad_spec(context, 8, 8, 0, 0, 0, INFINITY);
  ms_image_spec_destroy(NULL);
  ms_context_destroy(context);
}

/* Prepares one picture and returns the status, with allocation number fail_at failing. */
static ms_status prepare_with_failure(int fail_at, counting_allocator *counter) {
  *counter = (counting_allocator){0, 0, fail_at};
  ms_allocator allocator = counting_allocator_of(counter);
  ms_context *context = NULL;
  ms_status status = ms_context_create(&allocator, &context);
  if (status != MS_OK) {
    return status;
  }
  ms_image_spec *spec = NULL;
  status = ms_image_spec_create(context, 4, 4, MS_IMAGE_FIT_SQUASH, MS_IMAGE_CHANNELS_RGB,
                                zero_mean, unit_deviation, &spec);
  if (status == MS_OK) {
    uint8_t *rgba = make_picture(9, 40000, true, 102);
    float input[48];
    status = ms_image_prepare(context, spec, rgba, 9, 40000, input);
    int calls = counter->calls;
    if (status == MS_OK) {
      CHECK_EQUAL(ms_image_prepare(context, spec, rgba, 9, 40000, input), MS_OK);
      CHECK_EQUAL(counter->calls, calls);
    }
    free(rgba);
  }
  ms_image_spec_destroy(spec);
  ms_context_destroy(context);
  return status;
}

static void test_failing_allocations_leak_nothing_and_repetition_allocates_nothing(void) {
  counting_allocator counter;
  CHECK_EQUAL(prepare_with_failure(-1, &counter), MS_OK);
  CHECK_EQUAL(counter.live, 0);
  int calls = counter.calls;
  for (int i = 0; i < calls; i++) {
    CHECK_EQUAL(prepare_with_failure(i, &counter), MS_ERR_MEMORY);
    CHECK_EQUAL(counter.live, 0);
  }
}

int main(void) {
  test_resize_agrees_with_the_direct_formula();
  test_size_of_the_input_leaves_pixels_as_they_are();
  test_constant_picture_stays_constant();
  test_shrinking_by_a_whole_factor_keeps_the_mean();
  test_transparent_pixels_are_white();
  test_a_large_picture_is_reduced_by_a_whole_factor();
  test_only_the_centre_is_cut_from_a_wide_picture();
  test_impossible_sizes_are_refused();
  test_bad_specs_are_refused();
  test_failing_allocations_leak_nothing_and_repetition_allocates_nothing();
  return CHECK_EXIT();
}
