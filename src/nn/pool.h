/* Object memory that is taken piece by piece and returned all at once. */
#ifndef MS_NN_POOL_H
#define MS_NN_POOL_H

#include "core/context.h"

typedef struct ms_pool {
  struct ms_pool_block *blocks;
  uint8_t *free; /* of the newest small block */
  size_t free_size;
  size_t total_size; /* bytes of all blocks */
  bool is_full;      /* more was asked for than a pool may hold: MS_ERR_LIMIT */
} ms_pool;

/*
 * Zeroed memory for count things of size bytes, 16-byte aligned where the allocator is. Records the
 * failure and returns NULL where there is none.
 */
MS_CHECK_RESULT void *ms_pool_take(ms_context *context, ms_pool *pool, size_t count, size_t size);
/* Returns all of it; the pool is gone. */
void ms_pool_drop(ms_context *context, ms_pool *pool);

/* To ms_pool_take what MS_NEW is to ms_allocate: MS_KEEP(context, pool, count, &pointer). */
#define MS_KEEP(context, pool, count, pointer)                                                     \
  MS_HAS_MEMORY(*(pointer) = ms_pool_take((context), (pool), (count), sizeof **(pointer)))

#endif
