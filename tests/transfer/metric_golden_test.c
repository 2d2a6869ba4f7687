/*
 * Every metric against its definition in double precision, on the recipes and expected values of
 * tests/data/metrics.txt, which make_fixtures.py writes with numpy and scipy.
 */
#include "recipe.h"

#include "check.h"
#include "fixture.h"
#include "transfer/metric.h"
#include "transfer/probe.h"
#include "transfer/ridge.h"

/* The sum of squares of all leave-one-out predictions: a number that no class boundary hides. */
static ms_status ridge_sum(ms_context *context, const recipe *f, double strength, double *value) {
  ms_metric_data data;
  double *predictions = NULL;
  MS_TRY(ms_metric_check(context, f->features, f->count, f->dimension, f->labels, f->class_count,
                         &data));
  MS_TRY(MS_SCRATCH(context, data.count * data.class_count, &predictions));
  MS_TRY(ms_ridge_leave_one_out(context, &data, strength, predictions));
  *value = ms_dot(predictions, predictions, data.count * data.class_count);
  return MS_OK;
}

/* The log loss of the first of five folds: rows numbered class by class, modulo 5. */
static ms_status probe_loss(ms_context *context, const recipe *f, double strength, double *value) {
  ms_metric_data data;
  ms_probe prepared;
  ms_probe_split split = {NULL, 0, NULL, 0};
  double accuracy = 0;
  MS_TRY(ms_metric_check(context, f->features, f->count, f->dimension, f->labels, f->class_count,
                         &data));
  MS_TRY(ms_probe_prepare(context, &data, &prepared));
  MS_TRY(MS_SCRATCH(context, f->count, &split.train));
  MS_TRY(MS_SCRATCH(context, f->count, &split.test));
  size_t number = 0;
  for (size_t c = 0; c < data.class_count; c++) {
    for (size_t i = 0; i < f->count; i++) {
      if (data.labels[i] == c && number++ % 5 == 0) {
        split.test[split.test_count++] = i;
      } else if (data.labels[i] == c) {
        split.train[split.train_count++] = i;
      }
    }
  }
  return ms_probe_test(context, &prepared, &split, strength, &accuracy, value);
}

#define FEATURES f->features, f->count, f->dimension
#define LABELLED FEATURES, f->labels, f->class_count
#define SOURCES f->probabilities, f->count, f->source_count, f->labels, f->class_count

/* Metrics that have a name in the fixture and no option. */
static ms_status compute_plain(ms_context *context, const recipe *f, const char *name,
                               double *value) {
  for (size_t i = 0; i < ms_metric_count(); i++) {
    if (strcmp(name, ms_metric_name(i)) == 0) {
      return ms_metric_compute(context, i, LABELLED, value);
    }
  }
  if (strcmp(name, "logme-targets") == 0) {
    return ms_metric_logme_targets(context, FEATURES, f->targets, 2, value);
  }
  if (strcmp(name, "nce") == 0) {
    return ms_metric_nce(context, SOURCES, value);
  }
  if (strcmp(name, "leep") == 0) {
    return ms_metric_leep(context, SOURCES, value);
  }
  if (strcmp(name, "sfda-small") == 0) {
    for (size_t i = 0; i < f->count * f->dimension; i++) {
      f->features[i] *= 0.125f;
    }
    ms_status status = ms_metric_sfda(context, LABELLED, value);
    for (size_t i = 0; i < f->count * f->dimension; i++) {
      f->features[i] *= 8;
    }
    return status;
  }
  return ms_fail(context, MS_ERR_INTERNAL, "no metric %s", name);
}

/* Metrics whose option follows their name. */
static ms_status compute(ms_context *context, const recipe *f, const char *name, double *value) {
  unsigned k = 0;
  double a = 0;
  double b = 0;
  if (sscanf(name, "knn-%u", &k) == 1) {
    return ms_metric_knn(context, LABELLED, k, value);
  }
  if (sscanf(name, "n-leep-%u", &k) == 1) {
    return ms_metric_n_leep(context, LABELLED, k, value);
  }
  if (sscanf(name, "gbc-%u", &k) == 1) {
    return ms_metric_gbc(context, LABELLED, k, value);
  }
  if (sscanf(name, "pactran-gaussian-%lf-%lf", &a, &b) == 2) {
    return ms_metric_pactran_gaussian(context, LABELLED, a, b, value);
  }
  if (sscanf(name, "pactran-dirichlet-%lf", &a) == 1) {
    return ms_metric_pactran_dirichlet(context, SOURCES, a, value);
  }
  if (sscanf(name, "pactran-gamma-%lf", &a) == 1) {
    return ms_metric_pactran_gamma(context, SOURCES, a, value);
  }
  if (sscanf(name, "transrate-%lf", &a) == 1) {
    return ms_metric_transrate(context, LABELLED, a, value);
  }
  if (sscanf(name, "otce-%lf", &a) == 1) {
    return ms_metric_otce(context, LABELLED, f->source_features, f->source_rows, f->source_labels,
                          f->source_count, a, value);
  }
  if (sscanf(name, "ridge-sum-%lf", &a) == 1) {
    return ridge_sum(context, f, a, value);
  }
  if (sscanf(name, "ridge-%lf", &a) == 1) {
    return ms_metric_ridge(context, LABELLED, a, value);
  }
  if (sscanf(name, "probe-loss-%lf", &a) == 1) {
    return probe_loss(context, f, a, value);
  }
  if (sscanf(name, "probe-%lf", &a) == 1) {
    return ms_metric_probe(context, LABELLED, a, value);
  }
  return compute_plain(context, f, name, value);
}

