/*
 * ONNX's own operator cases, as Debian's libonnx-testdata installs them: every case that loads must
 * give the recorded outputs, and those that are refused must be exactly the ones that
 * data/onnx_not_claimed.txt lists with their reasons.
 *
 *   onnx_cases_test DATA_FOLDER          compares with the list
 *   onnx_cases_test DATA_FOLDER --list   prints the list as it should be
 */
#if !defined(_POSIX_C_SOURCE) && !defined(__EMSCRIPTEN__)
#define _POSIX_C_SOURCE 200809L
#endif

#include <stdbool.h>

#include "check.h"

#ifdef __EMSCRIPTEN__
int main(void) {
  printf("onnx_cases_test: skipped, the cases are out of reach of WebAssembly\n");
  return 0;
}
#else
#include <dirent.h>
#include <stdlib.h>
#include <sys/stat.h>

#include "nn/nn.h"

enum { MAX_TENSORS = 16, MAX_CASES = 2048, MAX_PATH = 1024, NAME_SIZE = 160 };

static const char *const root = "/usr/share/libonnx-testdata/data";
static const char *const groups[] = {"node", "simple", "pytorch-operator", "pytorch-converted"};

/* How a case's inputs are given: some operators want theirs as constants. */
typedef enum input_mode { ALL_AT_RUN, INTEGERS_CONSTANT, ALL_CONSTANT, MODE_COUNT } input_mode;

typedef struct blob {
  uint8_t *bytes;
  size_t size;
} blob;

typedef struct onnx_case {
  blob model;
  blob input_blobs[MAX_TENSORS];
  blob output_blobs[MAX_TENSORS];
  ms_onnx_tensor inputs[MAX_TENSORS];
  ms_onnx_tensor outputs[MAX_TENSORS];
  size_t input_count;
  size_t output_count;
} onnx_case;

static bool read_blob(const char *path, blob *read) {
  FILE *file = fopen(path, "rb");
  *read = (blob){0};
  if (file == NULL) {
    return false;
  }
  struct stat status;
  if (fstat(fileno(file), &status) == 0) {
    read->size = (size_t)status.st_size;
    read->bytes = malloc(read->size + 1);
    read->size = fread(read->bytes, 1, read->size, file);
  }
  fclose(file);
  return true;
}

static void free_case(onnx_case *freed) {
  free(freed->model.bytes);
  for (size_t i = 0; i < MAX_TENSORS; i++) {
    free(freed->input_blobs[i].bytes);
    free(freed->output_blobs[i].bytes);
  }
}

/* Files input_0.pb … or output_0.pb … of a case; the last status of reading them. */
static ms_status read_tensors(ms_context *context, const char *folder, const char *kind,
                              blob *blobs, ms_onnx_tensor *tensors, size_t *count) {
  char path[MAX_PATH];
  for (*count = 0; *count < MAX_TENSORS; ++*count) {
    snprintf(path, sizeof path, "%s/test_data_set_0/%s_%zu.pb", folder, kind, *count);
    if (!read_blob(path, &blobs[*count])) {
      return MS_OK;
    }
    MS_TRY(ms_onnx_read_tensor(context, blobs[*count].bytes, blobs[*count].size, &tensors[*count]));
    if (ms_type_size(tensors[*count].type) == 0) {
      return ms_fail(context, MS_ERR_UNSUPPORTED, "tensors of %s",
                     ms_type_name(tensors[*count].type));
    }
  }
  return MS_OK;
}

/* The graph's inputs that are no initializers, in order, with the case's tensors. */
static size_t make_options(const ms_onnx_model *model, const onnx_case *given, input_mode mode,
                           char names[][NAME_SIZE], ms_graph_input *inputs) {
  size_t count = 0;
  for (size_t i = 0; i < model->input_count && count < given->input_count; i++) {
    bool is_initializer = false;
    for (size_t k = 0; k < model->initializer_count; k++) {
      is_initializer =
          is_initializer || ms_text_equal(&model->initializers[k].name, &model->inputs[i].name);
    }
    if (is_initializer || model->inputs[i].name.size >= NAME_SIZE) {
      continue;
    }
    const ms_onnx_tensor *tensor = &given->inputs[count];
    bool constant =
        mode == ALL_CONSTANT || (mode == INTEGERS_CONSTANT && !ms_type_is_float(tensor->type));
    snprintf(names[count], NAME_SIZE, "%.*s", (int)model->inputs[i].name.size,
             model->inputs[i].name.bytes);
    inputs[count].name = names[count];
    inputs[count].shape = tensor->shape;
    inputs[count].constant = constant ? tensor : NULL;
    count++;
  }
  return count;
}

/* Sequences, maps and optionals have other files beside the model than tensors. */
static ms_status check_kinds(ms_context *context, const onnx_case *given) {
  ms_onnx_model model;
  MS_TRY(ms_onnx_read(context, given->model.bytes, given->model.size, &model));
  for (size_t i = 0; i < model.input_count + model.output_count; i++) {
    bool is_input = i < model.input_count;
    if ((is_input ? model.inputs[i] : model.outputs[i - model.input_count]).type == MS_TYPE_NONE) {
      return ms_fail(context, MS_ERR_UNSUPPORTED, "%s that is no tensor",
                     is_input ? "an input" : "an output");
    }
  }
  return MS_OK;
}

