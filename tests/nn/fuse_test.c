/*
 * What loading makes of a graph: patterns that become one operator, and nodes that go into the
 * product before them. Each is checked for its numbers, against double precision, and for the
 * number of nodes that are left to run.
 */
#include "check.h"
#include "core/random.h"
#include "nn/graph.h"
#include "nn/onnx_builder.h"

enum { SEED = 21, CHANNELS = 6, PIXELS = 5, COUNT = CHANNELS * PIXELS };

static const int64_t x_dims[4] = {1, CHANNELS, 1, PIXELS};

typedef struct node_text {
  const char *operator_name;
  const char *inputs;
  const char *outputs;
} node_text;

static void put_node(message *graph, const node_text *text) {
  message node;
  start_node(&node, text->operator_name, text->inputs, text->outputs);
  put_message(graph, 1, &node);
}

static void put_number(message *graph, const char *name, float number) {
  put_initializer(graph, name, 1, NULL, 0, &number, sizeof number);
}

/* One input x and one output y of x's shape around what the graph has already. */
static void finish_graph(message *file, message *graph, const int64_t *dims, size_t rank) {
  put_value(graph, 11, "x", dims, rank);
  put_value(graph, 12, "y", dims, rank);
  finish_model(file, graph, 13);
}

static void fill(float *numbers, size_t count, uint64_t stream, double scale) {
  ms_random random = ms_random_make(SEED, stream);
  for (size_t i = 0; i < count; i++) {
    numbers[i] = (float)(ms_random_normal(&random) * scale);
  }
}

/* Loads a file, runs it on x, and returns how many nodes ran; 0 if anything failed. */
static size_t run_file(const message *file, const float *x, float *y, size_t y_count) {
  ms_context *context = NULL;
  ms_graph *graph = NULL;
  size_t node_count = 0;
  const ms_graph_options options = {0};
  if (ms_context_create(NULL, &context) != MS_OK) {
    return 0;
  }
  if (ms_graph_load(context, file->bytes, file->size, &options, &graph) == MS_OK) {
    ms_tensor input = ms_graph_get_input(graph, 0);
    memcpy(input.data, x, input.count * sizeof *x);
    if (ms_graph_run(graph) == MS_OK && ms_graph_get_output(graph, 0).count == y_count) {
      memcpy(y, ms_graph_get_output(graph, 0).data, y_count * sizeof *y);
      node_count = graph->order_count;
    }
  }
  if (node_count == 0) {
    fprintf(stderr, "  %s\n", ms_context_message(context));
  }
  ms_graph_destroy(graph);
  ms_context_destroy(context);
  return node_count;
}

static double hard_sigmoid(double x) {
  return fmin(fmax(x / 6 + 0.5, 0), 1);
}

static double hard_swish(double x) {
  return x * hard_sigmoid(x);
}

static double silu(double x) {
  return x / (1 + exp(-x));
}

static double gelu(double x) {
  return 0.5 * x * (1 + erf(x / sqrt(2.0)));
}

