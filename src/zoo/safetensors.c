/*
 * Reads and writes safetensors over the caller's bytes. Reading makes an index in the scratch arena
 * and leaves the elements where they are; what the tensors mean is left to the callers.
 */
#include "zoo/safetensors.h"

#include <stdlib.h>
#include <string.h>

#include "core/reader.h"
#include "core/sort.h"
#include "zoo/json.h"

#if defined(__BYTE_ORDER__) && __BYTE_ORDER__ != __ORDER_LITTLE_ENDIAN__
#error "elements are copied as they are, which needs a little-endian machine"
#endif

#define METADATA "__metadata__"

static const struct {
  const char *name;
  size_t size;
} dtypes[MS_DTYPE_COUNT] = {
    [MS_DTYPE_F64] = {"F64", 8},  [MS_DTYPE_I64] = {"I64", 8},   [MS_DTYPE_U64] = {"U64", 8},
    [MS_DTYPE_F32] = {"F32", 4},  [MS_DTYPE_I32] = {"I32", 4},   [MS_DTYPE_U32] = {"U32", 4},
    [MS_DTYPE_F16] = {"F16", 2},  [MS_DTYPE_BF16] = {"BF16", 2}, [MS_DTYPE_I16] = {"I16", 2},
    [MS_DTYPE_U16] = {"U16", 2},  [MS_DTYPE_I8] = {"I8", 1},     [MS_DTYPE_U8] = {"U8", 1},
    [MS_DTYPE_BOOL] = {"BOOL", 1}};

size_t ms_dtype_size(ms_dtype dtype) {
  return dtypes[dtype].size;
}

const char *ms_dtype_name(ms_dtype dtype) {
  return dtypes[dtype].name;
}

size_t ms_stored_tensor_count(const ms_stored_tensor *tensor) {
  size_t count = 1;
  for (size_t i = 0; i < tensor->rank; i++) {
    count *= tensor->shape[i];
  }
  return count;
}

/* Bytes of the elements; SIZE_MAX if they exceed memory. */
static size_t element_size(const ms_stored_tensor *tensor) {
  size_t size = dtypes[tensor->dtype].size;
  for (size_t i = 0; i < tensor->rank; i++) {
    if (!ms_size_mul(size, tensor->shape[i], &size)) {
      return SIZE_MAX;
    }
  }
  return size;
}

/* Tensors and notes while they are collected. */
typedef struct contents {
  const char *what;
  ms_stored_tensor *tensors;
  size_t tensor_count;
  ms_stored_note *notes;
  size_t note_count;
} contents;

/* Of tensors, of notes, or of a pointer to a name and one of them: all begin with such a pointer.
 */
static int compare_names(const void *left, const void *right) {
  return strcmp(*(const char *const *)left, *(const char *const *)right);
}

/* Sorts items by name; fails with status where one comes twice. kind names an item in messages. */
static ms_status sort_names(ms_context *context, const char *what, const char *kind, void *items,
                            size_t count, size_t size, ms_status status) {
  if (count > 0) {
    ms_sort(items, count, size, compare_names);
  }
  const char *item = items;
  for (size_t i = 1; i < count; i++, item += size) {
    if (compare_names(item, item + size) == 0) {
      return ms_fail(context, status, "%s: %s %.64s comes twice", what, kind,
                     *(const char *const *)(const void *)item);
    }
  }
  return MS_OK;
}

static ms_status sort_contents(ms_context *context, const contents *file, ms_status status) {
  MS_TRY(sort_names(context, file->what, "tensor", file->tensors, file->tensor_count,
                    sizeof *file->tensors, status));
  return sort_names(context, file->what, "note", file->notes, file->note_count, sizeof *file->notes,
                    status);
}

static ms_status check_counts(ms_context *context, const char *what, size_t tensor_count,
                              size_t note_count) {
  if (tensor_count > MS_SAFETENSORS_MAX_COUNT || note_count > MS_SAFETENSORS_MAX_COUNT) {
    return ms_fail(context, MS_ERR_LIMIT, "%s: %zu tensors and %zu notes, at most %zu of each",
                   what, tensor_count, note_count, MS_SAFETENSORS_MAX_COUNT);
  }
  return MS_OK;
}

