/* Optimal transport with an entropic penalty. */
#ifndef MS_TRANSFER_SINKHORN_H
#define MS_TRANSFER_SINKHORN_H

#include "core/context.h"

/*
 * The coupling of two uniform distributions that minimises Σ cost coupling - penalty entropy, by
 * Sinkhorn's scaling (Cuturi 2013) with potentials taken out whenever scalings grow large.
 *
 * cost  [rows][columns], finite and not negative; overwritten with the coupling, which sums to 1
 *
 * Stops when the row sums are within 1e-9 / rows of 1 / rows, or after 10,000 rounds of
 * 2 rows columns multiply-adds. Fails with MS_ERR_DATA if they are then off by more than 1e-4.
 */
MS_CHECK_RESULT ms_status ms_sinkhorn(ms_context *context, double *cost, size_t rows,
                                      size_t columns, double penalty);

#endif
