/*
 * The loops under everything: plain pointers and counts, no context, no status, no allocation. Any
 * count is valid, no alignment is assumed, no byte past the end is read. Tensors are NHWC, so that
 * a pixel is a run of channels.
 *
 * scalar.c is the specification; every other table gives the same bits, so order is part of it: a
 * product or a convolution starts from its bias and adds one rounded product after the other, along
 * depth, then along taps; dot, sum and sum_squares add into 16 interleaved parts, which are joined
 * in the end. Nothing is fused. A NaN comes out where one goes in, clamps included; only maximum
 * and pool_maximum pass over it. The precision of each function is stated in scalar_test.c.
 *
 * Matrices on the right of a product are packed into panels of MS_PANEL columns:
 * panel p = [bias of its columns][depth][MS_PANEL], the last one padded with zeros.
 */
#ifndef MS_KERNEL_KERNELS_H
#define MS_KERNEL_KERNELS_H

#include <stddef.h>
#include <stdint.h>

enum { MS_PANEL = 8, MS_DEPTHWISE_PANEL = 4, MS_LONGEST_S16 = 3200 };
#define MS_SMALLEST_ROW 1e-30f

/*
 * What follows a product or a convolution while the result is still in registers:
 * y = clamp(accumulator + bias + residual, low, high). No residual: NULL. No clamp: -+INFINITY.
 */
typedef struct ms_epilogue {
  const float *residual; /* [rows][columns], rows residual_stride apart; may be y itself */
  size_t residual_stride;
  float low;
  float high;
} ms_epilogue;

/* How the taps of a convolution move along a row of output pixels. */
typedef struct ms_sweep {
  size_t kernel_height;
  size_t kernel_width;
  size_t stride;   /* input pixels from one output to the next */
  size_t dilation; /* input pixels from one tap to the next */
  size_t pad;      /* pixels of padding left of the input row */
  size_t columns;  /* pixels in the input row; beyond them is padding */
  size_t outputs;  /* pixels in the output row */
} ms_sweep;

enum { MS_MOST_REDUCED = 16 };

/* A run of pixels that one output pixel is made of. */
typedef struct ms_span {
  size_t first;
  size_t count;
  const float *weights; /* [count] */
} ms_span;

/* Element-wise functions of one argument; alpha and beta as ONNX names them. */
typedef enum ms_unary {
  MS_UNARY_CLAMP, /* to [alpha, beta] */
  MS_UNARY_LEAKY_RELU,
  MS_UNARY_HARD_SIGMOID, /* max(0, min(1, alpha x + beta)) */
  MS_UNARY_HARD_SWISH,   /* x max(0, min(1, x / 6 + 1 / 2)) */
  MS_UNARY_SIGMOID,
  MS_UNARY_SILU, /* x sigmoid(x) */
  MS_UNARY_TANH,
  MS_UNARY_EXP,
  MS_UNARY_LOG,
  MS_UNARY_SQRT,
  MS_UNARY_RECIPROCAL,
  MS_UNARY_NEGATE,
  MS_UNARY_ABS,
  MS_UNARY_ERF,
  MS_UNARY_GELU, /* x (1 + erf(x / sqrt 2)) / 2 */
  MS_UNARY_ELU,
  MS_UNARY_SELU, /* alpha, gamma = beta */
  MS_UNARY_SOFTPLUS,
  MS_UNARY_FLOOR,
  MS_UNARY_CEIL,
  MS_UNARY_COUNT
} ms_unary;

/* Element-wise functions of two arguments. */
typedef enum ms_binary {
  MS_BINARY_ADD,
  MS_BINARY_SUBTRACT,
  MS_BINARY_MULTIPLY,
  MS_BINARY_DIVIDE,
  MS_BINARY_MINIMUM,
  MS_BINARY_MAXIMUM,
  MS_BINARY_POWER,
  MS_BINARY_PRELU, /* a if a >= 0, else a b */
  MS_BINARY_COUNT
} ms_binary;

