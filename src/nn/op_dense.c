/*
 * Gemm and MatMul. A constant right matrix is packed once with bias, alpha, scale and shift in it;
 * any other is packed in every run, for each matrix of a batch.
 */
#include <math.h>

#include "nn/loop.h"
#include "nn/ops.h"

typedef struct dense_state {
  ms_product product;
  size_t rows;
  size_t depth;
  ms_loop batch; /* operand 0: y, 1: a, 2: b; one step for each matrix */
  size_t b_depth_stride;
  size_t b_column_stride;
  bool transpose_a;
  bool bias_is_residual; /* Gemm's C does not go into the packed bias */
  size_t a_offset;       /* places in the scratch memory */
  size_t residual_offset;
  size_t packed_count;
} dense_state;

void ms_product_init(ms_product *product, size_t columns, size_t bias_axis) {
  product->fused.low = -INFINITY;
  product->fused.high = INFINITY;
  product->columns = columns;
  product->bias_axis = bias_axis;
  product->alpha = 1.0f;
  product->beta = 1.0f;
}

/* Sets a product's output and counts its work. */
static ms_status set_result(ms_graph *graph, ms_node *node, const ms_shape *shape) {
  const dense_state *state = node->state;
  MS_TRY(ms_set_output(graph, node, MS_TYPE_FLOAT, shape));
  node->mac_count = (uint64_t)node->outputs[0]->count * state->depth;
  return MS_OK;
}

/* The steps between matrices of so many elements. */
static void batch_operand(ms_loop *loop, size_t operand, const ms_shape *batch, size_t step) {
  for (size_t i = batch->rank; i-- > 0;) {
    loop->steps[operand][loop->rank - batch->rank + i] = batch->dims[i] == 1 ? 0 : (ptrdiff_t)step;
    step *= batch->dims[i];
  }
}

ms_status ms_infer_matmul(ms_graph *graph, ms_node *node) {
  const ms_value *right = node->inputs[1];
  ms_shape a = node->inputs[0]->shape;
  ms_shape b = right->shape;
  bool is_row = a.rank == 1;
  bool is_column = b.rank == 1;
  MS_TRY(ms_float_state(graph, node, sizeof(dense_state)));
  dense_state *state = node->state;
  if (a.rank == 0 || b.rank == 0) {
    return ms_node_fail(graph, node, MS_ERR_FORMAT, "a product with a scalar");
  }
  /* What is left of a and b are their batches. */
  state->depth = a.dims[--a.rank];
  state->rows = is_row ? 1 : a.dims[--a.rank];
  size_t columns = is_column ? 1 : b.dims[--b.rank];
  size_t depth = b.dims[--b.rank];
  if (state->depth != depth) {
    return ms_node_fail(graph, node, MS_ERR_FORMAT, "depths %zu and %zu", state->depth, depth);
  }
  ms_shape shape = a;
  MS_TRY(ms_shape_broadcast(graph, node, &b, &shape));
  state->batch = ms_loop_over(&shape);
  batch_operand(&state->batch, 0, &shape, state->rows * columns);
  batch_operand(&state->batch, 1, &a, state->rows * depth);
  batch_operand(&state->batch, 2, &b, depth * columns);
  if (!is_row) {
    shape.dims[shape.rank++] = state->rows;
  }
  if (!is_column) {
    shape.dims[shape.rank++] = columns;
  }
  MS_TRY(set_result(graph, node, &shape));
  ms_product_init(&state->product, columns, shape.rank - 1);
  state->b_depth_stride = columns;
  state->b_column_stride = 1;
  state->product.can_fuse = right->is_constant && right->shape.rank == 2;
  if (state->product.can_fuse) { /* one matrix for the whole batch: all rows at once */
    state->rows = columns == 0 ? 0 : node->outputs[0]->count / columns;
    state->batch.rank = 0;
  }
  ms_loop_join(&state->batch);
  return MS_OK;
}

/* Whether Gemm's C is a constant row or number, which goes into the packed bias. */
static bool is_bias(const ms_value *c, size_t columns) {
  size_t rank = c->shape.rank;
  return c->is_constant &&
         (c->count == 1 || (c->count == columns && c->shape.dims[rank - 1] == columns));
}

