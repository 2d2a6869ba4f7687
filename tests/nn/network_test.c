/*
 * ms_network from file to features, on small files made here: numbers against a plain convolution
 * in double precision, refusals, hostile bytes, failing allocators, steady state.
 */
#include <stdbool.h>

#include "allocator.h"
#include "check.h"
#include "core/random.h"
#include "nn/onnx_builder.h"

enum { SIDE = 7, CHANNELS = 3, FILTERS = 26, FEATURES = 26, OUT_SIDE = 4 };

static const float mean[3] = {127.5f, 127.5f, 127.5f};
static const float deviation[3] = {127.5f, 127.5f, 127.5f};
static const int64_t open_image[4] = {-1, CHANNELS, -1, -1};

/* The weights of the test network: a 3×3 convolution and a 1×1 convolution. */
typedef struct weights {
  float first[FILTERS * CHANNELS * 9];
  float first_bias[FILTERS];
  float second[FEATURES * FILTERS];
} weights;

static weights make_weights(uint64_t seed) {
  weights made;
  ms_random random = ms_random_make(seed, 0);
  float *numbers = (float *)&made;
  for (size_t i = 0; i < sizeof made / sizeof *numbers; i++) {
    numbers[i] = (float)(ms_random_uniform(&random) - 0.5);
  }
  return made;
}

static void put_convolutions(message *graph, const weights *numbers) {
  const int64_t strides[2] = {2, 2};
  const int64_t pads[4] = {1, 1, 1, 1};
  message node;
  start_node(&node, "Conv", "image w1 b1", "a");
  put_attribute_integers(&node, "strides", strides, 2);
  put_attribute_integers(&node, "pads", pads, 4);
  put_message(graph, 1, &node);
  start_node(&node, "Relu", "a", "b");
  put_message(graph, 1, &node);
  start_node(&node, "Conv", "b w2", "features");
  put_message(graph, 1, &node);
  put_initializer(graph, "w1", 1, (const int64_t[]){FILTERS, CHANNELS, 3, 3}, 4, numbers->first,
                  sizeof numbers->first);
  put_initializer(graph, "b1", 1, (const int64_t[]){FILTERS}, 1, numbers->first_bias,
                  sizeof numbers->first_bias);
  put_initializer(graph, "w2", 1, (const int64_t[]){FEATURES, FILTERS, 1, 1}, 4, numbers->second,
                  sizeof numbers->second);
}

static void make_network_file(message *file, const weights *numbers) {
  message graph = {.size = 0};
  put_convolutions(&graph, numbers);
  put_value(&graph, 11, "image", open_image, 4);
  put_value(&graph, 12, "features", open_image, 4);
  finish_model(file, &graph, 13);
}

static void make_image(uint64_t seed, uint8_t rgba[SIDE * SIDE * 4]) {
  ms_random random = ms_random_make(seed, 1);
  for (size_t i = 0; i < SIDE * SIDE * 4; i++) {
    rgba[i] = i % 4 == 3 ? 255 : (uint8_t)ms_random_below(&random, 256);
  }
}

static double pixel_at(const uint8_t *rgba, int y, int x, int channel) {
  if (y < 0 || y >= SIDE || x < 0 || x >= SIDE) {
    return 0;
  }
  return (rgba[(y * SIDE + x) * 4 + channel] - 127.5) / 127.5;
}

/* One filter of the first convolution with Relu. */
static double first_layer(const weights *numbers, const uint8_t *rgba, int filter, int y, int x) {
  double sum = (double)numbers->first_bias[filter];
  for (int channel = 0; channel < CHANNELS; channel++) {
    for (int tap = 0; tap < 9; tap++) {
      sum += (double)numbers->first[(filter * CHANNELS + channel) * 9 + tap] *
             pixel_at(rgba, y * 2 - 1 + tap / 3, x * 2 - 1 + tap % 3, channel);
    }
  }
  return sum > 0 ? sum : 0;
}

