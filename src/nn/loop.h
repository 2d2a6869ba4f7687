/*
 * Loops over tensors of any rank with a step per dimension and operand: broadcasting, slices,
 * transposes and copies are all this. Dimensions that lie together in every operand are joined, so
 * that the innermost run is as long as it can be.
 */
#ifndef MS_NN_LOOP_H
#define MS_NN_LOOP_H

#include "nn/graph.h"

enum { MS_LOOP_OPERANDS = 4 };

/* A loop, and the place that it has come to. */
typedef struct ms_loop {
  size_t rank; /* at least 1 once ms_loop_join was called */
  size_t dims[MS_MAX_RANK];
  ptrdiff_t steps[MS_LOOP_OPERANDS][MS_MAX_RANK]; /* elements from one index to the next */
  size_t index[MS_MAX_RANK];
  ptrdiff_t offset[MS_LOOP_OPERANDS]; /* elements to this place */
} ms_loop;

/* A loop over a shape from its first place, all steps 0. */
ms_loop ms_loop_over(const ms_shape *shape);
/* The same with a value of this shape as operand 0. */
ms_loop ms_loop_of(const ms_value *value);
/*
 * An operand's steps along the loop's dimensions, in whatever layout the value has; where it is
 * smaller it is broadcast as ONNX does.
 */
void ms_loop_operand(ms_loop *loop, size_t operand, const ms_value *value);
/*
 * Drops dimensions of size 1, puts the others into the order of operand 0's memory, and joins
 * neighbours where all operands allow it.
 */
void ms_loop_join(ms_loop *loop);
/* Goes on to the next place in the first rank dimensions. At the end: to the first, and false. */
bool ms_loop_next(ms_loop *loop, size_t rank);
/* Copies count elements of size bytes (4 or 8) that lie some steps apart. */
void ms_copy_run(size_t size, void *y, ptrdiff_t y_step, const void *x, ptrdiff_t x_step,
                 size_t count);
/*
 * Copies elements of size bytes (4 or 8): operand 0 is y, operand 1 is x. Joins the loop first.
 * Does nothing for an empty loop.
 */
void ms_loop_copy(const ms_kernels *kernels, ms_loop *loop, size_t size, void *y, const void *x);
/* The same between values of one type, from element number x_offset of x to y_offset of y. */
void ms_loop_copy_value(const ms_kernels *kernels, ms_loop *loop, const ms_value *y,
                        ptrdiff_t y_offset, const ms_value *x, ptrdiff_t x_offset);
/* The same from a node's input 0 to its output 0. */
void ms_loop_copy_node(const ms_run *run, const ms_node *node, ms_loop *loop);
/* Copies one number of a value's type into all of the value. */
void ms_loop_fill(const ms_kernels *kernels, const ms_value *value, const void *number);
/* Bytes of one stored number of a type. */
size_t ms_stored_size(ms_type type);

#endif
