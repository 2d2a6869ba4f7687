/*
 * Functions from the basic operations alone, so that every machine gives the same bits: the C
 * libraries differ in the last one.
 */
#ifndef MS_CORE_EXACT_H
#define MS_CORE_EXACT_H

/*
 * MS_CONST: the result depends on the arguments alone, MS_PURE: on what they point to as well.
 * Callers then keep in registers what another call might have written to.
 */
#if defined(__GNUC__) || defined(__clang__)
#define MS_CONST __attribute__((const))
#define MS_PURE __attribute__((pure))
#else
#define MS_CONST
#define MS_PURE
#endif

/* exp(x), to 2 units in the last place; 0 below -708 and for NaN, exp(709) above 709. */
MS_CONST double ms_exp(double x);

/* log(x), to 2 units in the last place; -infinity for 0, NaN below. */
MS_CONST double ms_log(double x);

/* log(1 + x) for x > -1, to 5 units in the last place. */
MS_CONST double ms_log1p(double x);

/* log Γ(x) for x > 0, to 1e-14 of the larger of 1 and the result. */
MS_CONST double ms_log_gamma(double x);

/* cos(2 π turn) for a turn of 0 … 1, to 1e-15. */
MS_CONST double ms_cos_turn(double turn);

#endif