static void expected_features(const weights *numbers, const uint8_t *rgba, double *features) {
  for (int feature = 0; feature < FEATURES; feature++) {
    features[feature] = 0;
    for (int filter = 0; filter < FILTERS; filter++) {
      double sum = 0;
      for (int i = 0; i < OUT_SIDE * OUT_SIDE; i++) {
        sum += first_layer(numbers, rgba, filter, i / OUT_SIDE, i % OUT_SIDE);
      }
      features[feature] +=
          (double)numbers->second[feature * FILTERS + filter] * sum / (OUT_SIDE * OUT_SIDE);
    }
  }
}

static ms_status load_as(ms_context *context, const uint8_t *bytes, size_t size,
                         ms_precision precision, ms_network **network) {
  ms_image_spec *spec = NULL;
  ms_status status = ms_image_spec_create(context, SIDE, SIDE, MS_IMAGE_FIT_SQUASH,
                                          MS_IMAGE_CHANNELS_RGB, mean, deviation, &spec);
  *network = NULL;
  if (status == MS_OK) {
    status = ms_network_load(context, bytes, size, spec, precision, network);
  }
  ms_image_spec_destroy(spec);
  return status;
}

static ms_status load(ms_context *context, const uint8_t *bytes, size_t size,
                      ms_network **network) {
  return load_as(context, bytes, size, MS_PRECISION_FLOAT32, network);
}

static ms_context *make_context(void) {
  ms_context *context = NULL;
  if (ms_context_create(NULL, &context) != MS_OK) {
    abort();
  }
  return context;
}

static void test_features_are_those_of_a_plain_convolution(void) {
  enum { SEED = 11 };
  weights numbers = make_weights(SEED);
  uint8_t rgba[SIDE * SIDE * 4];
  double expected[FEATURES];
  float features[FEATURES];
  message file;
  ms_network *network = NULL;
  ms_context *context = make_context();
  make_image(SEED, rgba);
  make_network_file(&file, &numbers);
  expected_features(&numbers, rgba, expected);
  CHECK_EQUAL(load(context, file.bytes, file.size, &network), MS_OK);
  memset(file.bytes, 0xee, file.size); /* nothing of the file may be needed any more */
  CHECK_EQUAL(ms_network_feature_count(network), FEATURES);
  CHECK_EQUAL(ms_network_parameter_count(network), sizeof numbers / sizeof(float));
  CHECK_EQUAL(ms_network_mac_count(network), OUT_SIDE * OUT_SIDE * FILTERS * (27 + FEATURES));
  CHECK(ms_network_memory_size(network) > sizeof numbers);
  CHECK_EQUAL(ms_network_embed(network, rgba, SIDE, SIDE, features, FEATURES), MS_OK);
  for (int i = 0; i < FEATURES; i++) {
    /* Sums of some 150 products of numbers below 1, each rounded to 24 bits. */
    CHECK_NEAR(features[i], expected[i], 1e-5);
  }
  CHECK_EQUAL(ms_network_embed(network, rgba, SIDE, SIDE, features, FEATURES - 1), MS_ERR_ARGUMENT);
  ms_network_destroy(network);
  ms_network_destroy(NULL);
  ms_context_destroy(context);
}

static void test_integers_give_nearly_the_features_of_floats(void) {
  enum { SEED = 15 };
  weights numbers = make_weights(SEED);
  uint8_t rgba[SIDE * SIDE * 4];
  double expected[FEATURES];
  float features[FEATURES];
  float again[FEATURES];
  message file;
  ms_network *exact = NULL;
  ms_network *network = NULL;
  ms_context *context = make_context();
  make_image(SEED, rgba);
  make_network_file(&file, &numbers);
  expected_features(&numbers, rgba, expected);
  CHECK_EQUAL(load(context, file.bytes, file.size, &exact), MS_OK);
  CHECK_EQUAL(load_as(context, file.bytes, file.size, MS_PRECISION_INT16, &network), MS_OK);
  CHECK(ms_network_memory_size(network) < ms_network_memory_size(exact));
  CHECK_EQUAL(ms_network_embed(network, rgba, SIDE, SIDE, features, FEATURES), MS_OK);
  double difference = 0;
  for (int i = 0; i < FEATURES; i++) {
    /* Levels are 1/9000 of the largest number or finer; their errors add up like noise. */
    CHECK_NEAR(features[i], expected[i], 1e-3);
    difference += fabs((double)features[i] - expected[i]);
  }
  CHECK(difference > 1e-6); /* integers it was */
  rgba[0] ^= 0x80;
  CHECK_EQUAL(ms_network_embed(network, rgba, SIDE, SIDE, again, FEATURES), MS_OK);
  rgba[0] ^= 0x80;
  CHECK_EQUAL(ms_network_embed(network, rgba, SIDE, SIDE, again, FEATURES), MS_OK);
  CHECK(memcmp(features, again, sizeof again) == 0);
  ms_network_destroy(exact);
  ms_network_destroy(network);
  ms_context_destroy(context);
}

