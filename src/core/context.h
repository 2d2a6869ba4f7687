/*
 * The context inside: failures, the allocator and the scratch arena. Every module includes this.
 */
#ifndef MS_CORE_CONTEXT_H
#define MS_CORE_CONTEXT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/size.h"
#include "core/text.h"
#include "modelspider/modelspider.h"

/* Passes a failure on, untouched. */
#define MS_TRY(call)                                                                               \
  do {                                                                                             \
    ms_status ms_try_status = (call);                                                              \
    if (ms_try_status != MS_OK) {                                                                  \
      return ms_try_status;                                                                        \
    }                                                                                              \
  } while (0)

/*
 * Records one sentence about a failure and returns its status: the one place where errors are
 * described. Text from outside (names in files) goes in with a bounded precision, as in "%.64s".
 */
#define ms_fail(context, status, ...)                                                              \
  (MS_CHECK_FORMAT(__VA_ARGS__), MS_BY_WORDS(ms_fail_2, ms_fail_4, ms_fail_8, __VA_ARGS__)(        \
                                     (context), (status), MS_WORDS(__VA_ARGS__)))
ms_status ms_fail_2(ms_context *context, ms_status status, const char *format, uint64_t a,
                    uint64_t b);
ms_status ms_fail_4(ms_context *context, ms_status status, const char *format, uint64_t a,
                    uint64_t b, uint64_t c, uint64_t d);
ms_status ms_fail_8(ms_context *context, ms_status status, const char *format, uint64_t a,
                    uint64_t b, uint64_t c, uint64_t d, uint64_t e, uint64_t f, uint64_t g,
                    uint64_t h);

/* The status of a function that gives NULL, after ms_fail, where there is no memory. */
#define MS_HAS_MEMORY(memory) ((memory) != NULL ? MS_OK : MS_ERR_MEMORY)

/*
 * Object memory, from the context's allocator, zeroed. ms_allocate checks count * size. Records the
 * failure and returns NULL where there is none.
 */
MS_CHECK_RESULT void *ms_allocate(ms_context *context, size_t count, size_t size);
/* Returns what ms_allocate gave. Accepts NULL. */
void ms_release(ms_context *context, void *memory);

/*
 * ms_allocate as everything else fails, with MS_ERR_MEMORY: MS_NEW(context, count, &pointer). A
 * function that wrote through the pointer would keep it out of registers, in every caller.
 */
#define MS_NEW(context, count, pointer)                                                            \
  MS_HAS_MEMORY(*(pointer) = ms_allocate((context), (count), sizeof **(pointer)))

/*
 * Scratch memory: 64-byte aligned, not zeroed, dropped all at once. A public function notes the
 * mark on entry and drops back to it on the way out, so that inner code needs no cleanup. Blocks
 * are kept for the next call: steady state allocates nothing.
 */
typedef struct ms_arena_mark {
  size_t position; /* in all blocks, one behind the other */
} ms_arena_mark;

ms_arena_mark ms_arena_get_mark(const ms_context *context);
void ms_arena_drop(ms_context *context, ms_arena_mark mark);
MS_CHECK_RESULT void *ms_arena_take(ms_context *context, size_t count, size_t size);

/* To ms_arena_take what MS_NEW is to ms_allocate: MS_SCRATCH(context, count, &pointer). */
#define MS_SCRATCH(context, count, pointer)                                                        \
  MS_HAS_MEMORY(*(pointer) = ms_arena_take((context), (count), sizeof **(pointer)))

/*
 * MS_SCRATCH for a matrix [rows][columns] of counts whose product need not fit a size_t, as rows
 * and classes.
 */
#define MS_SCRATCH_MATRIX(context, rows, columns, pointer)                                         \
  MS_HAS_MEMORY(*(pointer) = ms_arena_take((context), (rows), (columns) * sizeof **(pointer)))

#endif
