/*
 * The attention scorer's arithmetic: against its formula written out once more, and its gradients
 * against central differences.
 */
#include "scorer/attention.h"

#include "check.h"
#include "core/exact.h"
#include "scorer/loss.h"

enum { MODELS = 5, WIDTH = 4, FEATURES = 3, CLASSES = 3, ROWS = CLASSES + 1, SEED = 20230603 };

static const ms_attention_shape shape = {MODELS, WIDTH, FEATURES, 0};

/* One task, its scale and the parameters, all random. */
typedef struct problem {
  ms_context *context;
  double block[400];
  size_t count;
  ms_attention attention;
  float rows[CLASSES * 2 * FEATURES];
  float summary[FEATURES + 1];
  ms_tokens tokens;
  double numbers[2 * (2 * FEATURES + FEATURES + 1)];
  ms_token_scale scale;
  double dropout[ROWS * WIDTH];
} problem;

static void fill(ms_random *random, double *values, size_t count) {
  for (size_t i = 0; i < count; i++) {
    values[i] = ms_random_normal(random);
  }
}

static void make_problem(problem *made) {
  ms_random random = ms_random_make(SEED, 0);
  CHECK_EQUAL(ms_context_create(NULL, &made->context), MS_OK);
  made->count = ms_attention_count(&shape);
  CHECK_EQUAL(made->count, MODELS * (WIDTH + 1) + 3 * WIDTH * WIDTH + (3 * FEATURES + 1) * WIDTH);
  ms_attention_bind(&made->attention, &shape, made->block);
  CHECK(made->attention.rows + 2 * FEATURES * WIDTH == made->block + made->count);
  fill(&random, made->block, made->count);
  for (size_t i = 0; i < CLASSES * 2 * FEATURES; i++) {
    made->rows[i] = (float)ms_random_normal(&random);
  }
  made->tokens = (ms_tokens){CLASSES, FEATURES, 0, made->rows, made->summary};
  ms_tokens_summarise(&made->tokens);
  fill(&random, made->numbers, 2 * (3 * FEATURES + 1));
  made->scale = (ms_token_scale){made->numbers, made->numbers + 2 * FEATURES,
                                 made->numbers + 4 * FEATURES, made->numbers + 5 * FEATURES + 1};
  for (size_t i = 0; i < ROWS * WIDTH; i++) {
    made->dropout[i] = ms_random_uniform(&random) < 0.2 ? 0 : 1.25;
  }
}

static void score_problem(const problem *given, const double *dropout, double *scores) {
  ms_arena_mark mark = ms_arena_get_mark(given->context);
  double queries[MODELS * WIDTH];
  ms_projected_task projected;
  ms_attention_pass pass;
  ms_attention_query(&given->attention, queries);
  CHECK_EQUAL(ms_attention_project(given->context, &given->attention, &given->scale, &given->tokens,
                                   dropout, &projected),
              MS_OK);
  CHECK_EQUAL(ms_attention_make_pass(given->context, MODELS, ROWS, &pass), MS_OK);
  ms_attention_score(&given->attention, queries, &projected, &pass);
  memcpy(scores, pass.scores, MODELS * sizeof *scores);
  ms_arena_drop(given->context, mark);
}

/* Element [row][column] of a product with a square of the block. */
static double times(const double *x, const double *square, size_t column) {
  double sum = 0;
  for (size_t i = 0; i < WIDTH; i++) {
    sum += x[i] * square[i * WIDTH + column];
  }
  return sum;
}

/* The formula of attention.h, one number at a time. */
static double score_plainly(const problem *given, size_t model) {
  const ms_attention *a = &given->attention;
  const double *token = a->tokens + model * WIDTH;
  double weights = 0;
  double sum = 0;
  for (size_t r = 0; r < ROWS; r++) {
    double hidden[WIDTH] = {0};
    size_t width = r == 0 ? FEATURES + 1 : 2 * FEATURES;
    const float *x = r == 0 ? given->summary : given->rows + (r - 1) * 2 * FEATURES;
    const double *shift = r == 0 ? given->scale.summary_shift : given->scale.row_shift;
    const double *factor = r == 0 ? given->scale.summary_factor : given->scale.row_factor;
    const double *projection = r == 0 ? a->summary : a->rows;
    for (size_t i = 0; i < width; i++) {
      for (size_t j = 0; j < WIDTH; j++) {
        hidden[j] += (x[i] - shift[i]) * factor[i] * projection[i * WIDTH + j];
      }
    }
    double logit = 0;
    double part = 0;
    for (size_t j = 0; j < WIDTH; j++) {
      logit += times(token, a->query, j) * times(hidden, a->key, j) / sqrt(WIDTH);
      part += token[j] * times(hidden, a->value, j) / sqrt(WIDTH);
    }
    double weight = exp(logit) * (r == 0 ? CLASSES : 1);
    weights += weight;
    sum += weight * part;
  }
  return a->prior[model] + sum / weights;
}

static void test_scores_follow_the_formula(void) {
  static problem made;
  make_problem(&made);
  double scores[MODELS];
  score_problem(&made, NULL, scores);
  /* Double precision with some hundred operations. */
  for (size_t m = 0; m < MODELS; m++) {
    CHECK_NEAR(scores[m], score_plainly(&made, m), 1e-11);
  }
  ms_context_destroy(made.context);
}

