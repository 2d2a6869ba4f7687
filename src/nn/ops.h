/* The operators' functions, for the table in op_table.c, and states that the fuse pass looks into.
 */
#ifndef MS_NN_OPS_H
#define MS_NN_OPS_H

#include "nn/graph.h"
#include "nn/window.h"

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

/* The first member of the state of every product. */
typedef struct ms_product {
  ms_fused fused;
  size_t columns;   /* filters of a convolution */
  bool can_fuse;    /* weights and bias are constant, so that scale and shift can go into them */
  size_t bias_axis; /* the axis of the output that the columns are on */
  float alpha;      /* Gemm's factors of the product */
  float beta;       /* and of the bias */
  float *packed;    /* weights and bias; NULL: packed in every run */
  size_t packed_offset; /* into this place in the scratch memory */
} ms_product;

/* Packs weights and a bias, which may be NULL, for a product's state. */
typedef void (*ms_pack_product)(const void *state, const float *weights, const float *bias,
                                float *packed);

/* Element-wise functions of one argument: the state of every row with variant ms_unary. */
typedef struct ms_unary_state {
  ms_unary function;
  float alpha;
  float beta;
  int64_t low; /* what integers are clamped to */
  int64_t high;
} ms_unary_state;

/* Gives output 0 its type and shape. */
MS_CHECK_RESULT ms_status ms_set_output(ms_graph *graph, const ms_node *node, ms_type type,
                                        const ms_shape *shape);
/* Keeps input 0 only; output 0 is that, or has its type and another shape. */
MS_CHECK_RESULT ms_status ms_set_shape(ms_graph *graph, ms_node *node, const ms_shape *shape);
/* Fails with MS_ERR_LIMIT: sizes of the node do not fit into a size_t. */
MS_CHECK_RESULT ms_status ms_node_too_large(ms_graph *graph, const ms_node *node);
/* An attribute that is 0 or not. */
MS_CHECK_RESULT ms_status ms_node_flag(ms_graph *graph, const ms_node *node, const char *name,
                                       bool otherwise, bool *flag);
/* The attribute that is a number of groups, which channels are divided into evenly. */
MS_CHECK_RESULT ms_status ms_node_groups(ms_graph *graph, const ms_node *node, const char *name,
                                         int64_t otherwise, size_t channels, size_t *groups);
/* State of an operator whose inputs all are of float types. */
MS_CHECK_RESULT ms_status ms_float_state(ms_graph *graph, ms_node *node, size_t size);

#define MS_OP_FUNCTIONS(name)                                                                      \
  ms_status ms_infer_##name(ms_graph *graph, ms_node *node);                                       \
  ms_status ms_run_##name(const ms_run *run, const ms_node *node)

/*
 * Functions of two arguments that no kernel has: Mod, of integers only, and comparisons, each of
 * which is a set of the relations that it holds for. A NaN has none of them to anything.
 */
enum { MS_BINARY_MODULO = MS_BINARY_COUNT, MS_LESS = 16, MS_EQUAL = 32, MS_GREATER = 64 };

/*
 * y = function(a, b) with broadcasting, the function being an ms_binary or one of those above; y
 * may be a where that has y's shape.
 */
ms_status ms_apply_binary(const ms_run *run, int function, ms_value *y, const ms_value *a,
                          const ms_value *b);

/* y[i] = function(x[i], number); y may be x. */
void ms_apply_number(const ms_kernels *kernels, ms_binary function, float *y, const float *x,
                     float number, size_t count);
/* A function of two integers, where a comparison gives 0 or not; no divisor is 0. */
int64_t ms_integer_function(int function, int64_t a, int64_t b);

/* The state of BatchNormalization: y = x scale + shift per channel. */
typedef struct ms_affine {
  const float *scale; /* [channels]; NULL: computed in every run */
  const float *shift;
  float epsilon;
} ms_affine;

/* What ms_infer_reduce's rows do. */
typedef enum ms_reduce {
  MS_REDUCE_SUM = MS_BINARY_ADD,
  MS_REDUCE_PRODUCT = MS_BINARY_MULTIPLY,
  MS_REDUCE_MINIMUM = MS_BINARY_MINIMUM,
  MS_REDUCE_MAXIMUM = MS_BINARY_MAXIMUM, /* up to here of integers, too */
  MS_REDUCE_MEAN,
  MS_REDUCE_L1,
  MS_REDUCE_L2,
  MS_REDUCE_SUM_SQUARE,
  MS_REDUCE_LOG_SUM,
  MS_REDUCE_LOG_SUM_EXP
} ms_reduce;

MS_OP_FUNCTIONS(conv);
ms_status ms_prepare_conv(ms_graph *graph, ms_node *node);
/* Adds count elements of size bytes to a node's scratch memory. False if they exceed memory. */
MS_CHECK_RESULT bool ms_add_scratch(ms_node *node, size_t count, size_t size, size_t *offset);
/*
 * Adds a table of the pointers under the windows of some output pixels to a node's scratch memory:
 * of tile pixels at a time. False if it exceeds memory.
 */
