/*
 * The graph between the file and the run: values (tensors) and nodes (operators). Loading passes
 * over it step by step: build, infer and fold, fuse, choose layouts, prepare (pack weights), plan
 * memory. What is left is a list of nodes that run one after the other.
 */
#ifndef MS_NN_GRAPH_H
#define MS_NN_GRAPH_H

#include "kernel/kernels.h"
#include "nn/nn.h"
#include "nn/onnx.h"
#include "nn/pool.h"

typedef struct ms_value ms_value;
typedef struct ms_node ms_node;
typedef struct ms_op ms_op;

/*
 * One tensor. Its shape is always the one that ONNX speaks of, [N][C][spatial …]; with
 * channels_last its numbers lie as [N][spatial …][C]. Numbers of float types are kept as float,
 * the others as int64_t.
 */
struct ms_value {
  ms_text name; /* of the file; only valid while loading, except for graph inputs and outputs */
  ms_type type; /* MS_TYPE_NONE until inferred */
  ms_shape shape;
  size_t count; /* product of shape */
  bool channels_last;
  bool is_constant;
  bool is_input;
  bool is_output;
  bool is_unknown; /* while a report is made: what comes out of a node that is unsupported */
  const ms_onnx_tensor *tensor; /* a constant that is decoded when it is needed */
  void *data;                   /* float[count] or int64_t[count]; NULL until there is memory */
  bool owns_data;
  ms_node *producer;
  size_t use_count;     /* by live nodes' inputs and as graph outputs */
  ms_value *viewed;     /* the value whose memory this one shares; NULL if it has its own */
  ms_value *replaced;   /* the value to read in this one's place; NULL if there is none */
  ms_value *other_copy; /* the same tensor in the other layout, made by the layout pass */
  size_t first_step;    /* the plan: when the memory starts and ends to be needed, and where */
  size_t last_step;
  size_t offset;
  bool has_place;
  size_t index;   /* values before this one */
  ms_value *next; /* in the graph's list of values */
};

struct ms_node {
  const ms_op *op;
  ms_text name;
  const ms_onnx_attribute *attributes; /* only valid while loading */
  size_t attribute_count;
  ms_value **inputs; /* NULL where an optional one is left out */
  size_t input_count;
  ms_value **outputs;
  size_t output_count;
  void *state;         /* what the operator keeps, from its infer function on */
  int layout;          /* an ms_layout, preset from the operator */
  size_t scratch_size; /* bytes of scratch memory that a run needs */
  uint64_t mac_count;
  size_t order_index; /* in the graph's order */
  uint8_t mark;       /* of the sorting */
};

struct ms_graph {
  ms_context *context;
  const ms_kernels *kernels;
  int64_t opset;
  ms_pool pool;
  ms_value *values; /* the newest first */
  size_t value_count;
  ms_node *
      *order; /* the nodes in execution order, NULL behind the last and where one was removed */
  size_t order_count;
  ms_value **inputs;
  size_t input_count;
  ms_value **outputs;    /* NULL behind the last */
  ms_text *output_names; /* [output_count] */
  size_t output_count;
  ms_report *report; /* NULL unless loading goes on after what is unsupported */
  size_t node_count; /* of the file */
  bool keeps_layout; /* outputs may have channels last */
  ms_precision precision;
  size_t constant_size; /* bytes of constants decoded or computed */
  uint8_t *arena;       /* the activations */
  size_t arena_size;
  size_t scratch_size; /* the most that any node needs */
  uint64_t mac_count;
  uint64_t parameter_count;
  uint64_t fold_work; /* elements and products that loading computed with */
};

/* What a node gets to run with. */
typedef struct ms_run {
  ms_context *context;
  const ms_kernels *kernels;
  uint8_t *scratch; /* node->scratch_size bytes, 64-byte aligned */
} ms_run;

/* Which order of memory an operator wants of its tensors of rank 3 or more. */
typedef enum ms_layout {
  MS_LAYOUT_PLANAR,  /* as ONNX says */
  MS_LAYOUT_LAST,    /* channels last */
  MS_LAYOUT_FOLLOW,  /* either, the same for all inputs and outputs */
  MS_LAYOUT_RESHAPE, /* planar, but channels last passes through where N and C stay */
  MS_LAYOUT_TRANSPOSE,
  MS_LAYOUT_FREE /* inputs in either, outputs planar */
} ms_layout;

enum {
  MS_OP_IN_PLACE = 1, /* output 0 may lie where an input of its size lies */
  MS_OP_VIEW = 2      /* output 0 is input 0 under another shape: nothing runs */
};

/* The input that the fuse pass may add to a product; every node has room for it. */
enum { MS_INPUT_RESIDUAL = 3, MS_INPUT_COUNT_FUSED = 4 };

