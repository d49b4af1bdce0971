#include "api/orders/order_sources.h"

#include <string.h>

static bool
is_usable(const struct source_state *source)
{
    return source->enabled &&
           !(source->error_code && strcmp(source->error_code, "source.no_key") == 0);
}

static int64_t
longer(int64_t wait_ms, int64_t until_ms, int64_t now_ms)
{
    return until_ms - now_ms > wait_ms ? until_ms - now_ms : wait_ms;
}

/* A bucket of `budget_per_minute` fills evenly: so long until there is one call again. */
static int64_t
wait_of(const struct upstream_state *state, int64_t now_ms)
{
    int64_t wait_ms = 0;

    if (!state->known)
        return 0;
    if (state->breaker == UPSTREAM_OPEN)
        wait_ms = longer(wait_ms, state->open_until_ms, now_ms);
    wait_ms = longer(wait_ms, state->cooldown_until_ms, now_ms);
    if (state->budget_per_minute > 0 && state->tokens < 1)
        wait_ms = longer(wait_ms, now_ms + 60000 / state->budget_per_minute + 1, now_ms);
    return wait_ms;
}

size_t
order_sources(const struct report *report, int64_t now_ms, struct arena *arena,
              const struct order_source **ret_sources)
{
    size_t count = report ? report->source_count : 0;
    struct order_source *sources = arena_alloc_array(arena, count + 1, sizeof *sources);

    for (size_t i = 0; i < count; i++)
        sources[i] = (struct order_source){
            .name = arena_string(arena, report->sources[i].name),
            .wait_ms = wait_of(&report->sources[i].upstream, now_ms),
            .usable = is_usable(&report->sources[i]),
        };
    *ret_sources = sources;
    return count;
}
