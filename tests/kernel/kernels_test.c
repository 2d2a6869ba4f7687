/*
 * The fast table against the scalar specification: the same bits for every kernel, on all small
 * sizes, with odd strides, and with inputs that end where their memory ends (the sanitizers see a
 * read beyond). The scalar products are held against sums in double precision.
 */
#include <stdbool.h>
#include <stdlib.h>

#include "check.h"
#include "core/random.h"
#include "kernel/kernels.h"

enum { LARGEST = 37 };

static const float GUARD = 12345.0f;

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

static float *guarded(size_t count) {
  float *y = malloc((count + 1) * sizeof *y);
  if (y == NULL) {
    abort();
  }
  for (size_t i = 0; i <= count; i++) {
    y[i] = GUARD;
  }
  return y;
}

/* The same bits, but that a NaN is a NaN: WebAssembly leaves its sign open. */
static void check_same(const float *fast, const float *plain, size_t count, const char *what) {
  size_t different = 0;
  for (size_t i = 0; i <= count; i++) {
    bool same = memcmp(&fast[i], &plain[i], sizeof *fast) == 0;
    different += !same && !(isnan(fast[i]) && isnan(plain[i]));
  }
  if (different > 0) {
    fprintf(stderr, "%s differs, count %zu\n", what, count);
  }
  CHECK_EQUAL(different, 0);
  CHECK(fast[count] == GUARD);
}

static void test_sums(const ms_kernels *fast, const ms_kernels *plain) {
  ms_random random = ms_random_make(3, 1);
  for (size_t count = 0; count <= 70; count++) {
    float *a = random_floats(&random, count);
    float *b = random_floats(&random, count);
    double exact = 0;
    double size = 0;
    for (size_t i = 0; i < count; i++) {
      exact += (double)a[i] * b[i];
      size += fabs((double)a[i] * b[i]);
    }
    CHECK_EQUAL(fast->dot(a, b, count), plain->dot(a, b, count));
    /* Rounding grows with the number of additions in a part, at most count / 16 + 5. */
    CHECK_NEAR(plain->dot(a, b, count), exact, 6e-8 * 10 * size);
    CHECK_EQUAL(fast->sum(a, count), plain->sum(a, count));
    CHECK_EQUAL(fast->sum_squares(a, 0.3f, count), plain->sum_squares(a, 0.3f, count));
    CHECK_EQUAL(fast->maximum(a, count), plain->maximum(a, count));
    free(a);
    free(b);
  }
}

static void test_element_wise(const ms_kernels *fast, const ms_kernels *plain) {
  ms_random random = ms_random_make(3, 2);
  for (size_t count = 0; count <= LARGEST; count++) {
    float *a = random_floats(&random, count);
    float *b = random_floats(&random, count);
    if (count > 6) {
      a[1] = INFINITY;
      a[2] = -INFINITY;
      a[3] = -0.0f;
      a[4] = 0x1p-140f;
      a[5] = NAN;
    }
    float *x = guarded(count);
    float *y = guarded(count);
    for (int f = 0; f < MS_UNARY_COUNT; f++) {
      fast->unary((ms_unary)f, x, a, count, 0.2f, 0.9f);
      plain->unary((ms_unary)f, y, a, count, 0.2f, 0.9f);
      check_same(x, y, count, "unary");
    }
    for (int f = 0; f < MS_BINARY_COUNT; f++) {
      for (size_t steps = 0; steps < 4; steps++) {
        fast->binary((ms_binary)f, x, a, steps & 1, b, steps >> 1, count);
        plain->binary((ms_binary)f, y, a, steps & 1, b, steps >> 1, count);
        if (count > 0) {
          check_same(x, y, count, "binary");
        }
      }
    }
    fast->axpy(x, 0.7f, b, count);
    plain->axpy(y, 0.7f, b, count);
    check_same(x, y, count, "axpy");
    if (count > 0) {
      fast->softmax(x, b, count);
      plain->softmax(y, b, count);
      check_same(x, y, count, "softmax");
      fast->layer_norm(x, b, b, b, 1e-5f, count);
      plain->layer_norm(y, b, b, b, 1e-5f, count);
      check_same(x, y, count, "layer_norm");
    }
    free(a);
    free(b);
    free(x);
    free(y);
  }
}

typedef struct product {
  size_t rows, taps, depth, columns;
  bool residual;
} product;

