#include "api/params/params_known.h"

#include "common/text.h"

#include <stdlib.h>
#include <string.h>

enum { ASSETS_OF_A_WORD_MAX = 20 }; /* that share one ticker or name */

/* What was found so far. */
struct found {
    const struct catalog *catalog;
    struct arena *arena;
    const char **items;
    size_t count, max;
    struct text words; /* the canonical text */
    bool is_passing;
};

bool
param_is_known_list(enum param_kind kind)
{
    return kind == PARAM_IDS || kind == PARAM_TICKERS || kind == PARAM_NAMES ||
           kind == PARAM_KNOWN_CURRENCIES || kind == PARAM_KNOWN_SOURCES ||
           kind == PARAM_KNOWN_CHOICES;
}

static bool
add_item(struct found *found, const char *item)
{
    for (size_t i = 0; i < found->count; i++) {
        if (strcmp(found->items[i], item) == 0)
            return true;
    }
    if (found->count == found->max)
        return false;
    found->items[found->count++] = item;
    return true;
}

/* With the letters from `first` to `last` in their other case. */
static char *
in_other_case(const char *text, char first, char last, struct arena *arena)
{
    char *copy = arena_string(arena, text);

    for (char *c = copy; *c; c++) {
        if (*c >= first && *c <= last)
            *c ^= 'a' ^ 'A';
    }
    return copy;
}

static char *
lower(const char *text, struct arena *arena)
{
    return in_other_case(text, 'A', 'Z', arena);
}

static const char *
upper(const char *text, struct arena *arena)
{
    return in_other_case(text, 'a', 'z', arena);
}

/* All assets that a word may mean: which of them it does is for who knows their market caps. */
static bool
add_assets(struct found *found, const char *asked, const struct catalog_ticker *assets,
           size_t count)
{
    for (size_t i = 0; i < count && i < ASSETS_OF_A_WORD_MAX; i++) {
        if (!add_item(found, arena_printf(found->arena, "%s=%s", assets[i].slug, asked)))
            return false;
    }
    return true;
}

static bool
is_choice(const char *choices, const char *word)
{
    size_t size = strlen(word);

    for (const char *at = choices; at; at = strchr(at, '|') ? strchr(at, '|') + 1 : NULL) {
        if (strncmp(at, word, size) == 0 && (at[size] == '|' || at[size] == '\0'))
            return true;
    }
    return false;
}

/* The word itself, if it means something. */
static bool
add_if(struct found *found, const char **word, bool is_known)
{
    if (is_known)
        return add_item(found, *word);
    *word = NULL;
    return true;
}

/* `*ret_known` is the canonical word; NULL if it means nothing. */
static bool
add_word(struct found *found, const struct param *param, const char *word, const char **ret_known)
{
    const struct catalog_ticker *assets;
    size_t count;

    *ret_known = word;
    switch (param->kind) {
    case PARAM_TICKERS:
        found->is_passing = true;
        count = catalog_assets_of(found->catalog, upper(word, found->arena), &assets);
        break;
    case PARAM_NAMES:
        found->is_passing = true;
        count = catalog_assets_named(found->catalog, word, &assets);
        break;
    case PARAM_IDS:
        if (!catalog_has(found->catalog, CATALOG_ASSET, word))
            return add_if(found, ret_known, false);
        return add_item(found, arena_printf(found->arena, "%s=%s", word, word));
    case PARAM_KNOWN_CURRENCIES:
        return add_if(found, ret_known, catalog_has(found->catalog, CATALOG_CURRENCY, word));
    case PARAM_KNOWN_SOURCES:
        return add_if(found, ret_known, catalog_has(found->catalog, CATALOG_SOURCE, word));
    default: /* PARAM_KNOWN_CHOICES */
        return add_if(found, ret_known, is_choice(param->choices, word));
    }
    if (count == 0)
        *ret_known = NULL;
    return add_assets(found, word, assets, count);
}

static int
compare_words(const void *a, const void *b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

/* The words that are not empty, sorted, without spaces around them. Only names keep their case. */
static size_t
split(enum param_kind kind, const char *text, struct arena *arena, const char ***ret_words)
{
    char *rest = kind == PARAM_NAMES ? arena_string(arena, text) : lower(text, arena), *word;
    size_t count = 1, used = 0;

    for (const char *c = text; *c; c++)
        count += *c == ',';
    *ret_words = arena_alloc_array(arena, count, sizeof **ret_words);
    while ((word = strsep(&rest, ","))) {
        size_t size;

        while (*word == ' ')
            word++;
        for (size = strlen(word); size > 0 && word[size - 1] == ' '; size--)
            word[size - 1] = '\0';
        if (size > 0)
            (*ret_words)[used++] = word;
    }
    qsort(*ret_words, used, sizeof **ret_words, compare_words);
    return used;
}

bool
param_take_known(const struct param *param, const struct catalog *catalog, const char *text,
                 struct arena *arena, struct param_value *value)
{
    struct found found = {.catalog = catalog, .arena = arena, .max = (size_t)param->max};
    const char **words, *known, *last = NULL;
    size_t count = split(param->kind, text, arena, &words);

    found.items = arena_alloc_array(arena, found.max, sizeof *found.items);
    text_init(&found.words, arena, strlen(text) + 1);
    for (size_t i = 0; i < count; i++) {
        if (!add_word(&found, param, words[i], &known))
            return false;
        if (!known)
            found.is_passing = true; /* there may be such a thing tomorrow */
        if (!known || (last && strcmp(last, known) == 0))
            continue;
        text_add_string(&found.words, last ? "," : "");
        text_add_string(&found.words, known);
        last = known;
    }
    value->items = found.items;
    value->item_count = found.count;
    value->text = last ? text_finish(&found.words).data : ",";
    value->is_passing = found.is_passing;
    return true;
}

const char *
param_asset_slug(const char *item, struct arena *arena)
{
    return arena_copy(arena, item, strcspn(item, "="));
}

const char *
param_asset_asked(const char *item)
{
    return item + strcspn(item, "=") + 1;
}
