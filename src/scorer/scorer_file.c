/*
 * The scorer's file: safetensors with every parameter as F32 and two notes, the models' ids, one a
 * line, and the encoder's hash. A table says which tensors there are; everything is checked before
 * it is used.
 */
#include <math.h>
#include <string.h>

#include "core/sort.h"
#include "scorer/number.h"
#include "scorer/order.h"
#include "scorer/scorer.h"
#include "scorer/trainer.h"
#include "zoo/json.h"
#include "zoo/safetensors.h"

enum { MAX_ID_SIZE = 128 };

static const char FORMAT[] = "modelspider-scorer-1";

/* What the tensors are long, wide and high: those of a name are the same in all of them. */
enum { MODELS, WIDTH, ROWS, TASKS, FACTORS, BLOCKS, SUMMARY, NUMBERS, ONE, CERTAINTY, SIDES };

/* Tensors that are there together or not at all, the first ones always. */
enum { PARAMETER_GROUP, RECALL_GROUP, CERTAINTY_GROUP, BLOCK_GROUP, GROUPS };

/* One tensor of the file. */
typedef struct stored_part {
  const char *name;
  uint8_t rank;
  uint8_t sides[2];
} stored_part;

/* Here the numbers of a group lie one behind the other, in this order. */
static const stored_part PARTS[] = {
    {"prior", 1, {MODELS}},
    {"tokens", 2, {MODELS, WIDTH}},
    {"query", 2, {WIDTH, WIDTH}},
    {"key", 2, {WIDTH, WIDTH}},
    {"value", 2, {WIDTH, WIDTH}},
    {"summary", 2, {SUMMARY, WIDTH}},
    {"rows", 2, {ROWS, WIDTH}},
    {"row_shift", 1, {ROWS}},
    {"summary_shift", 1, {SUMMARY}},
    {"row_factor", 1, {ROWS}},
    {"summary_factor", 1, {SUMMARY}},
    {"recall_reach", 1, {ONE}},
    {"recall_tasks", 2, {TASKS, NUMBERS}},
    {"recall_values", 2, {TASKS, MODELS}},
    {"certainty_numbers", 1, {CERTAINTY}},
    {"certainty_variances", 1, {MODELS}},
    {"certainty_offsets", 1, {MODELS}},
    {"certainty_factors", 2, {FACTORS, MODELS}},
    {"blocks", 1, {BLOCKS}}, /* the joint count, then the widths */
};
enum { PART_COUNT = sizeof PARTS / sizeof *PARTS };

/* Where each group ends. */
static const uint8_t ENDS[GROUPS] = {11, 14, 18, 19};

/* What the sides from MODELS to BLOCKS may be, where their group is there. */
static const struct side_range {
  const char *name;
  uint32_t least;
  uint32_t most;
  uint32_t group;
} RANGES[] = {
    {"models", 1, 65536, PARAMETER_GROUP},
    {"numbers of a token", 1, 1024, PARAMETER_GROUP},
    {"numbers of a row", 2, 2 * 65536, PARAMETER_GROUP},
    {"tasks to recall", 1, UINT32_MAX, RECALL_GROUP},
    {"factors", 1, MS_MAX_FACTORS, CERTAINTY_GROUP},
    {"numbers of blocks", 2, 1 + MS_MAX_BLOCKS, BLOCK_GROUP},
};

/* Fails with status where an encoder's hash is not one. */
static ms_status check_hash(ms_context *context, ms_status status, const char *hash) {
  size_t size = 0;
  while (hash != NULL &&
         ((hash[size] >= '0' && hash[size] <= '9') || (hash[size] >= 'a' && hash[size] <= 'f'))) {
    size++;
  }
  if (size != MS_HASH_SIZE || hash[size] != 0) {
    return ms_fail(context, status, "the encoder's hash is not 64 lower-case hexadecimal digits");
  }
  return MS_OK;
}

static int compare_texts(const void *first, const void *second) {
  return strcmp(**(const char *const *const *)first, **(const char *const *const *)second);
}

