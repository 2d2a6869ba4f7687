/*
 * What theory says of the metrics whatever the features: what leaves them as they are, between
 * which numbers they lie, and what becomes of degenerate input. Inputs are those of recipe.h.
 */
#include "recipe.h"

#include "allocator.h"
#include "check.h"
#include "core/random.h"
#include "modelspider/modelspider.h"

enum { SEED = 31, MOST_CLASSES = 8 };

/* What leaves a metric unchanged, as the header says. */
enum {
  NAMES = 1,     /* other names of the classes */
  ORDER = 2,     /* another order of the rows */
  ROTATION = 4,  /* an orthogonal map of the features */
  SHIFT = 8,     /* another origin */
  SCALE = 16,    /* all features times a number */
  COLUMNS = 32,  /* every feature times a number of its own */
  TWICE = 64,    /* every row twice */
  CONSTANT = 128 /* one more feature, which is constant */
};

typedef struct rule {
  const char *name;
  unsigned unchanged;
  double low;
  double high;
} rule;

/* The probe's folds are dealt class by class in the order of the rows. */
static const rule rules[] = {
    {"logme", NAMES | ORDER | ROTATION | SCALE, -INFINITY, INFINITY},
    {"h-score", NAMES | ORDER | ROTATION | SHIFT | SCALE | COLUMNS | TWICE | CONSTANT, 0,
     MOST_CLASSES - 1},
    {"regularised-h-score", NAMES | ORDER | ROTATION | SHIFT | SCALE, 0, MOST_CLASSES - 1},
    {"n-leep", NAMES | ORDER | ROTATION | SHIFT | SCALE | CONSTANT, -INFINITY, 0},
    {"gbc", NAMES | ORDER | ROTATION | SHIFT | SCALE | TWICE | CONSTANT,
     -MOST_CLASSES *(MOST_CLASSES - 1), 0},
    {"lfc", NAMES | ORDER | ROTATION | SHIFT | SCALE | TWICE | CONSTANT, 0, 1},
    {"pactran-gaussian", NAMES | ORDER | ROTATION | SHIFT, -INFINITY, 0},
    {"transrate", NAMES | ORDER | ROTATION | SHIFT | TWICE | CONSTANT, 0, INFINITY},
    {"sfda", NAMES | ORDER | ROTATION | SHIFT | TWICE, 0, 1},
    {"parc", NAMES | ORDER | SHIFT | SCALE | COLUMNS | CONSTANT, -1, 1},
    {"knn", NAMES | ORDER | ROTATION | SHIFT | SCALE | CONSTANT, 0, 1},
    {"ridge", NAMES | ORDER | SHIFT | SCALE | COLUMNS | CONSTANT, 0, 1},
    {"probe", SHIFT | SCALE | COLUMNS | CONSTANT, 0, 1},
};

/* More rows than features, more features than rows, many small and uneven classes. */
static const char *const cases[] = {
    "case tall 90 12 4 41 0.5 1 0.5 1 5",
    "case wide 40 60 5 42 0.5 0.98 0.3 0 5",
    "case uneven 64 20 8 43 0.7 0.95 1 1 5",
};

/* Labelled features that a test may change. */
typedef struct sample {
  size_t count;
  size_t dimension;
  size_t class_count;
  float *features; /* [count][dimension], with room for twice as many rows and one more column */
  uint32_t *labels;
} sample;

static sample make_sample(const char *line) {
  recipe r;
  CHECK(recipe_make(line, &r));
  sample s = {r.count, r.dimension, r.class_count, NULL, NULL};
  s.features = malloc(2 * r.count * (r.dimension + 1) * sizeof *s.features);
  s.labels = malloc(2 * r.count * sizeof *s.labels);
  if (s.features == NULL || s.labels == NULL) {
    abort();
  }
  memcpy(s.features, r.features, r.count * r.dimension * sizeof *s.features);
  memcpy(s.labels, r.labels, r.count * sizeof *s.labels);
  recipe_free(&r);
  return s;
}

