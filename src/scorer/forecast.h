/* What scores and models that were run let expect of all models of a task. */
#ifndef MS_SCORER_FORECAST_H
#define MS_SCORER_FORECAST_H

#include "modelspider/modelspider.h"
#include "scorer/posterior.h"

/* Models that were run, and their accuracies. */
typedef struct ms_observations {
  size_t count;
  const uint32_t *models;  /* [count], each once */
  const float *accuracies; /* [count], 0 … 1 */
} ms_observations;

/* Holds pointers into itself: not to be copied. */
typedef struct ms_forecast {
  const double *scores; /* [M], before any model was run */
  size_t image_count;
  ms_evidence evidence;
  ms_posterior posterior;
} ms_forecast;

/*
 * Prepares a forecast in scratch memory; it keeps scores and certainty.
 *
 * landmark     log odds of the encoder's own accuracy on the task, NaN where unknown
 * image_count  the task's images
 *
 * Fails with MS_ERR_ARGUMENT on a model that is unknown or comes twice, MS_ERR_DATA on an accuracy
 * that is not 0 … 1, and as ms_posterior_make.
 */
MS_CHECK_RESULT ms_status ms_forecast_make(ms_context *context, const ms_certainty *certainty,
                                           const double *scores, double landmark,
                                           size_t image_count, const ms_observations *observations,
                                           ms_forecast *forecast);
/*
 * Intervals from draws of the Gaussian model around scores that are uncertain too.
 *
 * resampled    [resample_count][M], what the scores might as well have been; used in turn
 * draw_count   16 … 4096
 * assessments  receives M; count is the room there
 *
 * Fails with MS_ERR_ARGUMENT, MS_ERR_MEMORY.
 */
MS_CHECK_RESULT ms_status ms_forecast_assess(ms_context *context, const ms_forecast *forecast,
                                             const double *resampled, size_t resample_count,
                                             ms_random *random, size_t draw_count,
                                             ms_assessment *assessments, size_t count);
/* The model that ms_scorer_suggest names. Fails with MS_ERR_ARGUMENT if all were run. */
MS_CHECK_RESULT ms_status ms_forecast_suggest(ms_context *context, const ms_forecast *forecast,
                                              size_t *model);

#endif
