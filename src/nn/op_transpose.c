/*
 * Operators that give each number another place: Transpose, ChannelShuffle, DepthToSpace,
 * SpaceToDepth and the layout conversions. Each is one strided copy.
 */
#include <string.h>

#include "nn/loop.h"
#include "nn/ops.h"

typedef struct transpose_state {
  size_t axes[MS_MAX_RANK]; /* axis i of the output is axis axes[i] of the input */
} transpose_state;

ms_status ms_infer_transpose(ms_graph *graph, ms_node *node) {
  ms_value *x = node->inputs[0];
  const int64_t *given = NULL;
  size_t count = 0;
  unsigned seen = 0; /* a bit for each axis */
  bool moves = false;
  ms_shape shape = {.rank = x->shape.rank};
  MS_TRY(ms_node_state(graph, node, sizeof(transpose_state)));
  transpose_state *state = node->state;
  MS_TRY(ms_node_integers(graph, node, "perm", &given, &count));
  bool fits = given == NULL || count == shape.rank;
  for (size_t i = 0; fits && i < shape.rank; i++) {
    size_t axis = shape.rank - 1 - i;
    if (given != NULL) {
      MS_TRY(ms_node_axis(graph, node, given[i], shape.rank, &axis));
    }
    seen |= 1u << axis;
    state->axes[i] = axis;
    shape.dims[i] = x->shape.dims[axis];
    moves = moves || axis != i;
  }
  if (!fits || seen != (1u << shape.rank) - 1) {
    return ms_node_fail(graph, node, MS_ERR_FORMAT, "%zu axes that do not order %zu dimensions",
                        count, shape.rank);
  }
  if (!moves) {
    ms_node_replace_output(node, x);
    return MS_OK;
  }
  return ms_set_output(graph, node, x->type, &shape);
}

bool ms_transpose_is_view(const ms_node *node) {
  const transpose_state *state = node->state;
  ptrdiff_t x_steps[MS_MAX_RANK];
  ptrdiff_t y_steps[MS_MAX_RANK];
  ms_value_steps(node->inputs[0], x_steps);
  ms_value_steps(node->outputs[0], y_steps);
  for (size_t i = 0; i < node->outputs[0]->shape.rank; i++) {
    if (node->outputs[0]->shape.dims[i] > 1 && y_steps[i] != x_steps[state->axes[i]]) {
      return false;
    }
  }
  return true;
}

bool ms_transpose_swaps_channels(const ms_node *node) {
  const transpose_state *state = node->state;
  size_t rank = node->outputs[0]->shape.rank;
  bool swaps = rank > 3;
  for (size_t i = 0; i < rank; i++) {
    swaps = swaps && state->axes[i] == (i == 1 || i == 2 ? 3 - i : i);
  }
  return swaps;
}

ms_status ms_run_transpose(const ms_run *run, const ms_node *node) {
  const transpose_state *state = node->state;
  const ms_value *y = node->outputs[0];
  ptrdiff_t steps[MS_MAX_RANK];
  ms_loop loop = ms_loop_of(y);
  ms_value_steps(node->inputs[0], steps);
  for (size_t i = 0; i < y->shape.rank; i++) {
    loop.steps[1][i] = steps[state->axes[i]];
  }
  ms_loop_copy_node(run, node, &loop);
  return MS_OK;
}

typedef struct shuffle_state {
  size_t groups;
} shuffle_state;

/* Channel g of group i goes to place g groups + i. */
ms_status ms_infer_shuffle(ms_graph *graph, ms_node *node) {
  int64_t groups = 0;
  MS_TRY(ms_node_state(graph, node, sizeof(shuffle_state)));
  MS_TRY(ms_node_integer(graph, node, "groups", 1, &groups));
  ((shuffle_state *)node->state)->groups = (size_t)groups;
  return ms_infer_same(graph, node);
}

ms_status ms_run_shuffle(const ms_run *run, const ms_node *node) {
  const ms_value *x = node->inputs[0];
  const ms_value *y = node->outputs[0];
  size_t groups = ((const shuffle_state *)node->state)->groups;
  size_t depth = x->shape.dims[1] / groups;
  ptrdiff_t x_steps[MS_MAX_RANK];
  ptrdiff_t y_steps[MS_MAX_RANK];
  ms_loop loop = {.rank = x->shape.rank + 1};
  ms_value_steps(x, x_steps);
  ms_value_steps(y, y_steps);
  for (size_t i = 0; i < loop.rank; i++) {
    size_t axis = i > 1 ? i - 1 : i;
    loop.dims[i] = x->shape.dims[axis];
    loop.steps[0][i] = y_steps[axis];
    loop.steps[1][i] = x_steps[axis];
  }
  loop.dims[1] = groups;
  loop.dims[2] = depth;
  loop.steps[1][1] = x_steps[1] * (ptrdiff_t)depth;
  loop.steps[0][2] = y_steps[1] * (ptrdiff_t)groups;
  ms_loop_copy_node(run, node, &loop);
  return MS_OK;
}

