/*
 * Operators that put slices of tensors together, take them out, or repeat them: Concat, Split,
 * Slice, Expand and Tile. Each is a strided copy, or one for each slice.
 */
#include <string.h>

#include "nn/loop.h"
#include "nn/ops.h"

/* The axis of Concat and Split. */
typedef struct axis_state {
  size_t axis;
  size_t *parts; /* sizes along it */
} axis_state;

static ms_status make_axis(ms_graph *graph, ms_node *node, int64_t otherwise, size_t part_count) {
  MS_TRY(ms_node_state(graph, node, sizeof(axis_state)));
  axis_state *state = node->state;
  MS_TRY(MS_KEEP(graph->context, &graph->pool, part_count, &state->parts));
  return ms_node_own_axis(graph, node, otherwise, node->inputs[0]->shape.rank, &state->axis);
}

ms_status ms_infer_concat(ms_graph *graph, ms_node *node) {
  const ms_value *first = node->inputs[0];
  MS_TRY(make_axis(graph, node, INT64_MAX, node->input_count));
  const axis_state *state = node->state;
  ms_shape shape = first->shape;
  size_t *sum = &shape.dims[state->axis];
  *sum = 0;
  for (size_t i = 0; i < node->input_count; i++) {
    const ms_value *x = node->inputs[i];
    if (x == NULL || x->type != first->type || x->shape.rank != shape.rank) {
      return ms_node_fail(graph, node, MS_ERR_FORMAT, "its input %zu is of another type or rank",
                          i);
    }
    for (size_t k = 0; k < shape.rank; k++) {
      if (k != state->axis && x->shape.dims[k] != shape.dims[k]) {
        return ms_node_fail(graph, node, MS_ERR_FORMAT, "its input %zu has the size %zu, not %zu",
                            i, x->shape.dims[k], shape.dims[k]);
      }
    }
    state->parts[i] = x->shape.dims[state->axis];
    if (!ms_size_add(*sum, state->parts[i], sum)) {
      return ms_node_too_large(graph, node);
    }
  }
  return ms_set_output(graph, node, first->type, &shape);
}

/* The sizes of Split's parts; equal ones where the file gives none, the last one smaller. */
static ms_status split_sizes(ms_graph *graph, const ms_node *node, size_t whole, size_t *parts) {
  const int64_t *sizes = NULL;
  size_t count = 0;
  size_t left = whole;
  MS_TRY(ms_node_list(graph, node, "split", 13, 1, &sizes, &count));
  size_t chunk = (whole + node->output_count - 1) / node->output_count;
  bool fits = sizes == NULL || count == node->output_count;
  for (size_t i = 0; fits && i < node->output_count; i++) {
    chunk = chunk < left ? chunk : left;
    parts[i] = sizes == NULL ? chunk : (size_t)sizes[i];
    fits = sizes == NULL || (uint64_t)sizes[i] <= left;
    left -= parts[i];
  }
  return fits && left == 0
             ? MS_OK
             : ms_node_fail(graph, node, MS_ERR_FORMAT, "%zu sizes that do not divide %zu into %zu",
                            count, whole, node->output_count);
}

ms_status ms_infer_split(ms_graph *graph, ms_node *node) {
  const ms_value *x = node->inputs[0];
  MS_TRY(make_axis(graph, node, 0, node->output_count));
  const axis_state *state = node->state;
  ms_shape shape = x->shape;
  MS_TRY(split_sizes(graph, node, shape.dims[state->axis], state->parts));
  for (size_t i = 0; i < node->output_count; i++) {
    shape.dims[state->axis] = state->parts[i];
    MS_TRY(ms_value_set(graph, node, node->outputs[i], x->type, &shape));
  }
  ms_node_keep_inputs(node, 1);
  return MS_OK;
}