static ms_status check_c(ms_graph *graph, const ms_node *node, const ms_shape *shape) {
  ms_shape joint = *shape;
  MS_TRY(ms_shape_broadcast(graph, node, &node->inputs[2]->shape, &joint));
  return ms_shape_equal(&joint, shape)
             ? MS_OK
             : ms_node_fail(graph, node, MS_ERR_FORMAT, "its third input does not fit [%zu][%zu]",
                            shape->dims[0], shape->dims[1]);
}

ms_status ms_infer_gemm(ms_graph *graph, ms_node *node) {
  const ms_shape *a = &node->inputs[0]->shape;
  const ms_shape *b = &node->inputs[1]->shape;
  const ms_value *c = ms_node_input(node, 2);
  bool transpose_b = false;
  MS_TRY(ms_float_state(graph, node, sizeof(dense_state)));
  dense_state *state = node->state;
  MS_TRY(ms_node_flag(graph, node, "transA", false, &state->transpose_a));
  MS_TRY(ms_node_flag(graph, node, "transB", false, &transpose_b));
  state->depth = a->dims[!state->transpose_a];
  if (a->rank != 2 || b->rank != 2 || state->depth != b->dims[transpose_b]) {
    return ms_node_fail(graph, node, MS_ERR_FORMAT, "its inputs are no matrices of one depth");
  }
  ms_shape shape = {2, {a->dims[state->transpose_a], b->dims[!transpose_b]}};
  ms_product_init(&state->product, shape.dims[1], 1);
  MS_TRY(ms_node_float(graph, node, "alpha", 1.0f, &state->product.alpha));
  MS_TRY(ms_node_float(graph, node, "beta", 1.0f, &state->product.beta));
  if (c != NULL) {
    MS_TRY(check_c(graph, node, &shape));
  }
  state->rows = shape.dims[0];
  state->b_depth_stride = transpose_b ? 1 : shape.dims[1];
  state->b_column_stride = transpose_b ? state->depth : 1;
  bool constant_b = node->inputs[1]->is_constant;
  state->bias_is_residual = c != NULL && !(constant_b && is_bias(c, shape.dims[1]));
  state->product.can_fuse = constant_b && !state->bias_is_residual;
  return set_result(graph, node, &shape);
}

/* The constant bias with scale and shift in it, in scratch memory: c beta scale + shift. */
static ms_status fuse_bias(ms_context *context, const ms_product *product, const ms_value *c,
                           float **bias) {
  const ms_fused *fused = &product->fused;
  MS_TRY(MS_SCRATCH(context, product->columns, bias));
  for (size_t j = 0; j < product->columns; j++) {
    float value = c == NULL ? 0.0f : product->beta * ms_floats(c)[c->count == 1 ? 0 : j];
    value *= fused->scale == NULL ? 1.0f : fused->scale[j];
    (*bias)[j] = value + (fused->shift == NULL ? 0.0f : fused->shift[j]);
  }
  return MS_OK;
}

ms_status ms_prepare_product(ms_graph *graph, ms_node *node, size_t packed_count,
                             ms_pack_product pack, size_t run_length, size_t block_runs,
                             size_t columns) {
  ms_product *product = node->state;
  ms_context *context = graph->context;
  ms_value *weights = node->inputs[1];
  ms_value *c = ms_node_input(node, 2);
  float *bias = NULL;
  if (!product->can_fuse) {
    return ms_add_scratch(node, packed_count, sizeof(float), &product->packed_offset)
               ? MS_OK
               : ms_node_too_large(graph, node);
  }
  /* First, so that what is decoded next lies behind it, and leaves no hole when it is returned. */
  MS_TRY(MS_KEEP(context, &graph->pool, packed_count, &product->packed));
  MS_TRY(ms_value_load(graph, weights));
  if (c != NULL) {
    MS_TRY(ms_value_load(graph, c));
    bias = ms_floats(c);
  }
  ms_arena_mark mark = ms_arena_get_mark(context);
  const float *scale = product->fused.scale;
  /* A convolution's own bias stays as it is: adding 0 would make 0 of -0. */
  if (node->op->run != ms_run_conv || scale != NULL || product->fused.shift != NULL) {
    MS_TRY(fuse_bias(context, product, c, &bias));
  }
  float *scaled = ms_floats(weights);
  if (scale != NULL || product->alpha != 1.0f) {
    if (weights->use_count > 1) { /* someone else reads them */
      MS_TRY(MS_SCRATCH(context, weights->count, &scaled));
    }
    for (size_t run = 0; run * run_length < weights->count; run++) {
      size_t column = run / block_runs * columns + run % columns;
      float factor = scale == NULL ? 1.0f : scale[column];
      for (size_t i = run * run_length; i < (run + 1) * run_length; i++) {
        scaled[i] = ms_floats(weights)[i] * product->alpha * factor;
      }
    }
  }
  pack(product, scaled, bias, product->packed);
  ms_arena_drop(context, mark);
  ms_node_release_input(graph, node, 1);
  ms_node_release_input(graph, node, 2);
  return MS_OK;
}

