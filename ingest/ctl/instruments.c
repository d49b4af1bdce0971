/* What sources call their coins and markets, and the operator's word about what they are. */
#include "common/text.h"
#include "ingest/ctl/nouns.h"
#include "ingest/ctl/servers.h"
#include "ingest/ctl/table.h"
#include "schema/queries.h"

#include <stdio.h>
#include <string.h>

enum { LIST_DEFAULT = 50, SYMBOL_BYTES_MAX = 100 };

/* ---- list ---- */

static bool
instruments_list(const struct call *call, struct error *err)
{
    static const struct column columns[] = {
        {"SOURCE",     "source",     COLUMN_TEXT   },
        {"SYMBOL",     "symbol",     COLUMN_TEXT   },
        {"TICKER",     "ticker",     COLUMN_TEXT   },
        {"QUOTE",      "quote",      COLUMN_TEXT   },
        {"NAME",       "name",       COLUMN_TEXT   },
        {NULL,         "rank",       COLUMN_INT    },
        {"ASSET",      "asset",      COLUMN_TEXT   },
        {NULL,         "status",     COLUMN_TEXT   },
        {"ORIGIN",     "origin",     COLUMN_TEXT   },
        {"REASON",     "reason",     COLUMN_TEXT   },
        {"CANDIDATES", "candidates", COLUMN_JSON   },
        {NULL,         "seen_at",    COLUMN_TIME_MS},
    };
    const char *only = call_has(call, "ambiguous")  ? "ambiguous"
                       : call_has(call, "unmapped") ? "unmapped"
                                                    : NULL;
    struct table table;

    table_init(&table, call->arena, columns, COUNT_OF(columns));
    if (!servers_fill(call, &query_instruments_list,
                      SQL_VALUES(SQL_TEXT(call_text(call, "source")), SQL_TEXT(only),
                                 SQL_INT(call_number(call, "limit", LIST_DEFAULT))),
                      &table, err))
        return false;
    table_print(&table, call->json);
    return true;
}

/* ---- the operator's word ---- */

/* What a command is about. */
struct subject {
    const char *source, *symbol; /* of an aggregator: its coin, "1" also where "1/usd" was said */
    const char *currency;        /* "usd" of "1/usd", else NULL */
    bool is_coin;
};

/* "bitcoin/usd" as "bitcoin" and "usd"; `*ret_after` is NULL without a slash. */
static const char *
split(const char *pair, struct arena *arena, const char **ret_after)
{
    const char *slash = strrchr(pair, '/');

    *ret_after = slash ? slash + 1 : NULL;
    return slash ? arena_copy(arena, pair, (size_t)(slash - pair)) : pair;
}

/* What the tables know of the words: kind, asset_id, quote_id, the list's own currency. */
static bool
look_up(struct database *db, const struct call *call, const char *slug, const char *code,
        struct subject *ret_subject, struct rows *ret_words, struct error *err)
{
    struct subject subject = {.source = call->arguments[0], .symbol = call->arguments[1]};
    const char *kind;

    if (!database_run(db, &query_instrument_words,
                      SQL_VALUES(SQL_TEXT(subject.source), SQL_TEXT(subject.symbol), SQL_TEXT(slug),
                                 SQL_TEXT(code)),
                      call->arena, ret_words, err))
        return false;
    kind = rows_text(ret_words, 0, 0);
    if (!kind)
        return error_set(err, ERROR_REJECT, "instruments.unknown_source",
                         "there is no source \"%.40s\"", subject.source);
    subject.is_coin = strcmp(kind, "aggregator") == 0;
    if (subject.is_coin)
        subject.symbol = split(subject.symbol, call->arena, &subject.currency);
    if (subject.symbol[0] == '\0' || strlen(subject.symbol) > SYMBOL_BYTES_MAX)
        return error_set(err, ERROR_REJECT, "instruments.symbol",
                         "\"%.40s\" is no symbol: it must have 1 to %d bytes", subject.symbol,
                         SYMBOL_BYTES_MAX);
    *ret_subject = subject;
    return true;
}