static void free_sample(sample *s) {
  free(s->features);
  free(s->labels);
}

static size_t index_of(const char *name) {
  size_t i = 0;
  while (i < ms_metric_count() && strcmp(ms_metric_name(i), name) != 0) {
    i++;
  }
  return i;
}

static double compute(ms_context *context, const char *name, const sample *s) {
  double value = NAN;
  ms_status status = ms_metric_compute(context, index_of(name), s->features, s->count, s->dimension,
                                       s->labels, s->class_count, &value);
  CHECK_EQUAL(status, MS_OK);
  if (status != MS_OK) {
    fprintf(stderr, "  %s: %s\n", name, ms_context_message(context));
  }
  return value;
}

/* Classes get other numbers, some of which no row has. */
static void rename_classes(sample *s) {
  for (size_t i = 0; i < s->count; i++) {
    s->labels[i] = (uint32_t)(2 * (s->class_count - 1 - s->labels[i]) + 1);
  }
  s->class_count = 2 * s->class_count + 3;
}

static void reorder_rows(sample *s) {
  ms_random random = ms_random_make(SEED, 1);
  for (size_t i = s->count; i > 1; i--) {
    size_t other = ms_random_below(&random, i);
    uint32_t label = s->labels[i - 1];
    s->labels[i - 1] = s->labels[other];
    s->labels[other] = label;
    for (size_t j = 0; j < s->dimension; j++) {
      float kept = s->features[(i - 1) * s->dimension + j];
      s->features[(i - 1) * s->dimension + j] = s->features[other * s->dimension + j];
      s->features[other * s->dimension + j] = kept;
    }
  }
}

/* Two reflections along random directions, each of which mixes all features. */
static void rotate(sample *s) {
  ms_random random = ms_random_make(SEED, 2);
  double direction[64];
  for (size_t turn = 0; turn < 2; turn++) {
    double square = 0;
    for (size_t j = 0; j < s->dimension; j++) {
      direction[j] = ms_random_normal(&random);
      square += direction[j] * direction[j];
    }
    for (size_t i = 0; i < s->count; i++) {
      float *row = s->features + i * s->dimension;
      double along = 0;
      for (size_t j = 0; j < s->dimension; j++) {
        along += direction[j] * (double)row[j];
      }
      for (size_t j = 0; j < s->dimension; j++) {
        row[j] = (float)((double)row[j] - 2 * along / square * direction[j]);
      }
    }
  }
}

/* features = features scale^(j mod modulus) + shift (j + 1); powers of two are exact */
static void map_columns(sample *s, float scale, size_t modulus, float shift) {
  for (size_t i = 0; i < s->count; i++) {
    float factor = scale;
    for (size_t j = 0; j < s->dimension; j++) {
      float *value = &s->features[i * s->dimension + j];
      *value = *value * factor + shift * (float)(j + 1);
      factor = (j + 1) % modulus == 0 ? scale : factor * scale;
    }
  }
}

static void repeat_rows(sample *s) {
  memcpy(s->features + s->count * s->dimension, s->features,
         s->count * s->dimension * sizeof *s->features);
  memcpy(s->labels + s->count, s->labels, s->count * sizeof *s->labels);
  s->count *= 2;
}

static void add_constant(sample *s) {
  size_t width = s->dimension;
  for (size_t i = s->count; i-- > 0;) {
    s->features[i * (width + 1) + width] = 7.25f;
    memmove(s->features + i * (width + 1), s->features + i * width, width * sizeof *s->features);
  }
  s->dimension++;
}

