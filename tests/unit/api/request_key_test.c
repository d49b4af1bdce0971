/*
 * Equal requests have equal keys and others have others: for every route of the table, over
 * requests made at random of its declared parameters, each value in several spellings.
 */
#include "api/params/request_key.h"

#include "api/answer/formats.h"
#include "api/dialects/dialect.h"
#include "api/params/params_lenient.h"
#include "api/routes.h"
#include "unit/check.h"

#include <stdio.h>
#include <string.h>

enum { ROUNDS = 200, VALUES_MAX = 4, TEXT_SIZE = 160, ABSENT = 0 };

static const int64_t now_ms = 1795262400000; /* 2026-11-21T12:00:00Z */

/* ---------------------------------------------------------------------------------- spellings */

/* Each value in ways to write it that mean the same; a list of it takes any of them. */
struct spelled {
    const char *forms[3];
};

static const struct spelled assets[] = {{{"bitcoin"}}, {{"ethereum"}}, {{"solana"}}, {{NULL}}};
static const struct spelled named_assets[] = {
    {{"bitcoin", "BTC", "btc"}}, {{"ethereum", "ETH", "Eth"}}, {{"solana", "SOL"}}, {{NULL}}};
static const struct spelled tickers[] = {{{"BTC", "btc"}}, {{"ETH", "eth"}}, {{NULL}}};
/* Answers name coins as they were asked for. */
static const struct spelled titles[] = {{{"Bitcoin"}}, {{"Ethereum"}}, {{NULL}}};
static const struct spelled currencies[] = {
    {{"usd", "USD", "Usd"}}, {{"eur", "EUR"}}, {{"btc", "BTC"}}, {{NULL}}};
static const struct spelled sources[] = {{{"binance"}}, {{"coinbase"}}, {{"kraken"}}, {{NULL}}};
static const struct spelled moments[] = {{{"1795132800000", "2026-11-20T00:00:00Z"}},
                                         {{"1795219200000", "2026-11-21T00:00:00.000Z"}},
                                         {{"1795046400000", "2026-11-19T00:00:00+00:00"}},
                                         {{NULL}}};
static const struct spelled seconds[] = {
    {{"1795132800", "1795132800.75", "2026-11-20"}}, {{"1795219200", "2026-11-21"}}, {{NULL}}};
static const struct spelled spans[] = {{{"1"}}, {{"7"}}, {{"max"}}, {{NULL}}};
static const struct spelled days[] = {{{"2026-11-20"}}, {{"2026-11-19"}}, {{NULL}}};
/* Days as CoinGecko writes them, too. */
static const struct spelled words[] = {{{"20-11-2026"}}, {{"19-11-2026"}}, {{NULL}}};
static const struct spelled markets[] = {
    {{"AGG:BTCUSD", "BTCUSD", "agg:btcusd"}}, {{"BINANCE:BTCUSD"}}, {{"AGG:ETHEUR"}}, {{NULL}}};
static const struct spelled decimals[] = {{{"10"}}, {{"20.5"}}, {{NULL}}};
static const struct spelled nothing[] = {{{NULL}}};

