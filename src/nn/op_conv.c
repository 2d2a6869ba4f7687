/*
 * Conv and ConvTranspose over channels-last images. Three ways: a 1×1 kernel is a product on the
 * activation itself, a depthwise kernel has its own loop, everything else is a product of gathered
 * rows, group by group. Short runs are made longer: input rows are copied between zeros, so that a
 * row of the kernel is one run. A transposed convolution gathers, too: taps that meet no input
 * pixel read zeros. Weights are packed once if they are constant, else in every run. A 1×1 kernel
 * whose result is large, and for a depthwise kernel only, runs with that one, row by row, so that
 * the result is never whole in memory and rows are read while they are in the cache.
 */
#include <string.h>

#include "nn/ops.h"
#include "nn/window.h"

enum {
  TABLE_POINTERS = 4096,
  LEAST_ROWS = 16,
  FEW_CHANNELS = 8,
  LEAST_CHAINED = 1 << 20, /* bytes; what is smaller stays in the second-level cache as it is */
  ALIGNMENT = 64
};

typedef struct conv_state {
  ms_product product;
  size_t batch;
  size_t channels;
  size_t groups;
  size_t depth;        /* channels of one group */
  size_t columns;      /* filters of one group */
  size_t group_size;   /* packed floats of one group */
  size_t tile;         /* output pixels whose pointers are in the table at a time: */
  size_t taps;         /* so many for each, */
  size_t run;          /* to runs of so many floats */
  size_t table_offset; /* where in the scratch memory: the table, */
  size_t zero_offset;  /* a row of zeros or the lines, */
  bool depthwise;
  bool swept; /* depthwise, row by row of a two-dimensional image, without a table */
  bool pointwise;
  bool lined;                      /* by lines: padded copies of input rows */
  size_t line_width;               /* floats of a line */
  bool levels;                     /* products in integers, of weights packed by ms_pack_s16 */
  const struct conv_state *feeder; /* of a swept one: makes its input, a row at a time */
  size_t ring_offset;              /* and those rows */
  ms_window window;
} conv_state;

ms_status ms_node_groups(ms_graph *graph, const ms_node *node, const char *name, int64_t otherwise,
                         size_t channels, size_t *groups) {
  int64_t count = 0;
  MS_TRY(ms_node_integer(graph, node, name, otherwise, &count));
  if (count < 1 || (uint64_t)count > channels || channels % (size_t)count != 0) {
    return ms_node_fail(graph, node, MS_ERR_FORMAT, "%zu channels in %lld groups", channels,
                        (long long)count);
  }
  *groups = (size_t)count;
  return MS_OK;
}

static ms_status check_weights(ms_graph *graph, const ms_node *node, bool transposed,
                               conv_state *state) {
  const ms_shape *x = &node->inputs[0]->shape;
  const ms_shape *w = &node->inputs[1]->shape;
  const ms_value *bias = ms_node_input(node, 2);
  if (w->rank != x->rank || x->rank < 3) {
    return ms_node_fail(graph, node, MS_ERR_FORMAT,
                        "an input of %zu dimensions meets weights of %zu", x->rank, w->rank);
  }
  state->batch = x->dims[0];
  state->channels = x->dims[1];
  MS_TRY(ms_node_groups(graph, node, "group", 1, state->channels, &state->groups));
  state->depth = state->channels / state->groups;
  state->columns = transposed ? w->dims[1] : w->dims[0] / state->groups;
  size_t filters = 0;
  bool fits = state->columns > 0 && ms_size_mul(state->columns, state->groups, &filters) &&
              (transposed ? w->dims[0] == state->channels
                          : w->dims[0] == filters && w->dims[1] == state->depth);
  if (!fits || (bias != NULL && (bias->shape.rank != 1 || bias->count != filters))) {
    return ms_node_fail(graph, node, MS_ERR_FORMAT,
                        "%zu channels in %zu groups do not fit weights [%zu][%zu] and their bias",
                        state->channels, state->groups, w->dims[0], w->dims[1]);
  }
  return MS_OK;
}