static void change(sample *s, unsigned what) {
  switch (what) {
  case NAMES:
    rename_classes(s);
    break;
  case ORDER:
    reorder_rows(s);
    break;
  case ROTATION:
    rotate(s);
    break;
  case SHIFT:
    map_columns(s, 1, 1, 0.125f);
    break;
  case SCALE:
    map_columns(s, 4, 1, 0);
    break;
  case COLUMNS:
    map_columns(s, 2, 3, 0);
    break;
  case TWICE:
    repeat_rows(s);
    break;
  default:
    add_constant(s);
    break;
  }
}

/*
 * Rotations and shifts round the features to float again, 6e-8 of them, which ill-conditioned sums
 * magnify; no row of these cases is near a tie.
 */
static void test_what_leaves_a_metric_unchanged(ms_context *context) {
  for (size_t r = 0; r < sizeof rules / sizeof *rules; r++) {
    for (size_t c = 0; c < sizeof cases / sizeof *cases; c++) {
      sample original = make_sample(cases[c]);
      double expected = compute(context, rules[r].name, &original);
      CHECK(expected >= rules[r].low && expected <= rules[r].high);
      for (unsigned what = NAMES; what <= CONSTANT; what *= 2) {
        sample changed = make_sample(cases[c]);
        change(&changed, what);
        double value = compute(context, rules[r].name, &changed);
        int same = fabs(value - expected) <= 1e-4 * fmax(fabs(expected), 0.01);
        if ((rules[r].unchanged & what) != 0) {
          CHECK(same);
          if (!same) {
            fprintf(stderr, "  %s, change %u of \"%s\": %.9g becomes %.9g\n", rules[r].name, what,
                    cases[c], expected, value);
          }
        }
        free_sample(&changed);
      }
      free_sample(&original);
    }
  }
}

/* Both are means over rows, at most 0. */
static void test_nce_and_leep_are_means_over_rows(ms_context *context) {
  for (size_t c = 0; c < sizeof cases / sizeof *cases; c++) {
    recipe r;
    CHECK(recipe_make(cases[c], &r));
    sample s = make_sample(cases[c]);
    CHECK(r.source_count <= s.dimension);
    memcpy(s.features, r.probabilities, r.count * r.source_count * sizeof *s.features);
    s.dimension = r.source_count;
    double once[2] = {NAN, NAN};
    double twice[2] = {NAN, NAN};
    for (size_t k = 0; k < 2; k++) {
      double *values = k == 0 ? once : twice;
      CHECK_EQUAL(ms_metric_nce(context, s.features, s.count, s.dimension, s.labels, s.class_count,
                                &values[0]),
                  MS_OK);
      CHECK_EQUAL(ms_metric_leep(context, s.features, s.count, s.dimension, s.labels, s.class_count,
                                 &values[1]),
                  MS_OK);
      if (k == 0) {
        repeat_rows(&s);
      }
    }
    for (size_t k = 0; k < 2; k++) {
      CHECK_NEAR(twice[k], once[k], 1e-12);
      CHECK(once[k] <= 0);
    }
    free_sample(&s);
    recipe_free(&r);
  }
}

/* Source classes that are the labels themselves leave nothing to guess. */
static void test_source_classes_that_are_the_labels(ms_context *context) {
  const float probabilities[] = {0, 1, 0, 1, 0, 0, 0, 0, 1, 0, 1, 0};
  const uint32_t labels[] = {2, 0, 1, 2};
  const uint32_t mixed[] = {0, 0, 1, 2};
  double value = NAN;
  CHECK_EQUAL(ms_metric_nce(context, probabilities, 4, 3, labels, 3, &value), MS_OK);
  CHECK_NEAR(value, 0, 1e-12);
  CHECK_EQUAL(ms_metric_leep(context, probabilities, 4, 3, labels, 3, &value), MS_OK);
  CHECK_NEAR(value, 0, 1e-12);
  /* Two of four rows share a source class and not a label: half of log 2. */
  CHECK_EQUAL(ms_metric_nce(context, probabilities, 4, 3, mixed, 3, &value), MS_OK);
  CHECK_NEAR(value, -0.5 * log(2), 1e-12);
}

