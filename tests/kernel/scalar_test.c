/*
 * The scalar specification against double precision: elementary functions against the C library's
 * double ones, everything else against sums written out here. What the fast table must do follows,
 * as it must give the same bits.
 */
#include <stdbool.h>
#include <stdlib.h>

#include "check.h"
#include "core/random.h"
#include "kernel/kernels.h"

enum { SEED = 5, SAMPLES = 200000 };

static const ms_kernels *const scalar = &ms_kernels_scalar;

/* ---- Elementary functions ------------------------------------------------------------------ */

/* Parameters of the functions that have them, and their value in double precision. */
static const double ALPHA = 0.2f;
static const double BETA = 0.9f;

static double exact_unary(ms_unary function, double x) {
  double gate = 0;
  switch (function) {
  case MS_UNARY_CLAMP:
    return fmin(fmax(x, ALPHA), BETA);
  case MS_UNARY_LEAKY_RELU:
    return x < 0 ? ALPHA * x : x;
  case MS_UNARY_HARD_SIGMOID:
    return fmax(0, fmin(1, ALPHA * x + BETA));
  case MS_UNARY_HARD_SWISH:
    gate = fmax(0, fmin(1, x / 6 + 0.5));
    return x * gate;
  case MS_UNARY_SIGMOID:
    return 1 / (1 + exp(-x));
  case MS_UNARY_SILU:
    return x / (1 + exp(-x));
  case MS_UNARY_TANH:
    return tanh(x);
  case MS_UNARY_EXP:
    return exp(x);
  case MS_UNARY_LOG:
    return log(x);
  case MS_UNARY_SQRT:
    return sqrt(x);
  case MS_UNARY_RECIPROCAL:
    return 1 / x;
  case MS_UNARY_NEGATE:
    return -x;
  case MS_UNARY_ABS:
    return fabs(x);
  case MS_UNARY_ERF:
    return erf(x);
  case MS_UNARY_GELU:
    return x * (1 + erf(x * sqrt(0.5))) / 2;
  case MS_UNARY_ELU:
    return x > 0 ? x : ALPHA * expm1(x);
  case MS_UNARY_SELU:
    return BETA * (x > 0 ? x : ALPHA * expm1(x));
  case MS_UNARY_SOFTPLUS:
    return fmax(x, 0) + log1p(exp(-fabs(x)));
  case MS_UNARY_FLOOR:
    return floor(x);
  case MS_UNARY_CEIL:
    return ceil(x);
  case MS_UNARY_COUNT:
    break;
  }
  return NAN;
}

/* Where and how precise a function is to be. */
typedef struct precision {
  ms_unary function;
  double low, high; /* of x */
  double ulps;      /* of the result, and */
  double absolute;  /* besides */
} precision;

/* Distance between neighbouring floats at value. */
static double ulp(double value) {
  int exponent = 0;
  frexp(value, &exponent);
  return ldexp(1, (exponent < -125 ? -125 : exponent) - 24);
}

static void check_precision(const precision *tried) {
  ms_random random = ms_random_make(SEED, (uint64_t)tried->function);
  double worst = 0;
  float worst_x = 0;
  for (size_t i = 0; i < SAMPLES; i++) {
    double span = tried->high - tried->low;
    float x = (float)(tried->low + span * ms_random_uniform(&random));
    /* Half of the samples close in on zero, over all exponents. */
    x = i % 2 == 0 ? x : x * (float)ldexp(1, -(int)ms_random_below(&random, 120));
    float y = 0;
    scalar->unary(tried->function, &y, &x, 1, (float)ALPHA, (float)BETA);
    double exact = exact_unary(tried->function, x);
    double error = (fabs(y - exact) - tried->absolute) / ulp(exact);
    if (error > worst) {
      worst = error;
      worst_x = x;
    }
  }
  CHECK_NEAR(worst, 0, tried->ulps);
  if (worst > tried->ulps) {
    fprintf(stderr, "  function %d at %.9g, seed %d\n", (int)tried->function, (double)worst_x,
            SEED);
  }
}

/*
 * Bounds in units of the last place: half of one is rounding itself. Those of the polynomials
 * follow from their stated errors and a rounding or two; gelu cancels where x is negative, and is
 * judged by the size of x.
 */
