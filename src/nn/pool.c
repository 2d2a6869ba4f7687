/* The pool: small pieces share blocks of 16 KiB, larger ones have a block each. */
#include "nn/pool.h"

#define MAX_POOL_SIZE ((size_t)1 << 31)
enum { BLOCK_SIZE = 16384, SMALL_SIZE = 2048, ALIGNMENT = 16 };

typedef struct ms_pool_block {
  struct ms_pool_block *next;
  void *padding; /* so that the memory after this is aligned in 32-bit builds too */
  uint64_t padding_too[(ALIGNMENT * 2 - 2 * sizeof(void *)) / 8];
} ms_pool_block;

void *ms_pool_take(ms_context *context, ms_pool *pool, size_t count, size_t size) {
  if (count > MAX_POOL_SIZE / size || pool->total_size > MAX_POOL_SIZE - count * size) {
    pool->is_full = true;
    ms_fail(context, MS_ERR_LIMIT, "weights and tables of more than 2 GiB");
    return NULL;
  }
  size_t total = (count * size + ALIGNMENT - 1) / ALIGNMENT * ALIGNMENT;
  bool is_small = total <= SMALL_SIZE;
  if (!is_small || total >= pool->free_size) { /* even nothing has an address */
    size_t whole = (is_small ? BLOCK_SIZE : total) + sizeof(ms_pool_block);
    ms_pool_block *block = ms_allocate(context, whole, 1);
    if (block == NULL) {
      return NULL;
    }
    pool->total_size += whole;
    block->next = pool->blocks;
    pool->blocks = block;
    if (!is_small) {
      return block + 1;
    }
    pool->free = (uint8_t *)(block + 1);
    pool->free_size = BLOCK_SIZE;
  }
  void *memory = pool->free;
  pool->free += total;
  pool->free_size -= total;
  return memory;
}

void ms_pool_drop(ms_context *context, ms_pool *pool) {
  ms_pool_block *block = pool->blocks;
  while (block != NULL) {
    ms_pool_block *next = block->next;
    ms_release(context, block);
    block = next;
  }
}
