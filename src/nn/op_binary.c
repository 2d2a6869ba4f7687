/*
 * Element-wise functions of several arguments with ONNX's broadcasting: arithmetic on floats
 * through the kernel table, and plain loops for integers, comparisons, logic and Where.
 */
#include <math.h>
#include <string.h>

#include "nn/loop.h"
#include "nn/ops.h"

/* Floats of a short row that is repeated, so that one call does many. */
enum { PATTERN = 512 };

static ms_status infer_broadcast(ms_graph *graph, ms_node *node, size_t first, ms_type type) {
  ms_shape shape = node->inputs[0]->shape;
  for (size_t i = 1; i < node->input_count; i++) {
    MS_TRY(ms_shape_broadcast(graph, node, &node->inputs[i]->shape, &shape));
    if (i > first && node->inputs[i]->type != node->inputs[first]->type) {
      return ms_node_fail(graph, node, MS_ERR_FORMAT, "its inputs are of types %s and %s",
                          ms_type_name(node->inputs[first]->type),
                          ms_type_name(node->inputs[i]->type));
    }
  }
  return ms_set_output(graph, node, type, &shape);
}

/* Pow's exponent may be a constant of another type than the base: it becomes one of the base's. */
static ms_status match_exponent(ms_graph *graph, ms_node *node) {
  const ms_value *base = node->inputs[0];
  ms_value *given = node->inputs[1];
  ms_value *exponent = NULL;
  bool is_float = ms_type_is_float(given->type);
  if (given->type == base->type) {
    return MS_OK;
  }
  if (!given->is_constant) {
    return ms_node_fail(graph, node, MS_ERR_UNSUPPORTED, "a variable exponent of type %s",
                        ms_type_name(given->type));
  }
  MS_TRY(ms_value_load(graph, given));
  exponent = ms_graph_add_value(graph, given);
  MS_TRY(MS_HAS_MEMORY(exponent));
  exponent->type = base->type;
  exponent->is_constant = true;
  MS_TRY(ms_value_allocate(graph, exponent));
  for (size_t i = 0; i < given->count; i++) {
    double number = is_float ? (double)ms_floats(given)[i] : (double)ms_integers(given)[i];
    if (ms_type_is_float(base->type)) {
      ms_floats(exponent)[i] = (float)number;
    } else if (fabs(number) < 1024 && number == floor(number)) {
      ms_integers(exponent)[i] = (int64_t)number;
    } else {
      return ms_node_fail(graph, node, MS_ERR_UNSUPPORTED, "integers to the power of %g", number);
    }
  }
  ms_node_set_input(node, 1, exponent);
  return MS_OK;
}

/* Mod, of integers only: the remainder has the divisor's sign. */
static ms_status check_modulo(ms_graph *graph, const ms_node *node) {
  bool truncates = false;
  MS_TRY(ms_node_flag(graph, node, "fmod", false, &truncates));
  if (truncates || ms_type_is_float(node->inputs[0]->type)) {
    return ms_node_fail(graph, node, MS_ERR_UNSUPPORTED, "a remainder with the dividend's sign");
  }
  return MS_OK;
}

ms_status ms_infer_binary(ms_graph *graph, ms_node *node) {
  for (size_t i = 0; i < node->input_count; i++) {
    if (node->inputs[i] == NULL) {
      return ms_node_fail(graph, node, MS_ERR_FORMAT, "its input %zu is left out", i);
    }
  }
  if (node->op->variant == MS_BINARY_PRELU) {
    MS_TRY(ms_node_expect_float(graph, node, 0));
  } else if (node->op->variant == MS_BINARY_POWER) {
    MS_TRY(match_exponent(graph, node));
  } else if (node->op->variant == MS_BINARY_MODULO) {
    MS_TRY(check_modulo(graph, node));
  }
  if (node->input_count == 1) {
    ms_node_replace_output(node, node->inputs[0]);
    return MS_OK;
  }
  return infer_broadcast(graph, node, 0, node->inputs[0]->type);
}

/* Modulo 2^64; towards zero where the exponent is negative. */
static int64_t integer_power(int64_t base, int64_t exponent) {
  uint64_t result = 1;
  if (exponent < 0) {
    if (base != 1 && base != -1) {
      return 0;
    }
    exponent = exponent % 2 != 0;
  }
  for (uint64_t factor = (uint64_t)base; exponent > 0; exponent >>= 1) {
    result *= exponent % 2 != 0 ? factor : 1;
    factor *= factor;
  }
  return (int64_t)result;
}

