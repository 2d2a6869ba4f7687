/* The zoo manifest: a hand-made one, each rule broken once, hostile bytes. */
#include <stdlib.h>

#include "allocator.h"
#include "check.h"
#include "modelspider/modelspider.h"

static ms_context *context;

#define HASH_A "aaaaaaaaaaaaaaaabbbbbbbbbbbbbbbb0123456789abcdef0123456789abcdef"
#define HASH_B "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"

/* The members of a model behind its id; one a line, so that a test can change one. */
#define MODEL_REST                                                                                 \
  "\"name\":\"Net\",\n"                                                                            \
  "\"trained_for\":\"detection\",\n"                                                               \
  "\"architecture\":\"MobileNetV2 1.0\",\n"                                                        \
  "\"source\":{\"package\":\"@scope/package\",\"version\":\"1.0.0\",\"file\":\"models/net.json\"," \
  "\"sha256\":\"" HASH_B "\",\"format\":\"tflite\",\"offset\":0,\"size\":9},\n"                    \
  "\"taps\":[\"block/Relu6\"],\n"                                                                  \
  "\"input\":{\"width\":224,\"height\":192,\"channels\":\"rgb\",\"fit\":\"crop\","                 \
  "\"mean\":[127.5,127.5,127.5],\"std\":[127.5,127.5,127.5]},\n"                                   \
  "\"features\":1280,\n"                                                                           \
  "\"parameters\":2223872,\n"                                                                      \
  "\"macs\":299000000,\n"                                                                          \
  "\"onnx\":{\"sha256\":\"" HASH_A "\",\"bytes\":4500000},\n"                                      \
  "\"licence\":\"Apache-2.0\",\n"                                                                  \
  "\"origin\":\"a project\"\n"

#define MODEL(id) "{\"id\":\"" id "\"," MODEL_REST "}"
#define MANIFEST(models)                                                                           \
  "{\"schema\":1,\"zoo\":\"browser\",\"encoder\":" MODEL("encoder") ",\"models\":[" models "]}\n"

static const char good_manifest[] = MANIFEST(MODEL("net-b") "," MODEL("net-a") "," MODEL("c"));

/* Loads from an allocation of its own, so that a read past the end is found. */
static ms_status load_exactly(const char *bytes, size_t size, ms_zoo **zoo) {
  char *copy = malloc(size == 0 ? 1 : size);
  memcpy(copy, bytes, size);
  ms_status status = ms_zoo_load(context, copy, size, zoo);
  free(copy);
  return status;
}

static ms_status load_text(const char *text, ms_zoo **zoo) {
  return load_exactly(text, strlen(text), zoo);
}

static void test_models_are_found_by_index_and_id(void) {
  ms_zoo *zoo = NULL;
  CHECK_EQUAL(load_text(good_manifest, &zoo), MS_OK);
  CHECK_EQUAL(ms_zoo_count(zoo), 3);
  CHECK_TEXT(ms_zoo_model_id(zoo, 0), "net-b");
  CHECK_TEXT(ms_zoo_model_id(zoo, 2), "c");
  CHECK(ms_zoo_model_id(zoo, 3) == NULL);
  CHECK_EQUAL(ms_zoo_find(zoo, "net-b"), 0);
  CHECK_EQUAL(ms_zoo_find(zoo, "net-a"), 1);
  CHECK_EQUAL(ms_zoo_find(zoo, "c"), 2);
  CHECK_EQUAL(ms_zoo_find(zoo, "encoder"), 3);
  CHECK_EQUAL(ms_zoo_find(zoo, ""), 3);
  CHECK_TEXT(ms_zoo_encoder_hash(zoo), HASH_A);
  CHECK_EQUAL(ms_zoo_companion(zoo, 0), 3);
  ms_zoo_destroy(zoo);
  ms_zoo_destroy(NULL);
}

#define WITH_COMPANIONS(ids)                                                                       \
  "{\"schema\":1,\"zoo\":\"browser\",\"encoder\":{\"id\":\"encoder\",\"companions\":[" ids         \
  "]," MODEL_REST "},\"models\":[" MODEL("b") "," MODEL("a") "]}"

