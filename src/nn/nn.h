/*
 * Any ONNX graph with tensors in and out: what ms_network is made of. Loading does all the work
 * that depends on shapes, running allocates nothing.
 */
#ifndef MS_NN_NN_H
#define MS_NN_NN_H

#include "core/context.h"
#include "nn/onnx.h"

typedef struct ms_graph ms_graph;

/* What the caller knows about a graph input. */
typedef struct ms_graph_input {
  const char *name;
  ms_shape shape;                 /* where the file leaves it open */
  const ms_onnx_tensor *constant; /* not NULL: the input always has this value */
} ms_graph_input;

/* What was said of a file, in lines of fields with tabs between them; see ms_network_check. */
typedef struct ms_report {
  char *text; /* cut to room, always terminated */
  size_t room;
  size_t length;        /* of all that was said */
  size_t missing_count; /* lines of what the file asks for and cannot have */
  size_t unknown_count; /* nodes behind those, whose shapes nobody knows */
} ms_report;

typedef struct ms_graph_options {
  const ms_graph_input *inputs;
  size_t input_count;
  const size_t *image_size; /* [3] channels, height, width of input 0, batch 1; may be NULL */
  bool image_to_features;   /* input 0 is an image with channels last, only output 0 is wanted */
  ms_precision precision;   /* of convolutions */
  size_t open_side;  /* stands for sizes that the file and the caller leave open; 0: refuse */
  ms_report *report; /* not NULL: what is unsupported is noted here, all at once */
} ms_graph_options;

/* A tensor of a loaded graph. */
typedef struct ms_tensor {
  ms_text name;
  ms_type type;
  ms_shape shape;
  size_t count;
  bool channels_last; /* numbers lie as [N][spatial …][C]; only with image_to_features */
  void *data;         /* float[count] where ms_type_is_float(type), else int64_t[count] */
} ms_tensor;

/*
 * Loads a graph. Keeps nothing of bytes or options.
 *
 * Fails with MS_ERR_FORMAT, MS_ERR_UNSUPPORTED, MS_ERR_LIMIT, MS_ERR_ARGUMENT (sizes that do not
 * fit the file) or MS_ERR_MEMORY.
 */
MS_CHECK_RESULT ms_status ms_graph_load(ms_context *context, const void *bytes, size_t size,
                                        const ms_graph_options *options, ms_graph **graph);
void ms_graph_destroy(ms_graph *graph);

size_t ms_graph_input_count(const ms_graph *graph);
size_t ms_graph_output_count(const ms_graph *graph);
/* Input i: write its numbers before every run. data is NULL if the graph does not read it. */
ms_tensor ms_graph_get_input(const ms_graph *graph, size_t i);
/* Output i: valid until the next run. */
ms_tensor ms_graph_get_output(const ms_graph *graph, size_t i);

/*
 * Computes the outputs. Allocates nothing but scratch memory that the context already has.
 *
 * Fails with MS_ERR_DATA where the numbers allow no answer, as an index out of range does.
 */
MS_CHECK_RESULT ms_status ms_graph_run(ms_graph *graph);

/* The nodes in running order, as ms_network_layer_count and its kin have them. */
size_t ms_graph_layer_count(const ms_graph *graph);
uint64_t ms_graph_layer_mac_count(const ms_graph *graph, size_t layer);
size_t ms_graph_layer_text(const ms_graph *graph, size_t layer, char *text, size_t size);
MS_CHECK_RESULT ms_status ms_graph_layer_run(ms_graph *graph, size_t layer);

/* Multiply-accumulates of one run; stored parameters; bytes held. */
uint64_t ms_graph_mac_count(const ms_graph *graph);
uint64_t ms_graph_parameter_count(const ms_graph *graph);
size_t ms_graph_memory_size(const ms_graph *graph);

#endif
