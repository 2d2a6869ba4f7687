/*
 * The context: allocator, scratch arena and the text of the last failure. It leaves threads to the
 * caller: one context belongs to one thread at a time.
 */
#include "core/context.h"

#include <stdlib.h>
#include <string.h>

enum { MESSAGE_SIZE = 512, ARENA_ALIGNMENT = 64, MAX_BLOCKS = 48 };

#define FIRST_BLOCK_SIZE ((size_t)1 << 16)

typedef struct arena_block {
  void *memory;   /* what the allocator gave */
  uint8_t *start; /* the first aligned byte */
  size_t size;    /* usable bytes from start */
} arena_block;

struct ms_context {
  ms_allocator allocator;
  arena_block blocks[MAX_BLOCKS];
  size_t block_count;
  size_t top_block; /* the arena's end: a block, and the bytes used of it */
  size_t top_used;
  char message[MESSAGE_SIZE];
};

static void *allocate_default(void *user, size_t size) {
  (void)user;
  return malloc(size);
}

static void release_default(void *user, void *memory) {
  (void)user;
  free(memory);
}

const char *ms_version(void) {
  return MS_VERSION;
}

ms_status ms_context_create(const ms_allocator *allocator, ms_context **context) {
  *context = NULL;
  ms_allocator chosen = {allocate_default, release_default, NULL};
  if (allocator != NULL) {
    chosen = *allocator;
  }
  ms_context *created = chosen.allocate(chosen.user, sizeof *created);
  if (created == NULL) {
    return MS_ERR_MEMORY;
  }
  memset(created, 0, sizeof *created);
  created->allocator = chosen;
  *context = created;
  return MS_OK;
}

void ms_context_destroy(ms_context *context) {
  if (context == NULL) {
    return;
  }
  for (size_t i = 0; i < context->block_count; i++) {
    ms_release(context, context->blocks[i].memory);
  }
  ms_allocator allocator = context->allocator;
  allocator.release(allocator.user, context);
}

const char *ms_context_message(const ms_context *context) {
  return context->message;
}

static ms_status fail(ms_context *context, ms_status status, const char *format,
                      const uint64_t *words) {
  ms_format_words(context->message, sizeof context->message, format, words);
  return status;
}

ms_status ms_fail_2(ms_context *context, ms_status status, const char *format, uint64_t a,
                    uint64_t b) {
  const uint64_t words[] = {a, b};
  return fail(context, status, format, words);
}

ms_status ms_fail_4(ms_context *context, ms_status status, const char *format, uint64_t a,
                    uint64_t b, uint64_t c, uint64_t d) {
  const uint64_t words[] = {a, b, c, d};
  return fail(context, status, format, words);
}

ms_status ms_fail_8(ms_context *context, ms_status status, const char *format, uint64_t a,
                    uint64_t b, uint64_t c, uint64_t d, uint64_t e, uint64_t f, uint64_t g,
                    uint64_t h) {
  const uint64_t words[] = {a, b, c, d, e, f, g, h};
  return fail(context, status, format, words);
}

/* *total = count size, rounded up to the alignment. */
static bool find_total(ms_context *context, size_t count, size_t size, size_t alignment,
                       size_t *total) {
  if (ms_size_mul(count, size, total) && ms_size_round_up(*total, alignment, total)) {
    return true;
  }
  ms_fail(context, MS_ERR_MEMORY, "%zu elements of %zu bytes exceed memory", count, size);
  return false;
}

static void *allocate(ms_context *context, size_t size) {
  void *memory = context->allocator.allocate(context->allocator.user, size);
  if (memory == NULL) {
    ms_fail(context, MS_ERR_MEMORY, "no memory for %zu bytes", size);
  }
  return memory;
}

void *ms_allocate(ms_context *context, size_t count, size_t size) {
  size_t total = 0;
  if (!find_total(context, count, size, 1, &total)) {
    return NULL;
  }
  void *memory = allocate(context, total == 0 ? 1 : total);
  return memory == NULL ? NULL : memset(memory, 0, total);
}

void ms_release(ms_context *context, void *memory) {
  if (memory != NULL) {
    context->allocator.release(context->allocator.user, memory);
  }
}

ms_arena_mark ms_arena_get_mark(const ms_context *context) {
  size_t position = context->top_used;
  for (size_t i = 0; i < context->top_block; i++) {
    position += context->blocks[i].size;
  }
  return (ms_arena_mark){position};
}

void ms_arena_drop(ms_context *context, ms_arena_mark mark) {
  size_t block = 0;
  while (block < context->block_count && mark.position > context->blocks[block].size) {
    mark.position -= context->blocks[block++].size;
  }
  context->top_block = block;
  context->top_used = mark.position;
}

/* Appends a block of at least size bytes, twice the last one if that is more. */
static bool add_block(ms_context *context, size_t size) {
  if (context->block_count == MAX_BLOCKS) {
    ms_fail(context, MS_ERR_MEMORY, "scratch memory exceeds %d blocks", MAX_BLOCKS);
    return false;
  }
  size_t wanted = FIRST_BLOCK_SIZE;
  if (context->block_count > 0) {
    size_t last = context->blocks[context->block_count - 1].size;
    wanted = last <= SIZE_MAX / 4 ? last * 2 : last;
  }
  wanted = wanted < size ? size : wanted;
  size_t padded = 0;
  if (!ms_size_add(wanted, ARENA_ALIGNMENT, &padded)) {
    ms_fail(context, MS_ERR_MEMORY, "no memory for %zu bytes", wanted);
    return false;
  }
  arena_block *block = &context->blocks[context->block_count];
  block->memory = allocate(context, padded);
  if (block->memory == NULL) {
    return false;
  }
  size_t past = (size_t)((uintptr_t)block->memory % ARENA_ALIGNMENT);
  block->start = (uint8_t *)block->memory + (ARENA_ALIGNMENT - past) % ARENA_ALIGNMENT;
  block->size = wanted;
  context->block_count++;
  return true;
}

void *ms_arena_take(ms_context *context, size_t count, size_t size) {
  size_t total = 0;
  if (!find_total(context, count, size, ARENA_ALIGNMENT, &total)) {
    return NULL;
  }
  size_t block = context->top_block;
  size_t used = context->top_used;
  while (block < context->block_count && context->blocks[block].size - used < total) {
    block++;
    used = 0;
  }
  if (block == context->block_count && !add_block(context, total)) {
    return NULL;
  }
  context->top_block = block;
  context->top_used = used + total;
  return context->blocks[block].start + used;
}
