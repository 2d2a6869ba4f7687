/* The losses against their formulas written out once more, and the optimiser against its paper. */
#include "check.h"
#include "core/random.h"
#include "scorer/adamw.h"
#include "scorer/loss.h"

enum { SEED = 20230604 };

static ms_context *context;

static const ms_loss_weights listwise = {1, 0.5, 0};

/* The mean over models of -log(exp s / Σ of exp s over those not drawn yet), for a given order. */
static double draw_in_order(const double *scores, const size_t *order, size_t count,
                            double temperature) {
  double loss = 0;
  for (size_t i = 0; i < count; i++) {
    double left = 0;
    for (size_t j = i; j < count; j++) {
      left += exp(scores[order[j]] / temperature);
    }
    loss -= log(exp(scores[order[i]] / temperature) / left);
  }
  return loss / (double)count;
}

static double find_loss(const ms_loss_weights *weights, const double *scores, const float *targets,
                        size_t count) {
  double slopes[16];
  double loss = -1;
  CHECK_EQUAL(ms_loss(context, weights, scores, targets, count, slopes, &loss), MS_OK);
  /* Adding one number to all scores changes nothing. */
  double sum = 0;
  for (size_t m = 0; m < count; m++) {
    sum += slopes[m];
  }
  CHECK_NEAR(sum, 0, 1e-14);
  return loss;
}

static void test_listwise_loss_is_plackett_luce(void) {
  const double scores[5] = {0.3, -1.2, 2.5, 0.1, 0.7};
  const float targets[5] = {0.1f, 0.9f, 0.5f, -3, 0.2f};
  static const size_t order[5] = {1, 2, 4, 0, 3};
  /* Double precision, a dozen operations. */
  CHECK_NEAR(find_loss(&listwise, scores, targets, 5), draw_in_order(scores, order, 5, 0.5), 1e-14);
}

static void test_missing_targets_take_no_part(void) {
  const double scores[4] = {0.3, 50, -1.2, 2.5};
  const float targets[4] = {0.1f, NAN, 0.9f, 0.5f};
  const double fewer_scores[3] = {0.3, -1.2, 2.5};
  const float fewer_targets[3] = {0.1f, 0.9f, 0.5f};
  const ms_loss_weights both = {0.3, 0.5, 0.6};
  CHECK_NEAR(find_loss(&both, scores, targets, 4), find_loss(&both, fewer_scores, fewer_targets, 3),
             1e-15);
  const float lonely[4] = {NAN, NAN, 1, NAN};
  CHECK_EQUAL(find_loss(&both, scores, lonely, 4), 0);
}

static void test_equal_targets_share_equally(void) {
  const double scores[4] = {1.5, 0.2, -0.4, 0.9};
  const float targets[4] = {2, 1, 1, 0};
  const double swapped[4] = {1.5, -0.4, 0.2, 0.9};
  CHECK_NEAR(find_loss(&listwise, scores, targets, 4), find_loss(&listwise, swapped, targets, 4),
             1e-15);
  /* Efron's denominators: the second of two equals is drawn with half of the pair left. */
  double e[4];
  for (size_t i = 0; i < 4; i++) {
    e[i] = exp(scores[i] / 0.5);
  }
  double expected = -log(e[0] / (e[0] + e[1] + e[2] + e[3])) - log(e[1] / (e[1] + e[2] + e[3])) -
                    log(e[2] / (e[1] / 2 + e[2] / 2 + e[3]));
  CHECK_NEAR(find_loss(&listwise, scores, targets, 4), expected / 4, 1e-14);
}

static void test_listwise_loss_survives_distant_scores(void) {
  const double scores[3] = {-1e4, 1e4, 0};
  const float targets[3] = {3, 2, 1};
  double slopes[3];
  double loss = 0;
  CHECK_EQUAL(ms_loss(context, &listwise, scores, targets, 3, slopes, &loss), MS_OK);
  CHECK(isfinite(loss) && loss > 100);
  CHECK(slopes[0] < 0 && slopes[1] > 0);
}

static void test_squared_loss_ignores_the_level(void) {
  const ms_loss_weights squared = {0, 1, 1};
  const double scores[3] = {1, 2, 6};
  const float targets[3] = {11, 12, 13};
  /* Centred: -2 -1 3 against -1 0 1. */
  CHECK_NEAR(find_loss(&squared, scores, targets, 3), (1 + 1 + 4) / 3.0, 1e-14);
}

static void test_optimiser_follows_its_formula(void) {
  enum { STEPS = 50 };
  double parameters[3] = {1, -2, 0.5};
  double first[3] = {0};
  double second[3] = {0};
  ms_adamw state = {first, second, 1, 1};
  double expected = -2;
  double mean = 0;
  double square = 0;
  ms_random random = ms_random_make(SEED, 0);
  for (int step = 1; step <= STEPS; step++) {
    double gradient[3];
    for (size_t i = 0; i < 3; i++) {
      gradient[i] = ms_random_normal(&random);
    }
    ms_adamw_begin(&state);
    ms_adamw_update(&state, parameters, gradient, 1, 1, 0.01, 0.1);
    mean = 0.9 * mean + 0.1 * gradient[1];
    square = 0.999 * square + 0.001 * gradient[1] * gradient[1];
    double move = mean / (1 - pow(0.9, step)) / (sqrt(square / (1 - pow(0.999, step))) + 1e-8);
    expected -= 0.01 * (move + 0.1 * expected);
    CHECK_NEAR(parameters[1], expected, 1e-13);
  }
  CHECK_EQUAL(parameters[0], 1);
  CHECK_EQUAL(parameters[2], 0.5);
}

int main(void) {
  printf("seed %d\n", SEED);
  CHECK_EQUAL(ms_context_create(NULL, &context), MS_OK);
  test_listwise_loss_is_plackett_luce();
  test_missing_targets_take_no_part();
  test_equal_targets_share_equally();
  test_listwise_loss_survives_distant_scores();
  test_squared_loss_ignores_the_level();
  test_optimiser_follows_its_formula();
  ms_context_destroy(context);
  return CHECK_EXIT();
}