static void test_functions_are_precise(void) {
  static const precision cases[] = {
      {MS_UNARY_CLAMP, -3, 3, 0, 0},
      {MS_UNARY_LEAKY_RELU, -100, 100, 0.5, 0},
      {MS_UNARY_HARD_SIGMOID, -8, 8, 1.5, 6e-8},
      {MS_UNARY_HARD_SWISH, -8, 8, 1.5, 3e-7},
      {MS_UNARY_SIGMOID, -87, 100, 2.5, 0},
      {MS_UNARY_SILU, -87, 100, 2.5, 0},
      {MS_UNARY_TANH, -12, 12, 2.5, 0},
      {MS_UNARY_EXP, -103, 88.7, 1.5, 0},
      {MS_UNARY_LOG, 0x1p-149, 3e38, 1, 0},
      {MS_UNARY_LOG, 0x1p-149, 4, 1, 0},
      {MS_UNARY_SQRT, 0, 3e38, 0.5, 0},
      {MS_UNARY_RECIPROCAL, 1e-10, 1e10, 0.5, 0},
      {MS_UNARY_NEGATE, -10, 10, 0, 0},
      {MS_UNARY_ABS, -10, 10, 0, 0},
      {MS_UNARY_ERF, -5, 5, 1.5, 0},
      {MS_UNARY_GELU, 0, 10, 2.5, 0},
      {MS_UNARY_GELU, -8, 0, 0, 4e-7},
      {MS_UNARY_ELU, -100, 100, 2.5, 0},
      {MS_UNARY_SELU, -100, 100, 3, 0},
      {MS_UNARY_SOFTPLUS, -87, 100, 2.5, 0},
      {MS_UNARY_FLOOR, -1e6, 1e6, 0, 0},
      {MS_UNARY_CEIL, -1e6, 1e6, 0, 0},
  };
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
    check_precision(&cases[i]);
  }
}

static float unary(ms_unary function, float x) {
  float y = 0;
  scalar->unary(function, &y, &x, 1, 1.0f, 1.0f);
  return y;
}

static void test_functions_have_their_limits(void) {
  CHECK_EQUAL(unary(MS_UNARY_EXP, -INFINITY), 0);
  CHECK_EQUAL(unary(MS_UNARY_EXP, INFINITY), INFINITY);
  CHECK_EQUAL(unary(MS_UNARY_EXP, 89), INFINITY);
  CHECK_EQUAL(unary(MS_UNARY_EXP, 0), 1);
  CHECK_EQUAL(unary(MS_UNARY_LOG, 0), -INFINITY);
  CHECK_EQUAL(unary(MS_UNARY_LOG, INFINITY), INFINITY);
  CHECK(isnan(unary(MS_UNARY_LOG, -1)));
  CHECK_EQUAL(unary(MS_UNARY_TANH, INFINITY), 1);
  CHECK_EQUAL(unary(MS_UNARY_TANH, -INFINITY), -1);
  CHECK_EQUAL(unary(MS_UNARY_ERF, INFINITY), 1);
  CHECK_EQUAL(unary(MS_UNARY_ERF, -INFINITY), -1);
  CHECK_EQUAL(unary(MS_UNARY_SIGMOID, -INFINITY), 0);
  CHECK_EQUAL(unary(MS_UNARY_SIGMOID, INFINITY), 1);
  CHECK_EQUAL(unary(MS_UNARY_ELU, -INFINITY), -1);
  CHECK_EQUAL(unary(MS_UNARY_SOFTPLUS, INFINITY), INFINITY);
  CHECK_EQUAL(unary(MS_UNARY_SOFTPLUS, -INFINITY), 0);
  for (int f = 0; f < MS_UNARY_COUNT; f++) {
    CHECK(isnan(unary((ms_unary)f, NAN)));
  }
}

static float binary(ms_binary function, float a, float b) {
  float y = 0;
  scalar->binary(function, &y, &a, 0, &b, 0, 1);
  return y;
}

