/* Sliding windows: what convolutions and pools share. */
#ifndef MS_NN_WINDOW_H
#define MS_NN_WINDOW_H

#include "nn/graph.h"

enum { MS_MAX_SPATIAL = 3 };

/*
 * A window over up to three spatial dimensions; fewer are padded with leading ones. A transposed
 * window is the one of ConvTranspose: output o sees input i where o = i stride + tap dilation -
 * pad.
 */
typedef struct ms_window {
  size_t input[MS_MAX_SPATIAL];
  size_t output[MS_MAX_SPATIAL];
  size_t kernel[MS_MAX_SPATIAL];
  size_t stride[MS_MAX_SPATIAL];
  size_t dilation[MS_MAX_SPATIAL];
  size_t pad[MS_MAX_SPATIAL];     /* before */
  size_t pad_end[MS_MAX_SPATIAL]; /* behind */
  size_t rank;                    /* of the file's, 1 … 3 */
  size_t taps;                    /* kernel positions */
  size_t input_count;             /* pixels of one image */
  size_t output_count;
  bool transposed;
} ms_window;

/*
 * Reads strides, pads, dilations, auto_pad and ceil_mode of a node, and computes the output's size.
 *
 * shape   of the input, [N][C][spatial …]
 * kernel  [rank] sizes of the kernel; NULL: from the attribute kernel_shape
 */
MS_CHECK_RESULT ms_status ms_window_infer(ms_graph *graph, const ms_node *node,
                                          const ms_shape *shape, const size_t *kernel,
                                          bool transposed, ms_window *window);
/* The shape of an output with this many channels. */
ms_shape ms_window_shape(const ms_window *window, size_t batch, size_t channels);
/*
 * Pointers to the input pixels of output pixels first … first + count - 1 of one image.
 *
 * image    [input pixels][stride], channels last
 * padding  what stands for pixels outside
 * table    receives [count][taps]
 */
void ms_window_rows(const ms_window *window, const float *image, size_t stride,
                    const float *padding, size_t first, size_t count, const float **table);

#endif
