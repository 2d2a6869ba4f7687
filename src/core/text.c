/*
 * Formats the sentences of failures and parses the numbers of JSON. Numbers are parsed with whole
 * numbers as long as it takes, so that every one is rounded correctly.
 */
#include "core/text.h"

#include <math.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#include "core/finite.h"

typedef struct text_sink {
  char *text;
  size_t size;
  size_t used; /* more than size where it does not fit */
} text_sink;

static void put(text_sink *sink, char character) {
  if (sink->used < sink->size) {
    sink->text[sink->used] = character;
  }
  sink->used++;
}

static void put_text(text_sink *sink, const char *text, size_t most) {
  for (size_t i = 0; i < most && text[i] != '\0'; i++) {
    put(sink, text[i]);
  }
}

/* At least width digits. */
static void put_number(text_sink *sink, uint64_t number, unsigned base, size_t width) {
  char digits[20];
  size_t count = 0;
  do {
    digits[count++] = "0123456789abcdef"[number % base];
    number /= base;
  } while (number > 0 || (count < width && count < sizeof digits));
  while (count > 0) {
    put(sink, digits[--count]);
  }
}

/* The digits of a positive number, 100000 … 999999, and the power of ten of the first one. */
static uint32_t find_digits(double number, int *power) {
  *power = 5;
  for (; number >= 1e6; number /= 10) {
    ++*power;
  }
  for (; number < 1e5; number *= 10) {
    --*power;
  }
  uint32_t digits = (uint32_t)rint(number);
  if (digits == 1000000) {
    ++*power;
    digits = 100000;
  }
  return digits;
}

/* As %g: six digits, without zeros at the end. Scaling may move a number past a half of the last.
 */
static void put_double(text_sink *sink, double number) {
  if (signbit(number) && !ms_is_nan(number)) {
    put(sink, '-');
  }
  number = fabs(number);
  if (!(number > 0) || ms_is_infinite(number)) {
    put_text(sink, number == 0 ? "0" : ms_is_infinite(number) ? "inf" : "nan", SIZE_MAX);
    return;
  }
  int power = 0;
  uint32_t digits = find_digits(number, &power);
  bool scientific = power < -4 || power > 5;
  int first = scientific ? 0 : power; /* the power of ten of the first digit */
  for (int place = first < 0 ? 0 : first; place >= 0 || digits > 0; place--) {
    if (place == -1) {
      put(sink, '.');
    }
    if (place > first) {
      put(sink, '0');
    } else {
      put(sink, (char)('0' + digits / 100000));
      digits = digits % 100000 * 10;
    }
  }
  if (scientific) {
    put_text(sink, power < 0 ? "e-" : "e+", 2);
    put_number(sink, (uint64_t)(power < 0 ? -power : power), 10, 2);
  }
}

/* What stands between a % and its letter. */
typedef struct directive {
  size_t width;
  size_t precision;
} directive;

static void put_word(text_sink *sink, char letter, const directive *form, uint64_t word) {
  double number = 0;
  switch (letter) {
  case 's':
    put_text(sink, (const char *)(uintptr_t)word, form->precision);
    break;
  case 'g':
    memcpy(&number, &word, sizeof number);
    put_double(sink, number);
    break;
  case 'd':
    if ((int64_t)word < 0) {
      put(sink, '-');
      word = 0 - word;
    }
    put_number(sink, word, 10, form->width);
    break;
  default:
    put_number(sink, word, letter == 'x' ? 16 : 10, form->width);
    break;
  }
}

static const char *read_count(const char *format, size_t *count) {
  for (*count = 0; *format >= '0' && *format <= '9'; format++) {
    *count = *count * 10 + (size_t)(*format - '0');
  }
  return format;
}

/* Returns where the letter is; lengths are the words' own. */
static const char *read_directive(const char *format, directive *form, const uint64_t **words) {
  form->precision = SIZE_MAX;
  format = read_count(format, &form->width);
  if (format[0] == '.' && format[1] == '*') {
    form->precision = (size_t) * (*words)++;
    format += 2;
  } else if (format[0] == '.') {
    format = read_count(format + 1, &form->precision);
  }
  while (*format == 'l' || *format == 'z') {
    format++;
  }
  return format;
}

size_t ms_format_words(char *text, size_t size, const char *format, const uint64_t *words) {
  text_sink sink = {.text = text, .size = size > 0 ? size - 1 : 0};
  for (; *format != '\0'; format++) {
    directive form;
    if (*format != '%') {
      put(&sink, *format);
    } else if (format[1] == '%') {
      put(&sink, *++format);
    } else {
      format = read_directive(format + 1, &form, &words);
      put_word(&sink, *format, &form, *words++);
    }
  }
  if (size > 0) {
    text[sink.used < sink.size ? sink.used : sink.size] = '\0';
  }
  return sink.used;
}

size_t ms_format_2(char *text, size_t size, const char *format, uint64_t a, uint64_t b) {
  const uint64_t words[] = {a, b};
  return ms_format_words(text, size, format, words);
}