static void test_spelled_out_activations_become_one_node(void) {
  static const struct {
    node_text nodes[6];
    double (*function)(double);
  } cases[] = {
      {{{"Add", "x three", "a"}, {"Clip", "a zero six", "b"}, {"Div", "b six", "y"}}, hard_sigmoid},
      {{{"Add", "x three", "a"},
        {"Clip", "a zero six", "b"},
        {"Mul", "x b", "c"},
        {"Div", "c six", "y"}},
       hard_swish},
      {{{"Mul", "sixth x", "c"},
        {"Add", "three x", "a"},
        {"Clip", "a zero six", "b"},
        {"Mul", "c b", "y"}},
       hard_swish},
      {{{"Add", "x three", "a"},
        {"Clip", "a zero six", "b"},
        {"Div", "b six", "c"},
        {"Mul", "x c", "y"}},
       hard_swish},
      {{{"Sigmoid", "x", "a"}, {"Mul", "a x", "y"}}, silu},
      {{{"Div", "x root2", "a"},
        {"Erf", "a", "b"},
        {"Add", "b one", "c"},
        {"Mul", "x c", "d"},
        {"Mul", "d half", "y"}},
       gelu},
      {{{"Mul", "x half", "h"},
        {"Div", "x root2", "a"},
        {"Erf", "a", "b"},
        {"Add", "one b", "c"},
        {"Mul", "h c", "y"}},
       gelu},
  };
  float x[COUNT];
  float y[COUNT];
  fill(x, COUNT, 1, 3.0);
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
    message graph = {.size = 0};
    message file;
    for (size_t k = 0; k < 6 && cases[i].nodes[k].operator_name != NULL; k++) {
      put_node(&graph, &cases[i].nodes[k]);
    }
    put_number(&graph, "zero", 0.0f);
    put_number(&graph, "half", 0.5f);
    put_number(&graph, "one", 1.0f);
    put_number(&graph, "three", 3.0f);
    put_number(&graph, "six", 6.0f);
    put_number(&graph, "sixth", 1.0f / 6.0f);
    put_number(&graph, "root2", 1.41421356f);
    finish_graph(&file, &graph, x_dims, 4);
    CHECK_EQUAL(run_file(&file, x, y, COUNT), 1);
    for (size_t k = 0; k < COUNT; k++) {
      /* The kernels' exp and erf are good to a few units of 2^-24 of results up to 10. */
      CHECK_NEAR(y[k], cases[i].function((double)x[k]), 4e-6);
    }
  }
}

static void test_what_only_looks_like_an_activation_is_left_alone(void) {
  static const node_text nodes[] = {{"Add", "x three", "a"},
                                    {"Clip", "a zero five", "b"},
                                    {"Mul", "x b", "c"},
                                    {"Div", "c six", "y"}};
  message graph = {.size = 0};
  message file;
  float x[COUNT];
  float y[COUNT];
  fill(x, COUNT, 1, 3.0);
  for (size_t i = 0; i < 4; i++) {
    put_node(&graph, &nodes[i]);
  }
  put_number(&graph, "zero", 0.0f);
  put_number(&graph, "three", 3.0f);
  put_number(&graph, "five", 5.0f);
  put_number(&graph, "six", 6.0f);
  finish_graph(&file, &graph, x_dims, 4);
  CHECK_EQUAL(run_file(&file, x, y, COUNT), 4);
  for (size_t k = 0; k < COUNT; k++) {
    double value = (double)x[k];
    CHECK_NEAR(y[k], value * fmin(fmax(value + 3, 0), 5) / 6, 4e-6);
  }
}

static void test_a_spelled_out_layer_norm_becomes_one_node(void) {
  enum { ROWS = 4, WIDTH = 10 };
  static const node_text nodes[] = {
      {"Sub", "x m", "d"}, {"Pow", "d two", "s"},  {"Add", "v eps", "e"},   {"Sqrt", "e", "r"},
      {"Div", "d r", "q"}, {"Mul", "q gain", "g"}, {"Add", "g offset", "y"}};
  const int64_t dims[2] = {ROWS, WIDTH};
  const int64_t last[1] = {-1};
  message graph = {.size = 0};
  message file;
  message mean;
  float x[ROWS * WIDTH];
  float y[ROWS * WIDTH];
  float gain[WIDTH];
  float offset[WIDTH];
  fill(x, ROWS * WIDTH, 2, 2.0);
  fill(gain, WIDTH, 3, 1.0);
  fill(offset, WIDTH, 4, 1.0);
  start_node(&mean, "ReduceMean", "x", "m");
  put_attribute_integers(&mean, "axes", last, 1);
  put_message(&graph, 1, &mean);
  start_node(&mean, "ReduceMean", "s", "v");
  put_attribute_integers(&mean, "axes", last, 1);
  put_message(&graph, 1, &mean);
  for (size_t i = 0; i < sizeof nodes / sizeof *nodes; i++) {
    put_node(&graph, &nodes[i]);
  }
  put_number(&graph, "two", 2.0f);
  put_number(&graph, "eps", 1e-3f);
  put_initializer(&graph, "gain", 1, (const int64_t[]){WIDTH}, 1, gain, sizeof gain);
  put_initializer(&graph, "offset", 1, (const int64_t[]){WIDTH}, 1, offset, sizeof offset);
  finish_graph(&file, &graph, dims, 2);
  CHECK_EQUAL(run_file(&file, x, y, ROWS * WIDTH), 1);
  for (size_t row = 0; row < ROWS; row++) {
    double sum = 0;
    double squares = 0;
    for (size_t i = 0; i < WIDTH; i++) {
      sum += (double)x[row * WIDTH + i];
    }
    for (size_t i = 0; i < WIDTH; i++) {
      squares += pow((double)x[row * WIDTH + i] - sum / WIDTH, 2);
    }
    for (size_t i = 0; i < WIDTH; i++) {
      double normal = ((double)x[row * WIDTH + i] - sum / WIDTH) / sqrt(squares / WIDTH + 1e-3);
      CHECK_NEAR(y[row * WIDTH + i], normal * (double)gain[i] + (double)offset[i], 1e-5);
    }
  }
}