static void pack(const void *dense, const float *weights, const float *bias, float *packed) {
  const dense_state *state = dense;
  ms_pack(weights, 1, 0, state->depth, state->b_depth_stride, state->product.columns,
          state->b_column_stride, bias, packed);
}

ms_status ms_prepare_dense(ms_graph *graph, ms_node *node) {
  dense_state *state = node->state;
  size_t size = 0;
  size_t a_count = state->transpose_a ? state->rows * state->depth : 0;
  size_t residual_count = state->bias_is_residual ? node->outputs[0]->count : 0;
  state->packed_count = ms_packed_count(state->depth, state->product.columns);
  if (!ms_size_mul(state->depth + 1, state->product.columns + MS_PANEL, &size) ||
      !ms_add_scratch(node, a_count, sizeof(float), &state->a_offset) ||
      !ms_add_scratch(node, residual_count, sizeof(float), &state->residual_offset)) {
    return ms_node_too_large(graph, node);
  }
  return ms_prepare_product(graph, node, state->packed_count, pack, state->b_column_stride,
                            SIZE_MAX, state->product.columns);
}

/* One product; residual is NULL or lies as y does. */
static void multiply(const ms_run *run, const dense_state *state, const float *a, const float *b,
                     float *y, const float *residual) {
  const ms_product *product = &state->product;
  const float *packed = product->packed;
  size_t columns = product->columns;
  if (packed == NULL) {
    float *target = (float *)(void *)(run->scratch + product->packed_offset);
    pack(state, b, NULL, target);
    if (product->alpha != 1.0f) {
      ms_apply_number(run->kernels, MS_BINARY_MULTIPLY, target, target, product->alpha,
                      state->packed_count);
    }
    packed = target;
  }
  ms_epilogue epilogue = {residual, columns, product->fused.low, product->fused.high};
  run->kernels->gemm(a, state->depth, state->depth, packed, y, columns, state->rows, columns,
                     &epilogue);
}

ms_status ms_run_matmul(const ms_run *run, const ms_node *node) {
  const dense_state *state = node->state;
  const ms_value *residual = ms_node_input(node, MS_INPUT_RESIDUAL);
  const float *b = node->inputs[1] == NULL ? NULL : ms_floats(node->inputs[1]);
  ms_loop batch = state->batch;
  if (node->outputs[0]->count == 0) {
    return MS_OK;
  }
  do {
    ptrdiff_t at = batch.offset[0];
    multiply(run, state, ms_floats(node->inputs[0]) + batch.offset[1],
             b == NULL ? NULL : b + batch.offset[2], ms_floats(node->outputs[0]) + at,
             residual == NULL ? NULL : ms_floats(residual) + at);
  } while (ms_loop_next(&batch, batch.rank));
  return MS_OK;
}

/* Gemm's C times beta, broadcast to y's shape, in the scratch memory. */
static const float *spread_residual(const ms_run *run, const ms_node *node) {
  const dense_state *state = node->state;
  const ms_value *y = node->outputs[0];
  float *target = (float *)(void *)(run->scratch + state->residual_offset);
  ms_loop loop = ms_loop_of(y);
  ms_loop_operand(&loop, 1, node->inputs[2]);
  ms_loop_copy(run->kernels, &loop, sizeof(float), target, node->inputs[2]->data);
  ms_apply_number(run->kernels, MS_BINARY_MULTIPLY, target, target, state->product.beta, y->count);
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
