/* AdamW over runs of one parameter block, so that groups can have their own rate and decay. */
#include "scorer/adamw.h"

#include <math.h>

static const double FIRST_DECAY = 0.9;
static const double SECOND_DECAY = 0.999;
static const double EPSILON = 1e-8;

void ms_adamw_begin(ms_adamw *state) {
  state->first_power *= FIRST_DECAY;
  state->second_power *= SECOND_DECAY;
}

void ms_adamw_update(ms_adamw *state, double *parameters, const double *gradient, size_t start,
                     size_t count, double rate, double decay) {
  for (size_t i = start; i < start + count; i++) {
    double slope = gradient[i];
    state->first[i] = FIRST_DECAY * state->first[i] + (1 - FIRST_DECAY) * slope;
    state->second[i] = SECOND_DECAY * state->second[i] + (1 - SECOND_DECAY) * slope * slope;
    double mean = state->first[i] / (1 - state->first_power);
    double deviation = sqrt(state->second[i] / (1 - state->second_power));
    parameters[i] -= rate * (mean / (deviation + EPSILON) + decay * parameters[i]);
  }
}