/* ---- Reading ------------------------------------------------------------------------------- */

/* Where a tensor lies in the data, in bytes. */
typedef struct data_extent {
  size_t begin;
  size_t end;
  const char *name;
} data_extent;

/* A file while its header is read. */
typedef struct header_reader {
  ms_context *context;
  const uint8_t *data;
  size_t data_size;
  data_extent *extents;
  contents file;
} header_reader;

static ms_status fail_tensor(const header_reader *reader, const cJSON *entry, const char *problem) {
  return ms_fail(reader->context, MS_ERR_FORMAT, "%s: tensor %.64s %s", reader->file.what,
                 entry->string, problem);
}

static ms_status copy_text(ms_context *context, const char *text, const char **copy) {
  size_t size = strlen(text) + 1;
  char *taken = NULL;
  MS_TRY(MS_SCRATCH(context, size, &taken));
  memcpy(taken, text, size);
  *copy = taken;
  return MS_OK;
}

static ms_status read_dtype(const header_reader *reader, const cJSON *entry, const cJSON *item,
                            ms_dtype *dtype) {
  if (!cJSON_IsString(item)) {
    return fail_tensor(reader, entry, "has a dtype that is not a text");
  }
  for (size_t i = 0; i < MS_DTYPE_COUNT; i++) {
    if (strcmp(item->valuestring, dtypes[i].name) == 0) {
      *dtype = (ms_dtype)i;
      return MS_OK;
    }
  }
  return ms_fail(reader->context, MS_ERR_UNSUPPORTED, "%s: tensor %.64s has the dtype %.16s",
                 reader->file.what, entry->string, item->valuestring);
}

static ms_status read_shape(const header_reader *reader, const cJSON *entry, const cJSON *item,
                            ms_stored_tensor *tensor) {
  if (!cJSON_IsArray(item)) {
    return fail_tensor(reader, entry, "has a shape that is not an array");
  }
  const cJSON *element = NULL;
  cJSON_ArrayForEach(element, item) {
    uint64_t length = 0;
    if (tensor->rank == MS_TENSOR_MAX_RANK) {
      return ms_fail(reader->context, MS_ERR_LIMIT, "%s: tensor %.64s has more than %d axes",
                     reader->file.what, entry->string, MS_TENSOR_MAX_RANK);
    }
    if (!ms_json_count(element, &length) || length > SIZE_MAX) {
      return fail_tensor(reader, entry, "has a shape that does not consist of counts");
    }
    tensor->shape[tensor->rank++] = (size_t)length;
  }
  return MS_OK;
}

static ms_status read_offsets(const header_reader *reader, const cJSON *entry, const cJSON *item,
                              const ms_stored_tensor *tensor, data_extent *extent) {
  uint64_t begin = 0;
  uint64_t end = 0;
  if (!cJSON_IsArray(item) || cJSON_GetArraySize(item) != 2 ||
      !ms_json_count(item->child, &begin) || !ms_json_count(item->child->next, &end)) {
    return fail_tensor(reader, entry, "has data_offsets that are not two counts");
  }
  if (begin > end || end > reader->data_size) {
    return fail_tensor(reader, entry, "lies outside the file");
  }
  if (end - begin != element_size(tensor)) {
    return fail_tensor(reader, entry, "has an extent that is not shape × element");
  }
  *extent = (data_extent){(size_t)begin, (size_t)end, tensor->name};
  return MS_OK;
}

/* The three members of a tensor's entry, in any order. */
static ms_status find_members(const header_reader *reader, const cJSON *entry,
                              const cJSON *members[3]) {
  static const char *const names[3] = {"dtype", "shape", "data_offsets"};
  if (!cJSON_IsObject(entry)) {
    return fail_tensor(reader, entry, "is not an object");
  }
  size_t found = 0;
  const cJSON *member = NULL;
  cJSON_ArrayForEach(member, entry) {
    size_t i = 0;
    while (i < 3 && strcmp(member->string, names[i]) != 0) {
      i++;
    }
    if (i == 3 || members[i] != NULL) {
      return fail_tensor(reader, entry, "has a member twice, or one that is unknown");
    }
    members[i] = member;
    found++;
  }
  return found == 3 ? MS_OK : fail_tensor(reader, entry, "lacks dtype, shape or data_offsets");
}

