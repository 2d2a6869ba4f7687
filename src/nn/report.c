/*
 * What a file asks for and cannot have, all at once: loading goes on past nodes that are
 * unsupported, until the shapes that nobody knows have reached the end of the graph. What the lines
 * say in the end is up to ms_network_check.
 */
#include <string.h>

#include "nn/graph.h"

static void add_character(ms_report *report, char character) {
  if (report->length + 1 < report->room) {
    report->text[report->length] = character;
    report->text[report->length + 1] = 0;
  }
  report->length++;
}

void ms_report_add(ms_report *report, const char *field, size_t size, char end) {
  for (size_t i = 0; i < size; i++) {
    bool is_control = (unsigned char)field[i] < 32;
    add_character(report, is_control ? '?' : field[i]);
  }
  add_character(report, end);
}

void ms_report_add_string(ms_report *report, const char *field, char end) {
  ms_report_add(report, field, strlen(field), end);
}

void ms_report_add_number(ms_report *report, uint64_t number, char end) {
  char digits[24];
  ms_format(digits, sizeof digits, "%llu", (unsigned long long)number);
  ms_report_add_string(report, digits, end);
}

/* Whatever reads the outputs of this node cannot be checked. */
static void forget_outputs(ms_node *node) {
  for (size_t i = 0; i < node->output_count; i++) {
    if (node->outputs[i] != NULL) {
      node->outputs[i]->is_unknown = true;
    }
  }
}

ms_status ms_report_missing(ms_graph *graph, ms_node *node, const ms_text *name, ms_status status) {
  ms_report *report = graph->report;
  if (status != MS_ERR_UNSUPPORTED || report == NULL) {
    return status;
  }
  ms_report_add_string(report, "missing", '\t');
  ms_report_add(report, name->bytes, name->size, '\t');
  ms_report_add_number(report, (uint64_t)graph->opset, '\t');
  ms_report_add(report, node->name.bytes, node->name.size, '\t');
  ms_report_add_string(report, ms_context_message(graph->context), '\n');
  report->missing_count++;
  node->op = NULL;
  forget_outputs(node);
  return MS_OK;
}

bool ms_report_skip(ms_graph *graph, ms_node *node) {
  for (size_t i = 0; node->op != NULL && i < node->input_count; i++) {
    if (node->inputs[i] != NULL && node->inputs[i]->is_unknown) {
      graph->report->unknown_count++;
      forget_outputs(node);
      return true;
    }
  }
  return node->op == NULL; /* noted already */
}
