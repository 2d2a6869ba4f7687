/*
 * The raw view of an ONNX file: what its protobuf messages say, as views of the file's bytes and
 * arrays in the context's scratch memory. It holds no judgement about operators or shapes.
 */
#ifndef MS_NN_ONNX_H
#define MS_NN_ONNX_H

#include "core/context.h"

enum { MS_MAX_RANK = 8 };

/* Text in the file: not terminated. NULL and 0 where there is none. */
typedef struct ms_text {
  const char *bytes;
  size_t size;
} ms_text;

/* Text as the two arguments of "%.*s", cut to 64 bytes. */
#define MS_TEXT(text) ms_text_cut(&(text)), ((text).bytes)

typedef struct ms_shape {
  size_t rank;
  size_t dims[MS_MAX_RANK];
} ms_shape;

/* Element types, numbered as in ONNX. */
typedef enum ms_type {
  MS_TYPE_NONE = 0,
  MS_TYPE_FLOAT = 1,
  MS_TYPE_UINT8 = 2,
  MS_TYPE_INT8 = 3,
  MS_TYPE_UINT16 = 4,
  MS_TYPE_INT16 = 5,
  MS_TYPE_INT32 = 6,
  MS_TYPE_INT64 = 7,
  MS_TYPE_BOOL = 9,
  MS_TYPE_FLOAT16 = 10,
  MS_TYPE_DOUBLE = 11,
  MS_TYPE_UINT32 = 12,
  MS_TYPE_UINT64 = 13
} ms_type;

/* A TensorProto. Its numbers are decoded by ms_onnx_decode when they are needed. */
typedef struct ms_onnx_tensor {
  ms_text name;
  ms_type type; /* may be a number that ms_type does not list */
  ms_shape shape;
  size_t count;
  const uint8_t *message;
  size_t message_size;
  ms_text raw;         /* raw_data: count elements; NULL where the numbers are in typed fields */
  const void *numbers; /* NULL: what is in typed fields is only counted, and decoded later */
  size_t number_count;
  const int64_t *dims; /* [rank], as the file has them */
  size_t rank;
  int location; /* not 0: in another file */
} ms_onnx_tensor;

typedef enum ms_onnx_kind {
  MS_ONNX_FLOAT = 1,
  MS_ONNX_INT = 2,
  MS_ONNX_STRING = 3,
  MS_ONNX_TENSOR = 4,
  MS_ONNX_GRAPH = 5,
  MS_ONNX_FLOATS = 6,
  MS_ONNX_INTS = 7
} ms_onnx_kind;

typedef struct ms_onnx_attribute {
  ms_text name;
  int kind; /* an ms_onnx_kind, or another number of AttributeProto.AttributeType */
  float number;
  int64_t integer;
  ms_text text;
  const ms_onnx_tensor *tensor; /* [tensor_count], NULL if there is none */
  size_t tensor_count;
  const float *floats; /* [float_count] */
  size_t float_count;
  const int64_t *integers; /* [integer_count] */
  size_t integer_count;
} ms_onnx_attribute;

typedef struct ms_onnx_node {
  ms_text name;
  ms_text operator_name;
  ms_text domain;
  const ms_text *inputs;
  size_t input_count;
  const ms_text *outputs;
  size_t output_count;
  const ms_onnx_attribute *attributes;
  size_t attribute_count;
} ms_onnx_node;

/* A size of a graph input: one number, or none where the file leaves it open. */
typedef struct ms_onnx_size {
  const int64_t *number;
  size_t number_count;
} ms_onnx_size;

typedef struct ms_onnx_shape {
  const ms_onnx_size *dims;
  size_t rank; /* at most MS_MAX_RANK */
} ms_onnx_shape;

/* A graph input or output. */
typedef struct ms_onnx_value {
  ms_text name;
  ms_type type;
  const ms_onnx_shape *shape; /* [shape_count], NULL if there is none */
  size_t shape_count;
} ms_onnx_value;

typedef struct ms_onnx_model {
  int64_t opset; /* of the default domain */
  const ms_onnx_node *nodes;
  size_t node_count;
  const ms_onnx_tensor *initializers;
  size_t initializer_count;
  const ms_onnx_value *inputs;
  size_t input_count;
  const ms_onnx_value *outputs;
  size_t output_count;
} ms_onnx_model;

/*
 * Reads a file's messages. The result lives in scratch memory and points into bytes.
 *
 * Fails with MS_ERR_FORMAT, MS_ERR_UNSUPPORTED (external or segmented tensors), MS_ERR_LIMIT or
 * MS_ERR_MEMORY.
 */
MS_CHECK_RESULT ms_status ms_onnx_read(ms_context *context, const void *bytes, size_t size,
                                       ms_onnx_model *model);

/* Reads one serialized TensorProto, as the test data sets of ONNX hold them. */
MS_CHECK_RESULT ms_status ms_onnx_read_tensor(ms_context *context, const void *bytes, size_t size,
                                              ms_onnx_tensor *tensor);

/* Bytes of one element, 0 for a type that has no place here (strings, complex numbers). */
size_t ms_type_size(ms_type type);
/* A number of 64 bits, or a bit pattern of the type, as a number of the type. */
int64_t ms_integer_wrap(ms_type type, int64_t value);
/* Whether numbers of a type are kept as float; the others are kept as int64_t. */
bool ms_type_is_float(ms_type type);
/* A type's name, for messages. */
const char *ms_type_name(ms_type type);

/*
 * Decodes a tensor's numbers.
 *
 * values  receives count floats where ms_type_is_float(tensor->type), else count int64_t
 *
 * Fails with MS_ERR_UNSUPPORTED on a type without a size.
 */
MS_CHECK_RESULT ms_status ms_onnx_decode(ms_context *context, const ms_onnx_tensor *tensor,
                                         void *values);

/* The size of a text, but at most 64. */
int ms_text_cut(const ms_text *text);
/* Whether text is these bytes. */
bool ms_text_has(const ms_text *text, const char *bytes, size_t size);
/* Whether text is a terminated string. */
bool ms_text_is(const ms_text *text, const char *string);
/* Whether two texts are the same. */
bool ms_text_equal(const ms_text *a, const ms_text *b);
/* Whether a domain is the one of ONNX's own operators. */
bool ms_onnx_is_own_domain(const ms_text *domain);
/* A shape's number of elements; false if that is more than 2^28. */
MS_CHECK_RESULT bool ms_shape_count(const ms_shape *shape, size_t *count);

#endif
