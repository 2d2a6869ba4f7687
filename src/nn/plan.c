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

static void extend(ms_value *value, size_t step) {
  value->last_step = value->last_step < step ? step : value->last_step;
}

/* When each value is made and last read, on its own. */
static void find_lives(ms_graph *graph) {
  for (size_t step = 0; step < graph->order_count; step++) {
    const ms_node *node = graph->order[step];
    for (size_t i = 0; i < node->input_count; i++) {
      if (node->inputs[i] != NULL) {
        extend(node->inputs[i], step);
      }
    }
    for (size_t i = 0; i < node->output_count; i++) {
      if (node->outputs[i] != NULL) {
        node->outputs[i]->first_step = step;
        extend(node->outputs[i], step);
      }
    }
  }
  for (size_t i = 0; i < graph->output_count; i++) {
    extend(graph->outputs[i], graph->order_count);
  }
}

static void share(ms_value *value, ms_value *with) {
  ms_value *root = ms_value_root(with);
  value->viewed = with;
  extend(root, value->last_step);
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
    ms_node *node = graph->order[step];
    if (node->op->flags & MS_OP_VIEW) {
      share(node->outputs[0], node->inputs[0]);
      continue;
    }
    if ((node->op->flags & MS_OP_IN_PLACE) && can_overwrite(node, 0, step)) {
      share(node->outputs[0], node->inputs[0]);
    } else if ((node->op->flags & MS_OP_IN_PLACE) && node->input_count == 2 &&
               can_overwrite(node, 1, step)) {
      share(node->outputs[0], node->inputs[1]);
    } else if (ms_node_is_product(node) && can_overwrite(node, MS_INPUT_RESIDUAL, step)) {
      share(node->outputs[0], node->inputs[MS_INPUT_RESIDUAL]);
    }
  }
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

/* Places a value among those placed before, which are sorted by offset; returns its rank there. */
static size_t place(ms_value *value, size_t size, ms_value *const *placed, size_t count) {
  size_t offset = 0;
  for (size_t i = 0; i < count; i++) {
    const ms_value *other = placed[i];
    if (other->last_step < value->first_step || other->first_step > value->last_step) {
      continue;
    }
    if (other->offset >= offset + size) {
      break;
    }
    size_t end = other->offset + (ms_value_size(other) + ALIGNMENT - 1) / ALIGNMENT * ALIGNMENT;
    offset = offset < end ? end : offset;
  }
  value->offset = offset;
  size_t rank = 0;
  while (rank < count && placed[rank]->offset <= offset) {
    rank++;
  }
  return rank;
}

static ms_status place_all(ms_graph *graph, ms_value **values, size_t count) {
  ms_value **placed = NULL;
  MS_TRY(MS_SCRATCH(graph->context, count, &placed));
  ms_sort(values, count, sizeof *values, compare_values);
  for (size_t i = 0; i < count; i++) {
    size_t size = (ms_value_size(values[i]) + ALIGNMENT - 1) / ALIGNMENT * ALIGNMENT;
    size_t rank = place(values[i], size, placed, i);
    memmove(placed + rank + 1, placed + rank, (i - rank) * sizeof *placed);
    placed[rank] = values[i];
    size_t end = values[i]->offset + size;
    graph->arena_size = graph->arena_size < end ? end : graph->arena_size;
    if (graph->arena_size > MAX_ARENA_SIZE) {
      return ms_fail(graph->context, MS_ERR_LIMIT, "the activations need more than %zu bytes",
                     MAX_ARENA_SIZE);
    }
  }
  return MS_OK;
}

static void add_root(ms_value *value, ms_value **roots, size_t *count) {
  if (value != NULL && !value->is_constant && value->viewed == NULL && !value->has_place) {
    value->has_place = true;
    roots[(*count)++] = value;
  }
}

ms_status ms_graph_plan(ms_graph *graph) {
  ms_context *context = graph->context;
  ms_value **roots = NULL;
  size_t count = 0;
  MS_TRY(MS_SCRATCH(context, graph->value_count, &roots));
  find_lives(graph);
  share_memory(graph);
  for (size_t i = 0; i < graph->input_count; i++) {
    add_root(graph->inputs[i], roots, &count);
  }
  for (size_t step = 0; step < graph->order_count; step++) {
    for (size_t i = 0; i < graph->order[step]->output_count; i++) {
      add_root(graph->order[step]->outputs[i], roots, &count);
    }
  }
  MS_TRY(place_all(graph, roots, count));
  MS_TRY(MS_NEW(context, graph->arena_size + ALIGNMENT, &graph->arena));
  uint8_t *start = graph->arena + (ALIGNMENT - (uintptr_t)graph->arena % ALIGNMENT) % ALIGNMENT;
  for (size_t i = 0; i < graph->value_count; i++) {
    ms_value *root = ms_value_root(graph->values[i]);
    if (root->has_place) {
      graph->values[i]->data = start + root->offset;
    } else if (root != graph->values[i] && root->is_constant) {
      graph->values[i]->data = root->data;
    }
  }
  return MS_OK;
}
