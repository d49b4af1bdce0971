#include "ingest/scheduler/leader.h"

#include "common/clock.h"
#include "schema/queries.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

struct leader {
    char *url;
    struct database *db; /* NULL = not connected */
    bool leads;
    int64_t next_try_at_ms; /* monotonic */
};

struct leader *
leader_create(const char *url)
{
    struct leader *leader = calloc(1, sizeof *leader);

    if (!leader)
        abort();
    leader->url = strdup(url);
    if (!leader->url)
        abort();
    return leader;
}

void
leader_resign(struct leader *leader)
{
    database_destroy(leader->db);
    leader->db = NULL;
    leader->leads = false;
    leader->next_try_at_ms = clock_monotonic_ms() + LEADER_POLL_MS;
}

void
leader_destroy(struct leader *leader)
{
    struct arena *arena;
    struct error err;

    if (!leader)
        return;
    if (leader->leads && database_usable(leader->db)) {
        arena = arena_create(1024);
        /* If it cannot be said, the end of the session says it. */
        (void)!database_run(leader->db, &query_leader_unlock, SQL_NO_VALUES, arena, NULL, &err);
        arena_destroy(arena);
    }
    database_destroy(leader->db);
    explicit_bzero(leader->url, strlen(leader->url));
    free(leader->url);
    free(leader);
}

static bool
start_session(struct leader *leader, struct arena *arena, struct error *err)
{
    const struct database_settings settings = {.url = leader->url,
                                               .application_name = "tidemark-scheduler"};

    leader->db = database_connect(&settings, err);
    return leader->db && database_run(leader->db, &query_leader_session,
                                      SQL_VALUES(SQL_INT(LEADER_SILENCE_MS)), arena, NULL, err);
}

bool
leader_poll(struct leader *leader, struct arena *arena, bool *ret_leads, struct error *err)
{
    struct rows rows;

    *ret_leads = leader->leads;
    if (leader->leads || clock_monotonic_ms() < leader->next_try_at_ms)
        return true;
    leader->next_try_at_ms = clock_monotonic_ms() + LEADER_POLL_MS;
    if ((!leader->db && !start_session(leader, arena, err)) ||
        !database_run(leader->db, &query_leader_try_lock, SQL_NO_VALUES, arena, &rows, err)) {
        leader_resign(leader);
        return false;
    }
    leader->leads = rows_bool(&rows, 0, 0);
    *ret_leads = leader->leads;
    return true;
}

struct database *
leader_database(struct leader *leader)
{
    assert(leader->leads);
    return leader->db;
}

bool
leader_record(struct leader *leader, int64_t quote_period_s, struct arena *arena, struct error *err)
{
    char host[256] = "";

    gethostname(host, sizeof host - 1);
    return database_run(leader_database(leader), &query_leader_record,
                        SQL_VALUES(SQL_TEXT(host), SQL_INT(getpid()),
                                   quote_period_s > 0 ? SQL_INT(quote_period_s) : SQL_NULL),
                        arena, NULL, err);
}