static void test_a_channel_shuffle_becomes_one_node(void) {
  static const int64_t split[5] = {1, 2, CHANNELS / 2, 1, PIXELS};
  const int64_t axes[5] = {0, 2, 1, 3, 4};
  message graph = {.size = 0};
  message file;
  message transpose;
  float x[COUNT];
  float y[COUNT];
  fill(x, COUNT, 5, 1.0);
  put_node(&graph, &(node_text){"Reshape", "x split", "a"});
  start_node(&transpose, "Transpose", "a", "b");
  put_attribute_integers(&transpose, "perm", axes, 5);
  put_message(&graph, 1, &transpose);
  put_node(&graph, &(node_text){"Reshape", "b whole", "y"});
  put_initializer(&graph, "split", 7, (const int64_t[]){5}, 1, split, sizeof split);
  put_initializer(&graph, "whole", 7, (const int64_t[]){4}, 1, x_dims, sizeof x_dims);
  finish_graph(&file, &graph, x_dims, 4);
  CHECK_EQUAL(run_file(&file, x, y, COUNT), 1);
  for (size_t channel = 0; channel < CHANNELS; channel++) {
    size_t from = channel % 2 * (CHANNELS / 2) + channel / 2;
    CHECK(memcmp(y + channel * PIXELS, x + from * PIXELS, PIXELS * sizeof *x) == 0);
  }
}

/* What follows the convolution "x w b" -> "c" in a test, and what it does to its result. */
typedef struct follower {
  node_text nodes[4];
  double (*function)(double convolved, double x, size_t channel);
} follower;

static float per_channel[CHANNELS];

static double add_constant(double convolved, double x, size_t channel) {
  (void)x;
  return convolved + (double)per_channel[channel];
}

static double scale_and_relu(double convolved, double x, size_t channel) {
  (void)x;
  return fmax(convolved * (double)per_channel[channel], 0);
}

static double norm(double convolved, double x, size_t channel) {
  (void)x;
  double k = (double)per_channel[channel];
  return (convolved - k) / sqrt(1 + 1e-5) * k + k;
}

static double residual(double convolved, double x, size_t channel) {
  (void)channel;
  return fmax(convolved + x, 0);
}

static double from_constant(double convolved, double x, size_t channel) {
  (void)x;
  return (double)per_channel[channel] - convolved;
}

static double clamp_then_add(double convolved, double x, size_t channel) {
  (void)x;
  return fmax(convolved, 0) + (double)per_channel[channel];
}