/* One row of the operator table. */
struct ms_op {
  const char *name;
  uint8_t since; /* the first opset whose meaning this row has */
  uint8_t min_inputs;
  uint8_t max_inputs; /* 255: any number */
  uint8_t max_outputs;
  uint8_t layout; /* an ms_layout */
  uint8_t flags;
  uint8_t variant; /* for rows that share functions */
  /* Checks inputs and attributes, gives outputs their types and shapes, fills node->state. */
  ms_status (*infer)(ms_graph *graph, ms_node *node);
  /* After layouts are fixed: packs weights, sets scratch_size. NULL if there is nothing to do. */
  ms_status (*prepare)(ms_graph *graph, ms_node *node);
  /* Computes the outputs. NULL for operators that are always folded or views. */
  ms_status (*run)(const ms_run *run, const ms_node *node);
};

/* The row for an operator of the default domain at an opset, NULL if there is none. */
const ms_op *ms_op_find(const ms_text *name, int64_t opset);
/* The row of an operator that only this library knows, as "Layout" is. */
const ms_op *ms_op_internal(const char *name);

/* ---- graph.c: building ---- */

MS_CHECK_RESULT ms_status ms_graph_build(ms_graph *graph, const ms_onnx_model *model,
                                         const ms_graph_options *options);
/* A new value, with name, shape and type if like is not NULL. NULL if there is no memory. */
MS_CHECK_RESULT ms_value *ms_graph_add_value(ms_graph *graph, const ms_value *like);
/* A new node, not yet in the order. NULL if there is no memory. */
MS_CHECK_RESULT ms_node *ms_graph_add_node(ms_graph *graph, const ms_op *op, size_t input_count,
                                           size_t output_count);
/* Drops empty places from the order and numbers the nodes. */
void ms_graph_compact(ms_graph *graph);
/* Takes a node out of the order; it no longer uses its inputs. */
void ms_graph_remove_node(ms_graph *graph, ms_node *node);
/* Records one sentence that names the node, and returns status. */
#define ms_node_fail(graph, node, status, ...)                                                     \
  (MS_CHECK_FORMAT(__VA_ARGS__), MS_BY_WORDS(ms_node_fail_2, ms_node_fail_4, none, __VA_ARGS__)(   \
                                     (graph), (node), (status), MS_WORDS(__VA_ARGS__)))
ms_status ms_node_fail_2(ms_graph *graph, const ms_node *node, ms_status status, const char *format,
                         uint64_t a, uint64_t b);
ms_status ms_node_fail_4(ms_graph *graph, const ms_node *node, ms_status status, const char *format,
                         uint64_t a, uint64_t b, uint64_t c, uint64_t d);

/* ---- report.c ---- */

/* Appends a field and the character that ends it; control characters become '?'. */
void ms_report_add(ms_report *report, const char *field, size_t size, char end);
/* The same of terminated text. */
void ms_report_add_string(ms_report *report, const char *field, char end);
void ms_report_add_number(ms_report *report, uint64_t number, char end);
/*
 * Notes a failure with MS_ERR_UNSUPPORTED, which the context's message describes, where a report is
 * made, and makes the node's outputs unknown. Passes every other failure on.
 *
 * name  of the operator
 */
MS_CHECK_RESULT ms_status ms_report_missing(ms_graph *graph, ms_node *node, const ms_text *name,
                                            ms_status status);
/* Makes the outputs of a node unknown if one of its inputs is; whether it did. */
bool ms_report_skip(ms_graph *graph, ms_node *node);

/* ---- value.c: values and constants ---- */

bool ms_shape_equal(const ms_shape *a, const ms_shape *b);
/* Makes a shape what it and another broadcast to. Fails with MS_ERR_FORMAT if they do not fit. */
MS_CHECK_RESULT ms_status ms_shape_broadcast(ms_graph *graph, const ms_node *node,
                                             const ms_shape *other, ms_shape *shape);
/* Gives a value its type and shape. Fails with MS_ERR_LIMIT on more than 1 GiB. */
MS_CHECK_RESULT ms_status ms_value_set(ms_graph *graph, const ms_node *node, ms_value *value,
                                       ms_type type, const ms_shape *shape);
/* Bytes of a value's numbers. */
size_t ms_value_size(const ms_value *value);
/* Makes a constant's numbers readable: decodes them if they are not yet. */
MS_CHECK_RESULT ms_status ms_value_load(ms_graph *graph, ms_value *value);
/* Zeroed memory for the numbers of a value that becomes a constant. */
MS_CHECK_RESULT ms_status ms_value_allocate(ms_graph *graph, ms_value *value);
/* Returns a constant's numbers; they are decoded again if they are needed again. */
void ms_value_unload(ms_graph *graph, ms_value *value);
/* Somebody uses a value no more: returns its numbers if nobody else does. */
void ms_value_release(ms_graph *graph, ms_value *value);
/* The value whose memory a value lies in. */
ms_value *ms_value_root(ms_value *value);
/* Whether both layouts put the numbers into the same order. */
bool ms_value_is_neutral(const ms_value *value);
/* For each axis of the shape, how many elements lie from one index to the next. */
void ms_value_steps(const ms_value *value, ptrdiff_t steps[MS_MAX_RANK]);
static inline float *ms_floats(const ms_value *value) {
  return (float *)value->data;
}
static inline int64_t *ms_integers(const ms_value *value) {
  return (int64_t *)value->data;
}

