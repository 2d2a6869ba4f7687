/*
 * Gemm and MatMul. A constant right matrix is packed once with bias, alpha, scale and shift in it;
 * any other is packed in every run, for each matrix of a batch.
 */
#include <math.h>
#include <string.h>

#include "nn/loop.h"
#include "nn/ops.h"

enum { ALIGNMENT = 64 };

typedef struct dense_state {
  ms_product product;
  size_t rows;
  size_t depth;
  ms_loop batch; /* operand 0: y, 1: a, 2: b; one step for each matrix */
  size_t b_depth_stride;
  size_t b_column_stride;
  bool transpose_a;
  float alpha;
  float beta;
  bool bias_is_residual; /* Gemm's C does not go into the packed bias */
  size_t a_offset;       /* places in the scratch memory */
  size_t packed_offset;
  size_t residual_offset;
  size_t packed_count;
  float *packed; /* NULL: packed in every run */
} dense_state;

/* A vector as a matrix of one row (a) or one column (b). */
static ms_shape as_matrix(const ms_shape *shape, bool is_right) {
  ms_shape matrix = *shape;
  if (shape->rank == 1) {
    matrix.rank = 2;
    matrix.dims[0] = is_right ? shape->dims[0] : 1;
    matrix.dims[1] = is_right ? 1 : shape->dims[0];
  }
  return matrix;
}

static void init_product(const ms_graph *graph, ms_node *node, size_t columns) {
  dense_state *state = node->state;
  (void)graph;
  state->product.fused = (ms_fused){.low = -INFINITY, .high = INFINITY};
  state->product.columns = columns;
  state->alpha = 1.0f;
  state->beta = 1.0f;
}

/* The shape of a MatMul of matrices, and the loop over its batch. */
static ms_status matmul_shape(ms_graph *graph, ms_node *node, const ms_shape *a, const ms_shape *b,
                              ms_shape *shape) {
  dense_state *state = node->state;
  ms_shape batch = *b;
  if (a->dims[a->rank - 1] != b->dims[b->rank - 2]) {
    return ms_node_fail(graph, node, MS_ERR_FORMAT, "depths %zu and %zu", a->dims[a->rank - 1],
                        b->dims[b->rank - 2]);
  }
  *shape = *a;
  shape->rank -= 2;
  batch.rank -= 2;
  MS_TRY(ms_shape_broadcast(graph, node, &batch, shape));
  shape->dims[shape->rank++] = a->dims[a->rank - 2];
  shape->dims[shape->rank++] = b->dims[b->rank - 1];
  ms_value y_value = {.shape = *shape};
  ms_value a_value = {.shape = *a};
  ms_value b_value = {.shape = *b};
  state->batch = ms_loop_over(shape);
  ms_loop_operand(&state->batch, 0, &y_value);
  ms_loop_operand(&state->batch, 1, &a_value);
  ms_loop_operand(&state->batch, 2, &b_value);
  state->batch.rank -= 2;
  return MS_OK;
}

ms_status ms_infer_matmul(ms_graph *graph, ms_node *node) {
  const ms_value *left = node->inputs[0];
  const ms_value *right = node->inputs[1];
  MS_TRY(ms_node_expect_float(graph, node, 0));
  MS_TRY(ms_node_expect_float(graph, node, 1));
  if (left->shape.rank == 0 || right->shape.rank == 0) {
    return ms_node_fail(graph, node, MS_ERR_FORMAT, "a product with a scalar");
  }
  ms_shape a = as_matrix(&left->shape, false);
  ms_shape b = as_matrix(&right->shape, true);
  ms_shape shape = {0};
  MS_TRY(ms_node_state(graph, node, sizeof(dense_state)));
  dense_state *state = node->state;
  init_product(graph, node, b.dims[b.rank - 1]);
  MS_TRY(matmul_shape(graph, node, &a, &b, &shape));
  state->rows = a.dims[a.rank - 2];
  state->depth = a.dims[a.rank - 1];
  state->b_depth_stride = state->product.columns;
  state->b_column_stride = 1;
  state->product.can_fuse = right->is_constant && b.rank == 2 && right->shape.rank == 2;
  size_t count = 0;
  if (!ms_shape_count(&shape, &count)) {
    return ms_node_fail(graph, node, MS_ERR_LIMIT, "its result exceeds memory");
  }
  node->mac_count = (uint64_t)count * state->depth;
  if (state->product.can_fuse) { /* one matrix for the whole batch: all rows at once */
    state->rows = state->product.columns == 0 ? 0 : count / state->product.columns;
    state->batch.rank = 0;
  }
  ms_loop_join(&state->batch, 3);
  /* Vectors lose the dimension that they were given. */
  if (right->shape.rank == 1) {
    shape.rank--;
  }
  if (left->shape.rank == 1) {
    shape.dims[shape.rank - 2 + (right->shape.rank == 1)] = shape.dims[shape.rank - 1];
    shape.rank--;
  }
  state->product.bias_axis = shape.rank - 1;
  return ms_value_set(graph, node, node->outputs[0], MS_TYPE_FLOAT, &shape);
}

