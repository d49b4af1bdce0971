#include "common/decimal.h"

#include <string.h>

/* A number taken apart, its exponent already applied to the place of the point. */
struct parts {
    bool negative;
    char digits[DECIMAL_INPUT_MAX]; /* of the whole part, then of the fraction: '0'..'9' */
    int32_t count;
    int32_t point; /* the point stands before digits[point]; may lie outside of them */
};

/* Anything above this is out of range whatever the digits are, and cannot overflow an int32. */
enum { EXPONENT_MAX = 100000 };

struct cursor {
    const char *at, *end;
};

static bool
take(struct cursor *cursor, char c)
{
    if (cursor->at == cursor->end || *cursor->at != c)
        return false;
    cursor->at++;
    return true;
}

static bool
at_digit(const struct cursor *cursor)
{
    return cursor->at < cursor->end && *cursor->at >= '0' && *cursor->at <= '9';
}

/* Appends the run of digits at the cursor; returns how many there were. */
static int32_t
take_digits(struct cursor *cursor, struct parts *parts)
{
    int32_t before = parts->count;

    while (at_digit(cursor))
        parts->digits[parts->count++] = *cursor->at++;
    return parts->count - before;
}

static bool
take_exponent(struct cursor *cursor, struct parts *parts)
{
    int32_t exponent = 0;
    bool negative;

    if (!take(cursor, 'e') && !take(cursor, 'E'))
        return true;
    negative = take(cursor, '-');
    if (!negative)
        take(cursor, '+');
    if (!at_digit(cursor))
        return false;
    for (; at_digit(cursor); cursor->at++)
        if (exponent < EXPONENT_MAX)
            exponent = exponent * 10 + (*cursor->at - '0');
    parts->point += negative ? -exponent : exponent;
    return true;
}

/* The grammar of RFC 8259 section 6, or the lenient one of the header. */
static bool
take_apart(struct cursor cursor, bool lenient, struct parts *parts)
{
    int32_t whole, fraction = 0;

    parts->negative = take(&cursor, '-');
    if (lenient && !parts->negative)
        take(&cursor, '+');
    whole = take_digits(&cursor, parts);
    parts->point = whole;
    if (!lenient && (whole == 0 || (whole > 1 && parts->digits[0] == '0')))
        return false;
    if (take(&cursor, '.')) {
        fraction = take_digits(&cursor, parts);
        if (!lenient && fraction == 0)
            return false;
    }
    return whole + fraction > 0 && take_exponent(&cursor, parts) && cursor.at == cursor.end;
}

static char *
put_zeros(char *out, int32_t count)
{
    if (count <= 0)
        return out;
    memset(out, '0', (size_t)count);
    return out + count;
}

static char *
put_digits(char *out, const struct parts *parts, int32_t from, int32_t to)
{
    if (to <= from)
        return out;
    memcpy(out, parts->digits + from, (size_t)(to - from));
    return out + (to - from);
}

/* Writes the canonical text, whose size was checked before. */
static void
put_together(const struct parts *parts, int32_t first, char *out)
{
    int32_t count = parts->count, point = parts->point;

    if (parts->negative)
        *out++ = '-';
    if (point <= first)
        *out++ = '0';
    out = put_digits(out, parts, first, point < count ? point : count);
    out = put_zeros(out, point - count);
    if (point < count) {
        *out++ = '.';
        out = put_zeros(out, -point);
        out = put_digits(out, parts, point > 0 ? point : 0, count);
    }
    *out = '\0';
}

static bool
parse(const char *text, size_t size, bool lenient, struct arena *arena, const char **ret_text,
      struct error *err)
{
    struct parts parts = {.count = 0};
    int32_t first = 0, whole;
    char *out;