static void test_followers_go_into_the_convolution(void) {
  static const struct {
    follower after;
    size_t node_count; /* two of them convert the layout */
  } cases[] = {
      {{{{"Add", "c k", "y"}}, add_constant}, 3},
      {{{{"Mul", "k c", "d"}, {"Relu", "d", "y"}}, scale_and_relu}, 3},
      {{{{"BatchNormalization", "c k1 k1 k1 ones", "y"}}, norm}, 3},
      {{{{"Add", "x c", "d"}, {"Relu", "d", "y"}}, residual}, 3},
      {{{{"Sub", "k c", "y"}}, from_constant}, 3},
      {{{{"Relu", "c", "d"}, {"Add", "d k", "y"}}, clamp_then_add}, 4},
  };
  float x[COUNT];
  float y[COUNT];
  float weights[CHANNELS * CHANNELS];
  float bias[CHANNELS];
  float ones[CHANNELS];
  fill(x, COUNT, 6, 1.0);
  fill(weights, CHANNELS * CHANNELS, 7, 0.5);
  fill(bias, CHANNELS, 8, 1.0);
  fill(per_channel, CHANNELS, 9, 1.0);
  for (size_t i = 0; i < CHANNELS; i++) {
    ones[i] = 1.0f;
  }
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
    message graph = {.size = 0};
    message file;
    put_node(&graph, &(node_text){"Conv", "x w b", "c"});
    for (size_t k = 0; k < 4 && cases[i].after.nodes[k].operator_name != NULL; k++) {
      put_node(&graph, &cases[i].after.nodes[k]);
    }
    put_initializer(&graph, "w", 1, (const int64_t[]){CHANNELS, CHANNELS, 1, 1}, 4, weights,
                    sizeof weights);
    put_initializer(&graph, "b", 1, (const int64_t[]){CHANNELS}, 1, bias, sizeof bias);
    put_initializer(&graph, "k", 1, (const int64_t[]){CHANNELS, 1, 1}, 3, per_channel,
                    sizeof per_channel);
    put_initializer(&graph, "k1", 1, (const int64_t[]){CHANNELS}, 1, per_channel,
                    sizeof per_channel);
    put_initializer(&graph, "ones", 1, (const int64_t[]){CHANNELS}, 1, ones, sizeof ones);
    finish_graph(&file, &graph, x_dims, 4);
    CHECK_EQUAL(run_file(&file, x, y, COUNT), cases[i].node_count);
    for (size_t k = 0; k < COUNT; k++) {
      size_t channel = k / PIXELS;
      double sum = (double)bias[channel];
      for (size_t c = 0; c < CHANNELS; c++) {
        sum += (double)weights[channel * CHANNELS + c] * (double)x[c * PIXELS + k % PIXELS];
      }
      CHECK_NEAR(y[k], cases[i].after.function(sum, (double)x[k], channel), 1e-5);
    }
  }
}

/* What a 1×1 kernel makes of an image, and a depthwise one of that. */
enum { IN_DEPTH = 3, DEEP = 60, HIGH = 66, WIDE = 70, MOST_TAPS = 25 };

typedef struct chained {
  int64_t kernel, stride, dilation, pad_top, pad_left;
} chained;

static void check_chained(const chained *c, const float *x, const float *wide, const float *deep) {
  int64_t span = (c->kernel - 1) * c->dilation + 1;
  int64_t height = (HIGH + c->pad_top - span) / c->stride + 1;
  int64_t width = (WIDE + c->pad_left - span) / c->stride + 1;
  const int64_t in[4] = {1, IN_DEPTH, HIGH, WIDE};
  const int64_t out[4] = {1, DEEP, height, width};
  size_t count = (size_t)(DEEP * height * width);
  float *y = malloc(count * sizeof *y);
  message graph = {.size = 0};
  message file;
  message node;
  put_node(&graph, &(node_text){"Conv", "x wide", "c"});
  put_node(&graph, &(node_text){"Relu", "c", "r"});
  start_node(&node, "Conv", "r deep", "y");
  put_attribute_integers(&node, "strides", (const int64_t[]){c->stride, c->stride}, 2);
  put_attribute_integers(&node, "dilations", (const int64_t[]){c->dilation, c->dilation}, 2);
  put_attribute_integers(&node, "pads", (const int64_t[]){c->pad_top, c->pad_left, 0, 0}, 4);
  put_attribute_integer(&node, "group", DEEP);
  put_message(&graph, 1, &node);
  put_initializer(&graph, "wide", 1, (const int64_t[]){DEEP, IN_DEPTH, 1, 1}, 4, wide,
                  DEEP * IN_DEPTH * sizeof *wide);
  put_initializer(&graph, "deep", 1, (const int64_t[]){DEEP, 1, c->kernel, c->kernel}, 4, deep,
                  (size_t)(DEEP * c->kernel * c->kernel) * sizeof *deep);
  put_value(&graph, 11, "x", in, 4);
  put_value(&graph, 12, "y", out, 4);
  finish_model(&file, &graph, 13);
  CHECK_EQUAL(run_file(&file, x, y, count), 3); /* two of them convert the layout */
  size_t wrong = 0;
  for (size_t i = 0; i < count; i++) {
    int64_t channel = (int64_t)i / (height * width);
    double sum = 0;
    for (int64_t tap = 0; tap < c->kernel * c->kernel; tap++) {
      int64_t row = (int64_t)i / width % height * c->stride + tap / c->kernel * c->dilation;
      int64_t column = (int64_t)i % width * c->stride + tap % c->kernel * c->dilation;
      row -= c->pad_top;
      column -= c->pad_left;
      double pixel = 0;
      for (int64_t k = 0; row >= 0 && column >= 0 && k < IN_DEPTH; k++) {
        pixel += (double)wide[channel * IN_DEPTH + k] * (double)x[(k * HIGH + row) * WIDE + column];
      }
      sum += fmax(pixel, 0) * (double)deep[channel * c->kernel * c->kernel + tap];
    }
    wrong += !(fabs((double)y[i] - sum) < 1e-4); /* 25 products of about 10 in float */
  }
  CHECK_EQUAL(wrong, 0);
  free(y);
}

