/*
 * Operators that only shape a graph: they are views of their input, constants of the file, or
 * arithmetic on shapes, all of which is settled when the file is loaded.
 */
#include <math.h>
#include <string.h>

#include "nn/loop.h"
#include "nn/ops.h"

ms_status ms_set_output(ms_graph *graph, const ms_node *node, ms_type type, const ms_shape *shape) {
  return ms_value_set(graph, node, node->outputs[0], type, shape);
}

ms_status ms_infer_same(ms_graph *graph, ms_node *node) {
  return ms_set_output(graph, node, node->inputs[0]->type, &node->inputs[0]->shape);
}

ms_status ms_set_shape(ms_graph *graph, ms_node *node, const ms_shape *shape) {
  ms_value *x = node->inputs[0];
  ms_node_keep_inputs(node, 1);
  if (ms_shape_equal(shape, &x->shape)) {
    return ms_infer_identity(graph, node);
  }
  return ms_set_output(graph, node, x->type, shape);
}

ms_status ms_node_flag(ms_graph *graph, const ms_node *node, const char *name, bool otherwise,
                       bool *flag) {
  int64_t number = 0;
  MS_TRY(ms_node_integer(graph, node, name, otherwise, &number));
  *flag = number != 0;
  return MS_OK;
}

ms_status ms_float_state(ms_graph *graph, ms_node *node, size_t size) {
  for (size_t i = 0; i < node->input_count; i++) {
    if (node->inputs[i] != NULL) {
      MS_TRY(ms_node_expect_float(graph, node, i));
    }
  }
  return ms_node_state(graph, node, size);
}

ms_status ms_node_too_large(ms_graph *graph, const ms_node *node) {
  return ms_node_fail(graph, node, MS_ERR_LIMIT, "its weights, tables or results exceed memory");
}

/* Output i as a constant with memory for its numbers. */
static ms_status make_constant(ms_graph *graph, const ms_node *node, size_t i, ms_type type,
                               const ms_shape *shape) {
  ms_value *y = node->outputs[i];
  MS_TRY(ms_value_set(graph, node, y, type, shape));
  y->is_constant = true;
  return ms_value_allocate(graph, y);
}

ms_status ms_infer_identity(ms_graph *graph, ms_node *node) {
  (void)graph;
  ms_node_replace_output(node, node->inputs[0]);
  return MS_OK;
}

/* The mask of a Dropout that drops nothing. */
static ms_status set_mask(ms_graph *graph, const ms_node *node) {
  const ms_value *x = node->inputs[0];
  static const float one = 1.0f;
  static const int64_t yes = 1;
  bool is_float = graph->opset < 10 && ms_type_is_float(x->type);
  MS_TRY(make_constant(graph, node, 1, is_float ? x->type : MS_TYPE_BOOL, &x->shape));
  ms_loop_fill(graph->kernels, node->outputs[1], is_float ? (const void *)&one : &yes);
  return MS_OK;
}

ms_status ms_infer_dropout(ms_graph *graph, ms_node *node) {
  const int64_t *training = NULL;
  const float *ratio = NULL;
  size_t count = 0;
  if (ms_node_input(node, 2) != NULL) {
    MS_TRY(ms_node_constant_integers(graph, node, 2, &training, &count));
    bool drops = count != 1 || training[0] != 0;
    if (drops && count == 1 && ms_node_input(node, 1) != NULL) {
      MS_TRY(ms_node_constant_floats(graph, node, 1, &ratio, &count));
      drops = count != 1 || ratio[0] != 0.0f;
    }
    if (drops) {
      return ms_node_fail(graph, node, MS_ERR_UNSUPPORTED, "training is switched on");
    }
  }
  ms_node_keep_inputs(node, 1);
  if (node->output_count > 1 && node->outputs[1] != NULL && node->outputs[1]->use_count > 0) {
    MS_TRY(set_mask(graph, node));
  }
  return ms_infer_identity(graph, node);
}

