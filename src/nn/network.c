/*
 * ms_network: a graph whose first input is an image and whose first output is a feature tensor. It
 * leaves pixels to the image module and everything else to the graph; only the mean over space or
 * tokens is taken here.
 */
#include "image/image.h"
#include "nn/graph.h"

enum { MAX_OPEN_SIDE = 4096 };

struct ms_network {
  ms_context *context;
  ms_graph *graph;
  ms_image_spec spec;
  size_t feature_count;
};

static ms_value *input_of(const ms_network *network) {
  return network->graph->inputs[0];
}

static const ms_value *output_of(const ms_network *network) {
  return network->graph->outputs[0];
}

/* Loads a graph that maps one image to one feature tensor, and finds how long its features are. */
static ms_status load_graph(ms_network *network, const void *bytes, size_t size,
                            const ms_graph_options *options) {
  ms_context *context = network->context;
  MS_TRY(ms_graph_load(context, bytes, size, options, &network->graph));
  const ms_graph *graph = network->graph;
  if (graph->input_count != 1) {
    return ms_fail(context, MS_ERR_UNSUPPORTED, "the file has %zu inputs, expected one",
                   graph->input_count);
  }
  const ms_value *input = input_of(network);
  const ms_value *output = output_of(network);
  size_t rank = output->shape.rank;
  if (input->type != MS_TYPE_FLOAT) {
    return ms_fail(context, MS_ERR_UNSUPPORTED, "the image input '%.*s' is of type %s",
                   MS_TEXT(input->name), ms_type_name(input->type));
  }
  if (output->type != MS_TYPE_FLOAT || rank < 2 || rank > 4 || output->shape.dims[0] != 1 ||
      output->count == 0) {
    return ms_fail(context, MS_ERR_UNSUPPORTED,
                   "the output '%.*s' of type %s with %zu dimensions is no feature tensor",
                   MS_TEXT(graph->output_names[0]), ms_type_name(output->type), rank);
  }
  network->feature_count = output->shape.dims[rank == 3 ? 2 : 1];
  return MS_OK;
}

static ms_status load(ms_network *network, const void *bytes, size_t size,
                      const ms_image_spec *spec, ms_precision precision) {
  const size_t image_size[3] = {spec->channel_count, spec->height, spec->width};
  const ms_graph_options options = {
      .image_size = image_size, .image_to_features = true, .precision = precision};
  network->spec = *spec;
  return load_graph(network, bytes, size, &options);
}

ms_status ms_network_load(ms_context *context, const void *bytes, size_t size,
                          const ms_image_spec *spec, ms_precision precision, ms_network **network) {
  ms_network *created = NULL;
  *network = NULL;
  if (precision != MS_PRECISION_FLOAT32 && precision != MS_PRECISION_INT16) {
    return ms_fail(context, MS_ERR_ARGUMENT, "unknown precision %d", (int)precision);
  }
  MS_TRY(MS_NEW(context, 1, &created));
  created->context = context;
  ms_status status = load(created, bytes, size, spec, precision);
  if (status != MS_OK) {
    ms_network_destroy(created);
    return status;
  }
  *network = created;
  return MS_OK;
}

void ms_network_destroy(ms_network *network) {
  if (network == NULL) {
    return;
  }
  ms_graph_destroy(network->graph);
  ms_release(network->context, network);
}

size_t ms_network_feature_count(const ms_network *network) {
  return network->feature_count;
}

uint64_t ms_network_mac_count(const ms_network *network) {
  return ms_graph_mac_count(network->graph);
}

uint64_t ms_network_parameter_count(const ms_network *network) {
  return ms_graph_parameter_count(network->graph);
}

size_t ms_network_memory_size(const ms_network *network) {
  return sizeof *network + ms_graph_memory_size(network->graph);
}

size_t ms_network_layer_count(const ms_network *network) {
  return ms_graph_layer_count(network->graph);
}

uint64_t ms_network_layer_mac_count(const ms_network *network, size_t layer) {
  return ms_graph_layer_mac_count(network->graph, layer);
}

size_t ms_network_layer_text(const ms_network *network, size_t layer, char *text, size_t size) {
  return ms_graph_layer_text(network->graph, layer, text, size);
}