/* The source itself, a copy of the task: rows are coupled with rows of their own class. */
static void test_otce_of_the_task_with_itself(ms_context *context) {
  enum { COUNT = 12, WIDTH = 2 };
  float features[COUNT * WIDTH];
  uint32_t labels[COUNT];
  ms_random random = ms_random_make(SEED, 3);
  for (size_t i = 0; i < COUNT; i++) {
    labels[i] = (uint32_t)(i % 3);
    for (size_t j = 0; j < WIDTH; j++) {
      features[i * WIDTH + j] =
          (float)(20 * (double)(j == 0 ? labels[i] : 0) + ms_random_uniform(&random));
    }
  }
  double value = NAN;
  CHECK_EQUAL(ms_metric_otce(context, features, COUNT, WIDTH, labels, 3, features, COUNT, labels, 3,
                             0.02, &value),
              MS_OK);
  CHECK_NEAR(value, 0, 1e-6);
}

static double logme_targets(ms_context *context, const sample *s, const float *targets,
                            size_t target_count) {
  double value = NAN;
  CHECK_EQUAL(ms_metric_logme_targets(context, s->features, s->count, s->dimension, targets,
                                      target_count, &value),
              MS_OK);
  return value;
}

/* By definition the mean over targets: one-hot columns are classes, two labels a row are two. */
static void test_logme_of_several_labels_a_row(ms_context *context) {
  sample s = make_sample(cases[0]);
  float *hot = calloc(s.count * s.class_count, sizeof *hot);
  float *both = calloc(s.count * 2, sizeof *both);
  float *one = calloc(s.count, sizeof *one);
  double alone[2] = {NAN, NAN};
  double value = 7;
  for (size_t i = 0; i < s.count && hot != NULL && both != NULL; i++) {
    hot[i * s.class_count + s.labels[i]] = 1;
    both[2 * i] = s.labels[i] < 2;
    both[2 * i + 1] = i % 3 == 0 || s.labels[i] == 1;
  }
  CHECK_NEAR(logme_targets(context, &s, hot, s.class_count), compute(context, "logme", &s), 1e-12);
  for (size_t t = 0; t < 2; t++) {
    for (size_t i = 0; i < s.count && one != NULL; i++) {
      one[i] = both[2 * i + t];
    }
    alone[t] = logme_targets(context, &s, one, 1);
  }
  CHECK_NEAR(logme_targets(context, &s, both, 2), (alone[0] + alone[1]) / 2, 1e-12);
  one[5] = NAN;
  CHECK_EQUAL(ms_metric_logme_targets(context, s.features, s.count, s.dimension, one, 1, &value),
              MS_ERR_DATA);
  CHECK_EQUAL(ms_metric_logme_targets(context, s.features, s.count, s.dimension, one, 0, &value),
              MS_ERR_ARGUMENT);
  CHECK_EQUAL(value, 7);
  free(hot);
  free(both);
  free(one);
  free_sample(&s);
}

/* What constant features give by definition; NAN where the metric says that it has no value. */
static void test_constant_features(ms_context *context) {
  enum { COUNT = 9, WIDTH = 3 };
  float features[COUNT * WIDTH];
  const uint32_t labels[COUNT] = {0, 0, 0, 0, 0, 1, 1, 2, 2};
  const double entropy = -(5.0 / 9 * log(5.0 / 9) + 4.0 / 9 * log(2.0 / 9));
  const struct {
    const char *name;
    double value;
  } expected[] = {{"h-score", 0},       {"regularised-h-score", 0},
                  {"n-leep", -entropy}, {"gbc", -6},
                  {"lfc", 0},           {"pactran-gaussian", -entropy},
                  {"transrate", 0},     {"sfda", NAN},
                  {"parc", 0},          {"ridge", 5.0 / 9}};
  for (size_t i = 0; i < COUNT * WIDTH; i++) {
    features[i] = 2.5f;
  }
  for (size_t e = 0; e < sizeof expected / sizeof *expected; e++) {
    double value = NAN;
    ms_status status = ms_metric_compute(context, index_of(expected[e].name), features, COUNT,
                                         WIDTH, labels, 3, &value);
    CHECK_EQUAL(status, isnan(expected[e].value) ? MS_ERR_DATA : MS_OK);
    int right = isnan(expected[e].value) || fabs(value - expected[e].value) <= 1e-6;
    CHECK(right);
    if (!right) {
      fprintf(stderr, "  %s is %.9g, expected %.9g\n", expected[e].name, value, expected[e].value);
    }
  }
}

