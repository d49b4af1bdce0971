#include "api/handlers/lineage_chain.h"

#include "api/answer/members.h"
#include "api/params/as_of.h"

#include <inttypes.h>
#include <string.h>

static const struct member tick_members[TICK_COLUMNS] = {
    [TICK_OBSERVED_AT] = {"observed_at",        MEMBER_MOMENT},
    [TICK_PRICE] = {"price",              MEMBER_NUMBER},
    [TICK_VOLUME_24H] = {"volume_24h",         MEMBER_NUMBER},
    [TICK_MARKET_CAP] = {"market_cap",         MEMBER_NUMBER},
    [TICK_CHANGE_24H_PERCENT] = {"change_24h_percent", MEMBER_NUMBER},
    [TICK_KNOWN_AT] = {"known_at",           MEMBER_MOMENT},
    [TICK_RUN_ID] = {"run_id",             MEMBER_NUMBER},
    [TICK_PAYLOAD_ID] = {"payload_id",         MEMBER_NUMBER},
    [TICK_DOUBT] = {"doubt",              MEMBER_NUMBER},
};

static const struct member candle_members[CANDLE_COLUMNS] = {
    [CANDLE_OPEN_TIME] = {"open_time",    MEMBER_MOMENT},
    [CANDLE_CLOSE_TIME] = {"close_time",   MEMBER_MOMENT},
    [CANDLE_OPEN] = {"open",         MEMBER_NUMBER},
    [CANDLE_HIGH] = {"high",         MEMBER_NUMBER},
    [CANDLE_LOW] = {"low",          MEMBER_NUMBER},
    [CANDLE_CLOSE] = {"close",        MEMBER_NUMBER},
    [CANDLE_VOLUME] = {"volume",       MEMBER_NUMBER},
    [CANDLE_QUOTE_VOLUME] = {"quote_volume", MEMBER_NUMBER},
    [CANDLE_VOLUME_24H] = {"volume_24h",   MEMBER_NUMBER},
    [CANDLE_MARKET_CAP] = {"market_cap",   MEMBER_NUMBER},
    [CANDLE_TRADES] = {"trades",       MEMBER_NUMBER},
    [CANDLE_INPUTS] = {"inputs",       MEMBER_NUMBER},
    [CANDLE_ORIGIN] = {"origin",       MEMBER_TEXT  },
    [CANDLE_FINAL] = {"final",        MEMBER_TRUTH },
    [CANDLE_REVISION] = {"revision",     MEMBER_NUMBER},
    [CANDLE_KNOWN_AT] = {"known_at",     MEMBER_MOMENT},
    [CANDLE_KNOWN_UNTIL] = {"known_until",  MEMBER_MOMENT},
    [CANDLE_RUN_ID] = {"run_id",       MEMBER_NUMBER},
    [CANDLE_PAYLOAD_ID] = {"payload_id",   MEMBER_NUMBER},
};

static const struct member listing_members[LISTING_COLUMNS] = {
    [LISTING_OBSERVED_AT] = {"observed_at",        MEMBER_MOMENT},
    [LISTING_RANK] = {"rank",               MEMBER_NUMBER},
    [LISTING_HIGH_24H] = {"high_24h",           MEMBER_NUMBER},
    [LISTING_LOW_24H] = {"low_24h",            MEMBER_NUMBER},
    [LISTING_CHANGE_24H] = {"change_24h",         MEMBER_NUMBER},
    [LISTING_CHANGE_24H_PERCENT] = {"change_24h_percent", MEMBER_NUMBER},
    [LISTING_CIRCULATING_SUPPLY] = {"circulating_supply", MEMBER_NUMBER},
    [LISTING_TOTAL_SUPPLY] = {"total_supply",       MEMBER_NUMBER},
    [LISTING_MAX_SUPPLY] = {"max_supply",         MEMBER_NUMBER},
    [LISTING_RUN_ID] = {"run_id",             MEMBER_NUMBER},
    [LISTING_PAYLOAD_ID] = {"payload_id",         MEMBER_NUMBER},
};

static const struct {
    const char *name;
    const struct member *members;
    size_t count;
} tables[] = {
    [LINK_TICKS] = {"ticks",         tick_members,    TICK_COLUMNS   },
    [LINK_CANDLES] = {"candles",       candle_members,  CANDLE_COLUMNS },
    [LINK_COMPUTED] = {"computed",      candle_members,  CANDLE_COLUMNS },
    [LINK_LATEST_PRICES] = {"latest_prices", tick_members,    TICK_COLUMNS   },
    [LINK_LISTINGS] = {"listings",      listing_members, LISTING_COLUMNS},
};

static const struct member run_members[] = {
    {"run_id",      MEMBER_NUMBER},
    {"job_id",      MEMBER_TEXT  },
    {"source",      MEMBER_TEXT  },
    {"kind",        MEMBER_TEXT  },
    {"stream",      MEMBER_TEXT  },
    {"slot",        MEMBER_MOMENT},
    {"attempt",     MEMBER_NUMBER},
    {"status",      MEMBER_TEXT  },
    {"started_at",  MEMBER_MOMENT},
    {"finished_at", MEMBER_MOMENT},
    {"worker",      MEMBER_TEXT  },
    {"traceparent", MEMBER_TEXT  },
};

