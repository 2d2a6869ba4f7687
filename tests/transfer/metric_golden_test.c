/*
 * Every metric against its definition in double precision, on the recipes and expected values of
 * tests/data/metrics.txt, which make_fixtures.py writes with numpy and scipy.
 */
#include "recipe.h"

#include "check.h"
#include "fixture.h"
#include "transfer/metric.h"
#include "transfer/ridge.h"

/* The sum of squares of all leave-one-out predictions: a number that no class boundary hides. */
static ms_status ridge_sum(ms_context *context, const recipe *f, double strength, double *value) {
  ms_metric_data data;
  double *predictions = NULL;
  MS_TRY(ms_metric_check(context, f->features, f->count, f->dimension, f->labels, f->class_count,
                         &data));
  MS_TRY(MS_SCRATCH(context, data.count * data.class_count, &predictions));
  MS_TRY(ms_ridge_leave_one_out(context, &data, &strength, 1, predictions));
  *value = ms_dot(predictions, predictions, data.count * data.class_count);
  return MS_OK;
}

#define FEATURES f->features, f->count, f->dimension
#define LABELLED FEATURES, f->labels, f->class_count

static ms_status compute(ms_context *context, const recipe *f, const char *name, double *value) {
  unsigned k = 0;
  double strength = 0;
  if (strcmp(name, "logme") == 0) {
    return ms_metric_logme(context, LABELLED, value);
  }
  if (strcmp(name, "logme-targets") == 0) {
    return ms_metric_logme_targets(context, FEATURES, f->targets, 2, value);
  }
  if (sscanf(name, "knn-%u", &k) == 1) {
    return ms_metric_knn(context, LABELLED, k, value);
  }
  if (sscanf(name, "ridge-sum-%lf", &strength) == 1) {
    return ridge_sum(context, f, strength, value);
  }
  if (sscanf(name, "ridge-%lf", &strength) == 1) {
    return ms_metric_ridge(context, LABELLED, strength, value);
  }
  return ms_fail(context, MS_ERR_INTERNAL, "no metric %s", name);
}

/* Relative, and absolute near zero where an error of 1e-6 decides no ranking. */
static double tolerance(double expected) {
  return 1e-4 * fmax(fabs(expected), 0.01);
}

static void check_line(ms_context *context, const recipe *f, const char *line) {
  char name[RECIPE_NAME];
  double expected = 0;
  double value = NAN;
  CHECK_EQUAL(sscanf(line, "%47s %lf", name, &expected), 2);
  ms_arena_mark mark = ms_arena_get_mark(context);
  ms_status status = compute(context, f, name, &value);
  ms_arena_drop(context, mark);
  int passed = status == MS_OK && fabs(value - expected) <= tolerance(expected);
  CHECK(passed);
  if (!passed) {
    fprintf(stderr, "  %s of %s is %.9g, expected %.9g: %s\n", name, f->name, value, expected,
            ms_context_message(context));
  }
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
    } else if (line[0] != '#') {
      check_line(context, &f, line);
      lines++;
    }
  }
  CHECK(lines > 50);
  recipe_free(&f);
  free(text);
  ms_context_destroy(context);
  return CHECK_EXIT();
}
