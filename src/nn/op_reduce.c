/*
 * Reductions over any set of axes, and softmax along one: both walk one group of axes inside
 * another by steps, in whatever layout the tensors have.
 */
#include <math.h>
#include <string.h>

#include "core/finite.h"
#include "nn/loop.h"
#include "nn/ops.h"

/* The state of Softmax, too, which reduces the axes that it goes along and keeps all. */
typedef struct reduce_state {
  bool reduced[MS_MAX_RANK];
  bool keeps_axes;
  size_t count; /* elements that become one */
} reduce_state;

static ms_status mark_axes(ms_graph *graph, const ms_node *node, size_t rank) {
  reduce_state *state = node->state;
  const int64_t *axes = NULL;
  size_t count = 0;
  bool nothing = false;
  int64_t input_since = node->op->variant == MS_REDUCE_SUM ? 13 : 18;
  MS_TRY(ms_node_list(graph, node, "axes", input_since, 1, &axes, &count));
  MS_TRY(ms_node_flag(graph, node, "keepdims", true, &state->keeps_axes));
  MS_TRY(ms_node_flag(graph, node, "noop_with_empty_axes", false, &nothing));
  for (size_t i = 0; i < rank; i++) {
    state->reduced[i] = count == 0 && !nothing;
  }
  for (size_t i = 0; i < count; i++) {
    size_t axis = 0;
    MS_TRY(ms_node_axis(graph, node, axes[i], rank, &axis));
    state->reduced[axis] = true;
  }
  return MS_OK;
}

ms_status ms_infer_reduce(ms_graph *graph, ms_node *node) {
  const ms_value *x = node->inputs[0];
  ms_shape shape = {0};
  MS_TRY(ms_node_state(graph, node, sizeof(reduce_state)));
  reduce_state *state = node->state;
  MS_TRY(mark_axes(graph, node, x->shape.rank));
  if (node->op->variant > MS_REDUCE_MAXIMUM) {
    MS_TRY(ms_node_expect_float(graph, node, 0));
  }
  state->count = 1;
  for (size_t i = 0; i < x->shape.rank; i++) {
    state->count *= state->reduced[i] ? x->shape.dims[i] : 1;
    if (!state->reduced[i] || state->keeps_axes) {
      shape.dims[shape.rank++] = state->reduced[i] ? 1 : x->shape.dims[i];
    }
  }
  if (state->count == 0) {
    return ms_node_fail(graph, node, MS_ERR_FORMAT, "there is nothing to reduce");
  }
  if (!state->keeps_axes) {
    node->layout = MS_LAYOUT_FREE;
  }
  ms_node_keep_inputs(node, 1);
  return ms_set_output(graph, node, x->type, &shape);
}

/* The loop over what stays (operand 0: y, 1: x) and the loop over what is reduced (operand 0: x).
 */
static void make_loops(const ms_node *node, ms_loop *kept, ms_loop *reduced) {
  const reduce_state *state = node->state;
  const ms_value *x = node->inputs[0];
  const ms_value *y = node->outputs[0];
  ptrdiff_t x_steps[MS_MAX_RANK];
  ptrdiff_t y_steps[MS_MAX_RANK];
  size_t y_axis = 0;
  *kept = (ms_loop){0};
  *reduced = (ms_loop){0};
  ms_value_steps(x, x_steps);
  ms_value_steps(y, y_steps);
  for (size_t i = 0; i < x->shape.rank; i++) {
    ms_loop *loop = state->reduced[i] ? reduced : kept;
    loop->dims[loop->rank] = x->shape.dims[i];
    loop->steps[0][loop->rank] = state->reduced[i] ? x_steps[i] : y_steps[y_axis];
    loop->steps[1][loop->rank] = x_steps[i];
    loop->rank++;
    y_axis += !state->reduced[i] || state->keeps_axes;
  }
  ms_loop_join(kept);
  ms_loop_join(reduced);
}

ms_status ms_prepare_reduce(ms_graph *graph, ms_node *node) {
  (void)graph;
  const reduce_state *state = node->state;
  ms_loop kept;
  ms_loop reduced;
  make_loops(node, &kept, &reduced);
  /* Rows of results, or the gathered elements of one result. */
  size_t row = kept.dims[kept.rank - 1];
  node->scratch_size = (row > state->count ? row : state->count) * sizeof(float);
  return MS_OK;
}

