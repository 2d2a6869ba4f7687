/* Chooses the table of kernels that this build runs with. */
#include "kernel/kernels.h"

const ms_kernels *ms_kernels_best(void) {
  return &ms_kernels_scalar;
}
