#include "fuzz/fuzz.h"
#include "ingest/fetch_head.h"

#include <string.h>

#define NOW_MS INT64_C(1795250465000) /* 2026-11-21T08:41:05Z */
#define LONGEST_MS (INT64_C(3) * 24 * 3600 * 1000)

/* Lines as libcurl hands them over; each is looked at as the value of a Retry-After as well. */
int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const char *at = (const char *)data, *end = at + size, *next;
    struct fetch_head head = {.bytes = 0};
    int64_t wait_ms, longest_ms = 0;

    for (; at < end; at = next) {
        next = memchr(at, '\n', (size_t)(end - at));
        next = next ? next + 1 : end;
        wait_ms = fetch_retry_after_ms((struct bytes){at, (size_t)(next - at)}, NOW_MS);
        MUST_HOLD(wait_ms == 0 || (wait_ms >= 1000 && wait_ms <= LONGEST_MS),
                  "a wait is in its range");
        if (!fetch_head_take(&head, (struct bytes){at, (size_t)(next - at)}, NOW_MS))
            break;
        MUST_HOLD(head.retry_after_ms >= longest_ms, "the longest wait counts");
        MUST_HOLD(head.retry_after_ms <= LONGEST_MS, "three days are the longest");
        MUST_HOLD(head.bytes <= FETCH_HEAD_BYTES && head.lines <= FETCH_HEAD_LINES, "heads end");
        longest_ms = head.retry_after_ms;
    }
    return 0;
}