ms_status ms_network_layer_run(ms_network *network, size_t layer) {
  return ms_graph_layer_run(network->graph, layer);
}

/* The output as features: [1][D] as it is, [1][T][D] and [1][D][H][W] averaged. */
static void pool_features(const ms_network *network, float *features) {
  const ms_kernels *kernels = ms_kernels_best();
  const ms_value *output = output_of(network);
  const float *x = ms_floats(output);
  size_t channels = network->feature_count;
  size_t pixels = output->count / channels;
  bool rows_of_channels = output->channels_last != (output->shape.rank == 3);
  if (rows_of_channels || pixels == 1) {
    kernels->mean_rows(x, channels, pixels, channels, features);
    return;
  }
  for (size_t c = 0; c < channels; c++) {
    features[c] = kernels->sum(x + c * pixels, pixels) / (float)pixels;
  }
}

ms_status ms_network_embed(ms_network *network, const uint8_t *rgba, size_t width, size_t height,
                           float *features, size_t count) {
  if (count < network->feature_count) {
    return ms_fail(network->context, MS_ERR_ARGUMENT, "room for %zu of %zu features", count,
                   network->feature_count);
  }
  ms_arena_mark mark = ms_arena_get_mark(network->context);
  ms_status status = ms_image_prepare(network->context, &network->spec, rgba, width, height,
                                      ms_floats(input_of(network)));
  ms_arena_drop(network->context, mark);
  MS_TRY(status);
  MS_TRY(ms_graph_run(network->graph));
  pool_features(network, features);
  return MS_OK;
}

/* A line of a number. */
static void add_count(ms_report *report, const char *label, uint64_t number) {
  ms_report_add_string(report, label, '\t');
  ms_report_add_number(report, number, '\n');
}

/* A line of a tensor: its name, type and sizes. */
static void add_tensor(ms_report *report, const char *label, const ms_text *name,
                       const ms_value *value) {
  ms_report_add_string(report, label, '\t');
  ms_report_add(report, name->bytes, name->size, '\t');
  ms_report_add_string(report, ms_type_name(value->type), '\t');
  for (size_t i = 0; i < value->shape.rank; i++) {
    ms_report_add_number(report, value->shape.dims[i], ' ');
  }
  ms_report_add_string(report, "", '\n');
}

static void describe(const ms_network *network, ms_report *report) {
  const ms_graph *graph = network->graph;
  add_tensor(report, "input", &graph->inputs[0]->name, input_of(network));
  add_tensor(report, "output", &graph->output_names[0], output_of(network));
  add_count(report, "features", network->feature_count);
  add_count(report, "nodes", graph->node_count);
  add_count(report, "steps", graph->order_count);
  add_count(report, "parameters", graph->parameter_count);
  add_count(report, "macs", graph->mac_count);
  add_count(report, "memory", ms_network_memory_size(network));
}

ms_status ms_network_check(ms_context *context, const void *bytes, size_t size, size_t open_side,
                           char *text, size_t room, size_t *length) {
  ms_report report = {.text = text, .room = room};
  ms_network network = {.context = context};
  const ms_graph_options options = {
      .image_to_features = true, .open_side = open_side, .report = &report};
  if (open_side == 0 || open_side > MAX_OPEN_SIDE || room == 0) {
    return ms_fail(context, MS_ERR_ARGUMENT, "a side of %zu and room for %zu characters", open_side,
                   room);
  }
  text[0] = 0;
  ms_status status = load_graph(&network, bytes, size, &options);
  if (status == MS_OK) {
    describe(&network, &report);
  } else if (status == MS_ERR_UNSUPPORTED && report.missing_count == 0) {
    /* No operator, opset or node is at fault. */
    ms_report_add_string(&report, "missing", '\t');
    ms_report_add_string(&report, "", '\t');
    ms_report_add_string(&report, "", '\t');
    ms_report_add_string(&report, "", '\t');
    ms_report_add_string(&report, ms_context_message(context), '\n');
  }
  if (report.unknown_count > 0) {
    add_count(&report, "unchecked", report.unknown_count);
  }
  ms_graph_destroy(network.graph);
  *length = report.length;
  return status == MS_ERR_UNSUPPORTED ? MS_OK : status;
}
