/*
 * Resize and Upsample: separable, axis by axis. For each axis a table says which input positions an
 * output position is made of, and with which weights; tables are built once, when the file is
 * loaded.
 */
#include <math.h>
#include <string.h>

#include "nn/loop.h"
#include "nn/ops.h"

enum { MAX_OUTPUT = 65536 };

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

typedef struct resize_state {
  ms_axis_tables tables;
  size_t mode;        /* a resize_mode */
  size_t coordinates; /* a coordinate_mode */
  size_t rounding;    /* a rounding_mode */
  bool exclude_outside;
  float cubic;
  double scales[MS_MAX_RANK];
} resize_state;

static ms_status read_modes(ms_graph *graph, const ms_node *node, resize_state *state) {
  bool antialias = false;
  if (graph->opset < 11) { /* Upsample and Resize knew one way only */
    state->coordinates = COORDINATE_ASYMMETRIC;
    state->rounding = ROUND_FLOOR;
  }
  MS_TRY(ms_node_word(graph, node, "mode", "nearest linear cubic", &state->mode));
  MS_TRY(ms_node_word(graph, node, "coordinate_transformation_mode",
                      "half_pixel pytorch_half_pixel align_corners asymmetric tf_half_pixel_for_nn "
                      "half_pixel_symmetric",
                      &state->coordinates));
  MS_TRY(ms_node_word(graph, node, "nearest_mode",
                      "round_prefer_floor round_prefer_ceil floor ceil", &state->rounding));
  MS_TRY(ms_node_flag(graph, node, "exclude_outside", false, &state->exclude_outside));
  MS_TRY(ms_node_flag(graph, node, "antialias", false, &antialias));
  MS_TRY(ms_node_float(graph, node, "cubic_coeff_a", -0.75f, &state->cubic));
  if (state->mode != RESIZE_NEAREST) {
    state->rounding = ROUND_FLOOR;
  }
  return antialias || ms_node_attribute(node, "keep_aspect_ratio_policy") != NULL
             ? ms_node_fail(graph, node, MS_ERR_UNSUPPORTED,
                            "antialias or keep_aspect_ratio_policy")
             : MS_OK;
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
static double source_of(const resize_state *state, const ms_axis_table *table, size_t at) {
  double scale = state->scales[table->axis];
  double input = (double)table->input;
  double exact = scale * input; /* not rounded to a whole output */
  double half = ((double)at + 0.5) / scale;
  switch (state->coordinates) {
  case COORDINATE_PYTORCH_HALF_PIXEL:
    return table->output > 1 ? half - 0.5 : 0.0;
  case COORDINATE_ALIGN_CORNERS:
    return exact > 1.0 ? (double)at * (input - 1.0) / (exact - 1.0) : 0.0;
  case COORDINATE_ASYMMETRIC:
    return (double)at / scale;
  case COORDINATE_HALF_PIXEL_FOR_NN:
    return half;
  case COORDINATE_HALF_PIXEL_SYMMETRIC:
    return input / 2.0 * (1.0 - (double)table->output / exact) + half - 0.5;
  default:
    return half - 0.5;
  }
}

static double round_position(size_t rounding, double x) {
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

/* The weight of tap k for a position that lies t behind a pixel. */
static double weight_of(const resize_state *state, double t, size_t k) {
  double a = (double)state->cubic;
  double distance = k < 2 ? t : 1.0 - t;
  if (state->mode == RESIZE_NEAREST) {
    return 1.0;
  }
  if (state->mode == RESIZE_LINEAR) {
    return k == 0 ? 1.0 - t : t;
  }
  /* Keys' cubic convolution kernel at distances 1 + t, t, 1 - t, 2 - t. */
  if (k == 0 || k == 3) {
    distance += 1.0;
    return ((a * distance - 5.0 * a) * distance + 8.0 * a) * distance - 4.0 * a;
  }
  return ((a + 2.0) * distance - (a + 3.0)) * distance * distance + 1.0;
}

/* Fills one row of an axis' table: once to sum up the weights, and once more. */
static void fill_row(const resize_state *state, const ms_axis_table *table, size_t at) {
  double source = source_of(state, table, at);
  double first = round_position(state->rounding, source);
  double last = (double)table->input - 1.0;
  double sum = 0;
  for (size_t pass = 0; pass < 2; pass++) {
    double divisor = state->exclude_outside && sum != 0.0 ? sum : 1.0;
    for (size_t k = 0; k < table->taps; k++) {
      double position = first + (double)k - (state->mode == RESIZE_CUBIC ? 1.0 : 0.0);
      bool excluded = state->exclude_outside && (position < 0.0 || position > last);
      double weight = excluded ? 0.0 : weight_of(state, source - first, k);
      sum += weight;
      position = position < 0.0 ? 0.0 : position > last ? last : position;
      table->positions[at * table->taps + k] = (size_t)position;
      table->weights[at * table->taps + k] = (float)(weight / divisor);
    }
  }
}

ms_status ms_add_axis_table(ms_graph *graph, ms_node *node, size_t axis, size_t taps,
                            ms_axis_table **table) {
  ms_axis_tables *state = node->state;
  ms_axis_table *added = &state->tables[state->count++];
  added->axis = axis;
  added->input = node->inputs[0]->shape.dims[axis];
  added->output = node->outputs[0]->shape.dims[axis];
  added->taps = taps;
  *table = added;
  size_t count = added->output * taps;
  MS_TRY(MS_KEEP(graph->context, &graph->pool, count, &added->positions));
  return MS_KEEP(graph->context, &graph->pool, count, &added->weights);
}

static ms_status make_tables(ms_graph *graph, ms_node *node) {
  const resize_state *state = node->state;
  const ms_shape *x = &node->inputs[0]->shape;
  for (size_t i = 0; i < x->rank; i++) {
    ms_axis_table *table = NULL;
    if (x->dims[i] == node->outputs[0]->shape.dims[i] && state->scales[i] == 1.0) {
      continue;
    }
    MS_TRY(ms_add_axis_table(graph, node, i, (size_t)1 << state->mode, &table));
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
    size_t axis = 0;
    MS_TRY(ms_node_axis(graph, node, axes == NULL ? (int64_t)i : axes[i], shape.rank, &axis));
    MS_TRY(set_axis(graph, node, axis, scales == NULL ? NULL : &scales[i],
                    sizes == NULL ? NULL : &sizes[i], &shape));
  }
  MS_TRY(ms_set_output(graph, node, MS_TYPE_FLOAT, &shape));
  MS_TRY(make_tables(graph, node));
  ms_node_keep_inputs(node, 1);
  if (state->tables.count == 0) {
    ms_node_replace_output(node, x);
  }
  return MS_OK;
}

ms_status ms_prepare_resize(ms_graph *graph, ms_node *node) {
  ms_axis_tables *state = node->state;
  ms_shape shape = node->inputs[0]->shape;
  size_t largest = 0;
  bool fits = true;
  for (size_t i = 0; i + 1 < state->count; i++) {
    size_t count = 0;
    shape.dims[state->tables[i].axis] = state->tables[i].output;
    fits = fits && ms_shape_count(&shape, &count);
    largest = count > largest ? count : largest;
  }
  size_t size = 2 * ms_stored_size(node->inputs[0]->type);
  if (!fits || !ms_add_scratch(node, largest, size, &state->buffer_offset)) {
    return ms_node_too_large(graph, node);
  }
  state->buffer_size = node->scratch_size / 2;
  return MS_OK;
}

/* One line along an axis whose neighbours lie inner bytes apart; floats where there are weights. */
static void resize_line(const ms_kernels *kernels, const ms_axis_table *table, size_t inner,
                        const uint8_t *x, uint8_t *y) {
  for (size_t at = 0; at < table->output; at++, y += inner) {
    const size_t *positions = table->positions + at * table->taps;
    const float *weights = table->weights + at * table->taps;
    float *row = (float *)(void *)y;
    if (table->taps == 1) {
      memcpy(y, x + positions[0] * inner, inner);
      continue;
    }
    for (size_t k = 0; k < table->taps; k++) {
      const float *from = (const float *)(const void *)(x + positions[k] * inner);
      if (k == 0) {
        kernels->binary(MS_BINARY_MULTIPLY, row, from, 1, weights, 0, inner / sizeof *row);
      } else {
        kernels->axpy(row, weights[k], from, inner / sizeof *row);
      }
    }
  }
}

ms_status ms_run_resize(const ms_run *run, const ms_node *node) {
  const ms_axis_tables *state = node->state;
  ms_value step = *node->inputs[0];
  const uint8_t *from = step.data;
  size_t left = ms_value_size(&step); /* bytes */
  for (size_t i = 0; i < state->count; i++) {
    const ms_axis_table *table = &state->tables[i];
    ptrdiff_t steps[MS_MAX_RANK];
    ms_value_steps(&step, steps);
    size_t inner = (size_t)steps[table->axis] * ms_stored_size(step.type);
    size_t outer = left == 0 ? 0 : left / (inner * table->input);
    uint8_t *to = i + 1 == state->count
                      ? node->outputs[0]->data
                      : run->scratch + state->buffer_offset + i % 2 * state->buffer_size;
    for (size_t k = 0; k < outer; k++) {
      resize_line(run->kernels, table, inner, from + k * inner * table->input,
                  to + k * inner * table->output);
    }
    left = outer * inner * table->output;
    step.shape.dims[table->axis] = table->output;
    from = to;
  }
  return MS_OK;
}
