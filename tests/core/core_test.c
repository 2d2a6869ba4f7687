/* Context, arena, checked arithmetic, reader and random numbers. */
#include "allocator.h"
#include "check.h"
#include "core/context.h"
#include "core/random.h"
#include "core/reader.h"

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
  void *memory = NULL;
  CHECK_EQUAL(ms_arena_take(context, SIZE_MAX / 2, 4, &memory), MS_ERR_MEMORY);
  CHECK_EQUAL(ms_arena_take(context, SIZE_MAX - 8, 1, &memory), MS_ERR_MEMORY);
  CHECK_EQUAL(ms_allocate(context, SIZE_MAX / 2, 4, &memory), MS_ERR_MEMORY);
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

int main(void) {
  test_context_returns_all_memory();
  test_context_survives_failing_allocator();
  test_arena_reuses_blocks_after_a_drop();
  test_arena_refuses_impossible_sizes();
  test_reader_never_passes_the_end();
  test_reader_refuses_endless_varints();
  test_random_numbers_have_their_moments();
  test_permutation_holds_every_index_once();
  return CHECK_EXIT();
}