/*
 * Two rows of a class each code as well apart as together: TransRate is 0 for every distortion. One
 * so small that rounding hides the identity matrix is refused, not answered by noise.
 */
static void test_transrate_refuses_what_rounding_hides(ms_context *context) {
  const float features[4] = {1000000.25f, 1000001, 999998, 1000003};
  const uint32_t labels[2] = {0, 1};
  ms_status status = MS_OK;
  for (double distortion = 1; distortion > 1e-30; distortion /= 2) {
    double value = 7;
    status = ms_metric_transrate(context, features, 2, 2, labels, 2, distortion, &value);
    if (status == MS_OK) {
      CHECK(value >= 0 && value < 0.05);
    } else {
      CHECK_EQUAL(status, MS_ERR_DATA);
      CHECK(distortion < 1e-13);
    }
  }
  CHECK_EQUAL(status, MS_ERR_DATA);
  CHECK(strstr(ms_context_message(context), "too small for these features") != NULL);
}

/* Leaving a row out leaves its class without one: neither neighbours nor heads can be right. */
static void test_one_row_a_class(ms_context *context) {
  enum { COUNT = 6, WIDTH = 4 };
  float features[COUNT * WIDTH];
  uint32_t labels[COUNT];
  ms_random random = ms_random_make(SEED, 4);
  for (size_t i = 0; i < COUNT; i++) {
    labels[i] = (uint32_t)i;
    for (size_t j = 0; j < WIDTH; j++) {
      features[i * WIDTH + j] = (float)ms_random_normal(&random);
    }
  }
  for (size_t m = 0; m < ms_metric_count(); m++) {
    const char *name = ms_metric_name(m);
    double value = 7;
    ms_status status = ms_metric_compute(context, m, features, COUNT, WIDTH, labels, COUNT, &value);
    if (strcmp(name, "sfda") == 0) {
      CHECK_EQUAL(status, MS_ERR_DATA);
      CHECK_EQUAL(value, 7);
      continue;
    }
    CHECK_EQUAL(status, MS_OK);
    CHECK(isfinite(value));
    if (strcmp(name, "knn") == 0 || strcmp(name, "ridge") == 0 || strcmp(name, "probe") == 0 ||
        strcmp(name, "parc") == 0) {
      CHECK_EQUAL(value, 0);
    }
  }
}

static void check_refused(ms_context *context, const sample *s, ms_status wanted, const char *why) {
  for (size_t m = 0; m < ms_metric_count(); m++) {
    double value = 7;
    ms_status status = ms_metric_compute(context, m, s->features, s->count, s->dimension, s->labels,
                                         s->class_count, &value);
    CHECK_EQUAL(status, wanted);
    CHECK_EQUAL(value, 7);
    CHECK(strstr(ms_context_message(context), why) != NULL);
    if (strstr(ms_context_message(context), why) == NULL) {
      fprintf(stderr, "  %s says: %s\n", ms_metric_name(m), ms_context_message(context));
    }
  }
}

