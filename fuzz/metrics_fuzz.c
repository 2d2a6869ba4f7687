/*
 * Any labelled features give every metric a finite value, in the range that its header names, or a
 * sentence. The first bytes choose metrics, shape, options and how the others are read: one row
 * after another, its label and then its features.
 */
#include "fuzz.h"

#include <math.h>
#include <string.h>

enum {
  HEADER_SIZE = 7,
  MAX_ROWS = 48,
  MAX_WIDTH = 24,
  MAX_REPEATS = 4,
  MAX_METRICS = 32,
  MAX_COUPLED = 12
};

/* How bytes become features. */
enum { WHOLE_NUMBERS, FLOAT_BITS, MAGNITUDES, FAR_FROM_ZERO, READINGS };

typedef struct fuzz_input {
  size_t count;
  size_t dimension;
  size_t class_count;
  size_t whole_option; /* neighbours, coordinates, components, splits */
  double real_option;  /* a strength, prior, penalty … */
  float *features;     /* [count][dimension] */
  float *chances;      /* [count][dimension], each row sums to 1 where that is possible */
  uint32_t *labels;    /* [count] */
} fuzz_input;

static const double real_options[] = {1,    0.1, 1e-4,  1e-12, 1e-300,    1e-3, 10,
                                      1e12, 0,   1e300, -1,    -INFINITY, NAN,  INFINITY};

static size_t value_size(unsigned reading) {
  return reading == FLOAT_BITS ? sizeof(float) : 1;
}

static float read_feature(const uint8_t *bytes, unsigned reading) {
  static const float scales[16] = {1e-45f, 1e-38f, 1e-30f, 1e-20f, 1e-10f, 1e-5f, 0.01f, 0.1f,
                                   1,      10,     100,    1e5f,   1e10f,  1e20f, 1e30f, 1e38f};
  float value;
  switch (reading) {
  case FLOAT_BITS:
    memcpy(&value, bytes, sizeof value);
    return value;
  case MAGNITUDES:
    return (float)((bytes[0] & 15) - 8) * scales[bytes[0] >> 4];
  case FAR_FROM_ZERO:
    return 1e6f + (float)bytes[0] / 16;
  default:
    return (float)bytes[0] - 128;
  }
}

/* Probabilities of source classes, where the features allow any. */
static void make_chances(fuzz_input *input) {
  for (size_t i = 0; i < input->count; i++) {
    const float *row = input->features + i * input->dimension;
    float *chances = input->chances + i * input->dimension;
    double sum = 0;
    for (size_t j = 0; j < input->dimension; j++) {
      sum += fabs((double)row[j]);
    }
    for (size_t j = 0; j < input->dimension; j++) {
      chances[j] = sum > 0 && isfinite(sum) ? (float)(fabs((double)row[j]) / sum) : row[j];
    }
  }
}

/* No array has room behind its end, so that the sanitizer sees each step beyond. */
static fuzz_input read_input(const uint8_t *bytes, size_t size) {
  unsigned reading = bytes[1] % READINGS;
  size_t width = bytes[2] % (MAX_WIDTH + 1);
  size_t repeats = 1 + bytes[3] % MAX_REPEATS;
  size_t row_size = 1 + width * value_size(reading);
  fuzz_input input = {.count = (size - HEADER_SIZE) / row_size,
                      .dimension = width * repeats,
                      .class_count = bytes[4] % 8u,
                      .whole_option = bytes[5],
                      .real_option =
                          real_options[bytes[6] % (sizeof real_options / sizeof *real_options)]};
  input.count = input.count < MAX_ROWS ? input.count : MAX_ROWS;
  input.features = malloc(input.count * input.dimension * sizeof *input.features);
  input.chances = malloc(input.count * input.dimension * sizeof *input.chances);
  input.labels = malloc(input.count * sizeof *input.labels);
  for (size_t i = 0; i < input.count; i++) {
    const uint8_t *row = bytes + HEADER_SIZE + i * row_size;
    /* 255 is a label out of range. */
    input.labels[i] = row[0] == 255 || input.class_count == 0 ? (uint32_t)input.class_count
                                                              : row[0] % input.class_count;
    for (size_t j = 0; j < input.dimension; j++) {
      input.features[i * input.dimension + j] =
          read_feature(row + 1 + j % width * value_size(reading), reading);
    }
  }
  make_chances(&input);
  return input;
}

