#include "api/handlers/jobs.h"

#include "api/handlers/job_link.h"
#include "api/orders/errand.h"
#include "api/params/params.h"
#include "api/request.h"
#include "api/thread.h"
#include "common/clock.h"
#include "common/job.h"
#include "common/text.h"
#include "schema/queries.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

enum job_column {
    JOB_SOURCE,
    JOB_KIND,
    JOB_STREAM,
    JOB_SLOT,
    JOB_ORDERED_AT,
    JOB_SLOT_STATE,
    JOB_PUBLISHED_AT,
    JOB_RUN_ID,
    JOB_STATUS,
    JOB_ATTEMPT,
    JOB_STARTED_AT,
    JOB_FINISHED_AT,
    JOB_PAGES,
    JOB_RECORDS,
    JOB_REJECTED,
    JOB_UNMAPPED,
    JOB_ERROR_CODE,
};

/* A job of use until some moment may have been taken up just before, and its run not be seen yet.
 */
enum { GRACE_MS = 60 * 1000 };

struct look {
    const char *job_id;
};

/* ------------------------------------------------------------------------------------ answers */

/* What a run's status means to those who ordered it. */
static const char *
status_of_run(const char *status)
{
    static const char *const words[][2] = {
        {"running", "running"  },
        {"ok",      "succeeded"},
        {"failed",  "retrying" },
        {"waiting", "retrying" },
        {"expired", "failed"   },
        {"skipped", "failed"   },
        {"dead",    "dead"     },
    };

    for (size_t i = 0; i < COUNT_OF(words); i++) {
        if (strcmp(words[i][0], status) == 0)
            return words[i][1];
    }
    return status;
}

static void
add_moment(struct text *text, const char *name, int64_t at_ms)
{
    char at[CLOCK_TEXT_SIZE];

    text_add_format(text, ",\"%s\":", name);
    text_add_json_nullable(text, at_ms ? clock_format_ms(at_ms, at) : NULL);
}

static void
add_count(struct text *text, const char *name, const struct rows *rows, enum job_column column)
{
    text_add_format(text, ",\"%s\":", name);
    if (rows && !rows_is_null(rows, 0, column))
        text_add_int(text, rows_int(rows, 0, column, 0));
    else
        text_add_string(text, "null");
}

/* How a job stands. `rows` NULL = nothing but the order is known of it. */
struct standing {
    const char *status, *reason;
    const char *source, *kind;
    int64_t ordered_at_ms;
    const struct rows *rows;
};

static void
answer(struct errand *errand, const struct standing *standing)
{
    const struct look *look = errand->context;
    const struct rows *rows = standing->rows;
    bool is_over = strcmp(standing->status, "succeeded") == 0 ||
                   strcmp(standing->status, "failed") == 0 || strcmp(standing->status, "dead") == 0;
    struct text text;

    text_init(&text, errand->arena, 512);
    text_add_string(&text, "{\"job_id\":");
    text_add_json_string(&text, job_link_id(look->job_id, errand->arena));
    text_add_string(&text, ",\"job\":");
    text_add_json_string(&text, look->job_id);
    text_add_string(&text, ",\"source\":");
    text_add_json_nullable(&text, standing->source);
    text_add_string(&text, ",\"kind\":");
    text_add_json_nullable(&text, standing->kind);
    text_add_string(&text, ",\"status\":");
    text_add_json_string(&text, standing->status);
    text_add_string(&text, ",\"reason\":");
    text_add_json_nullable(&text, standing->reason);
    add_moment(&text, "ordered_at", standing->ordered_at_ms);
    add_moment(&text, "started_at", rows ? rows_int(rows, 0, JOB_STARTED_AT, 0) : 0);
    add_moment(&text, "finished_at", rows && is_over ? rows_int(rows, 0, JOB_FINISHED_AT, 0) : 0);
    add_count(&text, "attempt", rows, JOB_ATTEMPT);
    add_count(&text, "pages", rows, JOB_PAGES);
    add_count(&text, "records", rows, JOB_RECORDS);
    add_count(&text, "rejected", rows, JOB_REJECTED);
    add_count(&text, "unmapped", rows, JOB_UNMAPPED);
    add_count(&text, "run_id", rows, JOB_RUN_ID);
    text_add_string(&text, "}\n");
    errand_answer(errand, 200, is_over ? "" : "Retry-After: 1\r\n", text_finish(&text));
}