/* One product by both tables, as gemm where taps is 1, and by pointers. */
static void check_product(const ms_kernels *fast, const ms_kernels *plain, ms_random *random,
                          product p) {
  size_t width = p.taps * p.depth;
  size_t stride = p.columns + 3;
  size_t result = (p.rows - 1) * stride + p.columns;
  float *x = random_floats(random, p.rows * width);
  float *weights = random_floats(random, width * p.columns);
  float *bias = random_floats(random, p.columns);
  float *residual = random_floats(random, p.rows * p.columns);
  float *packed = guarded(ms_packed_count(width, p.columns));
  const float **pointers = malloc(p.rows * p.taps * sizeof *pointers);
  float *y[3] = {guarded(result), guarded(result), guarded(result)};
  for (size_t i = 0; i < p.rows * p.taps; i++) {
    pointers[i] = x + i * p.depth;
  }
  ms_pack(weights, p.taps, p.depth * p.columns, p.depth, p.columns, p.columns, 1, bias, packed);
  ms_epilogue epilogue = {p.residual ? residual : NULL, p.columns, -1.5f, 2.5f};
  plain->gemm_indirect(pointers, p.taps, p.depth, packed, y[0], stride, p.rows, p.columns,
                       &epilogue);
  fast->gemm_indirect(pointers, p.taps, p.depth, packed, y[1], stride, p.rows, p.columns,
                      &epilogue);
  check_same(y[1], y[0], result, "gemm_indirect");
  fast->gemm(x, width, width, packed, y[2], stride, p.rows, p.columns, &epilogue);
  check_same(y[2], y[0], result, "gemm");
  size_t r = p.rows - 1;
  size_t c = p.columns - 1;
  double exact = bias[c] + (p.residual ? residual[r * p.columns + c] : 0.0f);
  for (size_t i = 0; i < width; i++) {
    exact += (double)x[r * width + i] * weights[i * p.columns + c];
  }
  exact = exact < -1.5 ? -1.5 : exact > 2.5 ? 2.5 : exact;
  CHECK_NEAR(y[0][result - 1], exact, 6e-8 * (double)(width + 2) * 4);
  for (size_t i = 0; i < 3; i++) {
    free(y[i]);
  }
  free(x);
  free(weights);
  free(bias);
  free(residual);
  free(packed);
  free(pointers);
}

static void test_products(const ms_kernels *fast, const ms_kernels *plain) {
  ms_random random = ms_random_make(3, 3);
  for (size_t rows = 1; rows <= 9; rows++) {
    for (size_t columns = 1; columns <= 17; columns++) {
      for (size_t depth = 1; depth <= 9; depth += 4) {
        product p = {rows, 1 + columns % 3, depth, columns, (rows + columns) % 2 == 0};
        check_product(fast, plain, &random, p);
      }
    }
  }
  /* More rows than a tile. */
  product large = {70, 1, 900, 20, true};
  check_product(fast, plain, &random, large);
}

static void test_windows(const ms_kernels *fast, const ms_kernels *plain) {
  ms_random random = ms_random_make(3, 4);
  const size_t tap_counts[] = {1, 4, 9, 25};
  for (size_t channels = 1; channels <= LARGEST; channels++) {
    size_t taps = tap_counts[channels % 4];
    size_t rows = 1 + channels % 5;
    size_t stride = channels + 2;
    size_t result = (rows - 1) * stride + channels;
    float *x = random_floats(&random, rows * taps * channels);
    float *weights = random_floats(&random, taps * channels);
    float *bias = random_floats(&random, channels);
    float *residual = random_floats(&random, rows * channels);
    float scales[5] = {0.1f, 0.2f, 0.3f, 0.4f, 0.5f};
    const float **pointers = malloc(rows * taps * sizeof *pointers);
    for (size_t i = 0; i < rows * taps; i++) {
      pointers[i] = x + i * channels;
    }
    float *a = guarded(result);
    float *b = guarded(result);
    ms_epilogue epilogue = {channels % 2 == 0 ? residual : NULL, channels, -INFINITY, 3.0f};
    fast->depthwise(pointers, taps, weights, bias, a, stride, rows, channels, &epilogue);
    plain->depthwise(pointers, taps, weights, bias, b, stride, rows, channels, &epilogue);
    check_same(a, b, result, "depthwise");
    fast->mean_rows(x, channels, rows, channels, a);
    plain->mean_rows(x, channels, rows, channels, b);
    check_same(a, b, result, "mean_rows");
    pointers[0] = taps > 1 ? NULL : pointers[0];
    fast->pool_maximum(pointers, taps, a, stride, rows, channels);
    plain->pool_maximum(pointers, taps, b, stride, rows, channels);
    check_same(a, b, result, "pool_maximum");
    fast->pool_mean(pointers, taps, scales, a, stride, rows, channels);
    plain->pool_mean(pointers, taps, scales, b, stride, rows, channels);
    check_same(a, b, result, "pool_mean");
    free(x);
    free(weights);
    free(bias);
    free(residual);
    free(pointers);
    free(a);
    free(b);
  }
}

int main(void) {
  const ms_kernels *fast = ms_kernels_simd128();
  if (fast == NULL) {
    printf("SKIPPED: this build has no SIMD128 table (libsimde-dev)\n");
    return 0;
  }
  test_sums(fast, &ms_kernels_scalar);
  test_element_wise(fast, &ms_kernels_scalar);
  test_products(fast, &ms_kernels_scalar);
  test_windows(fast, &ms_kernels_scalar);
  return CHECK_EXIT();
}
