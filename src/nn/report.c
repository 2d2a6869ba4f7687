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

void ms_report_add(ms_report *report, ms_text field, char end) {
  for (size_t i = 0; i < field.size; i++) {
    bool is_control = (unsigned char)field.bytes[i] < 32;
    add_character(report, is_control ? '?' : field.bytes[i]);
  }
  add_character(report, end);
}

void ms_report_add_number(ms_report *report, uint64_t number, char end) {
  char digits[20];
  size_t count = 0;
  do {
    digits[sizeof digits - ++count] = (char)('0' + number % 10);
    number /= 10;
  } while (number > 0);
  ms_report_add(report, (ms_text){digits + sizeof digits - count, count}, end);
}

/* Whatever reads the outputs of this node cannot be checked. */
static void forget_outputs(ms_node *node) {
  for (size_t i = 0; i < node->output_count; i++) {
    if (node->outputs[i] != NULL) {
      node->outputs[i]->is_unknown = true;
    }
  }
}

ms_status ms_report_missing(ms_graph *graph, ms_node *node, ms_text name, ms_status status) {
  static const char label[] = "missing";
  ms_report *report = graph->report;
  if (status != MS_ERR_UNSUPPORTED || report == NULL) {
    return status;
  }
  const char *message = ms_context_message(graph->context);
  ms_report_add(report, (ms_text){label, sizeof label - 1}, '\t');
  ms_report_add(report, name, '\t');
  ms_report_add_number(report, (uint64_t)graph->opset, '\t');
  ms_report_add(report, node->name, '\t');
  ms_report_add(report, (ms_text){message, strlen(message)}, '\n');
  report->missing_count++;
  node->op = NULL;
  forget_outputs(node);
  return MS_OK;
}

bool ms_report_skip(ms_graph *graph, ms_node *node) {
  bool is_known = node->op != NULL;
  for (size_t i = 0; i < node->input_count; i++) {
    is_known = is_known && (node->inputs[i] == NULL || !node->inputs[i]->is_unknown);
  }
  if (!is_known) {
    graph->report->unknown_count += node->op != NULL;
    forget_outputs(node);
  }
  return !is_known;
}
