/*
 * The plan: how long every activation is needed, which ones share memory because one is a view of
 * the other or is computed in its place, and where each lies in one arena. The largest are placed
 * first, each at the lowest offset that is free while it is needed.
 */
#include <string.h>

#include "core/sort.h"
#include "nn/ops.h"

#define MAX_ARENA_SIZE ((size_t)1 << 30)
enum { ALIGNMENT = 64 };

/* When each value is made and last read, on its own; outputs of nodes need a place. */
static void find_lives(ms_graph *graph) {
  for (size_t step = 0; step < graph->order_count; step++) {
    const ms_node *node = graph->order[step];
    for (size_t i = 0; i < node->input_count; i++) {
      if (node->inputs[i] != NULL) {
        node->inputs[i]->last_step = step;
      }
    }
    for (size_t i = 0; i < node->output_count; i++) {
      if (node->outputs[i] != NULL) {
        node->outputs[i]->has_place = true;
        node->outputs[i]->first_step = step;
        node->outputs[i]->last_step = step;
      }
    }
  }
  for (ms_value **at = graph->outputs; *at != NULL; at++) {
    (*at)->last_step = graph->order_count;
  }
}

static void share(ms_value *value, ms_value *with) {
  ms_value *root = ms_value_root(with);
  value->viewed = with;
  if (root->last_step < value->last_step) {
    root->last_step = value->last_step;
  }
}

/* Whether output 0 can be written over input i: nobody else needs it, and both lie the same way. */
static bool can_overwrite(const ms_node *node, size_t i, size_t step) {
  ms_value *input = ms_node_input(node, i);
  const ms_value *output = node->outputs[0];
  if (input == NULL || input->is_constant || !ms_shape_equal(&input->shape, &output->shape) ||
      ms_value_size(input) != ms_value_size(output)) {
    return false;
  }
  const ms_value *root = ms_value_root(input);
  bool same_layout = input->channels_last == output->channels_last || ms_value_is_neutral(input);
  if (root->is_constant || root->last_step != step || !same_layout) {
    return false;
  }
  for (size_t k = 0; k < node->input_count; k++) {
    if (k != i && node->inputs[k] != NULL && ms_value_root(node->inputs[k]) == root) {
      return false;
    }
  }
  return true;
}

static void share_memory(ms_graph *graph) {
  for (size_t step = 0; step < graph->order_count; step++) {
    const ms_node *node = graph->order[step];
    bool in_place = (node->op->flags & MS_OP_IN_PLACE) != 0;
    if ((node->op->flags & MS_OP_VIEW) || (in_place && can_overwrite(node, 0, step))) {
      share(node->outputs[0], node->inputs[0]);
    } else if (in_place && node->input_count == 2 && can_overwrite(node, 1, step)) {
      share(node->outputs[0], node->inputs[1]);
    } else if (ms_node_is_product(node) && can_overwrite(node, MS_INPUT_RESIDUAL, step)) {
      share(node->outputs[0], node->inputs[MS_INPUT_RESIDUAL]);
    }
  }
}

/* Bytes of a value's place. */
static size_t place_size(const ms_value *value) {
  return (ms_value_size(value) + ALIGNMENT - 1) / ALIGNMENT * ALIGNMENT;
}

/* Larger ones first, then earlier ones. */
static int compare_values(const void *first, const void *second) {
  const ms_value *a = *(ms_value *const *)first;
  const ms_value *b = *(ms_value *const *)second;
  size_t a_size = ms_value_size(a);
  size_t b_size = ms_value_size(b);
  bool earlier = a_size != b_size ? a_size > b_size : a->index < b->index;
  return earlier ? -1 : 1;
}

/* The lowest offset for a value among those placed before, which are sorted by offset. */
static size_t find_offset(const ms_value *value, ms_value *const *placed, size_t count) {
  size_t size = place_size(value);
  size_t offset = 0;
  for (size_t i = 0; i < count; i++) {
    const ms_value *other = placed[i];
    if (other->last_step < value->first_step || other->first_step > value->last_step) {
      continue;
    }
    if (other->offset >= offset + size) {
      break;
    }
    size_t end = other->offset + place_size(other);
    offset = offset < end ? end : offset;
  }
  return offset;
}

static ms_status place_all(ms_graph *graph, ms_value **values, size_t count) {
  ms_value **placed = NULL;
  MS_TRY(MS_SCRATCH(graph->context, count, &placed));
  ms_sort(values, count, sizeof *values, compare_values);
  for (size_t i = 0; i < count; i++) {
    ms_value *value = values[i];
    size_t rank = i;
    value->offset = find_offset(value, placed, i);
    for (; rank > 0 && placed[rank - 1]->offset > value->offset; rank--) {
      placed[rank] = placed[rank - 1];
    }
    placed[rank] = value;
    size_t end = value->offset + place_size(value);
    graph->arena_size = graph->arena_size < end ? end : graph->arena_size;
    if (graph->arena_size > MAX_ARENA_SIZE) {
      return ms_fail(graph->context, MS_ERR_LIMIT, "the activations need more than %zu bytes",
                     MAX_ARENA_SIZE);
    }
  }
  return MS_OK;
}

ms_status ms_graph_plan(ms_graph *graph) {
  ms_context *context = graph->context;
  ms_value **roots = NULL;
  size_t count = 0;
  MS_TRY(MS_SCRATCH(context, graph->value_count, &roots));
  find_lives(graph);
  share_memory(graph);
  for (ms_value *value = graph->values; value != NULL; value = value->next) {
    value->has_place = (value->has_place || value->is_input) && !value->is_constant;
    if (value->has_place && value->viewed == NULL) {
      roots[count++] = value;
    }
  }
  MS_TRY(place_all(graph, roots, count));
  MS_TRY(MS_NEW(context, graph->arena_size + ALIGNMENT, &graph->arena));
  uint8_t *start = graph->arena + (ALIGNMENT - (uintptr_t)graph->arena % ALIGNMENT) % ALIGNMENT;
  for (ms_value *value = graph->values; value != NULL; value = value->next) {
    const ms_value *root = ms_value_root(value);
    if (root->has_place) {
      value->data = start + root->offset;
    } else if (root->is_constant) {
      value->data = root->data;
    }
  }
  return MS_OK;
}
