#include "ingest/sources/source.h"

#include "unit/check.h"
#include "unit/ingest/sources/feed.h"

#define HTML "<!DOCTYPE html><html><title>Attention Required! | Cloudflare</title></html>"

static const struct {
    const char *name, *source;
    int32_t status;
    const char *content_type, *body;
    enum verdict verdict;
    const char *code;
} rows[] = {
  /* what all share */
    {"a body",                                 "coinbase",      200, "application/json",         "[]",                                                       VERDICT_OK,        NULL                    },
    {"no content type",                        "coinbase",      200, "",                         "[]",                                                       VERDICT_OK,        NULL                    },
    {"an empty body",                          "coinbase",      200, "application/json",         "",                                                         VERDICT_TRANSIENT, "provider.empty"        },
    {"a body of spaces",                       "coinbase",      200, "application/json",         " \r\n",                                                    VERDICT_TRANSIENT,
     "provider.empty"                                                                                                                                                                                   },
    {"a web page with status 200",             "coinbase",      200, "text/html; charset=UTF-8", HTML,
     VERDICT_TRANSIENT,                                                                                                                                                         "provider.html"         },
    {"a web page that says it is JSON",        "binance",       200, "application/json",         "\n" HTML,
     VERDICT_TRANSIENT,                                                                                                                                                         "provider.html"         },
    {"JSON that says it is a web page",        "binance",       200, "Text/HTML",                "[]",                                                       VERDICT_TRANSIENT,
     "provider.html"                                                                                                                                                                                    },
    {"a redirect is not followed",             "coinbase",      301, "text/html",                "<a href=\"/x\">Moved</a>",
     VERDICT_PERMANENT,                                                                                                                                                         "provider.redirect"     },
    {"no content",                             "coinbase",      204, "",                         "",                                                         VERDICT_TRANSIENT, "provider.empty"        },
    {"a firewall's challenge",                 "coinbase",      202, "text/html",                HTML,                                                       VERDICT_TRANSIENT,
     "provider.empty"                                                                                                                                                                                   },
    {"a part of an answer",                    "coinbase",      206, "application/json",         "[]",                                                       VERDICT_TRANSIENT,
     "provider.empty"                                                                                                                                                                                   },
    {"another protocol",                       "coinbase",      101, "",                         "[]",                                                       VERDICT_TRANSIENT, "provider.empty"        },
    {"400",                                    "coinbase",      400, "",                         "",                                                         VERDICT_PERMANENT, "provider.refused"      },
    {"401",                                    "coinbase",      401, "",                         "",                                                         VERDICT_PERMANENT, "provider.unauthorized" },
    {"402",                                    "coinbase",      402, "",                         "",                                                         VERDICT_PERMANENT, "provider.plan"         },
    {"403 of a firewall",                      "coingecko",     403, "text/html",                HTML,                                                       VERDICT_PERMANENT,
     "provider.forbidden"                                                                                                                                                                               },
    {"404",                                    "coinbase",      404, "",                         "",                                                         VERDICT_PERMANENT, "provider.not_found"    },
    {"408",                                    "coinbase",      408, "",                         "",                                                         VERDICT_TRANSIENT, "provider.timeout"      },
    {"410",                                    "coinbase",      410, "",                         "",                                                         VERDICT_PERMANENT, "provider.not_found"    },
    {"425",                                    "coinbase",      425, "",                         "",                                                         VERDICT_TRANSIENT, "provider.timeout"      },
    {"429",                                    "coinbase",      429, "",                         "",                                                         VERDICT_LIMITED,   "provider.limited"      },
    {"429 as a web page",                      "coingecko",     429, "text/html",                HTML,                                                       VERDICT_LIMITED,   "provider.limited"      },
    {"451",                                    "coinbase",      451, "",                         "",                                                         VERDICT_PERMANENT, "provider.blocked"      },
    {"500",                                    "coinbase",      500, "",                         "",                                                         VERDICT_TRANSIENT, "provider.server_error" },
    {"502 as a web page",                      "coinbase",      502, "text/html",                HTML,                                                       VERDICT_TRANSIENT,
     "provider.server_error"                                                                                                                                                                            },
    {"599",                                    "coinbase",      599, "",                         "",                                                         VERDICT_TRANSIENT, "provider.server_error" },
 /* CoinGecko: four shapes */
    {"error as a string",                      "coingecko",     404, "",                         "{\"error\":\"coin not found\"}",                           VERDICT_PERMANENT,
     "provider.not_found"                                                                                                                                                                               },
    {"the same with status 200",               "coingecko",     200, "",                         "{\"error\":\"coin not found\"}",
     VERDICT_PERMANENT,                                                                                                                                                         "provider.error"        },
    {"status and error",                       "coingecko",     200, "",                         "{\"status\":500,\"error\":\"Internal\"}",
     VERDICT_TRANSIENT,                                                                                                                                                         "provider.server_error" },
    {"the limit in a status, with 429",        "coingecko",     429, "",
     "{\"status\":{\"error_code\":429,\"error_message\":\"exceeded\"}}",                                                                                     VERDICT_LIMITED,
     "provider.limited"                                                                                                                                                                                 },
    {"the same with status 200",               "coingecko",     200, "",
     "{\"status\":{\"error_code\":429,\"error_message\":\"exceeded\"}}",                                                                                     VERDICT_LIMITED,
     "provider.limited"                                                                                                                                                                                 },
    {"the history limit",                      "coingecko",     401, "",
     "{\"error\":{\"status\":{\"error_code\":10012,\"error_message\":\"365 days\"}}}",                                                                       VERDICT_PERMANENT, "provider.history_limit"},
    {"a key for the other host",               "coingecko",     400, "",
     "{\"status\":{\"error_code\":10010,\"error_message\":\"pro key\"}}",                                                                                    VERDICT_PERMANENT,
     "provider.refused"                                                                                                                                                                                 },
    {"a firewall's code",                      "coingecko",     200, "",
     "{\"status\":{\"error_code\":1020,\"error_message\":\"Access denied\"}}",                                                                               VERDICT_PERMANENT,
     "provider.error"                                                                                                                                                                                   },
    {"a status without a code",                "coingecko",     200, "",                         "{\"status\":{}}",                                          VERDICT_PERMANENT,
     "provider.error"                                                                                                                                                                                   },
    {"an object that is no error",             "coingecko",     200, "",                         "{\"prices\":[]}",                                          VERDICT_OK,        NULL                    },
    {"a status that is a word",                "coingecko",     200, "",                         "{\"status\":\"online\"}",                                  VERDICT_OK,        NULL                    },
 /* Binance: a code */
    {"-1003 with status 200",                  "binance",       200, "",                         "{\"code\":-1003,\"msg\":\"Too many\"}",
     VERDICT_LIMITED,                                                                                                                                                           "provider.limited"      },
    {"-1003 with status 400",                  "binance",       400, "",                         "{\"code\":-1003,\"msg\":\"Too many\"}",
     VERDICT_LIMITED,                                                                                                                                                           "provider.limited"      },
    {"-1003 with 418 is a ban",                "binance",       418, "",                         "{\"code\":-1003,\"msg\":\"banned\"}",
     VERDICT_LIMITED,                                                                                                                                                           "provider.banned"       },
    {"busy",                                   "binance",       400, "",                         "{\"code\":-1008,\"msg\":\"busy\"}",                        VERDICT_TRANSIENT,
     "provider.server_error"                                                                                                                                                                            },
    {"busy, with 503",                         "binance",       503, "",                         "{\"code\":-1008,\"msg\":\"busy\"}",                        VERDICT_TRANSIENT,
     "provider.server_error"                                                                                                                                                                            },
    {"their timeout",                          "binance",       200, "",                         "{\"code\":-1007,\"msg\":\"timeout\"}",                     VERDICT_TRANSIENT,
     "provider.timeout"                                                                                                                                                                                 },
    {"a wrong symbol",                         "binance",       400, "",                         "{\"code\":-1121,\"msg\":\"Invalid symbol.\"}",
     VERDICT_PERMANENT,                                                                                                                                                         "provider.not_found"    },
    {"a wrong interval",                       "binance",       400, "",                         "{\"code\":-1120,\"msg\":\"Invalid interval.\"}",
     VERDICT_PERMANENT,                                                                                                                                                         "provider.refused"      },
    {"a code nobody knows",                    "binance",       200, "",                         "{\"code\":-9999,\"msg\":\"?\"}",                           VERDICT_PERMANENT,
     "provider.error"                                                                                                                                                                                   },
    {"code 0 of a restricted location",        "binance",       451, "",                         "{\"code\":0,\"msg\":\"restricted\"}",
     VERDICT_PERMANENT,                                                                                                                                                         "provider.blocked"      },
    {"403 of the firewall",                    "binance",       403, "text/html",                HTML,                                                       VERDICT_PERMANENT,
     "provider.forbidden"                                                                                                                                                                               },
    {"one ticker is an object without a code", "binance",       200, "",                         "{\"symbol\":\"BTCUSDT\"}",
     VERDICT_OK,                                                                                                                                                                NULL                    },
 /* Coinbase: a message */
    {"an unknown product",                     "coinbase",      404, "",                         "{\"message\":\"NotFound\"}",                               VERDICT_PERMANENT,
     "provider.not_found"                                                                                                                                                                               },
    {"a message with status 200",              "coinbase",      200, "",                         "{\"message\":\"NotFound\"}",
     VERDICT_PERMANENT,                                                                                                                                                         "provider.error"        },
    {"their words for the limit",              "coinbase",      200, "",
     "{\"message\":\"Public Rate Limit exceeded\"}",                                                                                                         VERDICT_LIMITED,   "provider.limited"      },
 /* Kraken: a list of words, under status 200 */
    {"no errors",                              "kraken",        200, "",                         "{\"error\":[],\"result\":{}}",                             VERDICT_OK,        NULL                    },
    {"a warning",                              "kraken",        200, "",                         "{\"error\":[\"WAPI:Rate limit exceeded\"],\"result\":{}}",
     VERDICT_OK,                                                                                                                                                                NULL                    },
    {"their limit",                            "kraken",        200, "",                         "{\"error\":[\"EAPI:Rate limit exceeded\"]}",
     VERDICT_LIMITED,                                                                                                                                                           "provider.limited"      },
    {"their other limit",                      "kraken",        200, "",                         "{\"error\":[\"EGeneral:Too many requests\"]}",
     VERDICT_LIMITED,                                                                                                                                                           "provider.limited"      },
    {"a lockout",                              "kraken",        200, "",                         "{\"error\":[\"EGeneral:Temporary lockout\"]}",
     VERDICT_LIMITED,                                                                                                                                                           "provider.limited"      },
    {"throttled",                              "kraken",        200, "",                         "{\"error\":[\"EService:Throttled: 1795250475\"]}",
     VERDICT_LIMITED,                                                                                                                                                           "provider.limited"      },
    {"unavailable",                            "kraken",        200, "",                         "{\"error\":[\"EService:Unavailable\"]}",                   VERDICT_TRANSIENT,
     "provider.server_error"                                                                                                                                                                            },
    {"busy",                                   "kraken",        200, "",                         "{\"error\":[\"EService:Busy\"]}",                          VERDICT_TRANSIENT,
     "provider.server_error"                                                                                                                                                                            },
    {"an error inside",                        "kraken",        200, "",                         "{\"error\":[\"EGeneral:Internal error\"]}",
     VERDICT_TRANSIENT,                                                                                                                                                         "provider.server_error" },
    {"an unknown market",                      "kraken",        200, "",                         "{\"error\":[\"EQuery:Unknown asset pair\"]}",
     VERDICT_PERMANENT,                                                                                                                                                         "provider.not_found"    },
    {"wrong arguments",                        "kraken",        200, "",                         "{\"error\":[\"EGeneral:Invalid arguments\"]}",
     VERDICT_PERMANENT,                                                                                                                                                         "provider.refused"      },
    {"the same with status 400",               "kraken",        400, "",                         "{\"error\":[\"EGeneral:Invalid arguments\"]}",
     VERDICT_PERMANENT,                                                                                                                                                         "provider.refused"      },
    {"words nobody knows",                     "kraken",        200, "",                         "{\"error\":[\"EOther:What\"]}",                            VERDICT_PERMANENT,
     "provider.error"                                                                                                                                                                                   },
    {"an error that is no text",               "kraken",        200, "",                         "{\"error\":[null]}",                                       VERDICT_PERMANENT,
     "provider.error"                                                                                                                                                                                   },
    {"of several the most patient",            "kraken",        200, "",
     "{\"error\":[\"WGeneral:Hm\",\"EQuery:Unknown asset pair\",\"EService:Busy\",\"EAPI:Rate "
     "limit exceeded\"]}",                                                                                                                                   VERDICT_LIMITED,   "provider.limited"      },
    {"words with 503",                         "kraken",        503, "",                         "{\"error\":[\"EQuery:Unknown asset pair\"]}",
     VERDICT_TRANSIENT,                                                                                                                                                         "provider.server_error" },
    {"429 of the CDN",                         "kraken",        429, "text/html",                HTML,                                                       VERDICT_LIMITED,   "provider.limited"      },
    {"520 of the CDN",                         "kraken",        520, "text/html",                HTML,                                                       VERDICT_TRANSIENT,
     "provider.server_error"                                                                                                                                                                            },
 /* CoinMarketCap: a code, also with status 200 and as text */
    {"no error",                               "coinmarketcap", 200, "",
     "{\"status\":{\"error_code\":0,\"error_message\":\"words\"}}",                                                                                          VERDICT_OK,        NULL                    },
    {"no error, as text",                      "coinmarketcap", 200, "",
     "{\"status\":{\"error_code\":\"0\",\"error_message\":\"words\"}}",                                                                                      VERDICT_OK,        NULL                    },
    {"a wrong key",                            "coinmarketcap", 401, "",
     "{\"status\":{\"error_code\":1001,\"error_message\":\"words\"}}",                                                                                       VERDICT_PERMANENT,
     "provider.unauthorized"                                                                                                                                                                            },
    {"no key",                                 "coinmarketcap", 401, "",
     "{\"status\":{\"error_code\":1002,\"error_message\":\"words\"}}",                                                                                       VERDICT_PERMANENT,
     "provider.unauthorized"                                                                                                                                                                            },
    {"a plan to be paid",                      "coinmarketcap", 402, "",
     "{\"status\":{\"error_code\":1003,\"error_message\":\"words\"}}",                                                                                       VERDICT_PERMANENT,
     "provider.plan"                                                                                                                                                                                    },
    {"a plan that has ended",                  "coinmarketcap", 402, "",
     "{\"status\":{\"error_code\":1004,\"error_message\":\"words\"}}",                                                                                       VERDICT_PERMANENT,
     "provider.plan"                                                                                                                                                                                    },
    {"a key is needed",                        "coinmarketcap", 403, "",
     "{\"status\":{\"error_code\":1005,\"error_message\":\"words\"}}",                                                                                       VERDICT_PERMANENT,
     "provider.unauthorized"                                                                                                                                                                            },
    {"not in the plan",                        "coinmarketcap", 403, "",
     "{\"status\":{\"error_code\":1006,\"error_message\":\"words\"}}",                                                                                       VERDICT_PERMANENT,
     "provider.plan"                                                                                                                                                                                    },
    {"a key that is disabled",                 "coinmarketcap", 403, "",
     "{\"status\":{\"error_code\":1007,\"error_message\":\"words\"}}",                                                                                       VERDICT_PERMANENT,
     "provider.forbidden"                                                                                                                                                                               },
    {"limit 1008",                             "coinmarketcap", 429, "",
     "{\"status\":{\"error_code\":1008,\"error_message\":\"words\"}}",                                                                                       VERDICT_LIMITED,
     "provider.limited"                                                                                                                                                                                 },
    {"limit 1009",                             "coinmarketcap", 429, "",
     "{\"status\":{\"error_code\":1009,\"error_message\":\"words\"}}",                                                                                       VERDICT_LIMITED,
     "provider.limited"                                                                                                                                                                                 },
    {"limit 1010",                             "coinmarketcap", 429, "",
     "{\"status\":{\"error_code\":1010,\"error_message\":\"words\"}}",                                                                                       VERDICT_LIMITED,
     "provider.limited"                                                                                                                                                                                 },
    {"limit 1011",                             "coinmarketcap", 429, "",
     "{\"status\":{\"error_code\":1011,\"error_message\":\"words\"}}",                                                                                       VERDICT_LIMITED,
     "provider.limited"                                                                                                                                                                                 },
    {"a limit with status 200",                "coinmarketcap", 200, "",
     "{\"status\":{\"error_code\":1008,\"error_message\":\"words\"}}",                                                                                       VERDICT_LIMITED,
     "provider.limited"                                                                                                                                                                                 },
    {"the same as text",                       "coinmarketcap", 200, "",
     "{\"status\":{\"error_code\":\"1011\",\"error_message\":\"words\"}}",                                                                                   VERDICT_LIMITED,
     "provider.limited"                                                                                                                                                                                 },
    {"not in the plan, with status 200",       "coinmarketcap", 200, "",
     "{\"status\":{\"error_code\":\"1006\",\"error_message\":\"words\"}}",                                                                                   VERDICT_PERMANENT,
     "provider.plan"                                                                                                                                                                                    },
    {"a wrong parameter",                      "coinmarketcap", 400, "",
     "{\"status\":{\"error_code\":400,\"error_message\":\"words\"}}",                                                                                        VERDICT_PERMANENT,
     "provider.refused"                                                                                                                                                                                 },
    {"the same with status 200",               "coinmarketcap", 200, "",
     "{\"status\":{\"error_code\":400,\"error_message\":\"words\"}}",                                                                                        VERDICT_PERMANENT,
     "provider.refused"                                                                                                                                                                                 },
    {"their trouble",                          "coinmarketcap", 500, "",
     "{\"status\":{\"error_code\":500,\"error_message\":\"words\"}}",                                                                                        VERDICT_TRANSIENT,
     "provider.server_error"                                                                                                                                                                            },
    {"their trouble with status 200",          "coinmarketcap", 200, "",
     "{\"status\":{\"error_code\":500,\"error_message\":\"words\"}}",                                                                                        VERDICT_TRANSIENT,
     "provider.server_error"                                                                                                                                                                            },
    {"a code nobody knows",                    "coinmarketcap", 200, "",
     "{\"status\":{\"error_code\":4711,\"error_message\":\"words\"}}",                                                                                       VERDICT_PERMANENT,
     "provider.error"                                                                                                                                                                                   },
    {"a code nobody knows, with 503",          "coinmarketcap", 503, "",
     "{\"status\":{\"error_code\":4711,\"error_message\":\"words\"}}",                                                                                       VERDICT_TRANSIENT,
     "provider.server_error"                                                                                                                                                                            },
    {"code 0 with status 500",                 "coinmarketcap", 500, "",
     "{\"status\":{\"error_code\":0,\"error_message\":\"words\"}}",                                                                                          VERDICT_TRANSIENT,
     "provider.server_error"                                                                                                                                                                            },
    {"a code that is a word",                  "coinmarketcap", 200, "",
     "{\"status\":{\"error_code\":\"many\",\"error_message\":\"words\"}}",                                                                                   VERDICT_OK,        NULL                    },
    {"a code of many digits",                  "coinmarketcap", 200, "",
     "{\"status\":{\"error_code\":\"99999999999\",\"error_message\":\"words\"}}",                                                                            VERDICT_OK,        NULL                    },
    {"no status at all",                       "coinmarketcap", 200, "",                         "{\"data\":[]}",                                            VERDICT_OK,        NULL                    },
    {"429 without a body",                     "coinmarketcap", 429, "",                         "",                                                         VERDICT_LIMITED,   "provider.limited"      },
 /* CoinPaprika: an error, which its status tells apart */
    {"an unknown coin",                        "coinpaprika",   404, "",                         "{\"error\":\"id not found\"}",                             VERDICT_PERMANENT,
     "provider.not_found"                                                                                                                                                                               },
    {"a wrong parameter",                      "coinpaprika",   400, "",                         "{\"error\":\"invalid parameters\"}",
     VERDICT_PERMANENT,                                                                                                                                                         "provider.refused"      },
    {"beyond the plan",                        "coinpaprika",   402, "",                         "{\"error\":\"not allowed in this plan\"}",
     VERDICT_PERMANENT,                                                                                                                                                         "provider.plan"         },
    {"a wrong key",                            "coinpaprika",   403, "",                         "{\"error\":\"key\"}",                                      VERDICT_PERMANENT,
     "provider.forbidden"                                                                                                                                                                               },
    {"the limit",                              "coinpaprika",   429, "",                         "{\"error\":\"you have reached maximum request limit\"}",
     VERDICT_LIMITED,                                                                                                                                                           "provider.limited"      },
    {"the limit with status 200",              "coinpaprika",   200, "",
     "{\"error\":\"you have reached maximum request limit\"}",                                                                                               VERDICT_LIMITED,   "provider.limited"      },
    {"another error with status 200",          "coinpaprika",   200, "",                         "{\"error\":\"id not found\"}",
     VERDICT_PERMANENT,                                                                                                                                                         "provider.error"        },
    {"a ticker is no error",                   "coinpaprika",   200, "",                         "{\"id\":\"btc-bitcoin\"}",                                 VERDICT_OK,        NULL                    },
    {"a redirect",                             "coinpaprika",   301, "text/html",                HTML,                                                       VERDICT_PERMANENT, "provider.redirect"     },
 /* a file is what it is */
    {"an empty file",                          "csv",           200, "text/csv",                 "",                                                         VERDICT_OK,        NULL                    },
};

