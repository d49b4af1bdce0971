#include "common/clock.h"

#include "fuzz/fuzz.h"

#include <string.h>

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char text[CLOCK_TEXT_SIZE];
    int64_t at_ms, again_ms;

    if (!clock_parse_ms((const char *)data, size, &at_ms))
        return 0;
    MUST_HOLD(at_ms >= 0 && at_ms <= INT64_C(253402300799999), "a moment is in our range");
    clock_format_ms(at_ms, text);
    MUST_HOLD(strlen(text) == sizeof "2026-11-21T08:41:05.123Z" - 1, "its text has one length");
    MUST_HOLD(clock_parse_ms(text, strlen(text), &again_ms), "what we write can be read");
    MUST_HOLD(at_ms == again_ms, "parse(format(x)) is x");
    return 0;
}
