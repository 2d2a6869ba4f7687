/* Reads a test's fixture files, natively and under WASI, whose fopen Emscripten leaves out. */
#ifndef MS_TESTS_FIXTURE_H
#define MS_TESTS_FIXTURE_H

#include <stdio.h>
#include <stdlib.h>

#ifdef __EMSCRIPTEN__
#include <string.h>
#include <wasi/api.h>

typedef __wasi_fd_t fixture_file;

/* run-wasi.mjs opens the data folder, whatever its path here, as descriptor 3. */
static inline int fixture_open(const char *folder, const char *name, fixture_file *file) {
  (void)folder;
  return __wasi_path_open(3, 0, name, strlen(name), 0, __WASI_RIGHTS_FD_READ, 0, 0, file) == 0;
}

static inline size_t fixture_read(fixture_file file, char *bytes, size_t room) {
  const __wasi_iovec_t vector = {(uint8_t *)bytes, room};
  __wasi_size_t size = 0;
  return __wasi_fd_read(file, &vector, 1, &size) == 0 ? size : 0;
}

static inline void fixture_close(fixture_file file) {
  if (__wasi_fd_close(file) != 0) {
    fprintf(stderr, "a fixture did not close\n");
  }
}
#else
typedef FILE *fixture_file;

static inline int fixture_open(const char *folder, const char *name, fixture_file *file) {
  char path[1024];
  snprintf(path, sizeof path, "%s/%s", folder, name);
  *file = fopen(path, "rb");
  return *file != NULL;
}

static inline size_t fixture_read(fixture_file file, char *bytes, size_t room) {
  return fread(bytes, 1, room, file);
}

static inline void fixture_close(fixture_file file) {
  fclose(file);
}
#endif

/*
 * The bytes of folder/name with a 0 after them, to be freed; ends the test program where the file
 * cannot be read. size may be NULL.
 */
static inline char *fixture_load(const char *folder, const char *name, size_t *size) {
  fixture_file file;
  if (!fixture_open(folder, name, &file)) {
    fprintf(stderr, "cannot open the fixture %s/%s\n", folder, name);
    exit(1);
  }
  size_t used = 0;
  size_t room = 1 << 16;
  char *bytes = malloc(room);
  size_t taken = 1;
  while (bytes != NULL && taken > 0) {
    taken = fixture_read(file, bytes + used, room - used - 1);
    used += taken;
    if (room - used < 2) {
      room *= 2;
      bytes = realloc(bytes, room);
    }
  }
  fixture_close(file);
  if (bytes == NULL) {
    fprintf(stderr, "no memory for the fixture %s\n", name);
    exit(1);
  }
  bytes[used] = 0;
  if (size != NULL) {
    *size = used;
  }
  return bytes;
}

#endif
