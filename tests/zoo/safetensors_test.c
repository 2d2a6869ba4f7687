/* The safetensors reader and writer: hand-made files, each rule broken once, hostile bytes. */
#include "zoo/safetensors.h"

#include <stdlib.h>

#include "allocator.h"
#include "check.h"
#include "zoo/json.h"

static ms_context *context;

/* A file of its own allocation, so that a read past its end is found. */
typedef struct file_bytes {
  uint8_t *bytes;
  size_t size;
} file_bytes;

/* A header and the data 0, 1, 2, … behind it. */
static file_bytes make_sample(const char *header, size_t data_size) {
  size_t header_size = strlen(header);
  file_bytes made = {malloc(8 + header_size + data_size), 8 + header_size + data_size};
  for (size_t i = 0; i < 8; i++) {
    made.bytes[i] = (uint8_t)((uint64_t)header_size >> (8 * i));
  }
  memcpy(made.bytes + 8, header, header_size);
  for (size_t i = 0; i < data_size; i++) {
    made.bytes[8 + header_size + i] = (uint8_t)i;
  }
  return made;
}

static ms_status read_sample(file_bytes sample, ms_safetensors *file) {
  return ms_safetensors_read(context, sample.bytes, sample.size, "sample", file);
}

/* Reads a sample that breaks one rule; the message must contain text. */
static void check_refused(const char *header, size_t data_size, ms_status status,
                          const char *text) {
  file_bytes sample = make_sample(header, data_size);
  ms_safetensors file = {.what = "untouched"};
  ms_arena_mark mark = ms_arena_get_mark(context);
  ms_status actual = read_sample(sample, &file);
  const char *message = ms_context_message(context);
  if (actual != status || strstr(message, text) == NULL) {
    fprintf(stderr, "%s\n  gives %d, \"%s\"\n", header, (int)actual, message);
  }
  CHECK_EQUAL(actual, status);
  CHECK(strstr(message, text) != NULL);
  CHECK_TEXT(file.what, "untouched");
  ms_arena_drop(context, mark);
  free(sample.bytes);
}

#define GOOD_HEADER                                                                                \
  "{\"__metadata__\":{\"encoder\":\"ab\\u0063\",\"\xc3\xa9\":\"a\\nb\"},"                          \
  "\"b/bias\":{\"shape\":[],\"dtype\":\"I64\",\"data_offsets\":[12,20]},"                          \
  "\"a\":{\"dtype\":\"F32\",\"shape\":[3,1],\"data_offsets\":[0,12]},"                             \
  "\"none\":{\"dtype\":\"U8\",\"shape\":[0,7],\"data_offsets\":[12,12]}} \n "

static void test_hand_made_file_is_read(void) {
  file_bytes sample = make_sample(GOOD_HEADER, 20);
  ms_safetensors file;
  CHECK_EQUAL(read_sample(sample, &file), MS_OK);
  CHECK_EQUAL(file.tensor_count, 3);
  CHECK_TEXT(file.tensors[0].name, "a");
  CHECK_TEXT(file.tensors[2].name, "none");
  CHECK_EQUAL(file.note_count, 2);
  CHECK_TEXT(ms_safetensors_note(&file, "encoder"), "abc");
  CHECK_TEXT(ms_safetensors_note(&file, "\xc3\xa9"), "a\nb");
  CHECK(ms_safetensors_note(&file, "decoder") == NULL);
  CHECK(ms_safetensors_find(&file, "b") == NULL);
  const ms_stored_tensor *bias = ms_safetensors_find(&file, "b/bias");
  int64_t value = 0;
  CHECK_EQUAL(bias->rank, 0);
  CHECK_EQUAL(ms_stored_tensor_count(bias), 1);
  ms_safetensors_copy(bias, &value);
  CHECK_EQUAL(value, 0x131211100f0e0d0c);
  CHECK_EQUAL(ms_stored_tensor_count(ms_safetensors_find(&file, "none")), 0);
  free(sample.bytes);
}

