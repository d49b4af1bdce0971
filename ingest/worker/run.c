#include "ingest/worker/run.h"

#include "common/clock.h"
#include "common/log.h"
#include "common/secret.h"
#include "ingest/folder.h"
#include "ingest/tasks/task.h"
#include "ingest/worker/announce.h"
#include "ingest/worker/steps.h"

#include <stdlib.h>
#include <string.h>

enum { BACKOFF_MIN_MS = 50, BACKOFF_MAX_MS = 5000 };

/* How long our own trouble has lasted. */
struct patience {
    int64_t since_ms; /* 0 = all is well */
    int32_t tries;
};

static void
set_position(struct run *run, const char *position)
{
    char *copy = position ? strdup(position) : NULL;

    if (position && !copy)
        abort();
    free(run->position);
    run->position = copy;
}

void
run_finish(struct run *run)
{
    set_position(run, NULL);
}

/* The job in hand still is ours: the broker has not given it to somebody else. */
static bool
is_in_hand(const struct run *run)
{
    return broker_consumer_connected(run->child->consumer);
}

/*
 * After an error of the database: waits a little, longer each time. False when there is nothing to
 * wait for; then the outcome is set.
 */
static bool
be_patient(struct run *run, struct patience *patience, const struct error *err)
{
    int64_t now_ms = clock_monotonic_ms(), wait_ms;

    if (patience->since_ms == 0)
        patience->since_ms = now_ms;
    if (outcome_of_store(err) == OUTCOME_OURS && is_in_hand(run) && !child_stops() &&
        now_ms - patience->since_ms <= RUN_PATIENCE_MS) {
        if (patience->tries % 10 == 0)
            log_event(LOG_WARN, "store.retry", LOG_INT("tries", patience->tries), LOG_ERROR(err));
        wait_ms = patience->tries < 7 ? BACKOFF_MIN_MS << patience->tries : BACKOFF_MAX_MS;
        patience->tries++;
        child_wait(run->child, wait_ms / 2 + (int64_t)random() % (wait_ms / 2));
        if (is_in_hand(run) && !child_stops())
            return true;
    }
    run->outcome = outcome_of_store(err);
    run->err = *err;
    return false;
}

/* ---- how a try ends ---- */

/* What the table of runs says about an outcome. */
static const char *
status_of(const struct run *run)
{
    bool last_try = run->job->attempt >= retry_attempts_max(run->job->kind);

    switch (run->outcome) {
    case OUTCOME_DONE:
        return "ok";
    case OUTCOME_EXPIRED:
        return "expired";
    case OUTCOME_SKIPPED:
        return "skipped";
    case OUTCOME_PERMANENT:
        return "dead";
    case OUTCOME_TRANSIENT:
        return last_try ? "dead" : "failed";
    default:
        return "waiting";
    }
}

/* Writes down how the try ended. With the database away that makes the outcome ours. */
static void
end_try(struct run *run, const struct payload *payload, const char *verdict)
{
    struct error err, why = run->err;
    enum outcome outcome = run->outcome;
    struct patience patience = {0};
    struct ending ending = {
        .status = status_of(run),
        .err = why.kind != ERROR_NONE ? &why : NULL,
        .http_status = run->http_status,
        .payload = payload,
        .verdict = verdict,
    };

    do {
        arena_reset(run->child->store_arena);
        if (store_end(run->child->store, run->run_id, &ending, run->child->store_arena,
                      &run->payload_id, &err)) {
            run->outcome = outcome;
            run->err = why;
            return;
        }
    } while (be_patient(run, &patience, &err));
    if (run->outcome != OUTCOME_OURS) { /* it cannot be written down: that must not stop the job */
        log_event(LOG_ERR, "run.unwritten", LOG_ERROR(&err));
        run->outcome = outcome;
        run->err = why;
    }
}

/* Error text may quote what a provider sent back. It goes into the table, so it must be text. */
static void
clean(char *text)
{
    for (char *c = text; *c; c++)
        if ((unsigned char)*c < 0x20 || (unsigned char)*c > 0x7e)
            *c = '?';
}

/* The bytes of an answer have lost our key already; its text may have had it in an escaped form. */
static void
hide_key(const struct run *run, char *text)
{
    const struct child *child = run->child;

    if (child->source->upstream == UPSTREAM_HTTP)
        secret_blank(text, strlen(text), worker_settings_key(child->settings, child->source));
}

static void
end_failed(struct run *run, enum outcome outcome, const struct error *err,
           const struct payload *payload)
{
    run->outcome = outcome;
    run->err = *err;
    hide_key(run, run->err.message);
    clean(run->err.message);
    end_try(run, payload, outcome_name(outcome));
}

