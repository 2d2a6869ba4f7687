/* Object memory that is taken piece by piece and returned all at once. */
#ifndef MS_NN_POOL_H
#define MS_NN_POOL_H

#include "core/context.h"

typedef struct ms_pool {
  struct ms_pool_block *blocks;
  size_t used;       /* of the newest small block */
  size_t total_size; /* bytes of all blocks */
} ms_pool;

/* Zeroed memory, 16-byte aligned where the allocator is. Fails with MS_ERR_MEMORY. */
MS_CHECK_RESULT ms_status ms_pool_take(ms_context *context, ms_pool *pool, size_t count,
                                       size_t size, void **memory);
void ms_pool_drop(ms_context *context, ms_pool *pool);

/* ms_pool_take with the pointer's own type: MS_KEEP(context, pool, count, &pointer). */
#define MS_KEEP(context, pool, count, pointer)                                                     \
  ms_pool_take((context), (pool), (count), sizeof **(pointer), (void **)(pointer))

#endif
