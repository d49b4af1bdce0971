#include "ingest/ctl/schedules_checker.h"

#include <stdlib.h>
#include <string.h>

/* What the tables hold, in characters: schema/migrations/0002. */
enum { ASSET_SYMBOL_MAX = 100, ASSET_NAME_MAX = 200, INSTRUMENT_MAX = 100 };

bool
checker_assets(const struct checker *checker)
{
    for (size_t i = 0; i < checker->file->asset_count; i++) {
        const struct file_asset *asset = &checker->file->assets[i];

        if (!checker_is_name(asset->slug.text) ||
            strpbrk(asset->slug.text, "ABCDEFGHIJKLMNOPQRSTUVWXYZ")) /* no client would find it */
            return checker_fail(
                checker, asset->slug.line,
                "asset \"%.40s\" must be small letters, digits, '.', '_' and '-', at "
                "most %d",
                asset->slug.text, CHECKER_NAME_MAX);
        if (!asset->symbol.text || !asset->symbol.text[0] || !asset->name.text ||
            !asset->name.text[0])
            return checker_fail(checker, asset->slug.line,
                                "asset %.40s needs both: {symbol: BTC, name: Bitcoin}",
                                asset->slug.text);
        if (!checker_length(checker, asset->symbol.line, "the symbol", asset->symbol.text,
                            ASSET_SYMBOL_MAX) ||
            !checker_length(checker, asset->name.line, "the name", asset->name.text,
                            ASSET_NAME_MAX))
            return false;
    }
    return true;
}

static int
compare_instruments(const void *a, const void *b)
{
    const struct instrument_row *one = *(const struct instrument_row *const *)a;
    const struct instrument_row *other = *(const struct instrument_row *const *)b;
    int by_source = strcmp(one->source, other->source);

    return by_source ? by_source : strcmp(one->symbol, other->symbol);
}

/* Those that list coins: their instruments are a coin and its currency, "bitcoin/usd". */
static bool
lists_coins(const struct source *source)
{
    return source->kinds[JOB_LISTING].request != NULL;
}

/* What is asked for in one currency must not be stored in another. */
static bool
check_currency(const struct checker *checker, const struct instrument_row *row)
{
    const char *slash = strrchr(row->symbol, '/');

    if (!slash || slash == row->symbol)
        return checker_fail(checker, row->line,
                            "%s \"%.60s\" must be a coin and its currency, such as "
                            "bitcoin/usd",
                            row->source, row->symbol);
    if (strcmp(slash + 1, row->quote) == 0)
        return true;
    return checker_fail(checker, row->line, "%s %.60s is priced in %.20s, not in %.20s",
                        row->source, row->symbol, slash + 1, row->quote);
}

/* Sorted, the currencies of a coin lie side by side. */
static bool
check_coins(const struct checker *checker)
{
    for (size_t i = 1; i < checker->instrument_count; i++) {
        const struct instrument_row *one = checker->by_symbol[i - 1], *row = checker->by_symbol[i];
        const char *slash = strrchr(row->symbol, '/');
        size_t coin_size = slash ? (size_t)(slash + 1 - row->symbol) : 0;

        if (lists_coins(source_find(row->source)) && strcmp(one->source, row->source) == 0 &&
            strncmp(one->symbol, row->symbol, coin_size) == 0 &&
            strcmp(one->asset, row->asset) != 0)
            return checker_fail(
                checker, row->line,
                "%s %.60s is %.40s, and in line %d %.60s is %.40s: a coin is the same in "
                "every currency",
                row->source, row->symbol, row->asset, one->line, one->symbol, one->asset);
    }
    return true;
}

bool
checker_instruments(struct checker *checker)
{
    const struct schedules_file *file = checker->file;
    size_t count = file->instrument_count;

    checker->instruments =
        arena_alloc_array(checker->arena, count + 1, sizeof *checker->instruments);
    checker->by_symbol = arena_alloc_array(checker->arena, count + 1, sizeof *checker->by_symbol);
    for (size_t i = 0; i < count; i++) {
        const struct file_instrument *instrument = &file->instruments[i];
        const char *pair = instrument->asset_and_quote.text, *slash = strrchr(pair, '/');
        const struct source *source;

        if (!checker_source(checker, &instrument->source, &source))
            return false;
        if (!checker_length(checker, instrument->symbol.line, "the instrument",
                            instrument->symbol.text, INSTRUMENT_MAX))
            return false;
        if (!slash || slash == pair || !slash[1])
            return checker_fail(checker, instrument->asset_and_quote.line,
                                "\"%.60s\" must be an asset and a currency, such as bitcoin/usd",
                                pair);
        checker->instruments[i] = (struct instrument_row){
            .source = source->name,
            .symbol = instrument->symbol.text,
            .asset = arena_copy(checker->arena, pair, (size_t)(slash - pair)),
            .quote = slash + 1,
            .line = instrument->symbol.line,
        };
        if (lists_coins(source) && !check_currency(checker, &checker->instruments[i]))
            return false;
        checker->by_symbol[i] = &checker->instruments[i];
    }
    checker->instrument_count = count;
    qsort(checker->by_symbol, count, sizeof *checker->by_symbol, compare_instruments);
    return check_coins(checker);
}

bool
checker_symbol(const struct checker *checker, const struct source *source,
               const struct file_value *symbol)
{
    const struct instrument_row wanted = {.source = source->name, .symbol = symbol->text};
    const struct instrument_row *key = &wanted;

    if (bsearch(&key, checker->by_symbol, checker->instrument_count, sizeof *checker->by_symbol,
                compare_instruments))
        return true;
    return checker_fail(checker, symbol->line,
                        "%s has no instrument \"%.60s\"; add it below instruments, %s, such as "
                        "\"%.60s: bitcoin/usd\"",
                        source->name, symbol->text, source->name, symbol->text);
}
