/*
 * The inputs of the golden tests, made from the recipes in tests/data/metrics.txt exactly as
 * make_fixtures.py makes them, and the expected values that it wrote.
 */
#ifndef MS_TESTS_TRANSFER_RECIPE_H
#define MS_TESTS_TRANSFER_RECIPE_H

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { RECIPE_NAME = 48 };

typedef struct recipe {
  char name[RECIPE_NAME];
  size_t count;
  size_t dimension;
  size_t class_count;
  unsigned long seed;
  double separation;
  double decay;
  double shift;
  int imbalanced;
  size_t source_count;
  float *features;      /* [count][dimension] */
  uint32_t *labels;     /* [count] */
  float *targets;       /* [count][2] */
  float *probabilities; /* [count][source_count] */
  size_t source_rows;
  float *source_features;  /* [source_rows][dimension] */
  uint32_t *source_labels; /* [source_rows], below source_count */
} recipe;

/* count doubles in [-1, 1), multiples of 2^-23, from splitmix64. The caller frees them. */
static inline double *recipe_units(uint64_t seed, size_t count) {
  double *units = malloc((count + 1) * sizeof *units);
  uint64_t state = seed;
  for (size_t i = 0; i < count && units != NULL; i++) {
    state += 0x9e3779b97f4a7c15u;
    uint64_t z = state;
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
    z ^= z >> 31;
    units[i] = (double)(z >> 40) * 0x1p-23 - 1;
  }
  return units;
}

static inline void recipe_make_labels(recipe *f) {
  double *units = recipe_units(f->seed * 10 + 1, f->count);
  f->labels = malloc(f->count * sizeof *f->labels);
  for (size_t i = 0; i < f->count; i++) {
    double half = (units[i] + 1) / 2;
    int drawn = f->imbalanced && i >= 2 * f->class_count;
    f->labels[i] =
        (uint32_t)(drawn ? (size_t)(half * half * (double)f->class_count) : i % f->class_count);
  }
  free(units);
}

static inline void recipe_make_features(recipe *f) {
  size_t width = f->dimension;
  double *noise = recipe_units(f->seed * 10 + 2, f->count * width);
  double *offsets = recipe_units(f->seed * 10 + 3, f->class_count * width);
  double *shifts = recipe_units(f->seed * 10 + 4, width);
  f->features = malloc(f->count * width * sizeof *f->features);
  for (size_t i = 0; i < f->count; i++) {
    double scale = 1;
    double left = 0;
    for (size_t j = 0; j < width; j++) {
      double value = noise[i * width + j] + f->separation * offsets[f->labels[i] * width + j];
      value *= scale;
      if (j > 0) {
        value += 0.5 * left * f->decay;
      }
      left = value;
      scale *= f->decay;
      f->features[i * width + j] = (float)(value + f->shift * shifts[j]);
    }
  }
  free(noise);
  free(offsets);
  free(shifts);
}

static inline void recipe_make_targets(recipe *f) {
  double *noise = recipe_units(f->seed * 10 + 5, 2 * f->count);
  f->targets = malloc(2 * f->count * sizeof *f->targets);
  for (size_t i = 0; i < f->count; i++) {
    const float *row = f->features + i * f->dimension;
    double linear = (double)row[0] - 2 * (double)row[f->dimension - 1];
    f->targets[2 * i] = (float)(linear + 0.25 * noise[2 * i]);
    f->targets[2 * i + 1] = (float)noise[2 * i + 1];
  }
  free(noise);
}

static inline void recipe_make_probabilities(recipe *f) {
  size_t width = f->source_count;
  double *units = recipe_units(f->seed * 10 + 6, f->count * width);
  f->probabilities = malloc(f->count * width * sizeof *f->probabilities);
  for (size_t i = 0; i < f->count; i++) {
    double *row = units + i * width;
    double sum = 0;
    for (size_t z = 0; z < width; z++) {
      double half = (row[z] + 1) / 2;
      row[z] = half * half * half * half + (3 * f->labels[i] % width == z);
      sum += row[z];
    }
    for (size_t z = 0; z < width; z++) {
      f->probabilities[i * width + z] = (float)(row[z] / sum);
    }
  }
  free(units);
}

static inline void recipe_make_source(recipe *f) {
  size_t width = f->dimension;
  f->source_rows = f->count / 2 + 5;
  double *noise = recipe_units(f->seed * 10 + 7, f->source_rows * width);
  double *centers = recipe_units(f->seed * 10 + 8, f->source_count * width);
  f->source_features = malloc(f->source_rows * width * sizeof *f->source_features);
  f->source_labels = malloc(f->source_rows * sizeof *f->source_labels);
  for (size_t i = 0; i < f->source_rows; i++) {
    f->source_labels[i] = (uint32_t)(i % f->source_count);
    for (size_t j = 0; j < width; j++) {
      double center = centers[f->source_labels[i] * width + j];
      f->source_features[i * width + j] =
          (float)(noise[i * width + j] + 2 * f->separation * center);
    }
  }
  free(noise);
  free(centers);
}

static inline void recipe_free(recipe *f) {
  free(f->features);
  free(f->labels);
  free(f->targets);
  free(f->probabilities);
  free(f->source_features);
  free(f->source_labels);
  memset(f, 0, sizeof *f);
}

/* Makes the inputs of a line "case …"; 0 if it is not one. */
static inline int recipe_make(const char *line, recipe *f) {
  recipe made = {.name = ""};
  int read = sscanf(line, "case %47s %zu %zu %zu %lu %lf %lf %lf %d %zu", made.name, &made.count,
                    &made.dimension, &made.class_count, &made.seed, &made.separation, &made.decay,
                    &made.shift, &made.imbalanced, &made.source_count);
  if (read != 10) {
    return 0;
  }
  recipe_make_labels(&made);
  recipe_make_features(&made);
  recipe_make_targets(&made);
  recipe_make_probabilities(&made);
  recipe_make_source(&made);
  *f = made;
  return 1;
}

#endif