/* Some cases with bfloat16 were recorded as other types. */
static ms_status check_types(ms_context *context, const onnx_case *given) {
  ms_onnx_model model;
  MS_TRY(ms_onnx_read(context, given->model.bytes, given->model.size, &model));
  for (size_t i = 0; i < given->input_count && i < model.input_count; i++) {
    if (model.initializer_count == 0 && model.inputs[i].type != given->inputs[i].type) {
      return ms_fail(context, MS_ERR_UNSUPPORTED, "recorded with inputs of another type");
    }
  }
  for (size_t i = 0; i < given->output_count && i < model.output_count; i++) {
    if (model.outputs[i].type != given->outputs[i].type) {
      return ms_fail(context, MS_ERR_UNSUPPORTED, "recorded with outputs of another type");
    }
  }
  return MS_OK;
}

/* The suite's own relative tolerance, and an absolute one for numbers around zero. */
static bool is_close(double actual, double expected) {
  if (isnan(expected) || isinf(expected)) {
    return isnan(expected) ? isnan(actual) : actual == expected;
  }
  return fabs(actual - expected) <= 1e-5 + 1e-3 * fabs(expected);
}

static bool compare(ms_context *context, const char *name, ms_tensor actual,
                    const ms_onnx_tensor *expected) {
  ms_arena_mark mark = ms_arena_get_mark(context);
  int64_t *numbers = NULL; /* large enough for floats, too */
  bool same = actual.type == expected->type && actual.shape.rank == expected->shape.rank;
  for (size_t i = 0; same && i < actual.shape.rank; i++) {
    same = actual.shape.dims[i] == expected->shape.dims[i];
  }
  if (!same || MS_SCRATCH(context, expected->count, &numbers) != MS_OK ||
      ms_onnx_decode(context, expected, numbers) != MS_OK) {
    fprintf(stderr, "%s: the output has another type or shape\n", name);
    return false;
  }
  for (size_t i = 0; i < expected->count; i++) {
    bool is_float = ms_type_is_float(expected->type);
    double is = is_float ? (double)((float *)actual.data)[i] : (double)((int64_t *)actual.data)[i];
    double wanted = is_float ? (double)((float *)numbers)[i] : (double)numbers[i];
    if (!is_close(is, wanted)) {
      fprintf(stderr, "%s: element %zu is %.9g, expected %.9g\n", name, i, is, wanted);
      same = false;
      break;
    }
  }
  ms_arena_drop(context, mark);
  return same;
}

static bool run_and_compare(ms_context *context, const char *name, const onnx_case *given,
                            ms_graph *graph) {
  for (size_t i = 0; i < ms_graph_input_count(graph) && i < given->input_count; i++) {
    ms_tensor input = ms_graph_get_input(graph, i);
    if (input.data != NULL && ms_onnx_decode(context, &given->inputs[i], input.data) != MS_OK) {
      return false;
    }
  }
  bool passed = ms_graph_run(graph) == MS_OK;
  if (!passed) {
    fprintf(stderr, "%s: %s\n", name, ms_context_message(context));
  }
  for (size_t i = 0; passed && i < given->output_count; i++) {
    passed = i < ms_graph_output_count(graph) &&
             compare(context, name, ms_graph_get_output(graph, i), &given->outputs[i]);
  }
  return passed;
}

/* Loads a case's model with its inputs given in one way. */
static ms_status load_case(ms_context *context, const onnx_case *given, input_mode mode,
                           ms_graph **graph) {
  static char names[MAX_TENSORS][NAME_SIZE];
  ms_graph_input inputs[MAX_TENSORS];
  ms_onnx_model model;
  *graph = NULL;
  MS_TRY(ms_onnx_read(context, given->model.bytes, given->model.size, &model));
  size_t count = make_options(&model, given, mode, names, inputs);
  const ms_graph_options options = {.inputs = inputs, .input_count = count};
  return ms_graph_load(context, given->model.bytes, given->model.size, &options, graph);
}

typedef enum outcome { PASSED, NOT_CLAIMED, FAILED } outcome;

