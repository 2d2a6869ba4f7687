/* Products, Cholesky factors and eigenvalues against their defining equations, on random matrices.
 */
#include "transfer/linalg.h"

#include <stdlib.h>

#include "check.h"
#include "core/random.h"
#include "transfer/eigen.h"

enum { SEED = 17, SIZES = 7 };

/* Below, at and above the tile, block, strip and group sizes. */
static const size_t sizes[SIZES] = {1, 2, 5, 31, 64, 129, 260};

static double *make_values(size_t count, uint64_t stream) {
  double *values = malloc((count + 1) * sizeof *values);
  ms_random random = ms_random_make(SEED, stream);
  for (size_t i = 0; i < count; i++) {
    values[i] = ms_random_normal(&random);
  }
  return values;
}

/* largest |y - a b| by the definition of the product */
static double product_error(ms_matrix a, ms_matrix b, ms_matrix y) {
  double largest = 0;
  for (size_t i = 0; i < a.rows; i++) {
    for (size_t j = 0; j < b.columns; j++) {
      double sum = 0;
      for (size_t k = 0; k < a.columns; k++) {
        sum += a.values[i * a.row_stride + k * a.column_stride] *
               b.values[k * b.row_stride + j * b.column_stride];
      }
      largest = fmax(largest, fabs(sum - y.values[i * y.row_stride + j * y.column_stride]));
    }
  }
  return largest;
}

static void test_products_of_views_match_the_definition(void) {
  for (size_t s = 0; s < SIZES; s++) {
    size_t n = sizes[s];
    double *a = make_values((n + 3) * (n + 1), 1);
    double *b = make_values((n + 3) * (n + 2), 2);
    double *y = make_values((n + 1) * (n + 2), 3);
    ms_matrix left = ms_matrix_transposed(ms_matrix_make(a, n + 3, n + 1));
    ms_matrix right = ms_matrix_make(b, n + 3, n + 2);
    ms_matrix whole = ms_matrix_make(y, n + 1, n + 2);
    ms_multiply(left, right, whole);
    /* Sums of up to 263 products of size 1: rounding stays below 1e-13. */
    CHECK_NEAR(product_error(left, right, whole), 0, 1e-12);
    ms_matrix part = ms_matrix_part(left, 1, n, 2, 1);
    ms_matrix row = ms_matrix_part(right, 2, 1, 0, n + 2);
    ms_multiply(part, row, ms_matrix_part(whole, 0, n, 0, n + 2));
    CHECK_NEAR(product_error(part, row, ms_matrix_part(whole, 0, n, 0, n + 2)), 0, 1e-13);
    free(a);
    free(b);
    free(y);
  }
}

/* gram of order × (order + 5), well conditioned */
static double *make_positive(size_t order) {
  double *x = make_values(order * (order + 5), 4);
  double *gram = malloc(order * order * sizeof *gram);
  ms_gram(ms_matrix_make(x, order, order + 5), gram);
  for (size_t i = 0; i < order; i++) {
    gram[i * order + i] += (double)order;
  }
  free(x);
  return gram;
}

static double *copy(const double *values, size_t count) {
  double *copied = malloc(count * sizeof *copied);
  memcpy(copied, values, count * sizeof *copied);
  return copied;
}

static double distance(const double *a, const double *b, size_t count) {
  double largest = 0;
  for (size_t i = 0; i < count; i++) {
    largest = fmax(largest, fabs(a[i] - b[i]));
  }
  return largest;
}