static void test_an_unknown_precision_is_refused(void) {
  weights numbers = make_weights(16);
  message file;
  ms_network *network = NULL;
  ms_context *context = make_context();
  make_network_file(&file, &numbers);
  CHECK_EQUAL(load_as(context, file.bytes, file.size, (ms_precision)2, &network), MS_ERR_ARGUMENT);
  CHECK(network == NULL && strstr(ms_context_message(context), "precision 2") != NULL);
  ms_context_destroy(context);
}

static void embed_in_steady_state(ms_precision precision) {
  weights numbers = make_weights(12);
  uint8_t rgba[SIDE * SIDE * 4];
  float first[FEATURES];
  float again[FEATURES];
  message file;
  ms_network *network = NULL;
  ms_context *context = NULL;
  counting_allocator counter = {.fail_at = -1};
  ms_allocator allocator = counting_allocator_of(&counter);
  CHECK_EQUAL(ms_context_create(&allocator, &context), MS_OK);
  make_image(12, rgba);
  make_network_file(&file, &numbers);
  CHECK_EQUAL(load_as(context, file.bytes, file.size, precision, &network), MS_OK);
  CHECK_EQUAL(ms_network_embed(network, rgba, SIDE, SIDE, first, FEATURES), MS_OK);
  int calls = counter.calls;
  for (int round = 0; round < 100; round++) {
    CHECK_EQUAL(ms_network_embed(network, rgba, SIDE, SIDE, again, FEATURES), MS_OK);
    CHECK(memcmp(first, again, sizeof first) == 0);
  }
  CHECK_EQUAL(counter.calls, calls);
  ms_network_destroy(network);
  ms_context_destroy(context);
  CHECK_EQUAL(counter.live, 0);
}

static void test_embedding_allocates_nothing_after_the_first_call(void) {
  embed_in_steady_state(MS_PRECISION_FLOAT32);
  embed_in_steady_state(MS_PRECISION_INT16);
}

static void load_with_failing_allocations(ms_precision precision) {
  weights numbers = make_weights(13);
  message file;
  make_network_file(&file, &numbers);
  ms_status status = MS_ERR_MEMORY;
  int failures = 0;
  for (int fail_at = 0; status == MS_ERR_MEMORY; fail_at++) {
    counting_allocator counter = {.fail_at = fail_at};
    ms_allocator allocator = counting_allocator_of(&counter);
    ms_context *context = NULL;
    ms_network *network = NULL;
    status = ms_context_create(&allocator, &context);
    if (status == MS_OK) {
      status = load_as(context, file.bytes, file.size, precision, &network);
      CHECK((network == NULL) == (status != MS_OK));
      failures += status == MS_ERR_MEMORY;
      ms_network_destroy(network);
      ms_context_destroy(context);
    }
    CHECK_EQUAL(counter.live, 0);
  }
  CHECK_EQUAL(status, MS_OK);
  CHECK(failures > 5);
}

static void test_loading_survives_every_failing_allocation(void) {
  load_with_failing_allocations(MS_PRECISION_FLOAT32);
  load_with_failing_allocations(MS_PRECISION_INT16);
}