static void test_summary_is_the_deviation_of_prototypes(void) {
  float rows[8] = {1, 5, 0, 0, 3, 5, 0, 0};
  float summary[3];
  ms_tokens tokens = {2, 2, 0, rows, summary};
  ms_tokens_summarise(&tokens);
  CHECK_EQUAL(summary[0], 1);
  CHECK_EQUAL(summary[1], 0);
  CHECK_NEAR(summary[2], log(2), 1e-7);
}

static const ms_loss_weights weights = {0.7, 0.8, 1.3};

/* Equal targets, and a missing one. */
static const float targets[MODELS] = {0.5f, -1, 0.5f, NAN, 2};

static double find_loss(const problem *given) {
  double scores[MODELS];
  double slopes[MODELS];
  double loss = 0;
  score_problem(given, given->dropout, scores);
  CHECK_EQUAL(ms_loss(given->context, &weights, scores, targets, MODELS, slopes, &loss), MS_OK);
  return loss;
}

static void find_gradient(problem *given, double *block) {
  double queries[MODELS * WIDTH];
  double query_slopes[MODELS * WIDTH] = {0};
  double slopes[MODELS];
  double loss = 0;
  ms_projected_task projected;
  ms_attention_pass pass;
  ms_attention gradient;
  ms_attention_bind(&gradient, &shape, block);
  ms_attention_query(&given->attention, queries);
  CHECK_EQUAL(ms_attention_project(given->context, &given->attention, &given->scale, &given->tokens,
                                   given->dropout, &projected),
              MS_OK);
  CHECK_EQUAL(ms_attention_make_pass(given->context, MODELS, ROWS, &pass), MS_OK);
  ms_attention_score(&given->attention, queries, &projected, &pass);
  CHECK_EQUAL(ms_loss(given->context, &weights, pass.scores, targets, MODELS, slopes, &loss),
              MS_OK);
  CHECK_EQUAL(ms_attention_backward(given->context, &given->attention, queries, &projected, &pass,
                                    slopes, false, query_slopes, &gradient),
              MS_OK);
  ms_attention_backward_query(&given->attention, query_slopes, &gradient);
}

static void test_gradient_matches_central_differences(void) {
  static problem made;
  make_problem(&made);
  double gradient[400] = {0};
  find_gradient(&made, gradient);
  for (size_t i = 0; i < made.count; i++) {
    double kept = made.block[i];
    made.block[i] = kept + 1e-5;
    double above = find_loss(&made);
    made.block[i] = kept - 1e-5;
    double below = find_loss(&made);
    made.block[i] = kept;
    /* The step's square times a third derivative of order 100, and rounding over the step. */
    double slope = (above - below) / 2e-5;
    CHECK_NEAR(gradient[i], slope, 1e-8 + 1e-7 * fabs(slope));
  }
  ms_context_destroy(made.context);
}

static void test_exact_functions_match_the_library(void) {
  ms_random random = ms_random_make(SEED, 1);
  for (int i = 0; i < 100000; i++) {
    double x = (ms_random_uniform(&random) - 0.5) * 1400;
    double y = exp(x);
    CHECK(fabs(ms_exp(x) - y) <= 2 * 0x1p-52 * y);
    CHECK(fabs(ms_log(y) - log(y)) <= 2 * 0x1p-52 * fabs(log(y)));
    double near = 0.75 + ms_random_uniform(&random) / 2;
    CHECK(fabs(ms_log(near) - log(near)) <= 2 * 0x1p-52 * fabs(log(near)));
  }
  for (int i = 0; i <= 1000; i++) { /* 2 π t is only rounded to 9e-16 of itself */
    CHECK_NEAR(ms_cos_turn(i / 1000.0), cos(6.283185307179586 * (i / 1000.0)), 2e-15);
  }
  CHECK_EQUAL(ms_exp(0), 1);
  CHECK_EQUAL(ms_exp(-INFINITY), 0);
  CHECK_EQUAL(ms_exp(NAN), 0);
  CHECK_EQUAL(ms_log(1), 0);
  CHECK_EQUAL(ms_log(0), -INFINITY);
  CHECK_EQUAL(ms_log(INFINITY), INFINITY);
  CHECK(isnan(ms_log(-1)));
  for (double x = 1e-8; x < 1e7; x *= 1.007) {
    CHECK_NEAR(ms_log_gamma(x), lgamma(x), 1e-14 * fmax(1, fabs(lgamma(x))));
    CHECK_NEAR(ms_log1p(x), log1p(x), 5 * 0x1p-52 * log1p(x));
    double least = x * 1e-312; /* mostly not normal */
    CHECK_NEAR(ms_log(least), log(least), 2 * 0x1p-52 * fabs(log(least)));
  }
}

int main(void) {
  printf("seed %d\n", SEED);
  test_scores_follow_the_formula();
  test_summary_is_the_deviation_of_prototypes();
  test_gradient_matches_central_differences();
  test_exact_functions_match_the_library();
  return CHECK_EXIT();
}
