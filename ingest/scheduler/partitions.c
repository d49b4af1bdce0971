#include "ingest/scheduler/partitions.h"

#include "common/clock.h"
#include "common/log.h"
#include "schema/queries.h"

enum { HOUR_MS = 3600 * 1000, MINUTE_MS = 60 * 1000 };

bool
partitions_keep_ahead(struct database *db, int64_t *due_at_ms, struct arena *arena,
                      struct error *err)
{
    int64_t now_ms = clock_monotonic_ms(), made;
    struct rows rows;

    if (now_ms < *due_at_ms)
        return true;
    if (!database_run(db, &query_partitions_create_ahead, SQL_NO_VALUES, arena, &rows, err)) {
        if (!database_usable(db))
            return false;
        log_event(LOG_WARN, "partitions.put_off", LOG_ERROR(err));
        *due_at_ms = now_ms + MINUTE_MS;
        return true;
    }
    made = rows_int(&rows, 0, 0, 0);
    if (made > 0)
        log_event(LOG_INFO, "partitions.made", LOG_INT("count", made));
    *due_at_ms = now_ms + HOUR_MS;
    return true;
}