/* Loads bytes from a block of exactly their size, so that the sanitizer sees every step beyond. */
static ms_status load_exact(ms_context *context, const uint8_t *bytes, size_t size) {
  uint8_t rgba[SIDE * SIDE * 4];
  float features[4096];
  ms_network *network = NULL;
  uint8_t *copy = malloc(size == 0 ? 1 : size);
  memcpy(copy, bytes, size);
  /* Both ways, as sizes of files go. */
  ms_precision precision = size % 2 == 0 ? MS_PRECISION_FLOAT32 : MS_PRECISION_INT16;
  ms_status status = load_as(context, copy, size, precision, &network);
  free(copy);
  if (status == MS_OK) {
    make_image(14, rgba);
    ms_status run = ms_network_embed(network, rgba, SIDE, SIDE, features, 4096);
    CHECK(run == MS_OK || run == MS_ERR_DATA || run == MS_ERR_ARGUMENT);
  }
  ms_network_destroy(network);
  return status;
}

static void test_every_cut_file_is_refused(void) {
  weights numbers = make_weights(14);
  message file;
  ms_context *context = make_context();
  make_network_file(&file, &numbers);
  for (size_t size = 0; size < file.size; size++) {
    CHECK(load_exact(context, file.bytes, size) != MS_OK);
    CHECK(strlen(ms_context_message(context)) > 0);
  }
  CHECK_EQUAL(load_exact(context, file.bytes, file.size), MS_OK);
  ms_context_destroy(context);
}

static void test_no_changed_byte_does_harm(void) {
  static const uint8_t changes[] = {0x01, 0x02, 0x08, 0x40, 0x80, 0xff};
  weights numbers = make_weights(15);
  message file;
  ms_context *context = make_context();
  int refused = 0;
  make_network_file(&file, &numbers);
  for (size_t i = 0; i < file.size; i++) {
    for (size_t k = 0; k < sizeof changes; k++) {
      file.bytes[i] ^= changes[k];
      refused += load_exact(context, file.bytes, file.size) != MS_OK;
      file.bytes[i] ^= changes[k];
    }
  }
  CHECK(refused > 100);
  ms_context_destroy(context);
}

/* Loads a graph of one image input and some nodes, and checks how it is refused. */
static void check_refusal(const message *graph, ms_status expected, const char *words) {
  message file;
  ms_network *network = NULL;
  ms_context *context = make_context();
  finish_model(&file, graph, 20);
  ms_status status = load(context, file.bytes, file.size, &network);
  CHECK_EQUAL(status, expected);
  bool has_words = strstr(ms_context_message(context), words) != NULL;
  CHECK(has_words);
  if (!has_words) {
    fprintf(stderr, "  \"%s\" lacks \"%s\"\n", ms_context_message(context), words);
  }
  CHECK(network == NULL);
  ms_network_destroy(network);
  ms_context_destroy(context);
}

static void put_node(message *graph, const char *operator_name, const char *inputs,
                     const char *outputs) {
  message node;
  start_node(&node, operator_name, inputs, outputs);
  put_message(graph, 1, &node);
}

