#include "ingest/store.h"

#include "common/clock.h"
#include "ingest/store_markets_json.h"
#include "ingest/store_partitions.h"
#include "ingest/store_references.h"
#include "ingest/store_writing.h"
#include "schema/queries.h"

#include <stdlib.h>
#include <string.h>

enum { DAY_S = 86400 };

struct store {
    struct database_settings settings;
    const struct source *source;
    struct database *db; /* NULL = never connected */
    int64_t source_id;   /* 0 = not known on this connection */
};

struct store *
store_create(const struct database_settings *settings, const struct source *source)
{
    struct store *store = calloc(1, sizeof(*store));

    if (!store)
        abort();
    store->settings = *settings;
    store->source = source;
    return store;
}

void
store_destroy(struct store *store)
{
    if (!store)
        return;
    database_destroy(store->db);
    free(store);
}

/* What a new connection needs before the first job. */
static bool
prepare(struct store *store, struct error *err)
{
    struct arena *arena = arena_create(4096);
    struct rows rows;
    bool ok;

    ok = database_run(store->db, &query_candles_stage_create, SQL_NO_VALUES, arena, NULL, err) &&
         database_run(store->db, &query_references_stage_create, SQL_NO_VALUES, arena, NULL, err) &&
         database_run(store->db, &query_source_find, SQL_VALUES(SQL_TEXT(store->source->name)),
                      arena, &rows, err);
    if (ok && rows.count == 0)
        ok = error_set(err, ERROR_FATAL, "store.source", "the table of sources has no \"%s\"",
                       store->source->name);
    if (ok)
        store->source_id = rows_int(&rows, 0, 0, 0);
    arena_destroy(arena);
    return ok;
}

bool
store_ready(struct store *store, struct error *err)
{
    if (store->db && store->source_id && database_usable(store->db))
        return true;
    store->source_id = 0;
    if (!store->db) {
        store->db = database_connect(&store->settings, err);
        if (!store->db)
            return false;
    } else if (!database_usable(store->db) && !database_reconnect(store->db, err)) {
        return false;
    }
    return prepare(store, err);
}

struct database *
store_database(struct store *store)
{
    return store->db;
}

/* ---- the run of a job ---- */

static uint64_t
read_version(const char *text)
{
    return text ? strtoull(text, NULL, 10) : 0;
}

bool
store_claim(struct store *store, const struct job *job, const char *worker, struct arena *arena,
            struct claim *ret_claim, struct error *err)
{
    const struct rows *answers, *before, *claimed, *known, *position, *source;
    struct claim claim = {0};

    if (!store_ready(store, err))
        return false;
    database_queue(store->db, &query_run_find, SQL_VALUES(SQL_TEXT(job->job_id)));
    database_queue(store->db, &query_run_claim,
                   SQL_VALUES(SQL_TEXT(job->job_id), SQL_INT(store->source_id),
                              SQL_TEXT(job_kind_name(job->kind)), SQL_TEXT(job->stream),
                              SQL_TIME_MS(job->slot_s * 1000), SQL_TEXT(job->args_text),
                              SQL_INT(job->attempt), SQL_TEXT(worker), SQL_TEXT(job->traceparent)));
    database_queue(store->db, &query_checkpoint_read,
                   SQL_VALUES(SQL_INT(store->source_id), SQL_TEXT(job->stream)));
    /* Once more: another worker may have finished the run while the claim waited for its lock. */
    database_queue(store->db, &query_run_find, SQL_VALUES(SQL_TEXT(job->job_id)));
    database_queue(store->db, &query_source_find, SQL_VALUES(SQL_TEXT(store->source->name)));
    if (!database_flush(store->db, arena, &answers, err))
        return false;
    before = &answers[0];
    claimed = &answers[1];
    position = &answers[2];
    known = &answers[3];
    source = &answers[4];
    claim.source_enabled = source->count > 0 && rows_bool(source, 0, 1);
    claim.failed_with = before->count > 0 ? rows_text(before, 0, 4) : NULL;
    claim.event = rows_text(known, 0, 2);
    claim.version = read_version(rows_text(known, 0, 3));
    claim.finished = claimed->count == 0;
    claim.run_id = rows_int(known, 0, 0, 0);
    claim.position = position->count > 0 ? rows_text(position, 0, 0) : NULL;
    *ret_claim = claim;
    return true;
}

/* ---- a page ---- */

/* What a payload that has become rows is kept with, so that it can become them again. */
struct origin {
    const struct request *request;
    const struct batch *batch;
    const struct markets *markets;
};

static struct database_value
moment_or_null(int64_t at_ms)
{
    return at_ms ? SQL_TIME_MS(at_ms) : SQL_NULL;
}