    if (size > DECIMAL_INPUT_MAX)
        return error_set(err, ERROR_REJECT, "decimal.range", "a number of %zu characters", size);
    if (!take_apart((struct cursor){text, text + size}, lenient, &parts))
        return error_set(err, ERROR_REJECT, "decimal.malformed", "\"%.*s\" is not a number",
                         (int)size, text);
    while (first < parts.count && parts.digits[first] == '0')
        first++;
    if (first == parts.count) { /* zero has no sign, and 0e9 no more digits than 0 */
        parts.negative = false;
        if (parts.point > parts.count)
            parts.point = parts.count;
    }
    whole = parts.point - first;
    if (whole > DECIMAL_DIGITS_MAX || parts.count - parts.point > DECIMAL_DIGITS_MAX)
        return error_set(err, ERROR_REJECT, "decimal.range",
                         "\"%.*s\" has more than %d digits before or after the point", (int)size,
                         text, DECIMAL_DIGITS_MAX);
    out = arena_alloc(arena, DECIMAL_TEXT_SIZE);
    put_together(&parts, first, out);
    *ret_text = out;
    return true;
}

bool
decimal_parse(const char *text, size_t size, struct arena *arena, const char **ret_text,
              struct error *err)
{
    return parse(text, size, false, arena, ret_text, err);
}

bool
decimal_parse_lenient(const char *text, size_t size, struct arena *arena, const char **ret_text,
                      struct error *err)
{
    return parse(text, size, true, arena, ret_text, err);
}

bool
decimal_is_negative(const char *text)
{
    return text[0] == '-';
}

bool
decimal_is_zero(const char *text)
{
    return text[strspn(text, "-0.")] == '\0';
}

/* Compares two canonical texts without sign. */
static int
compare_sizes(const char *a, const char *b)
{
    size_t a_whole = strcspn(a, "."), b_whole = strcspn(b, ".");
    int order;

    if (a_whole != b_whole)
        return a_whole < b_whole ? -1 : 1;
    order = memcmp(a, b, a_whole);
    if (order)
        return order;
    a += a_whole + (a[a_whole] == '.');
    b += b_whole + (b[b_whole] == '.');
    while (*a || *b) { /* the shorter fraction goes on with zeros */
        char digit_a = *a ? *a++ : '0', digit_b = *b ? *b++ : '0';

        if (digit_a != digit_b)
            return digit_a < digit_b ? -1 : 1;
    }
    return 0;
}

int
decimal_compare(const char *a, const char *b)
{
    bool a_negative = decimal_is_negative(a), b_negative = decimal_is_negative(b);

    if (a_negative != b_negative)
        return a_negative ? -1 : 1;
    return a_negative ? compare_sizes(b + 1, a + 1) : compare_sizes(a, b);
}

/* Adds one to the last digit before `end`, carrying; true if the carry fell off the front. */
static bool
increment(char *begin, char *end)
{
    while (end > begin) {
        if (*--end == '.')
            continue;
        if (*end != '9') {
            ++*end;
            return false;
        }
        *end = '0';
    }
    return true;
}

const char *
decimal_round(const char *text, int32_t places, struct arena *arena)
{
    const char *point = strchr(text, '.');
    char *copy, *digits;
    size_t keep;
    bool up;

    if (!point || strlen(point + 1) <= (size_t)places)
        return text;
    up = point[1 + places] >= '5';
    keep = (size_t)(point - text) + (places > 0 ? 1 + (size_t)places : 0);
    /* One place in front for a carry: "9.96" becomes "10.0". */
    copy = arena_alloc(arena, keep + 2);
    memcpy(copy + 1, text, keep);
    copy[keep + 1] = '\0';
    digits = copy + 1 + decimal_is_negative(text);
    if (up && increment(digits, copy + 1 + keep)) {
        *--digits = '1';
        if (decimal_is_negative(text))
            *--digits = '-';
        return digits;
    }
    return decimal_is_negative(text) && decimal_is_zero(copy + 1) ? digits : copy + 1;
}

/* ------------------------------------------------------------------------------- arithmetic */

/* A magnitude of `count` digits, the last `places` of them behind the point. */
struct magnitude {
    char *digits; /* 0 .. 9, not text */
    size_t count, places;
};