/* b is not 0. */
static int64_t modulo(int64_t a, int64_t b) {
  int64_t rest = b == -1 ? 0 : a % b;
  return rest != 0 && (rest < 0) != (b < 0) ? rest + b : rest;
}

int64_t ms_integer_function(int function, int64_t a, int64_t b) {
  switch (function) {
  case MS_BINARY_ADD:
    return (int64_t)((uint64_t)a + (uint64_t)b);
  case MS_BINARY_SUBTRACT:
    return (int64_t)((uint64_t)a - (uint64_t)b);
  case MS_BINARY_MULTIPLY:
    return (int64_t)((uint64_t)a * (uint64_t)b);
  case MS_BINARY_DIVIDE:
    return b == -1 ? (int64_t)(0 - (uint64_t)a) : a / b;
  case MS_BINARY_MINIMUM:
    return a < b ? a : b;
  case MS_BINARY_MAXIMUM:
    return a > b ? a : b;
  case MS_BINARY_POWER:
    return integer_power(a, b);
  case MS_BINARY_MODULO:
    return modulo(a, b);
  default:
    return function & (a < b ? MS_LESS : a > b ? MS_GREATER : MS_EQUAL);
  }
}

/* Integers, and comparisons of floats, one after the other. */
static ms_status run_integers(const ms_run *run, int function, ms_value *y, const ms_value *a,
                              const ms_value *b, ms_loop *loop) {
  bool is_float = ms_type_is_float(a->type);
  bool divides = function == MS_BINARY_DIVIDE || function == MS_BINARY_MODULO;
  size_t last = loop->rank - 1;
  do {
    for (size_t i = 0; i < loop->dims[last]; i++) {
      int64_t result = 0;
      ptrdiff_t a_at = loop->offset[1] + (ptrdiff_t)i * loop->steps[1][last];
      ptrdiff_t b_at = loop->offset[2] + (ptrdiff_t)i * loop->steps[2][last];
      if (is_float) {
        float left = ms_floats(a)[a_at];
        float right = ms_floats(b)[b_at];
        result = function & ((left < right ? MS_LESS : 0) | (left == right ? MS_EQUAL : 0) |
                             (left > right ? MS_GREATER : 0));
      } else if (divides && ms_integers(b)[b_at] == 0) {
        return ms_fail(run->context, MS_ERR_DATA, "an integer is divided by zero");
      } else {
        result = ms_integer_function(function, ms_integers(a)[a_at], ms_integers(b)[b_at]);
      }
      ms_integers(y)[loop->offset[0] + (ptrdiff_t)i] = ms_integer_wrap(y->type, result);
    }
  } while (ms_loop_next(loop, last));
  return MS_OK;
}

/* Whether b is one short row for many rows of a and y that lie together. */
static bool repeats_row(const ms_loop *loop) {
  size_t last = loop->rank - 1;
  ptrdiff_t length = (ptrdiff_t)loop->dims[last];
  return loop->rank >= 2 && 2 * length <= PATTERN && loop->steps[0][last - 1] == length &&
         loop->steps[1][last - 1] == length && loop->steps[1][last] == 1 &&
         loop->steps[2][last - 1] == 0 && loop->steps[2][last] == 1;
}

static void run_repeated(const ms_run *run, int function, float *y, const float *a, const float *b,
                         size_t length, size_t rows) {
  float pattern[PATTERN];
  size_t block = PATTERN / length * length;
  for (size_t i = 0; i < block; i += length) {
    memcpy(pattern + i, b, length * sizeof *b);
  }
  for (size_t i = 0; i < length * rows; i += block) {
    size_t left = length * rows - i;
    run->kernels->binary((ms_binary)function, y + i, a + i, 1, pattern, 1,
                         left < block ? left : block);
  }
}

static ms_status run_floats(const ms_run *run, int function, ms_value *y, const ms_value *a,
                            const ms_value *b, ms_loop *loop) {
  size_t last = loop->rank - 1;
  bool repeats = repeats_row(loop); /* then the two last dimensions are done at once */
  do {
    float *to = ms_floats(y) + loop->offset[0];
    const float *left = ms_floats(a) + loop->offset[1];
    const float *right = ms_floats(b) + loop->offset[2];
    if (repeats) {
      run_repeated(run, function, to, left, right, loop->dims[last], loop->dims[last - 1]);
    } else {
      run->kernels->binary((ms_binary)function, to, left, (size_t)loop->steps[1][last], right,
                           (size_t)loop->steps[2][last], loop->dims[last]);
    }
  } while (ms_loop_next(loop, repeats ? last - 1 : last));
  return MS_OK;
}

