/*
 * The operator table. Adding an operator is one row here, its functions in an op_ file, and their
 * declaration in ops.h. A row holds from its opset on, until a later row of the same name, which is
 * below it.
 */
#include <string.h>

#include "nn/ops.h"

enum {
  ANY = 255,
  INTERNAL = 255, /* above the opset of any file that loads */
  PLANAR = MS_LAYOUT_PLANAR,
  LAST = MS_LAYOUT_LAST,
  FOLLOW = MS_LAYOUT_FOLLOW,
  RESHAPE = MS_LAYOUT_RESHAPE,
  TRANSPOSE = MS_LAYOUT_TRANSPOSE,
  IN_PLACE = MS_OP_IN_PLACE,
  VIEW = MS_OP_VIEW
};

#define UNARY(name, since, function)                                                               \
  { name, since, 1, 1, 1, FOLLOW, IN_PLACE, function, ms_infer_unary, NULL, ms_run_unary }
#define BINARY(name, since, function)                                                              \
  { name, since, 2, 2, 1, FOLLOW, IN_PLACE, function, ms_infer_binary, NULL, ms_run_binary }
#define VARIADIC(name, since, function)                                                            \
  { name, since, 1, ANY, 1, FOLLOW, IN_PLACE, function, ms_infer_binary, NULL, ms_run_binary }
#define REDUCE(name, since, function)                                                              \
  { name, since, 1, 2, 1, FOLLOW, 0, function, ms_infer_reduce, ms_prepare_reduce, ms_run_reduce }
#define COMPARE(name, since, function)                                                             \
  { name, since, 2, 2, 1, FOLLOW, 0, function, ms_infer_compare, NULL, ms_run_compare }
#define LOGIC(name, function)                                                                      \
  { name, 7, 2, 2, 1, FOLLOW, 0, function, ms_infer_logic, NULL, ms_run_compare }