static void free_input(fuzz_input *input) {
  free(input->features);
  free(input->chances);
  free(input->labels);
}

static void expect_refusal(ms_context *context, ms_status status) {
  fuzz_expect(status == MS_ERR_ARGUMENT || status == MS_ERR_DATA);
  fuzz_expect(ms_context_message(context)[0] != '\0');
}

/* value was NaN before the call. */
static void expect_value(ms_context *context, ms_status status, double value, double low,
                         double high) {
  const double rounding = 1e-6;
  if (status == MS_OK) {
    fuzz_expect(isfinite(value) && value >= low - rounding && value <= high + rounding);
  } else {
    fuzz_expect(isnan(value));
    expect_refusal(context, status);
  }
}

typedef ms_status plain_metric(ms_context *context, const float *features, size_t count,
                               size_t dimension, const uint32_t *labels, size_t class_count,
                               double *value);
typedef ms_status whole_metric(ms_context *context, const float *features, size_t count,
                               size_t dimension, const uint32_t *labels, size_t class_count,
                               size_t option, double *value);
typedef ms_status real_metric(ms_context *context, const float *features, size_t count,
                              size_t dimension, const uint32_t *labels, size_t class_count,
                              double option, double *value);

static void call_plain(ms_context *context, const fuzz_input *input) {
  static const struct {
    plain_metric *metric;
    bool reads_chances;
    double low;
    double high;
  } metrics[] = {
      {ms_metric_logme, false, -INFINITY, INFINITY},
      {ms_metric_h_score, false, 0, 6},
      {ms_metric_regularised_h_score, false, 0, 6},
      {ms_metric_lfc, false, 0, 1},
      {ms_metric_sfda, false, 0, 1},
      {ms_metric_parc, false, -1, 1},
      {ms_metric_nce, true, -INFINITY, 0},
      {ms_metric_leep, true, -INFINITY, 0},
  };
  for (size_t i = 0; i < sizeof metrics / sizeof *metrics; i++) {
    double value = NAN;
    ms_status status = metrics[i].metric(
        context, metrics[i].reads_chances ? input->chances : input->features, input->count,
        input->dimension, input->labels, input->class_count, &value);
    expect_value(context, status, value, metrics[i].low, metrics[i].high);
  }
}

static void call_with_whole(ms_context *context, const fuzz_input *input) {
  static const struct {
    whole_metric *metric;
    double low;
    double high;
  } metrics[] = {
      {ms_metric_n_leep, -INFINITY, 0},
      {ms_metric_gbc, -42, 0},
      {ms_metric_knn, 0, 1},
  };
  for (size_t i = 0; i < sizeof metrics / sizeof *metrics; i++) {
    double value = NAN;
    ms_status status =
        metrics[i].metric(context, input->features, input->count, input->dimension, input->labels,
                          input->class_count, input->whole_option, &value);
    expect_value(context, status, value, metrics[i].low, metrics[i].high);
  }
}

static void call_with_real(ms_context *context, const fuzz_input *input) {
  static const struct {
    real_metric *metric;
    bool reads_chances;
    double low;
    double high;
  } metrics[] = {
      {ms_metric_transrate, false, 0, INFINITY},
      {ms_metric_ridge, false, 0, 1},
      {ms_metric_probe, false, 0, 1},
      {ms_metric_pactran_dirichlet, true, -INFINITY, 0},
      {ms_metric_pactran_gamma, true, -INFINITY, 0},
  };
  for (size_t i = 0; i < sizeof metrics / sizeof *metrics; i++) {
    double value = NAN;
    ms_status status = metrics[i].metric(
        context, metrics[i].reads_chances ? input->chances : input->features, input->count,
        input->dimension, input->labels, input->class_count, input->real_option, &value);
    expect_value(context, status, value, metrics[i].low, metrics[i].high);
  }
}