static void
queue_payload(struct store *store, int64_t run_id, const struct payload *payload,
              const struct origin *origin, struct arena *arena)
{
    database_queue(
        store->db, &query_raw_payload_insert,
        SQL_VALUES(SQL_INT(run_id), SQL_INT(store->source_id), SQL_TIME_MS(payload->fetched_at_ms),
                   SQL_TEXT(payload->target), SQL_INT(payload->status),
                   SQL_TEXT(payload->content_type), SQL_TEXT("ok"), SQL_NULL,
                   SQL_BYTES(payload->body), SQL_TEXT(rows_rejects(origin->batch, arena)),
                   SQL_TEXT(origin->request->position), moment_or_null(origin->request->from_ms),
                   moment_or_null(origin->request->to_ms),
                   SQL_TEXT(markets_encode(origin->markets, arena))));
}

/* A payload that no rows are made of. */
static void
queue_refused(struct store *store, int64_t run_id, const struct ending *ending)
{
    const struct payload *payload = ending->payload;

    database_queue(
        store->db, &query_raw_payload_insert,
        SQL_VALUES(SQL_INT(run_id), SQL_INT(store->source_id), SQL_TIME_MS(payload->fetched_at_ms),
                   SQL_TEXT(payload->target), SQL_INT(payload->status),
                   SQL_TEXT(payload->content_type), SQL_TEXT(ending->verdict),
                   SQL_TEXT(ending->err ? ending->err->code : NULL), SQL_BYTES(payload->body),
                   SQL_NULL, SQL_NULL, SQL_NULL, SQL_NULL, SQL_NULL));
}

static const char *
interval_name(int32_t interval_s, struct arena *arena)
{
    if (interval_s % DAY_S == 0)
        return arena_printf(arena, "%dd", interval_s / DAY_S);
    if (interval_s % 3600 == 0)
        return arena_printf(arena, "%dh", interval_s / 3600);
    return arena_printf(arena, "%dm", interval_s / 60);
}

/* What to tell the API: everything a page may have changed. */
static struct event
make_event(const struct store *store, const struct page *page, const struct markets *markets,
           const struct market *series, uint64_t version, struct arena *arena)
{
    const char **prices = arena_alloc_array(arena, markets->count + 1, sizeof(*prices));
    const char **candles = arena_alloc_array(arena, 1, sizeof(*candles));
    struct event event = {
        .job_id = page->job->job_id,
        .source = store->source->name,
        .kind = job_kind_name(page->job->kind),
        .run_id = page->run_id,
        .version = version,
        .committed_at_ms = clock_now_ms(),
        .prices = prices,
        .candles = candles,
        .listings = page->batch->listing_count > 0,
    };

    for (size_t i = 0; i < markets->count; i++)
        prices[event.price_count++] = markets->rows[i].name;
    if (series)
        candles[event.candle_count++] = arena_printf(
            arena, "%s/%s", series->name, interval_name(page->batch->candle_interval_s, arena));
    return event;
}

/*
 * A checkpoint never goes back: positions of quotes and listings are the slots that were done, as
 * text that sorts by time, and an older slot may come later.
 */
static bool
checkpoint_moves(const struct page *page)
{
    const char *next = page->batch->position;

    if (!next || job_is_live(page->job) || (page->position && strcmp(next, page->position) == 0))
        return false;
    return page->job->kind == JOB_HISTORY || !page->position || strcmp(next, page->position) > 0;
}

/* Returns how many queries that are: 0 if it stays. */
static size_t
queue_checkpoint(struct store *store, const struct page *page)
{
    if (!checkpoint_moves(page))
        return 0;
    database_queue(store->db, &query_checkpoint_advance,
                   SQL_VALUES(SQL_INT(store->source_id), SQL_TEXT(page->job->stream),
                              SQL_TEXT(page->position), SQL_TEXT(page->batch->position),
                              SQL_INT(page->run_id)));
    return 1;
}

/*
 * BEGIN, the turn, the checkpoint, the payload, and what has to be known before the rows. A page
 * that another worker was quicker with ends at the checkpoint, before it leaves anything behind.
 */
static bool
write_payload(struct store *store, const struct page *page, struct writing *writing,
              uint64_t *ret_version, struct arena *arena, struct error *err)
{
    const struct origin origin = {page->request, page->batch, &writing->markets};
    const struct rows *answers;
    size_t at;
    bool looks;

    database_queue_begin(store->db);
    at = 1 + writing_queue_turn(store->db, writing, arena);
    at += queue_checkpoint(store, page);
    queue_payload(store, page->run_id, page->payload, &origin, arena);
    database_queue(store->db, &query_transaction_version, SQL_NO_VALUES);
    looks = writing_queue_look(store->db, writing);
    if (!database_flush(store->db, arena, &answers, err))
        return false;
    writing->lineage.run_id = page->run_id;
    writing->lineage.payload_id = rows_int(&answers[at], 0, 0, 0);
    writing->lineage.known_at_ms = page->payload->fetched_at_ms;
    *ret_version = read_version(rows_text(&answers[at + 1], 0, 0));
    writing->occupied = looks && rows_bool(&answers[at + 2], 0, 0);
    return true;
}

