/*
 * Seconds of every metric of the table, on one core: metric_bench [ROWS DIMENSION CLASSES [NAME]].
 * The best of three runs by processor time, so that other programs disturb less. Features have a
 * decaying spectrum and classes that overlap, as those of a network have.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "core/random.h"
#include "modelspider/modelspider.h"

enum { RUNS = 3 };

static size_t read_argument(int count, char **arguments, int index, size_t otherwise) {
  size_t value = index < count ? strtoul(arguments[index], NULL, 10) : 0;
  return value > 0 ? value : otherwise;
}

/* features[i][j] = relu(class offset + noise), smaller and smaller with j */
static void fill(float *features, uint32_t *labels, size_t count, size_t dimension,
                 size_t class_count) {
  ms_random random = ms_random_make(1, 0);
  float *offsets = malloc(class_count * dimension * sizeof *offsets);
  for (size_t i = 0; i < class_count * dimension && offsets != NULL; i++) {
    offsets[i] = 0.1f * (float)ms_random_normal(&random);
  }
  for (size_t i = 0; i < count && offsets != NULL; i++) {
    labels[i] = (uint32_t)(i % class_count);
    for (size_t j = 0; j < dimension; j++) {
      double value = 0.3 + offsets[labels[i] * dimension + j] + ms_random_normal(&random);
      double scale = 1 / (1 + 10 * (double)j / (double)dimension);
      features[i * dimension + j] = (float)(value > 0 ? value * scale : 0);
    }
  }
  free(offsets);
}

static double time_metric(ms_context *context, size_t index, const float *features, size_t count,
                          size_t dimension, const uint32_t *labels, size_t class_count,
                          double *value) {
  double best = 1e9;
  for (int run = 0; run < RUNS; run++) {
    clock_t start = clock();
    if (ms_metric_compute(context, index, features, count, dimension, labels, class_count, value) !=
        MS_OK) {
      printf("%s\n", ms_context_message(context));
    }
    double seconds = (double)(clock() - start) / CLOCKS_PER_SEC;
    best = seconds < best ? seconds : best;
  }
  return best;
}

int main(int argument_count, char **arguments) {
  size_t count = read_argument(argument_count, arguments, 1, 1000);
  size_t dimension = read_argument(argument_count, arguments, 2, 1280);
  size_t class_count = read_argument(argument_count, arguments, 3, 20);
  float *features = malloc(count * dimension * sizeof *features);
  uint32_t *labels = malloc(count * sizeof *labels);
  ms_context *context = NULL;
  if (features == NULL || labels == NULL || ms_context_create(NULL, &context) != MS_OK) {
    return 1;
  }
  fill(features, labels, count, dimension, class_count);
  double total = 0;
  printf("%zu rows, %zu features, %zu classes\n", count, dimension, class_count);
  for (size_t i = 0; i < ms_metric_count(); i++) {
    if (argument_count > 4 && strcmp(arguments[4], ms_metric_name(i)) != 0) {
      continue;
    }
    double value = 0;
    double seconds =
        time_metric(context, i, features, count, dimension, labels, class_count, &value);
    printf("%-20s %8.3f s  %.6g\n", ms_metric_name(i), seconds, value);
    total += seconds;
  }
  printf("%-20s %8.3f s\n", "together", total);
  ms_context_destroy(context);
  free(features);
  free(labels);
  return 0;
}