static const struct member payload_members[] = {
    {"payload_id",   MEMBER_NUMBER},
    {"run_id",       MEMBER_NUMBER},
    {"fetched_at",   MEMBER_MOMENT},
    {"target",       MEMBER_TEXT  },
    {"http_status",  MEMBER_NUMBER},
    {"content_type", MEMBER_TEXT  },
    {"verdict",      MEMBER_TEXT  },
    {"sha256",       MEMBER_TEXT  },
    {"bytes",        MEMBER_NUMBER},
    {"symbols",      MEMBER_NUMBER},
};

/* The first of a line is the column's own name; by the others /data and /market_chart serve it. */
static const struct field fields[] = {
    {"price",                       TICK_PRICE,              CANDLE_CLOSE,        -1                        },
    {"current_price",               TICK_PRICE,              CANDLE_CLOSE,        -1                        },
    {"prices",                      TICK_PRICE,              CANDLE_CLOSE,        -1                        },
    {"open",                        -1,                      CANDLE_OPEN,         -1                        },
    {"high",                        -1,                      CANDLE_HIGH,         -1                        },
    {"low",                         -1,                      CANDLE_LOW,          -1                        },
    {"close",                       -1,                      CANDLE_CLOSE,        -1                        },
    {"volume",                      -1,                      CANDLE_VOLUME,       -1                        },
    {"volumes",                     -1,                      CANDLE_VOLUME,       -1                        },
    {"quote_volume",                -1,                      CANDLE_QUOTE_VOLUME, -1                        },
    {"trades",                      -1,                      CANDLE_TRADES,       -1                        },
    {"volume_24h",                  TICK_VOLUME_24H,         CANDLE_VOLUME_24H,   -1                        },
    {"total_volume",                TICK_VOLUME_24H,         CANDLE_VOLUME_24H,   -1                        },
    {"total_volumes",               TICK_VOLUME_24H,         CANDLE_VOLUME_24H,   -1                        },
    {"market_cap",                  TICK_MARKET_CAP,         CANDLE_MARKET_CAP,   -1                        },
    {"market_caps",                 TICK_MARKET_CAP,         CANDLE_MARKET_CAP,   -1                        },
    {"change_24h_percent",          TICK_CHANGE_24H_PERCENT, -1,                  LISTING_CHANGE_24H_PERCENT},
    {"price_change_percentage_24h", TICK_CHANGE_24H_PERCENT, -1,                  LISTING_CHANGE_24H_PERCENT},
    {"rank",                        -1,                      -1,                  LISTING_RANK              },
    {"market_cap_rank",             -1,                      -1,                  LISTING_RANK              },
    {"high_24h",                    -1,                      -1,                  LISTING_HIGH_24H          },
    {"low_24h",                     -1,                      -1,                  LISTING_LOW_24H           },
    {"change_24h",                  -1,                      -1,                  LISTING_CHANGE_24H        },
    {"price_change_24h",            -1,                      -1,                  LISTING_CHANGE_24H        },
    {"circulating_supply",          -1,                      -1,                  LISTING_CIRCULATING_SUPPLY},
    {"total_supply",                -1,                      -1,                  LISTING_TOTAL_SUPPLY      },
    {"max_supply",                  -1,                      -1,                  LISTING_MAX_SUPPLY        },
};

const struct field *
field_find(const char *name)
{
    for (size_t i = 0; i < COUNT_OF(fields); i++) {
        if (strcmp(fields[i].name, name) == 0)
            return &fields[i];
    }
    return NULL;
}

const char *
chain_interval_name(int32_t interval_s)
{
    static const struct {
        int32_t interval_s;
        const char *name;
    } names[] = {
        {300,    "5m" },
        {900,    "15m"},
        {3600,   "1h" },
        {14400,  "4h" },
        {86400,  "1d" },
        {604800, "1w" },
    };

    for (size_t i = 0; i < COUNT_OF(names); i++) {
        if (names[i].interval_s == interval_s)
            return names[i].name;
    }
    return NULL;
}

bool
chain_is_candle(enum link_table table)
{
    return table == LINK_CANDLES || table == LINK_COMPUTED;
}

const char *
chain_value(const struct chain *chain)
{
    const struct field *field = chain->field;
    int column = chain_is_candle(chain->row.table)   ? field->candle
                 : chain->row.table == LINK_LISTINGS ? field->listing
                                                     : field->tick;

    if (column < 0)
        return NULL;
    return rows_text(&chain->row.rows, 0, chain->row.first_column + (size_t)column);
}

/* --------------------------------------------------------------------------------- rendering */