static void
refuse_unknown(struct errand *errand)
{
    struct problem problem;

    problem_set(&problem, 404, "job.unknown", "There is no such job",
                "none was ordered or scheduled by this id, or it is long over");
    problem.parameter = "job_id";
    errand_refuse(errand, &problem);
}

/* ----------------------------------------------------------------------------------- looking */

/* The part of a job's id before its first slash. */
static const char *
source_of(const char *job_id, struct arena *arena)
{
    return arena_copy(arena, job_id, strcspn(job_id, "/"));
}

static const char *
kind_of(const char *job_id)
{
    if (strstr(job_id, "/" JOB_LIVE_STREAM "listing/"))
        return job_kind_name(JOB_LISTING);
    return strstr(job_id, "/" JOB_LIVE_STREAM) ? job_kind_name(JOB_QUOTE) : NULL;
}

/* Published, and nobody has begun it. Redis knows when that was and until when it is of use. */
static void
on_order(struct errand *errand, const struct redis_reply *reply)
{
    const struct look *look = errand->context;
    struct orders *orders = order_desk_orders(errand->thread->desk);
    struct standing standing = {
        .status = "queued",
        .source = source_of(look->job_id, errand->arena),
        .kind = kind_of(look->job_id),
    };
    int64_t useful_until_ms = 0;
    struct problem problem;
    struct bytes value;
    char *end;

    if (reply && redis_reply_string(reply, &value)) {
        standing.ordered_at_ms = strtoll(value.data, &end, 10);
        useful_until_ms = strtoll(end, NULL, 10);
        if (clock_now_ms() > useful_until_ms + GRACE_MS) {
            standing.status = "failed";
            standing.reason = "expired";
        }
        answer(errand, &standing);
    } else if (orders && orders_know(orders, look->job_id)) {
        answer(errand, &standing);
    } else if (reply) {
        refuse_unknown(errand);
    } else {
        problem_set(&problem, 503, "job.unsure", "It is not known whether there is such a job",
                    "it has not begun, and Redis, which knows what was ordered, is away");
        problem.retry_after_s = 2;
        errand_refuse(errand, &problem);
    }
}

static void
ask_redis(struct errand *errand)
{
    const struct look *look = errand->context;
    const char *key = arena_printf(errand->arena, "%s.job:%s",
                                   errand->thread->settings->cache_namespace, look->job_id);
    const struct bytes command[] = {
        {"GET", 3          },
        {key,   strlen(key)},
    };

    errand_redis(errand, command, COUNT_OF(command), on_order);
}

static void
on_job(struct errand *errand, const struct rows *rows, const struct error *err)
{
    struct standing standing = {.rows = rows};
    struct problem problem;

    if (!rows) {
        problem_of_database(&problem, err);
        problem.retry_after_s = 1;
        errand_refuse(errand, &problem);
        return;
    }
    if (rows->count == 0) {
        ask_redis(errand);
        return;
    }
    standing.source = rows_text(rows, 0, JOB_SOURCE);
    standing.kind = rows_text(rows, 0, JOB_KIND);
    standing.ordered_at_ms = rows_int(rows, 0, JOB_ORDERED_AT, 0);
    if (!rows_is_null(rows, 0, JOB_STATUS)) {
        standing.status = status_of_run(rows_text(rows, 0, JOB_STATUS));
        standing.reason = rows_text(rows, 0, JOB_ERROR_CODE);
        if (strcmp(rows_text(rows, 0, JOB_STATUS), "expired") == 0)
            standing.reason = "expired";
    } else if (strcmp(rows_text(rows, 0, JOB_SLOT_STATE), "skipped") == 0) {
        standing.status = "failed";
        standing.reason = "skipped";
    } else {
        standing.status = "queued";
    }
    answer(errand, &standing);
}

void
jobs_show_answer(struct request *request)
{
    const char *text = params_get(&request->params, "job_id")->text, *job_id;
    struct errand *errand = errand_begin(request);
    struct look *look = arena_alloc_array(errand->arena, 1, sizeof *look);

    errand->context = look;
    if (!job_link_read(text, errand->arena, &job_id)) {
        refuse_unknown(errand);
        return;
    }
    look->job_id = job_id;
    errand_query(errand, &query_job_look, SQL_VALUES(SQL_TEXT(job_id)), on_job);
}
