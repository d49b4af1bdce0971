#include "ingest/ctl/rebuild_feed.h"

#include "common/clock.h"
#include "ingest/ctl/progress_line.h"
#include "ingest/store_kept.h"
#include "schema/queries.h"

#include <inttypes.h>
#include <stdio.h>

enum { FEED_BYTES = 4 * 1024 * 1024, BAR_WIDTH = 24 };

struct feed {
    struct database *from, *to;
    struct arena *arena; /* of the report */
    struct arena *ahead; /* of the payloads that are read */
    struct arena *page;  /* of the one in hand */
    struct feed_report *report;
    struct progress_line line;
    int64_t last_id, started_at_ms;
};

static struct kept_payload
read_payload(const struct rows *rows, size_t n, struct arena *arena)
{
    return (struct kept_payload){
        .payload_id = rows_int(rows, n, 0, 0),
        .run_id = rows_int(rows, n, 1, 0),
        .source_id = rows_int(rows, n, 2, 0),
        .source = rows_text(rows, n, 3),
        .job_id = rows_text(rows, n, 4),
        .kind = rows_text(rows, n, 5),
        .stream = rows_text(rows, n, 6),
        .slot_s = rows_int(rows, n, 7, 0),
        .args = rows_text(rows, n, 8),
        .target = rows_text(rows, n, 9),
        .position = rows_text(rows, n, 10),
        .from_ms = rows_int(rows, n, 11, 0),
        .to_ms = rows_int(rows, n, 12, 0),
        .fetched_at = rows_text(rows, n, 13),
        .fetched_at_ms = rows_int(rows, n, 14, 0),
        .http_status = (int32_t)rows_int(rows, n, 15, 0),
        .content_type = rows_text(rows, n, 16),
        .verdict = rows_text(rows, n, 17),
        .error_code = rows_text(rows, n, 18),
        .sha256 = rows_bytes(rows, n, 19, arena),
        .body = rows_bytes(rows, n, 20, arena),
        .rejects = rows_text(rows, n, 21),
        .markets = rows_text(rows, n, 22),
        .intact = rows_bool(rows, n, 23),
    };
}

static void
note_trouble(struct feed *feed, int64_t payload_id, enum kept_fate fate, const struct error *err)
{
    struct feed_report *report = feed->report;

    if (report->trouble_count == FEED_TROUBLES_MAX)
        return;
    report->troubles[report->trouble_count++] = (struct feed_trouble){
        .payload_id = payload_id,
        .fate = fate,
        .code = err->kind == ERROR_NONE ? NULL : err->code,
        .message = err->kind == ERROR_NONE ? NULL : arena_string(feed->arena, err->message),
    };
}

/* Payloads are foreign: whatever one of them does to its normaliser or its rows, the next is fed.
 */
static bool
feed_payload(struct feed *feed, const struct kept_payload *kept, struct error *err)
{
    struct batch batch;
    struct markets markets;
    struct error why = {0};
    enum kept_fate fate = kept_normalise(kept, feed->page, &batch, &markets, &why);

    if (fate == KEPT_FED && !store_kept(feed->to, kept, &batch, &markets, feed->page, &why)) {
        if (why.kind != ERROR_REJECT) {
            *err = why;
            return false;
        }
        fate = KEPT_UNWRITTEN;
    }
    if (fate != KEPT_FED && !store_kept(feed->to, kept, NULL, NULL, feed->page, err))
        return false;
    if (fate != KEPT_FED && fate != KEPT_REFUSED)
        note_trouble(feed, kept->payload_id, fate, &why);
    feed->report->fates[fate]++;
    feed->report->done++;
    feed->last_id = kept->payload_id;
    return true;
}

static const char *
progress_text(const struct feed *feed, char *text, size_t size)
{
    const struct feed_report *report = feed->report;
    int64_t took_ms = clock_monotonic_ms() - feed->started_at_ms;
    double share = report->total ? (double)report->done / (double)report->total : 1;
    int64_t rate = took_ms > 0 ? report->done * 1000 / took_ms : 0;
    int64_t left_s = rate > 0 ? (report->total - report->done) / rate : 0;
    char bar[BAR_WIDTH + 3];

    progress_line_bar(share, BAR_WIDTH, bar, sizeof bar);
    snprintf(text, size,
             "%s %" PRId64 " of %" PRId64 " payloads, %" PRId64 " a second, %" PRId64 " s left",
             bar, report->done, report->total, rate, left_s);
    return text;
}

/* The next few. `*ret_count` is 0 when all are fed. */
static bool
feed_some(struct feed *feed, size_t *ret_count, struct error *err)
{
    char text[PROGRESS_LINE_SIZE];
    struct rows rows;

    arena_reset(feed->ahead);
    if (!database_run(feed->from, &query_rebuild_payloads,
                      SQL_VALUES(SQL_INT(feed->last_id), SQL_INT(FEED_BYTES)), feed->ahead, &rows,
                      err))
        return false;
    for (size_t n = 0; n < rows.count; n++) {
        struct kept_payload kept;

        arena_reset(feed->page);
        kept = read_payload(&rows, n, feed->page);
        if (!feed_payload(feed, &kept, err))
            return error_prefix(err, "payload %" PRId64, kept.payload_id);
        progress_line_show(&feed->line, progress_text(feed, text, sizeof text));
    }
    *ret_count = rows.count;
    return true;
}

static bool
feed_all(struct feed *feed, struct error *err)
{
    char text[PROGRESS_LINE_SIZE];
    size_t count;

    do {
        if (!feed_some(feed, &count, err))
            return false;
    } while (count > 0);
    feed->report->took_ms = clock_monotonic_ms() - feed->started_at_ms;
    progress_line_end(&feed->line, progress_text(feed, text, sizeof text));
    return database_run(feed->to, &query_rebuild_sequences, SQL_NO_VALUES, feed->page, NULL, err);
}

bool
rebuild_feed(struct database *from, struct database *to, struct arena *arena,
             struct feed_report *ret_report, struct error *err)
{
    struct feed feed = {
        .from = from,
        .to = to,
        .arena = arena,
        .report = ret_report,
        .started_at_ms = clock_monotonic_ms(),
        .last_id = INT64_MIN,
    };
    struct rows rows;
    bool fed;

    *ret_report = (struct feed_report){0};
    if (!store_kept_prepare(to, err) ||
        !database_run(from, &query_rebuild_kept, SQL_NO_VALUES, arena, &rows, err))
        return false;
    ret_report->total = rows_int(&rows, 0, 0, 0);
    ret_report->oldest_payload_id = rows_int(&rows, 0, 1, 0);
    ret_report->oldest_at_ms = rows_int(&rows, 0, 2, 0);
    progress_line_begin(&feed.line);
    feed.ahead = arena_create(4 * FEED_BYTES);
    feed.page = arena_create(FEED_BYTES);
    fed = feed_all(&feed, err);
    if (!fed)
        progress_line_break(&feed.line);
    arena_destroy(feed.page);
    arena_destroy(feed.ahead);
    return fed;
}

int64_t
feed_report_troubled(const struct feed_report *report)
{
    return report->done - report->fates[KEPT_FED] - report->fates[KEPT_REFUSED];
}
