#include "common/clock.h"
#include "common/database.h"
#include "schema/queries.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

/*
 * What a chart costs at least: libpq fetching its rows, prepared, over one connection.
 * Usage: DATABASE_URL=... chart_fetch COUNT SOURCE_ID ASSET_ID QUOTE_ID INTERVAL_S
 * Prints the microseconds of each fetch, one a line.
 */
int
main(int argc, char **argv)
{
    const struct database_settings settings = {.url = getenv("DATABASE_URL"),
                                               .application_name = "chart_fetch"};
    struct arena *arena = arena_create(1024 * 1024);
    struct error err;
    struct database *db;

    if (argc != 6 || !settings.url)
        return 2;
    db = database_connect(&settings, &err);
    for (int64_t count = atoll(argv[1]); db && count > 0; count--) {
        int64_t from_us = clock_monotonic_us();
        struct rows rows;

        if (!database_run(db, &query_chart_points,
                          SQL_VALUES(SQL_INT(atoll(argv[2])), SQL_INT(atoll(argv[3])),
                                     SQL_INT(atoll(argv[4])), SQL_INT(atoll(argv[5])),
                                     SQL_TIME_MS(0), SQL_INT(1000000)),
                          arena, &rows, &err))
            break;
        printf("%" PRId64 "\n", clock_monotonic_us() - from_us);
        if (rows.count == 0)
            break;
        arena_reset(arena);
        if (count == 1)
            return 0;
    }
    fprintf(stderr, "chart_fetch: %s\n", db ? "no rows" : err.message);
    return 1;
}