ms_status ms_infer_conv(ms_graph *graph, ms_node *node) {
  bool transposed = node->op->variant != 0;
  ms_value *x = node->inputs[0];
  ms_value *weights = node->inputs[1];
  const ms_value *bias = ms_node_input(node, 2);
  MS_TRY(ms_float_state(graph, node, sizeof(conv_state)));
  conv_state *state = node->state;
  MS_TRY(check_weights(graph, node, transposed, state));
  MS_TRY(
      ms_window_infer(graph, node, &x->shape, weights->shape.dims + 2, transposed, &state->window));
  const ms_window *window = &state->window;
  ms_product_init(&state->product, state->columns * state->groups, 1);
  state->product.can_fuse = weights->is_constant && (bias == NULL || bias->is_constant);
  state->depthwise = state->groups > 1 && state->depth == 1 && state->columns == 1;
  bool same = window->taps == 1 && window->output_count == window->input_count;
  for (size_t i = 0; i < MS_MAX_SPATIAL; i++) {
    same = same && window->stride[i] == 1 && window->pad[i] == 0;
  }
  state->pointwise = same && !state->depthwise;
  size_t pixels = transposed ? window->input_count : window->output_count;
  node->mac_count =
      (uint64_t)state->batch * pixels * window->taps * state->depth * state->product.columns;
  ms_shape shape = ms_window_shape(window, state->batch, state->product.columns);
  return ms_set_output(graph, node, MS_TYPE_FLOAT, &shape);
}

void ms_conv_absorb_pad(ms_node *node, const ms_shape *image, const size_t *before) {
  conv_state *state = node->state;
  ms_window *window = &state->window;
  size_t lead = MS_MAX_SPATIAL - window->rank;
  window->input_count = 1;
  for (size_t i = 0; i < window->rank; i++) {
    window->pad[lead + i] += before[2 + i];
    window->input[lead + i] = image->dims[2 + i];
    window->input_count *= image->dims[2 + i];
  }
  state->pointwise = false;
}

static void pack(const void *conv, const float *weights, const float *bias, float *packed) {
  const conv_state *state = conv;
  size_t taps = state->window.taps;
  size_t depth_stride = taps * (state->window.transposed ? state->columns : 1);
  size_t column_stride = taps * (state->window.transposed ? 1 : state->depth);
  if (state->depthwise) {
    ms_pack_depthwise(weights, taps, 1, state->channels, taps, bias, packed);
    return;
  }
  for (size_t g = 0; g < state->groups; g++) {
    (state->levels ? ms_pack_s16 : ms_pack)(
        weights + g * state->columns * state->depth * taps, taps, 1, state->depth, depth_stride,
        state->columns, column_stride, bias == NULL ? NULL : bias + g * state->columns,
        packed + g * state->group_size);
  }
}

/* Input rows under rows of the output, padding included. */
static size_t count_lines(const ms_window *window, size_t rows) {
  return (rows - 1) * window->stride[1] + (window->kernel[1] - 1) * window->dilation[1] + 1;
}

bool ms_add_scratch(ms_node *node, size_t count, size_t size, size_t *offset) {
  size_t bytes = 0;
  *offset = node->scratch_size;
  return ms_size_mul(count, size, &bytes) && ms_size_round_up(bytes, ALIGNMENT, &bytes) &&
         ms_size_add(*offset, bytes, &node->scratch_size);
}

/* Output rows are done a few at a time, so that tiles of rows come out even. */
static bool plan_lines(ms_node *node, conv_state *state) {
  enum { LEAST_PIXELS = 64 };
  const ms_window *window = &state->window;
  size_t outputs = window->output[2];
  size_t pointers = 0;
  size_t floats = 0;
  size_t rows = (LEAST_PIXELS + outputs - 1) / outputs;
  rows = rows < window->output[1] ? rows : window->output[1];
  state->tile = rows * outputs;
  state->taps = window->kernel[1];
  state->run = window->kernel[2] * state->channels;
  /* This many pixels are in an input and its padding, which do not overflow. */
  size_t width = (outputs - 1) * window->stride[2] + window->kernel[2];
  return ms_size_mul(width, state->channels, &state->line_width) &&
         ms_size_mul(state->line_width, count_lines(window, rows), &floats) &&
         ms_size_mul(state->tile, state->taps, &pointers) &&
         ms_add_scratch(node, pointers, sizeof(float *), &state->table_offset) &&
         ms_add_scratch(node, floats, sizeof(float), &state->zero_offset);
}

