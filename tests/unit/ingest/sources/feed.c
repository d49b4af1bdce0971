#include "unit/ingest/sources/feed.h"

#include "common/json.h"
#include "common/text.h"
#include "ingest/sources/csv.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct job
feed_job(const struct feed *feed, struct arena *arena)
{
    int64_t now_ms = feed->now_ms ? feed->now_ms : FEED_NOW_MS;
    struct job job = {
        .source = feed->source,
        .stream = "stream",
        .job_id = "job",
        .args_text = feed->args,
        .slot_s = now_ms / 300000 * 300,
        .attempt = 1,
    };
    struct error err = {0};

    if (!job_kind_parse(feed->kind, &job.kind) ||
        !json_parse(arena, (struct bytes){feed->args, strlen(feed->args)}, &json_limits_payload,
                    &job.args, &err)) {
        fprintf(stderr, "no job: %s %s: %s\n", feed->kind, feed->args, err.message);
        abort();
    }
    return job;
}

struct fed
feed_body(const struct feed *feed, struct bytes body, struct arena *arena)
{
    const struct source *source = source_find(feed->source);
    struct job job = feed_job(feed, arena);
    struct payload payload = {
        .body = body,
        .content_type = feed->content_type ? feed->content_type : "application/json",
        .status = feed->status ? feed->status : 200,
        .fetched_at_ms = feed->now_ms ? feed->now_ms : FEED_NOW_MS,
        .retry_after_ms = feed->retry_after_ms,
    };
    struct fed fed = {.parsed = false};

    if (!source_request(source, &job, feed->position, payload.fetched_at_ms, arena, &fed.request,
                        &fed.done, &fed.err) ||
        fed.done)
        return fed;
    fed.request.from_ms = 0;
    payload.target = feed->target ? feed->target : fed.request.target;
    fed.verdict = source->classify(&payload, arena, &fed.err);
    if (fed.verdict == VERDICT_OK)
        fed.parsed =
            source_parse(source, &job, &fed.request, &payload, arena, &fed.batch, &fed.err);
    return fed;
}

struct fed
feed_text(const struct feed *feed, const char *body, struct arena *arena)
{
    return feed_body(feed, (struct bytes){body, strlen(body)}, arena);
}

const char *
feed_json(const char *quoted, struct arena *arena)
{
    char *json = arena_string(arena, quoted);

    for (char *at = json; *at; at++) {
        if (*at == '\'')
            *at = '"';
    }
    return json;
}

/* {"symbols":[...]} with the symbol of every ticker in `body`, so that none is unasked. */
static const char *
symbols_of(struct bytes body, struct arena *arena)
{
    const struct json *tree;
    struct error err = {0};
    struct text args;
    const char *symbol;
    int count = 0;

    text_init(&args, arena, 4096);
    text_add_string(&args, "{\"symbols\":[");
    if (json_parse(arena, body, &json_limits_payload, &tree, &err)) {
        for (tree = json_first(tree); tree && count < 100; tree = json_next(tree)) {
            if ((symbol = json_string(json_get(tree, "symbol")))) {
                text_add_string(&args, count++ ? "," : "");
                text_add_json_string(&args, symbol);
            }
        }
    }
    text_add_string(&args, count ? "]}" : "\"BTCUSDT\"]}");
    return text_finish(&args).data;
}

static const char *
history_args(const char *symbol, const char *interval, struct arena *arena)
{
    return arena_printf(arena, "{\"symbol\":\"%s\",\"interval\":\"%s\",\"lookback_s\":3600000}",
                        symbol, interval);
}

static bool
guess_coingecko(const char *file, struct arena *arena, struct feed *feed)
{
    char currency[8] = "usd", coin[32];

    if (sscanf(file, "coins_markets_btc_%7[a-z]", currency) == 1 ||
        strncmp(file, "coins_markets_", 14) == 0) {
        feed->kind = "listing";
        feed->args =
            arena_printf(arena, "{\"currency\":\"%s\",\"page\":1,\"per_page\":250}", currency);
        return true;
    }
    if (strncmp(file, "coins_list_", 11) == 0) {
        feed->kind = "reference";
        feed->args = "{}";
        return true;
    }
    if (sscanf(file, "market_chart_%31[a-z]_%7[a-z]", coin, currency) == 2) {
        feed->kind = "history";
        feed->args = history_args(arena_printf(arena, "%s/%s", coin, currency),
                                  strstr(file, "5min")     ? "5m"
                                  : strstr(file, "hourly") ? "1h"
                                                           : "1d",
                                  arena);
        return true;
    }
    return false;
}

static bool
guess_binance(const char *file, struct bytes body, struct arena *arena, struct feed *feed)
{
    char symbol[32], interval[3];

    if (sscanf(file, "klines_%31[A-Z0-9]_%2[0-9mhd]", symbol, interval) == 2) {
        feed->kind = "history";
        feed->args = history_args(symbol, interval, arena);
        return true;
    }
    if (strncmp(file, "exchangeInfo_", 13) == 0) {
        feed->kind = "reference";
        feed->args = "{}";
        return true;
    }
    if (strncmp(file, "ticker_24hr_", 12) == 0) {
        feed->kind = "quote";
        feed->args = symbols_of(body, arena);
        return true;
    }
    return false;
}