static void test_powers_are_precise(void) {
  ms_random random = ms_random_make(SEED, 100);
  double worst = 0;
  for (size_t i = 0; i < SAMPLES; i++) {
    float a = (float)exp(20 * ms_random_normal(&random));
    float b =
        i % 4 == 0 ? 0.5f * (float)ms_random_below(&random, 8) : (float)ms_random_normal(&random);
    double exact = pow(a, b);
    if (exact < 3.4e38) {
      worst = fmax(worst, fabs(binary(MS_BINARY_POWER, a, b) - exact) / ulp(exact));
    }
  }
  /* In double throughout: rounding to float alone, but for subnormal results, rounded twice. */
  CHECK_NEAR(worst, 0, 1);
}

static void test_powers_have_the_special_cases_of_c(void) {
  static const float values[] = {0.0f, -0.0f, 1.0f, -1.0f, 0.5f,      -0.5f,
                                 2.0f, -2.0f, 3.0f, -3.0f, INFINITY,  1e30f,
                                 2.5f, -2.5f, NAN,  1e9f,  -INFINITY, -1e9f};
  size_t count = sizeof values / sizeof *values;
  for (size_t i = 0; i < count * count; i++) {
    float a = values[i / count];
    float b = values[i % count];
    float exact = (float)pow(a, b);
    float is = binary(MS_BINARY_POWER, a, b);
    bool same = isnan(exact) ? isnan(is) : fabsf(is - exact) <= 2e-7f * fabsf(exact) || is == exact;
    CHECK(same && (isnan(exact) || !signbit(is) == !signbit(exact)));
    if (!same) {
      fprintf(stderr, "  %g ^ %g is %g, expected %g\n", (double)a, (double)b, (double)is,
              (double)exact);
    }
  }
}

static void test_two_arguments(void) {
  CHECK_EQUAL(binary(MS_BINARY_ADD, 2, 3), 5);
  CHECK_EQUAL(binary(MS_BINARY_SUBTRACT, 2, 3), -1);
  CHECK_EQUAL(binary(MS_BINARY_MULTIPLY, 2, 3), 6);
  CHECK_EQUAL(binary(MS_BINARY_DIVIDE, 3, 2), 1.5);
  CHECK_EQUAL(binary(MS_BINARY_MINIMUM, 2, 3), 2);
  CHECK_EQUAL(binary(MS_BINARY_MAXIMUM, 2, 3), 3);
  CHECK_EQUAL(binary(MS_BINARY_PRELU, -2, 3), -6);
  CHECK_EQUAL(binary(MS_BINARY_PRELU, 2, 3), 2);
  for (int f = 0; f < MS_BINARY_COUNT; f++) {
    CHECK(isnan(binary((ms_binary)f, NAN, 3)));
  }
  CHECK(isnan(binary(MS_BINARY_MINIMUM, 3, NAN)));
  CHECK(isnan(binary(MS_BINARY_MAXIMUM, 3, NAN)));
}

/* ---- Sums, products, windows --------------------------------------------------------------- */

static float *random_floats(ms_random *random, size_t count) {
  float *x = malloc((count + 1) * sizeof *x);
  if (x == NULL) {
    abort();
  }
  for (size_t i = 0; i < count; i++) {
    x[i] = (float)ms_random_normal(random);
  }
  return x;
}

/* A sum of count terms of total size is off by at most this: a rounding per term and addition. */
static double rounding(size_t count, double size) {
  return 6e-8 * (double)(count + 4) * size;
}

static void test_sums(void) {
  ms_random random = ms_random_make(SEED, 101);
  for (size_t count = 0; count <= 100; count++) {
    float *a = random_floats(&random, count);
    float *b = random_floats(&random, count);
    double dot = 0, sum = 0, squares = 0, size = 0, largest = -INFINITY;
    for (size_t i = 0; i < count; i++) {
      dot += (double)a[i] * b[i];
      sum += a[i];
      squares += (a[i] - 0.25) * (a[i] - 0.25);
      size += fabs((double)a[i]) * (1 + fabs((double)b[i]));
      largest = fmax(largest, a[i]);
    }
    CHECK_NEAR(scalar->dot(a, b, count), dot, rounding(count / 16, size));
    CHECK_NEAR(scalar->sum(a, count), sum, rounding(count / 16, size));
    CHECK_NEAR(scalar->sum_squares(a, 0.25f, count), squares, rounding(count / 16, squares));
    CHECK_EQUAL(scalar->maximum(a, count), (float)largest);
    free(a);
    free(b);
  }
}

