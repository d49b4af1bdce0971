#include "api/names/market_name.h"

#include "common/text.h"

#include <stdlib.h>
#include <string.h>

static const char aggregate[] = "AGG";
static const char separators[] = "/-_";

static char
upper(char c)
{
    return c >= 'a' && c <= 'z' ? (char)(c - 'a' + 'A') : c;
}

static char
lower(char c)
{
    return c >= 'A' && c <= 'Z' ? (char)(c - 'A' + 'a') : c;
}

static char *
mapped(const char *text, size_t size, char (*map)(char), struct arena *arena)
{
    char *copy = arena_copy(arena, text, size);

    for (size_t i = 0; i < size; i++)
        copy[i] = map(copy[i]);
    return copy;
}

/* ---------------------------------------------------------------------------------- candidates */

static void
add_candidate(struct market_name *name, const char *slug, const char *code, int32_t rank)
{
    if (name->candidate_count < MARKET_CANDIDATES_MAX)
        name->candidates[name->candidate_count++] = (struct market_candidate){slug, code, rank};
}

/* All assets of a ticker; if it is none, the asset that is called so itself: "BITCOIN/USD". */
static size_t
add_assets(struct market_name *name, const char *ticker, const char *wanted_slug, const char *code,
           const struct catalog *catalog, struct arena *arena)
{
    const struct catalog_ticker *assets;
    size_t count = catalog_assets_of(catalog, ticker, &assets), before = name->candidate_count;
    const char *slug = mapped(ticker, strlen(ticker), lower, arena);

    for (size_t i = 0; i < count; i++) {
        if (!wanted_slug || strcmp(assets[i].slug, wanted_slug) == 0)
            add_candidate(name, assets[i].slug, code, assets[i].rank);
    }
    if (count == 0 && !wanted_slug && catalog_has(catalog, CATALOG_ASSET, slug))
        add_candidate(name, slug, code, 0);
    return name->candidate_count - before;
}

/* `pair` ends with this currency, and what is before it is a ticker. */
static void
add_split(struct market_name *name, const char *pair, const char *code, const char *wanted_slug,
          const struct catalog *catalog, struct arena *arena)
{
    size_t size = strlen(pair), code_size = strlen(code);
    char *ticker;

    if (size <= code_size || strcasecmp(pair + size - code_size, code) != 0)
        return;
    ticker = arena_copy(arena, pair, size - code_size);
    if (add_assets(name, ticker, wanted_slug, code, catalog, arena) > 0)
        return;
    size -= code_size + 1;
    if (size > 0 && strchr(separators, ticker[size])) {
        ticker[size] = '\0';
        add_assets(name, ticker, wanted_slug, code, catalog, arena);
    }
}

static int
compare_candidates(const void *a, const void *b)
{
    const struct market_candidate *left = a, *right = b;
    /* No rank, which as an unsigned number is the largest, comes last. */
    uint32_t left_rank = (uint32_t)left->rank - 1, right_rank = (uint32_t)right->rank - 1;

    if (left_rank != right_rank)
        return left_rank < right_rank ? -1 : 1;
    if (strlen(left->code) != strlen(right->code))
        return strlen(left->code) > strlen(right->code) ? -1 : 1;
    return strcmp(left->slug, right->slug);
}

/* ------------------------------------------------------------------------------------- reading */

/* What stands before the colon: a source, AGG, or nothing. False for anything else. */
static bool
read_exchange(const char *text, size_t size, const struct catalog *catalog, struct arena *arena,
              const char **ret_source)
{
    char *source = mapped(text, size, lower, arena);

    *ret_source = NULL;
    if (size == 0 || strcasecmp(source, aggregate) == 0)
        return true;
    *ret_source = source;
    return catalog_has(catalog, CATALOG_SOURCE, source);
}

static const char *
canonical_text(const struct market_name *name, const char *slug, struct arena *arena)
{
    const char *exchange =
        name->source ? mapped(name->source, strlen(name->source), upper, arena) : aggregate;

    return arena_printf(arena, "%s:%s%s%s", exchange, name->name, slug ? "@" : "",
                        slug ? slug : "");
}

void
market_name_read(const char *text, const struct catalog *catalog, struct arena *arena,
                 struct market_name *ret_name)
{
    const char *colon = strchr(text, ':'), *pair = colon ? colon + 1 : text;
    const char *at = strrchr(pair, '@');
    size_t size = at ? (size_t)(at - pair) : strlen(pair);
    const char *slug = at ? mapped(at + 1, strlen(at + 1), lower, arena) : NULL;
    bool known;

    ret_name->candidate_count = 0;
    ret_name->name = mapped(pair, size, upper, arena);
    known =
        read_exchange(text, colon ? (size_t)(colon - text) : 0, catalog, arena, &ret_name->source);
    ret_name->text = canonical_text(ret_name, slug, arena);
    if (!known || size == 0 || strlen(text) > MARKET_NAME_MAX)
        return;
    for (size_t i = 0; i < catalog_count(catalog, CATALOG_CURRENCY); i++)
        add_split(ret_name, ret_name->name, catalog_name(catalog, CATALOG_CURRENCY, i), slug,
                  catalog, arena);
    qsort(ret_name->candidates, ret_name->candidate_count, sizeof *ret_name->candidates,
          compare_candidates);
}

/* --------------------------------------------------------------------------------- as one text */

/* text, source or nothing, then slug and code of each candidate, each ended by a line feed. */
const char *
market_name_pack(const struct market_name *name, struct arena *arena)
{
    struct text packed;

    text_init(&packed, arena, 64 + 24 * name->candidate_count);
    text_add_format(&packed, "%s\n%s\n", name->text, name->source ? name->source : "");
    for (size_t i = 0; i < name->candidate_count; i++)
        text_add_format(&packed, "%s\n%s\n", name->candidates[i].slug, name->candidates[i].code);
    return text_finish(&packed).data;
}

void
market_name_unpack(const char *packed, struct arena *arena, struct market_name *ret_name)
{
    char *rest = arena_string(arena, packed), *name;

    ret_name->text = strsep(&rest, "\n");
    ret_name->source = strsep(&rest, "\n");
    if (*ret_name->source == '\0')
        ret_name->source = NULL;
    name = strchr(arena_string(arena, ret_name->text), ':') + 1;
    name[strcspn(name, "@")] = '\0';
    ret_name->name = name;
    ret_name->candidate_count = 0;
    while (rest && *rest) {
        const char *slug = strsep(&rest, "\n");

        add_candidate(ret_name, slug, strsep(&rest, "\n"), 0);
    }
}
