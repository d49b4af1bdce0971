#include "api/handlers/coingecko/lists.h"

#include "api/handlers/coingecko/fields.h"
#include "api/handlers/coingecko/pages.h"
#include "api/request.h"
#include "api/thread.h"
#include "schema/queries.h"

#include <inttypes.h>
#include <string.h>

/* Names are seen within minutes of their coming. */
static void
no_tags(const struct params *params, struct tag_list *tags)
{
}

/* -------------------------------------------------------------------------------------- coins */

enum { LIST_SLUG, LIST_SYMBOL, LIST_NAME, LIST_VERSION };

static void
list_render(struct flight *flight, const struct rows *rows)
{
    const struct param_value *platforms = params_get(flight_params(flight), "include_platform");
    bool has_platforms = platforms->given && strcmp(platforms->text, "true") == 0;
    struct text text;

    if (rows->count > 0)
        flight_note_version(flight, rows_text(rows, 0, LIST_VERSION));
    text_init(&text, flight_arena(flight), 64 + 96 * rows->count);
    text_add_char(&text, '[');
    for (size_t row = 0; row < rows->count; row++) {
        text_add_string(&text, row > 0 ? ",\n{\"id\":" : "{\"id\":");
        text_add_json_string(&text, rows_text(rows, row, LIST_SLUG));
        text_add_string(&text, ",\"symbol\":");
        text_add_json_string(&text,
                             field_lower_case(rows_text(rows, row, LIST_SYMBOL), text.arena));
        text_add_string(&text, ",\"name\":");
        text_add_json_string(&text, rows_text(rows, row, LIST_NAME));
        text_add_string(&text, has_platforms ? ",\"platforms\":{}}" : "}");
    }
    text_add_string(&text, "]\n");
    flight_land(flight, text_finish(&text));
}

static void
list_start(struct flight *flight)
{
    const struct param_value *status = params_get(flight_params(flight), "status");

    flight_ask(flight, &query_coins_list, SQL_VALUES(SQL_BOOL(strcmp(status->text, "active") == 0)),
               list_render);
}

const struct reading coingecko_list_reading = {.tag = no_tags, .start = list_start};

/* ---------------------------------------------------------------------------------- exchanges */

enum { SOURCE_NAME, SOURCE_TITLE, SOURCE_VERSION };

static void
exchanges_render(struct flight *flight, const struct rows *rows)
{
    struct text text;

    text_init(&text, flight_arena(flight), 256);
    text_add_char(&text, '[');
    for (size_t row = 0; row < rows->count; row++) {
        flight_note_version(flight, rows_text(rows, row, SOURCE_VERSION));
        text_add_string(&text, row > 0 ? ",{\"id\":" : "{\"id\":");
        text_add_json_string(&text, rows_text(rows, row, SOURCE_NAME));
        text_add_string(&text, ",\"name\":");
        text_add_json_string(&text, rows_text(rows, row, SOURCE_TITLE));
        text_add_char(&text, '}');
    }
    text_add_string(&text, "]\n");
    flight_land(flight, text_finish(&text));
}

static void
exchanges_start(struct flight *flight)
{
    flight_ask(flight, &query_coins_sources, SQL_NO_VALUES, exchanges_render);
}

const struct reading coingecko_exchanges_reading = {.tag = no_tags, .start = exchanges_start};

/* What nobody tells us of is empty. */
static void
add_exchange(struct text *text, const struct rows *rows, size_t row)
{
    text_add_string(text, "{\"id\":");
    text_add_json_string(text, rows_text(rows, row, SOURCE_NAME));
    field_string(text, "name", rows_text(rows, row, SOURCE_TITLE));
    text_add_string(text,
                    ",\"year_established\":null,\"country\":null,\"description\":\"\","
                    "\"url\":\"\",\"image\":\"\",\"has_trading_incentive\":false,"
                    "\"trust_score\":null,\"trust_score_rank\":null,\"trade_volume_24h_btc\":null,"
                    "\"trade_volume_24h_btc_normalized\":null}");
}

