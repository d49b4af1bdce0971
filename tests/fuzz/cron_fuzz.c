#include "common/cron.h"

#include "fuzz/fuzz.h"

#include <stdlib.h>
#include <string.h>

enum { MINUTE_S = 60, LONGEST_WAIT_S = 41 * 366 * 86400 };

/* The first four bytes are the time to look from, the rest the rule. */
int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    uint32_t at_s;
    size_t text_at = sizeof at_s;
    int64_t next_s, last_s;
    struct error err = {0};
    struct cron cron;
    char *text;
    bool read;

    if (size < text_at || size > 1000)
        return 0;
    memcpy(&at_s, data, sizeof at_s);
    text = strndup((const char *)data + text_at, size - text_at);
    read = cron_parse(text, &cron, &err);
    free(text);
    MUST_HOLD(read || err.kind == ERROR_REJECT, "what is refused is refused with a reason");
    if (!read)
        return 0;
    next_s = cron_next_s(&cron, at_s);
    last_s = cron_last_s(&cron, at_s);
    MUST_HOLD(next_s > at_s && next_s - at_s <= LONGEST_WAIT_S, "the next one comes after");
    MUST_HOLD(last_s <= at_s && at_s - last_s <= LONGEST_WAIT_S, "the last one came before");
    MUST_HOLD(next_s % MINUTE_S == 0 && last_s % MINUTE_S == 0, "both are whole minutes");
    MUST_HOLD(cron_next_s(&cron, last_s) == next_s, "nothing lies between them");
    MUST_HOLD(cron_last_s(&cron, next_s) == next_s, "a moment is its own last");
    MUST_HOLD(cron_last_s(&cron, next_s - 1) == last_s, "and the one before it is the last");
    return 0;
}
