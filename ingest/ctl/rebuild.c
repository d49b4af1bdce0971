/*
 * Makes a database anew from what the providers answered, and proves that it is the same.
 *
 * What is kept of every answer that became rows is all that its normaliser needs: the run has the
 * job (kind, arguments, slot, stream), the payload has target, position and window of the request,
 * body, time of fetching, and what each symbol meant when its rows were written. Normalisers are
 * pure, so the same payload gives the same records today. (ingest/kept.h)
 *
 * Which of two payloads that speak of the same row has the last word is a function of the payloads:
 * the one with the higher id, unless an observation is older (prices, listings); one that says the
 * same as the row leaves it, and its lineage, alone. Workers hold to it by taking a payload's id in
 * the turn of its rows, whatever the order in which they had fetched (ingest/store_writing.h). So
 * payloads fed in the order of their ids through the same code give the same rows, also where a
 * candle was corrected and corrected back. No rule without that order could: of a row that reads A
 * after the payloads A, B, A and is not to be touched by what says the same, nothing tells whether
 * a B that is fed late came before the second A or after it.
 *
 * Symbols: instruments may be mapped otherwise since, or at all. A payload is fed with the meaning
 * that was kept with it, so records that were left out as unmapped stay out, and rows of a mapping
 * that an operator has changed since stay where they are.
 *
 * Ids: sources, currencies, assets, instruments, schedules, runs and checkpoints are copied with
 * their ids, payloads keep theirs, so the lineage of each row is true in the new database too.
 *
 * The original is read in one snapshot and never written; workers may go on meanwhile. It holds
 * back that database's vacuum for as long.
 *
 * Candles that we roll ourselves are no rows of payloads: they are rolled anew in the end, of what
 * has been fed, and not compared, because the original's are of the moment when it rolled last. For
 * the same reason nobody asks how many revisions a candle has: one of ours may have stood there.
 *
 * What cannot be made anew is said, not passed over: rows of payloads that are not kept any more,
 * or that were stored by a version that did not keep all of the above, and payloads that no
 * normaliser of today takes.
 */
#include "ingest/ctl/rebuild_compare.h"
#include "ingest/ctl/rebuild_copy.h"
#include "ingest/ctl/rebuild_feed.h"
#include "ingest/ctl/rebuild_report.h"

#include "ingest/ctl/nouns.h"
#include "ingest/ctl/servers.h"
#include "ingest/rollup.h"
#include "schema/queries.h"

#include <string.h>

/* A rebuild waits for what takes long (hashes), and its other side may be idle as long. */
static struct database *
connect_side(const char *url, struct error *err)
{
    const struct database_settings settings = {
        .url = url,
        .application_name = "tidemarkctl",
        .statement_timeout_ms = -1,
        .idle_in_transaction_timeout_ms = INT64_C(24) * 3600 * 1000,
    };
    struct database *db = database_connect(&settings, err);

    if (db && !database_run(db, &query_rebuild_session, SQL_NO_VALUES, NULL, NULL, err)) {
        database_destroy(db);
        return NULL;
    }
    return db;
}

/* ---- what must hold before anything is done ---- */

struct schema {
    int64_t version; /* 0 = never migrated */
    const char *migrations, *identity;
};

static bool
read_schema(struct database *db, struct arena *arena, struct schema *ret_schema, struct error *err)
{
    struct schema schema = {0, "", ""};
    struct rows rows;

    if (!database_run(db, &query_schema_migrations_exists, SQL_NO_VALUES, arena, &rows, err))
        return false;
    if (rows_bool(&rows, 0, 0)) {
        if (!database_run(db, &query_rebuild_schema, SQL_NO_VALUES, arena, &rows, err))
            return false;
        schema.version = rows_int(&rows, 0, 0, 0);
        schema.migrations = schema.version ? rows_text(&rows, 0, 1) : "";
        schema.identity = rows_text(&rows, 0, 2);
    }
    *ret_schema = schema;
    return true;
}

static bool
check_schemas(struct database *original, struct database *rebuilt, struct arena *arena,
              struct error *err)
{
    struct schema from, to;