static const struct spelled *
values_of(enum param_kind kind)
{
    switch (kind) {
    case PARAM_INTEGER: /* by its bounds */
    case PARAM_CHOICE:  /* by its choices */
    case PARAM_FORMAT:
    case PARAM_KNOWN_CHOICES:
    case PARAM_CURSOR: /* is sealed: tests of cursors */
    case PARAM_JOB:    /* of no cached route */
        return nothing;
    case PARAM_ASSET:
    case PARAM_ASSETS:
    case PARAM_IDS:
        return assets;
    case PARAM_ASSET_OR_TICKER:
    case PARAM_ASSETS_OR_TICKERS:
        return named_assets;
    case PARAM_CURRENCY:
    case PARAM_CURRENCIES:
    case PARAM_KNOWN_CURRENCIES:
        return currencies;
    case PARAM_SOURCE:
    case PARAM_SOURCES:
    case PARAM_KNOWN_SOURCES:
        return sources;
    case PARAM_SYMBOL:
    case PARAM_SYMBOLS:
    case PARAM_TICKERS:
        return tickers;
    case PARAM_NAMES:
        return titles;
    case PARAM_MOMENT:
        return moments;
    case PARAM_SECONDS:
        return seconds;
    case PARAM_DECIMAL:
        return decimals;
    case PARAM_DAYS:
        return spans;
    case PARAM_DAY:
        return days;
    case PARAM_NAME:
    case PARAM_TEXT:
    case PARAM_ASSET_SEARCH:
        return words;
    case PARAM_MARKET:
    case PARAM_MARKETS:
        return markets;
    }
    return nothing;
}

static bool
is_list(enum param_kind kind)
{
    return kind == PARAM_ASSETS || kind == PARAM_ASSETS_OR_TICKERS || kind == PARAM_CURRENCIES ||
           kind == PARAM_SOURCES || kind == PARAM_IDS || kind == PARAM_KNOWN_CURRENCIES;
}

static struct catalog *
make_catalog(void)
{
    static const char *const slugs[] = {"bitcoin", "ethereum", "solana"};
    static const char *const codes[] = {"usd", "eur", "btc"};
    static const char *const names[] = {"binance", "coinbase", "kraken"};
    static const struct catalog_ticker known[] = {
        {"BTC", "bitcoin",  true, 1, "Bitcoin" },
        {"ETH", "ethereum", true, 2, "Ethereum"},
        {"SOL", "solana",   true, 3, "Solana"  },
    };
    const struct catalog_names all = {
        .names = {slugs, codes, names},
        .counts = {3,     3,     3    },
        .tickers = known,
        .ticker_count = 3,
    };

    return catalog_create(&all);
}

/* ----------------------------------------------------------------------------------- requests */

struct dice {
    uint64_t state;
};

static size_t
roll(struct dice *dice, size_t sides)
{
    dice->state = dice->state * 6364136223846793005u + 1442695040888963407u;
    return (size_t)(dice->state >> 33) % sides;
}

/* Of each parameter: which value, from 1; of a list a set of them, as bits; ABSENT = not given. */
struct asking {
    const struct route *route;
    size_t picks[PARAMS_MAX];
};

static size_t
count_choices(const char *choices)
{
    size_t count = 1;

    for (; *choices; choices++)
        count += *choices == '|';
    return count;
}

static size_t
count_values(const struct param *param)
{
    const struct spelled *values = values_of(param->kind);
    size_t count = 0;

    if (param->kind == PARAM_INTEGER)
        return param->min < param->max ? 2 : 1;
    if (param->choices)
        return count_choices(param->choices);
    while (values[count].forms[0])
        count++;
    return count;
}

static size_t
roll_pick(struct dice *dice, const struct param *param)
{
    size_t count = count_values(param);

    if (count == 0 || (!param->required && roll(dice, 2) == 0))
        return ABSENT;
    return 1 + roll(dice, is_list(param->kind) ? ((size_t)1 << count) - 1 : count);
}

static struct asking
roll_asking(struct dice *dice, const struct route *route)
{
    struct asking asking = {.route = route};

    for (size_t i = 0; route->params[i].name; i++)
        asking.picks[i] = roll_pick(dice, &route->params[i]);
    return asking;
}

/* ----------------------------------------------------------------------------------- spelling */

static void
spell_value(struct dice *dice, const struct param *param, size_t value, char *out)
{
    const struct spelled *values = values_of(param->kind);
    const char *choice = param->choices;
    size_t forms = 1;

    if (param->kind == PARAM_INTEGER) {
        sprintf(out, "%lld", (long long)(value == 0 ? param->min : param->max));
        return;
    }
    if (choice) {
        while (value-- > 0)
            choice = strchr(choice, '|') + 1;
        sprintf(out, "%.*s", (int)strcspn(choice, "|"), choice);
        return;
    }
    while (forms < 3 && values[value].forms[forms])
        forms++;
    strcpy(out, values[value].forms[roll(dice, forms)]);
}

