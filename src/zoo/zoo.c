/*
 * The zoo: checks a manifest member by member, and keeps what scoring needs, ids and the encoder's
 * hash. The rest of the manifest is for those who show models or fetch their files; they read it
 * themselves, but may rely on its form after this.
 */
#include <assert.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "core/context.h"
#include "core/sort.h"
#include "zoo/json.h"

enum { MAX_ID_SIZE = 64, HASH_SIZE = 64, MAX_COMPANIONS = 16, MAX_RULES = 32 };

typedef struct zoo_model {
  char id[MAX_ID_SIZE + 1];
  size_t index;
} zoo_model;

struct ms_zoo {
  ms_context *context;
  zoo_model *models; /* [count], in the manifest's order, and the same again: */
  zoo_model *by_id;  /* [count], sorted */
  size_t count;
  size_t companions[MAX_COMPANIONS];
  size_t companion_count;
  char encoder_hash[HASH_SIZE + 1];
};

/* Whose member is being checked, for messages. */
typedef struct subject {
  ms_context *context;
  const char *name;  /* "model movenet-thunder" */
  const char *group; /* the object inside it, with its dot, or "" */
} subject;

/* What one member has to be. */
typedef struct member_rule member_rule;
struct member_rule {
  const char *name;
  ms_status (*check)(const subject *of, const member_rule *rule, const cJSON *item);
  union {
    const char *const *words; /* of a choice, ends with NULL */
    const member_rule
        *members; /* of an object, ends with a rule without a name; of an array: one */
  };
  uint32_t high; /* the range of a count, of a text's bytes or of an array's elements; 0: no end */
  uint8_t low;
  bool optional;
};

static ms_status fail_member(const subject *of, const char *member, const char *problem) {
  return ms_fail(of->context, MS_ERR_FORMAT, "%.96s: %s%.32s %s", of->name, of->group, member,
                 problem);
}

/* ---- Checks of one member ------------------------------------------------------------------ */

static ms_status check_text(const subject *of, const member_rule *rule, const cJSON *item) {
  if (!cJSON_IsString(item) || !ms_text_is_plain(item->valuestring)) {
    return fail_member(of, rule->name, "is not a text without control characters");
  }
  if (strlen(item->valuestring) > rule->high) {
    return fail_member(of, rule->name, "is too long");
  }
  return MS_OK;
}

static ms_status check_count(const subject *of, const member_rule *rule, const cJSON *item) {
  uint64_t value = 0;
  if (!ms_json_count(item, &value) || value < rule->low || (rule->high > 0 && value > rule->high)) {
    return fail_member(of, rule->name, "is not a count in its range");
  }
  return MS_OK;
}

static ms_status check_flag(const subject *of, const member_rule *rule, const cJSON *item) {
  return cJSON_IsBool(item) ? MS_OK : fail_member(of, rule->name, "is neither true nor false");
}

static ms_status check_choice(const subject *of, const member_rule *rule, const cJSON *item) {
  MS_TRY(check_text(of, rule, item));
  for (const char *const *word = rule->words; *word != NULL; word++) {
    if (strcmp(item->valuestring, *word) == 0) {
      return MS_OK;
    }
  }
  return fail_member(of, rule->name, "is not one of its words");
}

static bool is_hash(const char *text) {
  size_t size = 0;
  for (; text[size] != '\0'; size++) {
    bool is_digit =
        (text[size] >= '0' && text[size] <= '9') || (text[size] >= 'a' && text[size] <= 'f');
    if (!is_digit) {
      return false;
    }
  }
  return size == HASH_SIZE;
}

static ms_status check_hash(const subject *of, const member_rule *rule, const cJSON *item) {
  MS_TRY(check_text(of, rule, item));
  return is_hash(item->valuestring)
             ? MS_OK
             : fail_member(of, rule->name, "is not 64 lower-case hexadecimal digits");
}

/* Lower-case words and numbers, joined by single hyphens. */
static bool is_kebab(const char *id) {
  bool in_word = false;
  for (; *id != '\0'; id++) {
    bool is_letter = (*id >= 'a' && *id <= 'z') || (*id >= '0' && *id <= '9');
    if (!is_letter && (*id != '-' || !in_word)) {
      return false;
    }
    in_word = is_letter;
  }
  return in_word;
}

static ms_status check_id(const subject *of, const member_rule *rule, const cJSON *item) {
  MS_TRY(check_text(of, rule, item));
  return is_kebab(item->valuestring) ? MS_OK : fail_member(of, rule->name, "is not in kebab-case");
}

