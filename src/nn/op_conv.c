/*
 * Conv and ConvTranspose over channels-last images. Three ways: a 1×1 kernel is a product on the
 * activation itself, a depthwise kernel has its own loop, everything else is a product of gathered
 * rows, group by group. Short runs are made longer: input rows are copied between zeros, so that a
 * row of the kernel is one run. A transposed convolution gathers, too: taps that meet no input
 * pixel read zeros. Weights are packed once if they are constant, else in every run. A 1×1 kernel
 * whose result is large, and for a depthwise kernel only, runs with that one, row by row, so that
 * the result is never whole in memory and rows are read while they are in the cache.
 */
#include <math.h>
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
  ms_window window;
  size_t batch;
  size_t channels;
  size_t groups;
  size_t depth;         /* channels of one group */
  size_t columns;       /* filters of one group */
  size_t group_size;    /* packed floats of one group */
  size_t tile;          /* output pixels whose pointers are in the table at a time */
  size_t table_offset;  /* where in the scratch memory: the table, */
  size_t zero_offset;   /* a row of zeros, */
  size_t packed_offset; /* and the weights if they are packed in every run */
  bool depthwise;
  bool swept; /* depthwise, row by row of a two-dimensional image, without a table */
  bool pointwise;
  bool lined;                      /* by lines: padded copies of input rows */
  size_t line_width;               /* floats of a line */
  size_t line_rows;                /* output rows whose lines are there at a time */
  bool levels;                     /* products in integers, of weights packed by ms_pack_s16 */
  float *packed;                   /* NULL: packed in every run */
  const struct conv_state *feeder; /* of a swept one: makes its input, a row at a time */
  size_t ring_offset;              /* where in the scratch memory those rows are */
} conv_state;

static ms_status check_weights(ms_graph *graph, const ms_node *node, bool transposed,
                               conv_state *state) {
  const ms_shape *x = &node->inputs[0]->shape;
  const ms_shape *w = &node->inputs[1]->shape;
  const ms_value *bias = ms_node_input(node, 2);
  int64_t groups = 0;
  MS_TRY(ms_node_integer(graph, node, "group", 1, &groups));
  if (w->rank != x->rank || x->rank < 3) {
    return ms_node_fail(graph, node, MS_ERR_FORMAT,
                        "an input of %zu dimensions meets weights of %zu", x->rank, w->rank);
  }
  state->batch = x->dims[0];
  state->channels = x->dims[1];
  if (groups < 1 || (uint64_t)groups > state->channels || state->channels % (size_t)groups != 0) {
    return ms_node_fail(graph, node, MS_ERR_FORMAT, "%zu channels in %lld groups", state->channels,
                        (long long)groups);
  }
  state->groups = (size_t)groups;
  state->depth = state->channels / state->groups;
  size_t depth = transposed ? w->dims[0] / state->groups : w->dims[1];
  state->columns = transposed ? w->dims[1] : w->dims[0] / state->groups;
  size_t filters = 0;
  bool fits = depth == state->depth && state->columns > 0 &&
              ms_size_mul(state->columns, state->groups, &filters) &&
              (transposed ? w->dims[0] == state->channels : w->dims[0] == filters);
  if (!fits || (bias != NULL && (bias->shape.rank != 1 || bias->count != filters))) {
    return ms_node_fail(graph, node, MS_ERR_FORMAT,
                        "%zu channels in %zu groups do not fit weights [%zu][%zu] and their bias",
                        state->channels, state->groups, w->dims[0], w->dims[1]);
  }
  state->product.columns = filters;
  return MS_OK;
}

static void count_macs(ms_node *node, const conv_state *state) {
  const ms_window *window = &state->window;
  size_t pixels = window->transposed ? window->input_count : window->output_count;
  node->mac_count =
      (uint64_t)state->batch * pixels * window->taps * state->depth * state->product.columns;
}