/* Copies between a tensor and its parts along an axis, some of which may be left out. */
static ms_status copy_parts(const ms_run *run, const ms_value *whole, ms_value *const *parts,
                            size_t count, const axis_state *state, bool join) {
  ptrdiff_t steps[MS_MAX_RANK];
  ptrdiff_t offset = 0;
  ms_value_steps(whole, steps);
  for (size_t i = 0; i < count; i++) {
    const ms_value *part = parts[i];
    if (part != NULL) {
      ms_loop loop = ms_loop_over(&part->shape);
      ms_loop_operand(&loop, join, part);
      memcpy(loop.steps[!join], steps, sizeof steps);
      ms_loop_copy_value(run->kernels, &loop, join ? whole : part, join ? offset : 0,
                         join ? part : whole, join ? 0 : offset);
    }
    offset += (ptrdiff_t)state->parts[i] * steps[state->axis];
  }
  return MS_OK;
}

ms_status ms_run_concat(const ms_run *run, const ms_node *node) {
  return copy_parts(run, node->outputs[0], node->inputs, node->input_count, node->state, true);
}

ms_status ms_run_split(const ms_run *run, const ms_node *node) {
  return copy_parts(run, node->inputs[0], node->outputs, node->output_count, node->state, false);
}

typedef struct slice_state {
  ptrdiff_t start[MS_MAX_RANK];
  ptrdiff_t step[MS_MAX_RANK];
} slice_state;

/* The lists of Slice: attributes before opset 10, then constant inputs; NULL where left out. */
enum { STARTS, ENDS, AXES, STEPS, LIST_COUNT };

static ms_status read_slice(ms_graph *graph, const ms_node *node, const int64_t *lists[LIST_COUNT],
                            size_t *count) {
  static const char *const names[LIST_COUNT] = {"starts", "ends", "axes", "steps"};
  size_t counts[LIST_COUNT];
  for (size_t i = 0; i < LIST_COUNT; i++) {
    MS_TRY(ms_node_list(graph, node, names[i], 10, 1 + i, &lists[i], &counts[i]));
    if (lists[i] == NULL && i <= ENDS) {
      return ms_node_fail(graph, node, MS_ERR_FORMAT, "it has no %s", names[i]);
    }
    if (lists[i] != NULL && (counts[i] != counts[STARTS] || counts[i] > MS_MAX_RANK)) {
      return ms_node_fail(graph, node, MS_ERR_FORMAT, "%zu starts meet %zu %s", counts[STARTS],
                          counts[i], names[i]);
    }
  }
  *count = counts[STARTS];
  return MS_OK;
}

int64_t ms_cut(int64_t at, int64_t size, int64_t low) {
  at = at < -size ? -1 : at < 0 ? at + size : at;
  return at < low ? low : at > low + size ? low + size : at;
}

static ms_status slice_axis(ms_graph *graph, const ms_node *node,
                            const int64_t *const lists[LIST_COUNT], size_t i, ms_shape *shape) {
  slice_state *state = node->state;
  size_t axis = i;
  int64_t step = lists[STEPS] == NULL ? 1 : lists[STEPS][i];
  MS_TRY(ms_node_axis(graph, node, lists[AXES] == NULL ? (int64_t)i : lists[AXES][i], shape->rank,
                      &axis));
  if (step == 0 || step < -INT32_MAX || state->step[axis] != 0) {
    return ms_node_fail(graph, node, MS_ERR_FORMAT, "a step of %lld along axis %zu",
                        (long long)step, axis);
  }
  step = step > INT32_MAX ? INT32_MAX : step;
  int64_t size = (int64_t)shape->dims[axis];
  int64_t low = step > 0 ? 0 : -1;
  int64_t start = ms_cut(lists[STARTS][i], size, low);
  int64_t end = ms_cut(lists[ENDS][i], size, low);
  int64_t count = (end - start + step - (step > 0 ? 1 : -1)) / step;
  shape->dims[axis] = count > 0 ? (size_t)count : 0;
  state->start[axis] = count > 0 ? (ptrdiff_t)start : 0;
  state->step[axis] = (ptrdiff_t)step;
  return MS_OK;
}

