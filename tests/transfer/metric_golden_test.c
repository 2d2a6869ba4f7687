/*
 * Every metric against its definition in double precision, on the recipes and expected values of
 * tests/data/metrics.txt, which make_fixtures.py writes with numpy and scipy.
 */
#include "fixture.h"

#include "check.h"
#include "transfer/metric.h"
#include "transfer/ridge.h"

/* The sum of squares of all leave-one-out predictions: a number that no class boundary hides. */
static ms_status ridge_sum(ms_context *context, const fixture *f, double strength, double *value) {
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

static ms_status compute(ms_context *context, const fixture *f, const char *name, double *value) {
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

static void check_line(ms_context *context, const fixture *f, const char *line) {
  char name[FIXTURE_NAME];
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
  char path[512];
  char line[256];
  fixture f = {.name = ""};
  size_t lines = 0;
  ms_context *context = NULL;
  snprintf(path, sizeof path, "%s/metrics.txt", argument_count > 1 ? arguments[1] : MS_TEST_DATA);
  FILE *file = fopen(path, "r");
  CHECK(file != NULL);
  CHECK_EQUAL(ms_context_create(NULL, &context), MS_OK);
  while (file != NULL && fgets(line, sizeof line, file) != NULL) {
    fixture next;
    if (line[0] == '#') {
      continue;
    }
    if (fixture_make(line, &next)) {
      fixture_free(&f);
      f = next;
    } else {
      check_line(context, &f, line);
      lines++;
    }
  }
  CHECK(lines > 50);
  fixture_free(&f);
  if (file != NULL) {
    fclose(file);
  }
  ms_context_destroy(context);
  return CHECK_EXIT();
}