/* Each image's row of 7 slopes holds for all its 129 rows, more than are done at once. */
static void test_a_short_row_is_repeated_for_all_pixels(void) {
  enum { ROW = 7, ROWS = 301 };
  static const int64_t dims[4] = {2, 3, ROWS / 7, ROW};
  static const int64_t slope_dims[4] = {2, 1, 1, ROW};
  static float x[6 * ROWS];
  static float y[6 * ROWS];
  float slopes[2 * ROW];
  message graph = {.size = 0};
  message file;
  node_text node = {"PRelu", "x slopes", "y"};
  fill(x, 6 * ROWS, 1, 1);
  fill(slopes, 2 * ROW, 2, 1);
  put_initializer(&graph, "slopes", 1, slope_dims, 4, slopes, sizeof slopes);
  put_node(&graph, &node);
  finish_graph(&file, &graph, dims, 4);
  CHECK_EQUAL(run_file(&file, x, y, 6 * ROWS), 1);
  size_t wrong = 0;
  for (size_t i = 0; i < 6 * ROWS; i++) {
    float slope = slopes[i / (3 * ROWS) * ROW + i % ROW];
    wrong += y[i] != (x[i] < 0 ? x[i] * slope : x[i]);
  }
  CHECK_EQUAL(wrong, 0);
}

static void test_a_large_result_for_a_depthwise_kernel_is_made_row_by_row(void) {
  static const chained cases[] = {
      {3, 1, 1, 1, 1}, {3, 2, 1, 0, 1}, {3, 1, 2, 2, 0}, {5, 2, 1, 2, 2}, {2, 3, 1, 0, 0}};
  float x[IN_DEPTH * HIGH * WIDE];
  float wide[DEEP * IN_DEPTH];
  float deep[DEEP * MOST_TAPS];
  fill(x, IN_DEPTH * HIGH * WIDE, 12, 1.0);
  fill(wide, DEEP * IN_DEPTH, 13, 1.0);
  fill(deep, DEEP * MOST_TAPS, 14, 1.0);
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
    check_chained(&cases[i], x, wide, deep);
  }
}