/* Its members in any order, one of them twice. */
static void
spell_list(struct dice *dice, const struct param *param, size_t pick, char *out)
{
    size_t count = count_values(param), first = roll(dice, count), written = 0;

    for (size_t i = 0; i < 2 * count; i++) {
        size_t value = (first + i) % count;

        if (!(pick & (size_t)1 << value) || (i >= count && roll(dice, 3) > 0))
            continue;
        if (written++ > 0)
            *out++ = ',';
        spell_value(dice, param, value, out);
        out += strlen(out);
    }
}

/* In any order; what the path holds stays in front. Returns how many. */
static size_t
spell(struct dice *dice, const struct asking *asking, char texts[PARAMS_MAX][TEXT_SIZE],
      struct http_param *given, size_t *ret_captures)
{
    const struct param *params = asking->route->params;
    size_t count = 0;

    for (size_t i = 0; params[i].name; i++) {
        if (asking->picks[i] == ABSENT)
            continue;
        if (is_list(params[i].kind))
            spell_list(dice, &params[i], asking->picks[i], texts[i]);
        else
            spell_value(dice, &params[i], asking->picks[i] - 1, texts[i]);
        given[count++] = (struct http_param){
            {params[i].name, strlen(params[i].name)},
            {texts[i],       strlen(texts[i])      }
        };
    }
    *ret_captures = 0;
    for (size_t i = count; i > 1; i--) {
        size_t other = roll(dice, i);
        struct http_param moved = given[i - 1];

        given[i - 1] = given[other];
        given[other] = moved;
    }
    return count;
}

/* NULL if the route takes no such request. */
static const char *
key_of(struct dice *dice, const struct asking *asking, const struct catalog *catalog,
       struct arena *arena)
{
    const struct route *route = asking->route;
    struct bytes path = {route->path, strlen(route->path)};
    char(*texts)[TEXT_SIZE] = arena_alloc_array(arena, PARAMS_MAX, TEXT_SIZE);
    struct http_param given[PARAMS_MAX], taken[HTTP_PARAMS_MAX];
    struct problem problem;
    struct params params;
    size_t captures, count = spell(dice, asking, texts, given, &captures);

    memcpy(taken, given, count * sizeof *given);
    if (dialect_manner(dialect_of(path))->is_lenient)
        count = params_make_lenient(route->params, NULL, 0, given, count, arena, taken);
    if (!params_check(route->params, taken, count, catalog, arena, &params, &problem) ||
        (formats_by_accept(&params) &&
         !formats_negotiate(&params, (struct bytes){NULL, 0}, arena, &problem)) ||
        (route->reading->check && !route->reading->check(&params, now_ms, &problem)))
        return NULL;
    if (route->reading->settle)
        route->reading->settle(&params, now_ms, arena);
    return request_key_text(route, &params, "ns", arena);
}

/* ---------------------------------------------------------------------------------- properties */

static void
every_spelling_has_the_same_key(void **state)
{
    struct catalog *catalog = make_catalog();
    struct dice dice = {20261121};

    for (size_t index = 0; index < routes_count(); index++) {
        const struct route *route = routes_at(index);
        size_t accepted = 0;

        for (int round = 0; route->reading && round < ROUNDS; round++) {
            struct arena *arena = arena_create(4096);
            struct asking asking = roll_asking(&dice, route);
            const char *key = key_of(&dice, &asking, catalog, arena);

            accepted += key != NULL;
            for (int again = 0; key && again < 4; again++)
                check_string(route->path, key_of(&dice, &asking, catalog, arena), key);
            arena_destroy(arena);
        }
        check_true(route->path, !route->reading || accepted > 0);
    }
    catalog_release(catalog);
}

