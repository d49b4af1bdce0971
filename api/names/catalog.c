#include "api/names/catalog.h"

#include "common/text.h"

#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

enum { LISTED_MAX = 200 }; /* more names than this are described, not listed */

struct names {
    const char **sorted;
    size_t count;
    const char *allowed;
};

struct catalog {
    atomic_int references;
    struct arena *arena;
    struct names names[CATALOG_KINDS];
    struct catalog_ticker *tickers; /* by ticker, those with a price first, then by rank and slug */
    struct catalog_ticker *named;   /* the same by name */
    size_t ticker_count;
    const char *cursor_key;
};

static int
compare_names(const void *a, const void *b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

static const char *
describe(const struct names *names, struct arena *arena)
{
    struct text text;

    if (names->count > LISTED_MAX)
        return arena_printf(arena, "\"one of %zu known ids, such as \\\"bitcoin\\\"; see /data\"",
                            names->count);
    text_init(&text, arena, 16 * names->count + 8);
    text_add_char(&text, '[');
    for (size_t i = 0; i < names->count; i++) {
        if (i > 0)
            text_add_char(&text, ',');
        text_add_json_string(&text, names->sorted[i]);
    }
    text_add_char(&text, ']');
    return text_finish(&text).data;
}

static void
take_names(struct names *names, const char *const *from, size_t count, struct arena *arena)
{
    size_t unique = 0;

    names->sorted = arena_alloc_array(arena, count ? count : 1, sizeof *names->sorted);
    for (size_t i = 0; i < count; i++)
        names->sorted[i] = arena_string(arena, from[i]);
    qsort(names->sorted, count, sizeof *names->sorted, compare_names);
    for (size_t i = 0; i < count; i++) {
        if (unique == 0 || strcmp(names->sorted[unique - 1], names->sorted[i]) != 0)
            names->sorted[unique++] = names->sorted[i];
    }
    names->count = unique;
    names->allowed = describe(names, arena);
}

static int
compare_tickers(const void *a, const void *b)
{
    const struct catalog_ticker *left = a, *right = b;
    int order = strcmp(left->ticker, right->ticker);

    if (order == 0)
        order = right->priced - left->priced;
    if (order == 0) /* none, as it is unsigned, comes last */
        order = (uint32_t)left->rank - 1 < (uint32_t)right->rank - 1   ? -1
                : (uint32_t)left->rank - 1 > (uint32_t)right->rank - 1 ? 1
                                                                       : 0;
    return order != 0 ? order : strcmp(left->slug, right->slug);
}

static int
compare_named(const void *a, const void *b)
{
    const struct catalog_ticker *left = a, *right = b;
    int order = strcasecmp(left->name, right->name);

    if (order == 0)
        order = right->priced - left->priced;
    return order != 0 ? order : strcmp(left->slug, right->slug);
}

static const char *
name_of(const struct catalog_ticker *ticker, struct arena *arena)
{
    return ticker->name ? arena_string(arena, ticker->name) : "";
}

static void
take_tickers(struct catalog *catalog, const struct catalog_ticker *from, size_t count)
{
    struct catalog_ticker *tickers =
        arena_alloc_array(catalog->arena, count ? count : 1, sizeof *tickers);
    struct catalog_ticker *named =
        arena_alloc_array(catalog->arena, count ? count : 1, sizeof *named);

    for (size_t i = 0; i < count; i++)
        tickers[i] =
            (struct catalog_ticker){arena_string(catalog->arena, from[i].ticker),
                                    arena_string(catalog->arena, from[i].slug), from[i].priced,
                                    from[i].rank, name_of(&from[i], catalog->arena)};
    memcpy(named, tickers, count * sizeof *named);
    if (count > 0) {
        qsort(tickers, count, sizeof *tickers, compare_tickers);
        qsort(named, count, sizeof *named, compare_named);
    }
    catalog->tickers = tickers;
    catalog->named = named;
    catalog->ticker_count = count;
}

struct catalog *
catalog_create(const struct catalog_names *names)
{
    struct arena *arena = arena_create(16 * 1024);
    struct catalog *catalog = arena_alloc_array(arena, 1, sizeof *catalog);

    atomic_init(&catalog->references, 1);
    catalog->arena = arena;
    for (int kind = 0; kind < CATALOG_KINDS; kind++)
        take_names(&catalog->names[kind], names->names[kind], names->counts[kind], arena);
    take_tickers(catalog, names->tickers, names->ticker_count);
    catalog->cursor_key = arena_string(arena, names->cursor_key ? names->cursor_key : "");
    return catalog;
}

struct catalog *
catalog_hold(struct catalog *catalog)
{
    atomic_fetch_add_explicit(&catalog->references, 1, memory_order_relaxed);
    return catalog;
}

void
catalog_release(struct catalog *catalog)
{
    if (catalog && atomic_fetch_sub_explicit(&catalog->references, 1, memory_order_acq_rel) == 1)
        arena_destroy(catalog->arena);
}

bool
catalog_has(const struct catalog *catalog, enum catalog_kind kind, const char *name)
{
    const struct names *names = &catalog->names[kind];

    return bsearch(&name, names->sorted, names->count, sizeof *names->sorted, compare_names);
}

size_t
catalog_assets_of(const struct catalog *catalog, const char *ticker,
                  const struct catalog_ticker **ret_first)
{
    const struct catalog_ticker *tickers = catalog->tickers;
    size_t low = 0, high = catalog->ticker_count, count = 0;

    while (low < high) {
        size_t middle = low + (high - low) / 2;

        if (strcmp(tickers[middle].ticker, ticker) < 0)
            low = middle + 1;
        else
            high = middle;
    }
    *ret_first = tickers + low;
    while (low + count < catalog->ticker_count &&
           strcmp(tickers[low + count].ticker, ticker) == 0 &&
           tickers[low + count].priced == tickers[low].priced)
        count++;
    return count;
}

size_t
catalog_assets_named(const struct catalog *catalog, const char *name,
                     const struct catalog_ticker **ret_first)
{
    const struct catalog_ticker *named = catalog->named;
    size_t low = 0, high = catalog->ticker_count, count = 0;

    while (low < high) {
        size_t middle = low + (high - low) / 2;

        if (strcasecmp(named[middle].name, name) < 0)
            low = middle + 1;
        else
            high = middle;
    }
    *ret_first = named + low;
    while (low + count < catalog->ticker_count && strcasecmp(named[low + count].name, name) == 0 &&
           named[low + count].priced == named[low].priced)
        count++;
    return count;
}

size_t
catalog_tickers(const struct catalog *catalog, const struct catalog_ticker **ret_first)
{
    *ret_first = catalog->tickers;
    return catalog->ticker_count;
}

size_t
catalog_count(const struct catalog *catalog, enum catalog_kind kind)
{
    return catalog->names[kind].count;
}

const char *
catalog_name(const struct catalog *catalog, enum catalog_kind kind, size_t index)
{
    return catalog->names[kind].sorted[index];
}

const char *
catalog_allowed(const struct catalog *catalog, enum catalog_kind kind)
{
    return catalog->names[kind].allowed;
}

const char *
catalog_cursor_key(const struct catalog *catalog)
{
    return catalog->cursor_key;
}

bool
catalog_equal(const struct catalog *a, const struct catalog *b)
{
    for (int kind = 0; kind < CATALOG_KINDS; kind++) {
        if (a->names[kind].count != b->names[kind].count)
            return false;
        for (size_t i = 0; i < a->names[kind].count; i++) {
            if (strcmp(a->names[kind].sorted[i], b->names[kind].sorted[i]) != 0)
                return false;
        }
    }
    if (a->ticker_count != b->ticker_count)
        return false;
    for (size_t i = 0; i < a->ticker_count; i++) {
        if (compare_tickers(&a->tickers[i], &b->tickers[i]) != 0 ||
            strcmp(a->tickers[i].name, b->tickers[i].name) != 0)
            return false;
    }
    return strcmp(a->cursor_key, b->cursor_key) == 0;
}
