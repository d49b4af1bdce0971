#include "api/params/request_key.h"

#include "api/routes.h"

const char *
request_key_text(const struct route *route, const struct params *params, const char *name_space,
                 struct arena *arena)
{
    if (route->reading->name)
        return arena_printf(arena, "%s:%s", name_space, route->reading->name(params, arena));
    return arena_printf(arena, "%s.page:%s?%s", name_space, route->path,
                        params_canonical(params, arena));
}
