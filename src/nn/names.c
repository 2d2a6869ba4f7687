/* A hash table with linear probing; nothing is ever removed from it. */
#include "nn/names.h"

static size_t find_slot(const ms_names *names, const ms_text *name) {
  /* FNV-1a with a final mix (Appleby's 64-bit finaliser). */
  uint64_t hash = 14695981039346656037u;
  for (size_t i = 0; i < name->size; i++) {
    hash = (hash ^ (uint8_t)name->bytes[i]) * 1099511628211u;
  }
  hash ^= hash >> 33;
  hash *= 0xff51afd7ed558ccdu;
  hash ^= hash >> 33;
  size_t slot = (size_t)hash & (names->size - 1);
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
  for (size_t i = 0; i < names->size; i++) {
    names->slots[i] = NULL;
  }
  return MS_OK;
}

ms_value *ms_names_find(const ms_names *names, const ms_text *name) {
  return names->slots[find_slot(names, name)];
}

void ms_names_add(ms_names *names, ms_value *value) {
  names->slots[find_slot(names, &value->name)] = value;
}