/*
 * Whether a product of integers is possible and pays: rows become levels once for all columns, but
 * each pixel once for every row that it is gathered into.
 */
static bool takes_levels(const ms_graph *graph, const conv_state *state, size_t depth) {
  enum { LEAST_COLUMNS = 24 };
  return graph->precision == MS_PRECISION_INT16 && state->product.can_fuse && !state->depthwise &&
         depth <= MS_LONGEST_S16 && state->columns >= LEAST_COLUMNS &&
         state->window.output_count >= LEAST_ROWS &&
         (state->pointwise || state->depth > FEW_CHANNELS);
}

/* Which way a convolution goes; padding is as it stays by now. False if weights exceed memory. */
static bool choose_way(const ms_graph *graph, conv_state *state, size_t *packed_count) {
  const ms_window *window = &state->window;
  bool is_plane = !window->transposed && window->rank <= 2;
  size_t depth = 0;
  bool fits = ms_size_mul(window->taps, state->depth, &depth);
  state->swept = is_plane && state->depthwise;
  /* Neither count is checked inside; weights of depth × columns fit memory, so panels do. */
  if (fits && state->depthwise) {
    *packed_count = ms_packed_depthwise_count(window->taps, state->channels);
  } else if (fits) {
    state->levels = takes_levels(graph, state, depth);
    state->group_size =
        (state->levels ? ms_packed_s16_count : ms_packed_count)(depth, state->columns);
    fits = ms_size_mul(state->group_size, state->groups, packed_count);
  }
  /* What copying saves: many short runs, each of which costs a step. */
  state->lined = is_plane && state->groups == 1 && window->kernel[2] > 1 &&
                 window->dilation[2] == 1 && (state->levels || state->channels <= FEW_CHANNELS);
  return fits;
}

bool ms_plan_tiles(ms_node *node, const ms_window *window, size_t *tile, size_t *table_offset) {
  size_t most = TABLE_POINTERS / window->taps;
  size_t pointers = 0;
  most = most < LEAST_ROWS ? LEAST_ROWS : most;
  *tile = most < window->output_count ? most : window->output_count;
  return ms_size_mul(*tile, window->taps, &pointers) &&
         ms_add_scratch(node, pointers, sizeof(float *), table_offset);
}

/* Scratch memory of gathering: pointers for a tile of output pixels, and what padding reads. */
static bool plan_tiles(ms_node *node, conv_state *state) {
  state->taps = state->window.taps;
  state->run = state->depth;
  return ms_plan_tiles(node, &state->window, &state->tile, &state->table_offset) &&
         ms_add_scratch(node, state->channels, sizeof(float), &state->zero_offset);
}

/* Takes over the convolution before, where that pays. */
static bool chain(ms_graph *graph, ms_node *node, conv_state *state) {
  const ms_window *window = &state->window;
  const ms_value *x = node->inputs[0];
  ms_node *producer = x->producer;
  size_t rows = count_lines(window, 1); /* that are seen at a time */
  if (!state->swept || x->is_constant || x->use_count != 1 || producer == NULL ||
      producer->op->run != ms_run_conv || ms_value_size(x) < LEAST_CHAINED ||
      rows >= window->input[1]) {
    return true;
  }
  const conv_state *feeder = producer->state;
  if (!feeder->pointwise || feeder->product.packed == NULL || feeder->batch != 1 ||
      ms_node_input(producer, MS_INPUT_RESIDUAL) != NULL) {
    return true;
  }
  state->feeder = feeder;
  node->mac_count += producer->mac_count;
  ms_node_set_input(node, 0, producer->inputs[0]);
  ms_graph_remove_node(graph, producer);
  return ms_add_scratch(node, rows * window->input[2] * state->channels, sizeof(float),
                        &state->ring_offset);
}

ms_status ms_prepare_conv(ms_graph *graph, ms_node *node) {
  conv_state *state = node->state;
  size_t packed_count = 0;
  bool fits = choose_way(graph, state, &packed_count) && chain(graph, node, state);
  if (!state->pointwise) {
    fits = fits && (state->lined ? plan_lines : plan_tiles)(node, state);
  }
  if (!fits) {
    return ms_node_too_large(graph, node);
  }
  size_t taps = state->window.taps;
  bool transposed = state->window.transposed;
  return ms_prepare_product(
      graph, node, packed_count, pack, transposed ? taps : taps * state->depth,
      transposed ? state->depth * state->columns : state->columns, state->columns);
}

