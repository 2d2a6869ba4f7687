/*
 * Resize and Upsample: separable, axis by axis. For each axis a table says which input positions an
 * output position is made of, and with which weights; tables are built once, when the file is
 * loaded.
 */
#include <math.h>
#include <string.h>

#include "nn/ops.h"

enum { MAX_TAPS = 4, MAX_OUTPUT = 65536, ALIGNMENT = 64 };

typedef enum resize_mode { RESIZE_NEAREST, RESIZE_LINEAR, RESIZE_CUBIC } resize_mode;

typedef enum coordinate_mode {
  COORDINATE_HALF_PIXEL,
  COORDINATE_PYTORCH_HALF_PIXEL,
  COORDINATE_ALIGN_CORNERS,
  COORDINATE_ASYMMETRIC,
  COORDINATE_HALF_PIXEL_FOR_NN,
  COORDINATE_HALF_PIXEL_SYMMETRIC
} coordinate_mode;

typedef enum rounding_mode {
  ROUND_PREFER_FLOOR,
  ROUND_PREFER_CEIL,
  ROUND_FLOOR,
  ROUND_CEIL
} rounding_mode;

/* How one axis is resized. */
typedef struct axis_table {
  size_t axis; /* of the shape */
  size_t input;
  size_t output;
  size_t taps;
  size_t *positions; /* [output][taps] */
  float *weights;    /* [output][taps] */
} axis_table;

typedef struct resize_state {
  resize_mode mode;
  coordinate_mode coordinates;
  rounding_mode rounding;
  bool exclude_outside;
  float cubic;
  double scales[MS_MAX_RANK];
  axis_table axes[MS_MAX_RANK];
  size_t axis_count;
  size_t buffer_size; /* bytes of each of two buffers between the axes */
} resize_state;

static ms_status read_modes(ms_graph *graph, const ms_node *node, resize_state *state) {
  /* Upsample, and Resize before opset 11, know one way only. */
  bool old = graph->opset < 11;
  size_t mode = RESIZE_NEAREST;
  size_t coordinates = old ? COORDINATE_ASYMMETRIC : COORDINATE_HALF_PIXEL;
  size_t rounding = old ? ROUND_FLOOR : ROUND_PREFER_FLOOR;
  int64_t exclude = 0;
  int64_t antialias = 0;
  MS_TRY(ms_node_word(graph, node, "mode", "nearest linear cubic", &mode));
  MS_TRY(ms_node_word(graph, node, "coordinate_transformation_mode",
                      "half_pixel pytorch_half_pixel align_corners asymmetric tf_half_pixel_for_nn "
                      "half_pixel_symmetric",
                      &coordinates));
  MS_TRY(ms_node_word(graph, node, "nearest_mode",
                      "round_prefer_floor round_prefer_ceil floor ceil", &rounding));
  MS_TRY(ms_node_integer(graph, node, "exclude_outside", 0, &exclude));
  MS_TRY(ms_node_integer(graph, node, "antialias", 0, &antialias));
  MS_TRY(ms_node_float(graph, node, "cubic_coeff_a", -0.75f, &state->cubic));
  if (antialias != 0 || ms_node_attribute(node, "keep_aspect_ratio_policy") != NULL) {
    return ms_node_fail(graph, node, MS_ERR_UNSUPPORTED, "antialias or keep_aspect_ratio_policy");
  }
  state->mode = (resize_mode)mode;
  state->coordinates = (coordinate_mode)coordinates;
  state->rounding = (rounding_mode)rounding;
  state->exclude_outside = exclude != 0;
  return MS_OK;
}

/* The scales or sizes of a node, whatever its version keeps them in; the other one is NULL. */
static ms_status read_targets(ms_graph *graph, const ms_node *node, const float **scales,
                              const int64_t **sizes, size_t *count) {
  *scales = NULL;
  *sizes = NULL;
  *count = 0;
  const ms_onnx_attribute *attribute = ms_node_attribute(node, "scales");
  if (node->op->variant != 0 && attribute != NULL) { /* Upsample of opset 7 */
    *scales = attribute->floats;
    *count = attribute->float_count;
    return MS_OK;
  }
  size_t at = graph->opset < 11 ? 1 : 2;
  if (graph->opset >= 11 && ms_node_input(node, 3) != NULL) {
    return ms_node_constant_integers(graph, node, 3, sizes, count);
  }
  return ms_node_constant_floats(graph, node, at, scales, count);
}

