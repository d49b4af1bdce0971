#include "ingest/sources/args.h"

#include <string.h>

static bool
refuse(struct error *err, const char *argument, const char *must)
{
    return error_set(err, ERROR_REJECT, "job.args", "args.%s must be %s", argument, must);
}

static bool
is_symbol(const char *text)
{
    if (!text || text[0] == '\0' || strlen(text) > ARGS_SYMBOL_MAX)
        return false;
    if (strcmp(text, ".") == 0 || strcmp(text, "..") == 0)
        return false;
    for (; *text; text++) {
        if ((unsigned char)*text <= ' ' || *text == 0x7f || strchr(",\"'\\", *text))
            return false;
    }
    return true;
}

static bool
is_known(const char *known, const char *name)
{
    size_t size = strlen(name);

    for (const char *at = known; *at;) {
        size_t length = strcspn(at, "|");

        if (length == size && strncmp(at, name, size) == 0)
            return true;
        at += length + (at[length] == '|');
    }
    return false;
}

/* What is passed over in silence is what somebody relies on. */
bool
args_check_known(const struct job *job, const char *known, struct error *err)
{
    for (const struct json *arg = json_first(job->args); arg; arg = json_next(arg))
        if (!is_known(known, json_key(arg)))
            return error_set(err, ERROR_REJECT, "job.args", "%s takes no \"%.40s\" for a %s",
                             job->source, json_key(arg), job_kind_name(job->kind));
    return true;
}

bool
args_read_quote(const struct job *job, size_t max, struct arena *arena, struct quote_args *ret_args,
                struct error *err)
{
    const struct json *symbols = json_get(job->args, "symbols");
    size_t count = json_is_array(symbols) ? json_count(symbols) : 0;
    struct quote_args args = {0};

    if (count == 0 || count > max)
        return error_set(err, ERROR_REJECT, "job.args",
                         "args.symbols must be a list of 1 to %zu symbols", max);
    args.symbols = arena_alloc_array(arena, count, sizeof *args.symbols);
    args.answered = arena_alloc_array(arena, count, sizeof *args.answered);
    for (const struct json *symbol = json_first(symbols); symbol; symbol = json_next(symbol)) {
        if (!is_symbol(json_string(symbol)))
            return refuse(err, "symbols", "symbols without spaces, commas or quotes");
        args.symbols[args.count++] = json_string(symbol);
    }
    *ret_args = args;
    return true;
}

static bool
read_page(const struct job *job, int64_t max_per_page, int64_t *ret_page, int64_t *ret_per_page,
          struct error *err)
{
    if (!json_integer(json_get(job->args, "page"), ret_page) || *ret_page < 1 || *ret_page > 1000)
        return refuse(err, "page", "a number from 1 to 1000");
    if (!json_integer(json_get(job->args, "per_page"), ret_per_page) || *ret_per_page < 1 ||
        *ret_per_page > max_per_page)
        return error_set(err, ERROR_REJECT, "job.args", "args.per_page must be 1 to %d",
                         (int)max_per_page);
    return true;
}

bool
args_read_listing(const struct job *job, int64_t max_per_page, struct listing_args *ret_args,
                  struct error *err)
{
    struct listing_args args = {.currency = json_string(json_get(job->args, "currency"))};

    if (!is_symbol(args.currency) || strchr(args.currency, '/'))
        return refuse(err, "currency", "a currency code such as \"usd\"");
    if (!read_page(job, max_per_page, &args.page, &args.per_page, err))
        return false;
    *ret_args = args;
    return true;
}

bool
args_read_reference(const struct job *job, int64_t max_per_page, struct reference_args *ret_args,
                    struct error *err)
{
    const struct json *page = json_get(job->args, "page");
    const struct json *per_page = json_get(job->args, "per_page");
    struct reference_args args = {0};

    if (max_per_page == 0) {
        if (page || per_page)
            return error_set(err, ERROR_REJECT, "job.args",
                             "args.page must be left out: %s gives its list whole", job->source);
        *ret_args = args;
        return true;
    }
    if (!read_page(job, max_per_page, &args.page, &args.per_page, err))
        return false;
    *ret_args = args;
    return true;
}

static const struct {
    const char *name;
    int32_t seconds;
} intervals[] = {
    {"5m", 300  },
    {"1h", 3600 },
    {"1d", 86400},
};

static int32_t
interval_seconds(const char *name)
{
    for (size_t i = 0; name && i < COUNT_OF(intervals); i++) {
        if (strcmp(name, intervals[i].name) == 0)
            return intervals[i].seconds;
    }
    return 0;
}

bool
args_read_history(const struct job *job, struct history_args *ret_args, struct error *err)
{
    const int64_t longest_s = INT64_C(100) * 366 * 86400;
    struct history_args args = {
        .symbol = json_string(json_get(job->args, "symbol")),
        .interval = json_string(json_get(job->args, "interval")),
    };

    if (!is_symbol(args.symbol))
        return refuse(err, "symbol", "a symbol without spaces, commas or quotes");
    args.interval_s = interval_seconds(args.interval);
    if (args.interval_s == 0)
        return refuse(err, "interval", "5m, 1h or 1d");
    if (!json_integer(json_get(job->args, "lookback_s"), &args.lookback_s) ||
        args.lookback_s <= 0 || args.lookback_s > longest_s)
        return refuse(err, "lookback_s", "a positive number of seconds, at most 100 years");
    if (json_get(job->args, "until_s") &&
        (!json_integer(json_get(job->args, "until_s"), &args.until_s) || args.until_s <= 0 ||
         args.until_s > RECORDS_SECONDS_MAX))
        return refuse(err, "until_s", "a moment in unix seconds");
    *ret_args = args;
    return true;
}

bool
args_read_series(const struct job *job, bool *ret_candles, struct error *err)
{
    const struct json *series = json_get(job->args, "series");
    const char *name = series ? json_string(series) : "points";

    if (!name || (strcmp(name, "points") != 0 && strcmp(name, "ohlcv") != 0))
        return refuse(err, "series", "points or ohlcv");
    *ret_candles = strcmp(name, "ohlcv") == 0;
    return true;
}

bool
args_begin_series(const struct job *job, const struct request *request, enum candle_origin origin,
                  struct records *records, struct error *err)
{
    struct history_args args;

    if (!args_read_history(job, &args, err))
        return false;
    records_set_series(records, &(struct candle_series){
                                    .symbol = args.symbol,
                                    .interval_s = args.interval_s,
                                    .origin = origin,
                                    .from_ms = request->from_ms,
                                    .to_ms = request->to_ms,
                                });
    return true;
}

bool
args_answer(struct quote_args *args, const char *symbol)
{
    bool asked = false;

    for (size_t i = 0; i < args->count; i++) {
        if (strcmp(args->symbols[i], symbol) == 0)
            asked = args->answered[i] = true;
    }
    return asked;
}

void
args_reject_unanswered(const struct quote_args *args, struct records *records)
{
    for (size_t i = 0; i < args->count; i++) {
        if (!args->answered[i])
            records_reject_at(records, "symbols", "symbol.unanswered", args->symbols[i]);
    }
}

bool
args_refuse_kind(const struct job *job, struct error *err)
{
    return error_set(err, ERROR_REJECT, "job.kind", "%s has no jobs of kind %s", job->source,
                     job_kind_name(job->kind));
}