static void test_cholesky_solves_and_inverts(void) {
  for (size_t s = 0; s < SIZES; s++) {
    size_t n = sizes[s];
    double *a = make_positive(n);
    double *lower = copy(a, n * n);
    double *upper = malloc(n * n * sizeof *upper);
    double *product = malloc(n * n * sizeof *product);
    double *inverse = malloc(n * n * sizeof *inverse);
    CHECK(ms_cholesky(lower, n));
    ms_matrix factor = ms_matrix_make(lower, n, n);
    ms_multiply(factor, ms_matrix_transposed(factor), ms_matrix_make(product, n, n));
    CHECK_NEAR(distance(product, a, n * n), 0, 1e-10);
    ms_invert_lower(lower, n, upper);
    ms_multiply(ms_matrix_make(upper, n, n), ms_matrix_transposed(ms_matrix_make(upper, n, n)),
                ms_matrix_make(inverse, n, n));
    ms_multiply(ms_matrix_make(a, n, n), ms_matrix_make(inverse, n, n),
                ms_matrix_make(product, n, n));
    ms_solve(lower, n, a, n);
    for (size_t i = 0; i < n; i++) {
      product[i * n + i] -= 1;
      a[i * n + i] -= 1;
    }
    for (size_t i = 0; i < n * n; i++) {
      inverse[i] = 0;
    }
    /* A A⁻¹ - I and the rows of A solved by A, less I; the condition number is below 10. */
    CHECK_NEAR(distance(product, inverse, n * n), 0, 1e-11);
    CHECK_NEAR(distance(a, inverse, n * n), 0, 1e-11);
    free(a);
    free(lower);
    free(upper);
    free(product);
    free(inverse);
  }
}

static void test_cholesky_refuses_an_indefinite_matrix(void) {
  double a[9] = {4, 2, 0, 2, 1, 0, 0, 0, 5};
  CHECK(!ms_cholesky(a, 3));
  double b[4] = {1, NAN, NAN, 1};
  CHECK(!ms_cholesky(b, 2));
}

static void test_log_det_of_a_diagonal_matrix(void) {
  double a[9] = {4, 0, 0, 0, 9, 0, 0, 0, 0.25};
  CHECK(ms_cholesky(a, 3));
  CHECK_NEAR(ms_cholesky_log_det(a, 3), log(9), 1e-14);
}

/* Checks A V = V diag(values), VᵀV = I and the order of the values. */
static void check_eigen(const double *a, size_t n, const double *values, const double *vectors,
                        size_t count, double size) {
  double *images = malloc(count * n * sizeof *images);
  double *products = malloc(count * count * sizeof *products);
  ms_matrix rows = ms_matrix_make((double *)vectors, count, n);
  ms_multiply(rows, ms_matrix_make((double *)a, n, n), ms_matrix_make(images, count, n));
  ms_gram(rows, products);
  double worst = 0;
  for (size_t i = 0; i < count; i++) {
    for (size_t j = 0; j < n; j++) {
      worst = fmax(worst, fabs(images[i * n + j] - values[i] * vectors[i * n + j]));
    }
    products[i * count + i] -= 1;
  }
  /* A hundred units in the last place of the largest entry. */
  CHECK_NEAR(worst, 0, 1e-13 * size * (double)(n + 10));
  double off = 0;
  for (size_t i = 0; i < count * count; i++) {
    off = fmax(off, fabs(products[i]));
  }
  CHECK_NEAR(off, 0, 1e-12);
  for (size_t i = 1; i < count; i++) {
    CHECK(values[i - 1] >= values[i]);
  }
  free(images);
  free(products);
}

static void check_decomposition(ms_context *context, const double *a, size_t n, double size) {
  double *spoilt = copy(a, n * n);
  double *values = malloc(n * sizeof *values);
  double *vectors = malloc(n * n * sizeof *vectors);
  size_t count = n;
  CHECK_EQUAL(ms_eigen_vectors(context, spoilt, n, 1, &count, values, vectors), MS_OK);
  CHECK_EQUAL(count, n);
  check_eigen(a, n, values, vectors, n, size);
  count = (n + 2) / 3;
  double *largest = malloc(n * sizeof *largest);
  memcpy(spoilt, a, n * n * sizeof *a);
  CHECK_EQUAL(ms_eigen_vectors(context, spoilt, n, 1, &count, largest, vectors), MS_OK);
  CHECK_EQUAL(count, (n + 2) / 3);
  check_eigen(a, n, largest, vectors, count, size);
  CHECK_NEAR(distance(largest, values, n), 0, 1e-14 * size * (double)(n + 10));
  free(largest);
  free(spoilt);
  free(values);
  free(vectors);
}

