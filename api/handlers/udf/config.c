#include "api/handlers/udf/config.h"

#include "api/handlers/udf/resolutions.h"
#include "api/request.h"
#include "api/thread.h"
#include "common/clock.h"
#include "common/text.h"

#include <ctype.h>
#include <inttypes.h>
#include <string.h>

/* "binance" as {"value":"binance","name":"binance","desc":"Binance"}. */
static void
add_exchange(struct text *text, const char *source)
{
    char *title = arena_string(text->arena, source);

    *title = (char)toupper((unsigned char)*title);
    text_add_string(text, ",{\"value\":");
    text_add_json_string(text, source);
    text_add_string(text, ",\"name\":");
    text_add_json_string(text, source);
    text_add_string(text, ",\"desc\":");
    text_add_json_string(text, title);
    text_add_char(text, '}');
}

static void
add_exchanges(struct text *text, const struct catalog *catalog)
{
    text_add_string(text, "[{\"value\":\"\",\"name\":\"All sources\",\"desc\":\"\"},"
                          "{\"value\":\"AGG\",\"name\":\"AGG\",\"desc\":\"All sources as one\"}");
    for (size_t i = 0; catalog && i < catalog_count(catalog, CATALOG_SOURCE); i++)
        add_exchange(text, catalog_name(catalog, CATALOG_SOURCE, i));
    text_add_char(text, ']');
}

static void
add_currencies(struct text *text, const struct catalog *catalog)
{
    text_add_char(text, '[');
    for (size_t i = 0; catalog && i < catalog_count(catalog, CATALOG_CURRENCY); i++) {
        char *code = arena_string(text->arena, catalog_name(catalog, CATALOG_CURRENCY, i));

        for (char *c = code; *c; c++)
            *c = (char)toupper((unsigned char)*c);
        if (i > 0)
            text_add_char(text, ',');
        text_add_json_string(text, code);
    }
    text_add_char(text, ']');
}

void
udf_config_answer(struct request *request)
{
    struct catalog *catalog = board_catalog(request->thread->board);
    struct text text;

    text_init(&text, request->http->arena, 2048);
    text_add_string(&text, "{\"supports_search\":true,\"supports_group_request\":false,"
                           "\"supports_marks\":true,\"supports_timescale_marks\":true,"
                           "\"supports_time\":true,\"exchanges\":");
    add_exchanges(&text, catalog);
    text_add_string(&text, ",\"symbols_types\":[{\"name\":\"All types\",\"value\":\"\"},"
                           "{\"name\":\"Crypto\",\"value\":\"crypto\"}],"
                           "\"supported_resolutions\":[");
    for (size_t i = 0; i < resolution_count; i++)
        text_add_format(&text, "%s\"%s\"", i > 0 ? "," : "", resolutions[i].name);
    text_add_string(&text, "],\"currency_codes\":");
    add_currencies(&text, catalog);
    text_add_string(&text, "}\n");
    catalog_release(catalog);
    request_answer(request, 200, request->manner->content_type, text_finish(&text));
}

void
udf_time_answer(struct request *request)
{
    char *text = arena_printf(request->http->arena, "%" PRId64, clock_now_ms() / 1000);

    request_answer(request, 200, "text/plain; charset=utf-8", (struct bytes){text, strlen(text)});
}
