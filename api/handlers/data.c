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
    OBSERVED_AT = COIN_ID + 16,
    PLACE = COIN_ID + 22,
    SOURCE_ID
};

/* What is in a cursor: by what rows are ordered. */
enum { CURSOR_PLACE, CURSOR_COIN_ID, CURSOR_CURRENCY, CURSOR_SOURCE_ID, CURSOR_VALUES };

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

/* Pages that are empty have one row all the same; one more than fits says that there is another. */
static size_t
count_rows(const struct params *params, const struct rows *rows)
{
    size_t count = (size_t)page_rows(params);

    if (rows_is_null(rows, 0, COIN_ID))
        return 0;
    return rows->count < count ? rows->count : count;
}

/* Of the rows behind this page; NULL if it is the last. */
static const char *
next_cursor(struct flight *flight, const struct rows *rows)
{
    const struct params *params = flight_params(flight);
    size_t count = count_rows(params, rows), last = count - 1;

    if (count == 0 || rows->count == count)
        return NULL;
    const char *values[CURSOR_VALUES] = {
        [CURSOR_PLACE] = rows_text(rows, last, PLACE),
        [CURSOR_COIN_ID] = rows_text(rows, last, COIN_ID),
        [CURSOR_CURRENCY] = rows_text(rows, last, CURRENCY),
        [CURSOR_SOURCE_ID] = rows_text(rows, last, SOURCE_ID),
    };
    return paging_cursor(params, values, CURSOR_VALUES, flight_arena(flight));
}

static void
expect_loads(struct freshness *freshness, const struct rows *rows, size_t count)
{
    for (size_t i = 0; i < count; i++)
        freshness_expect_price(freshness, rows_text(rows, i, SOURCE), rows_text(rows, i, COIN_ID),
                               rows_text(rows, i, CURRENCY), rows_int(rows, i, OBSERVED_AT, 0));
}

static void
add_links(struct flight *flight, int64_t total, const char *cursor)
{
    const struct params *params = flight_params(flight);
    struct arena *arena = flight_arena(flight);
    struct paging paging = {"cursor", "", NULL, cursor, NULL, -1, -1};

    if (!params_get(params, "cursor")->given)
        paging = paging_numbered(params, page_rows(params), total, arena);

    flight_add_head(flight, paging_head(params, &paging, arena));
}

/* JSON goes on where respond.c opened the object: behind request_id and api_latency_ms. */
static void
data_render(struct flight *flight, const struct rows *rows)
{
    const struct params *params = flight_params(flight);
    bool is_json = formats_of(params) == FORMAT_JSON;
    const char *cursor;
    size_t count;
    struct text text;

    if (!flight_expect_row(flight, rows))
        return;
    count = count_rows(params, rows);
    cursor = next_cursor(flight, rows);
    flight_note_version(flight, rows_text(rows, 0, VERSION));
    expect_loads(flight_freshness(flight), rows, count);
    add_links(flight, rows_int(rows, 0, TOTAL, 0), cursor);
    text_init(&text, flight_arena(flight), 512 + 640 * rows->count);
    if (is_json)
        text_add_format(
            &text,
            "\"page\":%" PRId64 ",\"page_size\":%" PRId64 ",\"total_count\":%" PRId64 "},\"data\":",
            params_get(params, "page")->integer, page_rows(params), rows_int(rows, 0, TOTAL, 0));
    members_add_fresh_rows(flight_freshness(flight), &text, params, members, COUNT_OF(members),
                           rows, 0, count, FIRST_MEMBER);
    if (is_json) {
        text_add_string(&text, ",\"next_cursor\":");
        text_add_json_nullable(&text, cursor);
        text_add_string(&text, "}\n");
    }
    flight_land(flight, text_finish(&text));
}

static void
data_start(struct flight *flight)
{
    const struct params *params = flight_params(flight);
    const struct param_value *cursor = params_get(params, "cursor");
    const char *const none[CURSOR_VALUES] = {NULL};
    const char *const *behind = cursor->given ? cursor->items : none;
    int64_t count = page_rows(params);
    int64_t skip = cursor->given ? 0 : (params_get(params, "page")->integer - 1) * count;

    flight_ask(flight, &query_data_page,
               SQL_VALUES(SQL_TEXT(params_get(params, "source")->text),
                          SQL_TEXT(params_get(params, "symbol")->text), SQL_INT(count + 1),
                          SQL_INT(skip), SQL_INT(PRICE_FRESH_S), SQL_BOOL(cursor->given),
                          SQL_TEXT(behind[CURSOR_PLACE]), SQL_TEXT(behind[CURSOR_COIN_ID]),
                          SQL_TEXT(behind[CURSOR_CURRENCY]), SQL_TEXT(behind[CURSOR_SOURCE_ID])),
               data_render);
}

const struct reading data_reading = {
    .tag = data_tag, .start = data_start, .opened_by_request = true};
