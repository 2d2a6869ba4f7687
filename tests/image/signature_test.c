/* The signature: its blocks hold what pictures made for it must give. */
#include "check.h"
#include "core/context.h"
#include "image/signature.h"

enum { SIDE = 64 };

static void paint(uint8_t *rgba, uint8_t (*shade)(size_t x, size_t y)) {
  for (size_t y = 0; y < SIDE; y++) {
    for (size_t x = 0; x < SIDE; x++) {
      uint8_t value = shade(x, y);
      uint8_t pixel[] = {value, value, value, 255};
      memcpy(rgba + (y * SIDE + x) * 4, pixel, sizeof pixel);
    }
  }
}

static uint8_t shade_right(size_t x, size_t y) {
  (void)y;
  return (uint8_t)(4 * x);
}

static uint8_t shade_down(size_t x, size_t y) {
  (void)x;
  return (uint8_t)(4 * y);
}

static uint8_t shade_diagonal(size_t x, size_t y) {
  return (uint8_t)(2 * (x + y));
}

static uint8_t shade_evenly(size_t x, size_t y) {
  (void)x;
  (void)y;
  return 100;
}

static void take(const uint8_t *rgba, float *signature) {
  ms_context *context = NULL;
  CHECK_EQUAL(ms_context_create(NULL, &context), MS_OK);
  CHECK_EQUAL(ms_image_signature(context, rgba, SIDE, SIDE, signature, MS_SIGNATURE_COUNT), MS_OK);
  ms_context_destroy(context);
}

/* All gradients of a picture point one way: only that direction's bins are not 0. */
static void check_direction(uint8_t (*shade)(size_t x, size_t y), size_t direction) {
  static uint8_t rgba[SIDE * SIDE * 4];
  float signature[MS_SIGNATURE_COUNT];
  paint(rgba, shade);
  take(rgba, signature);
  const float *edges = signature + MS_SIGNATURE_COUNT - MS_SIGNATURE_EDGES;
  for (size_t i = 0; i < MS_SIGNATURE_EDGES; i++) {
    if (i % 8 == direction) {
      CHECK(edges[i] > 0.1f);
    } else {
      /* Rounding in the luma leaves gradients of about 1e-7 across. */
      CHECK_NEAR(edges[i], 0, 1e-2);
    }
  }
}

static void test_edges_know_their_direction(void) {
  check_direction(shade_right, 0);
  check_direction(shade_diagonal, 2);
  check_direction(shade_down, 4);
}

static void test_even_picture_has_one_colour_and_no_edge(void) {
  static uint8_t rgba[SIDE * SIDE * 4];
  float signature[MS_SIGNATURE_COUNT];
  paint(rgba, shade_evenly);
  take(rgba, signature);
  for (size_t i = 0; i < MS_SIGNATURE_THUMBNAIL + MS_SIGNATURE_GREY; i++) {
    CHECK_NEAR(signature[i], 100.0 / 255, 1e-5);
  }
  const float *colours = signature + MS_SIGNATURE_THUMBNAIL + MS_SIGNATURE_GREY;
  for (size_t i = 0; i < MS_SIGNATURE_COLOURS; i++) {
    /* 100 / 255 × 4 lies in level 1 of each channel. */
    CHECK_NEAR(colours[i], i == 16 + 4 + 1 ? 1 : 0, 1e-5);
  }
  for (size_t i = 0; i < MS_SIGNATURE_EDGES; i++) {
    CHECK_NEAR(colours[MS_SIGNATURE_COLOURS + i], 0, 1e-2);
  }
}

static void test_thumbnails_hold_mean_shades(void) {
  static uint8_t rgba[SIDE * SIDE * 4];
  float signature[MS_SIGNATURE_COUNT];
  paint(rgba, shade_right);
  take(rgba, signature);
  for (size_t x = 0; x < 8; x++) {
    CHECK_NEAR(signature[3 * x], (4 * (8 * (double)x + 3.5)) / 255, 1e-5);
  }
  for (size_t x = 0; x < 16; x++) {
    CHECK_NEAR(signature[MS_SIGNATURE_THUMBNAIL + x], (4 * (4 * (double)x + 1.5)) / 255, 1e-5);
  }
}

static void test_too_little_room_is_refused(void) {
  static uint8_t rgba[SIDE * SIDE * 4];
  ms_context *context = NULL;
  float signature[MS_SIGNATURE_COUNT] = {-1};
  CHECK_EQUAL(ms_context_create(NULL, &context), MS_OK);
  CHECK_EQUAL(ms_image_signature(context, rgba, SIDE, SIDE, signature, 10), MS_ERR_ARGUMENT);
  CHECK_EQUAL(ms_image_signature(context, rgba, 0, SIDE, signature, MS_SIGNATURE_COUNT),
              MS_ERR_ARGUMENT);
  CHECK_EQUAL(signature[0], -1);
  ms_context_destroy(context);
}

int main(void) {
  test_edges_know_their_direction();
  test_even_picture_has_one_colour_and_no_edge();
  test_thumbnails_hold_mean_shades();
  test_too_little_room_is_refused();
  return CHECK_EXIT();
}
