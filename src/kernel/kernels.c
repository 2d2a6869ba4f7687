/* Chooses the table of kernels that this build runs with: the other one is not linked. */
#include "kernel/simd128.h"

const ms_kernels *ms_kernels_best(void) {
#ifdef MS_SIMD128
  return ms_kernels_simd128();
#else
  return &ms_kernels_scalar;
#endif
}
