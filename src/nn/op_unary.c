/*
 * Element-wise functions of one argument, Cast among them. Floats go through the kernel table;
 * integers, which occur in shape arithmetic only, have plain loops.
 */
#include <math.h>
#include <string.h>

#include "nn/ops.h"

/* Attribute defaults of a function, as ONNX gives them. */
static ms_status read_parameters(ms_graph *graph, const ms_node *node, ms_unary_state *state) {
  const char *second = "beta";
  float alpha = 1.0f;
  float beta = 0.0f;
  switch (state->function) {
  case MS_UNARY_LEAKY_RELU:
    alpha = 0.01f;
    break;
  case MS_UNARY_HARD_SIGMOID:
    alpha = 0.2f;
    beta = 0.5f;
    break;
  case MS_UNARY_SELU:
    alpha = 1.67326319217681884765625f;
    beta = 1.05070102214813232421875f;
    second = "gamma";
    break;
  default:
    break;
  }
  MS_TRY(ms_node_float(graph, node, "alpha", alpha, &state->alpha));
  return ms_node_float(graph, node, second, beta, &state->beta);
}

ms_status ms_infer_unary(ms_graph *graph, ms_node *node) {
  MS_TRY(ms_node_state(graph, node, sizeof(ms_unary_state)));
  ms_unary_state *state = node->state;
  state->function = (ms_unary)node->op->variant;
  if (state->function == MS_UNARY_CLAMP) { /* Relu */
    state->beta = INFINITY;
    state->high = INT64_MAX;
  } else {
    MS_TRY(read_parameters(graph, node, state));
  }
  if (state->function != MS_UNARY_CLAMP && state->function != MS_UNARY_ABS &&
      state->function != MS_UNARY_NEGATE) { /* which integers have, too */
    MS_TRY(ms_node_expect_float(graph, node, 0));
  }
  return ms_infer_same(graph, node);
}

static int64_t apply_integer(const ms_unary_state *state, int64_t x) {
  if (state->function == MS_UNARY_CLAMP) {
    return x < state->low ? state->low : x > state->high ? state->high : x;
  }
  return state->function == MS_UNARY_ABS && x >= 0 ? x : (int64_t)(0 - (uint64_t)x);
}

ms_status ms_run_unary(const ms_run *run, const ms_node *node) {
  const ms_unary_state *state = node->state;
  const ms_value *x = node->inputs[0];
  ms_value *y = node->outputs[0];
  if (ms_type_is_float(x->type)) {
    run->kernels->unary(state->function, ms_floats(y), ms_floats(x), x->count, state->alpha,
                        state->beta);
    return MS_OK;
  }
  for (size_t i = 0; i < x->count; i++) {
    ms_integers(y)[i] = ms_integer_wrap(y->type, apply_integer(state, ms_integers(x)[i]));
  }
  return MS_OK;
}

ms_status ms_infer_clip(ms_graph *graph, ms_node *node) {
  MS_TRY(ms_node_state(graph, node, sizeof(ms_unary_state)));
  ms_unary_state *state = node->state;
  *state = (ms_unary_state){MS_UNARY_CLAMP, -INFINITY, INFINITY, INT64_MIN, INT64_MAX};
  if (graph->opset < 11) {
    MS_TRY(ms_node_float(graph, node, "min", -INFINITY, &state->alpha));
    MS_TRY(ms_node_float(graph, node, "max", INFINITY, &state->beta));
  } else {
    MS_TRY(ms_node_constant_number(graph, node, 1, &state->alpha, &state->low));
    MS_TRY(ms_node_constant_number(graph, node, 2, &state->beta, &state->high));
  }
  ms_node_keep_inputs(node, 1);
  return ms_infer_same(graph, node);
}

ms_status ms_run_clip(const ms_run *run, const ms_node *node) {
  return ms_run_unary(run, node);
}

/* Towards zero, with the ends of the range for what is beyond them; 0 for NaN. */
static int64_t float_to_integer(float value) {
  if (value != value) {
    return 0;
  }
  if (value >= 9223372036854775808.0f) {
    return INT64_MAX;
  }
  return value < -9223372036854775808.0f ? INT64_MIN : (int64_t)value;
}

