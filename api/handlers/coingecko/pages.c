#include "api/handlers/coingecko/pages.h"

#include "api/answer/paging.h"

void
pages_add_links(struct flight *flight, int64_t per_page, int64_t total)
{
    const struct params *params = flight_params(flight);
    struct arena *arena = flight_arena(flight);
    struct paging paging = paging_numbered(params, per_page, total, arena);

    paging.total = total;
    paging.per_page = per_page;
    flight_add_head(flight, paging_head(params, &paging, arena));
}
