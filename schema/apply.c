#include "schema/apply.h"

#include "common/clock.h"
#include "schema/queries.h"

#include <string.h>
#include <time.h>

enum {
    LOCK_POLL_MS = 200,
    ATTEMPTS = 15,
    PAUSE_FIRST_MS = 100,
    PAUSE_MAX_MS = 5000,
};

static void
pause_ms(int64_t ms)
{
    struct timespec length = {ms / 1000, ms % 1000 * 1000000};

    while (nanosleep(&length, &length))
        ;
}

bool
apply_lock(struct database *db, int64_t timeout_ms, struct error *err)
{
    int64_t deadline_ms = clock_monotonic_ms() + timeout_ms;
    struct arena *arena = arena_create(1024);
    bool locked = false, asked = true;

    while (asked && !locked) {
        struct rows rows;

        arena_reset(arena);
        asked = database_run(db, &query_migration_try_lock, SQL_NO_VALUES, arena, &rows, err);
        locked = asked && rows_bool(&rows, 0, 0);
        if (asked && !locked && clock_monotonic_ms() > deadline_ms)
            asked = error_set(err, ERROR_RETRY, "migrate.busy",
                              "another tidemark-migrate is at work on this database");
        if (asked && !locked)
            pause_ms(LOCK_POLL_MS);
    }
    arena_destroy(arena);
    return locked;
}

bool
apply_read(struct database *db, bool create, struct arena *arena, struct applied **ret_applied,
           size_t *ret_count, struct error *err)
{
    struct rows rows;
    struct applied *applied;

    if (!database_run(db, &query_schema_migrations_exists, SQL_NO_VALUES, arena, &rows, err))
        return false;
    if (!rows_bool(&rows, 0, 0) && !create) {
        *ret_count = 0;
        return true;
    }
    if (!rows_bool(&rows, 0, 0) &&
        !database_run(db, &query_schema_migrations_create, SQL_NO_VALUES, arena, NULL, err))
        return false;
    if (!database_run(db, &query_schema_migrations_list, SQL_NO_VALUES, arena, &rows, err))
        return false;
    applied = arena_alloc_array(arena, rows.count, sizeof *applied);
    for (size_t n = 0; n < rows.count; n++) {
        applied[n].version = (int32_t)rows_int(&rows, n, 0, 0);
        applied[n].name = rows_text(&rows, n, 1);
        applied[n].checksum = rows_text(&rows, n, 2);
        applied[n].applied_at_ms = rows_int(&rows, n, 3, 0);
    }
    *ret_applied = applied;
    *ret_count = rows.count;
    return true;
}

static bool
try_step(struct database *db, const struct migration *migration, bool up, struct error *err)
{
    bool remembered;

    if (!database_begin(db, err) || !database_script(db, up ? migration->up : migration->down, err))
        return false;
    if (up)
        remembered = database_run(db, &query_schema_migrations_add,
                                  SQL_VALUES(SQL_INT(migration->version), SQL_TEXT(migration->name),
                                             SQL_TEXT(migration->checksum)),
                                  NULL, NULL, err);
    else
        remembered = database_run(db, &query_schema_migrations_remove,
                                  SQL_VALUES(SQL_INT(migration->version)), NULL, NULL, err);
    return remembered && database_commit(db, err);
}

/* The traffic was in the way, or a migration of another database touched the same role. */
static bool
worth_another_try(const struct error *err)
{
    return !strcmp(err->code, "database.lock") || !strcmp(err->code, "database.serialization") ||
           !strcmp(err->code, "database.conflict");
}

bool
apply_step(struct database *db, const struct migration *migration, bool up, struct error *err)
{
    int64_t pause = PAUSE_FIRST_MS;

    for (int32_t attempt = 1; !try_step(db, migration, up, err); attempt++) {
        database_rollback(db);
        if (!worth_another_try(err) || attempt == ATTEMPTS)
            return error_prefix(err, "%s %d (%s)", up ? "up" : "down", migration->version,
                                migration->name);
        pause_ms(pause + clock_monotonic_us() % pause); /* two of them do not meet again */
        pause = pause * 2 < PAUSE_MAX_MS ? pause * 2 : PAUSE_MAX_MS;
    }
    return true;
}

bool
apply_partitions(struct database *db, struct arena *arena, int64_t *ret_made, struct error *err)
{
    struct rows rows;

    if (!database_run(db, &query_partitions_create_ahead, SQL_NO_VALUES, arena, &rows, err))
        return error_prefix(err, "partitions");
    *ret_made = rows_int(&rows, 0, 0, 0);
    return true;
}