static void test_softmax_and_layer_norm(void) {
  ms_random random = ms_random_make(SEED, 102);
  for (size_t count = 1; count <= 40; count++) {
    float *x = random_floats(&random, count);
    float *y = random_floats(&random, count);
    float *gain = random_floats(&random, count);
    double sum = 0, mean = 0, variance = 0;
    for (size_t i = 0; i < count; i++) {
      x[i] *= 20;
      sum += exp(x[i]);
      mean += x[i] / (double)count;
    }
    for (size_t i = 0; i < count; i++) {
      variance += (x[i] - mean) * (x[i] - mean) / (double)count;
    }
    scalar->softmax(y, x, count);
    for (size_t i = 0; i < count; i++) {
      /* The argument of exp is rounded at a size of up to 100. */
      CHECK_NEAR(y[i], exp(x[i]) / sum, 1e-5 * exp(x[i]) / sum + 1e-38);
    }
    scalar->layer_norm(y, x, gain, gain, 1e-5f, count);
    for (size_t i = 0; i < count; i++) {
      double exact = (x[i] - mean) / sqrt(variance + 1e-5) * gain[i] + gain[i];
      CHECK_NEAR(y[i], exact, 1e-5 * (1 + fabs((double)gain[i])) * 3);
    }
    free(x);
    free(y);
    free(gain);
  }
}

static double clamp(double x, double low, double high) {
  return x < low ? low : x > high ? high : x;
}

/* gemm and gemm_indirect of one shape, weights packed from [taps][depth][columns]. */
static void check_product(ms_random *random, size_t rows, size_t taps, size_t depth,
                          size_t columns) {
  size_t length = taps * depth;
  float *x = random_floats(random, rows * length);
  float *w = random_floats(random, length * columns);
  float *bias = random_floats(random, columns);
  float *residual = random_floats(random, rows * columns);
  float *packed = random_floats(random, ms_packed_count(length, columns));
  float *y = random_floats(random, rows * columns);
  float *z = random_floats(random, rows * columns);
  const float **runs = malloc((rows * taps + 1) * sizeof *runs);
  for (size_t i = 0; i < rows * taps; i++) {
    runs[i] = x + i * depth;
  }
  ms_pack(w, taps, depth * columns, depth, columns, columns, 1, bias, packed);
  ms_epilogue epilogue = {residual, columns, -2, 3};
  scalar->gemm(x, length, length, packed, y, columns, rows, columns, &epilogue);
  scalar->gemm_indirect(runs, taps, depth, packed, z, columns, rows, columns, &epilogue);
  for (size_t i = 0; i < rows * columns; i++) {
    double sum = bias[i % columns] + residual[i];
    double size = fabs(sum);
    for (size_t k = 0; k < length; k++) {
      double term = (double)x[i / columns * length + k] * w[k * columns + i % columns];
      sum += term;
      size += fabs(term);
    }
    CHECK_NEAR(y[i], clamp(sum, -2, 3), rounding(length, size));
    CHECK_EQUAL(y[i], z[i]);
  }
  float *all[] = {x, w, bias, residual, packed, y, z};
  for (size_t i = 0; i < sizeof all / sizeof *all; i++) {
    free(all[i]);
  }
  free(runs);
}

static void test_products(void) {
  ms_random random = ms_random_make(SEED, 103);
  for (size_t columns = 1; columns <= 18; columns++) {
    check_product(&random, 1 + columns % 7, 1 + columns % 3, columns % 11, columns);
  }
}

/*
 * A product of levels of x [rows][length] and w [length][columns] against double precision. A
 * number is off by half a level at most, so a term by |x| half a level of w + |w| half a level of x
 * + both; what is left is the rounding of a few floats.
 */
