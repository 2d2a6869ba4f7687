/*
 * Forward and backward of the attention scorer, formulas in attention.h. Double precision, and
 * only sums, products and ms_exp: training and scoring give the same bits on every machine. Losses
 * and the optimiser are elsewhere.
 */
#include "scorer/attention.h"

#include <math.h>
#include <string.h>

#include "core/exact.h"
#include "transfer/linalg.h"

size_t ms_attention_count(const ms_attention_shape *shape) {
  return shape->model_count +
         shape->width *
             (shape->model_count + 3 * shape->width + ms_row_width(shape->feature_count) +
              ms_summary_width(shape->feature_count, shape->landmark_count));
}

void ms_attention_bind(ms_attention *attention, const ms_attention_shape *shape, double *block) {
  size_t width = shape->width;
  attention->shape = *shape;
  attention->block = block;
  attention->prior = block;
  attention->tokens = block += shape->model_count;
  attention->query = block += shape->model_count * width;
  attention->key = block += width * width;
  attention->value = block += width * width;
  attention->summary = block += width * width;
  attention->rows = block + ms_summary_width(shape->feature_count, shape->landmark_count) * width;
}

/* Zeroed scratch memory, NULL where there is none. */
static double *take_zeros(ms_context *context, size_t count) {
  double *values = ms_arena_take(context, count, sizeof *values);
  return values == NULL ? NULL : memset(values, 0, count * sizeof *values);
}

void ms_attention_query(const ms_attention *attention, double *queries) {
  size_t count = attention->shape.model_count;
  size_t width = attention->shape.width;
  memset(queries, 0, count * width * sizeof *queries);
  ms_multiply_add_whole(attention->tokens, attention->query, count, width, width, MS_AS_THEY_ARE,
                        queries);
}

/* Standardised inputs, then hidden rows. */
static void project_rows(const ms_attention *attention, const ms_token_scale *scale,
                         const ms_tokens *tokens, ms_projected_task *projected) {
  size_t width = attention->shape.width;
  size_t row_width = ms_row_width(tokens->feature_count);
  size_t summary_width = ms_summary_width(tokens->feature_count, tokens->landmark_count);
  ms_tokens_standardise(tokens->summary, scale->summary_shift, scale->summary_factor, summary_width,
                        projected->summary);
  for (size_t c = 0; c < tokens->class_count; c++) {
    ms_tokens_standardise(tokens->rows + c * row_width, scale->row_shift, scale->row_factor,
                          row_width, projected->rows + c * row_width);
  }
  /* One row: too few for the tiles of ms_multiply_add_whole. */
  for (size_t i = 0; i < summary_width; i++) {
    for (size_t j = 0; j < width; j++) {
      projected->hidden[j] += projected->summary[i] * attention->summary[i * width + j];
    }
  }
  ms_multiply_add_whole(projected->rows, attention->rows, tokens->class_count, row_width, width,
                        MS_AS_THEY_ARE, projected->hidden + width);
}

ms_status ms_attention_project(ms_context *context, const ms_attention *attention,
                               const ms_token_scale *scale, const ms_tokens *tokens,
                               const double *dropout, ms_projected_task *projected) {
  size_t width = attention->shape.width;
  size_t row_count = tokens->class_count + 1;
  size_t hidden_count = row_count * width;
  double *hidden = take_zeros(context, 3 * hidden_count + ms_tokens_size(tokens));
  MS_TRY(MS_HAS_MEMORY(hidden));
  *projected = (ms_projected_task){
      .row_count = row_count,
      .dropout = dropout,
      .hidden = hidden,
      .keys = hidden + hidden_count,
      .values = hidden + 2 * hidden_count,
      .rows = hidden + 3 * hidden_count,
  };
  projected->summary = projected->rows + tokens->class_count * ms_row_width(tokens->feature_count);
  project_rows(attention, scale, tokens, projected);
  for (size_t i = 0; dropout != NULL && i < hidden_count; i++) {
    hidden[i] *= dropout[i];
  }
  ms_multiply_add_whole(hidden, attention->key, row_count, width, width, MS_AS_THEY_ARE,
                        projected->keys);
  ms_multiply_add_whole(hidden, attention->value, row_count, width, width, MS_AS_THEY_ARE,
                        projected->values);
  return MS_OK;
}

ms_status ms_attention_make_pass(ms_context *context, size_t model_count, size_t row_count,
                                 ms_attention_pass *pass) {
  size_t count = model_count * row_count;
  MS_TRY(MS_HAS_MEMORY(pass->chances = take_zeros(context, 2 * count + model_count)));
  pass->parts = pass->chances + count;
  pass->scores = pass->parts + count;
  return MS_OK;
}

/* Softmax of logits / √d, the first raised by first_bonus; in place. */
static void attend(double *logits, size_t count, double factor, double first_bonus) {
  double largest = -INFINITY;
  for (size_t r = 0; r < count; r++) {
    logits[r] = logits[r] * factor + (r == 0 ? first_bonus : 0);
    largest = logits[r] > largest ? logits[r] : largest;
  }
  double sum = 0;
  for (size_t r = 0; r < count; r++) {
    logits[r] = ms_exp(logits[r] - largest);
    sum += logits[r];
  }
  for (size_t r = 0; r < count; r++) {
    logits[r] /= sum;
  }
}