/* What is done to each element before they are joined, from x into a row. */
static void transform(const ms_kernels *kernels, ms_reduce function, const float *x, size_t count,
                      float *row) {
  if (function == MS_REDUCE_L1) {
    kernels->unary(MS_UNARY_ABS, row, x, count, 0, 0);
  } else {
    kernels->binary(MS_BINARY_MULTIPLY, row, x, 1, x, 1, count);
  }
}

static bool transforms(ms_reduce function) {
  return function == MS_REDUCE_L1 || function == MS_REDUCE_L2 || function == MS_REDUCE_SUM_SQUARE;
}

/* A row of results at once: x's rows are joined one after the other. */
static void reduce_rows(const ms_run *run, ms_reduce function, const float *x, ms_loop *reduced,
                        float *y, size_t count) {
  float *row = (float *)(void *)run->scratch;
  ms_binary joining = function <= MS_REDUCE_MAXIMUM ? (ms_binary)function : MS_BINARY_ADD;
  size_t last = reduced->rank - 1;
  bool first = true;
  do {
    for (size_t i = 0; i < reduced->dims[last]; i++) {
      const float *from = x + reduced->offset[0] + (ptrdiff_t)i * reduced->steps[0][last];
      if (transforms(function)) {
        transform(run->kernels, function, from, count, row);
        from = row;
      }
      if (first) {
        memcpy(y, from, count * sizeof *y);
      } else {
        run->kernels->binary(joining, y, y, 1, from, 1, count);
      }
      first = false;
    }
  } while (ms_loop_next(reduced, last));
}

/* log(sum of exp) without overflow; the row is overwritten. */
static float log_sum_exp(const ms_kernels *kernels, float *row, size_t count) {
  float largest = kernels->maximum(row, count);
  float result = 0;
  if (!ms_is_finite(largest)) {
    return largest;
  }
  ms_apply_number(kernels, MS_BINARY_SUBTRACT, row, row, largest, count);
  kernels->unary(MS_UNARY_EXP, row, row, count, 0, 0);
  result = kernels->sum(row, count);
  kernels->unary(MS_UNARY_LOG, &result, &result, 1, 0, 0);
  return result + largest;
}

static float join_row(const ms_kernels *kernels, ms_reduce function, float *row, size_t count) {
  float result = row[0];
  switch (function) {
  case MS_REDUCE_MAXIMUM:
    return kernels->maximum(row, count);
  case MS_REDUCE_MINIMUM:
  case MS_REDUCE_PRODUCT:
    for (size_t i = 1; i < count; i++) {
      float smaller = row[i] < result ? row[i] : result;
      result = function == MS_REDUCE_MINIMUM ? smaller : result * row[i];
    }
    return result;
  case MS_REDUCE_LOG_SUM_EXP:
    return log_sum_exp(kernels, row, count);
  default:
    if (transforms(function)) {
      transform(kernels, function, row, count, row);
    }
    return kernels->sum(row, count);
  }
}

/* The elements of one group, in scratch memory, one after the other. */
static void gather(float *row, const float *x, ms_loop *loop) {
  size_t last = loop->rank - 1;
  do {
    ms_copy_run(sizeof *row, row, 1, x + loop->offset[0], loop->steps[0][last], loop->dims[last]);
    row += loop->dims[last];
  } while (ms_loop_next(loop, last));
}

static void finish(const ms_run *run, ms_reduce function, size_t count, ms_value *y) {
  if (function == MS_REDUCE_MEAN) {
    ms_apply_number(run->kernels, MS_BINARY_MULTIPLY, ms_floats(y), ms_floats(y),
                    1.0f / (float)count, y->count);
  } else if (function == MS_REDUCE_L2 || function == MS_REDUCE_LOG_SUM) {
    run->kernels->unary(function == MS_REDUCE_L2 ? MS_UNARY_SQRT : MS_UNARY_LOG, ms_floats(y),
                        ms_floats(y), y->count, 0, 0);
  }
}

static int64_t join_integers(ms_reduce function, const int64_t *x, ms_loop *loop) {
  int64_t result = x[0];
  while (ms_loop_next(loop, loop->rank)) {
    result = ms_integer_function((int)function, result, x[loop->offset[0]]);
  }
  return result;
}