static void
add_row(struct text *text, const struct link *link, size_t row)
{
    text_add_string(text, "{\"table\":");
    text_add_json_string(text, tables[link->table].name);
    if (chain_is_candle(link->table)) {
        text_add_string(text, ",\"interval\":");
        text_add_json_nullable(text, chain_interval_name(link->interval_s));
    }
    text_add_char(text, ',');
    members_add(text, tables[link->table].members, tables[link->table].count, &link->rows, row,
                link->first_column);
    text_add_char(text, '}');
}

/* Where the next page begins; null = there is none. */
static void
add_next(struct text *text, const struct rows *rows, size_t column, const struct params *params)
{
    text_add_string(text, "],\"next_after\":");
    if (rows->count > 0 && (int64_t)rows->count == params_get(params, "limit")->integer)
        text_add_int(text, rows_int(rows, rows->count - 1, column, 0));
    else
        text_add_string(text, "null");
}

static void
add_inputs(struct text *text, const struct chain *chain, const struct params *params)
{
    const struct link *inputs = &chain->inputs;

    text_add_string(text, ",\"inputs\":");
    if (!chain->rolled) {
        text_add_string(text, "null");
        return;
    }
    text_add_string(text, "{\"count\":");
    text_add_string(text, rows_text(&chain->row.rows, 0, chain->row.first_column + CANDLE_INPUTS));
    text_add_string(text, ",\"rows\":[");
    for (size_t i = 0; i < inputs->rows.count; i++) {
        if (i > 0)
            text_add_char(text, ',');
        add_row(text, inputs, i);
    }
    add_next(text, &inputs->rows, 0, params);
    text_add_char(text, '}');
}

static void
add_run(struct text *text, const struct rows *origin)
{
    text_add_string(text, ",\"run\":");
    if (rows_is_null(origin, 0, ORIGIN_RUN)) {
        text_add_string(text, "null");
        return;
    }
    text_add_char(text, '{');
    members_add(text, run_members, COUNT_OF(run_members), origin, 0, ORIGIN_RUN);
    text_add_char(text, '}');
}

static void
add_payload(struct text *text, const struct rows *rows, size_t row, size_t first_column)
{
    text_add_char(text, '{');
    members_add(text, payload_members, COUNT_OF(payload_members), rows, row, first_column);
    text_add_format(text, ",\"kept\":true,\"download\":\"/api/v1/admin/payloads/%s\"}",
                    rows_text(rows, row, first_column));
}

static void
add_named_payload(struct text *text, const struct rows *origin, int64_t payload_id)
{
    text_add_string(text, ",\"payload\":");
    if (!rows_is_null(origin, 0, ORIGIN_PAYLOAD)) {
        add_payload(text, origin, 0, ORIGIN_PAYLOAD);
        return;
    }
    text_add_format(text, "{\"payload_id\":%" PRId64 ",\"kept\":false,\"archive\":", payload_id);
    text_add_json_nullable(text, rows_text(origin, 0, ORIGIN_ARCHIVE));
    text_add_char(text, '}');
}

struct bytes
chain_render(const struct chain *chain, const struct params *params, struct arena *arena)
{
    struct text text;

    text_init(&text, arena, 2048 + 512 * chain->inputs.rows.count);
    text_add_string(&text, "{\"asset\":");
    text_add_json_string(&text, params_get(params, "asset")->text);
    text_add_string(&text, ",\"currency\":");
    text_add_json_string(&text, params_get(params, "currency")->text);
    text_add_string(&text, ",\"source\":");
    text_add_json_string(&text, chain->source);
    text_add_char(&text, ',');
    as_of_add(&text, params);
    text_add_string(&text, "\"field\":");
    text_add_json_string(&text, chain->field->name);
    text_add_string(&text, ",\"value\":");
    text_add_json_raw(&text, chain_value(chain));
    text_add_string(&text, ",\"row\":");
    add_row(&text, &chain->row, 0);
    add_inputs(&text, chain, params);
    add_run(&text, &chain->origin);
    add_named_payload(&text, &chain->origin, chain->payload_id);
    text_add_string(&text, "}\n");
    return text_finish(&text);
}

struct bytes
chain_render_run(const struct rows *origin, const struct rows *payloads,
                 const struct params *params, struct arena *arena)
{
    struct text text;

    text_init(&text, arena, 2048);
    text_add_string(&text, "{\"source\":");
    text_add_json_nullable(&text, rows_text(origin, 0, ORIGIN_RUN + 2));
    add_run(&text, origin);
    if (!payloads) {
        add_named_payload(&text, origin, params_get(params, "payload_id")->integer);
    } else {
        text_add_string(&text, ",\"payloads\":{\"rows\":[");
        for (size_t i = 0; i < payloads->count; i++) {
            if (i > 0)
                text_add_char(&text, ',');
            add_payload(&text, payloads, i, 0);
        }
        add_next(&text, payloads, 0, params);
        text_add_char(&text, '}');
    }
    text_add_string(&text, "}\n");
    return text_finish(&text);
}
