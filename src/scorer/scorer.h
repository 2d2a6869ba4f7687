/* A loaded scorer, and its file. */
#ifndef MS_SCORER_SCORER_H
#define MS_SCORER_SCORER_H

#include "scorer/attention.h"
#include "scorer/posterior.h"
#include "scorer/recall.h"

enum { MS_HASH_SIZE = 64 };

struct ms_scorer {
  ms_context *context;
  ms_attention attention;   /* owned block, with all other numbers of the file behind it */
  ms_feature_blocks blocks; /* of the landmarks, widths owned; no blocks for none */
  ms_token_scale scale;
  double *queries;        /* [M][d], owned */
  ms_recall recall;       /* of no task where the file has none */
  ms_certainty certainty; /* NULL block where the file has none */
  const char **model_ids; /* [M], owned, with their texts behind them */
  char encoder_hash[MS_HASH_SIZE + 1];
};

/*
 * Writes a scorer file of what a trainer has learned, as ms_safetensors_write.
 *
 * model_ids     [M]
 * encoder_hash  64 lower-case hexadecimal digits
 *
 * Fails with MS_ERR_ARGUMENT on an id that is empty, longer than 128 bytes, holds control
 * characters or comes twice, and on a hash that is not 64 digits; MS_ERR_DATA on a number that a
 * float cannot hold; MS_ERR_MEMORY. Takes scratch memory.
 */
MS_CHECK_RESULT ms_status ms_scorer_write(const ms_trainer *trainer, const char *const *model_ids,
                                          const char *encoder_hash, void *bytes, size_t room,
                                          size_t *size);
/* Fills a zeroed scorer; what it has taken on failure, ms_scorer_destroy gives back. */
MS_CHECK_RESULT ms_status ms_scorer_read(ms_scorer *scorer, const void *bytes, size_t size);
/* Fails with MS_ERR_ARGUMENT on a task of another context or of other features. */
MS_CHECK_RESULT ms_status ms_scorer_check_task(const ms_scorer *scorer, const ms_task *task);
/*
 * What a view's landmarks say, in scratch memory; unknown (NaN) where only one class has images
 * or none has two.
 *
 * landmarks  receives a pointer to attention.shape.landmark_count values
 * level      receives the last of ms_task_landmarks, the log odds of the encoder's own accuracy
 */
MS_CHECK_RESULT ms_status ms_scorer_take_landmarks(const ms_scorer *scorer,
                                                   const ms_task_view *view, float **landmarks,
                                                   double *level);
/* scores [M] of the tokens of a view and given landmarks, in scratch memory. */
MS_CHECK_RESULT ms_status ms_scorer_score_view(const ms_scorer *scorer, const ms_task_view *view,
                                               const float *landmarks, double *scores);

#endif
