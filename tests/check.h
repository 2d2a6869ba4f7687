/*
 * The checks of the C tests. A failing check prints where and what, and the test goes on; main
 * returns CHECK_EXIT(), which is non-zero after any failure.
 */
#ifndef MS_TESTS_CHECK_H
#define MS_TESTS_CHECK_H

#include <math.h>
#include <stdio.h>
#include <string.h>

static int check_failures;
static int check_count;

static inline void check_report(int passed, const char *file, int line, const char *text) {
  check_count++;
  if (!passed) {
    check_failures++;
    fprintf(stderr, "%s:%d: failed: %s\n", file, line, text);
  }
}

static inline void check_near(double actual, double expected, double tolerance, const char *file,
                              int line, const char *text) {
  int passed = fabs(actual - expected) <= tolerance;
  check_report(passed, file, line, text);
  if (!passed) {
    fprintf(stderr, "  is %.9g, expected %.9g within %.3g\n", actual, expected, tolerance);
  }
}

#define CHECK(condition) check_report((condition) ? 1 : 0, __FILE__, __LINE__, #condition)
#define CHECK_EQUAL(actual, expected) CHECK((actual) == (expected))
#define CHECK_TEXT(actual, expected)                                                               \
  check_report(strcmp((actual), (expected)) == 0, __FILE__, __LINE__, #actual " is " #expected)
/* The absolute difference is at most tolerance. */
#define CHECK_NEAR(actual, expected, tolerance)                                                    \
  check_near((actual), (expected), (tolerance), __FILE__, __LINE__, #actual " near " #expected)

/* Prints the count and gives main's result. */
static inline int check_exit(const char *name) {
  printf("%s: %d checks, %d failed\n", name, check_count, check_failures);
  return check_failures == 0 ? 0 : 1;
}
#define CHECK_EXIT() check_exit(__FILE__)

#endif
