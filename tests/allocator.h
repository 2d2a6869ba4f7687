/* An allocator that counts what is alive, and fails at a call of the test's choice. */
#ifndef MS_TESTS_ALLOCATOR_H
#define MS_TESTS_ALLOCATOR_H

#include <stdlib.h>

#include "modelspider/modelspider.h"

typedef struct counting_allocator {
  int live;
  int calls;
  int fail_at; /* the call that returns NULL, counted from 0; -1 for none */
} counting_allocator;

static void *counting_allocate(void *user, size_t size) {
  counting_allocator *counter = user;
  if (counter->calls++ == counter->fail_at) {
    return NULL;
  }
  counter->live++;
  return malloc(size);
}

static void counting_release(void *user, void *memory) {
  counting_allocator *counter = user;
  counter->live -= memory != NULL;
  free(memory);
}

static inline ms_allocator counting_allocator_of(counting_allocator *counter) {
  return (ms_allocator){counting_allocate, counting_release, counter};
}

#endif
