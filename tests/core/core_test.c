/* Context, arena, checked arithmetic, reader and random numbers. */
#include "allocator.h"
#include "check.h"
#include "core/context.h"
#include "core/random.h"
#include "core/reader.h"
#include "core/sort.h"

#include <float.h>
#include <math.h>
#include <stdlib.h>

static void test_context_returns_all_memory(void) {
  counting_allocator counter = {.fail_at = -1};
  ms_allocator allocator = counting_allocator_of(&counter);
  ms_context *context = NULL;
  CHECK_EQUAL(ms_context_create(&allocator, &context), MS_OK);
  float *scratch = NULL;
  CHECK_EQUAL(MS_SCRATCH(context, 100000, &scratch), MS_OK);
  CHECK(((uintptr_t)scratch & 63) == 0);
  ms_context_destroy(context);
  ms_context_destroy(NULL);
  CHECK_EQUAL(counter.live, 0);
}

static void test_context_survives_failing_allocator(void) {
  counting_allocator counter = {.fail_at = 0};
  ms_allocator allocator = counting_allocator_of(&counter);
  ms_context *context = NULL;
  CHECK_EQUAL(ms_context_create(&allocator, &context), MS_ERR_MEMORY);
  CHECK(context == NULL);
}

static void test_arena_reuses_blocks_after_a_drop(void) {
  counting_allocator counter = {.fail_at = -1};
  ms_allocator allocator = counting_allocator_of(&counter);
  ms_context *context = NULL;
  CHECK_EQUAL(ms_context_create(&allocator, &context), MS_OK);
  int calls_after_first_round = 0;
  for (int round = 0; round < 3; round++) {
    ms_arena_mark mark = ms_arena_get_mark(context);
    for (size_t i = 1; i < 20; i++) {
      uint8_t *bytes = NULL;
      CHECK_EQUAL(MS_SCRATCH(context, i * 10000, &bytes), MS_OK);
      memset(bytes, (int)i, i * 10000);
    }
    ms_arena_drop(context, mark);
    calls_after_first_round = round == 0 ? counter.calls : calls_after_first_round;
  }
  CHECK_EQUAL(counter.calls, calls_after_first_round);
  ms_context_destroy(context);
}

static void test_arena_refuses_impossible_sizes(void) {
  ms_context *context = NULL;
  CHECK_EQUAL(ms_context_create(NULL, &context), MS_OK);
  uint32_t *memory = NULL;
  uint8_t *bytes = NULL;
  CHECK_EQUAL(MS_SCRATCH(context, SIZE_MAX / 2, &memory), MS_ERR_MEMORY);
  CHECK_EQUAL(MS_SCRATCH(context, SIZE_MAX - 8, &bytes), MS_ERR_MEMORY);
  CHECK_EQUAL(MS_NEW(context, SIZE_MAX / 2, &memory), MS_ERR_MEMORY);
  CHECK(memory == NULL);
  CHECK(strlen(ms_context_message(context)) > 0);
  ms_context_destroy(context);
}

static void test_reader_never_passes_the_end(void) {
  ms_context *context = NULL;
  CHECK_EQUAL(ms_context_create(NULL, &context), MS_OK);
  const uint8_t bytes[] = {0x96, 0x01, 1, 2, 3, 4, 5};
  ms_reader reader = ms_reader_make(bytes, sizeof bytes, "test");
  uint64_t wide = 0;
  uint32_t narrow = 0;
  CHECK_EQUAL(ms_read_varint(context, &reader, &wide), MS_OK);
  CHECK_EQUAL(wide, 150);
  CHECK_EQUAL(ms_read_u64(context, &reader, &wide), MS_ERR_FORMAT);
  CHECK_EQUAL(ms_reader_left(&reader), 5);
  CHECK_EQUAL(ms_read_u32(context, &reader, &narrow), MS_OK);
  CHECK_EQUAL(narrow, 0x04030201u);
  const uint8_t *view = NULL;
  CHECK_EQUAL(ms_read_view(context, &reader, SIZE_MAX, &view), MS_ERR_FORMAT);
  CHECK(view == NULL);
  ms_context_destroy(context);
}