/* Rounds to half precision and back: to the nearest even, beyond the range to infinity. */
static float round_to_half(float value) {
  uint32_t bits = 0;
  float power = 0;
  float magnitude = fabsf(value);
  if (!(magnitude < 65520.0f)) {
    return value != value ? value : copysignf(INFINITY, value);
  }
  /* The sum with 2^13 times the power of two below is rounded to the bits that a half has. */
  memcpy(&bits, &magnitude, sizeof bits);
  bits &= 0x7f800000u;
  memcpy(&power, &bits, sizeof power);
  power = power < 6.103515625e-05f ? 0.5f : power * 8192.0f; /* subnormal halves are even */
  float rounded = (magnitude + power) - power;
  return copysignf(rounded, value);
}

/* CastLike takes the type from its second input. */
static ms_status target_type(ms_graph *graph, ms_node *node, ms_type *type) {
  int64_t to = 0;
  if (node->op->variant != 0) {
    *type = node->inputs[1]->type;
    ms_node_keep_inputs(node, 1);
    return MS_OK;
  }
  MS_TRY(ms_node_integer(graph, node, "to", 0, &to));
  if (to < 1 || to > 99 || ms_type_size((ms_type)to) == 0) {
    return ms_node_fail(graph, node, MS_ERR_UNSUPPORTED, "a cast to type %lld", (long long)to);
  }
  *type = (ms_type)to;
  return MS_OK;
}

ms_status ms_infer_cast(ms_graph *graph, ms_node *node) {
  ms_value *x = node->inputs[0];
  ms_value *y = node->outputs[0];
  ms_type type = MS_TYPE_NONE;
  MS_TRY(target_type(graph, node, &type));
  bool keeps_numbers = x->type == type || (ms_type_is_float(x->type) &&
                                           (type == MS_TYPE_FLOAT || type == MS_TYPE_DOUBLE));
  MS_TRY(ms_set_output(graph, node, type, &x->shape));
  if (!keeps_numbers) {
    return MS_OK;
  }
  if (x->is_constant && x->data == NULL) { /* decoded to the wider type when it is needed */
    y->is_constant = true;
    y->tensor = x->tensor;
    return MS_OK;
  }
  if (x->type == type) {
    ms_node_replace_output(node, x);
  }
  return MS_OK;
}

ms_status ms_run_cast(const ms_run *run, const ms_node *node) {
  (void)run;
  const ms_value *x = node->inputs[0];
  ms_value *y = node->outputs[0];
  bool from_float = ms_type_is_float(x->type);
  bool to_float = ms_type_is_float(y->type);
  for (size_t i = 0; i < x->count; i++) {
    float value = from_float ? ms_floats(x)[i] : (float)ms_integers(x)[i];
    if (to_float) {
      bool rounds = from_float && y->type == MS_TYPE_FLOAT16;
      ms_floats(y)[i] = rounds ? round_to_half(value) : value;
      continue;
    }
    int64_t integer = from_float ? float_to_integer(value) : ms_integers(x)[i];
    if (from_float && y->type == MS_TYPE_BOOL) {
      integer = value != 0.0f;
    }
    ms_integers(y)[i] = ms_integer_wrap(y->type, integer);
  }
  return MS_OK;
}

ms_status ms_infer_gelu(ms_graph *graph, ms_node *node) {
  size_t approximate = 0;
  MS_TRY(ms_float_state(graph, node, sizeof(ms_unary_state)));
  ms_unary_state *state = node->state;
  MS_TRY(ms_node_word(graph, node, "approximate", "none tanh", &approximate));
  state->function = approximate == 0 ? MS_UNARY_GELU : MS_UNARY_TANH;
  return ms_infer_same(graph, node);
}

/* x (1 + tanh(sqrt(2 / pi) (x + 0.044715 x^3))) / 2, for at most 256 numbers. */
static void gelu_by_tanh(const ms_kernels *kernels, float *y, const float *x, size_t count) {
  float inner[256];
  for (size_t i = 0; i < count; i++) {
    inner[i] = 0.7978845608f * (x[i] + 0.044715f * x[i] * x[i] * x[i]);
  }
  kernels->unary(MS_UNARY_TANH, inner, inner, count, 0, 0);
  for (size_t i = 0; i < count; i++) {
    y[i] = 0.5f * x[i] * (1.0f + inner[i]);
  }
}

ms_status ms_run_gelu(const ms_run *run, const ms_node *node) {
  const ms_unary_state *state = node->state;
  size_t count = node->inputs[0]->count;
  if (state->function == MS_UNARY_GELU) {
    return ms_run_unary(run, node);
  }
  for (size_t i = 0; i < count; i += 256) {
    gelu_by_tanh(run->kernels, ms_floats(node->outputs[0]) + i, ms_floats(node->inputs[0]) + i,
                 count - i < 256 ? count - i : 256);
  }
  return MS_OK;
}