/* A path below a folder: whoever joins it to one stays inside. */
static bool is_inside(const char *path) {
  const char *part = path;
  for (;; path++) {
    if (*path == '/' || *path == '\0') {
      size_t size = (size_t)(path - part);
      bool climbs = size == 2 && part[0] == '.' && part[1] == '.';
      if (size == 0 || (size == 1 && part[0] == '.') || climbs) {
        return false;
      }
      part = path + 1;
    }
    if (*path == '\0') {
      return true;
    }
    if (*path == '\\' || *path == ':') {
      return false;
    }
  }
}

static ms_status check_path(const subject *of, const member_rule *rule, const cJSON *item) {
  MS_TRY(check_text(of, rule, item));
  return is_inside(item->valuestring)
             ? MS_OK
             : fail_member(of, rule->name, "is not a path inside a package");
}

/* An array of what its element rule checks; the name of that rule says what is wrong otherwise. */
static ms_status check_array(const subject *of, const member_rule *rule, const cJSON *item) {
  size_t count = cJSON_IsArray(item) ? (size_t)cJSON_GetArraySize(item) : 0;
  bool fits = count >= rule->low && count <= rule->high;
  const cJSON *element = NULL;
  cJSON_ArrayForEach(element, item) {
    fits = fits && rule->members->check(of, rule->members, element) == MS_OK;
  }
  return fits ? MS_OK : fail_member(of, rule->name, rule->members->name);
}

/* An array of numbers up to a million either way, or above 0 if low is 1. */
static ms_status check_numbers(const subject *of, const member_rule *rule, const cJSON *item) {
  if (!cJSON_IsArray(item)) {
    return fail_member(of, rule->name, "is not an array of numbers");
  }
  double least = rule->low == 1 ? 1e-6 : -1e6;
  const cJSON *element = NULL;
  cJSON_ArrayForEach(element, item) {
    double number = cJSON_IsNumber(element) ? element->valuedouble : NAN;
    if (!(number >= least && number <= 1e6)) {
      return fail_member(of, rule->name, "holds something that is not a number in its range");
    }
  }
  return MS_OK;
}

/* ---- Checks of objects --------------------------------------------------------------------- */

/* Each member has a rule and obeys it, none comes twice, none is missing. */
static ms_status check_members(const subject *of, const member_rule *rules, const cJSON *object) {
  bool seen[MAX_RULES] = {false};
  const cJSON *member = NULL;
  cJSON_ArrayForEach(member, object) {
    size_t i = 0;
    while (rules[i].name != NULL && strcmp(member->string, rules[i].name) != 0) {
      i++;
    }
    if (rules[i].name == NULL || seen[i]) {
      return fail_member(of, ms_text_is_plain(member->string) ? member->string : "a member",
                         rules[i].name == NULL ? "is not known here" : "comes twice");
    }
    assert(i < MAX_RULES);
    seen[i] = true;
    MS_TRY(rules[i].check(of, &rules[i], member));
  }
  for (size_t i = 0; rules[i].name != NULL; i++) {
    if (!seen[i] && !rules[i].optional) {
      return fail_member(of, rules[i].name, "is missing");
    }
  }
  return MS_OK;
}

static ms_status check_object(const subject *of, const member_rule *rule, const cJSON *item) {
  if (!cJSON_IsObject(item)) {
    return fail_member(of, rule->name, "is not an object");
  }
  char group[16];
  ms_format(group, sizeof group, "%s.", rule->name);
  subject inner = {.context = of->context, .name = of->name, .group = group};
  return check_members(&inner, rule->members, item);
}

/* The input, whose mean and deviation have a value for each of its channels. */
static ms_status check_input(const subject *of, const member_rule *rule, const cJSON *item) {
  MS_TRY(check_object(of, rule, item));
  const cJSON *channels = cJSON_GetObjectItemCaseSensitive(item, "channels");
  int count = strcmp(channels->valuestring, "grey") == 0 ? 1 : 3;
  if (cJSON_GetArraySize(cJSON_GetObjectItemCaseSensitive(item, "mean")) != count ||
      cJSON_GetArraySize(cJSON_GetObjectItemCaseSensitive(item, "std")) != count) {
    return fail_member(of, rule->name,
                       count == 1 ? "needs 1 mean and 1 std for grey"
                                  : "needs 3 numbers in mean and 3 in std");
  }
  return MS_OK;
}

