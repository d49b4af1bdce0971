#ifndef TIDEMARK_COMMON_DECIMAL_H
#define TIDEMARK_COMMON_DECIMAL_H

#include "common/arena.h"
#include "common/error.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * Exact decimals, from text to text. A price is never a double: not while it is read, compared,
 * stored (PostgreSQL `numeric`) or served.
 *
 * Canonical text: an optional '-', digits without superfluous leading zeros, and a fraction whose
 * trailing zeros are kept as they came ("1.50" stays "1.50"). No exponent, no '+', never "-0".
 */
enum {
    DECIMAL_INPUT_MAX = 64, /* characters of input: longer is refused */
    DECIMAL_DIGITS_MAX =
        64, /* digits before, and digits after the point, once the exponent is gone */
    DECIMAL_TEXT_SIZE = 2 * DECIMAL_DIGITS_MAX + 4, /* holds any canonical text with its NUL */
};

/*
 * Reads a JSON number (RFC 8259 grammar, so no leading '+', '.', zeros, "NaN") and writes its
 * canonical text: "3.447e-09" becomes "0.000000003447". `*ret_text` lives in `arena`.
 * Errors: reject "decimal.malformed", "decimal.range".
 */
MUST_CHECK bool decimal_parse(const char *text, size_t size, struct arena *arena,
                              const char **ret_text, struct error *err);

/* The same for files written by people: also takes leading zeros, '+', ".5" and "5.". */
MUST_CHECK bool decimal_parse_lenient(const char *text, size_t size, struct arena *arena,
                                      const char **ret_text, struct error *err);

/* The rest take canonical text only. */

/* <0, 0, >0 as a is less than, equal to, more than b; by value, so "1.0" equals "1". */
int decimal_compare(const char *a, const char *b);
bool decimal_is_zero(const char *text);
bool decimal_is_negative(const char *text);

/*
 * Rounds half away from zero to `places` digits after the point (0..64), and pads nothing:
 * decimal_round("1.005", 2) is "1.01", decimal_round("1.5", 4) is "1.5".
 */
const char *decimal_round(const char *text, int32_t places, struct arena *arena);

/*
 * Exact arithmetic. Results are canonical, have as many places as the operand with the most (halves
 * one more where it is needed, products those of both), live in `arena`, and may be longer than
 * DECIMAL_TEXT_SIZE.
 */
const char *decimal_add(const char *a, const char *b, struct arena *arena);
const char *decimal_subtract(const char *a, const char *b, struct arena *arena);
const char *decimal_multiply(const char *text, uint32_t factor, struct arena *arena);
const char *decimal_product(const char *a, const char *b, struct arena *arena);
const char *decimal_halve(const char *text, struct arena *arena);

/*
 * The one that cannot be exact: a / b with exactly `places` digits after the point (0..64), rounded
 * half away from zero. b must not be zero, neither may be negative.
 */
const char *decimal_divide(const char *a, const char *b, int32_t places, struct arena *arena);

/*
 * The same with as many places as it takes for `digits` significant digits (1..64), at most 64, and
 * without zeros at its end.
 */
const char *decimal_ratio(const char *a, const char *b, int32_t digits, struct arena *arena);

#endif