static void check_levels(const float *x, const float *w, size_t rows, size_t length,
                         size_t columns) {
  float *packed = malloc(ms_packed_s16_count(length, columns) * sizeof *packed);
  float *y = malloc(rows * columns * sizeof *y);
  ms_epilogue open = {NULL, 0, -INFINITY, INFINITY};
  ms_pack_s16(w, 1, 0, length, columns, columns, 1, NULL, packed);
  scalar->gemm_s16(x, length, length, packed, y, columns, rows, columns, &open);
  for (size_t i = 0; i < rows * columns; i++) {
    const float *row = x + i / columns * length;
    size_t column = i % columns;
    double largest = 0;
    for (size_t k = 0; k < length; k++) {
      largest = fmax(largest, fabs((double)row[k]));
    }
    double x_half = largest / packed[0] / 2;
    double w_half = packed[1 + column / 8 * 8 * (2 + (length + 1) / 2) + 8 + column % 8] / 2;
    double sum = 0;
    double error = 0;
    for (size_t k = 0; k < length; k++) {
      double weight = w[k * columns + column];
      sum += row[k] * weight;
      error += fabs((double)row[k]) * w_half + fabs(weight) * x_half + x_half * w_half;
    }
    CHECK_NEAR(y[i], sum, 1.001 * error + 1e-6 * fabs(sum));
  }
  free(packed);
  free(y);
}

static void test_products_of_levels_are_as_close_as_their_levels(void) {
  ms_random random = ms_random_make(SEED, 104);
  for (size_t columns = 1; columns <= 18; columns++) {
    size_t length = 1 + columns * 7 % 40;
    float *x = random_floats(&random, 7 * length);
    float *w = random_floats(&random, length * columns);
    check_levels(x, w, 7, length, columns);
    free(x);
    free(w);
  }
}

/* All weights of a column alike and all of a row, too, gives the largest sums that there are. */
static void test_sums_of_levels_do_not_overflow(void) {
  static const size_t lengths[] = {1, 2, 100, 1001, MS_LONGEST_S16};
  for (size_t i = 0; i < sizeof lengths / sizeof *lengths; i++) {
    float x[2 * MS_LONGEST_S16];
    float w[2 * MS_LONGEST_S16];
    for (size_t k = 0; k < lengths[i]; k++) {
      x[k] = 3.7f;
      x[lengths[i] + k] = -0x1p-60f;
      w[2 * k] = 0.3f;
      w[2 * k + 1] = k % 2 == 0 ? -1e20f : -0.9999e20f;
    }
    check_levels(x, w, 2, lengths[i], 2);
  }
}

static void test_levels_of_weights_leave_room_for_those_of_activations(void) {
  ms_random random = ms_random_make(SEED, 105);
  for (size_t length = 1; length <= 400; length += 19) {
    float *w = random_floats(&random, length);
    float packed[1 + 8 * (2 + 200)];
    int64_t sum = 0;
    ms_pack_s16(w, 1, 0, length, 1, 1, 1, NULL, packed);
    for (size_t k = 0; k < length; k++) {
      int16_t pair[2];
      memcpy(pair, packed + 1 + 8 * (2 + k / 2), sizeof pair);
      sum += abs(pair[k % 2]);
    }
    CHECK(sum * (int64_t)packed[0] <= INT32_MAX);
    CHECK(packed[0] >= 127 && sum >= 127); /* never coarser than 8 bits */
    free(w);
  }
}

static void test_what_is_no_number_spoils_its_row_or_column_only(void) {
  float x[3][5] = {{1, 2, 3, 4, 5}, {1, INFINITY, 3, 4, 5}, {0, 0, 1e-31f, 0, 0}};
  float w[5][2] = {{1, 1}, {1, 1}, {1, NAN}, {1, 1}, {1, 1}};
  static const float bias[2] = {0.5f, 0.5f};
  float packed[1 + 8 * (2 + 3)];
  float y[3][2];
  ms_epilogue open = {NULL, 0, -INFINITY, INFINITY};
  ms_pack_s16(w[0], 1, 0, 5, 2, 2, 1, bias, packed);
  scalar->gemm_s16(x[0], 5, 5, packed, y[0], 2, 3, 2, &open);
  CHECK_NEAR(y[0][0], 15.5f, 1e-2); /* limit 20724: half a level of 5 is 1.2e-4, five times */
  CHECK(isnan(y[1][0]));
  CHECK_EQUAL(y[2][0], 0.5f);
  CHECK(isnan(y[0][1]) && isnan(y[1][1]) && isnan(y[2][1]));
}