static ms_status read_tensor(header_reader *reader, const cJSON *entry) {
  ms_stored_tensor *tensor = &reader->file.tensors[reader->file.tensor_count];
  data_extent *extent = &reader->extents[reader->file.tensor_count];
  *tensor = (ms_stored_tensor){.rank = 0};
  const cJSON *members[3] = {NULL, NULL, NULL};
  if (!ms_text_is_plain(entry->string)) {
    return ms_fail(reader->context, MS_ERR_FORMAT,
                   "%s: a tensor's name is empty or holds control characters", reader->file.what);
  }
  MS_TRY(find_members(reader, entry, members));
  MS_TRY(copy_text(reader->context, entry->string, &tensor->name));
  MS_TRY(read_dtype(reader, entry, members[0], &tensor->dtype));
  MS_TRY(read_shape(reader, entry, members[1], tensor));
  MS_TRY(read_offsets(reader, entry, members[2], tensor, extent));
  tensor->elements = reader->data + extent->begin;
  reader->file.tensor_count++;
  return MS_OK;
}

static ms_status read_notes(header_reader *reader, const cJSON *metadata) {
  contents *file = &reader->file;
  if (!cJSON_IsObject(metadata) || file->notes != NULL) {
    return ms_fail(reader->context, MS_ERR_FORMAT, "%s: " METADATA " is no object, or comes twice",
                   file->what);
  }
  size_t count = (size_t)cJSON_GetArraySize(metadata);
  MS_TRY(check_counts(reader->context, file->what, 0, count));
  MS_TRY(MS_SCRATCH(reader->context, count, &file->notes));
  const cJSON *item = NULL;
  cJSON_ArrayForEach(item, metadata) {
    ms_stored_note *note = &file->notes[file->note_count];
    if (!ms_text_is_plain(item->string) || !cJSON_IsString(item)) {
      return ms_fail(reader->context, MS_ERR_FORMAT,
                     "%s: note %.64s is not a text, or its key is not plain", file->what,
                     item->string);
    }
    MS_TRY(copy_text(reader->context, item->string, &note->key));
    MS_TRY(copy_text(reader->context, item->valuestring, &note->text));
    file->note_count++;
  }
  return MS_OK;
}

static int compare_extents(const void *left, const void *right) {
  const data_extent *a = left;
  const data_extent *b = right;
  int by_begin = (a->begin > b->begin) - (a->begin < b->begin);
  return by_begin != 0 ? by_begin : (a->end > b->end) - (a->end < b->end);
}

/* The tensors, one after another, fill the data. */
static ms_status check_extents(const header_reader *reader) {
  size_t count = reader->file.tensor_count;
  size_t position = 0;
  ms_sort(reader->extents, count, sizeof *reader->extents, compare_extents);
  for (size_t i = 0; i < count; i++) {
    const data_extent *extent = &reader->extents[i];
    if (extent->begin != position) {
      return ms_fail(reader->context, MS_ERR_FORMAT, "%s: tensor %.64s begins at %zu, not at %zu",
                     reader->file.what, extent->name, extent->begin, position);
    }
    position = extent->end;
  }
  if (position != reader->data_size) {
    return ms_fail(reader->context, MS_ERR_FORMAT, "%s: %zu bytes follow the last tensor",
                   reader->file.what, reader->data_size - position);
  }
  return MS_OK;
}