/* Runs a case in every way that it loads in. reason receives why it does not load in any. */
static outcome run_case(const char *group, const char *name, char reason[NAME_SIZE]) {
  char folder[MAX_PATH];
  char path[MAX_PATH + 16];
  static onnx_case given;
  ms_context *context = NULL;
  bool loaded = false;
  bool passed = true;
  given = (onnx_case){0};
  snprintf(folder, sizeof folder, "%s/%s/%s", root, group, name);
  snprintf(path, sizeof path, "%s/model.onnx", folder);
  if (!read_blob(path, &given.model) || ms_context_create(NULL, &context) != MS_OK) {
    return FAILED;
  }
  ms_status status = check_kinds(context, &given);
  if (status == MS_OK) {
    status =
        read_tensors(context, folder, "input", given.input_blobs, given.inputs, &given.input_count);
  }
  if (status == MS_OK) {
    status = read_tensors(context, folder, "output", given.output_blobs, given.outputs,
                          &given.output_count);
  }
  if (status == MS_OK) {
    status = check_types(context, &given);
  }
  snprintf(reason, NAME_SIZE, "%s", ms_context_message(context));
  for (int mode = 0; status == MS_OK && mode < MODE_COUNT; mode++) {
    ms_graph *graph = NULL;
    ms_status load = load_case(context, &given, (input_mode)mode, &graph);
    if (load == MS_OK) {
      loaded = true;
      passed = run_and_compare(context, name, &given, graph) && passed;
    } else {
      snprintf(reason, NAME_SIZE, "%s", ms_context_message(context));
      passed = passed && load == MS_ERR_UNSUPPORTED;
    }
    ms_graph_destroy(graph);
  }
  ms_context_destroy(context);
  free_case(&given);
  return !passed ? FAILED : loaded ? PASSED : NOT_CLAIMED;
}

static int by_name(const void *a, const void *b) {
  return strcmp(*(char *const *)a, *(char *const *)b);
}

/* The names of a group's cases, sorted; each to be freed. */
static size_t list_cases(const char *group, char *names[MAX_CASES]) {
  char path[MAX_PATH];
  size_t count = 0;
  snprintf(path, sizeof path, "%s/%s", root, group);
  DIR *folder = opendir(path);
  for (struct dirent *entry = NULL; folder != NULL && (entry = readdir(folder)) != NULL;) {
    if (entry->d_name[0] != '.' && count < MAX_CASES) {
      names[count++] = strdup(entry->d_name);
    }
  }
  if (folder != NULL) {
    closedir(folder);
  }
  qsort(names, count, sizeof *names, by_name);
  return count;
}

/* Whether the list, which starts with a newline, names a case. */
static bool is_listed(const char *list, const char *group, const char *name) {
  char line[MAX_PATH];
  snprintf(line, sizeof line, "\n%s/%s:", group, name);
  return strstr(list, line) != NULL;
}

typedef struct totals {
  int passed;
  int not_claimed;
  int failed;
} totals;

static void run_group(const char *group, const char *list, totals *sums) {
  static char *names[MAX_CASES];
  char reason[NAME_SIZE];
  size_t count = list_cases(group, names);
  CHECK(list == NULL || count > 0);
  for (size_t i = 0; i < count; i++) {
    outcome result = run_case(group, names[i], reason);
    sums->passed += result == PASSED;
    sums->not_claimed += result == NOT_CLAIMED;
    sums->failed += result == FAILED;
    bool as_listed = list == NULL || is_listed(list, group, names[i]) == (result == NOT_CLAIMED);
    if (list == NULL && result == NOT_CLAIMED) {
      printf("%s/%s: %s\n", group, names[i], reason);
    }
    if (result == FAILED || !as_listed) {
      fprintf(stderr, "%s/%s: %s (%s)\n", group, names[i],
              result == FAILED ? "failed" : "is not as the list says", reason);
    }
    CHECK(result != FAILED && as_listed);
    free(names[i]);
  }
}

/* The list's text, with a newline before it. */
static char *read_list(const char *folder) {
  char path[MAX_PATH];
  blob text;
  snprintf(path, sizeof path, "%s/onnx_not_claimed.txt", folder);
  if (!read_blob(path, &text)) {
    fprintf(stderr, "cannot open %s\n", path);
    exit(1);
  }
  char *list = malloc(text.size + 2);
  list[0] = '\n';
  memcpy(list + 1, text.bytes, text.size);
  list[text.size + 1] = 0;
  free(text.bytes);
  return list;
}

int main(int count, char **arguments) {
  struct stat status;
  totals sums = {0};
  bool prints = count > 2 && strcmp(arguments[2], "--list") == 0;
  if (stat(root, &status) != 0) {
    printf("onnx_cases_test: SKIPPED, there is no %s; install the package libonnx-testdata\n",
           root);
    return 0;
  }
  char *list = prints ? NULL : read_list(arguments[1]);
  if (prints) {
    printf(
        "# Cases of ONNX that are refused, with the reason that loading gives: operators that no\n"
        "# vision backbone has, forms that only training has, opsets before 7, and values that "
        "are\n"
        "# no tensors of numbers. Made by onnx_cases_test DATA_FOLDER --list.\n");
  }
  for (size_t i = 0; i < sizeof groups / sizeof *groups; i++) {
    run_group(groups[i], list, &sums);
  }
  fprintf(prints ? stderr : stdout, "onnx cases: %d passed, %d not claimed, %d failed\n",
          sums.passed, sums.not_claimed, sums.failed);
  free(list);
  return prints ? sums.failed > 0 : CHECK_EXIT();
}
#endif
