/* The pool: small pieces share blocks of 16 KiB, larger ones have a block each. */
#include "nn/pool.h"

#define MAX_POOL_SIZE ((size_t)1 << 31)
enum { BLOCK_SIZE = 16384, SMALL_SIZE = 2048, ALIGNMENT = 16 };

typedef struct ms_pool_block {
  struct ms_pool_block *next;
  void *padding; /* so that the memory after this is aligned in 32-bit builds too */
  uint64_t padding_too[(ALIGNMENT * 2 - 2 * sizeof(void *)) / 8];
} ms_pool_block;

static ms_status add_block(ms_context *context, ms_pool *pool, size_t size, ms_pool_block **block) {
  size_t whole = 0;
  uint8_t *bytes = NULL;
  if (!ms_size_add(size, sizeof **block, &whole)) {
    return ms_fail(context, MS_ERR_MEMORY, "no memory for %zu bytes", size);
  }
  if (pool->total_size > MAX_POOL_SIZE || whole > MAX_POOL_SIZE - pool->total_size) {
    return ms_fail(context, MS_ERR_LIMIT, "weights and tables of more than 2 GiB");
  }
  MS_TRY(MS_NEW(context, whole, &bytes));
  *block = (ms_pool_block *)(void *)bytes;
  pool->total_size += whole;
  return MS_OK;
}

ms_status ms_pool_take(ms_context *context, ms_pool *pool, size_t count, size_t size,
                       void **memory) {
  size_t total = 0;
  ms_pool_block *block = NULL;
  *memory = NULL;
  if (!ms_size_mul(count, size, &total) || !ms_size_round_up(total, ALIGNMENT, &total)) {
    return ms_fail(context, MS_ERR_MEMORY, "%zu elements of %zu bytes exceed memory", count, size);
  }
  if (total > SMALL_SIZE) {
    MS_TRY(add_block(context, pool, total, &block));
    /* Behind the newest small block, which goes on being filled. */
    if (pool->blocks == NULL) {
      pool->blocks = block;
      pool->used = BLOCK_SIZE;
    } else {
      block->next = pool->blocks->next;
      pool->blocks->next = block;
    }
    *memory = block + 1;
    return MS_OK;
  }
  if (pool->blocks == NULL || BLOCK_SIZE - pool->used < total) {
    MS_TRY(add_block(context, pool, BLOCK_SIZE, &block));
    block->next = pool->blocks;
    pool->blocks = block;
    pool->used = 0;
  }
  *memory = (uint8_t *)(pool->blocks + 1) + pool->used;
  pool->used += total;
  return MS_OK;
}

void ms_pool_drop(ms_context *context, ms_pool *pool) {
  while (pool->blocks != NULL) {
    ms_pool_block *next = pool->blocks->next;
    ms_release(context, pool->blocks);
    pool->blocks = next;
  }
  *pool = (ms_pool){0};
}
