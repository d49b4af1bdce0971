#include "api/params/asked.h"

#include "api/answer/formats.h"
#include "api/answer/paging.h"
#include "api/routes.h"

bool
asked_needs_catalog(const struct route *route)
{
    return route->reading || params_need_catalog(route->params);
}

/* What no single parameter shows. */
static bool
check_together(const struct asked *asked, struct arena *arena, struct params *params,
               struct problem *problem)
{
    const struct reading *reading = asked->route->reading;

    if (!reading)
        return true;
    if (reading->check && !reading->check(params, asked->now_ms, problem))
        return false;
    if (reading->settle)
        reading->settle(params, asked->now_ms, arena);
    return true;
}

bool
asked_check(const struct asked *asked, struct arena *arena, struct params *ret_params,
            struct problem *ret_problem)
{
    return params_check(asked->route->params, asked->given, asked->given_count, asked->catalog,
                        arena, ret_params, ret_problem) &&
           formats_negotiate(ret_params, asked->accept, arena, ret_problem) &&
           check_together(asked, arena, ret_params, ret_problem) &&
           paging_open(ret_params, asked->route->path, asked->catalog, arena, ret_problem);
}
