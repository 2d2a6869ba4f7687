/* The training losses, formulas in loss.h. Which tasks count how much is the trainer's matter. */
#include "scorer/loss.h"

#include <math.h>
#include <string.h>

#include "core/exact.h"
#include "scorer/number.h"
#include "scorer/order.h"

/* The models with a target, best first. */
typedef struct present_models {
  size_t count;
  size_t *models;       /* [count] */
  const float *targets; /* of all models, as scores */
  const double *scores;
  double *strengths; /* [count], exp((score - largest) / temperature) */
  double *left;      /* [count + 1], the sum of strengths from here to the worst */
} present_models;

static ms_status find_present(ms_context *context, const double *scores, const float *targets,
                              size_t count, present_models *present) {
  float *keys = NULL; /* [count], -infinity where a target is missing */
  *present = (present_models){.scores = scores, .targets = targets};
  MS_TRY(MS_SCRATCH(context, count, &keys));
  MS_TRY(MS_SCRATCH(context, count, &present->models));
  MS_TRY(MS_SCRATCH(context, 2 * count + 1, &present->strengths));
  present->left = present->strengths + count;
  for (size_t m = 0; m < count; m++) {
    bool missing = ms_is_missing(targets[m]);
    keys[m] = missing ? -INFINITY : targets[m];
    present->count += missing ? 0 : 1;
  }
  ms_order_descending(keys, keys, count, present->models);
  return MS_OK;
}

static void find_strengths(present_models *present, double temperature) {
  double largest = -INFINITY;
  for (size_t i = 0; i < present->count; i++) {
    double score = present->scores[present->models[i]];
    largest = score > largest ? score : largest;
  }
  present->left[present->count] = 0;
  for (size_t i = present->count; i-- > 0;) {
    /* A floor keeps the logarithm of what is left finite. */
    double above = present->scores[present->models[i]] - largest;
    present->strengths[i] = ms_exp(above / temperature) + 1e-200;
    present->left[i] = present->left[i + 1] + present->strengths[i];
  }
}

/* slopes[model] of the Plackett-Luce loss, unweighted and by score / temperature; its value. */
static double add_listwise(const present_models *present, double temperature, double factor,
                           double *slopes) {
  double loss = 0;
  double drawn = 0; /* Σ over all draws so far of 1 / what was left */
  for (size_t start = 0; start < present->count;) {
    size_t end = start + 1;
    float target = present->targets[present->models[start]];
    while (end < present->count && present->targets[present->models[end]] == target) {
      end++;
    }
    double size = (double)(end - start);
    double group = 0;
    double logs = 0;
    for (size_t i = start; i < end; i++) {
      group += present->strengths[i];
      logs -= ms_log(present->strengths[i]);
    }
    double within = 0; /* Σ over the group's draws of (1 - j / g) / what was left */
    double before = drawn;
    for (size_t j = 0; j < end - start; j++) {
      double left = present->left[start] - (double)j / size * group;
      drawn += 1 / left;
      within += (1 - (double)j / size) / left;
      logs += ms_log(left);
    }
    for (size_t i = start; i < end; i++) {
      double slope = present->strengths[i] * (before + within) - 1;
      slopes[present->models[i]] += factor * slope / temperature;
    }
    loss += logs;
    start = end;
  }
  return factor * loss;
}

static double add_squared(const present_models *present, double factor, double *slopes) {
  double count = (double)present->count;
  double mean = 0;
  for (size_t i = 0; i < present->count; i++) {
    size_t m = present->models[i];
    mean += present->scores[m] - present->targets[m];
  }
  mean /= count;
  double loss = 0;
  for (size_t i = 0; i < present->count; i++) {
    size_t m = present->models[i];
    double error = present->scores[m] - present->targets[m] - mean;
    loss += error * error;
    /* The errors sum to 0, so the slope through the mean vanishes. */
    slopes[m] += factor * 2 * error;
  }
  return factor * loss;
}

ms_status ms_loss(ms_context *context, const ms_loss_weights *weights, const double *scores,
                  const float *targets, size_t count, double *slopes, double *loss) {
  present_models present;
  MS_TRY(find_present(context, scores, targets, count, &present));
  *loss = 0;
  memset(slopes, 0, count * sizeof *slopes);
  if (present.count >= 2) {
    double share = 1 / (double)present.count;
    find_strengths(&present, weights->temperature);
    *loss += add_listwise(&present, weights->temperature, weights->listwise * share, slopes);
    *loss += add_squared(&present, weights->squared * share, slopes);
  }
  return MS_OK;
}