/* Output 0 as a view of input 0 under a shape; nothing at all if that is its own. */
static ms_status set_view(ms_graph *graph, ms_node *node, const ms_shape *shape) {
  const ms_value *x = node->inputs[0];
  size_t count = 0;
  if (!ms_shape_count(shape, &count) || count != x->count) {
    return ms_node_fail(graph, node, MS_ERR_FORMAT, "%zu elements cannot take a shape of %zu",
                        x->count, count);
  }
  return ms_set_shape(graph, node, shape);
}

/* The size that stands for -1, given the product of the others. */
static size_t open_size(size_t count, size_t known) {
  return known == 0 ? 0 : count / known;
}

ms_status ms_infer_reshape(ms_graph *graph, ms_node *node) {
  const ms_value *x = node->inputs[0];
  const int64_t *sizes = NULL;
  size_t rank = 0;
  bool allow_zero = false;
  ms_shape shape = {0};
  size_t open = MS_MAX_RANK;
  size_t known = 1;
  MS_TRY(ms_node_flag(graph, node, "allowzero", false, &allow_zero));
  MS_TRY(ms_node_constant_integers(graph, node, 1, &sizes, &rank));
  if (rank > MS_MAX_RANK) {
    return ms_node_fail(graph, node, MS_ERR_LIMIT, "a shape of %zu dimensions", rank);
  }
  shape.rank = rank;
  for (size_t i = 0; i < rank; i++) {
    bool copied = sizes[i] == 0 && !allow_zero;
    if (sizes[i] < -1 || (sizes[i] == -1 && open < MS_MAX_RANK) || (copied && i >= x->shape.rank)) {
      return ms_node_fail(graph, node, MS_ERR_FORMAT, "a shape with the size %lld",
                          (long long)sizes[i]);
    }
    if (sizes[i] == -1) {
      open = i;
      continue;
    }
    shape.dims[i] = copied ? x->shape.dims[i] : (size_t)sizes[i];
    if ((uint64_t)sizes[i] > SIZE_MAX || !ms_size_mul(known, shape.dims[i], &known)) {
      return ms_node_fail(graph, node, MS_ERR_LIMIT, "a shape with the size %lld",
                          (long long)sizes[i]);
    }
  }
  if (open < MS_MAX_RANK) {
    shape.dims[open] = open_size(x->count, known);
  }
  return set_view(graph, node, &shape);
}

ms_status ms_infer_flatten(ms_graph *graph, ms_node *node) {
  const ms_shape *x = &node->inputs[0]->shape;
  int64_t axis = 0;
  size_t split = x->rank;
  ms_shape shape = {2, {1, 1}};
  MS_TRY(ms_node_integer(graph, node, "axis", 1, &axis));
  if (axis != (int64_t)x->rank) { /* which is no axis, but may be given */
    MS_TRY(ms_node_axis(graph, node, axis, x->rank, &split));
  }
  for (size_t i = 0; i < x->rank; i++) {
    shape.dims[i < split ? 0 : 1] *= x->dims[i];
  }
  return set_view(graph, node, &shape);
}

static ms_status mark_axes(ms_graph *graph, const ms_node *node, const int64_t *axes, size_t count,
                           size_t rank, bool marked[MS_MAX_RANK]) {
  for (size_t i = 0; i < count; i++) {
    size_t axis = 0;
    MS_TRY(ms_node_axis(graph, node, axes[i], rank, &axis));
    if (marked[axis]) {
      return ms_node_fail(graph, node, MS_ERR_FORMAT, "axis %zu is given twice", axis);
    }
    marked[axis] = true;
  }
  return MS_OK;
}

ms_status ms_infer_squeeze(ms_graph *graph, ms_node *node) {
  const ms_shape *x = &node->inputs[0]->shape;
  bool marked[MS_MAX_RANK] = {false};
  const int64_t *axes = NULL;
  size_t count = 0;
  ms_shape shape = {0};
  MS_TRY(ms_node_list(graph, node, "axes", 13, 1, &axes, &count));
  MS_TRY(mark_axes(graph, node, axes, count, x->rank, marked));
  for (size_t i = 0; i < x->rank; i++) {
    bool drop = count == 0 ? x->dims[i] == 1 : marked[i];
    if (drop && x->dims[i] != 1) {
      return ms_node_fail(graph, node, MS_ERR_FORMAT, "axis %zu is of size %zu", i, x->dims[i]);
    }
    if (!drop) {
      shape.dims[shape.rank++] = x->dims[i];
    }
  }
  return set_view(graph, node, &shape);
}

