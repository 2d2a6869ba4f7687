/*
 * Makes raw task tokens from a view of a task, and standardises them. Projecting them to the
 * scorer's width is attention.c's work.
 */
#include "scorer/tokens.h"

#include <math.h>
#include <string.h>

#include "core/exact.h"
#include "scorer/number.h"
#include "scorer/order.h"

void ms_token_scale_bind(ms_token_scale *scale, size_t feature_count, size_t landmark_count,
                         double *block) {
  size_t row_width = ms_row_width(feature_count);
  double *factors = block + row_width + ms_summary_width(feature_count, landmark_count);
  *scale = (ms_token_scale){block, factors, block + row_width, factors + row_width};
}

void ms_landmarks_describe(const double *landmarks, size_t count, float *described) {
  double mean = 0;
  for (size_t i = 0; i < count; i++) {
    mean += landmarks[i] / (double)count;
  }
  for (size_t i = 0; i < count; i++) {
    described[i] = (float)(landmarks[i] - mean);
  }
  described[count] = (float)mean;
}

void ms_tokens_summarise(ms_tokens *tokens) {
  size_t width = ms_row_width(tokens->feature_count);
  size_t count = tokens->class_count;
  for (size_t j = 0; j < tokens->feature_count; j++) {
    double mean = ms_mean(tokens->rows + j, width, count, 0, false);
    tokens->summary[j] = (float)sqrt(ms_mean(tokens->rows + j, width, count, mean, true));
  }
  tokens->summary[tokens->feature_count] = (float)ms_log((double)count);
}

size_t ms_tokens_size(const ms_tokens *tokens) {
  return tokens->class_count * ms_row_width(tokens->feature_count) +
         ms_summary_width(tokens->feature_count, tokens->landmark_count);
}

void ms_tokens_fill(ms_tokens *tokens, const float *prototypes, const float *spreads,
                    float *block) {
  size_t width = tokens->feature_count;
  tokens->rows = block;
  for (size_t c = 0; c < tokens->class_count; c++) {
    memcpy(block, prototypes + c * width, width * sizeof *block);
    memcpy(block + width, spreads + c * width, width * sizeof *block);
    block += ms_row_width(width);
  }
  tokens->summary = block;
  ms_tokens_summarise(tokens);
}

ms_status ms_tokens_make(const ms_task_view *view, const float *landmarks, size_t landmark_count,
                         ms_tokens *tokens) {
  ms_context *context = view->task->context;
  size_t feature_count = view->task->feature_count;
  size_t value_count = view->class_count * feature_count;
  float *block = NULL;
  float *prototypes = NULL; /* [class_count][feature_count], then the spreads */
  *tokens = (ms_tokens){.class_count = view->class_count,
                        .feature_count = feature_count,
                        .landmark_count = landmark_count};
  MS_TRY(MS_SCRATCH(context, ms_tokens_size(tokens), &block));
  ms_arena_mark mark = ms_arena_get_mark(context);
  MS_TRY(MS_SCRATCH(context, 2 * value_count, &prototypes));
  MS_TRY(ms_task_view_prototypes(view, prototypes, prototypes + value_count));
  ms_tokens_fill(tokens, prototypes, prototypes + value_count, block);
  ms_arena_drop(context, mark);
  memcpy(tokens->summary + feature_count + 1, landmarks, landmark_count * sizeof *landmarks);
  return MS_OK;
}

void ms_tokens_standardise(const float *x, const double *shift, const double *factor, size_t count,
                           double *y) {
  for (size_t i = 0; i < count; i++) {
    y[i] = ms_is_missing(x[i]) ? 0 : (x[i] - shift[i]) * factor[i];
  }
}
