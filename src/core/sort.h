/* A sort of anything, without memory. */
#ifndef MS_CORE_SORT_H
#define MS_CORE_SORT_H

#include <stddef.h>

/*
 * As qsort: compare gives less than 0 where its first comes before its second. Equal elements end
 * in any order. At most about 2 count log2(count) comparisons.
 */
void ms_sort(void *elements, size_t count, size_t size,
             int (*compare)(const void *first, const void *second));

#endif