ms_status ms_infer_unsqueeze(ms_graph *graph, ms_node *node) {
  const ms_shape *x = &node->inputs[0]->shape;
  bool marked[MS_MAX_RANK] = {false};
  const int64_t *axes = NULL;
  size_t count = 0;
  MS_TRY(ms_node_list(graph, node, "axes", 13, 1, &axes, &count));
  if (axes == NULL) {
    return ms_node_fail(graph, node, MS_ERR_FORMAT, "it has no axes");
  }
  if (count > MS_MAX_RANK - x->rank) {
    return ms_node_fail(graph, node, MS_ERR_LIMIT, "a result of %zu dimensions", x->rank + count);
  }
  ms_shape shape = {.rank = x->rank + count};
  MS_TRY(mark_axes(graph, node, axes, count, shape.rank, marked));
  size_t from = 0;
  for (size_t i = 0; i < shape.rank; i++) {
    shape.dims[i] = marked[i] ? 1 : x->dims[from++];
  }
  return set_view(graph, node, &shape);
}

ms_status ms_infer_shape(ms_graph *graph, ms_node *node) {
  const ms_shape *x = &node->inputs[0]->shape;
  int64_t start = 0;
  int64_t end = 0;
  MS_TRY(ms_node_integer(graph, node, "start", 0, &start));
  MS_TRY(ms_node_integer(graph, node, "end", (int64_t)x->rank, &end));
  size_t first = (size_t)ms_cut(start, (int64_t)x->rank, 0);
  size_t last = (size_t)ms_cut(end, (int64_t)x->rank, 0);
  ms_shape shape = {1, {last > first ? last - first : 0}};
  MS_TRY(make_constant(graph, node, 0, MS_TYPE_INT64, &shape));
  for (size_t i = 0; i < shape.dims[0]; i++) {
    ms_integers(node->outputs[0])[i] = (int64_t)x->dims[first + i];
  }
  return MS_OK;
}

ms_status ms_infer_size(ms_graph *graph, ms_node *node) {
  ms_shape shape = {0};
  MS_TRY(make_constant(graph, node, 0, MS_TYPE_INT64, &shape));
  ms_integers(node->outputs[0])[0] = (int64_t)node->inputs[0]->count;
  return MS_OK;
}

/* Constant with a number or a list of numbers in an attribute. */
static ms_status constant_numbers(ms_graph *graph, ms_node *node,
                                  const ms_onnx_attribute *attribute) {
  bool is_float = attribute->kind == MS_ONNX_FLOAT || attribute->kind == MS_ONNX_FLOATS;
  bool is_list = attribute->kind == MS_ONNX_FLOATS || attribute->kind == MS_ONNX_INTS;
  const void *number = is_float ? (const void *)&attribute->number : &attribute->integer;
  const void *list = is_float ? (const void *)attribute->floats : attribute->integers;
  ms_shape shape = {is_list, {is_float ? attribute->float_count : attribute->integer_count}};
  MS_TRY(make_constant(graph, node, 0, is_float ? MS_TYPE_FLOAT : MS_TYPE_INT64, &shape));
  const ms_value *y = node->outputs[0];
  if (y->count > 0) {
    memcpy(y->data, is_list ? list : number, ms_value_size(y));
  }
  return MS_OK;
}

ms_status ms_infer_constant(ms_graph *graph, ms_node *node) {
  static const struct {
    const char *name;
    int kind;
  } lists[] = {{"value_float", MS_ONNX_FLOAT},
               {"value_floats", MS_ONNX_FLOATS},
               {"value_int", MS_ONNX_INT},
               {"value_ints", MS_ONNX_INTS}};
  const ms_onnx_attribute *attribute = ms_node_attribute(node, "value");
  ms_value *y = node->outputs[0];
  if (attribute != NULL && attribute->tensor != NULL) {
    MS_TRY(ms_value_set(graph, node, y, attribute->tensor->type, &attribute->tensor->shape));
    y->is_constant = true;
    y->tensor = attribute->tensor;
    return MS_OK;
  }
  for (size_t i = 0; i < sizeof lists / sizeof *lists; i++) {
    attribute = ms_node_attribute(node, lists[i].name);
    if (attribute != NULL && attribute->kind == lists[i].kind) {
      return constant_numbers(graph, node, attribute);
    }
  }
  return ms_node_fail(graph, node, MS_ERR_UNSUPPORTED, "it has no numeric value");
}

