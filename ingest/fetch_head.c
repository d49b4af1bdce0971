#include "ingest/fetch_head.h"

#include <ctype.h>
#include <curl/curl.h>
#include <string.h>
#include <strings.h>

enum {
    WAIT_MIN_MS = 1000,
    WAIT_MAX_MS = 3 * 24 * 3600 * 1000,
    COUNT_MAX = 1000000000,
    DATE_MAX = 40, /* "Wednesday, 09-Nov-94 08:49:37 GMT" is the longest form */
};

static int64_t
clamp(int64_t wait_ms)
{
    if (wait_ms < WAIT_MIN_MS)
        return WAIT_MIN_MS;
    return wait_ms < WAIT_MAX_MS ? wait_ms : WAIT_MAX_MS;
}

static struct bytes
trim(struct bytes value)
{
    while (value.size > 0 && isspace((unsigned char)value.data[0])) {
        value.data++;
        value.size--;
    }
    while (value.size > 0 && isspace((unsigned char)value.data[value.size - 1]))
        value.size--;
    return value;
}

/* "120", "-5", "+5", "1.5": milliseconds before they are clamped; false for anything else. */
static bool
read_seconds(struct bytes value, int64_t *ret_ms)
{
    bool negative = value.size > 0 && value.data[0] == '-';
    size_t at = value.size > 0 && (negative || value.data[0] == '+'), first = at;
    int64_t wait_ms = 0;

    for (; at < value.size && isdigit((unsigned char)value.data[at]); at++)
        if (wait_ms < WAIT_MAX_MS) /* so that no number, however long, overflows */
            wait_ms = wait_ms * 10 + (value.data[at] - '0') * 1000;
    if (at == first)
        return false;
    if (at < value.size && value.data[at] == '.') {
        wait_ms += 1000; /* the rest of a second is waited for whole */
        for (at++; at < value.size && isdigit((unsigned char)value.data[at]); at++)
            continue;
    }
    *ret_ms = negative ? 0 : wait_ms;
    return at == value.size;
}

static bool
read_date(struct bytes value, int64_t now_ms, int64_t *ret_ms)
{
    char date[DATE_MAX + 1];
    time_t at_s;

    /* Each form begins with the day of the week and has a time: libcurl would guess the rest. */
    if (value.size > DATE_MAX || !isalpha((unsigned char)value.data[0]) ||
        !memchr(value.data, ':', value.size))
        return false;
    memcpy(date, value.data, value.size);
    date[value.size] = '\0';
    at_s = curl_getdate(date, NULL);
    if (at_s < 0)
        return false;
    *ret_ms = (int64_t)at_s * 1000 - now_ms;
    return true;
}

int64_t
fetch_retry_after_ms(struct bytes value, int64_t now_ms)
{
    int64_t wait_ms;

    value = trim(value);
    if (value.size == 0 || (!read_seconds(value, &wait_ms) && !read_date(value, now_ms, &wait_ms)))
        return 0;
    return clamp(wait_ms);
}

/* False unless the line is the header of that name; NULL is none. */
static bool
find_value(struct bytes line, const char *name, struct bytes *ret_value)
{
    size_t length = name ? strlen(name) : 0;

    if (!name || line.size <= length || line.data[length] != ':' ||
        strncasecmp(line.data, name, length) != 0)
        return false;
    *ret_value = trim((struct bytes){line.data + length + 1, line.size - length - 1});
    return true;
}

/* Digits only; what is too large is COUNT_MAX. */
static bool
read_count(struct bytes value, int64_t *ret_count)
{
    int64_t count = 0;

    for (size_t i = 0; i < value.size; i++) {
        if (!isdigit((unsigned char)value.data[i]))
            return false;
        count = count * 10 + (value.data[i] - '0');
        if (count > COUNT_MAX)
            count = COUNT_MAX;
    }
    *ret_count = count;
    return value.size > 0;
}

bool
fetch_head_take(struct fetch_head *head, struct bytes line, int64_t now_ms)
{
    int64_t asked_ms, count;
    struct bytes value;

    head->bytes += line.size;
    head->lines++;
    if (line.size > 5 && memcmp(line.data, "HTTP/", 5) == 0)
        head->complete = false;
    else if (trim(line).size == 0)
        head->complete = true;
    if (find_value(line, "retry-after", &value)) {
        asked_ms = fetch_retry_after_ms(value, now_ms);
        if (asked_ms > head->retry_after_ms) /* of several, the longest */
            head->retry_after_ms = asked_ms;
    }
    if (find_value(line, head->used_name, &value) && read_count(value, &count))
        head->used = count;
    if (find_value(line, head->left_name, &value))
        head->left_known = read_count(value, &head->left);
    return head->bytes <= FETCH_HEAD_BYTES && head->lines <= FETCH_HEAD_LINES;
}