static bool
guess_coinbase(const char *file, struct arena *arena, struct feed *feed)
{
    char product[32];
    int granularity;

    if (sscanf(file, "candles_%31[A-Z-]_%d", product, &granularity) == 2) {
        feed->kind = "history";
        feed->args = history_args(product,
                                  granularity == 3600    ? "1h"
                                  : granularity == 86400 ? "1d"
                                                         : "5m",
                                  arena);
        return true;
    }
    if (strncmp(file, "products_", 9) == 0) {
        feed->kind = "reference";
        feed->args = "{}";
        return true;
    }
    if (strncmp(file, "candles_1m_", 11) == 0) {
        feed->kind = "history";
        feed->args = history_args("BTC-USD", "5m", arena);
        return true;
    }
    if (strncmp(file, "ticker_", 7) == 0) {
        feed->kind = "quote";
        feed->args = "{\"symbols\":[\"BTC-USD\"]}";
        return true;
    }
    return false;
}

/* {"symbols":[...]} with every market that is in a Kraken answer. */
static const char *
kraken_symbols(const struct json *result, struct arena *arena)
{
    struct text args;
    int count = 0;

    text_init(&args, arena, 4096);
    text_add_string(&args, "{\"symbols\":[");
    for (const struct json *value = json_first(result); value; value = json_next(value)) {
        text_add_string(&args, count++ ? "," : "");
        text_add_json_string(&args, json_key(value));
    }
    text_add_string(&args, count ? "]}" : "\"XXBTZUSD\"]}");
    return text_finish(&args).data;
}

/* The answers of other endpoints are taken for tickers, of which they have none. */
static bool
guess_kraken(const char *file, struct bytes body, struct arena *arena, struct feed *feed)
{
    const struct json *tree, *result = NULL, *first;
    struct error err = {0};
    char market[32];
    int minutes;

    if (json_parse(arena, body, &json_limits_payload, &tree, &err))
        result = json_get(tree, "result");
    first = json_first(result);
    if (sscanf(file, "OHLC_%31[A-Z]_%d", market, &minutes) == 2) {
        feed->kind = "history";
        feed->args = history_args(first ? json_key(first) : market,
                                  minutes == 60     ? "1h"
                                  : minutes == 1440 ? "1d"
                                                    : "5m",
                                  arena);
        return true;
    }
    if (strncmp(file, "Asset", 5) == 0) {
        feed->kind = "reference"; /* AssetPairs is; Assets has its envelope */
        feed->args = "{}";
        return true;
    }
    feed->kind = "quote";
    feed->args = strncmp(file, "Ticker_", 7) == 0 ? kraken_symbols(result, arena)
                                                  : "{\"symbols\":[\"XXBTZUSD\"]}";
    return strncmp(file, "Ticker_", 7) == 0 || strncmp(file, "Time", 4) == 0 ||
           strncmp(file, "SystemStatus", 12) == 0;
}

/* {"symbols":[...]} with every coin that is in the data of a CoinMarketCap answer. */
static const char *
coinmarketcap_symbols(struct bytes body, struct arena *arena)
{
    const struct json *tree, *data = NULL, *coin;
    struct error err = {0};
    struct text args;
    int count = 0;

    text_init(&args, arena, 4096);
    text_add_string(&args, "{\"symbols\":[");
    if (json_parse(arena, body, &json_limits_payload, &tree, &err))
        data = json_first(json_get(tree, "data"));
    for (; data && count < 100; data = json_next(data)) {
        coin = json_is_array(data) ? json_first(data) : data;
        if (json_number(json_get(coin, "id")))
            text_add_format(&args, "%s\"%s/usd\"", count++ ? "," : "",
                            json_number(json_get(coin, "id")));
    }
    text_add_string(&args, count ? "]}" : "\"1/usd\"]}");
    return text_finish(&args).data;
}

static const char *
ohlcv_args(const char *symbol, struct arena *arena)
{
    return arena_printf(arena,
                        "{\"symbol\":\"%s/usd\",\"interval\":\"1d\",\"lookback_s\":3600000,"
                        "\"series\":\"ohlcv\"}",
                        symbol);
}

static bool
guess_coinmarketcap(const char *file, struct bytes body, struct arena *arena, struct feed *feed)
{
    if (strncmp(file, "listings_latest_", 16) == 0) {
        feed->kind = "listing";
        feed->args = "{\"currency\":\"usd\",\"page\":1,\"per_page\":1000}";
    } else if (strncmp(file, "quotes_latest_", 14) == 0) {
        feed->kind = "quote";
        feed->args = coinmarketcap_symbols(body, arena);
    } else if (strncmp(file, "quotes_historical_", 18) == 0) {
        feed->kind = "history";
        feed->args = history_args("1/usd",
                                  strstr(file, "5m")   ? "5m"
                                  : strstr(file, "1h") ? "1h"
                                                       : "1d",
                                  arena);
    } else if (strncmp(file, "ohlcv_historical_", 17) == 0) {
        feed->kind = "history";
        feed->args = ohlcv_args("1", arena);
    } else if (strncmp(file, "map_", 4) == 0) {
        feed->kind = "reference";
        feed->args = "{\"page\":1,\"per_page\":5000}";
    }
    return feed->kind != NULL;
}