ms_status ms_infer_constant_of_shape(ms_graph *graph, ms_node *node) {
  const ms_onnx_attribute *attribute = ms_node_attribute(node, "value");
  const int64_t *sizes = NULL;
  size_t rank = 0;
  ms_type type = MS_TYPE_FLOAT;
  union {
    int64_t integer;
    float number;
  } value = {0};
  ms_shape shape = {0};
  MS_TRY(ms_node_constant_integers(graph, node, 0, &sizes, &rank));
  MS_TRY(ms_sizes_to_shape(graph, node, sizes, rank, &shape));
  if (attribute != NULL) {
    if (attribute->tensor == NULL || attribute->tensor->count != 1) {
      return ms_node_fail(graph, node, MS_ERR_FORMAT, "its value is no tensor of one number");
    }
    type = attribute->tensor->type;
    MS_TRY(ms_onnx_decode(graph->context, attribute->tensor, &value));
  }
  MS_TRY(make_constant(graph, node, 0, type, &shape));
  ms_loop_fill(graph->kernels, node->outputs[0], &value);
  return MS_OK;
}

ms_status ms_sizes_to_shape(ms_graph *graph, const ms_node *node, const int64_t *sizes, size_t rank,
                            ms_shape *shape) {
  if (rank > MS_MAX_RANK) {
    return ms_node_fail(graph, node, MS_ERR_LIMIT, "a shape of %zu dimensions", rank);
  }
  shape->rank = rank;
  for (size_t i = 0; i < rank; i++) {
    if (sizes[i] < 0 || (uint64_t)sizes[i] > SIZE_MAX) {
      return ms_node_fail(graph, node, MS_ERR_FORMAT, "a shape with the size %lld",
                          (long long)sizes[i]);
    }
    shape->dims[i] = (size_t)sizes[i];
  }
  return MS_OK;
}

/* Range's length from double arithmetic; at most what a tensor may hold. */
static ms_status range_count(ms_graph *graph, const ms_node *node, double start, double limit,
                             double delta, size_t *count) {
  double length = ceil((limit - start) / delta);
  if (delta == 0 || !(length < 268435456.0)) {
    return ms_node_fail(graph, node, MS_ERR_LIMIT, "a range from %g to %g in steps of %g", start,
                        limit, delta);
  }
  *count = length > 0 ? (size_t)length : 0;
  return MS_OK;
}

ms_status ms_infer_range(ms_graph *graph, ms_node *node) {
  double ends[3] = {0};
  bool is_float = ms_type_is_float(node->inputs[0]->type);
  for (size_t i = 0; i < 3; i++) {
    float number = 0;
    int64_t integer = 0;
    MS_TRY(ms_node_constant_number(graph, node, i, &number, &integer));
    ends[i] = is_float ? (double)number : (double)integer;
  }
  ms_shape shape = {.rank = 1};
  MS_TRY(range_count(graph, node, ends[0], ends[1], ends[2], &shape.dims[0]));
  return ms_set_output(graph, node, node->inputs[0]->type, &shape);
}

ms_status ms_run_range(const ms_run *run, const ms_node *node) {
  (void)run;
  ms_value *y = node->outputs[0];
  for (size_t i = 0; i < y->count; i++) {
    if (ms_type_is_float(y->type)) {
      ms_floats(y)[i] = ms_floats(node->inputs[0])[0] + (float)i * ms_floats(node->inputs[2])[0];
    } else {
      uint64_t delta = (uint64_t)ms_integers(node->inputs[2])[0];
      ms_integers(y)[i] = (int64_t)((uint64_t)ms_integers(node->inputs[0])[0] + i * delta);
    }
  }
  return MS_OK;
}
