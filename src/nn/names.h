/* Finds values by their names in the file. Lives in scratch memory. */
#ifndef MS_NN_NAMES_H
#define MS_NN_NAMES_H

#include "nn/graph.h"

typedef struct ms_names {
  ms_value **slots; /* [size], a power of two, at most half full */
  size_t size;
} ms_names;

/* An empty table with room for count names. */
MS_CHECK_RESULT ms_status ms_names_make(ms_context *context, size_t count, ms_names *names);
/* NULL if there is none. */
ms_value *ms_names_find(const ms_names *names, const ms_text *name);
/* Adds a value whose name is not there yet. */
void ms_names_add(ms_names *names, ms_value *value);

#endif