static void
end_well(struct run *run, enum outcome outcome)
{
    run->outcome = outcome;
    run->err = (struct error){.kind = ERROR_NONE};
    end_try(run, NULL, NULL);
}

/* ---- step 3 ---- */

/* False when the run is over: done already, or the database stays away. */
static bool
claim_run(struct run *run, struct patience *patience)
{
    struct child *child = run->child;
    struct claim claim;
    struct error err;

    while (!store_claim(child->store, run->job, child->name, child->job_arena, &claim, &err))
        if (!be_patient(run, patience, &err))
            return false;
    run->run_id = claim.run_id;
    run->failed_with = claim.failed_with;
    run->source_enabled = claim.source_enabled;
    set_position(run, claim.position);
    fault_point(STEP_CLAIM);
    announce_again(child, &claim, child->job_arena);
    if (!claim.finished)
        return true;
    run->outcome = OUTCOME_DONE;
    run->err = (struct error){.kind = ERROR_NONE};
    fault_point(STEP_EVENT);
    return false;
}

/* ---- steps 4 and 5 ---- */

static bool
defer(struct run *run, enum upstream_word word, int64_t wait_ms)
{
    static const char *const codes[] = {
        [UPSTREAM_COOLDOWN] = "provider.cooldown",
        [UPSTREAM_BREAKER] = "provider.breaker",
        [UPSTREAM_BUDGET] = "provider.budget",
    };
    struct error err;

    error_set(&err, ERROR_RETRY, codes[word], "nothing may be asked for %lld ms",
              (long long)wait_ms);
    run->wait_ms = wait_ms;
    end_failed(run, OUTCOME_DEFERRED, &err, NULL);
    return false;
}

/* Waits, not long, until the provider may be asked. */
static bool
take_tokens(struct run *run, int32_t weight)
{
    struct child *child = run->child;
    const struct upstream_ask ask = {
        .weight = weight,
        .backfill = run->job->kind == JOB_HISTORY && !child->live,
        .again = run->job->attempt > 1,
    };
    int64_t deadline_ms = clock_monotonic_ms() + RUN_TOKENS_MS, wait_ms;
    enum upstream_word word;

    for (;;) {
        word = gate_ask(child->gate, &ask, &wait_ms);
        if (word == UPSTREAM_GRANTED)
            return true;
        if (clock_monotonic_ms() + wait_ms > deadline_ms || child_stops() || !is_in_hand(run))
            return defer(run, word, wait_ms);
        child_wait(child, wait_ms);
    }
}

/* Every call that was granted is reported once, as soon as it is known what came of it. */
static void
report(struct run *run, enum upstream_result result, const struct payload *payload)
{
    const struct gate_use use = {payload->used, payload->left, payload->left_known};

    if (run->child->source->upstream == UPSTREAM_HTTP)
        gate_report(run->child->gate, result, run->wait_ms, &use);
}

static bool
fetch_http(struct run *run, const struct request *request, struct payload *ret_payload,
           struct error *err)
{
    struct child *child = run->child;
    struct fetch fetch = {
        .base_url = worker_settings_base_url(child->settings, child->source),
        .target = request->target,
        .key_header = child->source->key_header,
        .key = worker_settings_key(child->settings, child->source),
        .used_header = child->source->used_header,
        .left_header = child->source->left_header,
        .company = {broker_consumer_socket(child->consumer), child_serve_broker, child},
    };

    return fetcher_get(child->fetcher, &fetch, child->page_arena, ret_payload, err);
}

static bool
fetch_folder(struct run *run, const struct request *request, struct payload *ret_payload,
             bool *ret_done, struct error *err)
{
    const char *folder = run->child->settings->csv_folder;

    if (folder[0] == '\0') {
        *ret_done = true;
        return true;
    }
    return folder_next(folder, request->position, clock_now_ms(), run->child->page_arena,
                       ret_payload, ret_done, err);
}

/* False when the try is over. */
static bool
fetch_page(struct run *run, const struct request *request, struct payload *ret_payload)
{
    struct payload payload = {.target = NULL};
    struct error err;
    bool done = false, ok;

    if (run->child->source->upstream == UPSTREAM_HTTP && !take_tokens(run, request->weight))
        return false;
    fault_point(STEP_TOKENS);
    ok = run->child->source->upstream == UPSTREAM_HTTP
             ? fetch_http(run, request, &payload, &err)
             : fetch_folder(run, request, &payload, &done, &err);
    run->http_status = payload.status;
    fault_point(STEP_FETCH);
    if (!ok) {
        report(run, outcome_result_of_fetch(&err), &payload);
        end_failed(run, outcome_of_fetch(&err), &err, payload.target ? &payload : NULL);
    } else if (done)
        end_well(run, OUTCOME_DONE);
    else
        *ret_payload = payload;
    return ok && !done;
}

