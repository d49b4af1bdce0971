#include "common/decimal.h"

#include "fuzz/fuzz.h"

#include <string.h>

static void
check_canonical(const char *text, struct arena *arena)
{
    const char *again, *rounded;
    struct error err;

    MUST_HOLD(strlen(text) < DECIMAL_TEXT_SIZE, "canonical text has the size that we promise");
    MUST_HOLD(decimal_compare(text, text) == 0, "a number equals itself");
    MUST_HOLD(!(decimal_is_zero(text) && decimal_is_negative(text)), "there is no minus zero");
    if (strlen(text) <= DECIMAL_INPUT_MAX) {
        MUST_HOLD(decimal_parse(text, strlen(text), arena, &again, &err),
                  "canonical text is a number");
        MUST_HOLD(strcmp(text, again) == 0, "canonical text is its own canonical text");
    }
    for (int32_t places = 0; places < 4; places++) {
        const char *point;

        rounded = decimal_round(text, places, arena);
        point = strchr(rounded, '.');
        MUST_HOLD(!point || strlen(point + 1) <= (size_t)places, "rounding leaves few places");
        MUST_HOLD(strcmp(decimal_round(rounded, places, arena), rounded) == 0,
                  "rounding twice changes nothing more");
        MUST_HOLD(!(decimal_is_zero(rounded) && decimal_is_negative(rounded)),
                  "rounding makes no minus zero");
        if (decimal_is_negative(text))
            MUST_HOLD(decimal_compare(rounded, "0") <= 0, "rounding keeps the sign");
        else
            MUST_HOLD(decimal_compare(rounded, "0") >= 0, "rounding keeps the sign");
    }
}

static void
check_arithmetic(const char *text, struct arena *arena)
{
    const char *twice = decimal_add(text, text, arena);

    MUST_HOLD(decimal_is_zero(decimal_subtract(text, text, arena)), "a number less itself is zero");
    MUST_HOLD(strcmp(twice, decimal_multiply(text, 2, arena)) == 0, "a sum is a product");
    MUST_HOLD(decimal_compare(decimal_halve(twice, arena), text) == 0, "half of twice is itself");
    MUST_HOLD(decimal_compare(decimal_subtract(twice, text, arena), text) == 0,
              "a difference takes a sum back");
    MUST_HOLD(decimal_is_negative(text) || decimal_is_zero(text) ||
                  strcmp(decimal_divide(twice, text, 3, arena), "2.000") == 0,
              "a quotient takes a product back");
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct arena *arena = arena_create(4096);
    const char *strict = NULL, *lenient = NULL;
    struct error err = {0};

    if (decimal_parse_lenient((const char *)data, size, arena, &lenient, &err)) {
        check_canonical(lenient, arena);
        check_arithmetic(lenient, arena);
    }
    if (decimal_parse((const char *)data, size, arena, &strict, &err))
        MUST_HOLD(lenient && strcmp(strict, lenient) == 0,
                  "what the strict parser takes, the lenient one takes as the same");
    arena_destroy(arena);
    return 0;
}