void ms_attention_score(const ms_attention *attention, const double *queries,
                        const ms_projected_task *projected, ms_attention_pass *pass) {
  size_t width = attention->shape.width;
  size_t row_count = projected->row_count;
  double factor = 1 / sqrt((double)width);
  double first_bonus = ms_log((double)(row_count - 1));
  size_t model_count = attention->shape.model_count;
  ms_multiply_add_whole(queries, projected->keys, model_count, width, row_count, MS_TURNED_B,
                        pass->chances);
  ms_multiply_add_whole(attention->tokens, projected->values, model_count, width, row_count,
                        MS_TURNED_B, pass->parts);
  for (size_t m = 0; m < model_count; m++) {
    double *chances = pass->chances + m * row_count;
    double *parts = pass->parts + m * row_count;
    attend(chances, row_count, factor, first_bonus);
    double sum = 0;
    for (size_t r = 0; r < row_count; r++) {
      parts[r] *= factor;
      sum += chances[r] * parts[r];
    }
    pass->scores[m] = attention->prior[m] + sum;
  }
}

/* The loss by each part and by each logit, both times 1 / √d: [M][R]. */
static void find_slopes(const ms_attention *attention, const ms_attention_pass *pass,
                        size_t row_count, const double *slopes, double *part_slopes,
                        double *logit_slopes) {
  double factor = 1 / sqrt((double)attention->shape.width);
  for (size_t m = 0; m < attention->shape.model_count; m++) {
    double change = pass->scores[m] - attention->prior[m];
    for (size_t r = 0; r < row_count; r++) {
      size_t i = m * row_count + r;
      part_slopes[i] = slopes[m] * pass->chances[i] * factor;
      logit_slopes[i] = part_slopes[i] * (pass->parts[i] - change);
    }
  }
}

/* Through y = x weights: x_slopes += slopes weightsᵀ, weight_slopes += xᵀ slopes; rows of d. */
static void backward_square(const double *weights, const double *x, const double *slopes,
                            size_t row_count, size_t width, double *x_slopes,
                            double *weight_slopes) {
  ms_multiply_add_whole(slopes, weights, row_count, width, width, MS_TURNED_B, x_slopes);
  ms_multiply_add_whole(x, slopes, width, row_count, width, MS_TURNED_A, weight_slopes);
}

/* From the hidden rows to the projections. */
static void backward_projection(const ms_attention *attention, const ms_projected_task *projected,
                                double *hidden_slopes, ms_attention *gradient) {
  size_t width = attention->shape.width;
  size_t feature_count = attention->shape.feature_count;
  for (size_t i = 0; projected->dropout != NULL && i < projected->row_count * width; i++) {
    hidden_slopes[i] *= projected->dropout[i];
  }
  ms_multiply_add_whole(projected->summary, hidden_slopes,
                        ms_summary_width(feature_count, attention->shape.landmark_count), 1, width,
                        MS_TURNED_A, gradient->summary);
  ms_multiply_add_whole(projected->rows, hidden_slopes + width, ms_row_width(feature_count),
                        projected->row_count - 1, width, MS_TURNED_A, gradient->rows);
}

ms_status ms_attention_backward(ms_context *context, const ms_attention *attention,
                                const double *queries, const ms_projected_task *projected,
                                const ms_attention_pass *pass, const double *slopes,
                                bool skip_projection, double *query_slopes,
                                ms_attention *gradient) {
  size_t count = attention->shape.model_count;
  size_t width = attention->shape.width;
  size_t row_count = projected->row_count;
  double *part_slopes = take_zeros(context, 2 * count * row_count + 3 * row_count * width);
  MS_TRY(MS_HAS_MEMORY(part_slopes));
  double *logit_slopes = part_slopes + count * row_count;  /* [M][R], as part_slopes */
  double *value_slopes = logit_slopes + count * row_count; /* [R][d] */
  double *key_slopes = value_slopes + row_count * width;   /* [R][d] */
  double *hidden_slopes = key_slopes + row_count * width;  /* [R][d] */
  find_slopes(attention, pass, row_count, slopes, part_slopes, logit_slopes);
  for (size_t m = 0; m < count; m++) {
    gradient->prior[m] += slopes[m];
  }
  ms_multiply_add_whole(part_slopes, projected->values, count, row_count, width, MS_AS_THEY_ARE,
                        gradient->tokens);
  ms_multiply_add_whole(logit_slopes, projected->keys, count, row_count, width, MS_AS_THEY_ARE,
                        query_slopes);
  ms_multiply_add_whole(part_slopes, attention->tokens, row_count, count, width, MS_TURNED_A,
                        value_slopes);
  ms_multiply_add_whole(logit_slopes, queries, row_count, count, width, MS_TURNED_A, key_slopes);
  backward_square(attention->value, projected->hidden, value_slopes, row_count, width,
                  hidden_slopes, gradient->value);
  backward_square(attention->key, projected->hidden, key_slopes, row_count, width, hidden_slopes,
                  gradient->key);
  if (!skip_projection) {
    backward_projection(attention, projected, hidden_slopes, gradient);
  }
  return MS_OK;
}

void ms_attention_backward_query(const ms_attention *attention, const double *query_slopes,
                                 ms_attention *gradient) {
  backward_square(attention->query, attention->tokens, query_slopes, attention->shape.model_count,
                  attention->shape.width, gradient->tokens, gradient->query);
}
