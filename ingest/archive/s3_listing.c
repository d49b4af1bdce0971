#include "ingest/archive/s3_listing.h"

#include <string.h>

enum { KEYS_MAX = 1000 }; /* what a page has at most */

static void
add_encoded(struct text *text, const char *value)
{
    for (; *value; value++) {
        unsigned char c = (unsigned char)*value;

        if ((c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
            strchr("-._~", c))
            text_add_char(text, (char)c);
        else
            text_add_format(text, "%%%02X", c);
    }
}

const char *
s3_page_query(const char *prefix, const char *next, struct arena *arena)
{
    struct text query;

    text_init(&query, arena, 256);
    text_add_char(&query, '?');
    if (next) {
        text_add_string(&query, "continuation-token=");
        add_encoded(&query, next);
        text_add_char(&query, '&');
    }
    text_add_string(&query, "list-type=2&prefix=");
    add_encoded(&query, prefix);
    return text_finish(&query).data;
}

/* What stands between the next <element> and </element> from `*at` on, which moves behind it; NULL
 * if there is none any more. */
static const char *
find_element(const char **at, const char *element, struct arena *arena)
{
    const char *opening = arena_printf(arena, "<%s>", element);
    const char *closing = arena_printf(arena, "</%s>", element);
    const char *from = strstr(*at, opening), *to;

    if (!from)
        return NULL;
    from += strlen(opening);
    to = strstr(from, closing);
    if (!to)
        return NULL;
    *at = to + strlen(closing);
    return arena_printf(arena, "%.*s", (int)(to - from), from);
}

/* The five characters that XML escapes. */
static const char *
unescape(const char *text, struct arena *arena)
{
    static const struct {
        const char *escape;
        char character;
    } escapes[] = {
        {"&amp;",  '&' },
        {"&lt;",   '<' },
        {"&gt;",   '>' },
        {"&quot;", '"' },
        {"&apos;", '\''},
    };
    struct text plain;

    text_init(&plain, arena, strlen(text) + 1);
    while (*text) {
        size_t i = 0;

        while (i < COUNT_OF(escapes) &&
               strncmp(text, escapes[i].escape, strlen(escapes[i].escape)) != 0)
            i++;
        text_add_char(&plain, i < COUNT_OF(escapes) ? escapes[i].character : *text);
        text += i < COUNT_OF(escapes) ? strlen(escapes[i].escape) : 1;
    }
    return text_finish(&plain).data;
}

bool
s3_page_read(struct bytes xml, struct arena *arena, struct s3_page *ret_page)
{
    const char *text = arena_printf(arena, "%.*s", (int)xml.size, xml.data), *at = text, *key;
    struct s3_page page = {.keys = arena_alloc_array(arena, KEYS_MAX, sizeof *page.keys)};
    const char *truncated;

    if (strlen(text) != xml.size || !strstr(text, "<ListBucketResult") ||
        !strstr(text, "</ListBucketResult>"))
        return false;
    while ((key = find_element(&at, "Key", arena)))
        if (!strchr(key, '&') && page.key_count < KEYS_MAX)
            page.keys[page.key_count++] = key;
    at = text;
    truncated = find_element(&at, "IsTruncated", arena);
    if (!truncated)
        return false;
    at = text;
    page.next = find_element(&at, "NextContinuationToken", arena);
    if (strcmp(truncated, "true") != 0)
        page.next = NULL;
    else if (!page.next)
        return false;
    else
        page.next = unescape(page.next, arena);
    *ret_page = page;
    return true;
}