/* Whether Gemm's C is a constant row or number, which goes into the packed bias. */
static bool is_bias(const ms_value *c, size_t columns) {
  size_t rank = c->shape.rank;
  return c->is_constant &&
         (c->count == 1 || (c->count == columns && c->shape.dims[rank - 1] == columns));
}

static ms_status check_c(ms_graph *graph, const ms_node *node, const ms_shape *shape) {
  const ms_shape *c = &node->inputs[2]->shape;
  bool fits = c->rank <= 2;
  for (size_t i = 0; fits && i < c->rank; i++) {
    size_t size = c->dims[c->rank - 1 - i];
    fits = size == 1 || size == shape->dims[1 - i];
  }
  if (!fits) {
    return ms_node_fail(graph, node, MS_ERR_FORMAT, "its third input does not fit [%zu][%zu]",
                        shape->dims[0], shape->dims[1]);
  }
  return ms_node_expect_float(graph, node, 2);
}

ms_status ms_infer_gemm(ms_graph *graph, ms_node *node) {
  const ms_shape *a = &node->inputs[0]->shape;
  const ms_shape *b = &node->inputs[1]->shape;
  const ms_value *c = ms_node_input(node, 2);
  int64_t transpose_a = 0;
  int64_t transpose_b = 0;
  MS_TRY(ms_node_expect_float(graph, node, 0));
  MS_TRY(ms_node_expect_float(graph, node, 1));
  MS_TRY(ms_node_integer(graph, node, "transA", 0, &transpose_a));
  MS_TRY(ms_node_integer(graph, node, "transB", 0, &transpose_b));
  MS_TRY(ms_node_state(graph, node, sizeof(dense_state)));
  dense_state *state = node->state;
  if (a->rank != 2 || b->rank != 2 ||
      a->dims[transpose_a ? 0 : 1] != b->dims[transpose_b ? 1 : 0]) {
    return ms_node_fail(graph, node, MS_ERR_FORMAT, "its inputs are no matrices of one depth");
  }
  ms_shape shape = {2, {a->dims[transpose_a ? 1 : 0], b->dims[transpose_b ? 0 : 1]}};
  init_product(graph, node, shape.dims[1]);
  MS_TRY(ms_node_float(graph, node, "alpha", 1.0f, &state->alpha));
  MS_TRY(ms_node_float(graph, node, "beta", 1.0f, &state->beta));
  if (c != NULL) {
    MS_TRY(check_c(graph, node, &shape));
  }
  state->rows = shape.dims[0];
  state->depth = a->dims[transpose_a ? 0 : 1];
  state->transpose_a = transpose_a != 0;
  state->b_depth_stride = transpose_b ? 1 : shape.dims[1];
  state->b_column_stride = transpose_b ? state->depth : 1;
  ms_loop_join(&state->batch, 3);
  bool constant_b = node->inputs[1]->is_constant;
  state->bias_is_residual = c != NULL && !(constant_b && is_bias(c, shape.dims[1]));
  state->product.can_fuse = constant_b && !state->bias_is_residual;
  state->product.bias_axis = 1;
  size_t count = 0;
  if (!ms_shape_count(&shape, &count)) {
    return ms_node_fail(graph, node, MS_ERR_LIMIT, "its result exceeds memory");
  }
  node->mac_count = (uint64_t)count * state->depth;
  return ms_value_set(graph, node, node->outputs[0], MS_TYPE_FLOAT, &shape);
}