/* The output size and scale of one axis. */
static ms_status set_axis(ms_graph *graph, const ms_node *node, size_t axis, const float *scale,
                          const int64_t *size, ms_shape *shape) {
  resize_state *state = node->state;
  double input = (double)shape->dims[axis];
  double output = scale != NULL ? floor(input * (double)*scale) : (double)*size;
  if (!(output >= 1.0 && output <= MAX_OUTPUT) || input < 1.0) {
    return ms_node_fail(graph, node, output > MAX_OUTPUT ? MS_ERR_LIMIT : MS_ERR_FORMAT,
                        "a size of %g becomes %g", input, output);
  }
  state->scales[axis] = scale != NULL ? (double)*scale : output / input;
  shape->dims[axis] = (size_t)output;
  return MS_OK;
}

/* The position in the input that an output position stands for. */
static double source_of(const resize_state *state, double scale, size_t input, size_t output,
                        size_t at) {
  double x = (double)at;
  double adjusted = 0;
  double exact = scale * (double)input; /* not rounded to a whole output */
  switch (state->coordinates) {
  case COORDINATE_PYTORCH_HALF_PIXEL:
    return output > 1 ? (x + 0.5) / scale - 0.5 : 0.0;
  case COORDINATE_ALIGN_CORNERS:
    return exact > 1.0 ? x * ((double)input - 1.0) / (exact - 1.0) : 0.0;
  case COORDINATE_ASYMMETRIC:
    return x / scale;
  case COORDINATE_HALF_PIXEL_FOR_NN:
    return (x + 0.5) / scale;
  case COORDINATE_HALF_PIXEL_SYMMETRIC:
    adjusted = (double)output / exact;
    return (double)input / 2.0 * (1.0 - adjusted) + (x + 0.5) / scale - 0.5;
  default:
    return (x + 0.5) / scale - 0.5;
  }
}

static double round_position(rounding_mode rounding, double x) {
  switch (rounding) {
  case ROUND_PREFER_FLOOR:
    return ceil(x - 0.5);
  case ROUND_PREFER_CEIL:
    return floor(x + 0.5);
  case ROUND_FLOOR:
    return floor(x);
  default:
    return ceil(x);
  }
}

/* Keys' cubic convolution kernel at distances 1 + t, t, 1 - t, 2 - t. */
static void cubic_weights(double a, double t, double weights[MAX_TAPS]) {
  double u = 1.0 - t;
  weights[0] = ((a * (t + 1.0) - 5.0 * a) * (t + 1.0) + 8.0 * a) * (t + 1.0) - 4.0 * a;
  weights[1] = ((a + 2.0) * t - (a + 3.0)) * t * t + 1.0;
  weights[2] = ((a + 2.0) * u - (a + 3.0)) * u * u + 1.0;
  weights[3] = ((a * (u + 1.0) - 5.0 * a) * (u + 1.0) + 8.0 * a) * (u + 1.0) - 4.0 * a;
}

/* Fills one row of an axis' table. */
static void fill_row(const resize_state *state, const axis_table *table, size_t at) {
  double weights[MAX_TAPS] = {1.0, 0.0, 0.0, 0.0};
  double scale = state->scales[table->axis];
  double source = source_of(state, scale, table->input, table->output, at);
  double first =
      state->mode == RESIZE_NEAREST ? round_position(state->rounding, source) : floor(source);
  double last = (double)table->input - 1.0;
  double sum = 0;
  if (state->mode == RESIZE_LINEAR) {
    weights[1] = source - first;
    weights[0] = 1.0 - weights[1];
  } else if (state->mode == RESIZE_CUBIC) {
    cubic_weights((double)state->cubic, source - first, weights);
    first -= 1.0;
  }
  for (size_t k = 0; k < table->taps; k++) {
    double position = first + (double)k;
    bool outside = position < 0.0 || position > last;
    weights[k] = outside && state->exclude_outside ? 0.0 : weights[k];
    sum += weights[k];
    position = position < 0.0 ? 0.0 : position > last ? last : position;
    table->positions[at * table->taps + k] = (size_t)position;
  }
  for (size_t k = 0; k < table->taps; k++) {
    double weight = state->exclude_outside && sum != 0.0 ? weights[k] / sum : weights[k];
    table->weights[at * table->taps + k] = (float)weight;
  }
}

static ms_status make_tables(ms_graph *graph, ms_node *node, const ms_shape *x, const ms_shape *y) {
  resize_state *state = node->state;
  for (size_t i = 0; i < x->rank; i++) {
    if (x->dims[i] == y->dims[i] && state->scales[i] == 1.0) {
      continue;
    }
    axis_table *table = &state->axes[state->axis_count++];
    table->axis = i;
    table->input = x->dims[i];
    table->output = y->dims[i];
    table->taps = state->mode == RESIZE_NEAREST ? 1 : state->mode == RESIZE_LINEAR ? 2 : 4;
    size_t count = table->output * table->taps;
    MS_TRY(MS_KEEP(graph->context, &graph->pool, count, &table->positions));
    MS_TRY(MS_KEEP(graph->context, &graph->pool, count, &table->weights));
    for (size_t at = 0; at < table->output; at++) {
      fill_row(state, table, at);
    }
  }
  return MS_OK;
}

