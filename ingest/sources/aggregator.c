#include "ingest/sources/aggregator.h"

#include "common/decimal.h"
#include "ingest/sources/points.h"
#include "ingest/sources/progress.h"

#include <ctype.h>
#include <string.h>
#include <strings.h>

bool
aggregator_split_symbol(const char *symbol, struct arena *arena, const char **ret_id,
                        const char **ret_currency, struct error *err)
{
    const char *slash = strrchr(symbol, '/');

    if (!slash || slash == symbol || slash[1] == '\0')
        return error_set(err, ERROR_REJECT, "job.args",
                         "\"%.64s\" is no coin id and currency such as \"bitcoin/usd\"", symbol);
    *ret_id = arena_copy(arena, symbol, (size_t)(slash - symbol));
    *ret_currency = slash + 1;
    if (strcmp(*ret_id, ".") == 0 || strcmp(*ret_id, "..") == 0)
        return error_set(err, ERROR_REJECT, "job.args", "\"%s\" is a path, not a coin", symbol);
    return true;
}

bool
aggregator_quote_currency(const struct quote_args *args, struct arena *arena,
                          const char **ret_currency, struct error *err)
{
    const char *id = NULL, *currency = NULL, *first = NULL;

    for (size_t i = 0; i < args->count; i++) {
        if (!aggregator_split_symbol(args->symbols[i], arena, &id, &currency, err))
            return false;
        first = first ? first : currency;
        if (strcmp(first, currency) != 0)
            return error_set(err, ERROR_REJECT, "job.args",
                             "args.symbols must all have one currency, not %.20s and %.20s", first,
                             currency);
    }
    *ret_currency = first;
    return true;
}

const char *
aggregator_upper(const char *currency, struct arena *arena)
{
    char *upper = arena_string(arena, currency);

    for (char *c = upper; *c; c++)
        *c = (char)toupper((unsigned char)*c);
    return upper;
}

const struct json *
aggregator_get_currency(const struct json *object, const char *currency)
{
    const struct json *member = json_is_object(object) ? json_first(object) : NULL;

    while (member && strcasecmp(json_key(member), currency) != 0)
        member = json_next(member);
    return member;
}

int64_t
aggregator_rank(struct row *row, const struct json *object, const char *member)
{
    int64_t rank = row_integer(row, member, json_get(object, member), 0, ROW_OPTIONAL);

    if (rank < 0)
        row_reject(row, member, "size.negative", NULL);
    return rank;
}

const char *
aggregator_known_cap(const char *market_cap, int64_t rank)
{
    return market_cap && rank == 0 && decimal_is_zero(market_cap) ? NULL : market_cap;
}

const char *
aggregator_decimal(struct row *row, const struct json *object, const char *member)
{
    const struct json *value = json_get(object, member);
    const char *text = json_string(value);

    return text && text[0] == '\0' ? NULL : row_decimal(row, member, value, ROW_OPTIONAL);
}

static int64_t
sample_ms(int64_t at_ms, int32_t interval_s)
{
    const int64_t longest_ms = 10 * 60 * 1000;
    int64_t half_ms = (int64_t)interval_s * 500;
    int64_t late_ms = at_ms % (2 * half_ms);

    return late_ms <= (half_ms < longest_ms ? half_ms : longest_ms) ? at_ms - late_ms : at_ms;
}

/* False if it became a reject. */
static bool
read_point(struct row *row, const struct point_place *place, struct point *ret_point)
{
    const struct json *stamp = place->stamp, *values = place->values;
    int64_t at_ms = row_iso_ms(row, "timestamp", stamp, ROW_REQUIRED);
    const char *reason;
    struct point point = {
        .price = aggregator_decimal(row, values, "price"),
        .volume_24h = aggregator_decimal(row, values, "volume_24h"),
        .market_cap = aggregator_known_cap(aggregator_decimal(row, values, "market_cap"), 0),
        .row = row->index,
    };

    if (!row->bad && (reason = records_check_time(row->records, at_ms)))
        row_reject(row, "timestamp", reason, json_string(stamp));
    if (!row->bad && (reason = records_check_price(point.price)))
        row_reject(row, "price", reason, point.price);
    if (row->bad)
        return false;
    point.at_ms = sample_ms(at_ms, row->records->series.interval_s);
    *ret_point = point;
    return true;
}

void
aggregator_add_points(const struct json *rows, const char *currency,
                      aggregator_locate_point *locate, struct records *records)
{
    struct point *points = arena_alloc_array(records->arena, json_count(rows), sizeof *points);
    size_t count = 0, index = 0;

    for (rows = json_first(rows); rows; rows = json_next(rows)) {
        struct row row = row_begin(records, index++);
        const struct point_place place = locate(rows, currency);

        if (read_point(&row, &place, &points[count]))
            count++;
    }
    points_add_candles(points, count, records);
}

void
aggregator_add_market(struct row *row, struct listing *listing, const char *id,
                      const char *currency, struct quote_args *asked)
{
    struct records *records = row->records;
    struct tick tick;

    if (row->bad)
        return;
    listing->symbol = arena_printf(records->arena, "%s/%s", id, currency);
    listing->market_cap = aggregator_known_cap(listing->market_cap, listing->rank);
    if (asked && !args_answer(asked, listing->symbol)) {
        row_reject(row, "id", "symbol.unasked", id);
        return;
    }
    tick = (struct tick){
        .symbol = listing->symbol,
        .observed_at_ms = listing->observed_at_ms,
        .price = listing->price,
        .volume_24h = listing->volume_24h,
        .market_cap = listing->market_cap,
        .change_24h_percent = listing->change_24h_percent,
    };
    if (records_add_listing(records, row->index, listing))
        records_add_tick(records, row->index, &tick);
}

void
aggregator_set_position(const struct request *request, int64_t capacity, struct arena *arena,
                        struct batch *batch)
{
    int64_t step_ms = (int64_t)batch->candle_interval_s * 1000;
    bool full = request->to_ms - request->from_ms == capacity * step_ms;

    if (full)
        batch->position = progress_position(request, request->to_ms, arena);
    else if (batch->candle_count)
        batch->position = progress_position(
            request, batch->candles[batch->candle_count - 1].open_time_ms + step_ms, arena);
    batch->more = full && batch->position;
}
