/*
 * The scorer's file: safetensors with every parameter as F32 and two notes, the models' ids, one a
 * line, and the encoder's hash. Shapes decide M, d and D; everything is checked before it is used.
 */
#include <math.h>
#include <string.h>

#include "scorer/scorer.h"
#include "zoo/json.h"
#include "zoo/safetensors.h"

enum { MAX_ID_SIZE = 128, MAX_MODELS = 65536, MAX_WIDTH = 1024, MAX_FEATURES = 65536 };
enum { PARAMETER_PARTS = 11, RECALL_PARTS = 3, CERTAINTY_PARTS = 4 };
enum { MAX_PARTS = PARAMETER_PARTS + RECALL_PARTS + CERTAINTY_PARTS + 1 };

static const char FORMAT[] = "modelspider-scorer-1";

/* One tensor of the file, and where its numbers live here. */
typedef struct stored_part {
  const char *name;
  size_t rows; /* 0 for a tensor of rank 1 */
  size_t columns;
  double *values;
} stored_part;

static size_t count_values(const stored_part *part) {
  return (part->rows == 0 ? 1 : part->rows) * part->columns;
}

/* The file's tensors for parameters and scale. */
static void list_parameters(const ms_attention *attention, const ms_token_scale *scale,
                            stored_part parts[PARAMETER_PARTS]) {
  size_t models = attention->shape.model_count;
  size_t width = attention->shape.width;
  size_t rows = ms_row_width(attention->shape.feature_count);
  size_t summary =
      ms_summary_width(attention->shape.feature_count, attention->shape.landmark_count);
  const stored_part listed[PARAMETER_PARTS] = {
      {"prior", 0, models, attention->prior},
      {"tokens", models, width, attention->tokens},
      {"query", width, width, attention->query},
      {"key", width, width, attention->key},
      {"value", width, width, attention->value},
      {"summary", summary, width, attention->summary},
      {"rows", rows, width, attention->rows},
      {"row_shift", 0, rows, scale->row_shift},
      {"row_factor", 0, rows, scale->row_factor},
      {"summary_shift", 0, summary, scale->summary_shift},
      {"summary_factor", 0, summary, scale->summary_factor},
  };
  memcpy(parts, listed, sizeof listed);
}

static void list_recall(const ms_recall *recall, stored_part parts[RECALL_PARTS]) {
  const stored_part listed[RECALL_PARTS] = {
      {"recall_reach", 0, 1, recall->reach},
      {"recall_tasks", recall->task_count, recall->number_count, recall->tasks},
      {"recall_values", recall->task_count, recall->model_count, recall->values},
  };
  memcpy(parts, listed, sizeof listed);
}

static void list_certainty(const ms_certainty *certainty, stored_part parts[CERTAINTY_PARTS]) {
  size_t models = certainty->model_count;
  const stored_part listed[CERTAINTY_PARTS] = {
      {"certainty_numbers", 0, MS_CERTAINTY_NUMBERS, certainty->numbers},
      {"certainty_variances", 0, models, certainty->variances},
      {"certainty_offsets", 0, models, certainty->offsets},
      {"certainty_factors", certainty->factor_count, models, certainty->factors},
  };
  memcpy(parts, listed, sizeof listed);
}

static bool is_hash(const char *text) {
  size_t size = 0;
  while (size <= MS_HASH_SIZE &&
         ((text[size] >= '0' && text[size] <= '9') || (text[size] >= 'a' && text[size] <= 'f'))) {
    size++;
  }
  return size == MS_HASH_SIZE && text[size] == 0;
}

/* FNV-1a of a text. */
static size_t hash_text(const char *text) {
  uint32_t hash = 2166136261u;
  for (const char *c = text; *c != 0; c++) {
    hash = (hash ^ (uint8_t)*c) * 16777619u;
  }
  return hash;
}

/* Enters an id in a table of a power of two places, NULL where free; false if it is there. */
static bool enter_id(const char **table, size_t place_count, const char *id) {
  size_t place = hash_text(id) & (place_count - 1);
  while (table[place] != NULL) {
    if (strcmp(table[place], id) == 0) {
      return false;
    }
    place = (place + 1) & (place_count - 1);
  }
  table[place] = id;
  return true;
}

