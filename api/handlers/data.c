#include "api/handlers/data.h"

#include "api/answer/formats.h"
#include "api/answer/members.h"
#include "api/answer/paging.h"
#include "api/handlers/price_inputs.h"
#include "schema/queries.h"

#include <inttypes.h>

/* Columns of query_data_page, and the members they become. */
enum {
    TOTAL,
    VERSION,
    COIN_ID,
    FIRST_MEMBER = COIN_ID,
    SOURCE = COIN_ID + 3,
    CURRENCY,
    OBSERVED_AT = COIN_ID + 16
};

static const struct member members[] = {
    {"coin_id",                     MEMBER_TEXT   },
    {"symbol",                      MEMBER_TEXT   },
    {"name",                        MEMBER_TEXT   },
    {"source",                      MEMBER_TEXT   },
    {"currency",                    MEMBER_TEXT   },
    {"current_price",               MEMBER_DECIMAL},
    {"market_cap",                  MEMBER_DECIMAL},
    {"market_cap_rank",             MEMBER_NUMBER },
    {"total_volume",                MEMBER_DECIMAL},
    {"price_change_24h",            MEMBER_DECIMAL},
    {"price_change_percentage_24h", MEMBER_DECIMAL},
    {"high_24h",                    MEMBER_DECIMAL},
    {"low_24h",                     MEMBER_DECIMAL},
    {"circulating_supply",          MEMBER_DECIMAL},
    {"total_supply",                MEMBER_DECIMAL},
    {"max_supply",                  MEMBER_DECIMAL},
    {"last_updated",                MEMBER_MOMENT },
    {"age_seconds",                 MEMBER_AGE    },
    {"stale",                       MEMBER_STALE  },
    {"doubt",                       MEMBER_NUMBER },
    {"run_id",                      MEMBER_NUMBER },
    {"payload_id",                  MEMBER_NUMBER },
};

static void
data_tag(const struct params *params, struct tag_list *tags)
{
    tag_list_add(tags, "data");
}

static int64_t
page_rows(const struct params *params)
{
    const struct param_value *limit = params_get(params, "limit");

    return limit->given ? limit->integer : params_get(params, "page_size")->integer;
}

/* Pages that are empty have one row all the same. */
static size_t
count_rows(const struct rows *rows)
{
    return rows_is_null(rows, 0, COIN_ID) ? 0 : rows->count;
}

static void
expect_loads(struct freshness *freshness, const struct rows *rows)
{
    for (size_t i = 0; i < count_rows(rows); i++)
        freshness_expect_price(freshness, rows_text(rows, i, SOURCE), rows_text(rows, i, COIN_ID),
                               rows_text(rows, i, CURRENCY), rows_int(rows, i, OBSERVED_AT, 0));
}

static void
add_links(struct flight *flight, int64_t total)
{
    const struct params *params = flight_params(flight);
    struct arena *arena = flight_arena(flight);
    struct paging paging = paging_numbered(params, page_rows(params), total, arena);

    flight_add_head(flight, paging_head(params, &paging, arena));
}

/* JSON goes on where respond.c opened the object: behind request_id and api_latency_ms. */
static void
data_render(struct flight *flight, const struct rows *rows)
{
    const struct params *params = flight_params(flight);
    bool is_json = formats_of(params) == FORMAT_JSON;
    struct text text;

    if (!flight_expect_row(flight, rows))
        return;
    flight_note_version(flight, rows_text(rows, 0, VERSION));
    expect_loads(flight_freshness(flight), rows);
    add_links(flight, rows_int(rows, 0, TOTAL, 0));
    text_init(&text, flight_arena(flight), 512 + 640 * rows->count);
    if (is_json)
        text_add_format(
            &text,
            "\"page\":%" PRId64 ",\"page_size\":%" PRId64 ",\"total_count\":%" PRId64 "},\"data\":",
            params_get(params, "page")->integer, page_rows(params), rows_int(rows, 0, TOTAL, 0));
    members_add_fresh_rows(flight_freshness(flight), &text, params, members, COUNT_OF(members),
                           rows, 0, count_rows(rows), FIRST_MEMBER);
    if (is_json)
        text_add_string(&text, "}\n");
    flight_land(flight, text_finish(&text));
}

static void
data_start(struct flight *flight)
{
    const struct params *params = flight_params(flight);
    int64_t count = page_rows(params);

    flight_ask(flight, &query_data_page,
               SQL_VALUES(SQL_TEXT(params_get(params, "source")->text),
                          SQL_TEXT(params_get(params, "symbol")->text), SQL_INT(count),
                          SQL_INT((params_get(params, "page")->integer - 1) * count),
                          SQL_INT(PRICE_FRESH_S)),
               data_render);
}

const struct reading data_reading = {
    .tag = data_tag, .start = data_start, .opened_by_request = true};
