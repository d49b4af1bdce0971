#include "ingest/store_rows.h"

#include "schema/queries.h"

enum { ARRAY_CELL = 24, CANDLE_ROW = 192 }; /* expected bytes, to grow seldom */

/* The columns that say what a row is about. */
struct keys {
    struct text assets, quotes, moments;
};

static void
keys_start(struct keys *keys, size_t count, struct arena *arena)
{
    array_start(&keys->assets, arena, count * ARRAY_CELL);
    array_start(&keys->quotes, arena, count * ARRAY_CELL);
    array_start(&keys->moments, arena, count * 2 * ARRAY_CELL);
}

static void
keys_add(struct keys *keys, const struct market *market, int64_t at_ms)
{
    array_add_int(&keys->assets, market->asset_id);
    array_add_int(&keys->quotes, market->quote_id);
    array_add_time_ms(&keys->moments, at_ms);
}

/* The columns that ticks and latest prices share. */
struct prices {
    struct keys keys;
    struct text prices, volumes, caps, changes;
};

static void
prices_start(struct prices *columns, size_t count, struct arena *arena)
{
    keys_start(&columns->keys, count, arena);
    array_start(&columns->prices, arena, count * ARRAY_CELL);
    array_start(&columns->volumes, arena, count * ARRAY_CELL);
    array_start(&columns->caps, arena, count * ARRAY_CELL);
    array_start(&columns->changes, arena, count * ARRAY_CELL);
}

static void
prices_add(struct prices *columns, const struct market *market, int64_t at_ms, const char *price,
           const char *volume_24h, const char *market_cap, const char *change_24h_percent)
{
    keys_add(&columns->keys, market, at_ms);
    array_add(&columns->prices, price);
    array_add(&columns->volumes, volume_24h);
    array_add(&columns->caps, market_cap);
    array_add(&columns->changes, change_24h_percent);
}

/* Finished arrays, in the order in which both queries take them. */
struct price_values {
    struct database_value assets, quotes, moments, prices, volumes, caps, changes;
};

static struct price_values
prices_finish(struct prices *columns)
{
    return (struct price_values){
        SQL_TEXT(array_finish(&columns->keys.assets)),
        SQL_TEXT(array_finish(&columns->keys.quotes)),
        SQL_TEXT(array_finish(&columns->keys.moments)),
        SQL_TEXT(array_finish(&columns->prices)),
        SQL_TEXT(array_finish(&columns->volumes)),
        SQL_TEXT(array_finish(&columns->caps)),
        SQL_TEXT(array_finish(&columns->changes)),
    };
}

size_t
rows_queue_ticks(struct database *db, const struct batch *batch, const struct markets *markets,
                 const struct lineage *lineage, struct arena *arena)
{
    struct price_values values;
    struct prices columns;
    size_t count = 0;

    prices_start(&columns, batch->tick_count, arena);
    for (size_t i = 0; i < batch->tick_count; i++) {
        const struct tick *tick = &batch->ticks[i];
        const struct market *market = markets_find(markets, tick->symbol);

        if (!market)
            continue;
        prices_add(&columns, market, tick->observed_at_ms, tick->price, tick->volume_24h,
                   tick->market_cap, tick->change_24h_percent);
        count++;
    }
    if (count == 0)
        return 0;
    values = prices_finish(&columns);
    database_queue(db, &query_ticks_upsert,
                   SQL_VALUES(SQL_INT(lineage->source_id), SQL_INT(lineage->run_id),
                              SQL_INT(lineage->payload_id), SQL_TIME_MS(lineage->known_at_ms),
                              values.assets, values.quotes, values.moments, values.prices,
                              values.volumes, values.caps, values.changes));
    return count;
}

void
rows_queue_latest_candle(struct database *db, const struct batch *batch,
                         const struct market *market, const struct lineage *lineage)
{
    const struct candle *last = &batch->candles[batch->candle_count - 1];

    database_queue(db, &query_latest_prices_candle,
                   SQL_VALUES(SQL_INT(lineage->source_id), SQL_INT(lineage->run_id),
                              SQL_INT(lineage->payload_id), SQL_INT(market->asset_id),
                              SQL_INT(market->quote_id), SQL_TIME_MS(last->open_time_ms),
                              SQL_INT(batch->candle_interval_s), SQL_TEXT(last->close),
                              SQL_TEXT(last->volume_24h), SQL_TEXT(last->market_cap)));
}

/* The decimal columns of a listing, in the order of listings_upsert ($8 to $16, then ath, atl). */
enum { LISTING_DECIMALS = 9 };

static void
listing_decimals(const struct listing *l, const char *ret_decimals[LISTING_DECIMALS])
{
    const char *const decimals[LISTING_DECIMALS] = {
        l->fully_diluted_valuation,
        l->high_24h,
        l->low_24h,
        l->change_24h,
        l->change_24h_percent,
        l->circulating_supply,
        l->total_supply,
        l->max_supply,
        l->ath,
    };

    for (size_t i = 0; i < LISTING_DECIMALS; i++)
        ret_decimals[i] = decimals[i];
}

struct listing_columns {
    struct keys keys;
    struct text ranks, decimals[LISTING_DECIMALS], ath_moments, atls, atl_moments;
};

static void
listing_columns_start(struct listing_columns *columns, size_t count, struct arena *arena)
{
    keys_start(&columns->keys, count, arena);
    array_start(&columns->ranks, arena, count * ARRAY_CELL);
    for (size_t i = 0; i < LISTING_DECIMALS; i++)
        array_start(&columns->decimals[i], arena, count * ARRAY_CELL);
    array_start(&columns->ath_moments, arena, count * 2 * ARRAY_CELL);
    array_start(&columns->atls, arena, count * ARRAY_CELL);
    array_start(&columns->atl_moments, arena, count * 2 * ARRAY_CELL);
}