MS_CHECK_RESULT bool ms_plan_tiles(ms_node *node, const ms_window *window, size_t *tile,
                                   size_t *table_offset);
/* Makes zeros before and behind an image of a shape part of a convolution's padding. */
void ms_conv_absorb_pad(ms_node *node, const ms_shape *image, const size_t *before);
MS_OP_FUNCTIONS(pool);
ms_status ms_prepare_pool(ms_graph *graph, ms_node *node);
/* Bits of the variant of ms_infer_pool's rows. */
enum { MS_POOL_MEAN = 1, MS_POOL_GLOBAL = 2 };
MS_OP_FUNCTIONS(unary);
MS_OP_FUNCTIONS(clip);
MS_OP_FUNCTIONS(cast);
MS_OP_FUNCTIONS(binary);
MS_OP_FUNCTIONS(mean);
MS_OP_FUNCTIONS(compare);
ms_status ms_infer_logic(ms_graph *graph, ms_node *node);
MS_OP_FUNCTIONS(not );
MS_OP_FUNCTIONS(where);
MS_OP_FUNCTIONS(concat);
MS_OP_FUNCTIONS(split);
MS_OP_FUNCTIONS(slice);
/* A start or end as a place in low … low + size, negative ones counted from the end. */
int64_t ms_cut(int64_t at, int64_t size, int64_t low);
MS_OP_FUNCTIONS(pad);
/* Whether a Pad only puts zeros around images; before receives how many per axis. */
bool ms_pad_is_spatial_zero(const ms_node *node, size_t before[MS_MAX_RANK]);
MS_OP_FUNCTIONS(transpose);
/* Whether a Transpose, with the layouts that its values have, moves nothing in memory. */
bool ms_transpose_is_view(const ms_node *node);
/* Whether a Transpose only swaps axes 1 and 2. */
bool ms_transpose_swaps_channels(const ms_node *node);
MS_OP_FUNCTIONS(shuffle);
ms_status ms_infer_expand(ms_graph *graph, ms_node *node);
MS_OP_FUNCTIONS(tile);
MS_OP_FUNCTIONS(gather);
MS_OP_FUNCTIONS(scatter);
MS_OP_FUNCTIONS(depth_to_space);
/* Output 0 has the type and shape of input 0. */
ms_status ms_infer_same(ms_graph *graph, ms_node *node);
/* Copies input 0 into output 0, whatever their layouts are, with broadcasting. */
ms_status ms_run_copy(const ms_run *run, const ms_node *node);
MS_OP_FUNCTIONS(matmul);
MS_OP_FUNCTIONS(gemm);
MS_OP_FUNCTIONS(batch_norm);
ms_status ms_prepare_batch_norm(ms_graph *graph, ms_node *node);
MS_OP_FUNCTIONS(layer_norm);
MS_OP_FUNCTIONS(group_norm);
MS_OP_FUNCTIONS(lrn);
ms_status ms_prepare_lrn(ms_graph *graph, ms_node *node);
MS_OP_FUNCTIONS(reduce);
/* Whether a node is a mean over the last axis that keeps the axis. */
bool ms_reduce_is_last_mean(const ms_node *node);
ms_status ms_prepare_reduce(ms_graph *graph, ms_node *node);
MS_OP_FUNCTIONS(softmax);
ms_status ms_prepare_softmax(ms_graph *graph, ms_node *node);
/* What an axis is resized or padded by: each output position is made of some input positions. */
typedef struct ms_axis_table {
  size_t axis;
  size_t input;
  size_t output;
  size_t taps;
  size_t *positions; /* [output][taps] */
  float *weights;    /* [output][taps]; no matter where taps is 1 */
} ms_axis_table;

/* The first member of the states of Resize and Pad. */
typedef struct ms_axis_tables {
  ms_axis_table tables[MS_MAX_RANK];
  size_t count;
  size_t buffer_offset; /* in the scratch memory: two buffers between the axes, */
  size_t buffer_size;   /* each of so many bytes */
} ms_axis_tables;

/* A table to be filled, of an axis of a node whose output has its shape. */
MS_CHECK_RESULT ms_status ms_add_axis_table(ms_graph *graph, ms_node *node, size_t axis,
                                            size_t taps, ms_axis_table **table);
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
/* A product to which nothing has been added. */
void ms_product_init(ms_product *product, size_t columns, size_t bias_axis);
/* Whether a node is Conv, ConvTranspose, Gemm or MatMul, with an ms_product as state. */
bool ms_node_is_product(const ms_node *node);
/* Whether a product can add a tensor of its output's shape. */
bool ms_product_takes_residual(const ms_node *node);
ms_status ms_prepare_dense(ms_graph *graph, ms_node *node);
/*
 * Packs constant weights for good and lets go of them, or makes room to pack them in every run.
 *
 * run_length  weights of one column that lie together
 * block_runs  such runs in a block, after which other columns follow
 * columns     of a block: its run i is of its column i % columns
 */
MS_CHECK_RESULT ms_status ms_prepare_product(ms_graph *graph, ms_node *node, size_t packed_count,
                                             ms_pack_product pack, size_t run_length,
                                             size_t block_runs, size_t columns);

#endif