/* Output pixels first … first + rows - 1 of an image; y and residual are those of the first. */
typedef struct conv_part {
  const float *x;
  float *y;
  const float *residual;
  const float *packed;
  size_t first;
  size_t rows;
} conv_part;

static ms_epilogue make_epilogue(const conv_state *state, const float *residual, size_t offset) {
  return (ms_epilogue){.residual = residual == NULL ? NULL : residual + offset,
                       .residual_stride = state->product.columns,
                       .low = state->product.fused.low,
                       .high = state->product.fused.high};
}

/* The products of all groups; lines are in the table already. */
static void run_product(const ms_run *run, const conv_state *state, const conv_part *part) {
  const float **table = (const float **)(void *)(run->scratch + state->table_offset);
  const float *zeros = (const float *)(void *)(run->scratch + state->zero_offset);
  size_t filters = state->product.columns;
  for (size_t g = 0; g < state->groups; g++) {
    const float *x = part->x + g * state->depth;
    const float *packed = part->packed + g * state->group_size;
    size_t column = g * state->columns;
    ms_epilogue epilogue = make_epilogue(state, part->residual, column);
    if (state->pointwise) {
      (state->levels ? run->kernels->gemm_s16 : run->kernels->gemm)(
          x, state->channels, state->depth, packed, part->y + column, filters, part->rows,
          state->columns, &epilogue);
      continue;
    }
    if (!state->lined) {
      ms_window_rows(&state->window, x, state->channels, zeros, part->first, part->rows, table);
    }
    (state->levels ? run->kernels->gemm_indirect_s16 : run->kernels->gemm_indirect)(
        table, state->taps, state->run, packed, part->y + column, filters, part->rows,
        state->columns, &epilogue);
  }
}

static void run_depthwise(const ms_run *run, const conv_state *state, const conv_part *part) {
  const float **table = (const float **)(void *)(run->scratch + state->table_offset);
  const float *zeros = (const float *)(void *)(run->scratch + state->zero_offset);
  ms_epilogue epilogue = make_epilogue(state, part->residual, 0);
  ms_window_rows(&state->window, part->x, state->channels, zeros, part->first, part->rows, table);
  run->kernels->depthwise(table, state->taps, part->packed, part->y, state->channels, part->rows,
                          state->channels, &epilogue);
}

/* Row line of the input of a swept convolution; rows before first are there already. */
static const float *find_line(const ms_run *run, const conv_state *state, const conv_part *image,
                              size_t line, size_t *first) {
  const ms_window *window = &state->window;
  size_t row_count = window->input[2] * state->channels;
  if (state->feeder == NULL) {
    return image->x + line * row_count;
  }
  float *ring = (float *)(void *)(run->scratch + state->ring_offset);
  size_t rows = count_lines(window, 1);
  for (; *first <= line; (*first)++) {
    const conv_part row = {.x = image->x + *first * window->input[2] * state->feeder->channels,
                           .y = ring + *first % rows * row_count,
                           .packed = state->feeder->product.packed,
                           .rows = window->input[2]};
    run_product(run, state->feeder, &row);
  }
  return ring + line % rows * row_count;
}

/* A depthwise convolution of one image, an output row at a time. */
static void run_sweep(const ms_run *run, const conv_state *state, const conv_part *image) {
  const float **rows = (const float **)(void *)(run->scratch + state->table_offset);
  const ms_window *window = &state->window;
  ms_sweep sweep = {.kernel_height = window->kernel[1],
                    .kernel_width = window->kernel[2],
                    .stride = window->stride[2],
                    .dilation = window->dilation[2],
                    .pad = window->pad[2],
                    .columns = window->input[2],
                    .outputs = window->output[2]};
  size_t row_count = sweep.outputs * state->channels;
  size_t first = 0;
  for (size_t row = 0; row < window->output[1]; row++) {
    for (size_t k = 0; k < sweep.kernel_height; k++) {
      size_t line = row * window->stride[1] + k * window->dilation[1];
      bool inside = line >= window->pad[1] && line - window->pad[1] < window->input[1];
      rows[k] = inside ? find_line(run, state, image, line - window->pad[1], &first) : NULL;
    }
    ms_epilogue epilogue = make_epilogue(state, image->residual, row * row_count);
    run->kernels->depthwise_row(rows, &sweep, image->packed, image->y + row * row_count,
                                state->channels, &epilogue);
  }
}