ms_status ms_apply_binary(const ms_run *run, int function, ms_value *y, const ms_value *a,
                          const ms_value *b) {
  if (y->count == 0) {
    return MS_OK;
  }
  ms_loop loop = ms_loop_of(y);
  ms_loop_operand(&loop, 1, a);
  ms_loop_operand(&loop, 2, b);
  ms_loop_join(&loop);
  return (ms_type_is_float(y->type) ? run_floats : run_integers)(run, function, y, a, b, &loop);
}

void ms_apply_number(const ms_kernels *kernels, ms_binary function, float *y, const float *x,
                     float number, size_t count) {
  kernels->binary(function, y, x, 1, &number, 0, count);
}

ms_status ms_run_binary(const ms_run *run, const ms_node *node) {
  ms_value *y = node->outputs[0];
  const ms_value *a = node->inputs[0];
  for (size_t i = 1; i < node->input_count; i++) {
    MS_TRY(ms_apply_binary(run, node->op->variant, y, a, node->inputs[i]));
    a = y;
  }
  return MS_OK;
}

ms_status ms_infer_mean(ms_graph *graph, ms_node *node) {
  MS_TRY(ms_node_expect_float(graph, node, 0));
  return ms_infer_binary(graph, node);
}

ms_status ms_run_mean(const ms_run *run, const ms_node *node) {
  ms_value *y = node->outputs[0];
  MS_TRY(ms_run_binary(run, node));
  ms_apply_number(run->kernels, MS_BINARY_MULTIPLY, ms_floats(y), ms_floats(y),
                  1.0f / (float)node->input_count, y->count);
  return MS_OK;
}

ms_status ms_infer_compare(ms_graph *graph, ms_node *node) {
  return infer_broadcast(graph, node, 0, MS_TYPE_BOOL);
}

static ms_status expect_boolean(ms_graph *graph, const ms_node *node) {
  ms_type type = node->inputs[0]->type;
  return type == MS_TYPE_BOOL
             ? MS_OK
             : ms_node_fail(graph, node, MS_ERR_FORMAT, "its input 0 is of type %s, expected bool",
                            ms_type_name(type));
}

/* And, Or and Xor are comparisons of booleans, which are 0 or 1. */
ms_status ms_infer_logic(ms_graph *graph, ms_node *node) {
  MS_TRY(expect_boolean(graph, node));
  return ms_infer_compare(graph, node);
}

ms_status ms_run_compare(const ms_run *run, const ms_node *node) {
  return ms_apply_binary(run, node->op->variant, node->outputs[0], node->inputs[0],
                         node->inputs[1]);
}

ms_status ms_infer_not(ms_graph *graph, ms_node *node) {
  MS_TRY(expect_boolean(graph, node));
  return ms_infer_same(graph, node);
}

ms_status ms_run_not(const ms_run *run, const ms_node *node) {
  (void)run;
  for (size_t i = 0; i < node->inputs[0]->count; i++) {
    ms_integers(node->outputs[0])[i] = ms_integers(node->inputs[0])[i] == 0;
  }
  return MS_OK;
}

ms_status ms_infer_where(ms_graph *graph, ms_node *node) {
  MS_TRY(expect_boolean(graph, node));
  return infer_broadcast(graph, node, 1, node->inputs[1]->type);
}

ms_status ms_run_where(const ms_run *run, const ms_node *node) {
  (void)run;
  ms_value *y = node->outputs[0];
  if (y->count == 0) {
    return MS_OK;
  }
  ms_loop loop = ms_loop_of(y);
  for (size_t k = 0; k < 3; k++) {
    ms_loop_operand(&loop, 1 + k, node->inputs[k]);
  }
  ms_loop_join(&loop);
  size_t last = loop.rank - 1;
  bool is_float = ms_type_is_float(y->type);
  do {
    for (size_t i = 0; i < loop.dims[last]; i++) {
      ptrdiff_t at = (ptrdiff_t)i;
      ptrdiff_t to = loop.offset[0] + at;
      bool first = ms_integers(node->inputs[0])[loop.offset[1] + at * loop.steps[1][last]] != 0;
      size_t k = first ? 2 : 3;
      ptrdiff_t from = loop.offset[k] + at * loop.steps[k][last];
      if (is_float) {
        ms_floats(y)[to] = ms_floats(node->inputs[k - 1])[from];
      } else {
        ms_integers(y)[to] = ms_integers(node->inputs[k - 1])[from];
      }
    }
  } while (ms_loop_next(&loop, last));
  return MS_OK;
}
