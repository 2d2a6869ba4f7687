/*
 * The safetensors format: the size of a JSON header (8 bytes, little-endian), the header, then the
 * tensors' elements, little-endian, row by row. Read strictly, so that one set of tensors has few
 * encodings and a wrong file is found here; written in one way only.
 *
 * The header is {"__metadata__": {text: text, …}, name: {"dtype": "F32", "shape": [2, 3],
 * "data_offsets": [begin, end]}, …}, offsets from the end of the header.
 */
#ifndef MS_ZOO_SAFETENSORS_H
#define MS_ZOO_SAFETENSORS_H

#include "core/context.h"

#define MS_SAFETENSORS_MAX_HEADER ((size_t)1 << 24) /* bytes */
#define MS_SAFETENSORS_MAX_COUNT ((size_t)1 << 15)  /* tensors, and notes */

enum { MS_TENSOR_MAX_RANK = 8 };

typedef enum ms_dtype {
  MS_DTYPE_F64,
  MS_DTYPE_I64,
  MS_DTYPE_U64,
  MS_DTYPE_F32,
  MS_DTYPE_I32,
  MS_DTYPE_U32,
  MS_DTYPE_F16,
  MS_DTYPE_BF16,
  MS_DTYPE_I16,
  MS_DTYPE_U16,
  MS_DTYPE_I8,
  MS_DTYPE_U8,
  MS_DTYPE_BOOL,
  MS_DTYPE_COUNT
} ms_dtype;

typedef struct ms_stored_tensor {
  const char *name;
  ms_dtype dtype;
  size_t rank;
  size_t shape[MS_TENSOR_MAX_RANK];
  /* When read: the elements as they are in the file, not aligned, little-endian; take them with
   * ms_safetensors_copy. When written: the elements as this machine has them, aligned. */
  const void *elements;
} ms_stored_tensor;

/* One pair of __metadata__. */
typedef struct ms_stored_note {
  const char *key;
  const char *text;
} ms_stored_note;

/* What a file holds, tensors by name and notes by key, in strcmp's order. */
typedef struct ms_safetensors {
  const char *what; /* names the file in messages: "token file" */
  const ms_stored_tensor *tensors;
  size_t tensor_count;
  const ms_stored_note *notes;
  size_t note_count;
} ms_safetensors;

/* Bytes of one element. */
size_t ms_dtype_size(ms_dtype dtype);
/* As in the header, "F32". */
const char *ms_dtype_name(ms_dtype dtype);
/* The product of a tensor's shape, 1 for rank 0. */
size_t ms_stored_tensor_count(const ms_stored_tensor *tensor);

/*
 * Reads the header and checks the whole file but the elements' values. Everything in file lies in
 * the context's scratch arena or in bytes: it lives as long as both.
 *
 * Fails with MS_ERR_FORMAT on a file that ends too early or goes on too long, a header that is not
 * as above, a name that comes twice, is empty or holds control characters, an extent that is not
 * shape × element, tensors that overlap or leave a gap; MS_ERR_UNSUPPORTED on an unknown dtype;
 * MS_ERR_LIMIT above one of the limits above; MS_ERR_MEMORY.
 */
MS_CHECK_RESULT ms_status ms_safetensors_read(ms_context *context, const void *bytes, size_t size,
                                              const char *what, ms_safetensors *file);

/* The tensor of a name, NULL if there is none. */
const ms_stored_tensor *ms_safetensors_find(const ms_safetensors *file, const char *name);
/* The text of a key of __metadata__, NULL if there is none. */
const char *ms_safetensors_note(const ms_safetensors *file, const char *key);

/*
 * The tensor of a name, which must have this dtype and shape.
 *
 * shape  rank numbers; SIZE_MAX accepts any
 *
 * Fails with MS_ERR_FORMAT, saying what is there and what is expected.
 */
MS_CHECK_RESULT ms_status ms_safetensors_get(ms_context *context, const ms_safetensors *file,
                                             const char *name, ms_dtype dtype, size_t rank,
                                             const size_t *shape, const ms_stored_tensor **tensor);

/*
 * Copies a read tensor's elements, as this machine has them.
 *
 * elements  receives ms_stored_tensor_count(tensor) elements of the tensor's dtype
 */
void ms_safetensors_copy(const ms_stored_tensor *tensor, void *elements);

/*
 * Writes a file. The bytes depend on names, shapes, elements and notes only, not on the order in
 * which they are given: wide elements come first, so that all are aligned, then names in order.
 *
 * bytes  receives the file; NULL asks for its size only
 * room   bytes there; less than the file fails with MS_ERR_ARGUMENT
 * size   receives the file's size in bytes
 *
 * Fails with MS_ERR_ARGUMENT on a name or key that comes twice, is empty, is not UTF-8 or holds
 * control characters, a note that is not UTF-8; MS_ERR_LIMIT as reading does; MS_ERR_MEMORY.
 */
MS_CHECK_RESULT ms_status ms_safetensors_write(ms_context *context, const ms_stored_tensor *tensors,
                                               size_t tensor_count, const ms_stored_note *notes,
                                               size_t note_count, void *bytes, size_t room,
                                               size_t *size);

#endif