ms_status ms_infer_conv(ms_graph *graph, ms_node *node) {
  bool transposed = node->op->variant != 0;
  ms_value *x = node->inputs[0];
  ms_value *weights = node->inputs[1];
  const ms_value *bias = ms_node_input(node, 2);
  for (size_t i = 0; i < node->input_count; i++) {
    if (node->inputs[i] != NULL) {
      MS_TRY(ms_node_expect_float(graph, node, i));
    }
  }
  MS_TRY(ms_node_state(graph, node, sizeof(conv_state)));
  conv_state *state = node->state;
  MS_TRY(check_weights(graph, node, transposed, state));
  MS_TRY(
      ms_window_infer(graph, node, &x->shape, weights->shape.dims + 2, transposed, &state->window));
  const ms_window *window = &state->window;
  state->product.fused = (ms_fused){.low = -INFINITY, .high = INFINITY};
  state->product.bias_axis = 1;
  state->product.can_fuse = weights->is_constant && (bias == NULL || bias->is_constant);
  state->depthwise = state->groups > 1 && state->depth == 1 && state->columns == 1;
  bool same = window->taps == 1 && window->output_count == window->input_count;
  for (size_t i = 0; i < MS_MAX_SPATIAL; i++) {
    same = same && window->stride[i] == 1 && window->pad[i] == 0;
  }
  state->pointwise = same && !state->depthwise;
  count_macs(node, state);
  ms_shape shape = ms_window_shape(window, state->batch, state->product.columns);
  return ms_value_set(graph, node, node->outputs[0], MS_TYPE_FLOAT, &shape);
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

/* The bias with scale and shift in it: bias[j] scale[j] + shift[j]. NULL if all are absent. */
static ms_status fuse_bias(ms_context *context, const conv_state *state, const float *bias,
                           const float **fused) {
  const ms_fused *extra = &state->product.fused;
  float *sum = NULL;
  *fused = bias;
  if (extra->scale == NULL && extra->shift == NULL) {
    return MS_OK;
  }
  MS_TRY(MS_SCRATCH(context, state->product.columns, &sum));
  for (size_t j = 0; j < state->product.columns; j++) {
    float value = bias == NULL ? 0.0f : bias[j];
    value *= extra->scale == NULL ? 1.0f : extra->scale[j];
    sum[j] = value + (extra->shift == NULL ? 0.0f : extra->shift[j]);
  }
  *fused = sum;
  return MS_OK;
}

/* weights[taps][depth] of filter after filter, each times the scale of the filter: to scaled. */
static void scale_weights(const conv_state *state, size_t count, const float *weights,
                          float *scaled) {
  const float *scale = state->product.fused.scale;
  bool transposed = state->window.transposed;
  size_t length = state->window.taps * (transposed ? 1 : state->depth); /* of one filter's run */
  size_t block = state->depth * state->columns; /* runs of a group where runs are transposed */
  for (size_t run = 0; run * length < count; run++) {
    size_t filter = transposed ? run / block * state->columns + run % state->columns : run;
    for (size_t i = run * length; i < (run + 1) * length; i++) {
      scaled[i] = weights[i] * scale[filter];
    }
  }
}

/* The weights with the scale of their filter in them: in their place, where no one else reads it.
 */
static ms_status fuse_weights(ms_context *context, const conv_state *state, ms_value *weights,
                              const float **fused) {
  float *scaled = ms_floats(weights);
  *fused = scaled;
  if (state->product.fused.scale == NULL) {
    return MS_OK;
  }
  if (weights->use_count > 1) {
    MS_TRY(MS_SCRATCH(context, weights->count, &scaled));
  }
  scale_weights(state, weights->count, *fused, scaled);
  *fused = scaled;
  return MS_OK;
}

static void pack(const conv_state *state, const float *weights, const float *bias, float *packed) {
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

/* Packs constant weights for good and lets go of them. */
static ms_status pack_constants(ms_graph *graph, ms_node *node, size_t packed_count) {
  conv_state *state = node->state;
  ms_context *context = graph->context;
  ms_value *weights = node->inputs[1];
  ms_value *bias = ms_node_input(node, 2);
  const float *fused_bias = NULL;
  const float *fused_weights = NULL;
  /* First, so that what is decoded next lies behind it, and leaves no hole when it is returned. */
  MS_TRY(MS_KEEP(context, &graph->pool, packed_count, &state->packed));
  MS_TRY(ms_value_load(graph, weights));
  if (bias != NULL) {
    MS_TRY(ms_value_load(graph, bias));
  }
  ms_arena_mark mark = ms_arena_get_mark(context);
  MS_TRY(fuse_bias(context, state, bias == NULL ? NULL : ms_floats(bias), &fused_bias));
  MS_TRY(fuse_weights(context, state, weights, &fused_weights));
  pack(state, fused_weights, fused_bias, state->packed);
  ms_arena_drop(context, mark);
  ms_node_release_input(graph, node, 1);
  ms_node_release_input(graph, node, 2);
  return MS_OK;
}

/* Input rows under rows of the output, padding included. */
static size_t count_lines(const ms_window *window, size_t rows) {
  return (rows - 1) * window->stride[1] + (window->kernel[1] - 1) * window->dilation[1] + 1;
}

/* Adds count floats or pointers of size bytes to the scratch memory. */
static bool add_scratch(size_t count, size_t size, size_t *offset, size_t *total) {
  size_t bytes = 0;
  *offset = *total;
  return ms_size_mul(count, size, &bytes) && ms_size_round_up(bytes, ALIGNMENT, &bytes) &&
         ms_size_add(*total, bytes, total);
}

/* Output rows are done a few at a time, so that tiles of rows come out even. */
static bool plan_lines(ms_node *node, conv_state *state) {
  enum { LEAST_PIXELS = 64 };
  const ms_window *window = &state->window;
  size_t outputs = window->output[2];
  size_t pointers = 0;
  size_t floats = 0;
  state->line_rows = (LEAST_PIXELS + outputs - 1) / outputs;
  if (state->line_rows > window->output[1]) {
    state->line_rows = window->output[1];
  }
  return ms_size_mul(outputs - 1, window->stride[2], &state->line_width) &&
         ms_size_add(state->line_width, window->kernel[2], &state->line_width) &&
         ms_size_mul(state->line_width, state->channels, &state->line_width) &&
         ms_size_mul(state->line_width, count_lines(window, state->line_rows), &floats) &&
         ms_size_mul(state->line_rows * outputs, window->kernel[1], &pointers) &&
         add_scratch(pointers, sizeof(float *), &state->table_offset, &node->scratch_size) &&
         add_scratch(floats, sizeof(float), &state->zero_offset, &node->scratch_size);
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
  bool is_plane = !window->transposed && window->input[0] == 1 && window->output[0] == 1 &&
                  window->kernel[0] == 1 && window->pad[0] == 0;
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

/* Scratch memory of gathering: pointers for a tile of output pixels, and what padding reads. */
static bool plan_tiles(ms_node *node, conv_state *state) {
  size_t taps = state->window.taps;
  size_t tile = TABLE_POINTERS / taps;
  size_t pointers = 0;
  state->tile = tile < LEAST_ROWS ? LEAST_ROWS : tile;
  if (state->tile > state->window.output_count) {
    state->tile = state->window.output_count;
  }
  return ms_size_mul(state->tile, taps, &pointers) &&
         add_scratch(pointers, sizeof(float *), &state->table_offset, &node->scratch_size) &&
         add_scratch(state->channels, sizeof(float), &state->zero_offset, &node->scratch_size);
}

/* Input rows that a swept convolution sees at a time. */
static size_t ring_rows(const ms_window *window) {
  return (window->kernel[1] - 1) * window->dilation[1] + 1;
}

/* Takes over the convolution before, where that pays. */
static bool chain(ms_graph *graph, ms_node *node, conv_state *state) {
  const ms_window *window = &state->window;
  const ms_value *x = node->inputs[0];
  ms_node *producer = x->producer;
  size_t rows = ring_rows(window);
  if (!state->swept || x->is_constant || x->use_count != 1 || producer == NULL ||
      producer->op->run != ms_run_conv || ms_value_size(x) < LEAST_CHAINED ||
      rows >= window->input[1]) {
    return true;
  }
  const conv_state *feeder = producer->state;
  if (!feeder->pointwise || feeder->packed == NULL || feeder->batch != 1 ||
      ms_node_input(producer, MS_INPUT_RESIDUAL) != NULL) {
    return true;
  }
  state->feeder = feeder;
  node->mac_count += producer->mac_count;
  ms_node_set_input(node, 0, producer->inputs[0]);
  ms_graph_remove_node(graph, producer);
  return add_scratch(rows * window->input[2] * state->channels, sizeof(float), &state->ring_offset,
                     &node->scratch_size);
}

ms_status ms_prepare_conv(ms_graph *graph, ms_node *node) {
  conv_state *state = node->state;
  size_t packed_count = 0;
  bool fits = choose_way(graph, state, &packed_count) && chain(graph, node, state);
  if (!state->pointwise) {
    fits = fits && (state->lined ? plan_lines : plan_tiles)(node, state);
  }
  if (!fits) {
    return ms_node_fail(graph, node, MS_ERR_LIMIT, "weights or tables exceed memory");
  }
  if (state->product.can_fuse) {
    return pack_constants(graph, node, packed_count);
  }
  if (!add_scratch(packed_count, sizeof(float), &state->packed_offset, &node->scratch_size)) {
    return ms_node_fail(graph, node, MS_ERR_LIMIT, "weights exceed memory");
  }
  return MS_OK;
}

/* One group of output pixels first … first + rows - 1 of all those that y holds. */
typedef struct conv_part {
  const float *x;
  float *y;
  const float *residual;
  const float *packed;
  size_t rows;
} conv_part;

static ms_epilogue make_epilogue(const conv_state *state, const float *residual) {
  return (ms_epilogue){.residual = residual,
                       .residual_stride = state->product.columns,
                       .low = state->product.fused.low,
                       .high = state->product.fused.high};
}

static void run_pointwise(const ms_run *run, const conv_state *state, const conv_part *part) {
  size_t filters = state->product.columns;
  for (size_t g = 0; g < state->groups; g++) {
    size_t first = g * state->columns;
    ms_epilogue epilogue =
        make_epilogue(state, part->residual == NULL ? NULL : part->residual + first);
    (state->levels ? run->kernels->gemm_s16
                   : run->kernels->gemm)(part->x + g * state->depth, state->channels, state->depth,
                                         part->packed + g * state->group_size, part->y + first,
                                         filters, part->rows, state->columns, &epilogue);
  }
}

/* One tile of one image: rows pixels from first on, y and residual at the tile's start. */
static void run_tile(const ms_run *run, const conv_state *state, const conv_part *part,
                     size_t first) {
  const float **table = (const float **)(void *)(run->scratch + state->table_offset);
  const float *zeros = (const float *)(void *)(run->scratch + state->zero_offset);
  size_t taps = state->window.taps;
  size_t filters = state->product.columns;
  if (state->depthwise) {
    ms_epilogue epilogue = make_epilogue(state, part->residual);
    ms_window_rows(&state->window, part->x, state->channels, zeros, first, part->rows, table);
    run->kernels->depthwise(table, taps, part->packed, part->y, filters, part->rows,
                            state->channels, &epilogue);
    return;
  }
  for (size_t g = 0; g < state->groups; g++) {
    size_t column = g * state->columns;
    ms_epilogue epilogue =
        make_epilogue(state, part->residual == NULL ? NULL : part->residual + column);
    ms_window_rows(&state->window, part->x + g * state->depth, state->channels, zeros, first,
                   part->rows, table);
    (state->levels ? run->kernels->gemm_indirect_s16 : run->kernels->gemm_indirect)(
        table, taps, state->depth, part->packed + g * state->group_size, part->y + column, filters,
        part->rows, state->columns, &epilogue);
  }
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
  size_t rows = ring_rows(window);
  for (; *first <= line; (*first)++) {
    const conv_part row = {.x = image->x + *first * window->input[2] * state->feeder->channels,
                           .y = ring + *first % rows * row_count,
                           .packed = state->feeder->packed,
                           .rows = window->input[2]};
    run_pointwise(run, state->feeder, &row);
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
    ms_epilogue epilogue =
        make_epilogue(state, image->residual == NULL ? NULL : image->residual + row * row_count);
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

/* Where the rows of the kernel start, for each pixel of some output rows. */
static void fill_table(const conv_state *state, const float *lines, size_t rows,
                       const float **table) {
  const ms_window *window = &state->window;
  size_t step = window->stride[2] * state->channels;
  size_t next = window->dilation[1] * state->line_width;
  for (size_t row = 0; row < rows; row++) {
    const float *line = lines + row * window->stride[1] * state->line_width;
    for (size_t i = 0; i < window->output[2]; i++, line += step) {
      const float *run = line;
      for (size_t k = 0; k < window->kernel[1]; k++, run += next) {
        *table++ = run;
      }
    }
  }
}

/* A convolution of one image without groups, a few output rows at a time. */
static void run_lines(const ms_run *run, const conv_state *state, const conv_part *image) {
  const float **table = (const float **)(void *)(run->scratch + state->table_offset);
  float *lines = (float *)(void *)(run->scratch + state->zero_offset);
  const ms_window *window = &state->window;
  size_t outputs = window->output[2];
  size_t height = window->kernel[1];
  size_t filters = state->product.columns;
  for (size_t first = 0; first < window->output[1]; first += state->line_rows) {
    size_t rows = window->output[1] - first;
    rows = rows < state->line_rows ? rows : state->line_rows;
    for (size_t i = 0; i < count_lines(window, rows); i++) {
      fill_line(state, image->x, first * window->stride[1] + i, lines + i * state->line_width);
    }
    fill_table(state, lines, rows, table);
    size_t offset = first * outputs * filters;
    ms_epilogue epilogue =
        make_epilogue(state, image->residual == NULL ? NULL : image->residual + offset);
    (state->levels ? run->kernels->gemm_indirect_s16 : run->kernels->gemm_indirect)(
        table, height, window->kernel[2] * state->channels, image->packed, image->y + offset,
        filters, rows * outputs, filters, &epilogue);
  }
}

static void run_image(const ms_run *run, const conv_state *state, const conv_part *image) {
  if (state->swept) {
    run_sweep(run, state, image);
    return;
  }
  if (state->lined) {
    run_lines(run, state, image);
    return;
  }
  for (size_t first = 0; first < image->rows; first += state->tile) {
    size_t offset = first * state->product.columns;
    conv_part part = *image;
    part.rows = image->rows - first < state->tile ? image->rows - first : state->tile;
    part.y = image->y + offset;
    part.residual = image->residual == NULL ? NULL : image->residual + offset;
    run_tile(run, state, &part, first);
  }
}

ms_status ms_run_conv(const ms_run *run, const ms_node *node) {
  const conv_state *state = node->state;
  const ms_value *residual = ms_node_input(node, MS_INPUT_RESIDUAL);
  conv_part part = {.x = ms_floats(node->inputs[0]),
                    .y = ms_floats(node->outputs[0]),
                    .residual = residual == NULL ? NULL : ms_floats(residual),
                    .packed = state->packed,
                    .rows = state->window.output_count};
  if (node->outputs[0]->count == 0) {
    return MS_OK;
  }
  if (part.packed == NULL) {
    float *packed = (float *)(void *)(run->scratch + state->packed_offset);
    const ms_value *bias = ms_node_input(node, 2);
    pack(state, ms_floats(node->inputs[1]), bias == NULL ? NULL : ms_floats(bias), packed);
    part.packed = packed;
  }
  if (state->pointwise) {
    part.rows *= state->batch;
    run_pointwise(run, state, &part);
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