static void test_wrong_dtype_or_shape_says_both(void) {
  file_bytes sample = make_sample(GOOD_HEADER, 20);
  ms_safetensors file;
  const ms_stored_tensor *tensor = NULL;
  CHECK_EQUAL(read_sample(sample, &file), MS_OK);
  CHECK_EQUAL(ms_safetensors_get(context, &file, "a", MS_DTYPE_F32, 2,
                                 (const size_t[]){SIZE_MAX, 1}, &tensor),
              MS_OK);
  CHECK_EQUAL(tensor->shape[0], 3);
  tensor = NULL;
  CHECK_EQUAL(ms_safetensors_get(context, &file, "a", MS_DTYPE_F32, 2,
                                 (const size_t[]){SIZE_MAX, 2}, &tensor),
              MS_ERR_FORMAT);
  CHECK_TEXT(ms_context_message(context), "sample: tensor a is F32 [3,1], expected F32 [*,2]");
  CHECK_EQUAL(
      ms_safetensors_get(context, &file, "a", MS_DTYPE_F16, 2, (const size_t[]){3, 1}, &tensor),
      MS_ERR_FORMAT);
  CHECK_EQUAL(
      ms_safetensors_get(context, &file, "a", MS_DTYPE_F32, 1, (const size_t[]){3}, &tensor),
      MS_ERR_FORMAT);
  CHECK_EQUAL(ms_safetensors_get(context, &file, "c", MS_DTYPE_F32, 0, NULL, &tensor),
              MS_ERR_FORMAT);
  CHECK_TEXT(ms_context_message(context), "sample: tensor c is missing, expected F32 []");
  CHECK(tensor == NULL);
  free(sample.bytes);
}

static void test_file_without_tensors_is_read(void) {
  file_bytes sample = make_sample("{}", 0);
  ms_safetensors file;
  CHECK_EQUAL(read_sample(sample, &file), MS_OK);
  CHECK_EQUAL(file.tensor_count, 0);
  CHECK(ms_safetensors_find(&file, "a") == NULL);
  CHECK(ms_safetensors_note(&file, "a") == NULL);
  free(sample.bytes);
}

#define U8(shape, offsets) "{\"dtype\":\"U8\",\"shape\":" shape ",\"data_offsets\":" offsets "}"

