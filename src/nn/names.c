/* A hash table with linear probing; nothing is ever removed from it. */
#include "nn/names.h"

#include <string.h>

static size_t find_slot(const ms_names *names, const ms_text *name) {
  uint32_t hash = 2166136261u; /* FNV-1a */
  for (size_t i = 0; i < name->size; i++) {
    hash = (hash ^ (uint8_t)name->bytes[i]) * 16777619u;
  }
  size_t slot = (hash ^ hash >> 16) & (names->size - 1);
  while (names->slots[slot] != NULL && !ms_text_equal(&names->slots[slot]->name, name)) {
    slot = (slot + 1) & (names->size - 1);
  }
  return slot;
}

ms_status ms_names_make(ms_context *context, size_t count, ms_names *names) {
  names->size = 16;
  while (names->size / 2 <= count) {
    names->size *= 2;
  }
  MS_TRY(MS_SCRATCH(context, names->size, &names->slots));
  memset(names->slots, 0, names->size * sizeof *names->slots);
  return MS_OK;
}

ms_value *ms_names_find(const ms_names *names, const ms_text *name) {
  return names->slots[find_slot(names, name)];
}

void ms_names_add(ms_names *names, ms_value *value) {
  names->slots[find_slot(names, &value->name)] = value;
}