/* ---- step 6 ---- */

static bool
normalise(struct run *run, const struct request *request, const struct payload *payload,
          struct batch *ret_batch)
{
    const struct source *source = run->child->source;
    struct arena *arena = run->child->page_arena;
    enum verdict verdict;
    struct error err;

    verdict = source->classify(payload, arena, &err);
    if (verdict == VERDICT_LIMITED)
        run->wait_ms = outcome_cooldown_ms(
            err.retry_after_ms ? err.retry_after_ms : payload->retry_after_ms, err.code);
    else if (verdict == VERDICT_TRANSIENT) /* of a 503: of this job only, and it has failed */
        run->wait_ms = payload->retry_after_ms;
    report(run, outcome_result_of_verdict(verdict), payload);
    if (verdict != VERDICT_OK) {
        end_failed(run, outcome_of_verdict(verdict), &err, payload);
        return false;
    }
    if (!source_parse(source, run->job, request, payload, arena, ret_batch, &err) ||
        (source->upstream == UPSTREAM_HTTP && !outcome_check_batch(ret_batch, &err))) {
        end_failed(run, outcome_of_parse(&err, run->failed_with), &err, payload);
        return false;
    }
    if (ret_batch->more && run->position && ret_batch->position &&
        strcmp(ret_batch->position, run->position) == 0) {
        error_set(&err, ERROR_REJECT, "page.no_progress", "the stream stays at \"%.100s\"",
                  run->position);
        end_failed(run, OUTCOME_PERMANENT, &err, payload);
        return false;
    }
    fault_point(STEP_NORMALISE);
    return true;
}

/* ---- steps 7 and 8 ---- */

enum stored_how {
    STORED,      /* the page is in the tables */
    STORED_ELSE, /* the stream stands elsewhere now: ask again from there */
    STORED_NOT,  /* the try is over */
};

static enum stored_how
store_patiently(struct run *run, const struct page *page, struct stored *ret_stored)
{
    struct child *child = run->child;
    struct patience patience = {0};
    struct error err;

    for (;;) {
        arena_reset(child->store_arena);
        if (store_page(child->store, page, child->store_arena, ret_stored, &err))
            return STORED;
        if (!be_patient(run, &patience, &err)) {
            if (run->outcome == OUTCOME_PERMANENT)
                end_failed(run, OUTCOME_PERMANENT, &err, page->payload);
            return STORED_NOT;
        }
        /* It may have been committed all the same, or another worker may have been quicker. */
        if (!claim_run(run, &patience))
            return STORED_NOT;
        if ((run->position == NULL) != (page->position == NULL) ||
            (run->position && strcmp(run->position, page->position) != 0))
            return STORED_ELSE;
    }
}

static bool
store_and_announce(struct run *run, const char *position, const struct request *request,
                   const struct payload *payload, const struct batch *batch)
{
    struct child *child = run->child;
    struct page page = {run->job, run->run_id, position, request, payload, batch, !batch->more};
    struct stored stored;
    enum stored_how how = store_patiently(run, &page, &stored);

    if (how != STORED)
        return how == STORED_ELSE;
    fault_point(STEP_STORE);
    announce(child, &stored.event, child->store_arena);
    fault_point(STEP_EVENT);
    run->pages++;
    run->records += stored.records;
    run->rejected += (int64_t)batch->rejected;
    run->unmapped += stored.unmapped;
    run->payload_id = stored.payload_id;
    if (batch->position)
        set_position(run, batch->position);
    if (batch->more)
        return true;
    run->outcome = OUTCOME_DONE;
    return false;
}

/* One page, from request to event. False when the job, or this try of it, is over. */
static bool
run_page(struct run *run)
{
    struct child *child = run->child;
    struct request request;
    struct payload payload;
    struct batch batch;
    const char *position;
    bool done = false;
    struct error err;

    arena_reset(child->page_arena);
    /* The page's own: the run's changes when it is claimed again in the middle of the page. */
    position = run->position ? arena_string(child->page_arena, run->position) : NULL;
    if (!source_request(child->source, run->job, position, clock_now_ms(), child->page_arena,
                        &request, &done, &err)) {
        end_failed(run, OUTCOME_PERMANENT, &err, NULL);
        return false;
    }
    if (done) {
        end_well(run, OUTCOME_DONE);
        return false;
    }
    return fetch_page(run, &request, &payload) && normalise(run, &request, &payload, &batch) &&
           store_and_announce(run, position, &request, &payload, &batch);
}

