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

bool ms_attention_count(ms_attention_shape shape, size_t *count) {
  size_t square = 0;
  size_t lines = 0;
  size_t total = 0;
  size_t size = 0;
  /* M (d + 1) + 3 d d + (3 D + 1 + L) d */
  return ms_size_mul(shape.width, 3, &lines) && ms_size_add(lines, shape.model_count, &lines) &&
         ms_size_mul(shape.feature_count, 3, &square) && ms_size_add(lines, square, &lines) &&
         ms_size_add(lines, 1, &lines) && ms_size_add(lines, shape.landmark_count, &lines) &&
         ms_size_mul(lines, shape.width, &total) && ms_size_add(total, shape.model_count, count) &&
         ms_size_mul(*count, sizeof(double), &size);
}

ms_attention ms_attention_bind(ms_attention_shape shape, double *block) {
  ms_attention attention = {.shape = shape, .block = block};
  size_t square = shape.width * shape.width;
  attention.prior = block;
  attention.tokens = attention.prior + shape.model_count;
  attention.query = attention.tokens + shape.model_count * shape.width;
  attention.key = attention.query + square;
  attention.value = attention.key + square;
  attention.summary = attention.value + square;
  attention.rows =
      attention.summary + ms_summary_width(shape.feature_count, shape.landmark_count) * shape.width;
  return attention;
}

/* Zeroed scratch memory. */
static ms_status take_zeros(ms_context *context, size_t rows, size_t columns, double **values) {
  size_t count = 0;
  if (!ms_size_mul(rows, columns, &count)) {
    return ms_fail(context, MS_ERR_MEMORY, "no memory for %zu rows of %zu values", rows, columns);
  }
  MS_TRY(MS_SCRATCH(context, count, values));
  memset(*values, 0, count * sizeof **values);
  return MS_OK;
}

void ms_attention_query(const ms_attention *attention, double *queries) {
  size_t count = attention->shape.model_count;
  size_t width = attention->shape.width;
  ms_multiply(ms_matrix_make(attention->tokens, count, width),
              ms_matrix_make(attention->query, width, width),
              ms_matrix_make(queries, count, width));
}

/* Standardised inputs, then hidden rows. */
static ms_status project_rows(ms_context *context, const ms_attention *attention,
                              const ms_token_scale *scale, const ms_tokens *tokens,
                              ms_projected_task *projected) {
  size_t width = attention->shape.width;
  size_t row_width = ms_row_width(tokens->feature_count);
  size_t summary_width = ms_summary_width(tokens->feature_count, tokens->landmark_count);
  MS_TRY(take_zeros(context, 1, summary_width, &projected->summary));
  MS_TRY(take_zeros(context, tokens->class_count, row_width, &projected->rows));
  MS_TRY(take_zeros(context, projected->row_count, width, &projected->hidden));
  ms_tokens_standardise(tokens->summary, scale->summary_shift, scale->summary_factor, summary_width,
                        projected->summary);
  for (size_t c = 0; c < tokens->class_count; c++) {
    ms_tokens_standardise(tokens->rows + c * row_width, scale->row_shift, scale->row_factor,
                          row_width, projected->rows + c * row_width);
  }
  /* One row: too few for the tiles of ms_multiply. */
  for (size_t i = 0; i < summary_width; i++) {
    for (size_t j = 0; j < width; j++) {
      projected->hidden[j] += projected->summary[i] * attention->summary[i * width + j];
    }
  }
  ms_multiply(ms_matrix_make(projected->rows, tokens->class_count, row_width),
              ms_matrix_make(attention->rows, row_width, width),
              ms_matrix_make(projected->hidden + width, tokens->class_count, width));
  return MS_OK;
}

ms_status ms_attention_project(ms_context *context, const ms_attention *attention,
                               const ms_token_scale *scale, const ms_tokens *tokens,
                               const double *dropout, ms_projected_task *projected) {
  size_t width = attention->shape.width;
  size_t row_count = tokens->class_count + 1;
  *projected = (ms_projected_task){.row_count = row_count, .dropout = dropout};
  MS_TRY(project_rows(context, attention, scale, tokens, projected));
  if (dropout != NULL) {
    for (size_t i = 0; i < row_count * width; i++) {
      projected->hidden[i] *= dropout[i];
    }
  }
  MS_TRY(take_zeros(context, row_count, width, &projected->keys));
  MS_TRY(take_zeros(context, row_count, width, &projected->values));
  ms_matrix hidden = ms_matrix_make(projected->hidden, row_count, width);
  ms_multiply(hidden, ms_matrix_make(attention->key, width, width),
              ms_matrix_make(projected->keys, row_count, width));
  ms_multiply(hidden, ms_matrix_make(attention->value, width, width),
              ms_matrix_make(projected->values, row_count, width));
  return MS_OK;
}