/* Fails with status where an id is not fit or comes twice. */
static ms_status check_ids(ms_context *context, ms_status status, const char *const *ids,
                           size_t count) {
  size_t place_count = 2;
  while (place_count < 2 * count) {
    place_count *= 2;
  }
  const char **table = NULL; /* [place_count] */
  MS_TRY(MS_SCRATCH(context, place_count, &table));
  memset(table, 0, place_count * sizeof *table);
  for (size_t m = 0; m < count; m++) {
    if (strlen(ids[m]) > MAX_ID_SIZE || !ms_text_is_plain(ids[m])) {
      return ms_fail(context, status, "the id of model %zu is not 1 to %d bytes of plain text", m,
                     MAX_ID_SIZE);
    }
    if (!enter_id(table, place_count, ids[m])) {
      return ms_fail(context, status, "model %zu has the id %.64s of another", m, ids[m]);
    }
  }
  return MS_OK;
}

/* All ids, one a line, in scratch memory. */
static ms_status join_ids(ms_context *context, const char *const *ids, size_t count, char **text) {
  size_t size = 0;
  for (size_t m = 0; m < count; m++) {
    size += strlen(ids[m]) + 1;
  }
  MS_TRY(MS_SCRATCH(context, size, text));
  char *end = *text;
  for (size_t m = 0; m < count; m++) {
    size_t length = strlen(ids[m]);
    memcpy(end, ids[m], length);
    end[length] = m + 1 < count ? '\n' : 0;
    end += length + 1;
  }
  return MS_OK;
}

/* A part's numbers as floats, in scratch memory. */
static ms_status store_part(ms_context *context, const stored_part *part,
                            ms_stored_tensor *tensor) {
  size_t count = count_values(part);
  float *floats = NULL;
  MS_TRY(MS_SCRATCH(context, count, &floats));
  for (size_t i = 0; i < count; i++) {
    if (!(fabs(part->values[i]) <= 3e38)) {
      return ms_fail(context, MS_ERR_DATA, "number %zu of %s is %g, too large for the file", i,
                     part->name, part->values[i]);
    }
    floats[i] = (float)part->values[i];
  }
  *tensor = (ms_stored_tensor){.name = part->name, .dtype = MS_DTYPE_F32, .elements = floats};
  tensor->rank = part->rows == 0 ? 1 : 2;
  tensor->shape[0] = part->rows == 0 ? part->columns : part->rows;
  tensor->shape[1] = part->columns;
  return MS_OK;
}

ms_status ms_scorer_write(ms_context *context, const ms_scorer_parts *parts, void *bytes,
                          size_t room, size_t *size) {
  stored_part listed[MAX_PARTS];
  ms_stored_tensor tensors[MAX_PARTS];
  char *ids = NULL;
  size_t model_count = parts->attention->shape.model_count;
  size_t count = PARAMETER_PARTS;
  if (!is_hash(parts->encoder_hash)) {
    return ms_fail(context, MS_ERR_ARGUMENT,
                   "the encoder's hash is not 64 lower-case hexadecimal digits");
  }
  MS_TRY(check_ids(context, MS_ERR_ARGUMENT, parts->model_ids, model_count));
  MS_TRY(join_ids(context, parts->model_ids, model_count, &ids));
  list_parameters(parts->attention, parts->scale, listed);
  if (parts->certainty != NULL) {
    list_certainty(parts->certainty, listed + count);
    count += CERTAINTY_PARTS;
  }
  if (parts->recall != NULL) {
    list_recall(parts->recall, listed + count);
    count += RECALL_PARTS;
  }
  if (parts->blocks != NULL) {
    listed[count++] = (stored_part){"blocks", 0, parts->block_values, (double *)parts->blocks};
  }
  for (size_t i = 0; i < count; i++) {
    MS_TRY(store_part(context, &listed[i], &tensors[i]));
  }
  const ms_stored_note notes[] = {
      {"format", FORMAT}, {"encoder", parts->encoder_hash}, {"models", ids}};
  return ms_safetensors_write(context, tensors, count, notes, 3, bytes, room, size);
}

