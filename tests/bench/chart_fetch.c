#include "common/clock.h"
#include "common/database.h"
#include "schema/queries.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

/* As many as api/handlers/charts.c asks for: all. */
enum { POINTS_MAX = 1000000 };

static bool
fetch(struct database *db, char **ids, struct arena *arena, struct error *err)
{
    int64_t from_us = clock_monotonic_us();
    struct rows rows;

    if (!database_run(db, &query_chart_points,
                      SQL_VALUES(SQL_INT(atoll(ids[0])), SQL_INT(atoll(ids[1])),
                                 SQL_INT(atoll(ids[2])), SQL_INT(atoll(ids[3])), SQL_TIME_MS(0),
                                 SQL_INT(POINTS_MAX)),
                      arena, &rows, err))
        return false;
    printf("%" PRId64 " %zu\n", clock_monotonic_us() - from_us, rows.count);
    fflush(stdout);
    arena_reset(arena);
    return true;
}

/*
 * What a chart costs at least: libpq fetching its rows, prepared, over one connection.
 * Usage: DATABASE_URL=... chart_fetch SOURCE_ID ASSET_ID QUOTE_ID INTERVAL_S
 * Fetches once for each line of its input and prints the microseconds and the number of rows.
 */
int
main(int argc, char **argv)
{
    const struct database_settings settings = {.url = getenv("DATABASE_URL"),
                                               .application_name = "chart_fetch"};
    struct arena *arena = arena_create(1024 * 1024);
    struct error err;
    struct database *db;
    char line[16];

    if (argc != 5 || !settings.url)
        return 2;
    db = database_connect(&settings, &err);
    while (db && fgets(line, sizeof line, stdin)) {
        if (!fetch(db, argv + 1, arena, &err))
            break;
    }
    if (db && feof(stdin))
        return 0;
    fprintf(stderr, "chart_fetch: %s\n", err.message);
    return 1;
}
