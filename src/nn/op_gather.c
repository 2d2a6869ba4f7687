/* Gather and ScatterND: slices of a tensor that indices name when the network runs. */
#include <string.h>

#include "nn/loop.h"
#include "nn/ops.h"

typedef struct gather_state {
  size_t axis;
} gather_state;

ms_status ms_infer_gather(ms_graph *graph, ms_node *node) {
  const ms_value *x = node->inputs[0];
  const ms_value *indices = node->inputs[1];
  ms_shape shape = {0};
  MS_TRY(ms_node_state(graph, node, sizeof(gather_state)));
  gather_state *state = node->state;
  MS_TRY(ms_node_own_axis(graph, node, 0, x->shape.rank, &state->axis));
  shape.rank = x->shape.rank - 1 + indices->shape.rank;
  if (ms_type_is_float(indices->type) || shape.rank > MS_MAX_RANK) {
    return ms_node_fail(graph, node, MS_ERR_FORMAT,
                        "indices of type %s, a result of %zu dimensions",
                        ms_type_name(indices->type), shape.rank);
  }
  size_t to = 0;
  for (size_t i = 0; i < x->shape.rank; i++) {
    if (i != state->axis) {
      shape.dims[to++] = x->shape.dims[i];
      continue;
    }
    for (size_t k = 0; k < indices->shape.rank; k++) {
      shape.dims[to++] = indices->shape.dims[k];
    }
  }
  return ms_set_output(graph, node, x->type, &shape);
}

/* Place in 0 … size - 1 of an index, which counts from the end where it is negative. */
static ms_status find_place(const ms_run *run, const ms_node *node, int64_t index, size_t size,
                            size_t *place) {
  int64_t from_start = index < 0 ? index + (int64_t)size : index;
  *place = (size_t)from_start;
  return from_start >= 0 && from_start < (int64_t)size
             ? MS_OK
             : ms_fail(run->context, MS_ERR_DATA, "%s '%.*s': index %lld of %zu", node->op->name,
                       MS_TEXT(node->name), (long long)index, size);
}

ms_status ms_run_gather(const ms_run *run, const ms_node *node) {
  const gather_state *state = node->state;
  const ms_value *x = node->inputs[0];
  const ms_value *indices = node->inputs[1];
  uint8_t *y = node->outputs[0]->data;
  size_t size = x->shape.dims[state->axis];
  size_t inner = ms_stored_size(x->type);
  size_t outer = 1;
  for (size_t i = 0; i < x->shape.rank; i++) {
    outer *= i < state->axis ? x->shape.dims[i] : 1;
    inner *= i > state->axis ? x->shape.dims[i] : 1;
  }
  for (size_t i = 0; i < indices->count; i++) {
    size_t place = 0;
    MS_TRY(find_place(run, node, ms_integers(indices)[i], size, &place));
    for (size_t k = 0; k < outer && inner > 0; k++) {
      memcpy(y + (k * indices->count + i) * inner,
             (const uint8_t *)x->data + (k * size + place) * inner, inner);
    }
  }
  return MS_OK;
}

/* Writes slices of updates over a copy of x, where tuples of indices along the first axes say. */
ms_status ms_infer_scatter(ms_graph *graph, ms_node *node) {
  const ms_value *x = node->inputs[0];
  const ms_value *indices = node->inputs[1];
  const ms_value *updates = node->inputs[2];
  size_t reduction = 0;
  MS_TRY(ms_node_word(graph, node, "reduction", "none", &reduction));
  size_t outer = indices->shape.rank - 1;
  size_t depth = indices->shape.rank == 0 ? 0 : indices->shape.dims[outer];
  ms_shape expected = indices->shape;
  expected.rank = outer;
  bool fits = indices->shape.rank > 0 && depth <= x->shape.rank &&
              outer + x->shape.rank - depth <= MS_MAX_RANK && updates->type == x->type &&
              !ms_type_is_float(indices->type);
  for (size_t i = depth; fits && i < x->shape.rank; i++) {
    expected.dims[expected.rank++] = x->shape.dims[i];
  }
  if (!fits || !ms_shape_equal(&expected, &updates->shape)) {
    return ms_node_fail(graph, node, MS_ERR_FORMAT,
                        "updates of type %s do not fit, or tuples of %zu indices",
                        ms_type_name(updates->type), depth);
  }
  return ms_infer_same(graph, node);
}

ms_status ms_run_scatter(const ms_run *run, const ms_node *node) {
  const ms_value *x = node->inputs[0];
  const ms_value *indices = node->inputs[1];
  size_t depth = indices->shape.dims[indices->shape.rank - 1];
  size_t slice = ms_stored_size(x->type); /* bytes */
  size_t tuples = depth == 0 ? 0 : indices->count / depth;
  uint8_t *y = node->outputs[0]->data;
  const uint8_t *from = node->inputs[2]->data;
  if (x->count > 0) {
    memcpy(y, x->data, x->count * slice);
  }
  for (size_t i = depth; i < x->shape.rank; i++) {
    slice *= x->shape.dims[i];
  }
  for (size_t t = 0; t < tuples; t++) {
    size_t place = 0;
    for (size_t i = 0; i < depth; i++) {
      size_t size = x->shape.dims[i];
      size_t index = 0;
      MS_TRY(find_place(run, node, ms_integers(indices)[t * depth + i], size, &index));
      place = place * size + index;
    }
    if (slice > 0) {
      memcpy(y + place * slice, from + t * slice, slice);
    }
  }
  return MS_OK;
}