static bool add_scratch(size_t count, size_t *offset, size_t *total) {
  size_t bytes = 0;
  *offset = *total;
  return ms_size_mul(count, sizeof(float), &bytes) && ms_size_round_up(bytes, ALIGNMENT, &bytes) &&
         ms_size_add(*total, bytes, total);
}

/* The constant bias of all columns with scale and shift in it, in scratch memory. */
static ms_status make_bias(ms_context *context, const dense_state *state, const ms_value *c,
                           float **bias) {
  const ms_fused *fused = &state->product.fused;
  MS_TRY(MS_SCRATCH(context, state->product.columns, bias));
  for (size_t j = 0; j < state->product.columns; j++) {
    float value = c == NULL ? 0.0f : state->beta * ms_floats(c)[c->count == 1 ? 0 : j];
    value *= fused->scale == NULL ? 1.0f : fused->scale[j];
    (*bias)[j] = value + (fused->shift == NULL ? 0.0f : fused->shift[j]);
  }
  return MS_OK;
}

/* The right matrix with alpha and scale in it. */
static ms_status scale_matrix(ms_context *context, const dense_state *state, const ms_value *b,
                              const float **scaled) {
  const float *scale = state->product.fused.scale;
  float *copy = NULL;
  *scaled = ms_floats(b);
  if (scale == NULL && state->alpha == 1.0f) {
    return MS_OK;
  }
  MS_TRY(MS_SCRATCH(context, b->count, &copy));
  for (size_t i = 0; i < b->count; i++) {
    size_t column = i / state->b_column_stride % state->product.columns;
    copy[i] = ms_floats(b)[i] * state->alpha * (scale == NULL ? 1.0f : scale[column]);
  }
  *scaled = copy;
  return MS_OK;
}

static ms_status pack_constants(ms_graph *graph, ms_node *node) {
  dense_state *state = node->state;
  ms_context *context = graph->context;
  ms_value *b = node->inputs[1];
  ms_value *c = node->op->variant != 0 ? ms_node_input(node, 2) : NULL;
  float *bias = NULL;
  const float *weights = NULL;
  /* First, so that what is decoded next lies behind it, and leaves no hole when it is returned. */
  MS_TRY(MS_KEEP(context, &graph->pool, state->packed_count, &state->packed));
  MS_TRY(ms_value_load(graph, b));
  if (c != NULL) {
    MS_TRY(ms_value_load(graph, c));
  }
  ms_arena_mark mark = ms_arena_get_mark(context);
  MS_TRY(make_bias(context, state, c, &bias));
  MS_TRY(scale_matrix(context, state, b, &weights));
  ms_pack(weights, 1, 0, state->depth, state->b_depth_stride, state->product.columns,
          state->b_column_stride, bias, state->packed);
  ms_arena_drop(context, mark);
  ms_node_release_input(graph, node, 1);
  ms_node_release_input(graph, node, 2);
  return MS_OK;
}

ms_status ms_prepare_dense(ms_graph *graph, ms_node *node) {
  dense_state *state = node->state;
  size_t size = 0;
  size_t a_count = state->transpose_a ? state->rows * state->depth : 0;
  size_t residual_count = state->bias_is_residual ? node->outputs[0]->count : 0;
  if (!ms_size_mul(state->depth + 1, state->product.columns + MS_PANEL, &size)) {
    return ms_node_fail(graph, node, MS_ERR_LIMIT, "its weights exceed memory");
  }
  state->packed_count = ms_packed_count(state->depth, state->product.columns);
  if (!add_scratch(a_count, &state->a_offset, &node->scratch_size) ||
      !add_scratch(residual_count, &state->residual_offset, &node->scratch_size)) {
    return ms_node_fail(graph, node, MS_ERR_LIMIT, "its inputs exceed memory");
  }
  if (state->product.can_fuse) {
    return pack_constants(graph, node);
  }
  if (!add_scratch(state->packed_count, &state->packed_offset, &node->scratch_size)) {
    return ms_node_fail(graph, node, MS_ERR_LIMIT, "its weights exceed memory");
  }
  return MS_OK;
}