static bool
refuse_asset(struct database *db, const char *word, struct arena *arena, struct error *err)
{
    struct text meant;
    struct rows rows;

    if (!database_run(db, &query_assets_suggest, SQL_VALUES(SQL_TEXT(word)), arena, &rows, err))
        return false;
    text_init(&meant, arena, 128);
    for (size_t i = 0; i < rows.count; i++)
        text_add_format(&meant, "%s%s", i ? ", " : "; did you mean ", rows_text(&rows, i, 0));
    return error_set(err, ERROR_REJECT, "instruments.unknown_asset",
                     "there is no asset \"%.60s\"%.150s", word, text_finish(&meant).data);
}

static bool
refuse_quote(const struct subject *subject, const char *asset, const char *code, struct error *err)
{
    if (!code)
        return error_set(err, ERROR_REJECT, "instruments.no_quote",
                         "say the currency of %.60s as well, such as %.60s/usd", subject->symbol,
                         asset);
    return error_set(err, ERROR_REJECT, "instruments.unknown_quote",
                     "there is no currency \"%.20s\"; the table quotes has the known ones, such as "
                     "usd, eur, usdt, btc",
                     code);
}

/* In one transaction: the word, and what becomes of what was made before it. */
static bool
say(struct database *db, const struct subject *subject, struct database_value asset,
    struct database_value quote, struct arena *arena, struct error *err)
{
    const struct database_value source = SQL_TEXT(subject->source);
    const struct database_value symbol = SQL_TEXT(subject->symbol);

    database_queue_begin(db);
    database_queue(db, &query_references_lock, SQL_NO_VALUES);
    if (subject->is_coin) {
        database_queue(db, &query_coin_say, SQL_VALUES(source, symbol, asset));
        database_queue(db, &query_instruments_follow_coins, SQL_VALUES(source, symbol));
    } else {
        database_queue(db, &query_market_say, SQL_VALUES(source, symbol, asset, quote));
    }
    database_queue_commit(db);
    return database_flush(db, arena, NULL, err);
}

static void
report(const struct call *call, const struct subject *subject, const char *asset, const char *quote,
       const char *sentence)
{
    struct text text;

    if (!call->json) {
        printf("%s %s: %s%s%s%s\n", subject->source, subject->symbol, sentence, asset ? asset : "",
               quote ? "/" : "", quote ? quote : "");
        return;
    }
    text_init(&text, call->arena, 128);
    text_add_string(&text, "{\"source\":");
    text_add_json_string(&text, subject->source);
    text_add_string(&text, ",\"symbol\":");
    text_add_json_string(&text, subject->symbol);
    text_add_string(&text, ",\"asset\":");
    text_add_json_nullable(&text, asset);
    text_add_string(&text, ",\"quote\":");
    text_add_json_nullable(&text, quote);
    text_add_string(&text, "}\n");
    fputs(text_finish(&text).data, stdout);
}

static bool
map(struct database *db, const struct call *call, struct error *err)
{
    const char *code, *asset = split(call->arguments[2], call->arena, &code);
    struct subject subject;
    struct rows words;

    if (!look_up(db, call, asset, code, &subject, &words, err))
        return false;
    if (rows_is_null(&words, 0, 1))
        return refuse_asset(db, asset, call->arena, err);
    if (subject.is_coin) {
        if (code && (!subject.currency || strcmp(code, subject.currency) != 0))
            return error_set(err, ERROR_REJECT, "instruments.coin",
                             "%.40s's coins are mapped for every currency: leave /%.20s out",
                             subject.source, code);
        code = NULL;
    } else if (!code && rows_text(&words, 0, 3)) {
        code = rows_text(&words, 0, 3); /* the source's own list says it */
        if (!look_up(db, call, asset, code, &subject, &words, err))
            return false;
    }
    if (!subject.is_coin && rows_is_null(&words, 0, 2))
        return refuse_quote(&subject, asset, code, err);
    if (!say(db, &subject, SQL_INT(rows_int(&words, 0, 1, 0)), SQL_INT(rows_int(&words, 0, 2, 0)),
             call->arena, err))
        return false;
    report(call, &subject, asset, code, "is ");
    return true;
}

