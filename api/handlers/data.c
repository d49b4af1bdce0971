#include "api/handlers/data.h"

#include "common/clock.h"
#include "schema/queries.h"

#include <inttypes.h>

/* Columns of query_data_page, and the members they become. */
enum { TOTAL, VERSION, COIN_ID, FIRST_MEMBER = COIN_ID };

enum kind { TEXT, NUMBER, MOMENT };

static const struct {
    const char *name;
    enum kind kind;
} members[] = {
    {"coin_id",                     TEXT  },
    {"symbol",                      TEXT  },
    {"name",                        TEXT  },
    {"source",                      TEXT  },
    {"currency",                    TEXT  },
    {"current_price",               NUMBER},
    {"market_cap",                  NUMBER},
    {"market_cap_rank",             NUMBER},
    {"total_volume",                NUMBER},
    {"price_change_24h",            NUMBER},
    {"price_change_percentage_24h", NUMBER},
    {"high_24h",                    NUMBER},
    {"low_24h",                     NUMBER},
    {"circulating_supply",          NUMBER},
    {"total_supply",                NUMBER},
    {"max_supply",                  NUMBER},
    {"last_updated",                MOMENT},
    {"run_id",                      NUMBER},
    {"payload_id",                  NUMBER},
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
    int64_t page_size = params_get(params, "page_size")->integer;

    return limit->given && limit->integer < page_size ? limit->integer : page_size;
}

static void
add_member(struct text *text, const struct rows *rows, size_t row, size_t member)
{
    size_t column = FIRST_MEMBER + member;
    const char *cell = rows_text(rows, row, column);
    char at[CLOCK_TEXT_SIZE];

    if (member > 0)
        text_add_char(text, ',');
    text_add_char(text, '"');
    text_add_string(text, members[member].name);
    text_add_string(text, "\":");
    if (cell && members[member].kind == MOMENT)
        cell = clock_format_ms(rows_int(rows, row, column, 0), at);
    if (members[member].kind == NUMBER)
        text_add_json_raw(text, cell);
    else
        text_add_json_nullable(text, cell);
}

/* Goes on where respond.c opened the object: behind request_id and api_latency_ms. */
static void
data_render(struct flight *flight, const struct rows *rows)
{
    const struct params *params = flight_params(flight);
    struct text text;

    if (!flight_expect_row(flight, rows))
        return;
    flight_note_version(flight, rows_text(rows, 0, VERSION));
    text_init(&text, flight_arena(flight), 256 + 640 * rows->count);
    text_add_format(
        &text,
        "\"page\":%" PRId64 ",\"page_size\":%" PRId64 ",\"total_count\":%" PRId64 "},\"data\":[",
        params_get(params, "page")->integer, page_rows(params), rows_int(rows, 0, TOTAL, 0));
    for (size_t i = 0; i < rows->count && !rows_is_null(rows, i, COIN_ID); i++) {
        text_add_string(&text, i > 0 ? ",{" : "{");
        for (size_t member = 0; member < COUNT_OF(members); member++)
            add_member(&text, rows, i, member);
        text_add_char(&text, '}');
    }
    text_add_string(&text, "]}\n");
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
                          SQL_INT((params_get(params, "page")->integer - 1) * count)),
               data_render);
}

const struct reading data_reading = {
    .tag = data_tag, .start = data_start, .opened_by_request = true};
