/*
 * What a scorer recalls of single training tasks: the Gaussian kernel's part of the start's ridge
 * regression. The score of model m gains
 *
 *   Σ_t exp(-ρ |x - x_t|²) v_tm
 *
 * over the training tasks t, x being log(class count) and the landmarks, standardised. A line
 * through all tasks cannot say what holds among similar ones alone.
 */
#ifndef MS_SCORER_RECALL_H
#define MS_SCORER_RECALL_H

#include "core/context.h"

typedef struct ms_recall {
  size_t task_count;   /* T, 0 for a scorer that recalls nothing */
  size_t number_count; /* 1 + L */
  size_t model_count;  /* M */
  double *block;
  double *reach;  /* [1], ρ */
  double *tasks;  /* [T][1 + L], x_t */
  double *values; /* [T][M], v */
} ms_recall;

/* True and *count = the doubles of a block, or false if that does not fit memory. */
bool ms_recall_count(size_t task_count, size_t number_count, size_t model_count, size_t *count);
/* The views of a block. */
ms_recall ms_recall_bind(size_t task_count, size_t number_count, size_t model_count, double *block);
/* exp(-reach |a - b|²) of count numbers */
double ms_recall_nearness(double reach, const double *a, const double *b, size_t count);
/* Adds to the scores [M] what is recalled near numbers [1 + L]; O(T (L + M)). */
void ms_recall_add(const ms_recall *recall, const double *numbers, double *scores);

#endif
