/* Scores by nearness to training tasks, formula in recall.h. The same bits on every machine. */
#include "scorer/recall.h"

#include "core/exact.h"
#include "core/size.h"

bool ms_recall_count(size_t task_count, size_t number_count, size_t model_count, size_t *count) {
  size_t size = 0;
  return ms_size_add(number_count, model_count, count) && ms_size_mul(*count, task_count, count) &&
         ms_size_add(*count, 1, count) && ms_size_mul(*count, sizeof(double), &size);
}

ms_recall ms_recall_bind(size_t task_count, size_t number_count, size_t model_count,
                         double *block) {
  return (ms_recall){
      .task_count = task_count,
      .number_count = number_count,
      .model_count = model_count,
      .block = block,
      .reach = block,
      .tasks = block + 1,
      .values = block + 1 + task_count * number_count,
  };
}

double ms_recall_nearness(double reach, const double *a, const double *b, size_t count) {
  double squared = 0;
  for (size_t i = 0; i < count; i++) {
    squared += (a[i] - b[i]) * (a[i] - b[i]);
  }
  return ms_exp(-reach * squared);
}

void ms_recall_add(const ms_recall *recall, const double *numbers, double *scores) {
  for (size_t t = 0; t < recall->task_count; t++) {
    double nearness = ms_recall_nearness(
        *recall->reach, numbers, recall->tasks + t * recall->number_count, recall->number_count);
    for (size_t m = 0; m < recall->model_count; m++) {
      scores[m] += nearness * recall->values[t * recall->model_count + m];
    }
  }
}
