/* Every metric that needs features and labels only, behind one type, for the table in metrics.c. */
#ifndef MS_TRANSFER_METRICS_H
#define MS_TRANSFER_METRICS_H

#include "transfer/metric.h"

/* LogME; no options. */
ms_status ms_metric_logme_of(ms_context *context, const ms_metric_data *data, const void *options,
                             double *value);
/* H-Score, plain and regularised; no options. */
ms_status ms_metric_h_score_of(ms_context *context, const ms_metric_data *data, const void *options,
                               double *value);
ms_status ms_metric_regularised_h_score_of(ms_context *context, const ms_metric_data *data,
                                           const void *options, double *value);
/* N-LEEP; options is the number of components (a size_t), 0 and NULL for what suits the data. */
ms_status ms_metric_n_leep_of(ms_context *context, const ms_metric_data *data, const void *options,
                              double *value);
/* GBC; options is how many principal coordinates at most (a size_t), default 64. */
ms_status ms_metric_gbc_of(ms_context *context, const ms_metric_data *data, const void *options,
                           double *value);
/* Label-feature correlation; no options. */
ms_status ms_metric_lfc_of(ms_context *context, const ms_metric_data *data, const void *options,
                           double *value);
/* PACTran with Gaussian weights; options only from its public function, default prior 1,
 * variance 10. */
ms_status ms_metric_pactran_gaussian_of(ms_context *context, const ms_metric_data *data,
                                        const void *options, double *value);
/* TransRate; options is the distortion (a double), default 1e-4. */
ms_status ms_metric_transrate_of(ms_context *context, const ms_metric_data *data,
                                 const void *options, double *value);
/* SFDA; no options. */
ms_status ms_metric_sfda_of(ms_context *context, const ms_metric_data *data, const void *options,
                            double *value);
/* PARC; no options. */
ms_status ms_metric_parc_of(ms_context *context, const ms_metric_data *data, const void *options,
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