/* Name, first opset, inputs at least and at most, outputs at most, layout, flags, variant. */
static const ms_op operators[] = {
    UNARY("Abs", 6, MS_UNARY_ABS),
    BINARY("Add", 7, MS_BINARY_ADD),
    LOGIC("And", MS_BINARY_MINIMUM),
    {"AveragePool", 1, 1, 1, 1, LAST, 0, MS_POOL_MEAN, ms_infer_pool, ms_prepare_pool, ms_run_pool},
    {"BatchNormalization", 7, 5, 5, 1, FOLLOW, IN_PLACE, 0, ms_infer_batch_norm,
     ms_prepare_batch_norm, ms_run_batch_norm},
    {"Cast", 6, 1, 1, 1, FOLLOW, 0, 0, ms_infer_cast, NULL, ms_run_cast},
    {"CastLike", 15, 2, 2, 1, FOLLOW, 0, 1, ms_infer_cast, NULL, ms_run_cast},
    UNARY("Ceil", 6, MS_UNARY_CEIL),
    {"Clip", 6, 1, 3, 1, FOLLOW, IN_PLACE, 0, ms_infer_clip, NULL, ms_run_clip},
    {"Concat", 4, 1, ANY, 1, FOLLOW, 0, 0, ms_infer_concat, NULL, ms_run_concat},
    {"Constant", 1, 0, 0, 1, PLANAR, 0, 0, ms_infer_constant, NULL, NULL},
    {"ConstantOfShape", 9, 1, 1, 1, PLANAR, 0, 0, ms_infer_constant_of_shape, NULL, NULL},
    {"Conv", 1, 2, 3, 1, LAST, 0, 0, ms_infer_conv, ms_prepare_conv, ms_run_conv},
    {"ConvTranspose", 1, 2, 3, 1, LAST, 0, 1, ms_infer_conv, ms_prepare_conv, ms_run_conv},
    {"DepthToSpace", 1, 1, 1, 1, FOLLOW, 0, 0, ms_infer_depth_to_space, NULL,
     ms_run_depth_to_space},
    {"DequantizeLinear", 10, 2, 3, 1, FOLLOW, 0, 0, ms_infer_dequantize, NULL, ms_run_dequantize},
    BINARY("Div", 7, MS_BINARY_DIVIDE),
    {"Dropout", 7, 1, 3, 2, FOLLOW, 0, 0, ms_infer_dropout, NULL, NULL},
    UNARY("Elu", 6, MS_UNARY_ELU),
    COMPARE("Equal", 7, MS_EQUAL),
    UNARY("Erf", 9, MS_UNARY_ERF),
    UNARY("Exp", 6, MS_UNARY_EXP),
    {"Expand", 8, 2, 2, 1, PLANAR, 0, 0, ms_infer_expand, NULL, ms_run_copy},
    {"Flatten", 1, 1, 1, 1, RESHAPE, VIEW, 0, ms_infer_flatten, NULL, NULL},
    UNARY("Floor", 6, MS_UNARY_FLOOR),
    {"Gather", 1, 2, 2, 1, PLANAR, 0, 0, ms_infer_gather, NULL, ms_run_gather},
    {"Gelu", 20, 1, 1, 1, FOLLOW, IN_PLACE, 0, ms_infer_gelu, NULL, ms_run_gelu},
    {"Gemm", 7, 2, 3, 1, PLANAR, 0, 1, ms_infer_gemm, ms_prepare_dense, ms_run_gemm},
    {"GlobalAveragePool", 1, 1, 1, 1, LAST, 0, MS_POOL_GLOBAL | MS_POOL_MEAN, ms_infer_pool,
     ms_prepare_pool, ms_run_pool},
    {"GlobalMaxPool", 1, 1, 1, 1, LAST, 0, MS_POOL_GLOBAL, ms_infer_pool, ms_prepare_pool,
     ms_run_pool},
    COMPARE("Greater", 7, MS_GREATER),
    COMPARE("GreaterOrEqual", 12, MS_GREATER | MS_EQUAL),
    {"GroupNormalization", 18, 3, 3, 1, PLANAR, IN_PLACE, 1, ms_infer_group_norm, NULL,
     ms_run_group_norm},
    {"GroupNormalization", 21, 3, 3, 1, PLANAR, IN_PLACE, 0, ms_infer_group_norm, NULL,
     ms_run_group_norm},
    UNARY("HardSigmoid", 6, MS_UNARY_HARD_SIGMOID),
    UNARY("HardSwish", 14, MS_UNARY_HARD_SWISH),
    {"Identity", 1, 1, 1, 1, FOLLOW, 0, 0, ms_infer_identity, NULL, NULL},
    {"InstanceNormalization", 6, 3, 3, 1, PLANAR, IN_PLACE, 0, ms_infer_group_norm, NULL,
     ms_run_group_norm},
    {"LRN", 1, 1, 1, 1, LAST, 0, 0, ms_infer_lrn, ms_prepare_lrn, ms_run_lrn},
    {"LayerNormalization", 17, 2, 3, 3, PLANAR, IN_PLACE, 0, ms_infer_layer_norm, NULL,
     ms_run_layer_norm},
    UNARY("LeakyRelu", 6, MS_UNARY_LEAKY_RELU),
    COMPARE("Less", 7, MS_LESS),
    COMPARE("LessOrEqual", 12, MS_LESS | MS_EQUAL),
    UNARY("Log", 6, MS_UNARY_LOG),
    {"LogSoftmax", 1, 1, 1, 1, FOLLOW, IN_PLACE, 1, ms_infer_softmax, ms_prepare_softmax,
     ms_run_softmax},
    {"MatMul", 1, 2, 2, 1, PLANAR, 0, 0, ms_infer_matmul, ms_prepare_dense, ms_run_matmul},
    VARIADIC("Max", 6, MS_BINARY_MAXIMUM),
    {"MaxPool", 1, 1, 1, 1, LAST, 0, 0, ms_infer_pool, ms_prepare_pool, ms_run_pool},
    {"Mean", 6, 1, ANY, 1, FOLLOW, IN_PLACE, MS_BINARY_ADD, ms_infer_mean, NULL, ms_run_mean},
    VARIADIC("Min", 6, MS_BINARY_MINIMUM),
    BINARY("Mod", 10, MS_BINARY_MODULO),
    BINARY("Mul", 7, MS_BINARY_MULTIPLY),
    UNARY("Neg", 6, MS_UNARY_NEGATE),
    {"Not", 1, 1, 1, 1, FOLLOW, 0, 0, ms_infer_not, NULL, ms_run_not},
    LOGIC("Or", MS_BINARY_MAXIMUM),
    BINARY("PRelu", 7, MS_BINARY_PRELU),
    {"Pad", 2, 1, 4, 1, FOLLOW, 0, 0, ms_infer_pad, ms_prepare_resize, ms_run_pad},
    BINARY("Pow", 7, MS_BINARY_POWER),
    {"QuantizeLinear", 10, 2, 3, 1, FOLLOW, 0, 0, ms_infer_quantize, NULL, ms_run_quantize},
    {"Range", 11, 3, 3, 1, PLANAR, 0, 0, ms_infer_range, NULL, ms_run_range},
    UNARY("Reciprocal", 6, MS_UNARY_RECIPROCAL),
    REDUCE("ReduceL1", 1, MS_REDUCE_L1),
    REDUCE("ReduceL2", 1, MS_REDUCE_L2),
    REDUCE("ReduceLogSum", 1, MS_REDUCE_LOG_SUM),
    REDUCE("ReduceLogSumExp", 1, MS_REDUCE_LOG_SUM_EXP),
    REDUCE("ReduceMax", 1, MS_REDUCE_MAXIMUM),
    REDUCE("ReduceMean", 1, MS_REDUCE_MEAN),
    REDUCE("ReduceMin", 1, MS_REDUCE_MINIMUM),
    REDUCE("ReduceProd", 1, MS_REDUCE_PRODUCT),
    REDUCE("ReduceSum", 1, MS_REDUCE_SUM),
    REDUCE("ReduceSumSquare", 1, MS_REDUCE_SUM_SQUARE),
    UNARY("Relu", 6, MS_UNARY_CLAMP),
    {"Reshape", 5, 2, 2, 1, RESHAPE, VIEW, 0, ms_infer_reshape, NULL, NULL},
    {"Resize", 10, 1, 4, 1, FOLLOW, 0, 0, ms_infer_resize, ms_prepare_resize, ms_run_resize},
    {"ScatterND", 11, 3, 3, 1, PLANAR, 0, 0, ms_infer_scatter, NULL, ms_run_scatter},
    UNARY("Selu", 6, MS_UNARY_SELU),
    {"Shape", 1, 1, 1, 1, PLANAR, 0, 0, ms_infer_shape, NULL, NULL},
    UNARY("Sigmoid", 6, MS_UNARY_SIGMOID),
    {"Size", 1, 1, 1, 1, PLANAR, 0, 0, ms_infer_size, NULL, NULL},
    {"Slice", 1, 1, 5, 1, FOLLOW, 0, 0, ms_infer_slice, NULL, ms_run_slice},
    {"Softmax", 1, 1, 1, 1, FOLLOW, IN_PLACE, 0, ms_infer_softmax, ms_prepare_softmax,
     ms_run_softmax},
    UNARY("Softplus", 1, MS_UNARY_SOFTPLUS),
    {"SpaceToDepth", 1, 1, 1, 1, FOLLOW, 0, 1, ms_infer_depth_to_space, NULL,
     ms_run_depth_to_space},
    {"Split", 2, 1, 2, ANY, FOLLOW, 0, 0, ms_infer_split, NULL, ms_run_split},
    UNARY("Sqrt", 6, MS_UNARY_SQRT),
    {"Squeeze", 1, 1, 2, 1, RESHAPE, VIEW, 0, ms_infer_squeeze, NULL, NULL},
    BINARY("Sub", 7, MS_BINARY_SUBTRACT),
    VARIADIC("Sum", 6, MS_BINARY_ADD),
    UNARY("Tanh", 6, MS_UNARY_TANH),
    {"Tile", 6, 2, 2, 1, PLANAR, 0, 0, ms_infer_tile, NULL, ms_run_tile},
    {"Transpose", 1, 1, 1, 1, TRANSPOSE, 0, 0, ms_infer_transpose, NULL, ms_run_transpose},
    {"Unsqueeze", 1, 1, 2, 1, RESHAPE, VIEW, 0, ms_infer_unsqueeze, NULL, NULL},
    {"Upsample", 7, 1, 2, 1, FOLLOW, 0, 1, ms_infer_resize, ms_prepare_resize, ms_run_resize},
    {"Where", 9, 3, 3, 1, FOLLOW, 0, 0, ms_infer_where, NULL, ms_run_where},
    LOGIC("Xor", MS_LESS | MS_GREATER),
    /* What only this library puts into a graph. */
    {"Input", INTERNAL, 0, 0, 1, PLANAR, 0, 0, NULL, NULL, NULL},
    {"Layout", INTERNAL, 1, 1, 1, PLANAR, 0, 0, ms_infer_same, NULL, ms_run_copy},
    {"View", INTERNAL, 1, 1, 1, PLANAR, VIEW, 0, NULL, NULL, NULL},
    {"ChannelShuffle", INTERNAL, 1, 1, 1, FOLLOW, 0, 0, ms_infer_shuffle, NULL, ms_run_shuffle},
    UNARY("Silu", INTERNAL, MS_UNARY_SILU),
};

const ms_op *ms_op_find(const ms_text *name, int64_t opset) {
  const ms_op *found = NULL;
  for (size_t i = 0; i < sizeof operators / sizeof *operators; i++) {
    if (operators[i].since <= opset && ms_text_is(name, operators[i].name)) {
      found = &operators[i];
    }
  }
  return found;
}

const ms_op *ms_op_internal(const char *name) {
  return ms_op_find(&(ms_text){name, strlen(name)}, INTERNAL);
}