static ms_status read_entries(header_reader *reader, const cJSON *root) {
  size_t count = (size_t)cJSON_GetArraySize(root);
  /* One of them may be the notes. */
  MS_TRY(check_counts(reader->context, reader->file.what, count == 0 ? 0 : count - 1, 0));
  MS_TRY(MS_SCRATCH(reader->context, count, &reader->file.tensors));
  MS_TRY(MS_SCRATCH(reader->context, count, &reader->extents));
  const cJSON *entry = NULL;
  cJSON_ArrayForEach(entry, root) {
    bool is_metadata = strcmp(entry->string, METADATA) == 0;
    MS_TRY(is_metadata ? read_notes(reader, entry) : read_tensor(reader, entry));
  }
  MS_TRY(check_extents(reader));
  return sort_contents(reader->context, &reader->file, MS_ERR_FORMAT);
}

ms_status ms_safetensors_read(ms_context *context, const void *bytes, size_t size, const char *what,
                              ms_safetensors *file) {
  ms_reader bounded = ms_reader_make(bytes, size, what);
  uint64_t header_size = 0;
  const uint8_t *header = NULL;
  MS_TRY(ms_read_u64(context, &bounded, &header_size));
  if (header_size > MS_SAFETENSORS_MAX_HEADER) {
    return ms_fail(context, MS_ERR_LIMIT, "%s: the header has %llu bytes, at most %zu", what,
                   (unsigned long long)header_size, MS_SAFETENSORS_MAX_HEADER);
  }
  MS_TRY(ms_read_view(context, &bounded, (size_t)header_size, &header));
  if (header_size == 0 || header[0] != '{') {
    return ms_fail(context, MS_ERR_FORMAT, "%s: the header does not begin with a brace", what);
  }
  header_reader reader = {
      .context = context, .data_size = ms_reader_left(&bounded), .file = {.what = what}};
  MS_TRY(ms_read_view(context, &bounded, reader.data_size, &reader.data));
  cJSON *root = NULL;
  MS_TRY(ms_json_parse(context, header, (size_t)header_size, what, &root));
  ms_status status = read_entries(&reader, root);
  cJSON_Delete(root);
  MS_TRY(status);
  *file = (ms_safetensors){what, reader.file.tensors, reader.file.tensor_count, reader.file.notes,
                           reader.file.note_count};
  return MS_OK;
}

void ms_safetensors_copy(const ms_stored_tensor *tensor, void *elements) {
  size_t size = element_size(tensor);
  if (size > 0) {
    memcpy(elements, tensor->elements, size);
  }
}

/* ---- Writing ------------------------------------------------------------------------------- */

/* Bytes on their way out; without room they are counted only. */
typedef struct byte_sink {
  uint8_t *bytes;
  size_t room;
  size_t size; /* SIZE_MAX once it no longer fits */
} byte_sink;

static void put(byte_sink *sink, const void *bytes, size_t size) {
  size_t end = SIZE_MAX;
  if (ms_size_add(sink->size, size, &end) && end <= sink->room && size > 0) {
    memcpy(sink->bytes + sink->size, bytes, size);
  }
  sink->size = end;
}

static void put_plain(byte_sink *sink, const char *text) {
  put(sink, text, strlen(text));
}

static void put_count(byte_sink *sink, size_t count) {
  char text[24];
  ms_format(text, sizeof text, "%zu", count);
  put_plain(sink, text);
}

/* A shape as JSON has it, * for a number that may be any. */
static void put_shape(byte_sink *sink, const size_t *shape, size_t rank) {
  for (size_t i = 0; i < rank; i++) {
    put_plain(sink, i == 0 ? "[" : ",");
    if (shape[i] == SIZE_MAX) {
      put_plain(sink, "*");
    } else {
      put_count(sink, shape[i]);
    }
  }
  put_plain(sink, rank == 0 ? "[]" : "]");
}

/* A JSON string. */
static void put_string(byte_sink *sink, const char *text) {
  put_plain(sink, "\"");
  for (const char *rest = text; *rest != '\0'; rest++) {
    if (*rest == '"' || *rest == '\\') {
      put_plain(sink, "\\");
    }
    if ((uint8_t)*rest < 0x20) {
      char escape[8];
      ms_format(escape, sizeof escape, "\\u%04x", (unsigned)(uint8_t)*rest);
      put_plain(sink, escape);
    } else {
      put(sink, rest, 1);
    }
  }
  put_plain(sink, "\"");
}