static size_t
places_of(const char *text)
{
    const char *point = strchr(text, '.');

    return point ? strlen(point + 1) : 0;
}

static size_t
whole_of(const char *text)
{
    return strcspn(text + decimal_is_negative(text), ".");
}

/* The digits of `text` without its sign, filled up with zeros in front and behind. */
static struct magnitude
spread_out(const char *text, size_t whole, size_t places, struct arena *arena)
{
    struct magnitude number = {arena_alloc(arena, whole + places), whole + places, places};
    char *out = number.digits + (whole - whole_of(text));

    memset(number.digits, 0, number.count);
    for (text += decimal_is_negative(text); *text; text++) {
        if (*text != '.')
            *out++ = (char)(*text - '0');
    }
    return number;
}

static const char *
write_magnitude(const struct magnitude *number, bool negative, struct arena *arena)
{
    size_t first = 0, whole = number->count - number->places;
    char *text = arena_alloc(arena, number->count + 4), *out = text;

    while (first < whole && number->digits[first] == 0)
        first++;
    if (negative)
        *out++ = '-';
    if (first == whole)
        *out++ = '0';
    for (size_t i = first; i < number->count; i++) {
        if (i == whole)
            *out++ = '.';
        *out++ = (char)('0' + number->digits[i]);
    }
    *out = '\0';
    return negative && decimal_is_zero(text) ? text + 1 : text;
}

/* larger += sign * smaller, digit by digit; both are of one length. */
static void
accumulate(struct magnitude *larger, const struct magnitude *smaller, int sign)
{
    int carry = 0;

    for (size_t i = larger->count; i-- > 0;) {
        int digit = larger->digits[i] + sign * smaller->digits[i] + carry;

        carry = digit > 9 ? 1 : digit < 0 ? -1 : 0;
        larger->digits[i] = (char)(digit - 10 * carry);
    }
}

static size_t
larger_of(size_t a, size_t b)
{
    return a > b ? a : b;
}

/* a + b, with the sign of b given apart from it. */
static const char *
combine(const char *a, const char *b, bool b_negative, struct arena *arena)
{
    size_t places = larger_of(places_of(a), places_of(b));
    size_t whole = larger_of(whole_of(a), whole_of(b)) + 1; /* room for the carry */
    struct magnitude left = spread_out(a, whole, places, arena);
    struct magnitude right = spread_out(b, whole, places, arena);
    bool a_negative = decimal_is_negative(a);

    if (a_negative == b_negative) {
        accumulate(&left, &right, 1);
        return write_magnitude(&left, a_negative, arena);
    }
    if (memcmp(left.digits, right.digits, left.count) < 0) {
        accumulate(&right, &left, -1);
        return write_magnitude(&right, b_negative, arena);
    }
    accumulate(&left, &right, -1);
    return write_magnitude(&left, a_negative, arena);
}

const char *
decimal_add(const char *a, const char *b, struct arena *arena)
{
    return combine(a, b, decimal_is_negative(b), arena);
}

const char *
decimal_subtract(const char *a, const char *b, struct arena *arena)
{
    return combine(a, b, !decimal_is_negative(b), arena);
}

enum { FACTOR_DIGITS = 10 }; /* of an uint32_t */

static struct magnitude
multiply(const char *text, uint32_t factor, struct arena *arena)
{
    struct magnitude number =
        spread_out(text, whole_of(text) + FACTOR_DIGITS, places_of(text), arena);
    uint64_t carry = 0;

    for (size_t i = number.count; i-- > 0;) {
        carry += (uint64_t)number.digits[i] * factor;
        number.digits[i] = (char)(carry % 10);
        carry /= 10;
    }
    return number;
}

const char *
decimal_multiply(const char *text, uint32_t factor, struct arena *arena)
{
    struct magnitude number = multiply(text, factor, arena);

    return write_magnitude(&number, decimal_is_negative(text), arena);
}