/*
 * Relative, and absolute near zero where an error of 1e-6 decides no ranking. The probe stops 1e-7
 * nats a row before the optimum, and the loss of other rows feels the root of that.
 */
static double tolerance(const char *name, double expected) {
  double relative = strncmp(name, "probe-loss", 10) == 0 ? 2e-3 : 1e-4;
  return relative * fmax(fabs(expected), 0.01);
}

static void check_line(ms_context *context, const recipe *f, const char *line) {
  char name[RECIPE_NAME];
  double expected = 0;
  double value = NAN;
  CHECK_EQUAL(sscanf(line, "%47s %lf", name, &expected), 2);
  ms_arena_mark mark = ms_arena_get_mark(context);
  ms_status status = compute(context, f, name, &value);
  ms_arena_drop(context, mark);
  int passed = status == MS_OK && fabs(value - expected) <= tolerance(name, expected);
  CHECK(passed);
  if (!passed) {
    fprintf(stderr, "  %s of %s is %.9g, expected %.9g: %s\n", name, f->name, value, expected,
            ms_context_message(context));
  }
}

/* Sharing changes rounding, and rounding what a fit stops at; it decides no row of these cases. */
static void check_several(ms_context *context, const recipe *f) {
  enum { MOST = 32 };
  size_t indices[MOST];
  double values[MOST];
  size_t count = ms_metric_count();
  CHECK(count <= MOST);
  for (size_t i = 0; i < count; i++) {
    indices[i] = count - 1 - i;
  }
  CHECK_EQUAL(ms_metric_compute_several(context, indices, count, LABELLED, values), MS_OK);
  for (size_t i = 0; i < count; i++) {
    double alone = NAN;
    CHECK_EQUAL(ms_metric_compute(context, indices[i], LABELLED, &alone), MS_OK);
    int passed = fabs(values[i] - alone) <= 1e-6 * fmax(fabs(alone), 1);
    CHECK(passed);
    if (!passed) {
      fprintf(stderr, "  %s of %s is %.9g among several, %.9g alone\n", ms_metric_name(indices[i]),
              f->name, values[i], alone);
    }
  }
  indices[0] = count;
  CHECK_EQUAL(ms_metric_compute_several(context, indices, count, LABELLED, values),
              MS_ERR_ARGUMENT);
}

/* One row a class: nothing varies within a class, which SFDA alone asks for. */
static void test_several_leave_out_what_has_no_value(ms_context *context) {
  const float features[] = {0, 1, 2, 1, 1, 3};
  const uint32_t labels[] = {0, 1, 2};
  const uint32_t same[] = {1, 1, 1};
  size_t indices[2] = {0, 0};
  double values[2] = {NAN, 7};
  for (size_t i = 0; i < ms_metric_count(); i++) {
    indices[1] = strcmp(ms_metric_name(i), "sfda") == 0 ? i : indices[1];
  }
  CHECK_EQUAL(ms_metric_compute_several(context, indices, 2, features, 3, 2, labels, 3, values),
              MS_OK);
  CHECK(isfinite(values[0]));
  CHECK(isnan(values[1]));
  CHECK_EQUAL(ms_metric_compute_several(context, indices, 2, features, 3, 2, same, 3, values),
              MS_ERR_DATA);
}

int main(int argument_count, char **arguments) {
  char *text = fixture_load(argument_count > 1 ? arguments[1] : MS_TEST_DATA, "metrics.txt", NULL);
  recipe f = {.name = ""};
  size_t lines = 0;
  ms_context *context = NULL;
  CHECK_EQUAL(ms_context_create(NULL, &context), MS_OK);
  for (char *line = strtok(text, "\n"); line != NULL; line = strtok(NULL, "\n")) {
    recipe next;
    if (recipe_make(line, &next)) {
      recipe_free(&f);
      f = next;
      check_several(context, &f);
    } else if (line[0] != '#') {
      check_line(context, &f, line);
      lines++;
    }
  }
  CHECK(lines > 50);
  test_several_leave_out_what_has_no_value(context);
  recipe_free(&f);
  free(text);
  ms_context_destroy(context);
  return CHECK_EXIT();
}