static void test_graphs_that_make_no_sense_are_refused_with_a_sentence(void) {
  static const struct {
    const char *nodes[3][3]; /* operator, inputs, outputs */
    ms_status status;
    const char *words;
  } cases[] = {
      {{{"Relu", "a", "b"}, {"Relu", "b", "a"}, {"Relu", "a", "features"}},
       MS_ERR_FORMAT,
       "depends on itself"},
      {{{"Relu", "nowhere", "features"}}, MS_ERR_FORMAT, "'nowhere', which nothing produces"},
      {{{"Relu", "image", "features"}, {"Abs", "image", "features"}},
       MS_ERR_FORMAT,
       "produced twice"},
      {{{"Relu", "image", "other"}}, MS_ERR_FORMAT, "nothing produces the output"},
      {{{"Telepathy", "image", "features"}},
       MS_ERR_UNSUPPORTED,
       "operator Telepathy of opset 20 is unsupported (node 'features')"},
      {{{"Add", "image", "features"}}, MS_ERR_FORMAT, "has 1 inputs"},
      {{{"Conv", "image image image", "features"}}, MS_ERR_FORMAT, "do not fit weights"},
      {{{"Not", "image", "features"}}, MS_ERR_FORMAT, "of type float"},
      {{{"Shape", "image", "features"}}, MS_ERR_UNSUPPORTED, "is no feature tensor"},
      {{{"Slice", "image", "features"}}, MS_ERR_FORMAT, "it has no starts"},
      {{{"Unsqueeze", "image", "features"}}, MS_ERR_FORMAT, "it has no axes"},
      {{{"ReduceMean", "image", "mean"}, {"QuantizeLinear", "image mean mean", "features"}},
       MS_ERR_FORMAT,
       "a zero point of type float"},
  };
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
    message graph = {.size = 0};
    put_value(&graph, 11, "image", open_image, 4);
    put_value(&graph, 12, "features", open_image, 4);
    for (size_t k = 0; k < 3 && cases[i].nodes[k][0] != NULL; k++) {
      put_node(&graph, cases[i].nodes[k][0], cases[i].nodes[k][1], cases[i].nodes[k][2]);
    }
    check_refusal(&graph, cases[i].status, cases[i].words);
  }
}

static void test_an_unknown_word_of_an_attribute_is_refused(void) {
  static const struct {
    const char *operator_name;
    const char *attribute;
    const char *words;
  } cases[] = {
      {"Gelu", "approximate", "Gelu 'features' (opset 20): approximate 'sideways'"},
      {"DepthToSpace", "mode", "DepthToSpace 'features' (opset 20): mode 'sideways'"},
  };
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
    message graph = {.size = 0};
    message node;
    put_value(&graph, 11, "image", open_image, 4);
    put_value(&graph, 12, "features", open_image, 4);
    start_node(&node, cases[i].operator_name, "image", "features");
    put_attribute_integer(&node, "blocksize", 1);
    put_attribute_text(&node, cases[i].attribute, "sideways");
    put_message(&graph, 1, &node);
    check_refusal(&graph, MS_ERR_UNSUPPORTED, cases[i].words);
  }
}

static void test_an_operator_that_no_output_needs_may_be_unknown(void) {
  weights numbers = make_weights(16);
  message graph = {.size = 0};
  message file;
  ms_network *network = NULL;
  ms_context *context = make_context();
  put_convolutions(&graph, &numbers);
  put_node(&graph, "Telepathy", "b", "unneeded");
  put_value(&graph, 11, "image", open_image, 4);
  put_value(&graph, 12, "features", open_image, 4);
  put_value(&graph, 12, "unneeded", open_image, 4);
  finish_model(&file, &graph, 13);
  CHECK_EQUAL(load(context, file.bytes, file.size, &network), MS_OK);
  ms_network_destroy(network);
  ms_context_destroy(context);
}

static void test_sizes_must_fit_the_file(void) {
  const int64_t fixed[4] = {1, CHANNELS, SIDE + 1, SIDE};
  const int64_t batch[4] = {2, CHANNELS, SIDE, SIDE};
  const int64_t flat[2] = {1, 16};
  message graph = {.size = 0};
  put_value(&graph, 11, "image", fixed, 4);
  put_value(&graph, 12, "features", fixed, 4);
  put_node(&graph, "Relu", "image", "features");
  check_refusal(&graph, MS_ERR_ARGUMENT, "has the size 8 in dimension 2, not 7");
  graph.size = 0;
  put_value(&graph, 11, "image", batch, 4);
  put_value(&graph, 12, "features", batch, 4);
  put_node(&graph, "Relu", "image", "features");
  check_refusal(&graph, MS_ERR_ARGUMENT, "has the size 2 in dimension 0, not 1");
  graph.size = 0;
  put_value(&graph, 11, "image", flat, 2);
  put_value(&graph, 12, "features", flat, 2);
  put_node(&graph, "Relu", "image", "features");
  check_refusal(&graph, MS_ERR_ARGUMENT, "has 2 dimensions, not 4");
}

