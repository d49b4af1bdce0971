#include "api/event_letter.h"

#include "common/event.h"

#include <string.h>

static void
add_tag(struct letter *letter, const char *tag)
{
    for (size_t i = letter->tag_count; i-- > 0;) {
        if (strcmp(letter->tags[i], tag) == 0)
            return;
    }
    letter->tags[letter->tag_count++] = tag;
}

/* "bitcoin/usd" or "bitcoin/usd/1h": what stands before the first, or the second slash. */
static int
up_to_slash(const char *name, int slashes)
{
    const char *at = name;

    for (; *at; at++) {
        if (*at == '/' && --slashes == 0)
            break;
    }
    return (int)(at - name);
}

struct letter *
event_letter(const struct event *event)
{
    struct letter *letter = letter_create(event->outcome ? LETTER_JOB_ENDED : LETTER_CHANGED);
    struct arena *arena = letter->arena;

    letter->job_id = event->job_id ? arena_string(arena, event->job_id) : NULL;
    letter->version = event->version;
    letter->committed_at_ms = event->committed_at_ms;
    letter->tags = arena_alloc_array(arena, 2 * event->price_count + event->candle_count + 2,
                                     sizeof *letter->tags);
    for (size_t i = 0; i < event->price_count; i++) {
        const char *pair = event->prices[i];

        add_tag(letter, arena_printf(arena, "price:%.*s", up_to_slash(pair, 1), pair));
        add_tag(letter, arena_printf(arena, "chart:%s", pair));
    }
    for (size_t i = 0; i < event->candle_count; i++)
        add_tag(letter, arena_printf(arena, "chart:%.*s", up_to_slash(event->candles[i], 2),
                                     event->candles[i]));
    if (event->listings || event->price_count > 0 || event->candle_count > 0)
        add_tag(letter, "data"); /* candles move latest prices too */
    if (event->reports)
        add_tag(letter, "reports");
    return letter;
}