/* Rows, run, COMMIT: one round trip. */
static bool
write_rows(struct store *store, const struct page *page, const struct writing *writing,
           uint64_t version, struct arena *arena, struct stored *ret_stored, struct error *err)
{
    const struct batch *batch = page->batch;
    int64_t offered = (int64_t)(batch->tick_count + batch->listing_count + batch->candle_count);
    struct stored stored = {.payload_id = writing->lineage.payload_id};

    stored.records = (int64_t)writing_queue_rows(store->db, writing, arena);
    stored.unmapped = offered - stored.records + writing->unmapped_references;
    stored.records += (int64_t)batch->reference_count;
    stored.event = make_event(store, page, &writing->markets, writing->series, version, arena);
    database_queue(store->db, &query_run_doubts,
                   SQL_VALUES(SQL_INT(page->run_id), SQL_INT(store->source_id),
                              SQL_INT(writing->lineage.payload_id)));
    database_queue(store->db, &query_run_page,
                   SQL_VALUES(SQL_INT(page->run_id), SQL_INT(stored.records),
                              SQL_INT((int64_t)batch->rejected), SQL_INT(stored.unmapped),
                              SQL_TEXT(event_encode(&stored.event, arena).data)));
    if (page->last)
        database_queue(store->db, &query_run_finish,
                       SQL_VALUES(SQL_INT(page->run_id), SQL_TEXT("ok"), SQL_NULL, SQL_NULL,
                                  SQL_INT(page->payload->status)));
    database_queue_commit(store->db);
    if (!database_flush(store->db, arena, NULL, err))
        return false;
    *ret_stored = stored;
    return true;
}

static bool
load_markets(struct store *store, const struct page *page, struct arena *arena,
             struct markets *ret_markets, struct error *err)
{
    const struct markets_origin origin = {store->source_id, page->run_id,
                                          page->payload->fetched_at_ms};

    return markets_load(store->db, &origin, page->batch, arena, ret_markets, err);
}

static bool
write_page(struct store *store, const struct page *page, struct arena *arena,
           struct stored *ret_stored, struct error *err)
{
    struct writing writing;
    struct markets markets;
    uint64_t version;

    if (!load_markets(store, page, arena, &markets, err))
        return false;
    writing_begin(&writing, page->batch, &markets, store->source_id);
    if (write_payload(store, page, &writing, &version, arena, err) &&
        writing_copy(store->db, &writing, arena, err) &&
        references_write(store->db, page->batch, &writing.lineage, page->payload->fetched_at_ms,
                         arena, &writing.unmapped_references, err) &&
        write_rows(store, page, &writing, version, arena, ret_stored, err))
        return true;
    database_rollback(store->db);
    return false;
}

/* ---- with the partitions they need ---- */

bool
store_page(struct store *store, const struct page *page, struct arena *arena,
           struct stored *ret_stored, struct error *err)
{
    struct page kept = *page;
    struct error first;

    if (!store_ready(store, &first) || !write_page(store, page, arena, ret_stored, &first)) {
        if (strcmp(first.code, "database.no_partition") == 0)
            return partitions_ensure_for(store->db, page->payload->fetched_at_ms, page->batch,
                                         arena, &kept.batch, err) &&
                   write_page(store, &kept, arena, ret_stored, err);
        *err = first;
        return false;
    }
    return true;
}

/* ---- the end of a try ---- */

static bool
write_ending(struct store *store, int64_t run_id, const struct ending *ending, struct arena *arena,
             int64_t *ret_payload_id, struct error *err)
{
    const char *code = ending->err ? ending->err->code : NULL;
    const struct rows *answers;

    database_queue_begin(store->db);
    database_queue(store->db, &query_run_finish,
                   SQL_VALUES(SQL_INT(run_id), SQL_TEXT(ending->status), SQL_TEXT(code),
                              SQL_TEXT(ending->err ? ending->err->message : NULL),
                              ending->http_status ? SQL_INT(ending->http_status) : SQL_NULL));
    if (ending->payload)
        queue_refused(store, run_id, ending);
    database_queue_commit(store->db);
    if (!database_flush(store->db, arena, &answers, err)) {
        database_rollback(store->db);
        return false;
    }
    *ret_payload_id = ending->payload ? rows_int(&answers[2], 0, 0, 0) : 0;
    return true;
}

bool
store_end(struct store *store, int64_t run_id, const struct ending *ending, struct arena *arena,
          int64_t *ret_payload_id, struct error *err)
{
    const struct batch *none;
    struct error first;

    if (store_ready(store, &first) &&
        write_ending(store, run_id, ending, arena, ret_payload_id, &first))
        return true;
    if (ending->payload && strcmp(first.code, "database.no_partition") == 0)
        return partitions_ensure_for(store->db, ending->payload->fetched_at_ms, NULL, arena, &none,
                                     err) &&
               write_ending(store, run_id, ending, arena, ret_payload_id, err);
    *err = first;
    return false;
}