/* ---- our own work ---- */

static bool
task_should_stop(void *context)
{
    return child_stops() || !is_in_hand(context);
}

static void
task_serve(void *context)
{
    struct run *run = context;

    child_serve_broker(run->child);
}

/* One piece of a task, once. */
static bool
try_piece(struct run *run, const struct task *task, struct task_run *at, struct task_piece *piece,
          struct error *err)
{
    struct store *store = run->child->store;

    arena_reset(at->arena);
    *piece = (struct task_piece){0};
    if (!store_ready(store, err))
        return false;
    at->db = store_database(store);
    at->run_id = run->run_id;
    if (task->step(at, piece, err))
        return true;
    database_rollback(at->db);
    return false;
}

/* The same until the database lets it. False when the try is over. */
static bool
do_piece(struct run *run, struct task_run *at, struct task_piece *piece)
{
    const struct task *task = task_find(run->job->kind);
    struct patience patience = {0};
    struct error err;

    if (!task) {
        error_set(&err, ERROR_REJECT, "job.kind", "%s has no jobs of kind %s", run->job->source,
                  job_kind_name(run->job->kind));
        end_failed(run, OUTCOME_PERMANENT, &err, NULL);
        return false;
    }
    while (!try_piece(run, task, at, piece, &err)) {
        if (outcome_of_task(&err) != OUTCOME_OURS) {
            end_failed(run, outcome_of_task(&err), &err, NULL);
            return false;
        }
        if (!be_patient(run, &patience, &err) || !claim_run(run, &patience))
            return false;
    }
    return true;
}

/* A piece, from its first query to its event. False when the job, or this try of it, is over. */
static bool
run_piece(struct run *run)
{
    struct child *child = run->child;
    const struct task_settings settings = {
        .database_url = child->settings->database_url,
        .archive = &child->settings->archive,
        .raw_days = child->settings->raw_days,
        .aggregate_days = child->settings->aggregate_days,
    };
    struct task_run at = {
        .settings = &settings,
        .job = run->job,
        .arena = child->page_arena,
        .stops = task_should_stop,
        .serve = task_serve,
        .context = run,
    };
    struct task_piece piece;
    struct event event;

    if (!do_piece(run, &at, &piece))
        return false;
    fault_point(STEP_STORE);
    if (task_event(&at, &piece, &event))
        announce(child, &event, child->page_arena);
    fault_point(STEP_EVENT);
    run->pages++;
    run->records += piece.records;
    if (piece.more)
        return true;
    run->outcome = OUTCOME_DONE;
    return false;
}

/*
 * A source that is not in use is no failure: its jobs end as skipped, so that they neither go dead
 * one by one nor look as if they were waiting. Sets `err` to why.
 */
static bool
is_source_unused(const struct run *run, struct error *err)
{
    const struct child *child = run->child;

    if (!run->source_enabled) {
        error_set(err, ERROR_REJECT, "source.disabled", "%s is switched off", child->source->name);
        return true;
    }
    if (!child->source->key_required || worker_settings_key(child->settings, child->source))
        return false;
    error_set(err, ERROR_REJECT, "source.no_key", "%s gives nothing without a key",
              child->source->name);
    return true;
}

static bool
is_expired(const struct job *job)
{
    return job->not_after_s > 0 && clock_now_ms() > job->not_after_s * 1000;
}

void
run_give_up(struct run *run, struct child *child, const struct job *job, const struct error *err)
{
    struct patience patience = {0};

    *run = (struct run){.child = child, .job = job, .started_at_ms = clock_monotonic_ms()};
    if (claim_run(run, &patience))
        end_failed(run, OUTCOME_PERMANENT, err, NULL);
}

void
run_job(struct run *run, struct child *child, const struct job *job)
{
    bool provider = source_is_provider(child->source);
    struct patience patience = {0};
    struct error err;

    *run = (struct run){.child = child, .job = job, .started_at_ms = clock_monotonic_ms()};
    if (!claim_run(run, &patience))
        return;
    if (is_source_unused(run, &err)) {
        end_failed(run, OUTCOME_SKIPPED, &err, NULL);
        return;
    }
    if (is_expired(job)) {
        end_well(run, OUTCOME_EXPIRED);
        return;
    }
    while (provider ? run_page(run) : run_piece(run))
        if (child_stops() || clock_monotonic_ms() - run->started_at_ms > RUN_SLICE_MS) {
            end_well(run, OUTCOME_CONTINUED);
            return;
        }
}