static void test_absurd_sizes_are_refused(void) {
  const int64_t sizes[4] = {1, 1 << 20, 1 << 20, 1 << 20};
  const int64_t overflow[4] = {INT64_MAX, 2, INT64_MAX, 2};
  message graph = {.size = 0};
  put_value(&graph, 11, "image", open_image, 4);
  put_value(&graph, 12, "features", open_image, 4);
  put_initializer(&graph, "sizes", 7, (const int64_t[]){4}, 1, sizes, sizeof sizes);
  put_node(&graph, "ConstantOfShape", "sizes", "huge");
  put_node(&graph, "Add", "image huge", "features");
  check_refusal(&graph, MS_ERR_LIMIT, "elements");
  graph.size = 0;
  put_value(&graph, 11, "image", open_image, 4);
  put_value(&graph, 12, "features", open_image, 4);
  put_initializer(&graph, "huge", 1, overflow, 4, sizes, sizeof sizes);
  put_node(&graph, "Add", "image huge", "features");
  check_refusal(&graph, MS_ERR_LIMIT, "impossible size");
}

/* Each output position has a row in a table: a thin, long image is small, its tables are not. */
static void test_an_absurd_resize_is_refused(void) {
  const int64_t sizes[4] = {1, CHANNELS, 1, 80000000};
  message graph = {.size = 0};
  message node;
  put_value(&graph, 11, "image", open_image, 4);
  put_value(&graph, 12, "features", open_image, 4);
  put_initializer(&graph, "sizes", 7, (const int64_t[]){4}, 1, sizes, sizeof sizes);
  node.size = 0;
  put_text(&node, 1, "image");
  put_text(&node, 1, "");
  put_text(&node, 1, "");
  put_text(&node, 1, "sizes");
  put_text(&node, 2, "features");
  put_text(&node, 4, "Resize");
  put_message(&graph, 1, &node);
  check_refusal(&graph, MS_ERR_LIMIT, "a size of 7 becomes 8e+07");
}

/* Each product of these constants is small, but takes 2^30 multiply-adds. */
static void test_absurd_work_when_loading_is_refused(void) {
  const int64_t sides[2] = {1024, 1024};
  message graph = {.size = 0};
  put_value(&graph, 11, "image", open_image, 4);
  put_value(&graph, 12, "features", open_image, 4);
  put_initializer(&graph, "sides", 7, (const int64_t[]){2}, 1, sides, sizeof sides);
  put_node(&graph, "ConstantOfShape", "sides", "square");
  put_node(&graph, "MatMul", "square square", "product");
  put_node(&graph, "ReduceMax", "product", "number");
  put_node(&graph, "Add", "image number", "features");
  check_refusal(&graph, MS_ERR_LIMIT, "too many numbers to compute when loading");
}

/* An operator that works on some axes only would see the absurd ones alone. */
static void test_absurd_sizes_beside_an_empty_one_are_refused(void) {
  const int64_t sizes[3] = {0, 1 << 28, 1 << 20};
  const int64_t small[3] = {0, 1 << 20, 1 << 20};
  message graph = {.size = 0};
  put_value(&graph, 11, "image", open_image, 4);
  put_value(&graph, 12, "features", open_image, 4);
  put_initializer(&graph, "sizes", 7, (const int64_t[]){3}, 1, sizes, sizeof sizes);
  put_node(&graph, "ConstantOfShape", "sizes", "empty");
  put_node(&graph, "ReduceMax", "empty", "number");
  put_node(&graph, "Add", "image number", "features");
  check_refusal(&graph, MS_ERR_LIMIT, "elements");
  graph.size = 0;
  put_value(&graph, 11, "image", open_image, 4);
  put_value(&graph, 12, "features", open_image, 4);
  put_initializer(&graph, "empty", 1, small, 3, small, 0);
  put_node(&graph, "Add", "image empty", "features");
  check_refusal(&graph, MS_ERR_LIMIT, "impossible size");
}

