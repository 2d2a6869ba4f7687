/* Pad in all its modes, and Slice's counterpart: negative pads cut. */
#include <string.h>

#include "nn/loop.h"
#include "nn/ops.h"

typedef enum pad_mode { PAD_CONSTANT, PAD_REFLECT, PAD_EDGE, PAD_WRAP } pad_mode;

typedef struct pad_state {
  ms_axis_tables tables;         /* of all modes but constant */
  ptrdiff_t before[MS_MAX_RANK]; /* negative: elements cut off */
  size_t mode;                   /* a pad_mode */
  union {
    float number;
    int64_t integer;
  } value; /* of the input's type; bits behind a float are 0 */
} pad_state;

/* The number that is padded with: an attribute before opset 11, then a constant input. */
static ms_status read_number(ms_graph *graph, const ms_node *node, pad_state *state) {
  if (graph->opset >= 11) {
    return ms_node_constant_number(graph, node, 2, &state->value.number, &state->value.integer);
  }
  return ms_type_is_float(node->inputs[0]->type)
             ? ms_node_float(graph, node, "value", 0.0f, &state->value.number)
             : MS_OK;
}

/* Pads of one axis, added to the shape. */
static ms_status pad_axis(ms_graph *graph, const ms_node *node, size_t axis, int64_t before,
                          int64_t behind, ms_shape *shape) {
  pad_state *state = node->state;
  int64_t size = (int64_t)shape->dims[axis];
  int64_t most = 1 << 28;
  if (before < -size || behind < -size || before > most || behind > most ||
      size + before + behind < 0) {
    return ms_node_fail(graph, node, MS_ERR_FORMAT, "pads %lld and %lld of a size of %lld",
                        (long long)before, (long long)behind, (long long)size);
  }
  if (state->mode != PAD_CONSTANT && size == 0 && before + behind > 0) {
    return ms_node_fail(graph, node, MS_ERR_FORMAT, "there is nothing to pad with");
  }
  state->before[axis] = (ptrdiff_t)before;
  shape->dims[axis] = (size_t)(size + before + behind);
  return MS_OK;
}

/* The index that stands for an index outside of 0 … size - 1. */
static ptrdiff_t mirror(pad_mode mode, ptrdiff_t index, ptrdiff_t size) {
  if (mode == PAD_EDGE || size == 1) {
    return index < 0 ? 0 : index >= size ? size - 1 : index;
  }
  ptrdiff_t period = mode == PAD_WRAP ? size : 2 * (size - 1);
  index = (index % period + period) % period;
  return index < size ? index : period - index;
}

/* Padding by elements of the input. */
static ms_status make_tables(ms_graph *graph, ms_node *node) {
  const pad_state *state = node->state;
  for (size_t i = 0; i < node->outputs[0]->shape.rank; i++) {
    ms_axis_table *table = NULL;
    if (state->before[i] == 0 &&
        node->inputs[0]->shape.dims[i] == node->outputs[0]->shape.dims[i]) {
      continue;
    }
    MS_TRY(ms_add_axis_table(graph, node, i, 1, &table));
    for (size_t k = 0; k < table->output; k++) {
      table->positions[k] = (size_t)mirror((pad_mode)state->mode, (ptrdiff_t)k - state->before[i],
                                           (ptrdiff_t)table->input);
    }
  }
  return MS_OK;
}

ms_status ms_infer_pad(ms_graph *graph, ms_node *node) {
  ms_value *x = node->inputs[0];
  const int64_t *pads = NULL;
  const int64_t *axes = NULL;
  size_t pad_count = 0;
  size_t axis_count = x->shape.rank;
  ms_shape shape = x->shape;
  MS_TRY(ms_node_state(graph, node, sizeof(pad_state)));
  pad_state *state = node->state;
  MS_TRY(ms_node_list(graph, node, "pads", 11, 1, &pads, &pad_count));
  if (ms_node_input(node, 3) != NULL) {
    MS_TRY(ms_node_constant_integers(graph, node, 3, &axes, &axis_count));
  }
  MS_TRY(ms_node_word(graph, node, "mode", "constant reflect edge wrap", &state->mode));
  MS_TRY(read_number(graph, node, state));
  if (pad_count != 2 * axis_count || axis_count > x->shape.rank) {
    return ms_node_fail(graph, node, MS_ERR_FORMAT, "%zu pads for %zu axes", pad_count, axis_count);
  }
  bool changes = false;
  for (size_t i = 0; i < axis_count; i++) {
    size_t axis = 0;
    changes = changes || pads[i] != 0;
    MS_TRY(ms_node_axis(graph, node, axes == NULL ? (int64_t)i : axes[i], x->shape.rank, &axis));
    MS_TRY(pad_axis(graph, node, axis, pads[i], pads[i + axis_count], &shape));
  }
  if (changes) { /* the shape need not */
    ms_node_keep_inputs(node, 1);
    MS_TRY(ms_set_output(graph, node, x->type, &shape));
  } else {
    MS_TRY(ms_set_shape(graph, node, &shape));
  }
  return state->mode == PAD_CONSTANT ? MS_OK : make_tables(graph, node);
}

bool ms_pad_is_spatial_zero(const ms_node *node, size_t before[MS_MAX_RANK]) {
  const pad_state *state = node->state;
  const ms_shape *x = &node->inputs[0]->shape;
  const ms_shape *y = &node->outputs[0]->shape;
  if (state->mode != PAD_CONSTANT || state->value.number != 0.0f || x->dims[0] != y->dims[0] ||
      x->dims[1] != y->dims[1]) {
    return false;
  }
  for (size_t i = 0; i < x->rank; i++) {
    bool grows = state->before[i] >= 0 && y->dims[i] >= x->dims[i] + (size_t)state->before[i];
    if (!grows) {
      return false;
    }
    before[i] = (size_t)state->before[i];
  }
  return true;
}

static void pad_constant(const ms_run *run, const pad_state *state, const ms_value *x,
                         const ms_value *y) {
  ms_loop loop = {.rank = x->shape.rank};
  ptrdiff_t x_offset = 0;
  ptrdiff_t y_offset = 0;
  if (state->value.integer == 0) {
    memset(y->data, 0, ms_value_size(y));
  } else {
    ms_loop_fill(run->kernels, y, &state->value);
  }
  ms_value_steps(y, loop.steps[0]);
  ms_value_steps(x, loop.steps[1]);
  for (size_t i = 0; i < loop.rank; i++) {
    ptrdiff_t skip = state->before[i] < 0 ? -state->before[i] : 0;
    ptrdiff_t place = state->before[i] > 0 ? state->before[i] : 0;
    ptrdiff_t left = (ptrdiff_t)x->shape.dims[i] - skip;
    ptrdiff_t room = (ptrdiff_t)y->shape.dims[i] - place;
    ptrdiff_t count = left < room ? left : room;
    loop.dims[i] = count > 0 ? (size_t)count : 0;
    x_offset += skip * loop.steps[1][i];
    y_offset += place * loop.steps[0][i];
  }
  ms_loop_copy_value(run->kernels, &loop, y, y_offset, x, x_offset);
}

ms_status ms_run_pad(const ms_run *run, const ms_node *node) {
  const pad_state *state = node->state;
  if (state->mode != PAD_CONSTANT) {
    return ms_run_resize(run, node);
  }
  pad_constant(run, state, node->inputs[0], node->outputs[0]);
  return MS_OK;
}
