/*
 * JSON from outside, through cJSON, but stricter: the text is checked before cJSON sees it, since
 * cJSON takes control characters for blanks, cuts strings at U+0000 and accepts numbers such as 01.
 */
#ifndef MS_ZOO_JSON_H
#define MS_ZOO_JSON_H

#include <cJSON.h>

#include "core/context.h"

/* Most values in one text: what a text makes us allocate stays below about 100 bytes each. */
#define MS_JSON_MAX_VALUES ((size_t)1 << 20)

/*
 * Parses a JSON object that fills the whole text but for blanks at its ends.
 *
 * what  names the text in messages: "manifest"
 * root  receives the object; the caller gives it to cJSON_Delete
 *
 * Fails with MS_ERR_FORMAT on a text that is not strict JSON in UTF-8, or when cJSON got no memory,
 * which it does not tell apart; MS_ERR_LIMIT above MS_JSON_MAX_VALUES.
 */
MS_CHECK_RESULT ms_status ms_json_parse(ms_context *context, const void *text, size_t size,
                                        const char *what, cJSON **root);

/* What cJSON has for realloc, so that realloc is not linked: printing calls it, parsing does not.
 */
void *ms_never_realloc(void *memory, size_t size);

/* True and *value = item, if item is a number without fraction in 0 … 2^53 - 1. */
bool ms_json_count(const cJSON *item, uint64_t *value);

/* True if text is UTF-8. */
bool ms_text_is_utf8(const char *text);
/* True if text is UTF-8 of at least one byte, without control characters. */
bool ms_text_is_plain(const char *text);

#endif