/* The metrics with arguments of their own. The source of OTCE are rows after those of the task. */
static void call_others(ms_context *context, const fuzz_input *input) {
  double value = NAN;
  size_t half = input->count / 2 < MAX_COUPLED ? input->count / 2 : MAX_COUPLED;
  ms_status status =
      ms_metric_pactran_gaussian(context, input->features, input->count, input->dimension,
                                 input->labels, input->class_count, input->real_option, 10, &value);
  expect_value(context, status, value, -INFINITY, 0);
  value = NAN;
  status = ms_metric_logme_targets(context, input->features, input->count, input->dimension,
                                   input->chances, input->dimension, &value);
  expect_value(context, status, value, -INFINITY, INFINITY);
  value = NAN;
  status = ms_metric_otce(context, input->features, half, input->dimension, input->labels,
                          input->class_count, input->features + half * input->dimension, half,
                          input->labels + half, input->class_count, input->real_option, &value);
  expect_value(context, status, value, -INFINITY, 0);
}

/* The table's metrics, with their defaults. */
static void call_table(ms_context *context, const fuzz_input *input) {
  for (size_t i = 0; i < ms_metric_count(); i++) {
    double value = NAN;
    ms_status status =
        ms_metric_compute(context, i, input->features, input->count, input->dimension,
                          input->labels, input->class_count, &value);
    expect_value(context, status, value, -INFINITY, INFINITY);
  }
}

/* The same at once. NaN stands for a metric that has no value. */
static void call_several(ms_context *context, const fuzz_input *input) {
  size_t indices[MAX_METRICS];
  double values[MAX_METRICS];
  size_t metric_count = ms_metric_count();
  fuzz_expect(metric_count <= MAX_METRICS);
  for (size_t i = 0; i < metric_count; i++) {
    indices[i] = i;
    values[i] = NAN;
  }
  ms_status status =
      ms_metric_compute_several(context, indices, metric_count, input->features, input->count,
                                input->dimension, input->labels, input->class_count, values);
  for (size_t i = 0; i < metric_count; i++) {
    fuzz_expect(isfinite(values[i]) || isnan(values[i]));
    fuzz_expect(status == MS_OK || isnan(values[i]));
  }
  if (status != MS_OK) {
    expect_refusal(context, status);
  }
}

static void call_probes(ms_context *context, const fuzz_input *input) {
  double mean = NAN;
  double error = NAN;
  ms_status status =
      ms_probe_accuracy(context, input->features, input->count, input->dimension, input->labels,
                        input->class_count, 0.5, input->whole_option % 3, 1, &mean, &error);
  expect_value(context, status, mean, 0, 1);
  expect_value(context, status, error, 0, 1);
  size_t weight_count = input->class_count * input->dimension;
  float *weights = malloc(weight_count * sizeof *weights);
  float *intercepts = malloc(input->class_count * sizeof *intercepts);
  status = ms_probe_fit(context, input->features, input->count, input->dimension, input->labels,
                        input->class_count, weights, intercepts);
  if (status == MS_OK) {
    for (size_t i = 0; i < weight_count; i++) {
      fuzz_expect(isfinite(weights[i]));
    }
    for (size_t i = 0; i < input->class_count; i++) {
      fuzz_expect(isfinite(intercepts[i]));
    }
  } else {
    expect_refusal(context, status);
  }
  free(weights);
  free(intercepts);
}

/* One input is for one of these, so that many inputs are tried in a second. */
static void (*const calls[])(ms_context *context, const fuzz_input *input) = {
    call_plain, call_with_whole, call_with_real, call_others,
    call_table, call_several,    call_probes};

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size) {
  if (size < HEADER_SIZE) {
    return 0;
  }
  ms_context *context = fuzz_context();
  fuzz_input input = read_input(bytes, size);
  calls[bytes[0] % (sizeof calls / sizeof *calls)](context, &input);
  free_input(&input);
  ms_context_destroy(context);
  return 0;
}