/* Copies a tensor of exactly the part's shape; every number must be finite. */
static ms_status load_part(ms_context *context, const ms_safetensors *file,
                           const stored_part *part) {
  const ms_stored_tensor *tensor = NULL;
  const size_t line[] = {part->columns};
  const size_t table[] = {part->rows, part->columns};
  MS_TRY(ms_safetensors_get(context, file, part->name, MS_DTYPE_F32, part->rows == 0 ? 1 : 2,
                            part->rows == 0 ? line : table, &tensor));
  size_t count = count_values(part);
  float *floats = NULL;
  ms_arena_mark mark = ms_arena_get_mark(context);
  MS_TRY(MS_SCRATCH(context, count, &floats));
  ms_safetensors_copy(tensor, floats);
  for (size_t i = 0; i < count; i++) {
    if (!isfinite(floats[i])) {
      return ms_fail(context, MS_ERR_FORMAT, "number %zu of %s is %g", i, part->name,
                     (double)floats[i]);
    }
    part->values[i] = floats[i];
  }
  ms_arena_drop(context, mark);
  return MS_OK;
}

/* M and d from the tokens, D from the rows. */
static ms_status find_shape(ms_context *context, const ms_safetensors *file,
                            ms_attention_shape *shape) {
  const ms_stored_tensor *tokens = NULL;
  const ms_stored_tensor *rows = NULL;
  const size_t any[] = {SIZE_MAX, SIZE_MAX};
  MS_TRY(ms_safetensors_get(context, file, "tokens", MS_DTYPE_F32, 2, any, &tokens));
  MS_TRY(ms_safetensors_get(context, file, "rows", MS_DTYPE_F32, 2, any, &rows));
  *shape = (ms_attention_shape){tokens->shape[0], tokens->shape[1], rows->shape[0] / 2, 0};
  if (shape->model_count < 1 || shape->model_count > MAX_MODELS || shape->width < 1 ||
      shape->width > MAX_WIDTH || shape->feature_count < 1 || shape->feature_count > MAX_FEATURES) {
    return ms_fail(context, MS_ERR_LIMIT,
                   "a scorer of %zu models, tokens of %zu, %zu features; at most %d, %d and %d",
                   shape->model_count, shape->width, shape->feature_count, MAX_MODELS, MAX_WIDTH,
                   MAX_FEATURES);
  }
  return MS_OK;
}

/* The ids' lines become the scorer's texts. */
static ms_status load_ids(ms_scorer *scorer, const char *text) {
  ms_context *context = scorer->context;
  size_t model_count = scorer->attention.shape.model_count;
  size_t size = strlen(text) + 1;
  size_t lines = 1;
  MS_TRY(MS_NEW(context, size, &scorer->id_text));
  MS_TRY(MS_NEW(context, model_count, &scorer->model_ids));
  memcpy(scorer->id_text, text, size);
  scorer->model_ids[0] = scorer->id_text;
  for (char *c = scorer->id_text; *c != 0; c++) {
    if (*c == '\n') {
      *c = 0;
      if (lines < model_count) {
        scorer->model_ids[lines] = c + 1;
      }
      lines++;
    }
  }
  if (lines != model_count) {
    return ms_fail(context, MS_ERR_FORMAT, "%zu model ids for %zu models", lines, model_count);
  }
  return check_ids(context, MS_ERR_FORMAT, scorer->model_ids, model_count);
}

static ms_status load_notes(ms_scorer *scorer, const ms_safetensors *file) {
  ms_context *context = scorer->context;
  const char *format = ms_safetensors_note(file, "format");
  const char *encoder = ms_safetensors_note(file, "encoder");
  const char *models = ms_safetensors_note(file, "models");
  if (format == NULL || strcmp(format, FORMAT) != 0) {
    return ms_fail(context, format == NULL ? MS_ERR_FORMAT : MS_ERR_UNSUPPORTED,
                   "the scorer file's format is %.64s, %s is known",
                   format == NULL ? "not stated" : format, FORMAT);
  }
  if (encoder == NULL || !is_hash(encoder)) {
    return ms_fail(context, MS_ERR_FORMAT, "the scorer file has no encoder hash of 64 digits");
  }
  if (models == NULL) {
    return ms_fail(context, MS_ERR_FORMAT, "the scorer file has no model ids");
  }
  memcpy(scorer->encoder_hash, encoder, MS_HASH_SIZE + 1);
  return load_ids(scorer, models);
}

