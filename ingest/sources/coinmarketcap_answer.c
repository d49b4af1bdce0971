/* What the answers of CoinMarketCap say, in the shapes of v1, v2 and v3. */
#include "common/decimal.h"
#include "ingest/sources/aggregator.h"
#include "ingest/sources/coinmarketcap.h"
#include "ingest/sources/reference.h"
#include "ingest/sources/row.h"

#include <string.h>
#include <strings.h>

/* The numbers in a currency: v1 and v2 key them by it, v3 lists them. NULL if there are none. */
static const struct json *
find_quote(const struct json *coin, const char *currency)
{
    const struct json *quote = json_get(coin, "quote");
    const char *symbol;

    if (!json_is_array(quote))
        return aggregator_get_currency(quote, currency);
    for (quote = json_first(quote); quote; quote = json_next(quote)) {
        symbol = json_string(json_get(quote, "symbol"));
        if (symbol && strcasecmp(symbol, currency) == 0)
            return quote;
    }
    return NULL;
}

/* "1" of 1 or "1". */
static const char *
id_text(const struct json *value)
{
    return json_number(value) ? json_number(value) : json_string(value);
}

static const char *
read_id(struct row *row, const struct json *coin)
{
    const struct json *value = json_get(coin, "id");
    const char *text = id_text(value);

    if (text && text[0] && strlen(text) <= 18 && strspn(text, "0123456789") == strlen(text))
        return text;
    row_reject(row, "id", value && !json_is_null(value) ? "field.type" : "field.missing", text);
    return NULL;
}

/* Coins whose supply nobody has verified have a cap and a supply of 0: both are unknown. */
static void
clear_unknown(struct listing *listing)
{
    if (listing->circulating_supply && decimal_is_zero(listing->circulating_supply)) {
        listing->circulating_supply = NULL;
        if (listing->market_cap && decimal_is_zero(listing->market_cap))
            listing->market_cap = NULL;
    }
}

static struct listing
read_listing(struct row *row, const struct json *coin, const struct json *quote)
{
    const struct json *updated = json_get(quote, "last_updated");
    struct listing listing = {
        .ticker = row_text(row, "symbol", json_get(coin, "symbol"), AGGREGATOR_TICKER_BYTES,
                           ROW_REQUIRED),
        .name = row_text(row, "name", json_get(coin, "name"), AGGREGATOR_NAME_BYTES, ROW_REQUIRED),
        .rank = aggregator_rank(row, coin, "cmc_rank"),
        .observed_at_ms = row_iso_ms(
            row, "last_updated", json_is_string(updated) ? updated : json_get(coin, "last_updated"),
            ROW_REQUIRED),
        .price = aggregator_decimal(row, quote, "price"),
        .market_cap = aggregator_decimal(row, quote, "market_cap"),
        .fully_diluted_valuation = aggregator_decimal(row, quote, "fully_diluted_market_cap"),
        .volume_24h = aggregator_decimal(row, quote, "volume_24h"),
        .change_24h_percent = aggregator_decimal(row, quote, "percent_change_24h"),
        .circulating_supply = aggregator_decimal(row, coin, "circulating_supply"),
        .total_supply = aggregator_decimal(row, coin, "total_supply"),
        .max_supply = aggregator_decimal(row, coin, "max_supply"),
    };

    clear_unknown(&listing);
    return listing;
}

/* What was asked for: which coins, and in what currency. */
struct asked {
    const char *currency;
    struct quote_args *quote; /* NULL = any coin will do */
};

static void
parse_coin(const struct json *coin, size_t index, const struct asked *asked,
           struct records *records)
{
    struct row row = row_begin(records, index);
    const char *id = read_id(&row, coin);
    const struct json *quote = find_quote(coin, asked->currency);
    struct listing listing;

    if (!json_is_object(quote))
        row_reject(&row, "quote", "field.missing", NULL);
    listing = read_listing(&row, coin, quote);
    aggregator_add_market(&row, &listing, id, asked->currency, asked->quote);
}

/* Coins come as a list, or keyed by what was asked for, each alone or as a list. */
static size_t
parse_coins(const struct json *value, size_t index, const struct asked *asked,
            struct records *records)
{
    if (!json_is_array(value)) {
        parse_coin(value, index, asked, records);
        return index + 1;
    }
    for (value = json_first(value); value; value = json_next(value))
        parse_coin(value, index++, asked, records);
    return index;
}

bool
coinmarketcap_read_page(const struct answer *answer, struct records *records, struct error *err)
{
    const struct json *data = json_get(answer->tree, "data");
    struct listing_args args;

    if (!args_read_listing(answer->job, CMC_PAGE_MAX, &args, err))
        return false;
    if (!json_is_array(data))
        return error_set(err, ERROR_REJECT, "payload.shape", "the listing is no list");
    parse_coins(data, 0, &(struct asked){args.currency, NULL}, records);
    return true;
}

