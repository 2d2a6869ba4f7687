/*
 * Functions from the basic operations alone, so that every machine gives the same bits: the C
 * libraries differ in the last one.
 */
#ifndef MS_CORE_EXACT_H
#define MS_CORE_EXACT_H

/* exp(x), to 2 units in the last place; 0 below -708 and for NaN, exp(709) above 709. */
double ms_exp(double x);

/* log(x), to 2 units in the last place; -infinity for 0, NaN below. */
double ms_log(double x);

/* log(1 + x) for x > -1, to 5 units in the last place. */
double ms_log1p(double x);

/* log Γ(x) for x > 0, to 1e-14 of the larger of 1 and the result. */
double ms_log_gamma(double x);

/* cos(2 π turn) for a turn of 0 … 1, to 1e-15. */
double ms_cos_turn(double turn);

#endif