static void test_eigenvectors_of_random_symmetric_matrices(ms_context *context) {
  for (size_t s = 0; s < SIZES; s++) {
    size_t n = sizes[s];
    double *a = make_values(n * n, 5);
    for (size_t i = 0; i < n; i++) {
      for (size_t j = 0; j < i; j++) {
        a[j * n + i] = a[i * n + j];
      }
    }
    check_decomposition(context, a, n, 4);
    free(a);
  }
}

/* Rank 3 of 64, a multiple of the identity, all zero, and a diagonal over 24 decades. */
static void test_eigenvectors_of_degenerate_matrices(ms_context *context) {
  enum { N = 64 };
  double a[N * N];
  double *x = make_values(N * 3, 6);
  ms_gram(ms_matrix_make(x, N, 3), a);
  free(x);
  check_decomposition(context, a, N, 10);
  memset(a, 0, sizeof a);
  check_decomposition(context, a, N, 1);
  for (size_t i = 0; i < N; i++) {
    a[i * N + i] = 7;
  }
  check_decomposition(context, a, N, 7);
  for (size_t i = 0; i < N; i++) {
    a[i * N + i] = pow(10, 12 - 24.0 * (double)i / N);
  }
  check_decomposition(context, a, N, 1e12);
  for (size_t i = 0; i < N * N; i++) {
    a[i] = 1e150;
  }
  check_decomposition(context, a, N, 1e150);
}

/* Eigenvalues 90, 9 and 0.9, and zeros: nine tenths need one eigenvector, 0.99 two, more three. */
static void test_eigenvectors_for_a_share_of_the_trace(ms_context *context) {
  enum { N = 70 };
  const double shares[4] = {0.9, 0.99, 0.991, 0.9999};
  const size_t counts[4] = {1, 2, 3, 3};
  for (size_t s = 0; s < 4; s++) {
    double a[N * N] = {0};
    double values[N];
    double vectors[N * N];
    a[0] = 0.9;
    a[5 * N + 5] = 90.001;
    a[N * N - 1] = 9;
    size_t count = N;
    CHECK_EQUAL(ms_eigen_vectors(context, a, N, shares[s], &count, values, vectors), MS_OK);
    CHECK_EQUAL(count, counts[s]);
    CHECK_NEAR(fabs(vectors[5]), 1, 1e-14);
  }
}

/* The matrix of second differences has eigenvalues 4 sin²(k pi / (2 n + 2)). */
static void test_known_eigenvalues_without_vectors(ms_context *context) {
  enum { N = 150 };
  double a[N * N] = {0};
  double values[N];
  for (size_t i = 0; i < N; i++) {
    a[i * N + i] = 2;
    if (i > 0) {
      a[i * N + i - 1] = a[(i - 1) * N + i] = -1;
    }
  }
  CHECK_EQUAL(ms_eigen_project(context, a, N, values, NULL, 0), MS_OK);
  double worst = 0;
  for (size_t i = 0; i < N; i++) {
    double root = 2 * sin((double)(N - i) * 3.14159265358979324 / (2 * N + 2));
    worst = fmax(worst, fabs(values[i] - root * root));
  }
  CHECK_NEAR(worst, 0, 1e-13);
}

int main(void) {
  printf("seed %d\n", SEED);
  ms_context *context = NULL;
  CHECK_EQUAL(ms_context_create(NULL, &context), MS_OK);
  test_products_of_views_match_the_definition();
  test_cholesky_solves_and_inverts();
  test_cholesky_refuses_an_indefinite_matrix();
  test_log_det_of_a_diagonal_matrix();
  test_eigenvectors_of_random_symmetric_matrices(context);
  test_eigenvectors_of_degenerate_matrices(context);
  test_eigenvectors_for_a_share_of_the_trace(context);
  test_known_eigenvalues_without_vectors(context);
  ms_context_destroy(context);
  return CHECK_EXIT();
}
