#include "ingest/ctl/schedules_checker.h"

#include "common/clock.h"
#include "common/job.h"
#include "common/text.h"

#include <stdlib.h>
#include <string.h>

enum {
    SCHEDULE_NAME_MAX = 200, /* characters that the table holds: schema/migrations/0004 */
    PAGES_MAX = 40,
    PER_PAGE_DEFAULT = 250,
    REFERENCE_PER_PAGE = 5000,
    ROWS_MAX = SCHEDULES_FILE_ROWS_MAX
};

/* The source itself says whether it could fetch such a job. */
static bool
check_job(const struct checker *checker, const struct source *source, enum job_kind kind,
          const struct schedule_row *row)
{
    struct bytes args = {row->args, strlen(row->args)};
    struct error reason = {0};
    struct request request;
    struct job job = {
        .job_id = row->name,
        .kind = kind,
        .source = row->source,
        .stream = row->stream,
        .args_text = row->args,
        .slot_s = schedules_slot_s(&row->time, clock_now_ms() / 1000),
        .attempt = 1,
    };
    bool done;

    if (json_parse(checker->arena, args, &json_limits_message, &job.args, &reason) &&
        source_request(source, &job, NULL, clock_now_ms(), checker->arena, &request, &done,
                       &reason))
        return true;
    return checker_fail(checker, row->line, "%.60s: %s", row->name, reason.message);
}

/* One row for each job that a schedule of the file stands for. */
static bool
add_row(struct checker *checker, const struct schedule_row *row, const struct source *source,
        enum job_kind kind)
{
    if (checker->schedule_count == ROWS_MAX)
        return checker_fail(checker, row->line, "over %d schedules", ROWS_MAX);
    if (checker->schedule_count == checker->schedule_room) {
        size_t room = checker->schedule_room ? 2 * checker->schedule_room : 64;

        checker->schedules = arena_grow(checker->arena, checker->schedules,
                                        checker->schedule_room * sizeof *row, room * sizeof *row);
        checker->schedule_room = room;
    }
    if (!checker_length(checker, row->line, "the name", row->name, SCHEDULE_NAME_MAX) ||
        !check_job(checker, source, kind, row))
        return false;
    checker->schedules[checker->schedule_count++] = *row;
    return true;
}

/* Says which key does not belong to this kind of schedule. */
static bool
refuse_keys(const struct checker *checker, const char *kind, size_t count, const char *const *keys,
            const int *lines)
{
    for (size_t i = 0; i < count; i++)
        if (lines[i])
            return checker_fail(checker, lines[i], "a %s schedule takes no %s", kind, keys[i]);
    return true;
}

#define KEYS(...)                                                                                  \
    (const char *const[])                                                                          \
    {                                                                                              \
        __VA_ARGS__                                                                                \
    }
#define LINES(...)                                                                                 \
    (const int[])                                                                                  \
    {                                                                                              \
        __VA_ARGS__                                                                                \
    }

static const char *
quoted(struct arena *arena, const char *string)
{
    struct text text;

    text_init(&text, arena, strlen(string) + 8);
    text_add_json_string(&text, string);
    return text_finish(&text).data;
}

static struct schedule_row
row_of(const struct checker *checker, const struct schedule_row *common, const char *part,
       const char *stream, const char *args, int line)
{
    struct schedule_row row = *common;

    if (part)
        row.name = arena_printf(checker->arena, "%s/%s", common->name, part);
    row.stream = stream;
    row.args = args;
    row.line = line;
    row.time.offset_s = schedules_offset_s(&row.time, stream);
    return row;
}