/* One product; residual is NULL or lies as y does. */
static void multiply(const ms_run *run, const dense_state *state, const float *a, const float *b,
                     float *y, const float *residual) {
  const float *packed = state->packed;
  size_t columns = state->product.columns;
  if (packed == NULL) {
    float *target = (float *)(void *)(run->scratch + state->packed_offset);
    ms_pack(b, 1, 0, state->depth, state->b_depth_stride, columns, state->b_column_stride, NULL,
            target);
    if (state->alpha != 1.0f) {
      run->kernels->binary(MS_BINARY_MULTIPLY, target, target, 1, &state->alpha, 0,
                           state->packed_count);
    }
    packed = target;
  }
  ms_epilogue epilogue = {residual, columns, state->product.fused.low, state->product.fused.high};
  run->kernels->gemm(a, state->depth, state->depth, packed, y, columns, state->rows, columns,
                     &epilogue);
}

ms_status ms_run_matmul(const ms_run *run, const ms_node *node) {
  const dense_state *state = node->state;
  const ms_value *residual = ms_node_input(node, MS_INPUT_RESIDUAL);
  const float *b = node->inputs[1] == NULL ? NULL : ms_floats(node->inputs[1]);
  const ms_loop *batch = &state->batch;
  ms_loop_place place = {0};
  size_t last = batch->rank - 1;
  if (node->outputs[0]->count == 0) {
    return MS_OK;
  }
  do {
    for (size_t i = 0; i < batch->dims[last]; i++) {
      ptrdiff_t at = (ptrdiff_t)i;
      ptrdiff_t y_at = place.offset[0] + at * batch->steps[0][last];
      multiply(
          run, state, ms_floats(node->inputs[0]) + place.offset[1] + at * batch->steps[1][last],
          b == NULL ? NULL : b + place.offset[2] + at * batch->steps[2][last],
          ms_floats(node->outputs[0]) + y_at, residual == NULL ? NULL : ms_floats(residual) + y_at);
    }
  } while (ms_loop_next(batch, 3, &place));
  return MS_OK;
}

/* Gemm's C times beta, broadcast to y's shape, in the scratch memory. */
static const float *spread_residual(const ms_run *run, const ms_node *node) {
  const dense_state *state = node->state;
  const ms_value *y = node->outputs[0];
  float *target = (float *)(void *)(run->scratch + state->residual_offset);
  ms_loop loop = ms_loop_over(&y->shape);
  ms_loop_operand(&loop, 0, y);
  ms_loop_operand(&loop, 1, node->inputs[2]);
  ms_loop_copy(run->kernels, loop, sizeof(float), target, node->inputs[2]->data);
  run->kernels->binary(MS_BINARY_MULTIPLY, target, target, 1, &state->beta, 0, y->count);
  return target;
}

ms_status ms_run_gemm(const ms_run *run, const ms_node *node) {
  const dense_state *state = node->state;
  const ms_value *added = ms_node_input(node, MS_INPUT_RESIDUAL);
  const float *a = ms_floats(node->inputs[0]);
  const float *residual = added == NULL ? NULL : ms_floats(added);
  if (node->outputs[0]->count == 0) {
    return MS_OK;
  }
  if (state->transpose_a) {
    float *target = (float *)(void *)(run->scratch + state->a_offset);
    run->kernels->transpose(a, state->depth, state->rows, target);
    a = target;
  }
  if (state->bias_is_residual) {
    residual = spread_residual(run, node);
  }
  multiply(run, state, a, node->inputs[1] == NULL ? NULL : ms_floats(node->inputs[1]),
           ms_floats(node->outputs[0]), residual);
  return MS_OK;
}

bool ms_product_takes_residual(const ms_node *node) {
  const dense_state *state = node->state;
  return node->op->run != ms_run_gemm || !state->bias_is_residual;
}