static const char *const format_words[] = {"tflite", "tfjs-graph", "tfjs-layers", "onnx", NULL};
static const char *const channel_words[] = {"rgb", "bgr", "grey", NULL};
static const char *const fit_words[] = {"crop", "squash", NULL};

static const member_rule source_rules[] = {
    {"package", check_path, .high = 214},
    {"version", check_text, .high = 64},
    {"file", check_path, .high = 512},
    {"sha256", check_hash, .high = HASH_SIZE},
    {"format", check_choice, .high = 16, .words = format_words},
    {"offset", check_count, .optional = true},
    {"size", check_count, .low = 1, .optional = true},
    {.name = NULL}};

static const member_rule input_rules[] = {
    {"width", check_count, .low = 1, .high = 4096},
    {"height", check_count, .low = 1, .high = 4096},
    {"channels", check_choice, .high = 16, .words = channel_words},
    {"fit", check_choice, .high = 16, .words = fit_words},
    {"mean", check_numbers, .low = 0},
    {"std", check_numbers, .low = 1},
    {"signature", check_flag, .optional = true},
    {.name = NULL}};

static const member_rule tap_rule = {"is not an array of 1 to 16 texts", check_text, .high = 512};
static const member_rule tap_features_rule = {"is not an array of 1 to 16 counts", check_count,
                                              .low = 1, .high = 65536};

static const member_rule companion_rule = {"is not an array of 1 to 16 ids", check_id,
                                           .high = MAX_ID_SIZE};

static const member_rule onnx_rules[] = {
    {"sha256", check_hash, .high = HASH_SIZE}, {"bytes", check_count, .low = 1}, {.name = NULL}};

static const member_rule model_rules[] = {
    {"id", check_id, .high = MAX_ID_SIZE},
    {"name", check_text, .high = 128},
    {"trained_for", check_text, .high = 256},
    {"architecture", check_text, .high = 256},
    {"source", check_object, .members = source_rules},
    {"entry", check_text, .high = 512, .optional = true},
    {"taps", check_array, .low = 1, .high = 16, .members = &tap_rule},
    {"tap_features", check_array, .low = 1, .high = 16, .optional = true,
     .members = &tap_features_rule},
    {"input", check_input, .members = input_rules},
    {"features", check_count, .low = 1, .high = 65536},
    {"parameters", check_count, .low = 0},
    {"macs", check_count, .low = 0},
    {"onnx", check_object, .members = onnx_rules},
    {"companions", check_array, .low = 1, .high = MAX_COMPANIONS, .optional = true,
     .members = &companion_rule},
    {"licence", check_text, .high = 256},
    {"origin", check_text, .high = 1024},
    {"note", check_text, .high = 4096, .optional = true},
    {.name = NULL}};

static ms_status check_schema(const subject *of, const member_rule *rule, const cJSON *item) {
  uint64_t schema = 0;
  MS_TRY(check_count(of, rule, item));
  if (ms_json_count(item, &schema) && schema != 1) {
    return ms_fail(of->context, MS_ERR_UNSUPPORTED, "%s: schema is %llu, this version reads 1",
                   of->name, (unsigned long long)schema);
  }
  return MS_OK;
}

/* One model of the manifest, named by its id, or by its index where the id is of no use. */
static ms_status check_model(ms_context *context, const cJSON *item, size_t index) {
  const cJSON *id = cJSON_GetObjectItemCaseSensitive(item, "id");
  char name[96];
  if (cJSON_IsString(id) && ms_text_is_plain(id->valuestring)) {
    ms_format(name, sizeof name, "manifest: model %.64s", id->valuestring);
  } else {
    ms_format(name, sizeof name, "manifest: model number %zu", index);
  }
  subject of = {.context = context, .name = name, .group = ""};
  if (!cJSON_IsObject(item)) {
    return fail_member(&of, "it", "is not an object");
  }
  return check_members(&of, model_rules, item);
}

static ms_status check_models(const subject *of, const member_rule *rule, const cJSON *item) {
  if (!cJSON_IsArray(item) || cJSON_GetArraySize(item) == 0) {
    return fail_member(of, rule->name, "is not an array of at least one model");
  }
  size_t index = 0;
  const cJSON *model = NULL;
  cJSON_ArrayForEach(model, item) {
    MS_TRY(check_model(of->context, model, index));
    index++;
  }
  return MS_OK;
}

static const member_rule manifest_rules[] = {{"schema", check_schema, .low = 0},
                                             {"zoo", check_id, .high = MAX_ID_SIZE},
                                             {"encoder", check_object, .members = model_rules},
                                             {"models", check_models, .optional = false},
                                             {.name = NULL}};