static bool
check_quote(struct checker *checker, const struct file_schedule *schedule,
            const struct source *source, const struct schedule_row *common)
{
    bool each = schedule->each.values != NULL;
    const struct file_list *symbols = each ? &schedule->each : &schedule->symbols;
    struct schedule_row row;
    struct text args;

    if (!symbols->values || (each && schedule->symbols.values))
        return checker_fail(
            checker, schedule->name.line,
            "a quote schedule needs either symbols (one request for all) or each (one "
            "request a symbol)");
    if (!refuse_keys(checker, "quote", 6,
                     KEYS("currency", "pages", "per_page", "interval", "lookback", "series"),
                     LINES(schedule->currency.line, schedule->pages.line, schedule->per_page.line,
                           schedule->interval.line, schedule->lookback.line,
                           schedule->series.line)))
        return false;
    text_init(&args, checker->arena, 64);
    text_add_string(&args, "{\"symbols\":[");
    for (size_t i = 0; i < symbols->count; i++) {
        const char *symbol = symbols->values[i].text;

        if (!checker_symbol(checker, source, &symbols->values[i]))
            return false;
        text_add_format(&args, "%s%s", i ? "," : "", quoted(checker->arena, symbol));
        row = row_of(
            checker, common, symbol, arena_printf(checker->arena, "quote/%s", symbol),
            arena_printf(checker->arena, "{\"symbols\":[%s]}", quoted(checker->arena, symbol)),
            symbols->values[i].line);
        if (each && !add_row(checker, &row, source, JOB_QUOTE))
            return false;
    }
    text_add_string(&args, "]}");
    row = row_of(checker, common, NULL, arena_printf(checker->arena, "quote/%s", common->name),
                 text_finish(&args).data, symbols->line);
    return each || add_row(checker, &row, source, JOB_QUOTE);
}

static bool
check_listing(struct checker *checker, const struct file_schedule *schedule,
              const struct source *source, const struct schedule_row *common)
{
    int64_t pages, per_page;

    if (!schedule->currency.text)
        return checker_fail(checker, schedule->name.line, "a listing schedule needs currency: usd");
    if (!refuse_keys(checker, "listing", 5,
                     KEYS("symbols", "each", "interval", "lookback", "series"),
                     LINES(schedule->symbols.line, schedule->each.line, schedule->interval.line,
                           schedule->lookback.line, schedule->series.line)) ||
        !checker_number(checker, &schedule->pages, "pages", PAGES_MAX, 1, &pages) ||
        !checker_number(checker, &schedule->per_page, "per_page", 1000, PER_PAGE_DEFAULT,
                        &per_page))
        return false;
    for (int64_t page = 1; page <= pages; page++) {
        const char *currency = schedule->currency.text;
        const char *number = arena_printf(checker->arena, "%lld", (long long)page);
        struct schedule_row row =
            row_of(checker, common, pages > 1 ? number : NULL,
                   arena_printf(checker->arena, "listing/%s/%lld/%s", currency, (long long)per_page,
                                number),
                   arena_printf(checker->arena, "{\"currency\":%s,\"page\":%s,\"per_page\":%lld}",
                                quoted(checker->arena, currency), number, (long long)per_page),
                   schedule->name.line);

        if (!add_row(checker, &row, source, JOB_LISTING))
            return false;
    }
    return true;
}

/* A provider's list comes whole, or in pages where the schedule says `pages` or `per_page`. */
static bool
check_reference(struct checker *checker, const struct file_schedule *schedule,
                const struct source *source, const struct schedule_row *common)
{
    bool paged = schedule->pages.text || schedule->per_page.text;
    int64_t pages, per_page;

    if (!refuse_keys(checker, "reference", 6,
                     KEYS("symbols", "each", "currency", "interval", "lookback", "series"),
                     LINES(schedule->symbols.line, schedule->each.line, schedule->currency.line,
                           schedule->interval.line, schedule->lookback.line,
                           schedule->series.line)) ||
        !checker_number(checker, &schedule->pages, "pages", PAGES_MAX, 1, &pages) ||
        !checker_number(checker, &schedule->per_page, "per_page", REFERENCE_PER_PAGE,
                        REFERENCE_PER_PAGE, &per_page))
        return false;
    for (int64_t page = 1; page <= pages; page++) {
        const char *number = arena_printf(checker->arena, "%lld", (long long)page);
        struct schedule_row row =
            row_of(checker, common, pages > 1 ? number : NULL,
                   paged ? arena_printf(checker->arena, "reference/%s", number) : "reference",
                   paged ? arena_printf(checker->arena, "{\"page\":%s,\"per_page\":%lld}", number,
                                        (long long)per_page)
                         : "{}",
                   schedule->name.line);

        if (!add_row(checker, &row, source, JOB_REFERENCE))
            return false;
    }
    return true;
}