ms_status ms_run_reduce(const ms_run *run, const ms_node *node) {
  const reduce_state *state = node->state;
  ms_reduce function = (ms_reduce)node->op->variant;
  const ms_value *x = node->inputs[0];
  ms_value *y = node->outputs[0];
  float *row = (float *)(void *)run->scratch;
  bool is_float = ms_type_is_float(y->type);
  ms_loop kept;
  ms_loop reduced;
  if (y->count == 0) {
    return MS_OK;
  }
  make_loops(node, &kept, &reduced);
  size_t last = kept.rank - 1;
  bool by_rows = is_float && kept.dims[last] > 1 && kept.steps[0][last] == 1 &&
                 kept.steps[1][last] == 1 && function != MS_REDUCE_LOG_SUM_EXP;
  do {
    ptrdiff_t to = kept.offset[0];
    ptrdiff_t from = kept.offset[1];
    if (by_rows) {
      reduce_rows(run, function, ms_floats(x) + from, &reduced, ms_floats(y) + to, kept.dims[last]);
    } else if (is_float) {
      gather(row, ms_floats(x) + from, &reduced);
      ms_floats(y)[to] = join_row(run->kernels, function, row, state->count);
    } else {
      int64_t joined = join_integers(function, ms_integers(x) + from, &reduced);
      ms_integers(y)[to] = ms_integer_wrap(y->type, joined);
    }
  } while (ms_loop_next(&kept, by_rows ? last : kept.rank));
  if (is_float) {
    finish(run, function, state->count, y);
  }
  return MS_OK;
}

bool ms_reduce_is_last_mean(const ms_node *node) {
  if (node->op->run != ms_run_reduce || node->op->variant != MS_REDUCE_MEAN) {
    return false;
  }
  const reduce_state *state = node->state;
  size_t rank = node->inputs[0]->shape.rank;
  for (size_t i = 0; i < rank; i++) {
    if (state->reduced[i] != (i + 1 == rank)) {
      return false;
    }
  }
  return rank > 0 && state->keeps_axes;
}

ms_status ms_infer_softmax(ms_graph *graph, ms_node *node) {
  const ms_shape *x = &node->inputs[0]->shape;
  size_t axis = 0;
  MS_TRY(ms_float_state(graph, node, sizeof(reduce_state)));
  reduce_state *state = node->state;
  MS_TRY(ms_node_own_axis(graph, node, graph->opset < 13 ? 1 : -1, x->rank, &axis));
  state->keeps_axes = true;
  state->count = 1;
  for (size_t i = axis; i < x->rank; i++) {
    /* Before opset 13 the axis starts the rows of a matrix that the tensor is taken for. */
    state->reduced[i] = i == axis || graph->opset < 13;
    state->count *= state->reduced[i] ? x->dims[i] : 1;
  }
  return ms_infer_same(graph, node);
}

ms_status ms_prepare_softmax(ms_graph *graph, ms_node *node) {
  const reduce_state *state = node->state;
  (void)graph;
  node->scratch_size = 2 * state->count * sizeof(float);
  return MS_OK;
}

/* One row in place; spare has room for count floats. */
static void apply_softmax(const ms_run *run, const ms_node *node, float *row, float *spare,
                          size_t count) {
  if (node->op->variant == 0) {
    run->kernels->softmax(row, row, count);
    return;
  }
  memcpy(spare, row, count * sizeof *row);
  float total = log_sum_exp(run->kernels, spare, count);
  ms_apply_number(run->kernels, MS_BINARY_SUBTRACT, row, row, total, count);
}

static void scatter(float *y, const float *row, ms_loop *loop) {
  size_t last = loop->rank - 1;
  do {
    ms_copy_run(sizeof *y, y + loop->offset[0], loop->steps[0][last], row, 1, loop->dims[last]);
    row += loop->dims[last];
  } while (ms_loop_next(loop, last));
}

ms_status ms_run_softmax(const ms_run *run, const ms_node *node) {
  const reduce_state *state = node->state;
  float *row = (float *)(void *)run->scratch;
  ms_loop outer;
  ms_loop inner;
  if (node->inputs[0]->count == 0) {
    return MS_OK;
  }
  make_loops(node, &outer, &inner);
  do {
    gather(row, ms_floats(node->inputs[0]) + outer.offset[1], &inner);
    apply_softmax(run, node, row, row + state->count, state->count);
    scatter(ms_floats(node->outputs[0]) + outer.offset[0], row, &inner);
  } while (ms_loop_next(&outer, outer.rank));
  return MS_OK;
}