static void test_every_rule_has_a_file_that_breaks_it(void) {
  static const struct {
    const char *header;
    size_t data_size;
    ms_status status;
    const char *message;
  } broken[] = {
      {"", 0, MS_ERR_FORMAT, "brace"},
      {" {}", 0, MS_ERR_FORMAT, "brace"},
      {"[]", 0, MS_ERR_FORMAT, "brace"},
      {"{", 0, MS_ERR_FORMAT, "JSON object"},
      {"{\"a\":1,", 0, MS_ERR_FORMAT, "JSON object"},
      {"{},{}", 0, MS_ERR_FORMAT, "not a JSON object at byte 2"},
      {"{\"a\"}", 0, MS_ERR_FORMAT, "not a JSON object at byte 4"},
      {"{\v}", 0, MS_ERR_FORMAT, "not JSON at byte 1"},
      {"{\"a\tb\":" U8("[1]", "[0,1]") "}", 1, MS_ERR_FORMAT, "not JSON at byte 1"},
      {"{\"a\\u0000\":" U8("[1]", "[0,1]") "}", 1, MS_ERR_FORMAT, "not JSON at byte 1"},
      {"{\"\\ud800\":" U8("[1]", "[0,1]") "}", 1, MS_ERR_FORMAT, "not a JSON object"},
      {"{\"\\x\":" U8("[1]", "[0,1]") "}", 1, MS_ERR_FORMAT, "not JSON at byte 1"},
      {"{\"\xff\":" U8("[1]", "[0,1]") "}", 1, MS_ERR_FORMAT, "not JSON at byte 1"},
      {"{\"\xc0\xaf\":" U8("[1]", "[0,1]") "}", 1, MS_ERR_FORMAT, "not JSON at byte 1"},
      {"{\"\xed\xa0\x80\":" U8("[1]", "[0,1]") "}", 1, MS_ERR_FORMAT, "not JSON at byte 1"},
      {"{\"\xf4\x90\x80\x80\":" U8("[1]", "[0,1]") "}", 1, MS_ERR_FORMAT, "not JSON at byte 1"},
      {"{\"a\":[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[]}", 0, MS_ERR_FORMAT, "not a JSON object"},
      {"{\"\":" U8("[1]", "[0,1]") "}", 1, MS_ERR_FORMAT, "name is empty"},
      {"{\"a\\nb\":" U8("[1]", "[0,1]") "}", 1, MS_ERR_FORMAT, "control"},
      {"{\"a\xc2\x85\":" U8("[1]", "[0,1]") "}", 1, MS_ERR_FORMAT, "control"},
      {"{\"a\":7}", 0, MS_ERR_FORMAT, "tensor a is not an object"},
      {"{\"a\":[]}", 0, MS_ERR_FORMAT, "tensor a is not an object"},
      {"{\"a\":{\"dtype\":\"U8\",\"shape\":[1]}}", 1, MS_ERR_FORMAT, "lacks"},
      {"{\"a\":{\"dtype\":\"U8\",\"dtype\":\"U8\",\"shape\":[1],\"data_offsets\":[0,1]}}", 1,
       MS_ERR_FORMAT, "twice"},
      {"{\"a\":{\"dtype\":\"U8\",\"Shape\":[1],\"data_offsets\":[0,1]}}", 1, MS_ERR_FORMAT,
       "unknown"},
      {"{\"a\":{\"dtype\":8,\"shape\":[1],\"data_offsets\":[0,1]}}", 1, MS_ERR_FORMAT, "dtype"},
      {"{\"a\":{\"dtype\":\"u8\",\"shape\":[1],\"data_offsets\":[0,1]}}", 1, MS_ERR_UNSUPPORTED,
       "dtype u8"},
      {"{\"a\":" U8("1", "[0,1]") "}", 1, MS_ERR_FORMAT, "shape that is not an array"},
      {"{\"a\":" U8("[-1]", "[0,1]") "}", 1, MS_ERR_FORMAT, "counts"},
      {"{\"a\":" U8("[1.5]", "[0,1]") "}", 1, MS_ERR_FORMAT, "counts"},
      {"{\"a\":" U8("[\"1\"]", "[0,1]") "}", 1, MS_ERR_FORMAT, "counts"},
      {"{\"a\":" U8("[1e400]", "[0,1]") "}", 1, MS_ERR_FORMAT, "counts"},
      {"{\"a\":" U8("[9007199254740992]", "[0,1]") "}", 1, MS_ERR_FORMAT, "counts"},
      {"{\"a\":" U8("[01]", "[0,1]") "}", 1, MS_ERR_FORMAT, "not JSON"},
      {"{\"a\":" U8("[1.]", "[0,1]") "}", 1, MS_ERR_FORMAT, "not JSON"},
      {"{\"a\":" U8("[+1]", "[0,1]") "}", 1, MS_ERR_FORMAT, "not JSON"},
      {"{\"a\":" U8("[1e]", "[0,1]") "}", 1, MS_ERR_FORMAT, "not JSON"},
      {"{\"a\":" U8("[1,1,1,1,1,1,1,1,1]", "[0,1]") "}", 1, MS_ERR_LIMIT, "axes"},
      {"{\"a\":" U8("[1]", "[0]") "}", 1, MS_ERR_FORMAT, "two counts"},
      {"{\"a\":" U8("[1]", "[0,1,1]") "}", 1, MS_ERR_FORMAT, "two counts"},
      {"{\"a\":" U8("[1]", "[-1,0]") "}", 1, MS_ERR_FORMAT, "two counts"},
      {"{\"a\":" U8("[1]", "{\"x\":0,\"y\":1}") "}", 1, MS_ERR_FORMAT, "two counts"},
      {"{\"a\":" U8("[1]", "[1,0]") "}", 1, MS_ERR_FORMAT, "outside"},
      {"{\"a\":" U8("[2]", "[0,2]") "}", 1, MS_ERR_FORMAT, "outside"},
      {"{\"a\":" U8("[2]", "[0,1]") "}", 1, MS_ERR_FORMAT, "shape"},
      /* 2^32 × 2^32 is 0 where it wraps. */
      {"{\"a\":" U8("[4294967296,4294967296]", "[0,0]") "}", 0, MS_ERR_FORMAT, "a"},
      {"{\"a\":" U8("[1]", "[0,1]") "}", 2, MS_ERR_FORMAT, "1 bytes follow"},
      {"{\"a\":" U8("[1]", "[1,2]") "}", 2, MS_ERR_FORMAT, "begins at 1, not at 0"},
      {"{\"a\":" U8("[1]", "[0,1]") ",\"b\":" U8("[1]", "[2,3]") "}", 3, MS_ERR_FORMAT,
       "tensor b begins at 2, not at 1"},
      {"{\"a\":" U8("[2]", "[0,2]") ",\"b\":" U8("[2]", "[1,3]") "}", 3, MS_ERR_FORMAT,
       "tensor b begins at 1, not at 2"},
      {"{\"a\":" U8("[1]", "[0,1]") ",\"a\":" U8("[1]", "[1,2]") "}", 2, MS_ERR_FORMAT,
       "tensor a comes twice"},
      {"{\"__metadata__\":7}", 0, MS_ERR_FORMAT, "no object"},
      {"{\"__metadata__\":{},\"__metadata__\":{}}", 0, MS_ERR_FORMAT, "twice"},
      {"{\"__metadata__\":{\"a\":7}}", 0, MS_ERR_FORMAT, "note a is not a text"},
      {"{\"__metadata__\":{\"\":\"\"}}", 0, MS_ERR_FORMAT, "key is not plain"},
      {"{\"__metadata__\":{\"a\":\"\",\"a\":\"\"}}", 0, MS_ERR_FORMAT, "note a comes twice"},
  };
  for (size_t i = 0; i < sizeof broken / sizeof *broken; i++) {
    check_refused(broken[i].header, broken[i].data_size, broken[i].status, broken[i].message);
  }
}