static void test_reader_refuses_endless_varints(void) {
  ms_context *context = NULL;
  CHECK_EQUAL(ms_context_create(NULL, &context), MS_OK);
  const uint8_t bytes[] = {0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x02, 0, 0};
  uint64_t value = 0;
  ms_reader reader = ms_reader_make(bytes, sizeof bytes, "test");
  CHECK_EQUAL(ms_read_varint(context, &reader, &value), MS_ERR_FORMAT);
  reader = ms_reader_make(bytes, 5, "test");
  CHECK_EQUAL(ms_read_varint(context, &reader, &value), MS_ERR_FORMAT);
  ms_context_destroy(context);
}

static void test_random_numbers_have_their_moments(void) {
  ms_random random = ms_random_make(7, 1);
  double sum = 0;
  double squares = 0;
  enum { DRAWS = 100000 };
  for (int i = 0; i < DRAWS; i++) {
    double x = ms_random_normal(&random);
    sum += x;
    squares += x * x;
  }
  /* Four standard errors. */
  CHECK_NEAR(sum / DRAWS, 0.0, 4 / sqrt(DRAWS));
  CHECK_NEAR(squares / DRAWS, 1.0, 4 * sqrt(2.0 / DRAWS));
}

static void test_permutation_holds_every_index_once(void) {
  ms_random random = ms_random_make(7, 2);
  size_t order[100];
  int seen[100] = {0};
  ms_random_permutation(&random, order, 100);
  for (size_t i = 0; i < 100; i++) {
    seen[order[i]]++;
  }
  for (size_t i = 0; i < 100; i++) {
    CHECK_EQUAL(seen[i], 1);
  }
}

static int compare_numbers(const void *first, const void *second) {
  const uint32_t *a = first;
  const uint32_t *b = second;
  return (*a > *b) - (*a < *b);
}

/* Of every small count, in any order, with equal ones; the C library's sort is the reference. */
static void test_elements_are_sorted_as_by_the_c_library(void) {
  enum { MOST = 40 };
  ms_random random = ms_random_make(12, 0);
  for (size_t count = 0; count <= MOST; count++) {
    uint32_t ours[MOST + 1] = {0};
    uint32_t theirs[MOST + 1] = {0};
    for (size_t i = 0; i < count; i++) {
      ours[i] = theirs[i] = (uint32_t)ms_random_below(&random, i % 2 == 0 ? 10 : 1000);
    }
    ours[count] = theirs[count] = 0xabcd; /* what lies behind stays */
    ms_sort(ours, count, sizeof *ours, compare_numbers);
    qsort(theirs, count, sizeof *theirs, compare_numbers);
    CHECK(memcmp(ours, theirs, sizeof ours) == 0);
  }
}

/* Both formats make the same text, in however little room; the C library's is the reference. */
#define CHECK_FORMAT(...)                                                                          \
  do {                                                                                             \
    for (size_t room = 1; room <= 64; room = room * 2 + 1) {                                       \
      char ours[64];                                                                               \
      char theirs[64];                                                                             \
      CHECK_EQUAL(ms_format(ours, room, __VA_ARGS__),                                              \
                  (size_t)snprintf(theirs, room, __VA_ARGS__));                                    \
      CHECK_TEXT(ours, theirs);                                                                    \
    }                                                                                              \
  } while (0)

static void test_sentences_are_formatted_as_by_the_c_library(void) {
  CHECK_FORMAT("none of 100%%");
  CHECK_FORMAT("%s and %.3s of 100%%", "all", "abcdef");
  CHECK_FORMAT("%.*s", 2, "xyz");
  CHECK_FORMAT("%d %d", 0, INT32_MIN);
  CHECK_FORMAT("%lld %zu", (long long)INT64_MIN, (size_t)7);
  CHECK_FORMAT("%u %lu", UINT32_MAX, 0ul);
  CHECK_FORMAT("%llu", (unsigned long long)UINT64_MAX);
  CHECK_FORMAT("%04x %x", 31u, 0xbeefu);
}