/* A folder has whatever it has: one stream, nothing to choose. */
static bool
check_folder(struct checker *checker, const struct file_schedule *schedule,
             const struct source *source, const struct schedule_row *common)
{
    struct schedule_row row =
        row_of(checker, common, NULL, "history/inbox", "{}", schedule->name.line);

    return refuse_keys(checker, "folder's", 8,
                       KEYS("symbols", "each", "currency", "pages", "per_page", "interval",
                            "lookback", "series"),
                       LINES(schedule->symbols.line, schedule->each.line, schedule->currency.line,
                             schedule->pages.line, schedule->per_page.line, schedule->interval.line,
                             schedule->lookback.line, schedule->series.line)) &&
           add_row(checker, &row, source, JOB_HISTORY);
}

/* What a series other than the usual one adds to a history's stream, and to its arguments. */
static const char *
series_stream(const struct file_schedule *schedule, struct arena *arena)
{
    return schedule->series.text ? arena_printf(arena, "/%s", schedule->series.text) : "";
}

static const char *
series_args(const struct file_schedule *schedule, struct arena *arena)
{
    return schedule->series.text
               ? arena_printf(arena, ",\"series\":%s", quoted(arena, schedule->series.text))
               : "";
}

static bool
check_history(struct checker *checker, const struct file_schedule *schedule,
              const struct source *source, const struct schedule_row *common)
{
    int64_t lookback_s;

    if (source->upstream == UPSTREAM_FOLDER)
        return check_folder(checker, schedule, source, common);
    if (!schedule->each.values || !schedule->interval.text || !schedule->lookback.text)
        return checker_fail(
            checker, schedule->name.line,
            "a history schedule needs each: [symbols], interval: 1h and lookback: 365d");
    if (!refuse_keys(checker, "history", 4, KEYS("symbols", "currency", "pages", "per_page"),
                     LINES(schedule->symbols.line, schedule->currency.line, schedule->pages.line,
                           schedule->per_page.line)) ||
        !schedules_duration(checker->file->path, &schedule->lookback, "lookback", 1,
                            SCHEDULES_DURATION_MAX_S, &lookback_s, checker->err))
        return false;
    for (size_t i = 0; i < schedule->each.count; i++) {
        const struct file_value *symbol = &schedule->each.values[i];
        const char *interval = schedule->interval.text;
        struct schedule_row row = row_of(
            checker, common, symbol->text,
            arena_printf(checker->arena, "history/%s/%s%s", symbol->text, interval,
                         series_stream(schedule, checker->arena)),
            arena_printf(checker->arena, "{\"symbol\":%s,\"interval\":%s,\"lookback_s\":%lld%s}",
                         quoted(checker->arena, symbol->text), quoted(checker->arena, interval),
                         (long long)lookback_s, series_args(schedule, checker->arena)),
            symbol->line);

        if (!checker_symbol(checker, source, symbol) ||
            !add_row(checker, &row, source, JOB_HISTORY))
            return false;
    }
    return true;
}

/* Our own work has one stream a kind, and each report one of its own. */
static bool
check_own(struct checker *checker, const struct file_schedule *schedule,
          const struct source *source, const struct schedule_row *common)
{
    struct schedule_row row =
        row_of(checker, common, NULL, common->kind, "{}", schedule->name.line);
    enum job_kind kind;

    if (!job_kind_parse(common->kind, &kind) ||
        !refuse_keys(checker, common->kind, 8,
                     KEYS("symbols", "each", "currency", "pages", "per_page", "interval",
                          "lookback", "series"),
                     LINES(schedule->symbols.line, schedule->each.line, schedule->currency.line,
                           schedule->pages.line, schedule->per_page.line, schedule->interval.line,
                           schedule->lookback.line, schedule->series.line)))
        return false;
    if (kind == JOB_REPORT) {
        if (!schedule->report.text)
            return checker_fail(checker, schedule->name.line,
                                "a report schedule needs report: market or report: reconciliation");
        row = row_of(checker, common, NULL,
                     arena_printf(checker->arena, "report/%s", schedule->report.text),
                     arena_printf(checker->arena, "{\"report\":%s}",
                                  quoted(checker->arena, schedule->report.text)),
                     schedule->name.line);
    }
    return add_row(checker, &row, source, kind);
}