static void test_companions_of_the_encoder_are_found(void) {
  ms_zoo *zoo = NULL;
  CHECK_EQUAL(load_text(WITH_COMPANIONS("\"a\",\"b\""), &zoo), MS_OK);
  CHECK_EQUAL(ms_zoo_companion(zoo, 0), 1);
  CHECK_EQUAL(ms_zoo_companion(zoo, 1), 0);
  CHECK_EQUAL(ms_zoo_companion(zoo, 2), 2);
  ms_zoo_destroy(zoo);
  CHECK_EQUAL(load_text(WITH_COMPANIONS("\"a\",\"c\""), &zoo), MS_ERR_FORMAT);
  CHECK_TEXT(ms_context_message(context), "manifest: the encoder's companion c is no model");
  CHECK_EQUAL(load_text(WITH_COMPANIONS(""), &zoo), MS_ERR_FORMAT);
  CHECK_TEXT(ms_context_message(context),
             "manifest: encoder.companions is not an array of 1 to 16 ids");
}

/* good_manifest with the last place that holds old changed to new: a member of model c. */
static char *change_last(const char *old, const char *new) {
  const char *place = NULL;
  for (const char *next = strstr(good_manifest, old); next != NULL; next = strstr(next + 1, old)) {
    place = next;
  }
  CHECK(place != NULL);
  char *changed = malloc(sizeof good_manifest + strlen(new));
  size_t before = (size_t)(place - good_manifest);
  memcpy(changed, good_manifest, before);
  strcpy(changed + before, new);
  strcat(changed, place + strlen(old));
  return changed;
}

static void check_change(const char *old, const char *new, ms_status status, const char *message) {
  char *changed = change_last(old, new);
  ms_zoo *zoo = NULL;
  ms_status actual = load_text(changed, &zoo);
  CHECK_EQUAL(actual, status);
  if (status != MS_OK) {
    CHECK_TEXT(ms_context_message(context), message);
    CHECK(zoo == NULL);
    if (strcmp(ms_context_message(context), message) != 0) {
      fprintf(stderr, "  is \"%s\"\n", ms_context_message(context));
    }
  }
  ms_zoo_destroy(zoo);
  free(changed);
}