/* The widths of the landmarks' blocks, which must fit into the features. */
static ms_status check_blocks(ms_context *context, const double *values, size_t count,
                              size_t feature_count) {
  double sum = 0;
  bool fits = values[0] >= 0 && values[0] <= (double)(count - 1) && floor(values[0]) == values[0];
  for (size_t i = 1; i < count; i++) {
    sum += values[i];
    fits = fits && values[i] >= 1 && floor(values[i]) == values[i];
  }
  if (!fits || sum > (double)feature_count) {
    return ms_fail(context, MS_ERR_FORMAT,
                   "the scorer file's landmark blocks do not fit into %zu features", feature_count);
  }
  return MS_OK;
}

static ms_status load_blocks(ms_scorer *scorer, const ms_safetensors *file,
                             ms_attention_shape *shape) {
  ms_context *context = scorer->context;
  const ms_stored_tensor *tensor = NULL;
  const size_t any[] = {SIZE_MAX};
  double values[1 + MS_MAX_BLOCKS];
  size_t *widths = NULL;
  MS_TRY(ms_safetensors_get(context, file, "blocks", MS_DTYPE_F32, 1, any, &tensor));
  size_t count = tensor->shape[0];
  if (count < 2 || count > 1 + MS_MAX_BLOCKS) {
    return ms_fail(context, MS_ERR_LIMIT, "%zu numbers of landmark blocks, 2 to %d are possible",
                   count, 1 + MS_MAX_BLOCKS);
  }
  const stored_part part = {"blocks", 0, count, values};
  MS_TRY(load_part(context, file, &part));
  MS_TRY(check_blocks(context, values, count, shape->feature_count));
  MS_TRY(MS_NEW(context, count - 1, &widths));
  for (size_t i = 1; i < count; i++) {
    widths[i - 1] = (size_t)values[i];
  }
  scorer->blocks = (ms_feature_blocks){count - 1, widths, (size_t)values[0]};
  shape->landmark_count = ms_landmark_count(&scorer->blocks) + 1;
  return MS_OK;
}

static ms_status load_parameters(ms_scorer *scorer, const ms_safetensors *file,
                                 ms_attention_shape shape) {
  ms_context *context = scorer->context;
  size_t count = 0;
  stored_part parts[PARAMETER_PARTS];
  if (!ms_attention_count(shape, &count)) {
    return ms_fail(context, MS_ERR_MEMORY, "no memory for %zu models", shape.model_count);
  }
  MS_TRY(MS_NEW(context, count, &scorer->attention.block));
  scorer->attention = ms_attention_bind(shape, scorer->attention.block);
  MS_TRY(MS_NEW(context, 2 * (3 * shape.feature_count + 1 + shape.landmark_count),
                &scorer->scale_block));
  scorer->scale =
      ms_token_scale_bind(shape.feature_count, shape.landmark_count, scorer->scale_block);
  list_parameters(&scorer->attention, &scorer->scale, parts);
  for (size_t i = 0; i < PARAMETER_PARTS; i++) {
    MS_TRY(load_part(context, file, &parts[i]));
  }
  MS_TRY(MS_NEW(context, shape.model_count * shape.width, &scorer->queries));
  ms_attention_query(&scorer->attention, scorer->queries);
  return MS_OK;
}

static ms_status load_recall(ms_scorer *scorer, const ms_safetensors *file) {
  ms_context *context = scorer->context;
  const ms_attention_shape *shape = &scorer->attention.shape;
  const ms_stored_tensor *tasks = NULL;
  const size_t any[] = {SIZE_MAX, 1 + shape->landmark_count};
  stored_part parts[RECALL_PARTS];
  size_t count = 0;
  MS_TRY(ms_safetensors_get(context, file, "recall_tasks", MS_DTYPE_F32, 2, any, &tasks));
  size_t task_count = tasks->shape[0];
  if (task_count < 1 ||
      !ms_recall_count(task_count, 1 + shape->landmark_count, shape->model_count, &count)) {
    return ms_fail(context, MS_ERR_LIMIT, "%zu tasks to recall", task_count);
  }
  MS_TRY(MS_NEW(context, count, &scorer->recall.block));
  scorer->recall = ms_recall_bind(task_count, 1 + shape->landmark_count, shape->model_count,
                                  scorer->recall.block);
  list_recall(&scorer->recall, parts);
  for (size_t i = 0; i < RECALL_PARTS; i++) {
    MS_TRY(load_part(context, file, &parts[i]));
  }
  if (*scorer->recall.reach < 0) {
    return ms_fail(context, MS_ERR_FORMAT, "the reach of the scorer file's recall is negative");
  }
  return MS_OK;
}

