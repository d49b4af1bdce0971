#include "ingest/sources/records.h"

#include "unit/check.h"

#include <string.h>

/* The rules for entries of a provider's list; those for prices are tested through the sources. */
static struct records
start(struct arena *arena)
{
    static const struct payload payload = {.fetched_at_ms = INT64_C(1795250465000)};
    struct records records;

    records_init(&records, &payload, "[", "]", arena);
    return records;
}

static const char *
letters(size_t count, struct arena *arena)
{
    char *text = arena_alloc(arena, count + 1);

    memset(text, 'x', count);
    text[count] = '\0';
    return text;
}

static void
words_of_a_reference_have_limits(void **state)
{
    struct arena *arena = arena_create(1 << 16);
    const struct {
        const char *name;
        struct reference reference;
        const char *where, *reason; /* NULL = it is taken */
    } rows[] = {
        {"all is there",          {"1", "BTC", "usd", "Bitcoin", NULL, 1, true},               NULL,         NULL            },
        {"only what must be",     {"1", "BTC", NULL, NULL, NULL, 0, false},                    NULL,         NULL            },
        {"the longest",
         {letters(100, arena), letters(100, arena), NULL, letters(200, arena), NULL, 0, true},
         NULL,                                                                                               NULL            },
        {"no symbol",             {NULL, "BTC", NULL, NULL, NULL, 0, true},                    "[3].symbol", "field.missing" },
        {"an empty symbol",       {"", "BTC", NULL, NULL, NULL, 0, true},                      "[4].symbol", "field.missing" },
        {"a symbol of 101 bytes",
         {letters(101, arena), "BTC", NULL, NULL, NULL, 0, true},
         "[5].symbol",                                                                                       "field.too_long"},
        {"no ticker",             {"1", NULL, NULL, NULL, NULL, 0, true},                      "[6].ticker", "field.missing" },
        {"a ticker of 101 bytes",
         {"1", letters(101, arena), NULL, NULL, NULL, 0, true},
         "[7].ticker",                                                                                       "field.too_long"},
        {"an empty quote",        {"1", "BTC", "", NULL, NULL, 0, true},                       "[8].quote",  "field.missing" },
        {"a quote of 21 bytes",
         {"1", "BTC", letters(21, arena), NULL, NULL, 0, true},
         "[9].quote",                                                                                        "field.too_long"},
    };

    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        struct records records = start(arena);
        bool taken = records_add_reference(&records, i, &rows[i].reference);
        struct batch batch;

        records_finish(&records, &batch);
        check_int(rows[i].name, taken, rows[i].reason == NULL);
        check_int(rows[i].name, (int64_t)batch.reference_count, rows[i].reason == NULL);
        check_string(rows[i].name, taken ? NULL : batch.rejects[0].where, rows[i].where);
        check_string(rows[i].name, taken ? NULL : batch.rejects[0].reason, rows[i].reason);
    }
    arena_destroy(arena);
}

static void
a_name_that_is_too_long_is_left_out(void **state)
{
    struct arena *arena = arena_create(1 << 16);
    struct records records = start(arena);
    struct reference reference = {.symbol = "1", .ticker = "BTC", .name = letters(201, arena)};
    struct batch batch;

    check_true("it is taken", records_add_reference(&records, 0, &reference));
    records_finish(&records, &batch);
    check_string("without its name", batch.references[0].name, NULL);
    arena_destroy(arena);
}

static void
the_last_of_several_counts(void **state)
{
    struct arena *arena = arena_create(1 << 16);
    struct records records = start(arena);
    static const struct reference references[] = {
        {.symbol = "2", .ticker = "LTC"},
        {.symbol = "1", .ticker = "OLD"},
        {.symbol = "1", .ticker = "NEW"},
    };
    struct batch batch;

    for (size_t i = 0; i < COUNT_OF(references); i++)
        check_true("taken", records_add_reference(&records, i, &references[i]));
    records_finish(&records, &batch);
    check_int("one of each symbol", (int64_t)batch.reference_count, 2);
    check_string("by symbol", batch.references[0].symbol, "1");
    check_string("the last one", batch.references[0].ticker, "NEW");
    check_int("the other is a reject", (int64_t)batch.rejected, 1);
    check_string("where it stood", batch.rejects[0].where, "[1]");
    check_string("and why", batch.rejects[0].reason, "row.duplicate");
    arena_destroy(arena);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(words_of_a_reference_have_limits),
        cmocka_unit_test(a_name_that_is_too_long_is_left_out),
        cmocka_unit_test(the_last_of_several_counts),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
