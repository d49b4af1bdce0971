#include "api/handlers/udf/window.h"

#include <inttypes.h>
#include <string.h>

/* 0 = it was not given, or the route has none. */
static int64_t
countback(const struct params *params)
{
    for (size_t i = 0; params->declared[i].name; i++) {
        if (strcmp(params->declared[i].name, "countback") == 0)
            return params->values[i].integer;
    }
    return 0;
}

static void
settle_moment(struct params *params, const char *name, int64_t at_ms, struct arena *arena)
{
    params_settle(params, name, arena_printf(arena, "%" PRId64, at_ms / 1000), at_ms);
}

void
window_settle(struct params *params, int64_t now_ms, struct arena *arena)
{
    const struct param_value *from = params_get(params, "from"), *to = params_get(params, "to");
    const struct resolution *resolution = resolution_find(params_get(params, "resolution")->text);
    int64_t until_ms = to->given ? resolution_next_ms(resolution, to->integer) : INT64_MAX;
    int64_t from_ms = from->given ? resolution_next_ms(resolution, from->integer) : 0;

    params_settle(params, "resolution", resolution->asked, 0);
    if (until_ms >= resolution_end_ms(resolution, now_ms))
        params_settle(params, "to", NULL, 0);
    else
        settle_moment(params, "to", until_ms, arena);
    if (countback(params) > 0)
        params_settle(params, "from", NULL, 0);
    else
        settle_moment(params, "from", from_ms, arena);
}

struct window
window_of(const struct params *params, int64_t now_ms)
{
    const struct param_value *to = params_get(params, "to");
    const struct resolution *resolution = resolution_find(params_get(params, "resolution")->text);
    int64_t bars = countback(params);

    return (struct window){
        .resolution = resolution,
        .from_ms = bars > 0 ? 0 : params_get(params, "from")->integer,
        .until_ms = to->given ? to->integer : resolution_end_ms(resolution, now_ms),
        .bars = bars > 0 ? bars : WINDOW_BARS_MAX,
        .is_open = !to->given,
        .is_count = bars > 0,
    };
}