static void test_header_size_is_bounded(void) {
  file_bytes sample = make_sample("{}", 0);
  ms_safetensors file;
  memcpy(sample.bytes, (const uint8_t[]){0, 0, 0, 1}, 4);
  CHECK_EQUAL(read_sample(sample, &file), MS_ERR_FORMAT);
  sample.bytes[0]++;
  CHECK_EQUAL(read_sample(sample, &file), MS_ERR_LIMIT);
  memset(sample.bytes, 0xff, 8);
  CHECK_EQUAL(read_sample(sample, &file), MS_ERR_LIMIT);
  free(sample.bytes);
}

/* Repeats a text between two others. */
static char *repeat(const char *start, const char *text, size_t count, const char *end) {
  size_t length = strlen(text);
  char *made = malloc(strlen(start) + count * length + strlen(end) + 1);
  char *position = made + strlen(start);
  strcpy(made, start);
  for (size_t i = 0; i < count; i++) {
    memcpy(position, text, length);
    position += length;
  }
  strcpy(position, end);
  return made;
}

static void test_crowded_headers_are_refused(void) {
  char *values = repeat("{\"a\":[", "1,", MS_JSON_MAX_VALUES, "1]}");
  check_refused(values, 0, MS_ERR_LIMIT, "values");
  free(values);
  char *tensors = repeat("{", "\"a\":1,", MS_SAFETENSORS_MAX_COUNT + 1, "\"a\":1}");
  check_refused(tensors, 0, MS_ERR_LIMIT, "tensors");
  free(tensors);
  char *notes =
      repeat("{\"__metadata__\":{", "\"a\":\"\",", MS_SAFETENSORS_MAX_COUNT, "\"b\":\"\"}}");
  check_refused(notes, 0, MS_ERR_LIMIT, "notes");
  free(notes);
}