/* As on paper: the digits of one below each other for each digit of the other. */
const char *
decimal_product(const char *a, const char *b, struct arena *arena)
{
    struct magnitude left = spread_out(a, whole_of(a), places_of(a), arena);
    struct magnitude right = spread_out(b, whole_of(b), places_of(b), arena);
    struct magnitude product = {arena_alloc(arena, left.count + right.count),
                                left.count + right.count, left.places + right.places};

    memset(product.digits, 0, product.count);
    for (size_t i = left.count; i-- > 0;) {
        int carry = 0;

        for (size_t k = right.count; k-- > 0;) {
            char *digit = &product.digits[i + k + 1];

            carry += *digit + left.digits[i] * right.digits[k];
            *digit = (char)(carry % 10);
            carry /= 10;
        }
        product.digits[i] = (char)carry;
    }
    return write_magnitude(&product, decimal_is_negative(a) != decimal_is_negative(b), arena);
}

/* Five tenths of it. */
const char *
decimal_halve(const char *text, struct arena *arena)
{
    struct magnitude number = multiply(text, 5, arena);

    number.places++;
    if (number.digits[number.count - 1] == 0) {
        number.count--;
        number.places--;
    }
    return write_magnitude(&number, decimal_is_negative(text), arena);
}

/* remainder = remainder * 10 + digit; the first digit of it is zero before. */
static void
bring_down(struct magnitude *remainder, char digit)
{
    memmove(remainder->digits, remainder->digits + 1, remainder->count - 1);
    remainder->digits[remainder->count - 1] = digit;
}

/* How often `divisor` fits, 0 to 9; the rest is left. */
static char
take_out(struct magnitude *remainder, const struct magnitude *divisor)
{
    char times = 0;

    while (memcmp(remainder->digits, divisor->digits, divisor->count) >= 0) {
        accumulate(remainder, divisor, -1);
        times++;
    }
    return times;
}

/* As one divides on paper, with one digit more than asked for, to round by. */
const char *
decimal_divide(const char *a, const char *b, int32_t places, struct arena *arena)
{
    size_t shift = larger_of(places_of(a), places_of(b)), more = (size_t)places + 1;
    struct magnitude dividend = spread_out(a, whole_of(a), shift, arena);
    struct magnitude divisor = spread_out(b, whole_of(b) + 1, shift, arena);
    struct magnitude rest = {arena_alloc(arena, divisor.count), divisor.count, 0};
    struct magnitude quotient = {arena_alloc(arena, dividend.count + more), dividend.count + more,
                                 more};

    memset(rest.digits, 0, rest.count);
    for (size_t i = 0; i < quotient.count; i++) {
        bring_down(&rest, i < dividend.count ? dividend.digits[i] : 0);
        quotient.digits[i] = take_out(&rest, &divisor);
    }
    return decimal_round(write_magnitude(&quotient, false, arena), places, arena);
}

/* The power of ten of the first digit that is not zero: 2 of "123", -3 of "0.00123". */
static int32_t
order_of(const char *text)
{
    int32_t whole = (int32_t)whole_of(text), order = whole - 1;

    for (text += decimal_is_negative(text); *text == '0' || *text == '.'; text++)
        order -= *text == '0';
    return order;
}

const char *
decimal_ratio(const char *a, const char *b, int32_t digits, struct arena *arena)
{
    /* The quotient's first digit is at the difference of the orders, or one place behind it. */
    int32_t places = digits - (order_of(a) - order_of(b));
    const char *ratio;
    char *end, *text;

    if (places > DECIMAL_DIGITS_MAX)
        places = DECIMAL_DIGITS_MAX;
    ratio = decimal_divide(a, b, places > 0 ? places : 0, arena);
    if (!strchr(ratio, '.'))
        return ratio;
    text = arena_string(arena, ratio);
    end = text + strlen(text);
    while (end[-1] == '0')
        end--;
    *(end[-1] == '.' ? end - 1 : end) = '\0';
    return text;
}
