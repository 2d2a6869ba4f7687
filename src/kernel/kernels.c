/* Chooses the table of kernels that this build runs with. */
#include "kernel/kernels.h"

const ms_kernels *ms_kernels_best(void) {
  const ms_kernels *fast = ms_kernels_simd128();
  return fast != NULL ? fast : &ms_kernels_scalar;
}