static bool (*const check_kind[])(struct checker *, const struct file_schedule *,
                                  const struct source *, const struct schedule_row *) = {
    [JOB_LISTING] = check_listing,     [JOB_QUOTE] = check_quote, [JOB_HISTORY] = check_history,
    [JOB_REFERENCE] = check_reference, [JOB_ROLLUP] = check_own,  [JOB_GAPS] = check_own,
    [JOB_ARCHIVE] = check_own,         [JOB_RETAIN] = check_own,  [JOB_REPORT] = check_own,
};

static bool
check_schedule(struct checker *checker, const struct file_schedule *schedule)
{
    struct schedule_row common = {.name = schedule->name.text, .line = schedule->name.line};
    const char *enabled, *default_missed;
    const struct source *source;
    enum job_kind kind;

    if (!checker_is_name(schedule->name.text))
        return checker_fail(
            checker, schedule->name.line,
            "the name \"%.40s\" must be letters, digits, '.', '_' and '-', at most %d",
            schedule->name.text, CHECKER_NAME_MAX);
    if (!schedule->source.text || !schedule->kind.text ||
        !(schedule->every.text || schedule->at.text || schedule->cron.text))
        return checker_fail(checker, schedule->name.line,
                            "%.60s needs source, kind and every (or at, or cron)",
                            schedule->name.text);
    if (!checker_source(checker, &schedule->source, &source))
        return false;
    if (!job_kind_parse(schedule->kind.text, &kind))
        return checker_fail(
            checker, schedule->kind.line,
            "kind \"%.40s\" must be quote, listing, history or reference, or of the source "
            "tidemark rollup, gaps, archive, retain or report",
            schedule->kind.text);
    if (kind != JOB_REPORT &&
        !refuse_keys(checker, schedule->kind.text, 1, KEYS("report"), LINES(schedule->report.line)))
        return false;
    default_missed = kind == JOB_HISTORY ? "catch_up" : "coalesce";
    if (!schedules_time(checker->file->path, schedule, checker->arena, &common.time,
                        checker->err) ||
        !checker_choice(checker, &schedule->missed, "missed", "catch_up", "coalesce",
                        default_missed, &common.missed) ||
        !checker_choice(checker, &schedule->enabled, "enabled", "true", "false", "true", &enabled))
        return false;
    common.source = source->name;
    common.kind = job_kind_name(kind);
    common.enabled = strcmp(enabled, "true") == 0;
    return check_kind[kind](checker, schedule, source, &common);
}

static int
compare_streams(const void *a, const void *b)
{
    const struct schedule_row *one = *(const struct schedule_row *const *)a;
    const struct schedule_row *other = *(const struct schedule_row *const *)b;
    int by_source = strcmp(one->source, other->source);

    return by_source ? by_source : strcmp(one->stream, other->stream);
}

/* A stream has one checkpoint, so one schedule. */
static bool
refuse_shared_streams(const struct checker *checker)
{
    size_t count = checker->schedule_count;
    const struct schedule_row **sorted =
        arena_alloc_array(checker->arena, count + 1, sizeof *sorted);

    for (size_t i = 0; i < count; i++)
        sorted[i] = &checker->schedules[i];
    qsort(sorted, count, sizeof *sorted, compare_streams);
    for (size_t i = 1; i < count; i++)
        if (compare_streams(&sorted[i - 1], &sorted[i]) == 0)
            return checker_fail(checker, sorted[i]->line,
                                "%.50s and %.50s (line %d) both make the stream %.50s of %s",
                                sorted[i]->name, sorted[i - 1]->name, sorted[i - 1]->line,
                                sorted[i]->stream, sorted[i]->source);
    return true;
}

bool
schedules_check(const struct schedules_file *file, struct arena *arena,
                struct checked_schedules *ret_checked, struct error *err)
{
    struct checker checker = {.file = file, .arena = arena, .err = err};

    if (!checker_assets(&checker) || !checker_instruments(&checker))
        return false;
    for (size_t i = 0; i < file->schedule_count; i++)
        if (!check_schedule(&checker, &file->schedules[i]))
            return false;
    if (!refuse_shared_streams(&checker))
        return false;
    *ret_checked = (struct checked_schedules){
        .assets = file->assets,
        .asset_count = file->asset_count,
        .instruments = checker.instruments,
        .instrument_count = checker.instrument_count,
        .schedules = checker.schedules,
        .schedule_count = checker.schedule_count,
    };
    return true;
}