/* Reads bytes that may be anything: whatever is accepted lies inside them. */
static ms_status read_anything(file_bytes sample) {
  ms_safetensors file;
  ms_arena_mark mark = ms_arena_get_mark(context);
  ms_status status = read_sample(sample, &file);
  size_t sum = 0;
  for (size_t i = 0; status == MS_OK && i < file.tensor_count; i++) {
    const ms_stored_tensor *tensor = &file.tensors[i];
    size_t size = ms_stored_tensor_count(tensor) * ms_dtype_size(tensor->dtype);
    uint8_t *copy = malloc(size + 1);
    ms_safetensors_copy(tensor, copy);
    free(copy);
    sum += size;
  }
  CHECK(status != MS_OK || sum < sample.size);
  CHECK(status == MS_OK || strlen(ms_context_message(context)) > 0);
  ms_arena_drop(context, mark);
  return status;
}

static void test_every_cut_is_refused(void) {
  file_bytes whole = make_sample(GOOD_HEADER, 20);
  for (size_t size = 0; size < whole.size; size++) {
    file_bytes cut = {malloc(size == 0 ? 1 : size), size};
    memcpy(cut.bytes, whole.bytes, size);
    CHECK(read_anything(cut) != MS_OK);
    free(cut.bytes);
  }
  free(whole.bytes);
}

static void test_every_flipped_bit_is_survived(void) {
  file_bytes sample = make_sample(GOOD_HEADER, 20);
  size_t refused = 0;
  for (size_t bit = 0; bit < 8 * sample.size; bit++) {
    sample.bytes[bit / 8] ^= (uint8_t)(1u << bit % 8);
    refused += read_anything(sample) != MS_OK;
    sample.bytes[bit / 8] ^= (uint8_t)(1u << bit % 8);
  }
  CHECK(refused > 8 * 8); /* at least what the header's size decides */
  free(sample.bytes);
}

/* ---- Writing ------------------------------------------------------------------------------- */

static const float weights[2][3] = {{1, -2, 0.5f}, {0, 4, 1e-9f}};
static const uint8_t bytes_of_u8[5] = {1, 2, 3, 4, 5};
static const double scale = 0.1;

static const ms_stored_tensor some_tensors[] = {
    {"small \"u8\\", MS_DTYPE_U8, 1, {5}, bytes_of_u8},
    {"weights", MS_DTYPE_F32, 2, {2, 3}, weights},
    {"scale", MS_DTYPE_F64, 0, {0}, &scale},
};
static const ms_stored_note some_notes[] = {{"z", "line\n\"two\"\x01"}, {"a", ""}};

/* Writes a file of its own allocation. */
static file_bytes write_sample(const ms_stored_tensor *tensors, size_t tensor_count,
                               const ms_stored_note *notes, size_t note_count) {
  file_bytes made = {NULL, 0};
  CHECK_EQUAL(
      ms_safetensors_write(context, tensors, tensor_count, notes, note_count, NULL, 0, &made.size),
      MS_OK);
  made.bytes = malloc(made.size);
  CHECK_EQUAL(ms_safetensors_write(context, tensors, tensor_count, notes, note_count, made.bytes,
                                   made.size, &made.size),
              MS_OK);
  return made;
}

