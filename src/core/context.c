/*
 * The context: allocator, scratch arena and the text of the last failure. It leaves threads to the
 * caller: one context belongs to one thread at a time.
 */
#include "core/context.h"

#include <stdarg.h>
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
  ms_arena_mark top;
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

ms_status ms_fail(ms_context *context, ms_status status, const char *format, ...) {
  va_list arguments;
  va_start(arguments, format);
  ms_format_list(context->message, sizeof context->message, format, arguments);
  va_end(arguments);
  return status;
}

ms_status ms_allocate(ms_context *context, size_t count, size_t size, void **memory) {
  size_t total = 0;
  *memory = NULL;
  if (!ms_size_mul(count, size, &total)) {
    return ms_fail(context, MS_ERR_MEMORY, "%zu elements of %zu bytes exceed memory", count, size);
  }
  void *taken = context->allocator.allocate(context->allocator.user, total == 0 ? 1 : total);
  if (taken == NULL) {
    return ms_fail(context, MS_ERR_MEMORY, "no memory for %zu bytes", total);
  }
  memset(taken, 0, total);
  *memory = taken;
  return MS_OK;
}

void ms_release(ms_context *context, void *memory) {
  if (memory != NULL) {
    context->allocator.release(context->allocator.user, memory);
  }
}

ms_arena_mark ms_arena_get_mark(const ms_context *context) {
  return context->top;
}

void ms_arena_drop(ms_context *context, ms_arena_mark mark) {
  context->top = mark;
}

/* Appends a block of at least size bytes, twice the last one if that is more. */
static ms_status add_block(ms_context *context, size_t size) {
  if (context->block_count == MAX_BLOCKS) {
    return ms_fail(context, MS_ERR_MEMORY, "scratch memory exceeds %d blocks", MAX_BLOCKS);
  }
  size_t wanted = FIRST_BLOCK_SIZE;
  if (context->block_count > 0) {
    size_t last = context->blocks[context->block_count - 1].size;
    wanted = last <= SIZE_MAX / 4 ? last * 2 : last;
  }
  wanted = wanted < size ? size : wanted;
  size_t padded = 0;
  if (!ms_size_add(wanted, ARENA_ALIGNMENT, &padded)) {
    return ms_fail(context, MS_ERR_MEMORY, "no memory for %zu bytes", wanted);
  }
  arena_block *block = &context->blocks[context->block_count];
  block->memory = context->allocator.allocate(context->allocator.user, padded);
  if (block->memory == NULL) {
    return ms_fail(context, MS_ERR_MEMORY, "no memory for %zu bytes", padded);
  }
  size_t past = (size_t)((uintptr_t)block->memory % ARENA_ALIGNMENT);
  block->start = (uint8_t *)block->memory + (ARENA_ALIGNMENT - past) % ARENA_ALIGNMENT;
  block->size = wanted;
  context->block_count++;
  return MS_OK;
}

ms_status ms_arena_take(ms_context *context, size_t count, size_t size, void **memory) {
  size_t total = 0;
  *memory = NULL;
  if (!ms_size_mul(count, size, &total) || !ms_size_round_up(total, ARENA_ALIGNMENT, &total)) {
    return ms_fail(context, MS_ERR_MEMORY, "%zu elements of %zu bytes exceed memory", count, size);
  }
  ms_arena_mark top = context->top;
  while (top.block < context->block_count && context->blocks[top.block].size - top.used < total) {
    top.block++;
    top.used = 0;
  }
  if (top.block == context->block_count) {
    MS_TRY(add_block(context, total));
  }
  *memory = context->blocks[top.block].start + top.used;
  top.used += total;
  context->top = top;
  return MS_OK;
}