static void put_notes(byte_sink *sink, const ms_stored_note *notes, size_t count) {
  put_plain(sink, "\"" METADATA "\":{");
  for (size_t i = 0; i < count; i++) {
    put_plain(sink, i == 0 ? "" : ",");
    put_string(sink, notes[i].key);
    put_plain(sink, ":");
    put_string(sink, notes[i].text);
  }
  put_plain(sink, "}");
}

/* A tensor's entry, whose elements lie at begin … end. */
static void put_entry(byte_sink *sink, const ms_stored_tensor *tensor, size_t begin, size_t end) {
  put_string(sink, tensor->name);
  put_plain(sink, ":{\"dtype\":\"");
  put_plain(sink, dtypes[tensor->dtype].name);
  put_plain(sink, "\",\"shape\":");
  put_shape(sink, tensor->shape, tensor->rank);
  put_plain(sink, ",\"data_offsets\":[");
  put_count(sink, begin);
  put_plain(sink, ",");
  put_count(sink, end);
  put_plain(sink, "]}");
}

/* The header, filled up with blanks to a multiple of 8. */
static void put_header(byte_sink *sink, const contents *file) {
  size_t position = 0;
  put_plain(sink, "{");
  if (file->note_count > 0) {
    put_notes(sink, file->notes, file->note_count);
  }
  for (size_t i = 0; i < file->tensor_count; i++) {
    size_t size = element_size(&file->tensors[i]);
    put_plain(sink, i == 0 && file->note_count == 0 ? "" : ",");
    put_entry(sink, &file->tensors[i], position, position + size);
    position += size;
  }
  put_plain(sink, "}");
  put(sink, "        ", (8 - sink->size % 8) % 8);
}

/* Wide elements first, then by name. */
static int compare_places(const void *left, const void *right) {
  size_t a = dtypes[((const ms_stored_tensor *)left)->dtype].size;
  size_t b = dtypes[((const ms_stored_tensor *)right)->dtype].size;
  return a != b ? (a < b) - (a > b) : compare_names(left, right);
}

static ms_status check_tensor(ms_context *context, const ms_stored_tensor *tensor,
                              size_t *data_size) {
  if (!ms_text_is_plain(tensor->name) || strcmp(tensor->name, METADATA) == 0) {
    return ms_fail(context, MS_ERR_ARGUMENT, "%.64s cannot be a tensor's name", tensor->name);
  }
  if (tensor->rank > MS_TENSOR_MAX_RANK) {
    return ms_fail(context, MS_ERR_LIMIT, "tensor %.64s has %zu axes, at most %d", tensor->name,
                   tensor->rank, MS_TENSOR_MAX_RANK);
  }
  size_t size = element_size(tensor);
  if (size == SIZE_MAX || !ms_size_add(*data_size, size, data_size)) {
    return ms_fail(context, MS_ERR_LIMIT, "tensor %.64s exceeds memory", tensor->name);
  }
  return MS_OK;
}

/* Copies tensors and notes into the arena, in the file's order; data_size is the sum of all. */
static ms_status collect(ms_context *context, const ms_stored_tensor *tensors,
                         const ms_stored_note *notes, contents *file, size_t *data_size) {
  MS_TRY(check_counts(context, file->what, file->tensor_count, file->note_count));
  MS_TRY(MS_SCRATCH(context, file->tensor_count, &file->tensors));
  MS_TRY(MS_SCRATCH(context, file->note_count, &file->notes));
  for (size_t i = 0; i < file->tensor_count; i++) {
    MS_TRY(check_tensor(context, &tensors[i], data_size));
    file->tensors[i] = tensors[i];
  }
  for (size_t i = 0; i < file->note_count; i++) {
    if (!ms_text_is_plain(notes[i].key) || !ms_text_is_utf8(notes[i].text)) {
      return ms_fail(context, MS_ERR_ARGUMENT, "note %.64s is not plain text", notes[i].key);
    }
    file->notes[i] = notes[i];
  }
  MS_TRY(sort_contents(context, file, MS_ERR_ARGUMENT));
  if (file->tensor_count > 0) {
    ms_sort(file->tensors, file->tensor_count, sizeof *file->tensors, compare_places);
  }
  return MS_OK;
}