/* One table of kernels. */
typedef struct ms_kernels {
  /* sum of a[i] b[i] */
  float (*dot)(const float *a, const float *b, size_t count);
  /* y[i] += factor x[i] */
  void (*axpy)(float *y, float factor, const float *x, size_t count);
  /* sum of x[i], and the sum of (x[i] - shift)^2 */
  float (*sum)(const float *x, size_t count);
  float (*sum_squares)(const float *x, float shift, size_t count);
  /* largest x[i]; -INFINITY for count 0 */
  float (*maximum)(const float *x, size_t count);

  /* y[i] = f(x[i]); y may be x */
  void (*unary)(ms_unary function, float *y, const float *x, size_t count, float alpha, float beta);
  /*
   * y[i] = f(a[i a_step], b[i b_step]); the steps are 0 (one value for all) or 1; y may be a or b
   * where its step is 1
   */
  void (*binary)(ms_binary function, float *y, const float *a, size_t a_step, const float *b,
                 size_t b_step, size_t count);
  /* y = softmax(x) over count values; y may be x */
  void (*softmax)(float *y, const float *x, size_t count);
  /* y = (x - mean) / sqrt(variance + epsilon) * gain + offset over count values; y may be x */
  void (*layer_norm)(float *y, const float *x, const float *gain, const float *offset,
                     float epsilon, size_t count);

  /*
   * y[rows][columns] = epilogue(x[rows][depth] times packed[depth][columns]); rows of x and y are
   * x_stride and y_stride apart
   */
  void (*gemm)(const float *x, size_t x_stride, size_t depth, const float *packed, float *y,
               size_t y_stride, size_t rows, size_t columns, const ms_epilogue *epilogue);
  /*
   * The same with gathered rows: row r of x is the concatenation of taps runs of depth floats,
   * which start at x[r taps + t]. A k×k convolution is this with taps = k k. Fewer, longer runs are
   * faster: pixels that lie side by side, as a row of the kernel's, can be one run.
   */
  void (*gemm_indirect)(const float *const *x, size_t taps, size_t depth, const float *packed,
                        float *y, size_t y_stride, size_t rows, size_t columns,
                        const ms_epilogue *epilogue);
  /*
   * The same two products in integers, with weights packed by ms_pack_s16: every row of x becomes
   * levels -limit … limit, nearest to x / scale and halves to even, where the row's scale is its
   * largest magnitude / limit. Their products with the levels of the weights are summed exactly,
   * and y = clamp((float)sum row scale × column scale + bias + residual, low, high), rounded in
   * this order. A row smaller than MS_SMALLEST_ROW counts as zeros; one with an infinity or a NaN
   * gives NaN throughout. taps × depth is at most MS_LONGEST_S16.
   */
  void (*gemm_s16)(const float *x, size_t x_stride, size_t depth, const float *packed, float *y,
                   size_t y_stride, size_t rows, size_t columns, const ms_epilogue *epilogue);
  void (*gemm_indirect_s16)(const float *const *x, size_t taps, size_t depth, const float *packed,
                            float *y, size_t y_stride, size_t rows, size_t columns,
                            const ms_epilogue *epilogue);
  /*
   * Depthwise convolution with gathered pixels: y[r][c] = epilogue(bias[c] + sum over t of
   * x[r taps + t][c] weight[t][c]), weights packed by ms_pack_depthwise
   */
  void (*depthwise)(const float *const *x, size_t taps, const float *packed, float *y,
                    size_t y_stride, size_t rows, size_t channels, const ms_epilogue *epilogue);
  /*
   * One row of output pixels of a two-dimensional depthwise convolution, y[outputs][channels],
   * without gathering: x has a pointer per row of the kernel, to the input row's columns pixels of
   * channels floats, or NULL for a row of padding. Much faster than depthwise.
   */
  void (*depthwise_row)(const float *const *x, const ms_sweep *sweep, const float *packed, float *y,
                        size_t channels, const ms_epilogue *epilogue);
  /* y[r][c] = the largest x[r taps + t][c]; NULL pointers (padding) are passed over */
  void (*pool_maximum)(const float *const *x, size_t taps, float *y, size_t y_stride, size_t rows,
                       size_t channels);
  /* y[r][c] = scales[r] times the sum over t of x[r taps + t][c]; NULL pointers are passed over */
  void (*pool_mean)(const float *const *x, size_t taps, const float *scales, float *y,
                    size_t y_stride, size_t rows, size_t channels);
  /* y[c] = the mean over rows of x[r][c] */
  void (*mean_rows)(const float *x, size_t x_stride, size_t rows, size_t channels, float *y);

  /* y[columns][rows] = x[rows][columns], transposed */
  void (*transpose)(const float *x, size_t rows, size_t columns, float *y);
  /* IEEE half precision to float, exact */
  void (*widen_half)(const uint16_t *x, float *y, size_t count);
  /* y[count][4] = RGBA8 pixels composed over white; the last float of a pixel is of no use */
  void (*compose)(const uint8_t *rgba, float *y, size_t count);
  /*
   * y[count] opaque pixels: means of squares of factor × factor pixels, 2 to MS_MOST_REDUCED of
   * them, composed over white; rows of rgba are stride bytes apart
   */
  void (*reduce)(const uint8_t *rgba, size_t stride, size_t factor, uint8_t *y, size_t count);
  /* Resizes a row of such pixels: y[i][3] = the sum over span i of weight times pixel */
  void (*resample)(const float *pixels, const ms_span *spans, float *y, size_t count);
} ms_kernels;

