/*
 * Numbers as text and back, without the C library's: its are three times as long as all of this,
 * and follow the locale.
 */
#ifndef MS_CORE_TEXT_H
#define MS_CORE_TEXT_H

#include <stdarg.h>
#include <stddef.h>

#if defined(__GNUC__) || defined(__clang__)
#define MS_PRINTF(text, first) __attribute__((format(printf, text, first)))
#else
#define MS_PRINTF(text, first)
#endif

/*
 * As snprintf and vsnprintf, for %s %.Ns %.*s %d %u %x with l, ll, z and a width of zeros, %g
 * without options, and %%. Returns the size of the whole text, of which what fits is in text.
 */
size_t ms_format(char *text, size_t size, const char *format, ...) MS_PRINTF(3, 4);
size_t ms_format_list(char *text, size_t size, const char *format, va_list arguments);

/*
 * As strtod, for numbers as JSON writes them (digits, one point, an exponent) of up to MS_DIGITS
 * digits: rounded correctly, huge ones to infinity. *end is text where there is no number.
 */
enum { MS_DIGITS = 64 };
double ms_parse_number(const char *text, char **end);

#endif
