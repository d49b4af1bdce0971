#include "api/names/asset_search.h"

#include <ctype.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>
#include <strings.h>

enum match {
    MATCH_TICKER,
    MATCH_PAIR,
    MATCH_TICKER_BEGINS,
    MATCH_NAME_BEGINS,
    MATCH_NAME_HAS,
    MATCH_NONE
};

struct found {
    const struct catalog_ticker *asset;
    enum match match;
};

struct search {
    const struct catalog *catalog;
    const char *typed, *pair;
    struct found best[ASSET_SEARCH_MAX]; /* sorted */
    size_t count;
};

char *
asset_search_pair(const char *typed, struct arena *arena)
{
    char *pair = arena_string(arena, typed), *end = pair;

    for (; *typed; typed++) {
        if (!strchr(" /-_", *typed))
            *end++ = (char)toupper((unsigned char)*typed);
    }
    *end = '\0';
    return pair;
}

static bool
begins(const char *text, const char *with)
{
    return strncasecmp(text, with, strlen(with)) == 0;
}

/* "BTC" of "BTCUSD" or "BTCU": what is left begins a currency. */
static bool
is_of_pair(const struct search *search, const char *ticker)
{
    const char *rest = search->pair + strlen(ticker);

    if (!begins(search->pair, ticker) || *rest == '\0')
        return false;
    for (size_t i = 0; i < catalog_count(search->catalog, CATALOG_CURRENCY); i++) {
        if (begins(catalog_name(search->catalog, CATALOG_CURRENCY, i), rest))
            return true;
    }
    return false;
}

static enum match
match_of(const struct search *search, const struct catalog_ticker *asset)
{
    const char *name = asset->name ? asset->name : "";

    if (strcasecmp(asset->ticker, search->pair) == 0)
        return MATCH_TICKER;
    if (is_of_pair(search, asset->ticker))
        return MATCH_PAIR;
    if (begins(asset->ticker, search->pair))
        return MATCH_TICKER_BEGINS;
    if (begins(name, search->typed) || begins(asset->slug, search->typed))
        return MATCH_NAME_BEGINS;
    return strcasestr(name, search->typed) ? MATCH_NAME_HAS : MATCH_NONE;
}

/* No rank, which as an unsigned number is the largest, comes last. */
static bool
is_better(const struct found *a, const struct found *b)
{
    uint32_t left = (uint32_t)a->asset->rank - 1, right = (uint32_t)b->asset->rank - 1;

    if (a->match != b->match)
        return a->match < b->match;
    return left != right ? left < right : strcmp(a->asset->slug, b->asset->slug) < 0;
}

static void
take(struct search *search, const struct found *found)
{
    size_t at = search->count;

    if (at == ASSET_SEARCH_MAX && !is_better(found, &search->best[--at]))
        return;
    for (; at > 0 && is_better(found, &search->best[at - 1]); at--)
        search->best[at] = search->best[at - 1];
    search->best[at] = *found;
    if (search->count < ASSET_SEARCH_MAX)
        search->count++;
}

size_t
asset_search(const struct catalog *catalog, const char *typed, struct arena *arena,
             const char *ret_slugs[ASSET_SEARCH_MAX])
{
    struct search *search = arena_alloc_array(arena, 1, sizeof *search);
    const struct catalog_ticker *assets;
    size_t count = catalog_tickers(catalog, &assets);

    search->catalog = catalog;
    search->typed = typed;
    search->pair = asset_search_pair(typed, arena);
    for (size_t i = 0; i < count; i++) {
        struct found found = {&assets[i], MATCH_TICKER_BEGINS};

        if (*typed != '\0')
            found.match = match_of(search, &assets[i]);
        if (assets[i].priced && found.match != MATCH_NONE)
            take(search, &found);
    }
    for (size_t i = 0; i < search->count; i++)
        ret_slugs[i] = search->best[i].asset->slug;
    return search->count;
}