static void test_every_rule_has_a_manifest_that_breaks_it(void) {
  static const struct {
    const char *old;
    const char *new;
    const char *message;
  } broken[] = {
      {"{\"schema\":1,", "{", "manifest: schema is missing"},
      {"\"schema\":1", "\"schema\":\"1\"", "manifest: schema is not a count in its range"},
      {"\"browser\"", "\"The Zoo\"", "manifest: zoo is not in kebab-case"},
      {"\"models\":[", "\"models\":7,\"m\":[",
       "manifest: models is not an array of at least one model"},
      {"\"encoder\":{", "\"encoder\":7,\"e\":{", "manifest: encoder is not an object"},
      {"\"id\":\"encoder\"", "\"id\":\"En\"", "manifest: encoder.id is not in kebab-case"},
      {"\"id\":\"c\"", "\"id\":\"net-a\"", "manifest: model net-a comes twice"},
      {"\"id\":\"c\"", "\"id\":\"-c\"", "manifest: model -c: id is not in kebab-case"},
      {"\"id\":\"c\"", "\"id\":\"c-\"", "manifest: model c-: id is not in kebab-case"},
      {"\"id\":\"c\"", "\"id\":\"c--c\"", "manifest: model c--c: id is not in kebab-case"},
      {"\"id\":\"c\"", "\"id\":\"C\"", "manifest: model C: id is not in kebab-case"},
      {"\"id\":\"c\"", "\"id\":\"\"",
       "manifest: model number 2: id is not a text without control characters"},
      {"\"id\":\"c\"", "\"id\":7",
       "manifest: model number 2: id is not a text without control characters"},
      {"\"id\":\"c\"",
       "\"id\":\"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa\"",
       "manifest: model aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa: "
       "id is too long"},
      {"\"name\":\"Net\"", "\"name\":\"N\\u001bt\"",
       "manifest: model c: name is not a text without control characters"},
      {"\"name\"", "\"nam\"", "manifest: model c: nam is not known here"},
      {"\"name\"", "\"na\\nm\"", "manifest: model c: a member is not known here"},
      {"\"name\":\"Net\"", "\"name\":\"Net\",\"name\":\"Net\"",
       "manifest: model c: name comes twice"},
      {"\"trained_for\":\"detection\",", "", "manifest: model c: trained_for is missing"},
      {"\"source\":{", "\"source\":7,\"s\":{", "manifest: model c: source is not an object"},
      {"@scope/package", "../package",
       "manifest: model c: source.package is not a path inside a package"},
      {"models/net.json", "/etc/passwd",
       "manifest: model c: source.file is not a path inside a package"},
      {"models/net.json", "models/../../x",
       "manifest: model c: source.file is not a path inside a package"},
      {"models/net.json", "models/.",
       "manifest: model c: source.file is not a path inside a package"},
      {"models/net.json", "models/",
       "manifest: model c: source.file is not a path inside a package"},
      {"models/net.json", "..\\\\x",
       "manifest: model c: source.file is not a path inside a package"},
      {"models/net.json", "c:x", "manifest: model c: source.file is not a path inside a package"},
      {"\"sha256\":\"0", "\"sha256\":\"",
       "manifest: model c: source.sha256 is not 64 lower-case hexadecimal digits"},
      {"\"sha256\":\"0", "\"sha256\":\"A",
       "manifest: model c: source.sha256 is not 64 lower-case hexadecimal digits"},
      {"\"tflite\"", "\"pickle\"", "manifest: model c: source.format is not one of its words"},
      {"\"offset\":0", "\"offset\":-1",
       "manifest: model c: source.offset is not a count in its range"},
      {"\"size\":9", "\"size\":0", "manifest: model c: source.size is not a count in its range"},
      {"[\"block/Relu6\"]", "[]", "manifest: model c: taps is not an array of 1 to 16 texts"},
      {"[\"block/Relu6\"]", "{}", "manifest: model c: taps is not an array of 1 to 16 texts"},
      {"[\"block/Relu6\"]", "[7]", "manifest: model c: taps is not an array of 1 to 16 texts"},
      {"[\"block/Relu6\"]", "[\"x\"],\"tap_features\":[0]",
       "manifest: model c: tap_features is not an array of 1 to 16 counts"},
      {"\"width\":224", "\"width\":0",
       "manifest: model c: input.width is not a count in its range"},
      {"\"width\":224", "\"width\":4097",
       "manifest: model c: input.width is not a count in its range"},
      {"\"width\":224", "\"width\":1.5",
       "manifest: model c: input.width is not a count in its range"},
      {"\"rgb\"", "\"rgba\"", "manifest: model c: input.channels is not one of its words"},
      {"\"rgb\"", "\"grey\"", "manifest: model c: input needs 1 mean and 1 std for grey"},
      {"\"crop\"", "7", "manifest: model c: input.fit is not a text without control characters"},
      {"\"mean\":[127.5,", "\"mean\":[",
       "manifest: model c: input needs 3 numbers in mean and 3 in std"},
      {"\"mean\":[127.5,", "\"mean\":[1e999,",
       "manifest: model c: input.mean holds something that is not a number in its range"},
      {"\"mean\":[127.5,", "\"signature\":1,\"mean\":[127.5,",
       "manifest: model c: input.signature is neither true nor false"},
      {"\"mean\":[127.5,", "\"mean\":[null,",
       "manifest: model c: input.mean holds something that is not a number in its range"},
      {"\"std\":[127.5,", "\"std\":[0,",
       "manifest: model c: input.std holds something that is not a number in its range"},
      {"\"std\":[127.5,127.5,127.5]", "\"std\":7",
       "manifest: model c: input.std is not an array of numbers"},
      {"\"features\":1280", "\"features\":65537",
       "manifest: model c: features is not a count in its range"},
      {"\"macs\":299000000", "\"macs\":9007199254740992",
       "manifest: model c: macs is not a count in its range"},
      {"\"bytes\":4500000", "\"bytes\":0",
       "manifest: model c: onnx.bytes is not a count in its range"},
      {"\"origin\":\"a project\"\n", "\"origin\":\"a project\",\"note\":\"\"",
       "manifest: model c: note is not a text without control characters"},
      {"]}\n", ",7]}\n", "manifest: model number 3: it is not an object"},
  };
  for (size_t i = 0; i < sizeof broken / sizeof *broken; i++) {
    check_change(broken[i].old, broken[i].new, MS_ERR_FORMAT, broken[i].message);
  }
}