/* One input row between zeros; a row of zeros beyond the image. */
static void fill_line(const conv_state *state, const float *image, size_t line, float *to) {
  const ms_window *window = &state->window;
  size_t row = window->input[2] * state->channels;
  size_t before = window->pad[2] * state->channels;
  memset(to, 0, state->line_width * sizeof *to);
  if (line >= window->pad[1] && line - window->pad[1] < window->input[1] &&
      before < state->line_width) {
    size_t rest = state->line_width - before;
    memcpy(to + before, image + (line - window->pad[1]) * row,
           (rest < row ? rest : row) * sizeof *to);
  }
}

/* Some input rows, and where the rows of the kernel start in them for each pixel of a part. */
static void fill_table(const ms_run *run, const conv_state *state, const conv_part *part) {
  const float **table = (const float **)(void *)(run->scratch + state->table_offset);
  float *lines = (float *)(void *)(run->scratch + state->zero_offset);
  const ms_window *window = &state->window;
  size_t rows = part->rows / window->output[2];
  size_t top = part->first / window->output[2] * window->stride[1];
  size_t step = window->stride[2] * state->channels;
  size_t next = window->dilation[1] * state->line_width;
  for (size_t i = 0; i < count_lines(window, rows); i++) {
    fill_line(state, part->x, top + i, lines + i * state->line_width);
  }
  for (size_t row = 0; row < rows; row++) {
    const float *line = lines + row * window->stride[1] * state->line_width;
    for (size_t i = 0; i < window->output[2]; i++, line += step) {
      const float *start = line;
      for (size_t k = 0; k < window->kernel[1]; k++, start += next) {
        *table++ = start;
      }
    }
  }
}

static void run_image(const ms_run *run, const conv_state *state, const conv_part *image) {
  if (state->swept) {
    run_sweep(run, state, image);
    return;
  }
  for (size_t first = 0; first < image->rows; first += state->tile) {
    size_t offset = first * state->product.columns;
    conv_part part = *image;
    part.first = first;
    part.rows = image->rows - first < state->tile ? image->rows - first : state->tile;
    part.y += offset;
    part.residual = image->residual == NULL ? NULL : image->residual + offset;
    if (state->lined) {
      fill_table(run, state, &part);
    }
    (state->depthwise ? run_depthwise : run_product)(run, state, &part);
  }
}

ms_status ms_run_conv(const ms_run *run, const ms_node *node) {
  const conv_state *state = node->state;
  const ms_value *residual = ms_node_input(node, MS_INPUT_RESIDUAL);
  conv_part part = {.x = ms_floats(node->inputs[0]),
                    .y = ms_floats(node->outputs[0]),
                    .residual = residual == NULL ? NULL : ms_floats(residual),
                    .packed = state->product.packed,
                    .rows = state->window.output_count};
  if (node->outputs[0]->count == 0) {
    return MS_OK;
  }
  if (part.packed == NULL) {
    float *packed = (float *)(void *)(run->scratch + state->product.packed_offset);
    const ms_value *bias = ms_node_input(node, 2);
    pack(state, ms_floats(node->inputs[1]), bias == NULL ? NULL : ms_floats(bias), packed);
    part.packed = packed;
  }
  if (state->pointwise) {
    part.rows *= state->batch;
    run_product(run, state, &part);
    return MS_OK;
  }
  if (!state->lined) {
    memset(run->scratch + state->zero_offset, 0, state->channels * sizeof(float));
  }
  for (size_t n = 0; n < state->batch; n++) {
    run_image(run, state, &part);
    part.x += state->window.input_count * state->channels;
    part.y += state->window.output_count * state->product.columns;
    if (part.residual != NULL) {
      part.residual += state->window.output_count * state->product.columns;
    }
  }
  return MS_OK;
}