static void
add_moment(struct text *array, int64_t at_ms)
{
    if (at_ms)
        array_add_time_ms(array, at_ms);
    else
        array_add(array, NULL);
}

static void
listing_columns_add(struct listing_columns *columns, const struct market *market,
                    const struct listing *listing)
{
    const char *decimals[LISTING_DECIMALS];

    listing_decimals(listing, decimals);
    keys_add(&columns->keys, market, listing->observed_at_ms);
    if (listing->rank > 0)
        array_add_int(&columns->ranks, listing->rank);
    else
        array_add(&columns->ranks, NULL);
    for (size_t i = 0; i < LISTING_DECIMALS; i++)
        array_add(&columns->decimals[i], decimals[i]);
    add_moment(&columns->ath_moments, listing->ath_at_ms);
    array_add(&columns->atls, listing->atl);
    add_moment(&columns->atl_moments, listing->atl_at_ms);
}

static void
queue_listing_columns(struct database *db, struct listing_columns *c, const struct lineage *lineage)
{
    database_queue(
        db, &query_listings_upsert,
        SQL_VALUES(SQL_INT(lineage->source_id), SQL_INT(lineage->run_id),
                   SQL_INT(lineage->payload_id), SQL_TEXT(array_finish(&c->keys.assets)),
                   SQL_TEXT(array_finish(&c->keys.quotes)), SQL_TEXT(array_finish(&c->ranks)),
                   SQL_TEXT(array_finish(&c->keys.moments)),
                   SQL_TEXT(array_finish(&c->decimals[0])), SQL_TEXT(array_finish(&c->decimals[1])),
                   SQL_TEXT(array_finish(&c->decimals[2])), SQL_TEXT(array_finish(&c->decimals[3])),
                   SQL_TEXT(array_finish(&c->decimals[4])), SQL_TEXT(array_finish(&c->decimals[5])),
                   SQL_TEXT(array_finish(&c->decimals[6])), SQL_TEXT(array_finish(&c->decimals[7])),
                   SQL_TEXT(array_finish(&c->decimals[8])), SQL_TEXT(array_finish(&c->ath_moments)),
                   SQL_TEXT(array_finish(&c->atls)), SQL_TEXT(array_finish(&c->atl_moments))));
}

size_t
rows_queue_listings(struct database *db, const struct batch *batch, const struct markets *markets,
                    const struct lineage *lineage, struct arena *arena)
{
    struct listing_columns columns;
    size_t count = 0;

    listing_columns_start(&columns, batch->listing_count, arena);
    for (size_t i = 0; i < batch->listing_count; i++) {
        const struct market *market = markets_find(markets, batch->listings[i].symbol);

        if (!market)
            continue;
        listing_columns_add(&columns, market, &batch->listings[i]);
        count++;
    }
    if (count > 0)
        queue_listing_columns(db, &columns, lineage);
    return count;
}

/* The columns of a candle that both forms of COPY share, and share the order of. */
static void
copy_numbers(struct text *rows, const struct candle *candle)
{
    copy_cell_time_ms(rows, candle->open_time_ms);
    copy_cell(rows, candle->open);
    copy_cell(rows, candle->high);
    copy_cell(rows, candle->low);
    copy_cell(rows, candle->close);
    copy_cell(rows, candle->volume);
    copy_cell(rows, candle->quote_volume);
    copy_cell(rows, candle->volume_24h);
    copy_cell(rows, candle->market_cap);
    if (candle->trades >= 0)
        copy_cell_int(rows, candle->trades);
    else
        copy_cell(rows, NULL);
    copy_cell_int(rows, candle->inputs);
}

struct bytes
rows_copy_stage(const struct batch *batch, struct arena *arena)
{
    struct text rows;

    text_init(&rows, arena, batch->candle_count * CANDLE_ROW);
    for (size_t i = 0; i < batch->candle_count; i++) {
        copy_numbers(&rows, &batch->candles[i]);
        copy_end_row(&rows);
    }
    return text_finish(&rows);
}

struct bytes
rows_copy_candles(const struct batch *batch, const struct market *market,
                  const struct lineage *lineage, struct arena *arena)
{
    struct text rows;

    text_init(&rows, arena, batch->candle_count * CANDLE_ROW);
    for (size_t i = 0; i < batch->candle_count; i++) {
        copy_cell_int(&rows, lineage->source_id);
        copy_cell_int(&rows, market->asset_id);
        copy_cell_int(&rows, market->quote_id);
        copy_cell_int(&rows, batch->candle_interval_s);
        copy_numbers(&rows, &batch->candles[i]);
        copy_cell_int(&rows, batch->candle_origin);
        copy_cell_int(&rows, lineage->run_id);
        copy_cell_int(&rows, lineage->payload_id);
        copy_cell_time_ms(&rows, lineage->known_at_ms);
        copy_end_row(&rows);
    }
    return text_finish(&rows);
}

const char *
rows_rejects(const struct batch *batch, struct arena *arena)
{
    struct text json;

    if (!batch || batch->reject_count == 0)
        return NULL;
    text_init(&json, arena, 256 * batch->reject_count);
    for (size_t i = 0; i < batch->reject_count; i++) {
        text_add_string(&json, i ? ",{\"where\":" : "[{\"where\":");
        text_add_json_nullable(&json, batch->rejects[i].where);
        text_add_string(&json, ",\"reason\":");
        text_add_json_nullable(&json, batch->rejects[i].reason);
        text_add_string(&json, ",\"excerpt\":");
        text_add_json_nullable(&json, batch->rejects[i].excerpt);
        text_add_char(&json, '}');
    }
    text_add_char(&json, ']');
    return text_finish(&json).data;
}