static void test_written_header_is_the_documented_one(void) {
  static const char expected[] =
      "{\"__metadata__\":{\"a\":\"\",\"z\":\"line\\u000a\\\"two\\\"\\u0001\"},"
      "\"scale\":{\"dtype\":\"F64\",\"shape\":[],\"data_offsets\":[0,8]},"
      "\"weights\":{\"dtype\":\"F32\",\"shape\":[2,3],\"data_offsets\":[8,32]},"
      "\"small \\\"u8\\\\\":{\"dtype\":\"U8\",\"shape\":[5],\"data_offsets\":[32,37]}}";
  file_bytes sample = write_sample(some_tensors, 3, some_notes, 2);
  size_t header_size = (strlen(expected) + 7) / 8 * 8;
  CHECK_EQUAL(sample.size, 8 + header_size + 37);
  CHECK_EQUAL(sample.bytes[0] + 256u * sample.bytes[1], header_size);
  CHECK(memcmp(sample.bytes + 8, expected, strlen(expected)) == 0);
  for (size_t i = strlen(expected); i < header_size; i++) {
    CHECK_EQUAL(sample.bytes[8 + i], ' ');
  }
  free(sample.bytes);
}

static void test_written_file_is_read_back(void) {
  file_bytes sample = write_sample(some_tensors, 3, some_notes, 2);
  ms_safetensors file;
  CHECK_EQUAL(read_sample(sample, &file), MS_OK);
  CHECK_EQUAL(file.tensor_count, 3);
  CHECK_TEXT(ms_safetensors_note(&file, "z"), some_notes[0].text);
  CHECK_TEXT(ms_safetensors_note(&file, "a"), "");
  const ms_stored_tensor *tensor = ms_safetensors_find(&file, "weights");
  float copy[2][3];
  ms_safetensors_copy(tensor, copy);
  CHECK(memcmp(copy, weights, sizeof weights) == 0);
  tensor = ms_safetensors_find(&file, "small \"u8\\");
  CHECK(memcmp(tensor->elements, bytes_of_u8, sizeof bytes_of_u8) == 0);
  free(sample.bytes);
}

static void test_order_of_arguments_does_not_change_the_bytes(void) {
  ms_stored_tensor tensors[] = {some_tensors[2], some_tensors[0], some_tensors[1]};
  ms_stored_note notes[] = {some_notes[1], some_notes[0]};
  file_bytes forward = write_sample(some_tensors, 3, some_notes, 2);
  file_bytes other = write_sample(tensors, 3, notes, 2);
  CHECK_EQUAL(forward.size, other.size);
  CHECK(memcmp(forward.bytes, other.bytes, forward.size) == 0);
  free(forward.bytes);
  free(other.bytes);
}

static void test_too_little_room_writes_nothing(void) {
  file_bytes sample = write_sample(some_tensors, 3, NULL, 0);
  size_t size = 0;
  memset(sample.bytes, 0xaa, sample.size);
  CHECK_EQUAL(
      ms_safetensors_write(context, some_tensors, 3, NULL, 0, sample.bytes, sample.size - 1, &size),
      MS_ERR_ARGUMENT);
  CHECK_EQUAL(size, 0);
  for (size_t i = 0; i < sample.size; i++) {
    CHECK_EQUAL(sample.bytes[i], 0xaa);
  }
  free(sample.bytes);
}