static bool
unmap(struct database *db, const struct call *call, struct error *err)
{
    struct subject subject;
    struct rows words;

    if (!look_up(db, call, NULL, NULL, &subject, &words, err) ||
        !say(db, &subject, SQL_NULL, SQL_NULL, call->arena, err))
        return false;
    report(call, &subject, NULL, NULL, "stays unmapped, whatever its list says");
    return true;
}

/* Automatic mapping follows at once, by the list as it was seen last. */
static bool
release(struct database *db, const struct call *call, struct error *err)
{
    struct subject subject;
    const struct rows *answers;
    struct rows words;

    if (!look_up(db, call, NULL, NULL, &subject, &words, err))
        return false;
    database_queue_begin(db);
    database_queue(db, &query_references_lock, SQL_NO_VALUES);
    database_queue(db, &query_operator_word_forget,
                   SQL_VALUES(SQL_TEXT(subject.source), SQL_TEXT(subject.symbol)));
    database_queue(db, &query_references_map_coins, SQL_VALUES(SQL_NULL, SQL_NULL));
    database_queue(db, &query_references_map_markets, SQL_VALUES(SQL_NULL));
    database_queue_commit(db);
    if (!database_flush(db, call->arena, &answers, err))
        return false;
    if (rows_int(&answers[2], 0, 0, 0) == 0)
        return error_set(err, ERROR_REJECT, "instruments.no_word",
                         "nobody has mapped or unmapped %.40s %.60s by hand", subject.source,
                         subject.symbol);
    report(call, &subject, NULL, NULL, "is mapped by its list again");
    return true;
}

/* ---- commands ---- */

static bool
with_database(bool (*command)(struct database *, const struct call *, struct error *),
              const struct call *call, struct error *err)
{
    struct database *db = servers_database(call, err);
    bool done = db && command(db, call, err);

    database_destroy(db);
    return done;
}

static bool
instruments_map(const struct call *call, struct error *err)
{
    return with_database(map, call, err);
}

static bool
instruments_unmap(const struct call *call, struct error *err)
{
    return with_database(unmap, call, err);
}

static bool
instruments_release(const struct call *call, struct error *err)
{
    return with_database(release, call, err);
}

static const struct command commands[] = {
    {.verb = "list",
     .may_be_left_out = true,
     .about = "what sources call their coins and markets, and what they are here",
     .run = instruments_list,
     .options = {{"source", OPTION_SOURCE, "NAME", "only this source"},
                 {"ambiguous", OPTION_SWITCH, NULL, "only what could be several things"},
                 {"unmapped", OPTION_SWITCH, NULL, "only what is active and not mapped"},
                 {"limit", OPTION_COUNT, "N", "at most so many (50)"}}},
    { .verb = "map",
     .arguments = "SOURCE SYMBOL ASSET[/CURRENCY]",
     .arguments_min = 3,
     .arguments_max = 3,
     .about = "say what a coin or a market is; no list changes that",
     .run = instruments_map},
    {                                            .verb = "unmap",
     .arguments = "SOURCE SYMBOL",
     .arguments_min = 2,
     .arguments_max = 2,
     .about = "say that it is none of ours; no list changes that",
     .run = instruments_unmap},
    {                                          .verb = "release",
     .arguments = "SOURCE SYMBOL",
     .arguments_min = 2,
     .arguments_max = 2,
     .about = "take back what was said: its list decides again",
     .run = instruments_release},
};

const struct noun instruments_noun = {"instruments", "what sources call their coins and markets",
                                      commands, COUNT_OF(commands)};