ms_status ms_attention_make_pass(ms_context *context, size_t model_count, size_t row_count,
                                 ms_attention_pass *pass) {
  MS_TRY(take_zeros(context, model_count, row_count, &pass->chances));
  MS_TRY(take_zeros(context, model_count, row_count, &pass->parts));
  return take_zeros(context, 1, model_count, &pass->scores);
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
  ms_matrix keys = ms_matrix_make(projected->keys, row_count, width);
  ms_matrix values = ms_matrix_make(projected->values, row_count, width);
  ms_multiply(ms_matrix_make((double *)queries, model_count, width), ms_matrix_transposed(keys),
              ms_matrix_make(pass->chances, model_count, row_count));
  ms_multiply(ms_matrix_make(attention->tokens, model_count, width), ms_matrix_transposed(values),
              ms_matrix_make(pass->parts, model_count, row_count));
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

/* y[rows][columns] += a[rows][depth] b[depth][columns] */
static void add_product(const double *a, const double *b, size_t rows, size_t depth, size_t columns,
                        double *y) {
  ms_multiply_add(ms_matrix_make((double *)a, rows, depth),
                  ms_matrix_make((double *)b, depth, columns), 1, ms_matrix_make(y, rows, columns));
}

/* y[depth][columns] += a[rows][depth] transposed, times b[rows][columns] */
static void add_crossed(const double *a, const double *b, size_t rows, size_t depth, size_t columns,
                        double *y) {
  ms_multiply_add(ms_matrix_transposed(ms_matrix_make((double *)a, rows, depth)),
                  ms_matrix_make((double *)b, rows, columns), 1, ms_matrix_make(y, depth, columns));
}

/* Through y = x weights: x_slopes += slopes weightsᵀ, weight_slopes += xᵀ slopes; rows of d. */
static void backward_square(const double *weights, const double *x, const double *slopes,
                            size_t row_count, size_t width, double *x_slopes,
                            double *weight_slopes) {
  ms_matrix turned = ms_matrix_transposed(ms_matrix_make((double *)weights, width, width));
  ms_multiply_add(ms_matrix_make((double *)slopes, row_count, width), turned, 1,
                  ms_matrix_make(x_slopes, row_count, width));
  add_crossed(x, slopes, row_count, width, width, weight_slopes);
}

/* From the hidden rows to the projections. */
static void backward_projection(const ms_attention *attention, const ms_projected_task *projected,
                                double *hidden_slopes, ms_attention *gradient) {
  size_t width = attention->shape.width;
  size_t feature_count = attention->shape.feature_count;
  for (size_t i = 0; projected->dropout != NULL && i < projected->row_count * width; i++) {
    hidden_slopes[i] *= projected->dropout[i];
  }
  add_crossed(projected->summary, hidden_slopes, 1,
              ms_summary_width(feature_count, attention->shape.landmark_count), width,
              gradient->summary);
  add_crossed(projected->rows, hidden_slopes + width, projected->row_count - 1,
              ms_row_width(feature_count), width, gradient->rows);
}

static ms_status backward_task(ms_context *context, const ms_attention *attention,
                               const double *queries, const ms_projected_task *projected,
                               const ms_attention_pass *pass, const double *slopes,
                               bool skip_projection, double *query_slopes, ms_attention *gradient) {
  size_t count = attention->shape.model_count;
  size_t width = attention->shape.width;
  size_t row_count = projected->row_count;
  double *part_slopes = NULL;   /* [M][R] */
  double *logit_slopes = NULL;  /* [M][R] */
  double *value_slopes = NULL;  /* [R][d] */
  double *key_slopes = NULL;    /* [R][d] */
  double *hidden_slopes = NULL; /* [R][d] */
  MS_TRY(take_zeros(context, count, row_count, &part_slopes));
  MS_TRY(take_zeros(context, count, row_count, &logit_slopes));
  MS_TRY(take_zeros(context, row_count, width, &value_slopes));
  MS_TRY(take_zeros(context, row_count, width, &key_slopes));
  MS_TRY(take_zeros(context, row_count, width, &hidden_slopes));
  find_slopes(attention, pass, row_count, slopes, part_slopes, logit_slopes);
  for (size_t m = 0; m < count; m++) {
    gradient->prior[m] += slopes[m];
  }
  add_product(part_slopes, projected->values, count, row_count, width, gradient->tokens);
  add_product(logit_slopes, projected->keys, count, row_count, width, query_slopes);
  add_crossed(part_slopes, attention->tokens, count, row_count, width, value_slopes);
  add_crossed(logit_slopes, queries, count, row_count, width, key_slopes);
  backward_square(attention->value, projected->hidden, value_slopes, row_count, width,
                  hidden_slopes, gradient->value);
  backward_square(attention->key, projected->hidden, key_slopes, row_count, width, hidden_slopes,
                  gradient->key);
  if (!skip_projection) {
    backward_projection(attention, projected, hidden_slopes, gradient);
  }
  return MS_OK;
}

ms_status ms_attention_backward(ms_context *context, const ms_attention *attention,
                                const double *queries, const ms_projected_task *projected,
                                const ms_attention_pass *pass, const double *slopes,
                                bool skip_projection, double *query_slopes,
                                ms_attention *gradient) {
  ms_arena_mark mark = ms_arena_get_mark(context);
  ms_status status = backward_task(context, attention, queries, projected, pass, slopes,
                                   skip_projection, query_slopes, gradient);
  ms_arena_drop(context, mark);
  return status;
}

void ms_attention_backward_query(const ms_attention *attention, const double *query_slopes,
                                 ms_attention *gradient) {
  backward_square(attention->query, attention->tokens, query_slopes, attention->shape.model_count,
                  attention->shape.width, gradient->tokens, gradient->query);
}