static void test_what_cannot_be_read_is_not_written(void) {
  static const struct {
    ms_stored_tensor tensors[2];
    ms_stored_note notes[2];
    ms_status status;
  } refused[] = {
      {{{"", MS_DTYPE_U8, 0, {0}, "a"}, {"b", MS_DTYPE_U8, 0, {0}, "b"}},
       {{"a", "a"}, {"b", "b"}},
       MS_ERR_ARGUMENT},
      {{{"a\n", MS_DTYPE_U8, 0, {0}, "a"}, {"b", MS_DTYPE_U8, 0, {0}, "b"}},
       {{"a", "a"}, {"b", "b"}},
       MS_ERR_ARGUMENT},
      {{{"__metadata__", MS_DTYPE_U8, 0, {0}, "a"}, {"b", MS_DTYPE_U8, 0, {0}, "b"}},
       {{"a", "a"}, {"b", "b"}},
       MS_ERR_ARGUMENT},
      {{{"b", MS_DTYPE_U8, 0, {0}, "a"}, {"b", MS_DTYPE_U8, 0, {0}, "b"}},
       {{"a", "a"}, {"b", "b"}},
       MS_ERR_ARGUMENT},
      {{{"a", MS_DTYPE_U8, 9, {0}, "a"}, {"b", MS_DTYPE_U8, 0, {0}, "b"}},
       {{"a", "a"}, {"b", "b"}},
       MS_ERR_LIMIT},
      {{{"a", MS_DTYPE_U8, 2, {SIZE_MAX, 2}, "a"}, {"b", MS_DTYPE_U8, 0, {0}, "b"}},
       {{"a", "a"}, {"b", "b"}},
       MS_ERR_LIMIT},
      {{{"a", MS_DTYPE_U8, 1, {SIZE_MAX}, "a"}, {"b", MS_DTYPE_U8, 0, {0}, "b"}},
       {{"a", "a"}, {"b", "b"}},
       MS_ERR_LIMIT},
      {{{"a", MS_DTYPE_U8, 0, {0}, "a"}, {"b", MS_DTYPE_U8, 0, {0}, "b"}},
       {{"a", "a"}, {"a", "b"}},
       MS_ERR_ARGUMENT},
      {{{"a", MS_DTYPE_U8, 0, {0}, "a"}, {"b", MS_DTYPE_U8, 0, {0}, "b"}},
       {{"", "a"}, {"a", "b"}},
       MS_ERR_ARGUMENT},
      {{{"a", MS_DTYPE_U8, 0, {0}, "a"}, {"b", MS_DTYPE_U8, 0, {0}, "b"}},
       {{"b", "\xff"}, {"a", "b"}},
       MS_ERR_ARGUMENT},
  };
  for (size_t i = 0; i < sizeof refused / sizeof *refused; i++) {
    size_t size = 0;
    CHECK_EQUAL(
        ms_safetensors_write(context, refused[i].tensors, 2, refused[i].notes, 2, NULL, 0, &size),
        refused[i].status);
    CHECK_EQUAL(size, 0);
  }
}

static void test_failing_allocator_leaves_nothing(void) {
  file_bytes sample = make_sample(GOOD_HEADER, 20);
  ms_context *usual = context;
  ms_status status = MS_ERR_MEMORY;
  for (int fail_at = 1; status == MS_ERR_MEMORY; fail_at++) {
    counting_allocator counter = {.fail_at = fail_at};
    ms_allocator allocator = counting_allocator_of(&counter);
    ms_safetensors file;
    size_t size = 0;
    CHECK_EQUAL(ms_context_create(&allocator, &context), MS_OK);
    status = read_sample(sample, &file);
    ms_status written =
        ms_safetensors_write(context, some_tensors, 3, some_notes, 2, NULL, 0, &size);
    CHECK(written == MS_OK || written == MS_ERR_MEMORY);
    CHECK(status == MS_OK || (status == MS_ERR_MEMORY && fail_at == 1));
    ms_context_destroy(context);
    CHECK_EQUAL(counter.live, 0);
  }
  context = usual;
  free(sample.bytes);
}

int main(void) {
  CHECK_EQUAL(ms_context_create(NULL, &context), MS_OK);
  test_hand_made_file_is_read();
  test_wrong_dtype_or_shape_says_both();
  test_file_without_tensors_is_read();
  test_every_rule_has_a_file_that_breaks_it();
  test_header_size_is_bounded();
  test_crowded_headers_are_refused();
  test_every_cut_is_refused();
  test_every_flipped_bit_is_survived();
  test_written_header_is_the_documented_one();
  test_written_file_is_read_back();
  test_order_of_arguments_does_not_change_the_bytes();
  test_too_little_room_writes_nothing();
  test_what_cannot_be_read_is_not_written();
  test_failing_allocator_leaves_nothing();
  ms_context_destroy(context);
  return CHECK_EXIT();
}