static bool
guess_coinpaprika(const char *file, struct bytes body, struct arena *arena, struct feed *feed)
{
    const struct json *tree;
    struct error err = {0};
    char coin[32];
    const char *id = "btc-bitcoin";

    if (json_parse(arena, body, &json_limits_payload, &tree, &err) &&
        json_string(json_get(tree, "id")))
        id = json_string(json_get(tree, "id"));
    if (strncmp(file, "tickers_historical_", 19) == 0) {
        feed->kind = "history";
        feed->args = history_args("btc-bitcoin/usd", strstr(file, "1h") ? "1h" : "1d", arena);
    } else if (strncmp(file, "tickers_", 8) == 0 && body.size > 0 && body.data[0] == '[') {
        feed->kind = "listing";
        feed->args = "{\"currency\":\"usd\",\"page\":1,\"per_page\":2500}";
    } else if (strncmp(file, "tickers_", 8) == 0) {
        feed->kind = "quote";
        feed->args = arena_printf(arena, "{\"symbols\":[\"%s/usd\"]}", id);
    } else if (sscanf(file, "ohlcv_historical_%31[a-z]", coin) == 1) {
        feed->kind = "history";
        feed->args = ohlcv_args(coin, arena);
    } else if (strncmp(file, "coins_", 6) == 0) {
        feed->kind = "reference";
        feed->args = "{}";
    }
    return feed->kind != NULL;
}

static int64_t
count_breaks(struct bytes body)
{
    int64_t count = 0;

    for (size_t i = 0; i < body.size; i++)
        count += body.data[i] == '\n';
    return count;
}

/* Any request will do for an error: what it means does not depend on it. */
static bool
guess_error(const char *file, struct feed *feed)
{
    static const char *const symbols[][2] = {
        {"coingecko",     "{\"symbols\":[\"bitcoin/usd\"]}"    },
        {"coinmarketcap", "{\"symbols\":[\"1/usd\"]}"          },
        {"coinpaprika",   "{\"symbols\":[\"btc-bitcoin/usd\"]}"},
    };

    feed->status = atoi(file);
    feed->kind = "quote";
    feed->args = "{\"symbols\":[\"BTCUSDT\"]}";
    for (size_t i = 0; i < COUNT_OF(symbols); i++)
        if (strcmp(feed->source, symbols[i][0]) == 0)
            feed->args = symbols[i][1];
    feed->content_type = strstr(file, ".html") ? "text/html" : NULL;
    return feed->status > 0;
}

bool
feed_guess(const char *name, struct bytes body, struct arena *arena, struct feed *ret_feed)
{
    const char *slash = strchr(name, '/'), *file = slash ? slash + 1 : name;
    struct feed feed = {.source = arena_copy(arena, name, slash ? (size_t)(slash - name) : 0)};
    bool known = false;

    *ret_feed = feed;
    if (!source_find(feed.source))
        return false;
    if (strncmp(file, "errors/", 7) == 0) {
        known = guess_error(file + 7, &feed);
    } else if (strcmp(feed.source, "coingecko") == 0) {
        known = guess_coingecko(file, arena, &feed);
    } else if (strcmp(feed.source, "coinmarketcap") == 0) {
        known = guess_coinmarketcap(file, body, arena, &feed);
    } else if (strcmp(feed.source, "coinpaprika") == 0) {
        known = guess_coinpaprika(file, body, arena, &feed);
    } else if (strcmp(feed.source, "binance") == 0) {
        known = guess_binance(file, body, arena, &feed);
    } else if (strcmp(feed.source, "coinbase") == 0) {
        known = guess_coinbase(file, arena, &feed);
    } else if (strcmp(feed.source, "kraken") == 0) {
        known = guess_kraken(file, body, arena, &feed);
    } else if (strcmp(feed.source, "csv") == 0) {
        struct csv_position place = {1, (int64_t)body.size, count_breaks(body), file};

        feed.kind = "history";
        feed.args = "{}";
        feed.target = csv_position_format(&place, arena);
        known = true;
    }
    *ret_feed = feed;
    return known;
}

struct bytes
feed_read_file(const char *path, struct arena *arena)
{
    FILE *file = fopen(path, "rb");
    struct bytes body = {NULL, 0};
    char *data;
    long size;

    if (!file)
        return body;
    if (fseek(file, 0, SEEK_END) == 0 && (size = ftell(file)) >= 0) {
        rewind(file);
        data = arena_alloc(arena, (size_t)size + 1);
        if (fread(data, 1, (size_t)size, file) == (size_t)size) {
            data[size] = '\0';
            body = (struct bytes){data, (size_t)size};
        }
    }
    fclose(file);
    return body;
}