/* There are few sources: all of them are read, and the page is cut out. */
static void
exchange_page_render(struct flight *flight, const struct rows *rows)
{
    const struct params *params = flight_params(flight);
    size_t per_page = (size_t)params_get(params, "per_page")->integer;
    size_t first = (size_t)(params_get(params, "page")->integer - 1) * per_page;
    struct text text;

    text_init(&text, flight_arena(flight), 256 + 320 * rows->count);
    text_add_char(&text, '[');
    for (size_t row = 0; row < rows->count; row++) {
        flight_note_version(flight, rows_text(rows, row, SOURCE_VERSION));
        if (row < first || row - first >= per_page)
            continue;
        text_add_string(&text, row > first ? ",\n" : "");
        add_exchange(&text, rows, row);
    }
    text_add_string(&text, "]\n");
    pages_add_links(flight, (int64_t)per_page, (int64_t)rows->count);
    flight_land(flight, text_finish(&text));
}

static void
exchange_page_start(struct flight *flight)
{
    flight_ask(flight, &query_coins_sources, SQL_NO_VALUES, exchange_page_render);
}

const struct reading coingecko_exchange_page_reading = {.tag = no_tags,
                                                        .start = exchange_page_start};

/* ------------------------------------------------------------------------------------- search */

enum { FOUND_SLUG, FOUND_SYMBOL, FOUND_NAME, FOUND_RANK, FOUND_VERSION, FOUND_MAX = 50 };

static void
add_found(struct text *text, const struct rows *rows, size_t row)
{
    text_add_string(text, "{\"id\":");
    text_add_json_string(text, rows_text(rows, row, FOUND_SLUG));
    text_add_string(text, ",\"name\":");
    text_add_json_string(text, rows_text(rows, row, FOUND_NAME));
    text_add_string(text, ",\"api_symbol\":");
    text_add_json_string(text, rows_text(rows, row, FOUND_SLUG));
    text_add_string(text, ",\"symbol\":");
    text_add_json_string(text, rows_text(rows, row, FOUND_SYMBOL));
    text_add_string(text, ",\"market_cap_rank\":");
    text_add_json_raw(text, rows_text(rows, row, FOUND_RANK));
    text_add_string(text, ",\"thumb\":\"\",\"large\":\"\"}");
}

static void
search_render(struct flight *flight, const struct rows *rows)
{
    struct text text;

    text_init(&text, flight_arena(flight), 256 + 192 * rows->count);
    text_add_string(&text, "{\"coins\":[");
    for (size_t row = 0; row < rows->count; row++) {
        flight_note_version(flight, rows_text(rows, row, FOUND_VERSION));
        text_add_string(&text, row > 0 ? "," : "");
        add_found(&text, rows, row);
    }
    text_add_string(&text, "],\"exchanges\":[],\"icos\":[],\"categories\":[],\"nfts\":[]}\n");
    flight_land(flight, text_finish(&text));
}

static void
search_start(struct flight *flight)
{
    const char *words = params_get(flight_params(flight), "query")->text;

    flight_ask(flight, &query_coins_search, SQL_VALUES(SQL_TEXT(words), SQL_INT(FOUND_MAX)),
               search_render);
}

const struct reading coingecko_search_reading = {.tag = no_tags, .start = search_start};

/* ------------------------------------------------------------------------------ what is not here
 */

static void
answer(struct request *request, struct bytes body)
{
    request_answer(request, 200, request->manner->content_type, body);
}

void
coingecko_nothing_answer(struct request *request)
{
    answer(request, (struct bytes){"[]\n", 3});
}

void
coingecko_trending_answer(struct request *request)
{
    static const char body[] = "{\"coins\":[],\"nfts\":[],\"categories\":[]}\n";

    answer(request, (struct bytes){body, sizeof body - 1});
}

/* There are no plans here, so a month has no credit, and nobody counts. */
void
coingecko_key_answer(struct request *request)
{
    struct text text;

    text_init(&text, request->http->arena, 256);
    text_add_format(&text,
                    "{\"plan\":\"Self-hosted\",\"rate_limit_request_per_minute\":%" PRId64
                    ",\"monthly_call_credit\":null,\"current_total_monthly_calls\":null,"
                    "\"current_remaining_monthly_calls\":null}\n",
                    request->thread->settings->rate_limit_per_minute);
    answer(request, text_finish(&text));
}