static void test_what_may_differ_is_accepted(void) {
  check_change(",\"offset\":0,\"size\":9", "", MS_OK, "");
  check_change("\"origin\":\"a project\"\n", "\"origin\":\"a project\",\"note\":\"a note\"", MS_OK,
               "");
  check_change("\"taps\":[", "\"entry\":\"input:0\",\"taps\":[\"x\",", MS_OK, "");
  check_change("\"name\":\"Net\"", "\"name\":\"N\\u00e9t \xe7\xbd\x91\"", MS_OK, "");
  check_change("\"mean\":[127.5,", "\"mean\":[-1.275e2,", MS_OK, "");
  check_change("\"mean\":[127.5,", "\"signature\":true,\"mean\":[127.5,", MS_OK, "");
}

static void test_another_schema_is_unsupported(void) {
  check_change("\"schema\":1", "\"schema\":2", MS_ERR_UNSUPPORTED,
               "manifest: schema is 2, this version reads 1");
}

static void test_zoo_without_models_is_refused(void) {
  ms_zoo *zoo = NULL;
  CHECK_EQUAL(load_text(MANIFEST(""), &zoo), MS_ERR_FORMAT);
  CHECK(zoo == NULL);
}

static void test_every_cut_is_refused(void) {
  size_t whole = strlen(good_manifest) - 1; /* the newline may go */
  for (size_t size = 0; size < whole; size++) {
    ms_zoo *zoo = NULL;
    CHECK(load_exactly(good_manifest, size, &zoo) != MS_OK);
    CHECK(zoo == NULL);
  }
}

static void test_every_flipped_bit_is_survived(void) {
  char changed[sizeof good_manifest];
  size_t accepted = 0;
  memcpy(changed, good_manifest, sizeof changed);
  for (size_t bit = 0; bit < 8 * strlen(good_manifest); bit++) {
    ms_zoo *zoo = NULL;
    changed[bit / 8] = (char)(changed[bit / 8] ^ (1 << bit % 8));
    ms_status status = load_exactly(changed, strlen(good_manifest), &zoo);
    CHECK((status == MS_OK) == (zoo != NULL));
    CHECK(status == MS_OK || status == MS_ERR_FORMAT || status == MS_ERR_UNSUPPORTED);
    accepted += status == MS_OK;
    ms_zoo_destroy(zoo);
    changed[bit / 8] = (char)(changed[bit / 8] ^ (1 << bit % 8));
  }
  /* A flip in the text of a name goes unnoticed, one in the structure does not. */
  CHECK(accepted > 0 && accepted < 8 * strlen(good_manifest) / 2);
}

static void test_failing_allocator_leaves_nothing(void) {
  ms_context *usual = context;
  ms_status status = MS_ERR_MEMORY;
  int failures = 0;
  for (int fail_at = 1; status == MS_ERR_MEMORY; fail_at++) {
    counting_allocator counter = {.fail_at = fail_at};
    ms_allocator allocator = counting_allocator_of(&counter);
    ms_zoo *zoo = NULL;
    CHECK_EQUAL(ms_context_create(&allocator, &context), MS_OK);
    status = load_text(good_manifest, &zoo);
    failures += status == MS_ERR_MEMORY;
    CHECK(status == MS_OK || zoo == NULL);
    ms_zoo_destroy(zoo);
    ms_context_destroy(context);
    CHECK_EQUAL(counter.live, 0);
  }
  CHECK_EQUAL(status, MS_OK);
  CHECK_EQUAL(failures, 2);
  context = usual;
}

int main(void) {
  CHECK_EQUAL(ms_context_create(NULL, &context), MS_OK);
  test_models_are_found_by_index_and_id();
  test_companions_of_the_encoder_are_found();
  test_every_rule_has_a_manifest_that_breaks_it();
  test_what_may_differ_is_accepted();
  test_another_schema_is_unsupported();
  test_zoo_without_models_is_refused();
  test_every_cut_is_refused();
  test_every_flipped_bit_is_survived();
  test_failing_allocator_leaves_nothing();
  ms_context_destroy(context);
  return CHECK_EXIT();
}