static void test_packing_follows_the_strides(void) {
  /* Weights [columns = 2][depth = 3][taps = 2], as convolutions of ONNX have them, no bias. */
  static const float w[12] = {1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12};
  float packed[8 * 7];
  CHECK_EQUAL(ms_packed_count(6, 2), sizeof packed / sizeof *packed);
  ms_pack(w, 2, 1, 3, 2, 2, 6, NULL, packed);
  static const float first[7] = {0, 1, 3, 5, 2, 4, 6};
  for (size_t i = 0; i < 7; i++) {
    CHECK_EQUAL(packed[i * 8], first[i]);
    CHECK_EQUAL(packed[i * 8 + 1], i == 0 ? 0 : first[i] + 6);
    for (size_t j = 2; j < 8; j++) {
      CHECK_EQUAL(packed[i * 8 + j], 0);
    }
  }
}

/* One depthwise row, and the same pixels gathered, with zeros for padding. */
static void check_depthwise(ms_random *random, const ms_sweep *sweep, size_t channels) {
  size_t taps = sweep->kernel_height * sweep->kernel_width;
  size_t row_count = sweep->columns * channels;
  float *x = random_floats(random, sweep->kernel_height * row_count);
  float *w = random_floats(random, channels * taps);
  float *bias = random_floats(random, channels);
  float *packed = random_floats(random, ms_packed_depthwise_count(taps, channels));
  float *y = random_floats(random, sweep->outputs * channels);
  float *z = random_floats(random, sweep->outputs * channels);
  float *zeros = calloc(channels + 1, sizeof *zeros);
  const float **rows = calloc(sweep->kernel_height, sizeof *rows);
  const float **runs = calloc(sweep->outputs * taps + 1, sizeof *runs);
  for (size_t r = 1; r < sweep->kernel_height; r++) {
    rows[r] = x + r * row_count; /* row 0 is padding */
  }
  ms_pack_depthwise(w, taps, 1, channels, taps, bias, packed);
  for (size_t i = 0; i < sweep->outputs * taps; i++) {
    size_t t = i % taps;
    size_t column = i / taps * sweep->stride + t % sweep->kernel_width * sweep->dilation;
    bool inside = column >= sweep->pad && column - sweep->pad < sweep->columns &&
                  rows[t / sweep->kernel_width] != NULL;
    runs[i] = inside ? rows[t / sweep->kernel_width] + (column - sweep->pad) * channels : zeros;
  }
  ms_epilogue epilogue = {NULL, 0, -2, 3};
  scalar->depthwise_row(rows, sweep, packed, y, channels, &epilogue);
  scalar->depthwise(runs, taps, packed, z, channels, sweep->outputs, channels, &epilogue);
  for (size_t i = 0; i < sweep->outputs * channels; i++) {
    double sum = bias[i % channels];
    double size = fabs(sum);
    for (size_t t = 0; t < taps; t++) {
      double term =
          (double)runs[i / channels * taps + t][i % channels] * w[i % channels * taps + t];
      sum += term;
      size += fabs(term);
    }
    CHECK_NEAR(y[i], clamp(sum, -2, 3), rounding(taps, size));
    CHECK_NEAR(z[i], clamp(sum, -2, 3), rounding(taps, size));
  }
  float *all[] = {x, w, bias, packed, y, z, zeros};
  for (size_t i = 0; i < sizeof all / sizeof *all; i++) {
    free(all[i]);
  }
  free(rows);
  free(runs);
}

static void test_depthwise(void) {
  ms_random random = ms_random_make(SEED, 104);
  static const ms_sweep sweeps[] = {
      {3, 3, 1, 1, 1, 9, 9}, {3, 3, 2, 1, 0, 9, 5},  {5, 5, 1, 1, 2, 6, 6}, {5, 5, 2, 1, 1, 11, 5},
      {1, 1, 1, 1, 0, 4, 4}, {3, 3, 1, 2, 2, 9, 9},  {7, 7, 1, 1, 3, 5, 5}, {2, 4, 3, 2, 3, 10, 5},
      {3, 3, 1, 1, 4, 2, 8}, {1, 3, 1, 1, 1, 20, 20}};
  for (size_t i = 0; i < sizeof sweeps / sizeof *sweeps; i++) {
    for (size_t channels = 1; channels <= 9; channels += 4) {
      check_depthwise(&random, &sweeps[i], channels);
    }
  }
}

