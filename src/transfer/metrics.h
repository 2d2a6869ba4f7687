/* Every metric that needs features and labels only, behind one type, for the table in metrics.c. */
#ifndef MS_TRANSFER_METRICS_H
#define MS_TRANSFER_METRICS_H

#include "transfer/metric.h"

/* LogME; no options. */
ms_status ms_metric_logme_of(ms_context *context, const ms_metric_data *data, const void *options,
                             double *value);
/* Leave-one-out accuracy of ridge regression; options is the strength (a double), default 1. */
ms_status ms_metric_ridge_of(ms_context *context, const ms_metric_data *data, const void *options,
                             double *value);
/* Leave-one-out accuracy of nearest neighbours; options is their number (a size_t), default 5. */
ms_status ms_metric_knn_of(ms_context *context, const ms_metric_data *data, const void *options,
                           double *value);
/* Cross-validated accuracy of the linear probe; options is its strength (a double), default 0.1. */
ms_status ms_metric_probe_of(ms_context *context, const ms_metric_data *data, const void *options,
                             double *value);

#endif