ms_status ms_infer_resize(ms_graph *graph, ms_node *node) {
  ms_value *x = node->inputs[0];
  const float *scales = NULL;
  const int64_t *sizes = NULL;
  const int64_t *axes = NULL;
  size_t count = 0;
  size_t axis_count = 0;
  ms_shape shape = x->shape;
  MS_TRY(ms_node_expect_float(graph, node, 0));
  MS_TRY(ms_node_state(graph, node, sizeof(resize_state)));
  resize_state *state = node->state;
  MS_TRY(read_modes(graph, node, state));
  MS_TRY(read_targets(graph, node, &scales, &sizes, &count));
  MS_TRY(ms_node_integers(graph, node, "axes", &axes, &axis_count));
  if (count != (axes != NULL ? axis_count : shape.rank)) {
    return ms_node_fail(graph, node, MS_ERR_FORMAT, "%zu scales or sizes for %zu dimensions", count,
                        shape.rank);
  }
  for (size_t i = 0; i < shape.rank; i++) {
    state->scales[i] = 1.0;
  }
  for (size_t i = 0; i < count; i++) {
    size_t axis = i;
    if (axes != NULL) {
      MS_TRY(ms_node_axis(graph, node, axes[i], shape.rank, &axis));
    }
    MS_TRY(set_axis(graph, node, axis, scales == NULL ? NULL : &scales[i],
                    sizes == NULL ? NULL : &sizes[i], &shape));
  }
  MS_TRY(ms_value_set(graph, node, node->outputs[0], MS_TYPE_FLOAT, &shape));
  MS_TRY(make_tables(graph, node, &x->shape, &shape));
  ms_node_keep_inputs(node, 1);
  if (state->axis_count == 0) {
    ms_node_replace_output(node, x);
  }
  return MS_OK;
}

ms_status ms_prepare_resize(ms_graph *graph, ms_node *node) {
  resize_state *state = node->state;
  ms_shape shape = node->inputs[0]->shape;
  size_t largest = 0;
  for (size_t i = 0; i + 1 < state->axis_count; i++) {
    size_t count = 0;
    shape.dims[state->axes[i].axis] = state->axes[i].output;
    if (!ms_shape_count(&shape, &count)) {
      return ms_node_fail(graph, node, MS_ERR_LIMIT, "its steps exceed memory");
    }
    largest = count > largest ? count : largest;
  }
  state->buffer_size = (largest * sizeof(float) + ALIGNMENT - 1) / ALIGNMENT * ALIGNMENT;
  node->scratch_size = 2 * state->buffer_size;
  return MS_OK;
}

/* One line along an axis whose neighbours lie inner floats apart. */
static void resize_line(const ms_kernels *kernels, const axis_table *table, size_t inner,
                        const float *x, float *y) {
  for (size_t at = 0; at < table->output; at++) {
    const size_t *positions = table->positions + at * table->taps;
    const float *weights = table->weights + at * table->taps;
    float *row = y + at * inner;
    if (table->taps == 1) {
      memcpy(row, x + positions[0] * inner, inner * sizeof *row);
      continue;
    }
    kernels->binary(MS_BINARY_MULTIPLY, row, x + positions[0] * inner, 1, weights, 0, inner);
    for (size_t k = 1; k < table->taps; k++) {
      kernels->axpy(row, weights[k], x + positions[k] * inner, inner);
    }
  }
}

ms_status ms_run_resize(const ms_run *run, const ms_node *node) {
  const resize_state *state = node->state;
  ms_value step = *node->inputs[0];
  const float *from = ms_floats(node->inputs[0]);
  for (size_t i = 0; i < state->axis_count; i++) {
    const axis_table *table = &state->axes[i];
    ptrdiff_t steps[MS_MAX_RANK];
    ms_value_steps(&step, steps);
    size_t inner = (size_t)steps[table->axis];
    size_t outer = step.count == 0 ? 0 : step.count / (inner * table->input);
    float *to = i + 1 == state->axis_count
                    ? ms_floats(node->outputs[0])
                    : (float *)(void *)(run->scratch + (i % 2) * state->buffer_size);
    for (size_t k = 0; k < outer; k++) {
      resize_line(run->kernels, table, inner, from + k * inner * table->input,
                  to + k * inner * table->output);
    }
    step.count = outer * inner * table->output;
    step.shape.dims[table->axis] = table->output;
    from = to;
  }
  return MS_OK;
}
