/*
 * Strict JSON: one pass over the text rejects what cJSON would let through and counts the values,
 * then cJSON builds the tree. The grammar of arrays and objects is left to cJSON; what the values
 * mean, and whether an object names a member twice, is left to the callers.
 */
#include "zoo/json.h"

#include <errno.h>
#include <string.h>

#define BLANKS " \t\r\n"

void *ms_never_realloc(void *memory, size_t size) {
  (void)memory;
  (void)size;
  return NULL;
}

/* The text under the scan. */
typedef struct json_scan {
  const uint8_t *text;
  size_t size;
  size_t position;
  size_t value_count; /* an upper bound: each value but the first follows one of [ { , : */
} json_scan;

static bool is_in(uint8_t byte, const char *set) {
  while (*set != '\0' && (uint8_t)*set != byte) {
    set++;
  }
  return *set != '\0';
}

/*
 * The length of the UTF-8 sequence at the start of text, 0 if there is none: no overlong form, no
 * surrogate, nothing above U+10FFFF (Unicode 15, table 3-7).
 */
static size_t utf8_length(const uint8_t *text, size_t size) {
  uint8_t first = text[0];
  if (first < 0x80) {
    return 1;
  }
  size_t length = first >= 0xf0 ? 4 : first >= 0xe0 ? 3 : 2;
  if (first < 0xc2 || first > 0xf4 || size < length) {
    return 0;
  }
  uint8_t low = first == 0xe0 ? 0xa0 : first == 0xf0 ? 0x90 : 0x80;
  uint8_t high = first == 0xed ? 0x9f : first == 0xf4 ? 0x8f : 0xbf;
  if (text[1] < low || text[1] > high) {
    return 0;
  }
  for (size_t i = 2; i < length; i++) {
    if ((text[i] & 0xc0) != 0x80) {
      return 0;
    }
  }
  return length;
}

bool ms_text_is_utf8(const char *text) {
  size_t size = strlen(text);
  size_t position = 0;
  while (position < size) {
    size_t length = utf8_length((const uint8_t *)text + position, size - position);
    if (length == 0) {
      return false;
    }
    position += length;
  }
  return true;
}

bool ms_text_is_plain(const char *text) {
  for (const char *rest = text; *rest != '\0'; rest++) {
    uint8_t byte = (uint8_t)rest[0];
    /* U+0080 … U+009F are C2 80 … C2 9F. */
    if (byte < 0x20 || byte == 0x7f || (byte == 0xc2 && (uint8_t)rest[1] < 0xa0)) {
      return false;
    }
  }
  return text[0] != '\0' && ms_text_is_utf8(text);
}

/* Passes a string, from behind its opening quote to behind its closing one. */
static bool scan_string(json_scan *scan) {
  while (scan->position < scan->size) {
    const uint8_t *bytes = scan->text + scan->position;
    size_t left = scan->size - scan->position;
    if (bytes[0] == '"') {
      scan->position++;
      return true;
    }
    if (bytes[0] == '\\') {
      bool is_zero = left >= 6 && memcmp(bytes, "\\u0000", 6) == 0;
      if (is_zero || left < 2 || !is_in(bytes[1], "\"\\/bfnrtu")) {
        return false;
      }
      scan->position += 2;
      continue;
    }
    size_t length = utf8_length(bytes, left);
    if (length == 0 || bytes[0] < 0x20) {
      return false;
    }
    scan->position += length;
  }
  return false;
}

/* Passes digits; false if there is none. */
static bool scan_digits(json_scan *scan) {
  size_t start = scan->position;
  while (scan->position < scan->size && is_in(scan->text[scan->position], "0123456789")) {
    scan->position++;
  }
  return scan->position > start;
}

/* Passes one character of set, if it is there. */
static bool scan_one(json_scan *scan, const char *set) {
  bool found = scan->position < scan->size && is_in(scan->text[scan->position], set);
  scan->position += found;
  return found;
}

/* Passes a number (RFC 8259, section 6) of at most 32 characters: cJSON reads no more than 63. */
static bool scan_number(json_scan *scan) {
  size_t start = scan->position;
  scan_one(scan, "-");
  if (!scan_one(scan, "0") && !scan_digits(scan)) {
    return false;
  }
  if (scan_one(scan, ".") && !scan_digits(scan)) {
    return false;
  }
  if (scan_one(scan, "eE")) {
    scan_one(scan, "+-");
    if (!scan_digits(scan)) {
      return false;
    }
  }
  bool ends = scan->position == scan->size || is_in(scan->text[scan->position], ",]}" BLANKS);
  return ends && scan->position - start <= 32;
}

/* Passes one token: a string, a number, or a character of a word, a bracket or a blank. */
static bool scan_token(json_scan *scan) {
  uint8_t byte = scan->text[scan->position];
  if (is_in(byte, "-0123456789")) {
    return scan_number(scan);
  }
  scan->position++;
  if (byte == '"') {
    return scan_string(scan);
  }
  scan->value_count += is_in(byte, "[{,:");
  return is_in(byte, "[{,:]}truefalsn" BLANKS);
}

/* Checks all tokens of the text. */
static ms_status scan_text(ms_context *context, const uint8_t *text, size_t size,
                           const char *what) {
  json_scan scan = {.text = text, .size = size, .position = 0, .value_count = 1};
  while (scan.position < size) {
    size_t start = scan.position;
    if (!scan_token(&scan)) {
      return ms_fail(context, MS_ERR_FORMAT, "%s is not JSON at byte %zu", what, start);
    }
    if (scan.value_count > MS_JSON_MAX_VALUES) {
      return ms_fail(context, MS_ERR_LIMIT, "%s has more than %zu values", what,
                     MS_JSON_MAX_VALUES);
    }
  }
  return MS_OK;
}

ms_status ms_json_parse(ms_context *context, const void *text, size_t size, const char *what,
                        cJSON **root) {
  const uint8_t *bytes = text;
  MS_TRY(scan_text(context, bytes, size, what));
  while (size > 0 && is_in(bytes[size - 1], BLANKS)) {
    size--;
  }
  /* cJSON 1.7.15 reads past a text that ends with a comma or an opening brace (CVE-2023-53154). */
  if (size == 0 || bytes[size - 1] != '}') {
    return ms_fail(context, MS_ERR_FORMAT, "%s does not end like a JSON object", what);
  }
  const char *end = NULL;
  int kept_errno = errno; /* strtod inside cJSON may set it */
  cJSON *parsed = cJSON_ParseWithLengthOpts(text, size, &end, 0);
  errno = kept_errno;
  size_t position = end == NULL ? 0 : (size_t)(end - (const char *)text);
  if (!cJSON_IsObject(parsed) || position != size) {
    cJSON_Delete(parsed);
    return ms_fail(context, MS_ERR_FORMAT, "%s is not a JSON object at byte %zu", what, position);
  }
  *root = parsed;
  return MS_OK;
}

bool ms_json_count(const cJSON *item, uint64_t *value) {
  if (!cJSON_IsNumber(item)) {
    return false;
  }
  double number = item->valuedouble;
  if (!(number >= 0 && number < 0x1p53) || (double)(uint64_t)number != number) {
    return false;
  }
  *value = (uint64_t)number;
  return true;
}