ms_status ms_run_copy(const ms_run *run, const ms_node *node) {
  ms_loop loop = ms_loop_of(node->outputs[0]);
  ms_loop_operand(&loop, 1, node->inputs[0]);
  ms_loop_copy_node(run, node, &loop);
  return MS_OK;
}

typedef struct block_state {
  size_t block;
  bool column_first; /* CRD: the depth is split as [depth][block][block] */
  bool to_depth;
} block_state;

ms_status ms_infer_depth_to_space(ms_graph *graph, ms_node *node) {
  const ms_value *x = node->inputs[0];
  int64_t block = 0;
  size_t mode = 0;
  MS_TRY(ms_node_state(graph, node, sizeof(block_state)));
  block_state *state = node->state;
  MS_TRY(ms_node_integer(graph, node, "blocksize", 0, &block));
  MS_TRY(ms_node_word(graph, node, "mode", "DCR CRD", &mode));
  if (x->shape.rank != 4 || block < 1 || block > 65535) {
    return ms_node_fail(graph, node, MS_ERR_FORMAT, "blocks of %lld over %zu dimensions",
                        (long long)block, x->shape.rank);
  }
  size_t size = (size_t)block;
  state->block = size;
  state->column_first = mode == 1;
  state->to_depth = node->op->variant != 0;
  ms_shape shape = x->shape;
  bool fits = state->to_depth ? shape.dims[2] % size == 0 && shape.dims[3] % size == 0
                              : shape.dims[1] % (size * size) == 0;
  if (!fits) {
    return ms_node_fail(graph, node, MS_ERR_FORMAT, "blocks of %zu do not divide its input", size);
  }
  if (state->to_depth) {
    shape.dims[1] *= size * size;
    shape.dims[2] /= size;
    shape.dims[3] /= size;
  } else {
    shape.dims[1] /= size * size;
    fits = ms_size_mul(shape.dims[2], size, &shape.dims[2]) &&
           ms_size_mul(shape.dims[3], size, &shape.dims[3]);
  }
  if (!fits) {
    return ms_node_too_large(graph, node);
  }
  return ms_set_output(graph, node, x->type, &shape);
}

ms_status ms_run_depth_to_space(const ms_run *run, const ms_node *node) {
  const block_state *state = node->state;
  const ms_value *deep = state->to_depth ? node->outputs[0] : node->inputs[0];
  const ms_value *wide = state->to_depth ? node->inputs[0] : node->outputs[0];
  size_t deep_operand = state->to_depth ? 0 : 1;
  ptrdiff_t deep_steps[MS_MAX_RANK];
  ptrdiff_t wide_steps[MS_MAX_RANK];
  ptrdiff_t block = (ptrdiff_t)state->block;
  ptrdiff_t depth = (ptrdiff_t)wide->shape.dims[1];
  ms_value_steps(deep, deep_steps);
  ms_value_steps(wide, wide_steps);
  /* Dimensions: batch, channel, row, row in block, column, column in block. */
  ms_loop loop = {.rank = 6,
                  .dims = {wide->shape.dims[0], wide->shape.dims[1], deep->shape.dims[2],
                           state->block, deep->shape.dims[3], state->block}};
  const ptrdiff_t wides[] = {wide_steps[0], wide_steps[1],         wide_steps[2] * block,
                             wide_steps[2], wide_steps[3] * block, wide_steps[3]};
  const ptrdiff_t deeps[] = {
      deep_steps[0], deep_steps[1] * (state->column_first ? block * block : 1),
      deep_steps[2], deep_steps[1] * (state->column_first ? block : depth * block),
      deep_steps[3], deep_steps[1] * (state->column_first ? 1 : depth)};
  memcpy(loop.steps[deep_operand], deeps, sizeof deeps);
  memcpy(loop.steps[1 - deep_operand], wides, sizeof wides);
  ms_loop_copy_node(run, node, &loop);
  return MS_OK;
}
