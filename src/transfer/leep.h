/* LEEP's core: how well labels follow from the probabilities of other classes. */
#ifndef MS_TRANSFER_LEEP_H
#define MS_TRANSFER_LEEP_H

#include "transfer/metric.h"

/*
 * Mean over rows of log Σ_z P(label|z) p(z), with P(y|z) from the sums of p over the rows of class
 * y. probabilities p [count][source_count], rows that sum to 1.
 */
MS_CHECK_RESULT ms_status ms_leep(ms_context *context, const ms_metric_data *data,
                                  const double *probabilities, size_t source_count, double *value);

/*
 * Makes a metric's features, as doubles, probabilities of source classes: rows that sum to 1. Fails
 * with MS_ERR_DATA on a negative one or a row whose sum is not within 1e-3 of 1.
 */
MS_CHECK_RESULT ms_status ms_source_normalise(ms_context *context, const ms_metric_data *data,
                                              double *probabilities);

#endif