static void write_file(const contents *file, uint8_t *bytes, size_t header_size) {
  uint64_t size = header_size;
  memcpy(bytes, &size, sizeof size);
  byte_sink header = {.bytes = bytes + 8, .room = header_size, .size = 0};
  put_header(&header, file);
  uint8_t *end = bytes + 8 + header_size;
  for (size_t i = 0; i < file->tensor_count; i++) {
    ms_safetensors_copy(&file->tensors[i], end);
    end += element_size(&file->tensors[i]);
  }
}

ms_status ms_safetensors_write(ms_context *context, const ms_stored_tensor *tensors,
                               size_t tensor_count, const ms_stored_note *notes, size_t note_count,
                               void *bytes, size_t room, size_t *size) {
  contents file = {
      .what = "safetensors file", .tensor_count = tensor_count, .note_count = note_count};
  size_t total = 0;
  MS_TRY(collect(context, tensors, notes, &file, &total));
  byte_sink counted = {.bytes = NULL, .room = 0, .size = 0};
  put_header(&counted, &file);
  if (counted.size > MS_SAFETENSORS_MAX_HEADER) {
    return ms_fail(context, MS_ERR_LIMIT, "the header has %zu bytes, at most %zu", counted.size,
                   MS_SAFETENSORS_MAX_HEADER);
  }
  if (!ms_size_add(total, 8 + counted.size, &total)) {
    return ms_fail(context, MS_ERR_LIMIT, "the tensors exceed memory");
  }
  if (bytes != NULL && room < total) {
    return ms_fail(context, MS_ERR_ARGUMENT, "room for %zu bytes, %zu needed", room, total);
  }
  if (bytes != NULL) {
    write_file(&file, bytes, counted.size);
  }
  *size = total;
  return MS_OK;
}

/* ---- Finding ------------------------------------------------------------------------------- */

const ms_stored_tensor *ms_safetensors_find(const ms_safetensors *file, const char *name) {
  if (file->tensor_count == 0) {
    return NULL;
  }
  return bsearch(&name, file->tensors, file->tensor_count, sizeof *file->tensors, compare_names);
}

const char *ms_safetensors_note(const ms_safetensors *file, const char *key) {
  if (file->note_count == 0) {
    return NULL;
  }
  const ms_stored_note *found =
      bsearch(&key, file->notes, file->note_count, sizeof *file->notes, compare_names);
  return found == NULL ? NULL : found->text;
}

/* Writes "F32 [2,*]" for a message into text, which is zeros; its last one stays. */
static void describe(ms_dtype dtype, size_t rank, const size_t *shape, char *text, size_t size) {
  byte_sink sink = {.bytes = (uint8_t *)text, .room = size - 1, .size = 0};
  put_plain(&sink, dtypes[dtype].name);
  put_plain(&sink, " ");
  put_shape(&sink, shape, rank);
}

ms_status ms_safetensors_get(ms_context *context, const ms_safetensors *file, const char *name,
                             ms_dtype dtype, size_t rank, const size_t *shape,
                             const ms_stored_tensor **tensor) {
  const ms_stored_tensor *found = ms_safetensors_find(file, name);
  bool fits = found != NULL && found->dtype == dtype && found->rank == rank;
  for (size_t i = 0; fits && i < rank; i++) {
    fits = shape[i] == SIZE_MAX || shape[i] == found->shape[i];
  }
  if (!fits) {
    char actual[96] = "missing";
    char expected[96] = {0};
    if (found != NULL) {
      memset(actual, 0, sizeof actual);
      describe(found->dtype, found->rank, found->shape, actual, sizeof actual);
    }
    describe(dtype, rank, shape, expected, sizeof expected);
    return ms_fail(context, MS_ERR_FORMAT, "%s: tensor %.64s is %s, expected %s", file->what, name,
                   actual, expected);
  }
  *tensor = found;
  return MS_OK;
}
