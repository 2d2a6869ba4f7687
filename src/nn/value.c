/* Values: sizes, layouts, and the numbers of constants. */
#include <string.h>

#include "nn/graph.h"

#define MAX_COUNT ((size_t)1 << 28)
#define MAX_CONSTANT_SIZE ((size_t)1 << 30)

bool ms_shape_count(const ms_shape *shape, size_t *count) {
  uint64_t bound = 1;
  *count = 1;
  for (size_t i = 0; i < shape->rank; i++) {
    size_t size = shape->dims[i];
    /* A size of 0 makes no room for absurd ones beside it: operators multiply some sizes only. */
    bound *= size == 0 ? 1 : size;
    if (size > MAX_COUNT || bound > MAX_COUNT) {
      return false;
    }
    *count *= size;
  }
  return true;
}

bool ms_shape_equal(const ms_shape *a, const ms_shape *b) {
  return a->rank == b->rank && memcmp(a->dims, b->dims, a->rank * sizeof *a->dims) == 0;
}

ms_status ms_shape_broadcast(ms_graph *graph, const ms_node *node, const ms_shape *other,
                             ms_shape *shape) {
  bool is_longer = other->rank > shape->rank;
  const ms_shape *shorter = is_longer ? shape : other;
  ms_shape result = is_longer ? *other : *shape;
  for (size_t i = 0; i < shorter->rank; i++) {
    size_t *a = &result.dims[result.rank - shorter->rank + i];
    size_t b = shorter->dims[i];
    if (*a != b && *a != 1 && b != 1) {
      return ms_node_fail(graph, node, MS_ERR_FORMAT, "sizes %zu and %zu do not match", *a, b);
    }
    *a = *a == 1 ? b : *a;
  }
  *shape = result;
  return MS_OK;
}

ms_status ms_value_set(ms_graph *graph, const ms_node *node, ms_value *value, ms_type type,
                       const ms_shape *shape) {
  size_t count = 0;
  if (value == NULL) {
    return MS_OK; /* an output that nobody asked for */
  }
  if (ms_type_size(type) == 0) {
    return ms_node_fail(graph, node, MS_ERR_UNSUPPORTED, "elements of %s", ms_type_name(type));
  }
  if (!ms_shape_count(shape, &count)) {
    return ms_node_fail(graph, node, MS_ERR_LIMIT, "a tensor of more than %zu elements", MAX_COUNT);
  }
  value->type = type;
  value->shape = *shape;
  value->count = count;
  return MS_OK;
}

size_t ms_value_size(const ms_value *value) {
  return value->count * (ms_type_is_float(value->type) ? sizeof(float) : sizeof(int64_t));
}

ms_status ms_value_allocate(ms_graph *graph, ms_value *value) {
  size_t size = ms_value_size(value);
  if (graph->constant_size > MAX_CONSTANT_SIZE || size > MAX_CONSTANT_SIZE - graph->constant_size) {
    return ms_fail(graph->context, MS_ERR_LIMIT, "constants of more than %zu bytes",
                   MAX_CONSTANT_SIZE);
  }
  value->data = ms_allocate(graph->context, size, 1);
  MS_TRY(MS_HAS_MEMORY(value->data));
  value->owns_data = true;
  graph->constant_size += size;
  return MS_OK;
}

ms_status ms_value_load(ms_graph *graph, ms_value *value) {
  if (value->data != NULL) {
    return MS_OK;
  }
  if (value->tensor == NULL || ms_type_size(value->type) == 0) {
    return ms_fail(graph->context, MS_ERR_UNSUPPORTED, "tensor '%.*s' has elements of %s",
                   MS_TEXT(value->name), ms_type_name(value->type));
  }
  MS_TRY(ms_value_allocate(graph, value));
  ms_status status = ms_onnx_decode(graph->context, value->tensor, value->data);
  if (status != MS_OK) {
    ms_value_unload(graph, value);
  }
  return status;
}

void ms_value_unload(ms_graph *graph, ms_value *value) {
  if (value->owns_data) {
    ms_release(graph->context, value->data);
    graph->constant_size -= ms_value_size(value);
    value->data = NULL;
    value->owns_data = false;
  }
}

void ms_value_release(ms_graph *graph, ms_value *value) {
  if (--value->use_count == 0) {
    ms_value_unload(graph, value);
  }
}

ms_value *ms_value_root(ms_value *value) {
  while (value->viewed != NULL) {
    value = value->viewed;
  }
  return value;
}

bool ms_value_is_neutral(const ms_value *value) {
  if (value->shape.rank < 3 || value->shape.dims[1] == 1) {
    return true;
  }
  for (size_t i = 2; i < value->shape.rank; i++) {
    if (value->shape.dims[i] != 1) {
      return false;
    }
  }
  return true;
}

void ms_value_steps(const ms_value *value, ptrdiff_t steps[MS_MAX_RANK]) {
  bool last = value->channels_last && value->shape.rank >= 3;
  ptrdiff_t step = last ? (ptrdiff_t)value->shape.dims[1] : 1;
  for (size_t i = value->shape.rank; i-- > 0;) {
    if (last && i == 1) {
      steps[i] = 1;
      continue;
    }
    steps[i] = step;
    step *= (ptrdiff_t)value->shape.dims[i];
  }
}