static void test_a_failure_names_up_to_eight_things_in_order(void) {
  ms_context *context = NULL;
  CHECK_EQUAL(ms_context_create(NULL, &context), MS_OK);
  CHECK_EQUAL(ms_fail(context, MS_ERR_DATA, "%d%d%d", 1, 2, 3), MS_ERR_DATA);
  CHECK_TEXT(ms_context_message(context), "123");
  CHECK_EQUAL(ms_fail(context, MS_ERR_LIMIT, "%s %g %d", "a", 0.5, -1), MS_ERR_LIMIT);
  CHECK_TEXT(ms_context_message(context), "a 0.5 -1");
  CHECK_EQUAL(ms_fail(context, MS_ERR_DATA, "%d%d%d%d%d%d%d%d", 1, 2, 3, 4, 5, 6, 7, 8),
              MS_ERR_DATA);
  CHECK_TEXT(ms_context_message(context), "12345678");
  ms_context_destroy(context);
}

static void test_doubles_are_formatted_as_by_the_c_library(void) {
  static const double numbers[] = {0.0,      -0.0,      0.1,  1.0,      -2.5,    1e9,     123456.0,
                                   999999.5, 1234567.0, 1e-4, 0.000012, DBL_MAX, DBL_MIN, 0x1p-1074,
                                   INFINITY, 100000.5,  0.3,  1e5,      1e6};
  for (size_t i = 0; i < sizeof numbers / sizeof *numbers; i++) {
    CHECK_FORMAT("%g", numbers[i]);
  }
  ms_random random = ms_random_make(11, 0);
  for (int i = 0; i < 1000; i++) {
    double number = ms_random_normal(&random) * pow(10, (double)(i % 40) - 20);
    CHECK_FORMAT("%g", number);
  }
}

static void check_parsed(const char *text) {
  char *ours = NULL;
  char *theirs = NULL;
  double expected = strtod(text, &theirs);
  double number = ms_parse_number(text, &ours);
  CHECK(memcmp(&number, &expected, sizeof number) == 0);
  CHECK(ours == theirs);
}

/* The C library's numbers are rounded correctly. Hard ones lie in the middle of two doubles. */
static void test_numbers_are_parsed_to_the_nearest_double(void) {
  static const char *const texts[] = {
      "0",
      "-0.0",
      "1",
      "-12.50e+1",
      "1.",
      ".5",
      "1e",
      "1e+",
      "-",
      ".",
      "e5",
      "",
      "1.5.5",
      "00012",
      "9007199254740993",
      "9007199254740992.9",
      "9007199254740993.0000000000000000000000000000001",
      "1.7976931348623157e308",
      "1.7976931348623159e308",
      "1e309",
      "1e99999",
      "1e-99999",
      "2.2250738585072011e-308",
      "4.9e-324",
      "2.4703282292062327e-324",
      "2.4703282292062328e-324",
      "1e-400",
      "0.000000000000000000000000000000000000000000000000000000000001",
      "5e-324",
      "8.5e-324",
      "123456789012345678901234567890123456789012345678901234567890123",
      "0e999",
      "1e23",
      "8.442911973260991817129021e-309"};
  for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
    check_parsed(texts[i]);
  }
  ms_random random = ms_random_make(12, 0);
  for (int i = 0; i < 5000; i++) {
    uint64_t bits = ms_random_bits(&random) & 0x7fefffffffffffff;
    double number = 0;
    char text[64];
    memcpy(&number, &bits, sizeof number);
    snprintf(text, sizeof text, "%.*e", (int)ms_random_below(&random, 20), number);
    check_parsed(text);
  }
}

int main(void) {
  test_context_returns_all_memory();
  test_context_survives_failing_allocator();
  test_arena_reuses_blocks_after_a_drop();
  test_arena_refuses_impossible_sizes();
  test_reader_never_passes_the_end();
  test_reader_refuses_endless_varints();
  test_random_numbers_have_their_moments();
  test_permutation_holds_every_index_once();
  test_elements_are_sorted_as_by_the_c_library();
  test_sentences_are_formatted_as_by_the_c_library();
  test_a_failure_names_up_to_eight_things_in_order();
  test_doubles_are_formatted_as_by_the_c_library();
  test_numbers_are_parsed_to_the_nearest_double();
  return CHECK_EXIT();
}
