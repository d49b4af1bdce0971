#include "ingest/kept.h"

#include "ingest/store_markets_json.h"
#include "unit/check.h"

#include <string.h>

#define FETCHED_AT_MS INT64_C(1795250465000)
#define FIRST_MS INT64_C(1795237200000) /* whole hours before */
#define KLINE(open_time)                                                                           \
    "[" #open_time ",\"1\",\"2\",\"1\",\"1.50\",\"3\"," #open_time ",\"4\",5,\"0\",\"0\",\"0\"]"

static struct bytes
bytes_of(const char *text)
{
    return (struct bytes){text, strlen(text)};
}

/* A page of klines as raw_payloads keeps it; its window leaves the third one out. */
static struct kept_payload
page(void)
{
    return (struct kept_payload){
        .payload_id = 7,
        .run_id = 3,
        .source_id = 2,
        .source = "binance",
        .job_id = "binance/history/BTCUSDT/1h/1795250000",
        .kind = "history",
        .stream = "history/BTCUSDT/1h",
        .args = "{\"symbol\": \"BTCUSDT\", \"interval\": \"1h\", \"lookback_s\": 86400}",
        .slot_s = 1795248000,
        .target = "/api/v3/klines?symbol=BTCUSDT",
        .from_ms = FIRST_MS,
        .to_ms = FIRST_MS + INT64_C(7200000),
        .fetched_at_ms = FETCHED_AT_MS,
        .http_status = 200,
        .content_type = "application/json",
        .verdict = "ok",
        .body = bytes_of(
            "[" KLINE(1795237200000) "," KLINE(1795240800000) "," KLINE(1795244400000) "]"),
        .intact = true,
        .markets = "{\"BTCUSDT\": [1, 50]}",
    };
}

static void
test_a_payload_becomes_its_records_once_more(void **state)
{
    struct arena *arena = arena_create(1 << 16);
    struct kept_payload kept = page();
    struct markets markets;
    struct batch batch;
    struct error err;

    (void)state;
    check_int("fed", kept_normalise(&kept, arena, &batch, &markets, &err), KEPT_FED);
    check_int("the window holds", (int64_t)batch.candle_count, 2);
    check_int("the first", batch.candles[0].open_time_ms, FIRST_MS);
    check_string("its close", batch.candles[1].close, "1.50");
    check_int("the asset", markets_find(&markets, "BTCUSDT")->asset_id, 1);
    check_int("the currency", markets_find(&markets, "BTCUSDT")->quote_id, 50);
    arena_destroy(arena);
}

/* What may have become of what is kept. */
static void
test_what_cannot_be_fed_is_told_apart(void **state)
{
    const struct {
        const char *name;
        size_t member; /* that is another text, or NULL */
        const char *text;
        enum kept_fate want;
    } rows[] = {
        {"limited",                 offsetof(struct kept_payload, verdict), "limited", KEPT_REFUSED },
        {"older",                   offsetof(struct kept_payload, markets), NULL,      KEPT_OLDER   },
        {"no run",                  offsetof(struct kept_payload, kind),    NULL,      KEPT_ORPHAN  },
        {"a kind of tomorrow",      offsetof(struct kept_payload, kind),    "dream",   KEPT_UNPARSED},
        {"a source of yesterday",   offsetof(struct kept_payload, source),  "gox",     KEPT_UNPARSED},
        {"no source",               offsetof(struct kept_payload, source),  NULL,      KEPT_UNPARSED},
        {"arguments that are none", offsetof(struct kept_payload, args),    "{",       KEPT_UNPARSED},
        {"other arguments",         offsetof(struct kept_payload, args),    "{}",      KEPT_UNPARSED},
        {"markets that are none",   offsetof(struct kept_payload, markets), "[]",      KEPT_UNPARSED},
    };
    struct arena *arena = arena_create(1 << 16);

    (void)state;
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        struct kept_payload kept = page();
        struct markets markets;
        struct batch batch;
        struct error err;

        memcpy((char *)&kept + rows[i].member, &rows[i].text, sizeof rows[i].text);
        check_int(rows[i].name, kept_normalise(&kept, arena, &batch, &markets, &err), rows[i].want);
    }
    arena_destroy(arena);
}

static void
test_a_body_is_taken_only_as_it_was(void **state)
{
    struct arena *arena = arena_create(1 << 16);
    struct kept_payload kept = page();
    struct markets markets;
    struct batch batch;
    struct error err;

    (void)state;
    kept.intact = false;
    check_int("damaged", kept_normalise(&kept, arena, &batch, &markets, &err), KEPT_DAMAGED);
    kept.intact = true;
    kept.body = bytes_of("[[1,");
    check_int("cut", kept_normalise(&kept, arena, &batch, &markets, &err), KEPT_UNPARSED);
    check_string("why", err.code, "json.malformed");
    arena_destroy(arena);
}

static void
test_markets_are_kept_and_read(void **state)
{
    struct market rows[] = {
        {"bitcoin/usd",    1,                   1,     "bitcoin/usd"},
        {"a\"b\\\xc3\xa9", INT64_C(2147483647), 32767, NULL         },
    };
    struct markets markets = {rows, COUNT_OF(rows)}, back;
    struct arena *arena = arena_create(1 << 16);
    struct error err;

    (void)state;
    markets_sort(&markets);
    check_true("read", markets_decode(markets_encode(&markets, arena), arena, &back, &err));
    check_int("both", (int64_t)back.count, 2);
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        const struct market *found = markets_find(&back, rows[i].symbol);

        check_true(rows[i].symbol, found != NULL);
        check_int("asset", found->asset_id, rows[i].asset_id);
        check_int("quote", found->quote_id, rows[i].quote_id);
    }
    markets.count = 0;
    check_string("none", markets_encode(&markets, arena), "{}");
    check_true("none is read", markets_decode("{}", arena, &back, &err) && back.count == 0);
    arena_destroy(arena);
}

static void
test_markets_that_make_no_sense_are_refused(void **state)
{
    static const char *const texts[] = {
        "",
        "[]",
        "{\"a\": 1}",
        "{\"a\": []}",
        "{\"a\": [1]}",
        "{\"a\": [1, 2, 3]}",
        "{\"a\": [1, \"2\"]}",
        "{\"a\": [1.5, 2]}",
        "{\"a\": [[[]]]}",
        "{\"a\": {\"b\": 1, \"c\": 2}}",
        "{\"a\": [1, 99999999999999999999]}",
    };
    struct arena *arena = arena_create(1 << 16);
    struct markets markets;
    struct error err;

    (void)state;
    for (size_t i = 0; i < COUNT_OF(texts); i++)
        check_false(texts[i], markets_decode(texts[i], arena, &markets, &err));
    arena_destroy(arena);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_payload_becomes_its_records_once_more),
        cmocka_unit_test(test_what_cannot_be_fed_is_told_apart),
        cmocka_unit_test(test_a_body_is_taken_only_as_it_was),
        cmocka_unit_test(test_markets_are_kept_and_read),
        cmocka_unit_test(test_markets_that_make_no_sense_are_refused),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
