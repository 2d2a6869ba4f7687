/* The operators' functions, for the table in op_table.c, and states that the fuse pass looks into.
 */
#ifndef MS_NN_OPS_H
#define MS_NN_OPS_H

#include "nn/graph.h"

/*
 * What the fuse pass adds to a product (Conv, ConvTranspose, Gemm, MatMul): y = clamp(product scale
 * + shift + residual, low, high). The residual is the node's input MS_INPUT_RESIDUAL.
 */
typedef struct ms_fused {
  const float *scale; /* [columns] or NULL */
  const float *shift; /* [columns] or NULL */
  float low;
  float high;
} ms_fused;

enum { MS_INPUT_RESIDUAL = 3, MS_INPUT_COUNT_FUSED = 4 };

/* The first member of the state of every product. */
typedef struct ms_product {
  ms_fused fused;
  size_t columns;   /* filters of a convolution */
  bool can_fuse;    /* weights and bias are constant, so that scale and shift can go into them */
  size_t bias_axis; /* the axis of the output that the columns are on */
} ms_product;

/* Element-wise functions of one argument: the state of every row with variant ms_unary. */
typedef struct ms_unary_state {
  ms_unary function;
  float alpha;
  float beta;
} ms_unary_state;

#define MS_OP_FUNCTIONS(name)                                                                      \
  ms_status ms_infer_##name(ms_graph *graph, ms_node *node);                                       \
  ms_status ms_run_##name(const ms_run *run, const ms_node *node)

/* A variant of ms_infer_binary's rows that no kernel has. */
enum { MS_BINARY_MODULO = MS_BINARY_COUNT };

/* y = function(a, b) with broadcasting; y may be a where that has y's shape. */
ms_status ms_apply_binary(const ms_run *run, ms_binary function, ms_value *y, const ms_value *a,
                          const ms_value *b);

/* The state of BatchNormalization: y = x scale + shift per channel. */
typedef struct ms_affine {
  const float *scale; /* [channels]; NULL: computed in every run */
  const float *shift;
  float epsilon;
} ms_affine;

/* What ms_infer_compare's rows do. */
typedef enum ms_compare {
  MS_COMPARE_EQUAL,
  MS_COMPARE_LESS,
  MS_COMPARE_LESS_OR_EQUAL,
  MS_COMPARE_GREATER,
  MS_COMPARE_GREATER_OR_EQUAL,
  MS_COMPARE_AND, /* from here on only of booleans */
  MS_COMPARE_OR,
  MS_COMPARE_XOR
} ms_compare;

/* What ms_infer_reduce's rows do. */
typedef enum ms_reduce {
  MS_REDUCE_SUM,
  MS_REDUCE_MAXIMUM,
  MS_REDUCE_MINIMUM,
  MS_REDUCE_PRODUCT, /* up to here of integers, too */
  MS_REDUCE_MEAN,
  MS_REDUCE_L1,
  MS_REDUCE_L2,
  MS_REDUCE_SUM_SQUARE,
  MS_REDUCE_LOG_SUM,
  MS_REDUCE_LOG_SUM_EXP
} ms_reduce;

MS_OP_FUNCTIONS(conv);
ms_status ms_prepare_conv(ms_graph *graph, ms_node *node);
/* Makes zeros before and behind an image of a shape part of a convolution's padding. */
void ms_conv_absorb_pad(ms_node *node, const ms_shape *image, const size_t *before);
MS_OP_FUNCTIONS(pool);
ms_status ms_prepare_pool(ms_graph *graph, ms_node *node);
MS_OP_FUNCTIONS(global_pool);
MS_OP_FUNCTIONS(unary);
MS_OP_FUNCTIONS(clip);
MS_OP_FUNCTIONS(cast);
MS_OP_FUNCTIONS(binary);
MS_OP_FUNCTIONS(mean);
MS_OP_FUNCTIONS(compare);
MS_OP_FUNCTIONS(not );
MS_OP_FUNCTIONS(where);
MS_OP_FUNCTIONS(concat);
MS_OP_FUNCTIONS(split);
MS_OP_FUNCTIONS(slice);
MS_OP_FUNCTIONS(pad);
ms_status ms_prepare_pad(ms_graph *graph, ms_node *node);
/* Whether a Pad only puts zeros around images; before receives how many per axis. */
bool ms_pad_is_spatial_zero(const ms_node *node, size_t before[MS_MAX_RANK]);
MS_OP_FUNCTIONS(transpose);
/* Whether a Transpose, with the layouts that its values have, moves nothing in memory. */
bool ms_transpose_is_view(const ms_node *node);
/* Whether a Transpose only swaps axes 1 and 2. */
bool ms_transpose_swaps_channels(const ms_node *node);
MS_OP_FUNCTIONS(shuffle);
MS_OP_FUNCTIONS(expand);
MS_OP_FUNCTIONS(tile);
MS_OP_FUNCTIONS(gather);
MS_OP_FUNCTIONS(scatter);
MS_OP_FUNCTIONS(depth_to_space);
MS_OP_FUNCTIONS(layout);
MS_OP_FUNCTIONS(matmul);
MS_OP_FUNCTIONS(gemm);
MS_OP_FUNCTIONS(batch_norm);
ms_status ms_prepare_batch_norm(ms_graph *graph, ms_node *node);
MS_OP_FUNCTIONS(layer_norm);
ms_status ms_prepare_layer_norm(ms_graph *graph, ms_node *node);
MS_OP_FUNCTIONS(group_norm);
MS_OP_FUNCTIONS(lrn);
ms_status ms_prepare_lrn(ms_graph *graph, ms_node *node);
MS_OP_FUNCTIONS(reduce);
/* Whether a node is a mean over the last axis that keeps the axis. */
bool ms_reduce_is_last_mean(const ms_node *node);
ms_status ms_prepare_reduce(ms_graph *graph, ms_node *node);
MS_OP_FUNCTIONS(softmax);
ms_status ms_prepare_softmax(ms_graph *graph, ms_node *node);
MS_OP_FUNCTIONS(resize);
ms_status ms_prepare_resize(ms_graph *graph, ms_node *node);
MS_OP_FUNCTIONS(quantize);
MS_OP_FUNCTIONS(dequantize);
MS_OP_FUNCTIONS(gelu);
MS_OP_FUNCTIONS(range);
ms_status ms_infer_identity(ms_graph *graph, ms_node *node);
ms_status ms_infer_dropout(ms_graph *graph, ms_node *node);
ms_status ms_infer_reshape(ms_graph *graph, ms_node *node);
ms_status ms_infer_flatten(ms_graph *graph, ms_node *node);
ms_status ms_infer_squeeze(ms_graph *graph, ms_node *node);
ms_status ms_infer_unsqueeze(ms_graph *graph, ms_node *node);
ms_status ms_infer_shape(ms_graph *graph, ms_node *node);
ms_status ms_infer_size(ms_graph *graph, ms_node *node);
ms_status ms_infer_constant(ms_graph *graph, ms_node *node);
ms_status ms_infer_constant_of_shape(ms_graph *graph, ms_node *node);
/* Sizes of a file as a shape. */
ms_status ms_sizes_to_shape(ms_graph *graph, const ms_node *node, const int64_t *sizes, size_t rank,
                            ms_shape *shape);
/* Whether a node is Conv, ConvTranspose, Gemm or MatMul, with an ms_product as state. */
bool ms_node_is_product(const ms_node *node);
/* Whether a product can add a tensor of its output's shape. */
bool ms_product_takes_residual(const ms_node *node);
ms_status ms_prepare_dense(ms_graph *graph, ms_node *node);

#endif