/* The specification, and the fast table; NULL where the build has no SIMD128. */
extern const ms_kernels ms_kernels_scalar;
const ms_kernels *ms_kernels_simd128(void);
/* The table to use: the fast one where there is one. */
const ms_kernels *ms_kernels_best(void);

/* Floats that a packed matrix takes: panels × (1 + depth) × MS_PANEL. Does not check overflow. */
size_t ms_packed_count(size_t depth, size_t columns);
/*
 * Packs weights for gemm (taps 1) or gemm_indirect. The weight of tap t, channel i (0 … depth - 1)
 * and column j is at weights[t tap_stride + i depth_stride + j column_stride]. bias may be NULL.
 */
void ms_pack(const float *weights, size_t taps, size_t tap_stride, size_t depth,
             size_t depth_stride, size_t columns, size_t column_stride, const float *bias,
             float *packed);

/* Floats that ms_pack_s16 fills: 1 + panels × (2 + pairs of depth) × MS_PANEL. No overflow check.
 */
size_t ms_packed_s16_count(size_t depth, size_t columns);
/*
 * Packs weights as ms_pack does, but as levels of 16 bits: packed = [limit of the levels of x], and
 * per panel [bias][scale of each column][pairs of depth][MS_PANEL][2 levels]. Limits are chosen by
 * the weights: as wide as sums of 32 bits can hold for certain, shared evenly between x and
 * weights. A column with an infinity or a NaN gets the scale NaN.
 */
void ms_pack_s16(const float *weights, size_t taps, size_t tap_stride, size_t depth,
                 size_t depth_stride, size_t columns, size_t column_stride, const float *bias,
                 float *packed);

/* One square of the kernel reduce, as the specification has it. */
void ms_reduce_square(const uint8_t *rgba, size_t stride, size_t factor, uint8_t *y);

/* Floats that packed depthwise weights take: panels of 4 channels × (1 + taps). */
size_t ms_packed_depthwise_count(size_t taps, size_t channels);
/*
 * Packs depthwise weights: panel p = [bias of its 4 channels][taps][4], the last one padded with
 * zeros. The weight of tap t and channel c is at weights[t tap_stride + c channel_stride]. bias may
 * be NULL.
 */
void ms_pack_depthwise(const float *weights, size_t taps, size_t tap_stride, size_t channels,
                       size_t channel_stride, const float *bias, float *packed);

#endif