    if (!read_schema(original, arena, &from, err) || !read_schema(rebuilt, arena, &to, err))
        return false;
    if (strcmp(from.identity, to.identity) == 0 && from.version > 0)
        return error_set(err, ERROR_REJECT, "rebuild.same",
                         "--into names the database that DATABASE_URL names");
    if (to.version < from.version)
        return error_set(err, ERROR_REJECT, "rebuild.schema",
                         "the database of --into has schema %lld, the original %lld: run "
                         "`tidemark-migrate up` with the address of the former as DATABASE_URL",
                         (long long)to.version, (long long)from.version);
    if (strcmp(from.migrations, to.migrations) != 0)
        return error_set(err, ERROR_REJECT, "rebuild.schema",
                         "the original has schema %lld, the database of --into %lld, or their "
                         "migrations differ: `tidemark-migrate up` both with the same version",
                         (long long)from.version, (long long)to.version);
    return true;
}

static bool
check_empty(struct database *db, struct arena *arena, struct error *err)
{
    struct rows rows;

    if (!database_run(db, &query_rebuild_occupied, SQL_NO_VALUES, arena, &rows, err))
        return false;
    return rows.count == 0 ||
           error_set(err, ERROR_REJECT, "rebuild.occupied",
                     "the database of --into has rows in %s%s: make a new one, and migrate it; a "
                     "rebuild that was stopped begins anew",
                     rows_text(&rows, 0, 0), rows.count > 1 ? " and other tables" : "");
}

/* ---- the way ---- */

static bool
begin_snapshot(struct database *db, struct error *err)
{
    return database_run(db, &query_rebuild_begin, SQL_NO_VALUES, NULL, NULL, err);
}

/* What the tables promise beside rows of payloads: candles of our own, as the worker makes them. */
static bool
roll_piece(struct database *db, struct rolled *ret_rolled, struct error *err)
{
    struct arena *arena = arena_create(1024 * 1024);
    bool done = rollup_partitions(db, err) && database_begin(db, err) &&
                rollup_piece(db, arena, ret_rolled, err) && database_commit(db, err);

    if (!done)
        database_rollback(db);
    arena_destroy(arena);
    return done;
}

static bool
roll(struct database *db, struct error *err)
{
    struct rolled rolled = {.more = true};

    if (!rollup_prepare(db, err))
        return false;
    while (rolled.more) {
        if (!roll_piece(db, &rolled, err))
            return false;
    }
    return true;
}

/* Fills `feed` unless the databases are only compared. */
static bool
run_between(struct database *original, struct database *rebuilt, bool verify_only,
            struct arena *arena, struct feed_report *feed, struct comparison *comparison,
            struct error *err)
{
    if (!check_schemas(original, rebuilt, arena, err) ||
        (!verify_only && !check_empty(rebuilt, arena, err)) || !begin_snapshot(original, err))
        return false;
    if (!verify_only && (!rebuild_copy(original, rebuilt, arena, err) ||
                         !rebuild_feed(original, rebuilt, arena, feed, err) || !roll(rebuilt, err)))
        return false;
    return begin_snapshot(rebuilt, err) &&
           rebuild_compare(original, rebuilt, arena, comparison, err);
}

static bool
rebuild_run(const struct call *call, struct error *err)
{
    struct arena *arena = arena_create(1024 * 1024);
    const char *into = call_text(call, "into");
    bool verify_only = call_has(call, "verify-only"), done = false;
    struct database *original = NULL, *rebuilt = NULL;
    struct feed_report feed;
    struct comparison comparison;

    if (!into)
        error_set(err, ERROR_FATAL, "usage",
                  "--into is missing: the address of an empty, migrated database");
    else if (!*call->database_url)
        error_set(err, ERROR_FATAL, "settings.missing",
                  "DATABASE_URL is not set: postgresql://user:password@host:port/database");
    else if ((original = connect_side(call->database_url, err)) &&
             (rebuilt = connect_side(into, err)))
        done = run_between(original, rebuilt, verify_only, arena, &feed, &comparison, err);
    database_destroy(rebuilt);
    database_destroy(original);
    if (done)
        done = rebuild_report(verify_only ? NULL : &feed, &comparison, call->json, arena, err);
    arena_destroy(arena);
    return done;
}

static const struct command commands[] = {
    {.about = "makes the tables anew from the raw payloads, in another database, and compares",
     .run = rebuild_run,
     .options = {{"into", OPTION_TEXT, "URL",
                  "an empty, migrated database; as the user who migrated it"},
                 {"verify-only", OPTION_SWITCH, NULL, "only compare what is there already"}}},
};

const struct noun rebuild_noun = {"rebuild", "the tables anew from what providers answered",
                                  commands, COUNT_OF(commands)};
