#include "api/lookup.h"

#include "api/routes.h"
#include "api/thread.h"

#include <string.h>

/* Lives in its own arena, because the query may outlive the request. */
struct lookup {
    struct request *request; /* NULL = it has ended */
    struct arena *arena;
    void (*then)(struct request *request, const struct rows *rows);
};

static void
on_rows(void *context, const struct rows *rows, const struct error *err)
{
    struct lookup *lookup = context;
    struct request *request = lookup->request;
    struct problem problem;

    if (request)
        request->lookup = NULL;
    if (request && rows) {
        lookup->then(request, rows);
    } else if (request) {
        problem_of_database(&problem, err);
        problem.retry_after_s = 1;
        request_refuse(request, &problem);
    }
    arena_destroy(lookup->arena);
}

/* A text that lives as long as the query. */
static struct database_value
copy_value(const struct database_value *value, struct arena *arena)
{
    struct database_value copy = *value;

    if (copy.text)
        copy.text = arena_string(arena, copy.text);
    return copy;
}

void
lookup_start(struct request *request, const struct query *query,
             const struct database_value *values, size_t value_count,
             void (*then)(struct request *request, const struct rows *rows))
{
    struct arena *arena = arena_create(4096);
    struct lookup *lookup = arena_alloc(arena, sizeof *lookup);
    struct database_value *kept = arena_alloc_array(arena, value_count + 1, sizeof *kept);

    *lookup = (struct lookup){request, arena, then};
    for (size_t i = 0; i < value_count; i++)
        kept[i] = copy_value(&values[i], arena);
    request_wait(request);
    request->lookup = lookup;
    pool_query(request->thread->pool,
               request->route->access == ACCESS_ADMIN ? POOL_GOES_ON : POOL_BEGINS, query, kept,
               value_count, arena, on_rows, lookup);
}

void
lookup_leave(struct lookup *lookup)
{
    if (lookup)
        lookup->request = NULL;
}