static void test_pools(void) {
  static const float pixels[4][2] = {{1, -8}, {5, -4}, {-3, -2}, {2, -1}};
  const float *runs[8] = {pixels[0], pixels[1], NULL, pixels[2], pixels[3], NULL, NULL, NULL};
  static const float scales[2] = {0.5f, 2};
  float y[4];
  scalar->pool_maximum(runs, 4, y, 2, 2, 2);
  CHECK(y[0] == 5 && y[1] == -2 && y[2] == 2 && y[3] == -1);
  scalar->pool_mean(runs, 4, scales, y, 2, 2, 2);
  CHECK(y[0] == 1.5f && y[1] == -7 && y[2] == 4 && y[3] == -2);
  scalar->mean_rows(pixels[0], 2, 4, 2, y);
  CHECK(y[0] == 1.25f && y[1] == -3.75f);
}

/* ---- Layouts ------------------------------------------------------------------------------- */

/* The value of an IEEE half, from its definition. */
static double half_value(uint16_t half) {
  int exponent = (half >> 10) & 31;
  double fraction = half & 1023;
  double size = exponent == 0 ? ldexp(fraction, -24) : ldexp(1024 + fraction, exponent - 25);
  size = exponent == 31 ? (fraction == 0 ? INFINITY : NAN) : size;
  return (half & 0x8000) != 0 ? -size : size;
}

static void test_halves_are_exact(void) {
  size_t wrong = 0;
  for (unsigned i = 0; i < 65536; i++) {
    uint16_t half = (uint16_t)i;
    float y = 0;
    scalar->widen_half(&half, &y, 1);
    double exact = half_value(half);
    bool same = isnan(exact) ? isnan(y) : y == exact && !signbit(y) == !signbit(exact);
    wrong += !same;
  }
  CHECK_EQUAL(wrong, 0);
}

static void test_transpose(void) {
  static const float x[6] = {1, 2, 3, 4, 5, 6};
  static const float expected[6] = {1, 4, 2, 5, 3, 6};
  float y[6];
  scalar->transpose(x, 2, 3, y);
  CHECK_EQUAL(memcmp(y, expected, sizeof y), 0);
}

static void test_pixels_are_composed_and_resampled(void) {
  static const uint8_t rgba[12] = {10, 20, 30, 255, 100, 50, 200, 0, 5, 155, 255, 51};
  static const float weights[3] = {0.5f, 0.25f, 2.0f};
  static const ms_span spans[3] = {{0, 2, weights}, {2, 1, weights + 2}, {1, 0, weights}};
  /* Opacity 51 is a fifth: 255 - 250 / 5 = 205, 255 - 100 / 5 = 235, 255. */
  static const float expected[9] = {68.75f, 73.75f, 78.75f, 410, 470, 510, 0, 0, 0};
  float pixels[12];
  float y[9];
  scalar->compose(rgba, pixels, 3);
  scalar->resample(pixels, spans, y, 3);
  for (size_t i = 0; i < 9; i++) {
    CHECK_NEAR(y[i], expected[i], 1e-4);
  }
}

static void test_squares_of_pixels_become_their_means(void) {
  /* Two rows of three pixels; the squares are of two, the last column belongs to none. */
  static const uint8_t rgba[24] = {10, 20, 30, 255, 11, 20, 31, 255, 9, 9, 9, 9,
                                   12, 21, 30, 255, 13, 21, 5,  0,   9, 9, 9, 9};
  uint8_t y[4];
  scalar->reduce(rgba, 12, 2, y, 1);
  /* The fourth pixel is white: 288 / 4, 316 / 4 and 346 / 4 = 86.5, a half away from zero. */
  CHECK(y[0] == 72 && y[1] == 79 && y[2] == 87 && y[3] == 255);
}

int main(void) {
  test_functions_are_precise();
  test_functions_have_their_limits();
  test_powers_are_precise();
  test_powers_have_the_special_cases_of_c();
  test_two_arguments();
  test_sums();
  test_softmax_and_layer_norm();
  test_products();
  test_products_of_levels_are_as_close_as_their_levels();
  test_sums_of_levels_do_not_overflow();
  test_levels_of_weights_leave_room_for_those_of_activations();
  test_what_is_no_number_spoils_its_row_or_column_only();
  test_packing_follows_the_strides();
  test_depthwise();
  test_pools();
  test_halves_are_exact();
  test_transpose();
  test_pixels_are_composed_and_resampled();
  test_squares_of_pixels_become_their_means();
  return CHECK_EXIT();
}