/* A job of any kind that the source has. */
static struct payload
answer(int32_t status, const char *content_type, const char *body)
{
    return (struct payload){
        .body = {body, strlen(body)},
        .status = status,
        .content_type = content_type,
        .target = "/",
        .fetched_at_ms = FEED_NOW_MS,
    };
}

static void
answers_are_judged(void **state)
{
    struct arena *arena = arena_create(4096);

    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        struct payload payload = answer(rows[i].status, rows[i].content_type, rows[i].body);
        struct error err = {0};

        check_int(rows[i].name, source_find(rows[i].source)->classify(&payload, arena, &err),
                  rows[i].verdict);
        check_string(rows[i].name, err.code, rows[i].code);
        if (rows[i].code)
            check_int(rows[i].name, err.kind,
                      rows[i].verdict == VERDICT_PERMANENT ? ERROR_REJECT : ERROR_RETRY);
        arena_reset(arena);
    }
    arena_destroy(arena);
}

static void
waiting_times_are_handed_on(void **state)
{
    struct arena *arena = arena_create(4096);
    const struct source *binance = source_find("binance");
    struct payload payload = answer(429, "", "");
    struct error err = {0};

    payload.retry_after_ms = 7000;
    binance->classify(&payload, arena, &err);
    check_int("Retry-After", err.retry_after_ms, 7000);

    payload = answer(418, "", "{\"code\":-1003,\"msg\":\"IP banned until 1795250475000. Please\"}");
    binance->classify(&payload, arena, &err);
    check_int("the end of a ban in the message", err.retry_after_ms, 10000);

    payload.retry_after_ms = 120000;
    binance->classify(&payload, arena, &err);
    check_int("the header wins", err.retry_after_ms, 120000);

    payload = answer(418, "", "{\"code\":-1003,\"msg\":\"IP banned until 99999999999999999999\"}");
    binance->classify(&payload, arena, &err);
    check_true("a ban of ages is only long", err.retry_after_ms > 0);

    payload = answer(418, "", "{\"code\":-1003,\"msg\":\"IP banned until 1660090423228.\"}");
    binance->classify(&payload, arena, &err);
    check_int("a ban that is over says nothing", err.retry_after_ms, 0);
    arena_destroy(arena);
}