/* ---- attribute.c: what infer functions read ---- */

/* Input i, NULL if it is left out. */
ms_value *ms_node_input(const ms_node *node, size_t i);
const ms_onnx_attribute *ms_node_attribute(const ms_node *node, const char *name);
MS_CHECK_RESULT ms_status ms_node_integer(ms_graph *graph, const ms_node *node, const char *name,
                                          int64_t otherwise, int64_t *value);
MS_CHECK_RESULT ms_status ms_node_float(ms_graph *graph, const ms_node *node, const char *name,
                                        float otherwise, float *value);
/* NULL and 0 if there is no such attribute. */
MS_CHECK_RESULT ms_status ms_node_integers(ms_graph *graph, const ms_node *node, const char *name,
                                           const int64_t **values, size_t *count);
/*
 * The number of an attribute's text among words, which spaces separate; index stays as it is if the
 * attribute is absent or empty. Fails with MS_ERR_UNSUPPORTED if it is none of them.
 */
MS_CHECK_RESULT ms_status ms_node_word(ms_graph *graph, const ms_node *node, const char *name,
                                       const char *words, size_t *index);
/* An axis -rank … rank - 1 as 0 … rank - 1. */
MS_CHECK_RESULT ms_status ms_node_axis(ms_graph *graph, const ms_node *node, int64_t axis,
                                       size_t rank, size_t *result);
/* The same of the attribute called axis, which is otherwise if there is none. */
MS_CHECK_RESULT ms_status ms_node_own_axis(ms_graph *graph, const ms_node *node, int64_t otherwise,
                                           size_t rank, size_t *result);
/* The numbers of a constant input. Fails with MS_ERR_UNSUPPORTED if it is no constant. */
MS_CHECK_RESULT ms_status ms_node_constant_integers(ms_graph *graph, const ms_node *node, size_t i,
                                                    const int64_t **values, size_t *count);
MS_CHECK_RESULT ms_status ms_node_constant_floats(ms_graph *graph, const ms_node *node, size_t i,
                                                  const float **values, size_t *count);
/*
 * The numbers of a constant input that was an attribute, called name, before an opset. NULL and 0
 * where it is left out.
 */
MS_CHECK_RESULT ms_status ms_node_list(ms_graph *graph, const ms_node *node, const char *name,
                                       int64_t input_since, size_t i, const int64_t **values,
                                       size_t *count);
/*
 * The one number of a constant input of the type of input 0: number receives a float, integer
 * anything else; both stay as they are if the input is left out. Fails as the others do, and with
 * MS_ERR_FORMAT unless it is one number.
 */
MS_CHECK_RESULT ms_status ms_node_constant_number(ms_graph *graph, const ms_node *node, size_t i,
                                                  float *number, int64_t *integer);
/* Zeroed state of an operator, kept as long as the graph. */
MS_CHECK_RESULT ms_status ms_node_state(ms_graph *graph, ms_node *node, size_t size);
/* Fails with MS_ERR_FORMAT unless input i is of a float type. */
MS_CHECK_RESULT ms_status ms_node_expect_float(ms_graph *graph, const ms_node *node, size_t i);
/* Drops inputs from number count on: their numbers are in the state now. */
void ms_node_keep_inputs(ms_node *node, size_t count);
/* Makes output 0 stand for another value from here on; the infer pass then drops the node. */
void ms_node_replace_output(ms_node *node, ms_value *value);
/* Forgets an input, and its numbers if it was the last to need them. */
void ms_node_release_input(ms_graph *graph, ms_node *node, size_t i);
/* Replaces an input, with the use counts. */
void ms_node_set_input(ms_node *node, size_t i, ms_value *value);

/* ---- the passes ---- */

/* Infers types and shapes in order, and computes what depends on constants only. */
MS_CHECK_RESULT ms_status ms_graph_infer(ms_graph *graph);
/* Recognises operators that a file spells out in several nodes. */
MS_CHECK_RESULT ms_status ms_graph_match_patterns(ms_graph *graph);
/* Joins nodes: batch norm, bias, clamps and residual sums into products. */
MS_CHECK_RESULT ms_status ms_graph_fuse(ms_graph *graph);
/* Chooses layouts and inserts the conversions between them. */
MS_CHECK_RESULT ms_status ms_graph_assign_layouts(ms_graph *graph);
/* Lets an operator prepare itself. Fails with MS_ERR_LIMIT if it wants more scratch than 1 GiB. */
MS_CHECK_RESULT ms_status ms_node_prepare(ms_graph *graph, ms_node *node);
/* Packs weights, lets go of constants that only the packing needed, loads the others. */
MS_CHECK_RESULT ms_status ms_graph_prepare(ms_graph *graph);
/* Gives every activation its place in one arena. */
MS_CHECK_RESULT ms_status ms_graph_plan(ms_graph *graph);

#endif