/* Whether not giving it means the same as this value. */
static bool
is_fallback(struct dice *dice, const struct param *param, size_t pick)
{
    char text[TEXT_SIZE];

    if (param->kind == PARAM_FORMAT) /* nothing else was negotiated */
        return pick == 1;
    if (!param->fallback || pick == ABSENT || is_list(param->kind))
        return false;
    spell_value(dice, param, pick - 1, text);
    return strcasecmp(text, param->fallback) == 0;
}

/*
 * Routes that settle what was asked, or name their keys, let askings that come to the same share an
 * answer: theirs must differ by what no two of them can have in common.
 */
static bool
must_differ(struct dice *dice, const struct route *route, const struct param *param, size_t pick,
            size_t other)
{
    bool may_merge = route->reading->settle || route->reading->name;

    if (pick == other || (other == ABSENT && is_fallback(dice, param, pick)) ||
        (pick == ABSENT && is_fallback(dice, param, other)))
        return false;
    return !may_merge || (pick != ABSENT && other != ABSENT &&
                          (param->kind == PARAM_ASSET || param->kind == PARAM_ASSET_OR_TICKER ||
                           param->kind == PARAM_CURRENCY || param->kind == PARAM_SOURCE ||
                           param->kind == PARAM_FORMAT || param->kind == PARAM_MARKET));
}

static void
another_value_of_any_parameter_has_another_key(void **state)
{
    struct catalog *catalog = make_catalog();
    struct dice dice = {42};

    for (size_t index = 0; index < routes_count(); index++) {
        const struct route *route = routes_at(index);

        for (int round = 0; route->reading && route->params[0].name && round < ROUNDS; round++) {
            struct arena *arena = arena_create(4096);
            struct asking asking = roll_asking(&dice, route), other = asking;
            const char *key = key_of(&dice, &asking, catalog, arena), *other_key;
            size_t changed = 0;

            while (route->params[changed + 1].name && roll(&dice, 3) > 0)
                changed++;
            other.picks[changed] = roll_pick(&dice, &route->params[changed]);
            other_key = key_of(&dice, &other, catalog, arena);
            if (key && other_key &&
                must_differ(&dice, route, &route->params[changed], asking.picks[changed],
                            other.picks[changed]) &&
                strcmp(key, other_key) == 0)
                fail_msg("%s: another %s, the same key %s", route->path,
                         route->params[changed].name, key);
            arena_destroy(arena);
        }
    }
    catalog_release(catalog);
}

/* What a key begins with, up to the values. */
static void
no_two_routes_share_a_key(void **state)
{
    struct catalog *catalog = make_catalog();
    struct arena *arena = arena_create(65536);
    const char **keys = arena_alloc_array(arena, routes_count() * 20, sizeof *keys);
    size_t *owners = arena_alloc_array(arena, routes_count() * 20, sizeof *owners);
    struct dice dice = {7};
    size_t count = 0;

    for (size_t index = 0; index < routes_count(); index++) {
        for (int round = 0; routes_at(index)->reading && round < 20; round++) {
            struct asking asking = roll_asking(&dice, routes_at(index));

            owners[count] = index;
            keys[count] = key_of(&dice, &asking, catalog, arena);
            count += keys[count] != NULL;
        }
    }
    for (size_t i = 0; i < count; i++) {
        for (size_t other = 0; other < i; other++)
            if (owners[i] != owners[other] && strcmp(keys[i], keys[other]) == 0)
                fail_msg("%s and %s share %s", routes_at(owners[i])->path,
                         routes_at(owners[other])->path, keys[i]);
    }
    arena_destroy(arena);
    catalog_release(catalog);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_spelling_has_the_same_key),
        cmocka_unit_test(another_value_of_any_parameter_has_another_key),
        cmocka_unit_test(no_two_routes_share_a_key),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
