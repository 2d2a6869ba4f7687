/*
 * Rank correlations and joined rankings against scipy, and the published table of nine baselines
 * on eight data sets. make_rank_fixtures.py wrote the numbers and says from what.
 */
#include <stdlib.h>

#include "check.h"
#include "fixture.h"
#include "modelspider/modelspider.h"

enum { MAX_COUNT = 300 };

static ms_context *context;

/* Reads "name value value …" and steps over it. */
static void read_doubles(const char **text, const char *name, double *values, size_t count) {
  char word[32] = "";
  int size = 0;
  CHECK_EQUAL(sscanf(*text, "%31s%n", word, &size), 1);
  CHECK_TEXT(word, name);
  *text += size;
  for (size_t i = 0; i < count; i++) {
    char *end = NULL;
    values[i] = strtod(*text, &end);
    CHECK(end != *text);
    *text = end;
  }
}

static void read_floats(const char **text, const char *name, float *values, size_t count) {
  static double wide[MAX_COUNT];
  read_doubles(text, name, wide, count);
  for (size_t i = 0; i < count; i++) {
    values[i] = (float)wide[i];
  }
}

static double read_double(const char **text, const char *name) {
  double value = 0;
  read_doubles(text, name, &value, 1);
  return value;
}

/* The inputs are exact in float; double sums of at most 45,000 terms differ by some 1e-13. */
static void check_measures(const char **text, const float *truth, const float *score,
                           size_t count) {
  double value = 0;
  CHECK_EQUAL(ms_weighted_tau(context, truth, score, count, &value), MS_OK);
  CHECK_NEAR(value, read_double(text, "weighted_tau"), 1e-12);
  CHECK_EQUAL(ms_kendall_tau_b(context, truth, score, count, &value), MS_OK);
  CHECK_NEAR(value, read_double(text, "tau_b"), 1e-12);
  CHECK_EQUAL(ms_regret_at_1(context, truth, score, count, &value), MS_OK);
  CHECK_NEAR(value, read_double(text, "regret"), 1e-12);
  float recall[2];
  read_floats(text, "recall", recall, 2);
  if (recall[0] > 0) {
    CHECK_EQUAL(ms_top_recall(context, truth, score, count, (size_t)recall[0], &value), MS_OK);
    CHECK_NEAR(value, recall[1], 1e-7);
  }
}

/* Results are floats: half a unit in the last place of values below 300, 5 and 1. */
static void check_joined(const char **text, const float *lists, size_t count) {
  float joined[MAX_COUNT];
  float expected[MAX_COUNT];
  read_floats(text, "copeland", expected, count);
  CHECK_EQUAL(ms_rank_copeland(context, lists, 4, count, joined), MS_OK);
  for (size_t i = 0; i < count; i++) {
    CHECK_EQUAL(joined[i], expected[i]);
  }
  read_floats(text, "reciprocal", expected, count);
  CHECK_EQUAL(ms_rank_reciprocal(context, lists, 4, count, joined), MS_OK);
  for (size_t i = 0; i < count; i++) {
    CHECK_NEAR(joined[i], expected[i], 4e-9);
  }
  read_floats(text, "mean_z", expected, count);
  CHECK_EQUAL(ms_rank_mean_z(context, lists, 4, count, joined), MS_OK);
  for (size_t i = 0; i < count; i++) {
    CHECK_NEAR(joined[i], expected[i], 1e-6);
  }
}

static void test_measures_agree_with_scipy(const char *folder) {
  char *bytes = fixture_load(folder, "rank_cases.txt", NULL);
  const char *text = bytes;
  int cases = 0;
  while (text[0] == 'c') {
    static float lists[4 * MAX_COUNT];
    size_t count = (size_t)read_double(&text, "case");
    CHECK(count <= MAX_COUNT);
    read_floats(&text, "truth", lists, count);
    read_floats(&text, "score", lists + count, count);
    memset(lists + 3 * count, 0, count * sizeof *lists);
    check_measures(&text, lists, lists + count, count);
    read_floats(&text, "third", lists + 2 * count, count);
    check_joined(&text, lists, count);
    cases++;
    text += strspn(text, "\n");
  }
  CHECK_EQUAL(cases, 40);
  free(bytes);
}

/*
 * Cells of the published table that do not follow from the scores published beside it; the other
 * 69 do, to the three digits printed.
 */
static int is_misprinted(const char *method, const char *dataset) {
  return strcmp(dataset, "aircraft") == 0 &&
         (strcmp(method, "LEEP") == 0 || strcmp(method, "LogME") == 0 ||
          strcmp(method, "N-LEEP") == 0);
}

