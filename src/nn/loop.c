/* Loops with steps: how they are set up, joined and walked, and copying by them. */
#include "nn/loop.h"

#include <string.h>

size_t ms_stored_size(ms_type type) {
  return ms_type_is_float(type) ? sizeof(float) : sizeof(int64_t);
}

ms_loop ms_loop_over(const ms_shape *shape) {
  ms_loop loop = {.rank = shape->rank};
  memcpy(loop.dims, shape->dims, sizeof loop.dims);
  return loop;
}

void ms_loop_operand(ms_loop *loop, size_t operand, const ms_value *value) {
  ptrdiff_t steps[MS_MAX_RANK];
  ms_value_steps(value, steps);
  for (size_t i = 0; i < value->shape.rank; i++) {
    size_t from = value->shape.rank - 1 - i;
    loop->steps[operand][loop->rank - 1 - i] = value->shape.dims[from] == 1 ? 0 : steps[from];
  }
}

ms_loop ms_loop_of(const ms_value *value) {
  ms_loop loop = ms_loop_over(&value->shape);
  ms_loop_operand(&loop, 0, value);
  return loop;
}

/* The dimension of more than 1 with the largest step of operand 0; the rank if there is none. */
static size_t outermost(const ms_loop *loop) {
  size_t found = loop->rank;
  for (size_t i = 0; i < loop->rank; i++) {
    if (loop->dims[i] != 1 && (found == loop->rank || loop->steps[0][i] > loop->steps[0][found])) {
      found = i;
    }
  }
  return found;
}

void ms_loop_join(ms_loop *loop) {
  ms_loop joined = {.dims = {1}};
  for (size_t from; (from = outermost(loop)) < loop->rank;) {
    size_t size = loop->dims[from];
    bool together = joined.rank > 0;
    for (size_t k = 0; together && k < MS_LOOP_OPERANDS; k++) {
      together = joined.steps[k][joined.rank - 1] == loop->steps[k][from] * (ptrdiff_t)size;
    }
    if (together) {
      size *= joined.dims[--joined.rank];
    }
    joined.dims[joined.rank] = size;
    for (size_t k = 0; k < MS_LOOP_OPERANDS; k++) {
      joined.steps[k][joined.rank] = loop->steps[k][from];
    }
    joined.rank++;
    loop->dims[from] = 1; /* it is done */
  }
  joined.rank += joined.rank == 0;
  *loop = joined;
}

bool ms_loop_next(ms_loop *loop, size_t rank) {
  for (size_t i = rank; i-- > 0;) {
    bool inside = ++loop->index[i] < loop->dims[i];
    ptrdiff_t steps = inside ? 1 : 1 - (ptrdiff_t)loop->dims[i];
    for (size_t k = 0; k < MS_LOOP_OPERANDS; k++) {
      loop->offset[k] += loop->steps[k][i] * steps;
    }
    if (inside) {
      return true;
    }
    loop->index[i] = 0;
  }
  return false;
}

void ms_copy_run(size_t size, void *y, ptrdiff_t y_step, const void *x, ptrdiff_t x_step,
                 size_t count) {
  if (y_step == 1 && x_step == 1) {
    memcpy(y, x, count * size);
    return;
  }
  for (size_t i = 0; size == sizeof(float) && i < count; i++) {
    ((float *)y)[(ptrdiff_t)i * y_step] = ((const float *)x)[(ptrdiff_t)i * x_step];
  }
  for (size_t i = 0; size != sizeof(float) && i < count; i++) {
    ((int64_t *)y)[(ptrdiff_t)i * y_step] = ((const int64_t *)x)[(ptrdiff_t)i * x_step];
  }
}

/* Whether the last two dimensions of a float copy are a whole transposed matrix. */
static bool is_transpose(const ms_loop *loop) {
  size_t i = loop->rank - 2;
  return loop->rank >= 2 && loop->steps[0][i + 1] == 1 &&
         loop->steps[0][i] == (ptrdiff_t)loop->dims[i + 1] && loop->steps[1][i] == 1 &&
         loop->steps[1][i + 1] == (ptrdiff_t)loop->dims[i];
}

void ms_loop_copy(const ms_kernels *kernels, ms_loop *loop, size_t size, void *y, const void *x) {
  for (size_t i = 0; i < loop->rank; i++) {
    if (loop->dims[i] == 0) {
      return;
    }
  }
  ms_loop_join(loop);
  size_t last = loop->rank - 1;
  size_t columns = loop->dims[last];
  /* A matrix is done at once. */
  size_t rows = size == sizeof(float) && is_transpose(loop) ? loop->dims[last - 1] : 0;
  do {
    uint8_t *to = (uint8_t *)y + loop->offset[0] * (ptrdiff_t)size;
    const uint8_t *from = (const uint8_t *)x + loop->offset[1] * (ptrdiff_t)size;
    if (rows > 0) {
      kernels->transpose((const float *)(const void *)from, columns, rows, (float *)(void *)to);
    } else {
      ms_copy_run(size, to, loop->steps[0][last], from, loop->steps[1][last], columns);
    }
  } while (ms_loop_next(loop, rows > 0 ? last - 1 : last));
}

void ms_loop_copy_value(const ms_kernels *kernels, ms_loop *loop, const ms_value *y,
                        ptrdiff_t y_offset, const ms_value *x, ptrdiff_t x_offset) {
  size_t size = ms_stored_size(y->type);
  ms_loop_copy(kernels, loop, size, (uint8_t *)y->data + y_offset * (ptrdiff_t)size,
               (const uint8_t *)x->data + x_offset * (ptrdiff_t)size);
}

void ms_loop_copy_node(const ms_run *run, const ms_node *node, ms_loop *loop) {
  ms_loop_copy_value(run->kernels, loop, node->outputs[0], 0, node->inputs[0], 0);
}

void ms_loop_fill(const ms_kernels *kernels, const ms_value *value, const void *number) {
  ms_loop loop = {.rank = 1, .dims = {value->count}, .steps = {{1}}};
  ms_loop_copy(kernels, &loop, ms_stored_size(value->type), value->data, number);
}