static void test_a_flat_volume_is_padded_in_depth(void) {
  enum { PLANE = 6 };
  const int64_t pads[6] = {1, 0, 0, 1, 0, 0};
  const int64_t flat[5] = {1, 2, 1, 2, 3};
  const int64_t deep[5] = {1, 2, 3, 2, 3};
  const float weights[2] = {0.5f, -2.0f};
  message graph = {.size = 0};
  message file;
  message node;
  float x[2 * PLANE];
  float y[6 * PLANE];
  fill(x, 2 * PLANE, 11, 1.0);
  start_node(&node, "Conv", "x w", "y");
  put_attribute_integers(&node, "pads", pads, 6);
  put_attribute_integer(&node, "group", 2);
  put_message(&graph, 1, &node);
  put_initializer(&graph, "w", 1, (const int64_t[]){2, 1, 1, 1, 1}, 5, weights, sizeof weights);
  put_value(&graph, 11, "x", flat, 5);
  put_value(&graph, 12, "y", deep, 5);
  finish_model(&file, &graph, 13);
  CHECK(run_file(&file, x, y, 6 * PLANE) > 0);
  for (size_t i = 0; i < 6 * PLANE; i++) {
    size_t channel = i / (3 * PLANE);
    bool inside = i / PLANE % 3 == 1;
    CHECK_EQUAL(y[i], inside ? weights[channel] * x[channel * PLANE + i % PLANE] : 0.0f);
  }
}

static void test_zeros_around_an_image_become_padding(void) {
  enum { WIDTH = PIXELS, TAPS = 3 };
  const int64_t pads[8] = {0, 0, 0, 2, 0, 0, 0, 1};
  const int64_t one_channel[4] = {1, 1, 1, WIDTH};
  const int64_t out[4] = {1, 1, 1, WIDTH + 1};
  const float weights[TAPS] = {0.5f, -1.0f, 2.0f};
  message graph = {.size = 0};
  message file;
  float x[WIDTH];
  float y[WIDTH + 1];
  fill(x, WIDTH, 10, 1.0);
  put_node(&graph, &(node_text){"Pad", "x pads", "p"});
  put_node(&graph, &(node_text){"Conv", "p w", "y"});
  put_initializer(&graph, "pads", 7, (const int64_t[]){8}, 1, pads, sizeof pads);
  put_initializer(&graph, "w", 1, (const int64_t[]){1, 1, 1, TAPS}, 4, weights, sizeof weights);
  put_value(&graph, 11, "x", one_channel, 4);
  put_value(&graph, 12, "y", out, 4);
  finish_model(&file, &graph, 13);
  CHECK_EQUAL(run_file(&file, x, y, WIDTH + 1), 1);
  for (int i = 0; i < WIDTH + 1; i++) {
    double sum = 0;
    for (int tap = 0; tap < TAPS; tap++) {
      int at = i + tap - 2;
      sum += at >= 0 && at < WIDTH ? (double)weights[tap] * (double)x[at] : 0;
    }
    CHECK_NEAR(y[i], sum, 1e-6);
  }
}

static void test_padding_that_keeps_the_shape_moves_the_numbers(void) {
  const int64_t pads[8] = {0, 0, 0, 2, 0, 0, 0, -2};
  const int64_t row[4] = {1, 1, 1, PIXELS};
  message graph = {.size = 0};
  message file;
  float x[PIXELS];
  float y[PIXELS];
  fill(x, PIXELS, 11, 1.0);
  put_node(&graph, &(node_text){"Pad", "x pads", "y"});
  put_initializer(&graph, "pads", 7, (const int64_t[]){8}, 1, pads, sizeof pads);
  finish_graph(&file, &graph, row, 4);
  CHECK_EQUAL(run_file(&file, x, y, PIXELS), 1);
  for (int i = 0; i < PIXELS; i++) {
    CHECK_EQUAL(y[i], i < 2 ? 0.0f : x[i - 2]);
  }
}

int main(void) {
  test_spelled_out_activations_become_one_node();
  test_what_only_looks_like_an_activation_is_left_alone();
  test_a_spelled_out_layer_norm_becomes_one_node();
  test_a_channel_shuffle_becomes_one_node();
  test_followers_go_into_the_convolution();
  test_zeros_around_an_image_become_padding();
  test_padding_that_keeps_the_shape_moves_the_numbers();
  test_a_short_row_is_repeated_for_all_pixels();
  test_a_large_result_for_a_depthwise_kernel_is_made_row_by_row();
  test_a_flat_volume_is_padded_in_depth();
  return CHECK_EXIT();
}