/* Fails with status where an id is not fit or comes twice. */
static ms_status check_ids(ms_context *context, ms_status status, const char *const *ids,
                           size_t count) {
  const char *const **sorted = NULL; /* [count], where the ids stand, by their text */
  MS_TRY(MS_SCRATCH(context, count, &sorted));
  for (size_t m = 0; m < count; m++) {
    if (strlen(ids[m]) > MAX_ID_SIZE || !ms_text_is_plain(ids[m])) {
      return ms_fail(context, status, "the id of model %zu is not 1 to %d bytes of plain text", m,
                     MAX_ID_SIZE);
    }
    sorted[m] = &ids[m];
  }
  ms_sort(sorted, count, sizeof *sorted, compare_texts);
  for (size_t m = 1; m < count; m++) {
    if (strcmp(*sorted[m - 1], *sorted[m]) == 0) {
      const char *const *later = sorted[m] > sorted[m - 1] ? sorted[m] : sorted[m - 1];
      return ms_fail(context, status, "model %zu has the id %.64s of another",
                     (size_t)(later - ids), *later);
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

/* A part's numbers as floats, in scratch memory; values moves behind them. */
static ms_status store_part(ms_context *context, const stored_part *part, const size_t *sides,
                            const double **values, ms_stored_tensor *tensor) {
  *tensor = (ms_stored_tensor){.name = part->name, .dtype = MS_DTYPE_F32, .rank = part->rank};
  for (size_t i = 0; i < part->rank; i++) {
    tensor->shape[i] = sides[part->sides[i]];
  }
  size_t count = ms_stored_tensor_count(tensor);
  float *floats = NULL;
  MS_TRY(MS_SCRATCH(context, count, &floats));
  for (size_t i = 0; i < count; i++) {
    double value = *(*values)++;
    if (!(fabs(value) <= 3e38)) {
      return ms_fail_number(context, MS_ERR_DATA, part->name, i, value);
    }
    floats[i] = (float)value;
  }
  tensor->elements = floats;
  return MS_OK;
}

ms_status ms_scorer_write(const ms_trainer *trainer, const char *const *model_ids,
                          const char *encoder_hash, void *bytes, size_t room, size_t *size) {
  ms_context *context = trainer->context;
  const ms_attention_shape *shape = &trainer->shape;
  const double *groups[GROUPS] = {trainer->attention.block, trainer->recall.block,
                                  trainer->certainty.block, trainer->blocks};
  const size_t sides[SIDES] = {
      [MODELS] = shape->model_count,
      [WIDTH] = shape->width,
      [ROWS] = ms_row_width(shape->feature_count),
      [TASKS] = trainer->recall.task_count,
      [FACTORS] = trainer->certainty.factor_count,
      [BLOCKS] = trainer->block_values,
      [SUMMARY] = ms_summary_width(shape->feature_count, shape->landmark_count),
      [NUMBERS] = trainer->recall.number_count,
      [ONE] = 1,
      [CERTAINTY] = MS_CERTAINTY_NUMBERS,
  };
  ms_stored_tensor tensors[PART_COUNT];
  size_t count = 0;
  char *ids = NULL;
  MS_TRY(check_hash(context, MS_ERR_ARGUMENT, encoder_hash));
  MS_TRY(check_ids(context, MS_ERR_ARGUMENT, model_ids, shape->model_count));
  MS_TRY(join_ids(context, model_ids, shape->model_count, &ids));
  for (size_t g = 0, i = 0; g < GROUPS; g++) {
    for (; i < ENDS[g]; i++) {
      if (groups[g] != NULL) {
        MS_TRY(store_part(context, &PARTS[i], sides, &groups[g], &tensors[count++]));
      }
    }
  }
  const ms_stored_note notes[] = {{"format", FORMAT}, {"encoder", encoder_hash}, {"models", ids}};
  return ms_safetensors_write(context, tensors, count, notes, 3, bytes, room, size);
}

/*
 * Takes a part's numbers, which must be finite; values moves behind them. Sides that no part before
 * had, SIZE_MAX, are then known.
 */
static ms_status load_part(ms_context *context, const ms_safetensors *file, const stored_part *part,
                           size_t *sides, double **values) {
  const ms_stored_tensor *tensor = NULL;
  const size_t shape[] = {sides[part->sides[0]], sides[part->sides[1]]};
  MS_TRY(ms_safetensors_get(context, file, part->name, MS_DTYPE_F32, part->rank, shape, &tensor));
  for (size_t i = 0; i < part->rank; i++) {
    sides[part->sides[i]] = tensor->shape[i];
  }
  const uint8_t *elements = tensor->elements;
  size_t count = ms_stored_tensor_count(tensor);
  for (size_t i = 0; i < count; i++) {
    float value = 0;
    memcpy(&value, elements + i * sizeof value, sizeof value);
    if (!ms_is_finite(value)) {
      return ms_fail_number(context, MS_ERR_FORMAT, part->name, i, value);
    }
    *(*values)++ = value;
  }
  return MS_OK;
}

/*
 * Takes all numbers of the file into one block. What is allocated depends on the file's size alone,
 * as no tensor is read twice; whether the sides make sense is seen later.
 *
 * sides   receives what the file says of them
 * groups  receives where each group begins, NULL where it is not there
 */
static ms_status load_groups(ms_context *context, const ms_safetensors *file, size_t *sides,
                             double **groups) {
  size_t total = 0;
  size_t loaded = 0;
  for (size_t i = 0; i < file->tensor_count; i++) {
    total += ms_stored_tensor_count(&file->tensors[i]);
  }
  MS_TRY(MS_NEW(context, total, &groups[PARAMETER_GROUP]));
  double *values = groups[PARAMETER_GROUP];
  for (size_t k = 0; k < SIDES; k++) {
    sides[k] = SIZE_MAX;
  }
  sides[ONE] = 1;
  sides[CERTAINTY] = MS_CERTAINTY_NUMBERS;
  for (size_t g = 0, i = 0; g < GROUPS; g++) {
    bool here = g == PARAMETER_GROUP || ms_safetensors_find(file, PARTS[i].name) != NULL;
    groups[g] = here ? values : NULL;
    for (; i < ENDS[g]; i++) {
      if (here) {
        MS_TRY(load_part(context, file, &PARTS[i], sides, &values));
        loaded++;
      }
    }
  }
  if (file->tensor_count != loaded) {
    return ms_fail(context, MS_ERR_FORMAT, "%zu tensors in the scorer file, expected %zu",
                   file->tensor_count, loaded);
  }
  return MS_OK;
}

static ms_status check_sides(ms_context *context, const size_t *sides, double *const *groups) {
  for (size_t k = MODELS; k <= BLOCKS; k++) {
    const struct side_range *range = &RANGES[k];
    if (groups[range->group] != NULL && (sides[k] < range->least || sides[k] > range->most)) {
      return ms_fail(context, MS_ERR_LIMIT, "%zu %s in the scorer file, %u to %u are possible",
                     sides[k], range->name, range->least, range->most);
    }
  }
  return MS_OK;
}

/* The ids' lines become the scorer's texts, behind the pointers to them. */
static ms_status load_ids(ms_scorer *scorer, size_t model_count, const char *text) {
  ms_context *context = scorer->context;
  size_t size = strlen(text) + 1;
  size_t lines = 1;
  MS_TRY(MS_HAS_MEMORY(
      scorer->model_ids = ms_allocate(context, model_count * sizeof *scorer->model_ids + size, 1)));
  char *copy = (char *)(scorer->model_ids + model_count);
  memcpy(copy, text, size);
  scorer->model_ids[0] = copy;
  for (char *c = copy; *c != 0; c++) {
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

static ms_status load_notes(ms_scorer *scorer, size_t model_count, const ms_safetensors *file) {
  ms_context *context = scorer->context;
  const char *format = ms_safetensors_note(file, "format");
  const char *encoder = ms_safetensors_note(file, "encoder");
  const char *models = ms_safetensors_note(file, "models");
  if (format == NULL || strcmp(format, FORMAT) != 0) {
    return ms_fail(context, format == NULL ? MS_ERR_FORMAT : MS_ERR_UNSUPPORTED,
                   "the scorer file's format is %.64s, %s is known",
                   format == NULL ? "not stated" : format, FORMAT);
  }
  MS_TRY(check_hash(context, MS_ERR_FORMAT, encoder));
  if (models == NULL) {
    return ms_fail(context, MS_ERR_FORMAT, "the scorer file has no model ids");
  }
  memcpy(scorer->encoder_hash, encoder, MS_HASH_SIZE + 1);
  return load_ids(scorer, model_count, models);
}

/* The landmarks' blocks, which must fit into the features: values [count], joint count and widths.
 */
static ms_status load_blocks(ms_scorer *scorer, const double *values, size_t count,
                             size_t feature_count) {
  size_t *widths = NULL;
  double sum = 0;
  MS_TRY(MS_NEW(scorer->context, count - 1, &widths));
  scorer->blocks = (ms_feature_blocks){count - 1, widths, 0};
  bool fits = values[0] >= 0 && values[0] <= (double)(count - 1) && floor(values[0]) == values[0];
  for (size_t i = 1; i < count; i++) {
    sum += values[i];
    fits = fits && values[i] >= 1 && floor(values[i]) == values[i] && sum <= (double)feature_count;
    widths[i - 1] = fits ? (size_t)values[i] : 0;
  }
  if (!fits) {
    return ms_fail(scorer->context, MS_ERR_FORMAT,
                   "the scorer file's landmark blocks do not fit into %zu features", feature_count);
  }
  scorer->blocks.joint_count = (size_t)values[0];
  return MS_OK;
}

/* Variances and the reach must not be negative. */
static ms_status check_signs(const ms_scorer *scorer) {
  const ms_certainty *certainty = &scorer->certainty;
  bool negative = scorer->recall.task_count > 0 && *scorer->recall.reach < 0;
  /* The variances follow the numbers. */
  for (size_t i = 0; certainty->block != NULL && i < MS_CERTAINTY_NUMBERS + certainty->model_count;
       i++) {
    negative = negative || (certainty->block[i] < 0 && i != MS_LEVEL_MEAN &&
                            i != MS_ENCODER_INTERCEPT && i != MS_ENCODER_SLOPE);
  }
  if (negative) {
    return ms_fail(scorer->context, MS_ERR_FORMAT,
                   "a variance or the reach of the scorer file is negative");
  }
  return MS_OK;
}

ms_status ms_scorer_read(ms_scorer *scorer, const void *bytes, size_t size) {
  ms_context *context = scorer->context;
  ms_safetensors file;
  size_t sides[SIDES];
  double *groups[GROUPS];
  MS_TRY(ms_safetensors_read(context, bytes, size, "scorer file", &file));
  ms_status status = load_groups(context, &file, sides, groups);
  scorer->attention.block = groups[PARAMETER_GROUP];
  MS_TRY(status);
  MS_TRY(check_sides(context, sides, groups));
  ms_attention_shape shape = {sides[MODELS], sides[WIDTH], sides[ROWS] / 2, 0};
  if (groups[BLOCK_GROUP] != NULL) {
    MS_TRY(load_blocks(scorer, groups[BLOCK_GROUP], sides[BLOCKS], shape.feature_count));
    shape.landmark_count = ms_landmark_count(&scorer->blocks) + 1;
  }
  if (sides[ROWS] % 2 != 0 ||
      sides[SUMMARY] != ms_summary_width(shape.feature_count, shape.landmark_count) ||
      (groups[RECALL_GROUP] != NULL && sides[NUMBERS] != 1 + shape.landmark_count)) {
    return ms_fail(context, MS_ERR_FORMAT,
                   "the scorer file's tensors do not fit %zu features and %zu landmarks",
                   shape.feature_count, shape.landmark_count);
  }
  ms_attention_bind(&scorer->attention, &shape, groups[PARAMETER_GROUP]);
  ms_token_scale_bind(&scorer->scale, shape.feature_count, shape.landmark_count,
                      groups[PARAMETER_GROUP] + ms_attention_count(&shape));
  if (groups[RECALL_GROUP] != NULL) {
    ms_recall_bind(&scorer->recall, sides[TASKS], sides[NUMBERS], shape.model_count,
                   groups[RECALL_GROUP]);
  }
  if (groups[CERTAINTY_GROUP] != NULL) {
    ms_certainty_bind(&scorer->certainty, shape.model_count, sides[FACTORS],
                      groups[CERTAINTY_GROUP]);
  }
  MS_TRY(check_signs(scorer));
  MS_TRY(MS_NEW(context, shape.model_count * shape.width, &scorer->queries));
  ms_attention_query(&scorer->attention, scorer->queries);
  return load_notes(scorer, shape.model_count, &file);
}
