/* What is said of single numbers: NaN stands for one that is missing. */
#ifndef MS_SCORER_NUMBER_H
#define MS_SCORER_NUMBER_H

#include "core/finite.h"

static inline bool ms_is_missing(double number) {
  return ms_is_nan(number);
}

#endif