static void test_published_table_is_reproduced(const char *folder) {
  char *bytes = fixture_load(folder, "published_tau.txt", NULL);
  const char *text = bytes;
  char method[32];
  char dataset[32];
  double published = 0;
  size_t count = 0;
  int size = 0;
  int cells = 0;
  double difference = 0;
  while (sscanf(text, " cell %31s %31s %lf %zu%n", method, dataset, &published, &count, &size) ==
         4) {
    float truth[16];
    float score[16];
    double tau = 0;
    text += size;
    CHECK(count <= 16);
    read_floats(&text, "truth", truth, count);
    read_floats(&text, "score", score, count);
    CHECK_EQUAL(ms_weighted_tau(context, truth, score, count, &tau), MS_OK);
    cells++;
    difference += fabs(tau - published);
    if (is_misprinted(method, dataset)) {
      CHECK(fabs(tau - published) > 0.01);
    } else {
      CHECK_NEAR(tau, published, 0.00051);
    }
  }
  CHECK_EQUAL(cells, 72);
  CHECK(difference / cells <= 0.002);
  free(bytes);
}

static void test_lists_without_an_answer_are_described(void) {
  const float flat[3] = {1, 1, 1};
  const float rising[3] = {1, 2, 3};
  const float broken[3] = {1, NAN, 3};
  double value = 7;
  CHECK_EQUAL(ms_weighted_tau(context, flat, rising, 3, &value), MS_ERR_DATA);
  CHECK_TEXT(ms_context_message(context),
             "the true values of 3 models do not differ, no order to compare");
  CHECK_EQUAL(ms_kendall_tau_b(context, rising, flat, 3, &value), MS_ERR_DATA);
  CHECK_TEXT(ms_context_message(context),
             "the scores of 3 models do not differ, no order to compare");
  CHECK_EQUAL(ms_weighted_tau(context, rising, broken, 3, &value), MS_ERR_DATA);
  CHECK_TEXT(ms_context_message(context), "score 1 is nan");
  CHECK_EQUAL(ms_weighted_tau(context, rising, rising, 1, &value), MS_ERR_DATA);
  CHECK_EQUAL(ms_weighted_tau(context, rising, rising, 0, &value), MS_ERR_DATA);
  CHECK_EQUAL(ms_regret_at_1(context, rising, rising, 0, &value), MS_ERR_ARGUMENT);
  CHECK_EQUAL(ms_top_recall(context, rising, rising, 3, 0, &value), MS_ERR_ARGUMENT);
  CHECK_EQUAL(ms_top_recall(context, rising, rising, 3, 4, &value), MS_ERR_ARGUMENT);
  float joined[3];
  CHECK_EQUAL(ms_rank_copeland(context, rising, 0, 3, joined), MS_ERR_ARGUMENT);
  CHECK_EQUAL(ms_rank_mean_z(context, rising, 1, 0, joined), MS_ERR_ARGUMENT);
  CHECK_EQUAL(ms_rank_reciprocal(context, broken, 1, 3, joined), MS_ERR_DATA);
  CHECK_EQUAL(value, 7);
}

static void test_measures_ignore_how_models_are_listed(void) {
  const float truth[6] = {0.9f, 0.8f, 0.8f, 0.7f, 0.5f, 0.3f};
  const float score[6] = {0.1f, 0.4f, 0.3f, 0.4f, -2.0f, 0.4f};
  static const size_t order[6] = {3, 5, 0, 4, 2, 1};
  float moved_truth[6];
  float moved_score[6];
  for (size_t i = 0; i < 6; i++) {
    moved_truth[i] = truth[order[i]];
    moved_score[i] = score[order[i]];
  }
  double before = 0;
  double after = 0;
  CHECK_EQUAL(ms_weighted_tau(context, truth, score, 6, &before), MS_OK);
  CHECK_EQUAL(ms_weighted_tau(context, moved_truth, moved_score, 6, &after), MS_OK);
  CHECK_EQUAL(before, after);
  CHECK_EQUAL(ms_top_recall(context, truth, score, 6, 2, &before), MS_OK);
  CHECK_EQUAL(ms_top_recall(context, moved_truth, moved_score, 6, 2, &after), MS_OK);
  CHECK_NEAR(before, after, 1e-15);
}

int main(int argc, char **argv) {
  CHECK_EQUAL(argc, 2);
  CHECK_EQUAL(ms_context_create(NULL, &context), MS_OK);
  test_measures_agree_with_scipy(argv[1]);
  test_published_table_is_reproduced(argv[1]);
  test_lists_without_an_answer_are_described();
  test_measures_ignore_how_models_are_listed();
  ms_context_destroy(context);
  return CHECK_EXIT();
}