bool
coinmarketcap_read_quote(const struct answer *answer, struct records *records, struct error *err)
{
    const struct json *data = json_get(answer->tree, "data");
    struct quote_args args;
    struct asked asked = {.quote = &args};
    size_t index = 0;

    if (!args_read_quote(answer->job, CMC_QUOTES_MAX, records->arena, &args, err) ||
        !aggregator_quote_currency(&args, records->arena, &asked.currency, err))
        return false;
    if (json_is_array(data))
        parse_coins(data, 0, &asked, records);
    else if (json_is_object(data))
        for (data = json_first(data); data; data = json_next(data))
            index = parse_coins(data, index, &asked, records);
    else
        return error_set(err, ERROR_REJECT, "payload.shape", "the quotes are no coins");
    args_reject_unanswered(&args, records);
    return true;
}

static void
parse_entry(const struct json *entry, struct row *row)
{
    struct reference coin = {
        .symbol = read_id(row, entry),
        .ticker =
            row_text(row, "symbol", json_get(entry, "symbol"), RECORDS_TICKER_BYTES, ROW_REQUIRED),
        .name = row_text(row, "name", json_get(entry, "name"), RECORDS_NAME_BYTES, ROW_REQUIRED),
        .rank = aggregator_rank(row, entry, "rank"),
        .active = row_integer(row, "is_active", json_get(entry, "is_active"), 1, ROW_OPTIONAL) != 0,
    };

    if (!row->bad)
        records_add_reference(row->records, row->index, &coin);
}

const struct reference_list coinmarketcap_map = {.member = "data", .parse = parse_entry};

/* The rows of the one coin that was asked for, however it is wrapped. */
static const struct json *
find_rows(const struct json *data, const char *id, struct error *err)
{
    const struct json *rows = NULL;
    const char *of = NULL;

    for (int depth = 0; data && !rows && depth < 3; depth++) {
        rows = json_get(data, "quotes");
        of = id_text(json_get(data, "id"));
        data = json_first(data);
    }
    if (!json_is_array(rows))
        error_set(err, ERROR_REJECT, "payload.shape", "the history has no list of quotes");
    else if (of && strcmp(of, id) != 0)
        error_set(err, ERROR_REJECT, "payload.shape", "the history is of coin %.20s, not of %.20s",
                  of, id);
    else
        return rows;
    return NULL;
}

static struct point_place
locate_point(const struct json *row, const char *currency)
{
    const struct json *quote = find_quote(row, currency);
    const struct json *stamp = json_get(quote, "timestamp");

    return (struct point_place){json_is_string(stamp) ? stamp : json_get(row, "timestamp"), quote};
}

/* `volume` is what was traded in the period, in the currency asked for. */
static void
parse_candle(const struct json *value, size_t index, const char *currency, struct records *records)
{
    const struct json *quote = find_quote(value, currency);
    struct row row = row_begin(records, index);
    struct candle candle = {
        .open_time_ms = row_iso_ms(&row, "time_open", json_get(value, "time_open"), ROW_REQUIRED),
        .open = aggregator_decimal(&row, quote, "open"),
        .high = aggregator_decimal(&row, quote, "high"),
        .low = aggregator_decimal(&row, quote, "low"),
        .close = aggregator_decimal(&row, quote, "close"),
        .quote_volume = aggregator_decimal(&row, quote, "volume"),
        .market_cap = aggregator_known_cap(aggregator_decimal(&row, quote, "market_cap"), 0),
        .trades = -1,
        .inputs = 1,
    };

    if (!row.bad)
        records_add_candle(records, index, &candle);
}

bool
coinmarketcap_read_history(const struct answer *answer, struct records *records, struct error *err)
{
    const struct json *rows;
    struct cmc_wish wish;
    size_t index = 0;

    if (!coinmarketcap_read_wish(answer->job, records->arena, &wish, err) ||
        !(rows = find_rows(json_get(answer->tree, "data"), wish.id, err)) ||
        !args_begin_series(answer->job, answer->request,
                           wish.candles ? CANDLE_PROVIDER : CANDLE_POINTS, records, err))
        return false;
    if (!wish.candles)
        aggregator_add_points(rows, wish.currency, locate_point, records);
    else
        for (rows = json_first(rows); rows; rows = json_next(rows))
            parse_candle(rows, index++, wish.currency, records);
    return true;
}

void
coinmarketcap_go_on(const struct answer *answer, struct batch *batch)
{
    aggregator_set_position(answer->request, CMC_POINTS_MAX, answer->arena, batch);
}