ms_status ms_infer_slice(ms_graph *graph, ms_node *node) {
  const int64_t *lists[LIST_COUNT];
  size_t count = 0;
  ms_shape shape = node->inputs[0]->shape;
  MS_TRY(ms_node_state(graph, node, sizeof(slice_state)));
  slice_state *state = node->state;
  MS_TRY(read_slice(graph, node, lists, &count));
  for (size_t i = 0; i < count; i++) {
    MS_TRY(slice_axis(graph, node, lists, i, &shape));
  }
  bool skips = false;
  for (size_t i = 0; i < shape.rank; i++) {
    state->step[i] = state->step[i] == 0 ? 1 : state->step[i];
    skips = skips || (state->step[i] != 1 && shape.dims[i] != 1);
  }
  if (!skips) {
    return ms_set_shape(graph, node, &shape);
  }
  ms_node_keep_inputs(node, 1);
  return ms_set_output(graph, node, node->inputs[0]->type, &shape);
}

ms_status ms_run_slice(const ms_run *run, const ms_node *node) {
  const slice_state *state = node->state;
  const ms_value *x = node->inputs[0];
  const ms_value *y = node->outputs[0];
  ptrdiff_t steps[MS_MAX_RANK];
  ptrdiff_t offset = 0;
  ms_loop loop = ms_loop_of(y);
  ms_value_steps(x, steps);
  for (size_t i = 0; i < x->shape.rank; i++) {
    loop.steps[1][i] = steps[i] * state->step[i];
    offset += steps[i] * state->start[i];
  }
  ms_loop_copy_value(run->kernels, &loop, y, 0, x, offset);
  return MS_OK;
}

ms_status ms_infer_expand(ms_graph *graph, ms_node *node) {
  const int64_t *sizes = NULL;
  size_t rank = 0;
  ms_shape given = {0};
  ms_shape shape = node->inputs[0]->shape;
  MS_TRY(ms_node_constant_integers(graph, node, 1, &sizes, &rank));
  MS_TRY(ms_sizes_to_shape(graph, node, sizes, rank, &given));
  MS_TRY(ms_shape_broadcast(graph, node, &given, &shape));
  return ms_set_shape(graph, node, &shape);
}

ms_status ms_infer_tile(ms_graph *graph, ms_node *node) {
  const ms_value *x = node->inputs[0];
  const int64_t *repeats = NULL;
  size_t count = 0;
  MS_TRY(ms_node_constant_integers(graph, node, 1, &repeats, &count));
  if (count != x->shape.rank || 2 * count > MS_MAX_RANK) {
    return ms_node_fail(graph, node, MS_ERR_UNSUPPORTED, "%zu repeats of %zu dimensions", count,
                        x->shape.rank);
  }
  ms_shape shape = x->shape;
  for (size_t i = 0; i < count; i++) {
    if (repeats[i] < 0 || (uint64_t)repeats[i] > SIZE_MAX ||
        !ms_size_mul(shape.dims[i], (size_t)repeats[i], &shape.dims[i])) {
      return ms_node_fail(graph, node, MS_ERR_FORMAT, "%lld repeats", (long long)repeats[i]);
    }
  }
  ms_node_keep_inputs(node, 1);
  return ms_set_output(graph, node, x->type, &shape);
}

ms_status ms_run_tile(const ms_run *run, const ms_node *node) {
  const ms_value *x = node->inputs[0];
  const ms_value *y = node->outputs[0];
  ptrdiff_t x_steps[MS_MAX_RANK];
  ptrdiff_t y_steps[MS_MAX_RANK];
  ms_loop loop = {.rank = 2 * x->shape.rank};
  ms_value_steps(x, x_steps);
  ms_value_steps(y, y_steps);
  for (size_t i = 0; i < x->shape.rank; i++) {
    size_t size = x->shape.dims[i];
    loop.dims[2 * i] = size == 0 ? 0 : y->shape.dims[i] / size;
    loop.dims[2 * i + 1] = size;
    loop.steps[0][2 * i] = y_steps[i] * (ptrdiff_t)size;
    loop.steps[0][2 * i + 1] = y_steps[i];
    loop.steps[1][2 * i + 1] = x_steps[i];
  }
  ms_loop_copy_node(run, node, &loop);
  return MS_OK;
}