static const struct {
    const char *name, *body;
    int64_t retry_after_ms, want_ms;
} throttles[] = {
    {"until a moment",        "{\"error\":[\"EService:Throttled: 1795250475\"]}",           0,    10000},
    {"the header wins",       "{\"error\":[\"EService:Throttled: 1795250475\"]}",           7000, 7000 },
    {"a moment that is over", "{\"error\":[\"EService:Throttled: 1660090423\"]}",           0,    0    },
    {"in milliseconds",       "{\"error\":[\"EService:Throttled: 1795250475000\"]}",        0,    0    },
    {"no moment",             "{\"error\":[\"EService:Throttled\"]}",                       0,    0    },
    {"a word",                "{\"error\":[\"EService:Throttled: soon\"]}",                 0,    0    },
    {"more than can be",      "{\"error\":[\"EService:Throttled: 99999999999999999999\"]}", 0,    0    },
    {"a negative number",     "{\"error\":[\"EService:Throttled: -5\"]}",                   0,    0    },
};

static void
kraken_says_until_when(void **state)
{
    struct arena *arena = arena_create(4096);

    for (size_t i = 0; i < COUNT_OF(throttles); i++) {
        struct payload payload = answer(200, "application/json", throttles[i].body);
        struct error err = {0};

        payload.retry_after_ms = throttles[i].retry_after_ms;
        check_int(throttles[i].name, source_find("kraken")->classify(&payload, arena, &err),
                  VERDICT_LIMITED);
        check_int(throttles[i].name, err.retry_after_ms, throttles[i].want_ms);
        arena_reset(arena);
    }
    arena_destroy(arena);
}