/* ---- The zoo ------------------------------------------------------------------------------- */

/* Of models, or an id and a model: that begins with its own. */
static int compare_ids(const void *left, const void *right) {
  return strcmp(left, right);
}

/* Sorts by_id, and finds ids that come twice. */
static ms_status sort_ids(ms_zoo *zoo) {
  memcpy(zoo->by_id, zoo->models, zoo->count * sizeof *zoo->models);
  ms_sort(zoo->by_id, zoo->count, sizeof *zoo->by_id, compare_ids);
  for (size_t i = 1; i < zoo->count; i++) {
    if (compare_ids(&zoo->by_id[i - 1], &zoo->by_id[i]) == 0) {
      return ms_fail(zoo->context, MS_ERR_FORMAT, "manifest: model %s comes twice",
                     zoo->by_id[i].id);
    }
  }
  return MS_OK;
}

/* Takes ids and hash from a manifest that was checked. */
static ms_status fill_zoo(ms_zoo *zoo, const cJSON *root) {
  const cJSON *encoder = cJSON_GetObjectItemCaseSensitive(root, "encoder");
  const cJSON *onnx = cJSON_GetObjectItemCaseSensitive(encoder, "onnx");
  const cJSON *hash = cJSON_GetObjectItemCaseSensitive(onnx, "sha256");
  memcpy(zoo->encoder_hash, hash->valuestring, HASH_SIZE + 1);
  const cJSON *models = cJSON_GetObjectItemCaseSensitive(root, "models");
  size_t count = (size_t)cJSON_GetArraySize(models);
  MS_TRY(MS_NEW(zoo->context, 2 * count, &zoo->models));
  zoo->by_id = zoo->models + count;
  const cJSON *model = NULL;
  cJSON_ArrayForEach(model, models) {
    const char *id = cJSON_GetObjectItemCaseSensitive(model, "id")->valuestring;
    zoo_model *taken = &zoo->models[zoo->count];
    memcpy(taken->id, id, strlen(id) + 1);
    taken->index = zoo->count++;
  }
  MS_TRY(sort_ids(zoo));
  const cJSON *companion = NULL;
  cJSON_ArrayForEach(companion, cJSON_GetObjectItemCaseSensitive(encoder, "companions")) {
    size_t index = ms_zoo_find(zoo, companion->valuestring);
    if (index == zoo->count) {
      return ms_fail(zoo->context, MS_ERR_FORMAT,
                     "manifest: the encoder's companion %s is no model", companion->valuestring);
    }
    zoo->companions[zoo->companion_count++] = index;
  }
  return MS_OK;
}

static ms_status create_zoo(ms_context *context, const cJSON *root, ms_zoo **zoo) {
  subject of = {.context = context, .name = "manifest", .group = ""};
  MS_TRY(check_members(&of, manifest_rules, root));
  ms_zoo *created = NULL;
  MS_TRY(MS_NEW(context, 1, &created));
  created->context = context;
  ms_status status = fill_zoo(created, root);
  if (status != MS_OK) {
    ms_zoo_destroy(created);
    return status;
  }
  *zoo = created;
  return MS_OK;
}

ms_status ms_zoo_load(ms_context *context, const void *bytes, size_t size, ms_zoo **zoo) {
  *zoo = NULL;
  cJSON *root = NULL;
  MS_TRY(ms_json_parse(context, bytes, size, "manifest", &root));
  ms_status status = create_zoo(context, root, zoo);
  cJSON_Delete(root);
  return status;
}

void ms_zoo_destroy(ms_zoo *zoo) {
  if (zoo == NULL) {
    return;
  }
  ms_release(zoo->context, zoo->models);
  ms_release(zoo->context, zoo);
}

size_t ms_zoo_count(const ms_zoo *zoo) {
  return zoo->count;
}

const char *ms_zoo_model_id(const ms_zoo *zoo, size_t index) {
  return index < zoo->count ? zoo->models[index].id : NULL;
}

size_t ms_zoo_find(const ms_zoo *zoo, const char *id) {
  const zoo_model *found = bsearch(id, zoo->by_id, zoo->count, sizeof *found, compare_ids);
  return found == NULL ? zoo->count : found->index;
}

size_t ms_zoo_companion(const ms_zoo *zoo, size_t number) {
  return number < zoo->companion_count ? zoo->companions[number] : zoo->count;
}

const char *ms_zoo_encoder_hash(const ms_zoo *zoo) {
  return zoo->encoder_hash;
}
