/*
 * Losses of one task's scores against its targets, and their slopes. NaN targets are missing: such
 * a model takes no part.
 */
#ifndef MS_SCORER_LOSS_H
#define MS_SCORER_LOSS_H

#include "core/context.h"

typedef struct ms_loss_weights {
  double listwise;    /* of the Plackett-Luce loss */
  double temperature; /* scores are divided by it in the Plackett-Luce loss */
  double squared;     /* of the squared error of the centred scores */
} ms_loss_weights;

/*
 * listwise / n × Σ over groups of equal target, best first, of the negative log-likelihood of
 * drawing the group next + squared / n × Σ ((score - mean score) - (target - mean target))².
 *
 * A group of g equal targets stands for all g! orders at once, by Efron's approximation: the j-th
 * draw (j = 0 … g - 1) is from all that are left, the group counted (1 - j / g) times. So no index
 * decides, and g = 1 is the plain Plackett-Luce loss.
 *
 * scores, targets  [count], n of the targets present
 * slopes           [count], receives the loss by each score
 *
 * With fewer than 2 targets the loss is 0. Takes scratch memory. Fails with MS_ERR_MEMORY.
 */
MS_CHECK_RESULT ms_status ms_loss(ms_context *context, const ms_loss_weights *weights,
                                  const double *scores, const float *targets, size_t count,
                                  double *slopes, double *loss);

#endif
