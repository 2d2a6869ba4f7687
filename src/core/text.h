/*
 * Numbers as text and back, without the C library's: its are three times as long as all of this,
 * and follow the locale.
 */
#ifndef MS_CORE_TEXT_H
#define MS_CORE_TEXT_H

#include <stddef.h>
#include <stdint.h>

#if defined(__GNUC__) || defined(__clang__)
#define MS_PRINTF(text, first) __attribute__((format(printf, text, first)))
#else
#define MS_PRINTF(text, first)
#endif

/*
 * What a format names travels in words, not as variable arguments, which every caller would have to
 * store: integers extended by their sign, the bits of doubles, the addresses of texts. Only the
 * compiler sees ms_check_format, which does not exist, and complains of what does not fit.
 */
int ms_check_format(const char *format, ...) MS_PRINTF(1, 2);
#define MS_CHECK_FORMAT(...) ((void)sizeof(ms_check_format(__VA_ARGS__)))

static inline uint64_t ms_word_of_integer(uint64_t number) {
  return number;
}
static inline uint64_t ms_word_of_text(const char *text) {
  return (uintptr_t)text;
}
static inline uint64_t ms_word_of_double(double number) {
  union {
    double number;
    uint64_t bits;
  } both = {number};
  return both.bits;
}
#define MS_WORD(x)                                                                                 \
  _Generic((x), double                                                                             \
           : ms_word_of_double, float                                                              \
           : ms_word_of_double, char *                                                             \
           : ms_word_of_text, const char *                                                         \
           : ms_word_of_text, default                                                              \
           : ms_word_of_integer)(x)

/* A format and its words, filled up with zeros to 2, 4 or 8 of them. */
#define MS_WORDS_0(format) (format), 0, 0
#define MS_WORDS_1(format, a) (format), MS_WORD(a), 0
#define MS_WORDS_2(format, a, b) (format), MS_WORD(a), MS_WORD(b)
#define MS_WORDS_3(format, a, b, c) MS_WORDS_2(format, a, b), MS_WORD(c), 0
#define MS_WORDS_4(format, a, b, c, d) MS_WORDS_2(format, a, b), MS_WORD(c), MS_WORD(d)
#define MS_WORDS_5(format, a, b, c, d, e) MS_WORDS_4(format, a, b, c, d), MS_WORD(e), 0, 0, 0
#define MS_WORDS_6(format, a, b, c, d, e, f)                                                       \
  MS_WORDS_4(format, a, b, c, d), MS_WORD(e), MS_WORD(f), 0, 0
#define MS_WORDS_7(format, a, b, c, d, e, f, g)                                                    \
  MS_WORDS_4(format, a, b, c, d), MS_WORD(e), MS_WORD(f), MS_WORD(g), 0
#define MS_WORDS_8(format, a, b, c, d, e, f, g, h)                                                 \
  MS_WORDS_4(format, a, b, c, d), MS_WORD(e), MS_WORD(f), MS_WORD(g), MS_WORD(h)
#define MS_PICK_NINTH(a, b, c, d, e, f, g, h, i, ninth, ...) ninth
#define MS_WORDS(...)                                                                              \
  MS_PICK_NINTH(__VA_ARGS__, MS_WORDS_8, MS_WORDS_7, MS_WORDS_6, MS_WORDS_5, MS_WORDS_4,           \
                MS_WORDS_3, MS_WORDS_2, MS_WORDS_1, MS_WORDS_0, 0)                                 \
  (__VA_ARGS__)
/* The name of one of three functions: the one that takes as many words as MS_WORDS makes. */
#define MS_BY_WORDS(of_2, of_4, of_8, ...)                                                         \
  MS_PICK_NINTH(__VA_ARGS__, of_8, of_8, of_8, of_8, of_4, of_4, of_2, of_2, of_2, 0)

/*
 * As vsnprintf, for %s %.Ns %.*s %d %u %x with any length and a width of zeros, %g without options,
 * and %%, with one word for each number or text. Returns the size of the whole text, of which what
 * fits is in text.
 */
size_t ms_format_words(char *text, size_t size, const char *format, const uint64_t *words);
/* The same as snprintf: ms_format(text, size, format, …), of up to two words. */
size_t ms_format_2(char *text, size_t size, const char *format, uint64_t a, uint64_t b);
#define ms_format(text, size, ...)                                                                 \
  (MS_CHECK_FORMAT(__VA_ARGS__), ms_format_2((text), (size), MS_WORDS(__VA_ARGS__)))

/*
 * As strtod, for numbers as JSON writes them (digits, one point, an exponent) of up to MS_DIGITS
 * digits: rounded correctly, huge ones to infinity. *end is text where there is no number.
 */
enum { MS_DIGITS = 64 };
double ms_parse_number(const char *text, char **end);

#endif