/* 2026-11-21T08:41:05Z: the day ends in 15 hours and 18:55, the month in nine days more. */
static void
a_limit_says_itself_how_long_it_lasts(void **state)
{
    static const struct {
        int code;
        int64_t header_ms, want_ms;
    } limits[] = {
        {1008, 0,    60000                           },
        {1011, 0,    60000                           },
        {1008, 7000, 7000                            },
        {1009, 0,    55135000                        },
        {1010, 0,    9 * INT64_C(86400000) + 55135000},
    };
    struct arena *arena = arena_create(4096);

    for (size_t i = 0; i < COUNT_OF(limits); i++) {
        struct payload payload = answer(
            429, "", arena_printf(arena, "{\"status\":{\"error_code\":%d}}", limits[i].code));
        struct error err = {0};

        payload.retry_after_ms = limits[i].header_ms;
        source_find("coinmarketcap")->classify(&payload, arena, &err);
        check_int("the wait", err.retry_after_ms, limits[i].want_ms);
    }
    arena_destroy(arena);
}

static void
messages_are_safe_and_short(void **state)
{
    struct arena *arena = arena_create(4096);
    struct payload payload = answer(
        400, "",
        "{\"message\":\"first\\nsecond \\u001b[31m and much more than anybody wants to read "
        "in a log: aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa\"}");
    struct error err = {0};

    source_find("coinbase")->classify(&payload, arena, &err);
    check_contains("control characters become spaces", err.message, "first second  [31m and");
    check_true("the rest is cut", strlen(err.message) < 150);
    arena_destroy(arena);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(answers_are_judged),
        cmocka_unit_test(waiting_times_are_handed_on),
        cmocka_unit_test(kraken_says_until_when),
        cmocka_unit_test(a_limit_says_itself_how_long_it_lasts),
        cmocka_unit_test(messages_are_safe_and_short),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