/* Variances must not be negative. */
static ms_status check_certainty(ms_context *context, const ms_certainty *certainty) {
  static const size_t variances[] = {MS_LEVEL_VARIANCE, MS_ENCODER_VARIANCE, MS_COMMON_VARIANCE,
                                     MS_NOISE_VARIANCE, MS_IMAGE_SHARE,      MS_ERROR_FLOOR,
                                     MS_ERROR_SLOPE};
  bool negative = false;
  for (size_t i = 0; i < sizeof variances / sizeof *variances; i++) {
    negative = negative || certainty->numbers[variances[i]] < 0;
  }
  for (size_t m = 0; m < certainty->model_count; m++) {
    negative = negative || certainty->variances[m] < 0;
  }
  if (negative) {
    return ms_fail(context, MS_ERR_FORMAT, "a variance of the scorer file is negative");
  }
  return MS_OK;
}

static ms_status load_certainty(ms_scorer *scorer, const ms_safetensors *file) {
  ms_context *context = scorer->context;
  size_t model_count = scorer->attention.shape.model_count;
  const ms_stored_tensor *factors = NULL;
  const size_t any[] = {SIZE_MAX, model_count};
  stored_part parts[CERTAINTY_PARTS];
  MS_TRY(ms_safetensors_get(context, file, "certainty_factors", MS_DTYPE_F32, 2, any, &factors));
  if (factors->shape[0] < 1 || factors->shape[0] > MS_MAX_FACTORS) {
    return ms_fail(context, MS_ERR_LIMIT, "%zu factors of the models' errors, 1 to %d are possible",
                   factors->shape[0], MS_MAX_FACTORS);
  }
  size_t count = ms_certainty_count(model_count, factors->shape[0]);
  MS_TRY(MS_NEW(context, count, &scorer->certainty.block));
  scorer->certainty = ms_certainty_bind(model_count, factors->shape[0], scorer->certainty.block);
  list_certainty(&scorer->certainty, parts);
  for (size_t i = 0; i < CERTAINTY_PARTS; i++) {
    MS_TRY(load_part(context, file, &parts[i]));
  }
  return check_certainty(context, &scorer->certainty);
}

ms_status ms_scorer_read(ms_scorer *scorer, const void *bytes, size_t size) {
  ms_safetensors file;
  ms_attention_shape shape;
  MS_TRY(ms_safetensors_read(scorer->context, bytes, size, "scorer file", &file));
  MS_TRY(find_shape(scorer->context, &file, &shape));
  bool certain = ms_safetensors_find(&file, "certainty_factors") != NULL;
  bool marked = ms_safetensors_find(&file, "blocks") != NULL;
  bool recalls = ms_safetensors_find(&file, "recall_tasks") != NULL;
  size_t expected = PARAMETER_PARTS + (certain ? CERTAINTY_PARTS : 0) +
                    (recalls ? RECALL_PARTS : 0) + (marked ? 1 : 0);
  if (file.tensor_count != expected) {
    return ms_fail(scorer->context, MS_ERR_FORMAT, "%zu tensors in the scorer file, expected %zu",
                   file.tensor_count, expected);
  }
  if (marked) {
    MS_TRY(load_blocks(scorer, &file, &shape));
  }
  MS_TRY(load_parameters(scorer, &file, shape));
  if (recalls) {
    MS_TRY(load_recall(scorer, &file));
  }
  MS_TRY(load_notes(scorer, &file));
  return certain ? load_certainty(scorer, &file) : MS_OK;
}