static void test_bad_input_is_refused_with_a_sentence(ms_context *context) {
  sample s = make_sample(cases[0]);
  const float kept = s.features[29];
  const float bad[] = {NAN, INFINITY, -INFINITY};
  for (size_t i = 0; i < 3; i++) {
    s.features[29] = bad[i];
    check_refused(context, &s, MS_ERR_DATA, "feature 5 of row 2 is ");
  }
  s.features[29] = kept;
  s.labels[3] = (uint32_t)s.class_count;
  check_refused(context, &s, MS_ERR_ARGUMENT, "label 4 of row 3, with 4 classes");
  memset(s.labels, 0, s.count * sizeof *s.labels);
  check_refused(context, &s, MS_ERR_DATA, "one class");
  size_t count = s.count;
  s.count = 1;
  check_refused(context, &s, MS_ERR_DATA, "one class");
  s.count = 0;
  check_refused(context, &s, MS_ERR_ARGUMENT, "features of shape [0][12]");
  s.count = count;
  s.dimension = 0;
  check_refused(context, &s, MS_ERR_ARGUMENT, "features of shape [90][0]");
  free_sample(&s);
}

/* Features at either end of what a float holds give a number or a sentence, never a crash. */
static void test_extreme_features_are_survived(ms_context *context) {
  const float scales[] = {1e-44f, 1e-38f, 1e-20f, 1e20f, 3e37f};
  for (size_t i = 0; i < sizeof scales / sizeof *scales; i++) {
    for (size_t m = 0; m < ms_metric_count(); m++) {
      sample s = make_sample(cases[1]);
      double value = 7;
      map_columns(&s, scales[i], 1, 0);
      ms_status status = ms_metric_compute(context, m, s.features, s.count, s.dimension, s.labels,
                                           s.class_count, &value);
      CHECK(status == MS_OK ? isfinite(value) : status == MS_ERR_DATA && value == 7);
      free_sample(&s);
    }
  }
}

/* The scratch memory comes in few pieces; each of them may not be there. */
static void test_lack_of_memory_leaves_the_values_alone(void) {
  enum { MOST = 32 };
  size_t indices[MOST];
  double values[MOST];
  int failures = 0;
  for (size_t i = 0; i < ms_metric_count(); i++) {
    indices[i] = i;
  }
  for (int fail_at = 1; fail_at < 100; fail_at++) {
    counting_allocator counter = {0, 0, fail_at};
    ms_allocator allocator = counting_allocator_of(&counter);
    ms_context *context = NULL;
    sample s = make_sample(cases[1]);
    values[0] = 7;
    CHECK_EQUAL(ms_context_create(&allocator, &context), MS_OK);
    ms_status status =
        ms_metric_compute_several(context, indices, ms_metric_count(), s.features, s.count,
                                  s.dimension, s.labels, s.class_count, values);
    CHECK(status == MS_OK || (status == MS_ERR_MEMORY && values[0] == 7));
    failures += status != MS_OK;
    free_sample(&s);
    ms_context_destroy(context);
    CHECK_EQUAL(counter.live, 0);
    if (status == MS_OK) {
      break;
    }
  }
  CHECK(failures > 0 && failures < 90);
}

int main(void) {
  ms_context *context = NULL;
  printf("seed %d\n", SEED);
  CHECK_EQUAL(ms_context_create(NULL, &context), MS_OK);
  CHECK_EQUAL(sizeof rules / sizeof *rules, ms_metric_count());
  test_what_leaves_a_metric_unchanged(context);
  test_nce_and_leep_are_means_over_rows(context);
  test_source_classes_that_are_the_labels(context);
  test_otce_of_the_task_with_itself(context);
  test_logme_of_several_labels_a_row(context);
  test_constant_features(context);
  test_transrate_refuses_what_rounding_hides(context);
  test_one_row_a_class(context);
  test_bad_input_is_refused_with_a_sentence(context);
  test_extreme_features_are_survived(context);
  test_lack_of_memory_leaves_the_values_alone();
  ms_context_destroy(context);
  return CHECK_EXIT();
}