/*
 * A whole number in LIMBS × 32 bits, the lowest first: enough for MS_DIGITS digits either times
 * 10^HUGE_POWER, or with FRACTION_BITS bits behind the point, which leaves the least double,
 * 2^-1074, bits to be rounded by.
 */
enum { LIMBS = 48, HUGE_POWER = 310, FRACTION_BITS = 1152 };

static void multiply_add(uint32_t *limbs, uint32_t factor, uint32_t carry) {
  for (size_t i = 0; i < LIMBS; i++) {
    uint64_t product = (uint64_t)limbs[i] * factor + carry;
    limbs[i] = (uint32_t)product;
    carry = (uint32_t)(product >> 32);
  }
}

/* Returns the remainder. */
static uint32_t divide(uint32_t *limbs, uint32_t divisor) {
  uint64_t rest = 0;
  for (size_t i = LIMBS; i-- > 0;) {
    rest = rest << 32 | limbs[i];
    limbs[i] = (uint32_t)(rest / divisor);
    rest %= divisor;
  }
  return (uint32_t)rest;
}

static unsigned get_bit(const uint32_t *limbs, int place) {
  return limbs[place / 32] >> place % 32 & 1;
}

/* limbs 2^-shift, and a little more if inexact, to the nearest double; even ones in the middle. */
static double round_whole(const uint32_t *limbs, int shift, bool inexact) {
  int top = LIMBS * 32 - 1;
  while (top > 0 && !get_bit(limbs, top)) {
    top--;
  }
  int low = top - 52; /* the place of the last bit that is kept */
  low = low < shift - 1074 ? shift - 1074 : low;
  low = low < 0 ? 0 : low;
  uint64_t kept = 0;
  for (int place = top; place >= low; place--) {
    kept = kept << 1 | get_bit(limbs, place);
  }
  for (int place = 0; place < low - 1; place++) {
    inexact = inexact || get_bit(limbs, place);
  }
  if (low > 0 && get_bit(limbs, low - 1) && (inexact || (kept & 1))) {
    kept++;
  }
  return ldexp((double)kept, low - shift);
}

/* The number, its digits without leading zeros, those after the point. Returns where they end. */
static const char *read_digits(const char *text, uint32_t *limbs, int *digits, int *decimals) {
  bool after_point = false;
  for (; (*text >= '0' && *text <= '9') || (*text == '.' && !after_point); text++) {
    if (*text == '.') {
      after_point = true;
    } else {
      multiply_add(limbs, 10, (uint32_t)(*text - '0'));
      *digits += *digits > 0 || *text != '0';
      *decimals += after_point;
    }
  }
  return text;
}

/* e and a number, if they are there. Returns where they end. */
static const char *read_power(const char *text, int *power) {
  if (*text != 'e' && *text != 'E') {
    return text;
  }
  bool negative = text[1] == '-';
  const char *digits = text + (negative || text[1] == '+' ? 2 : 1);
  int sum = 0;
  const char *end = digits;
  for (; *end >= '0' && *end <= '9'; end++) {
    sum = sum < 10000 ? sum * 10 + (*end - '0') : sum;
  }
  *power = negative ? -sum : sum;
  return end == digits ? text : end;
}

/* 10^(the least of power, 9), which fits a limb; takes that from power. */
static uint32_t take_tens(int *power) {
  uint32_t tens = 1;
  for (int i = 0; i < 9 && *power > 0; i++) {
    tens *= 10;
    --*power;
  }
  return tens;
}

/* limbs 10^power for a number of up to digits digits. */
static double scale(uint32_t *limbs, int digits, int power) {
  if (digits == 0 || digits + power < -HUGE_POWER - MS_DIGITS) {
    return 0;
  }
  if (digits + power > HUGE_POWER) {
    return INFINITY;
  }
  int shift = 0;
  bool inexact = false;
  while (power > 0) {
    multiply_add(limbs, take_tens(&power), 0);
  }
  if (power < 0) {
    enum { WHOLE = FRACTION_BITS / 32 };
    memmove(limbs + WHOLE, limbs, (LIMBS - WHOLE) * sizeof *limbs);
    memset(limbs, 0, WHOLE * sizeof *limbs);
    shift = FRACTION_BITS;
  }
  power = -power;
  while (power > 0) {
    inexact = divide(limbs, take_tens(&power)) != 0 || inexact;
  }
  return round_whole(limbs, shift, inexact);
}

double ms_parse_number(const char *text, char **end) {
  uint32_t limbs[LIMBS] = {0};
  int digits = 0;
  int decimals = 0;
  int power = 0;
  bool negative = *text == '-';
  const char *start = text + (negative || *text == '+');
  const char *rest = read_digits(start, limbs, &digits, &decimals);
  *end = (char *)text;
  if (rest == start || (rest == start + 1 && *start == '.')) {
    return 0;
  }
  *end = (char *)read_power(rest, &power);
  power -= decimals;
  double number = scale(limbs, digits, power);
  return negative ? -number : number;
}