static void test_external_data_is_refused(void) {
  message graph = {.size = 0};
  message tensor = {.size = 0};
  put_integer(&tensor, 1, 1);
  put_integer(&tensor, 2, 1);
  put_text(&tensor, 8, "w");
  put_integer(&tensor, 14, 1);
  put_message(&graph, 5, &tensor);
  put_value(&graph, 11, "image", open_image, 4);
  put_value(&graph, 12, "features", open_image, 4);
  put_node(&graph, "Mul", "image w", "features");
  check_refusal(&graph, MS_ERR_UNSUPPORTED, "external data");
}

/* The report of a small file, with room for this many characters. */
static size_t check_file(const message *file, char *text, size_t room) {
  ms_context *context = NULL;
  size_t length = 0;
  CHECK(ms_context_create(NULL, &context) == MS_OK);
  CHECK(ms_network_check(context, file->bytes, file->size, SIDE, text, room, &length) == MS_OK);
  ms_context_destroy(context);
  return length;
}

static void test_a_report_is_cut_to_its_room_and_tells_its_length(void) {
  message graph = {.size = 0};
  message file;
  char whole[512];
  char part[512];
  put_value(&graph, 11, "image", open_image, 4);
  put_value(&graph, 12, "features", open_image, 4);
  put_node(&graph, "NonZero", "image", "a");
  put_node(&graph, "Relu", "a", "features");
  finish_model(&file, &graph, 13);
  size_t length = check_file(&file, whole, sizeof whole);
  CHECK(length == strlen(whole));
  CHECK(strstr(whole, "missing\tNonZero\t13\ta\toperator NonZero of opset 13") == whole);
  CHECK(strstr(whole, "\nunchecked\t1\n") != NULL);
  for (size_t room = 1; room <= length + 1; room++) {
    memset(part, 'x', sizeof part);
    CHECK(check_file(&file, part, room) == length);
    CHECK(memcmp(part, whole, room - 1) == 0 && part[room - 1] == 0);
    CHECK(room == sizeof part || part[room] == 'x');
  }
}

static void test_a_report_survives_every_failing_allocation(void) {
  weights numbers = make_weights(5);
  message file;
  make_network_file(&file, &numbers);
  ms_status status = MS_ERR_MEMORY;
  for (int fail_at = 0; status == MS_ERR_MEMORY; fail_at++) {
    counting_allocator counter = {.fail_at = fail_at};
    ms_allocator allocator = counting_allocator_of(&counter);
    ms_context *context = NULL;
    char text[512] = "";
    size_t length = 0;
    status = ms_context_create(&allocator, &context);
    if (status == MS_OK) {
      status = ms_network_check(context, file.bytes, file.size, SIDE, text, sizeof text, &length);
      ms_context_destroy(context);
    }
    CHECK_EQUAL(counter.live, 0);
    /* 3 x 3 x 3 x 5 weights and 5 offsets, then 5 x 4 weights. */
    CHECK(status != MS_OK || strstr(text, "\nparameters\t1404\n") != NULL);
  }
  CHECK_EQUAL(status, MS_OK);
}

int main(void) {
  test_features_are_those_of_a_plain_convolution();
  test_integers_give_nearly_the_features_of_floats();
  test_an_unknown_precision_is_refused();
  test_embedding_allocates_nothing_after_the_first_call();
  test_loading_survives_every_failing_allocation();
  test_every_cut_file_is_refused();
  test_no_changed_byte_does_harm();
  test_graphs_that_make_no_sense_are_refused_with_a_sentence();
  test_an_unknown_word_of_an_attribute_is_refused();
  test_an_operator_that_no_output_needs_may_be_unknown();
  test_sizes_must_fit_the_file();
  test_absurd_sizes_are_refused();
  test_an_absurd_resize_is_refused();
  test_absurd_work_when_loading_is_refused();
  test_absurd_sizes_beside_an_empty_one_are_refused();
  test_external_data_is_refused();
  test_a_report_is_cut_to_its_room_and_tells_its_length();
  test_a_report_survives_every_failing_allocation();
  return CHECK_EXIT();
}
