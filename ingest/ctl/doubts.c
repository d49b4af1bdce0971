/* Prices that were stored with a doubt, and are kept out of what sources agree on. */
#include "ingest/ctl/nouns.h"
#include "ingest/ctl/servers.h"
#include "ingest/ctl/table.h"
#include "schema/queries.h"

enum { LIST_DEFAULT = 50 };

static bool
doubts_list(const struct call *call, struct error *err)
{
    static const struct column columns[] = {
        {"SOURCE",       "source",      COLUMN_TEXT   },
        {"ASSET",        "asset",       COLUMN_TEXT   },
        {"QUOTE",        "quote",       COLUMN_TEXT   },
        {"PRICE",        "price",       COLUMN_TEXT   },
        {"DOUBT",        "doubt",       COLUMN_JSON   },
        {"OBSERVED",     "observed_at", COLUMN_TIME_MS},
        {NULL,           "volume_24h",  COLUMN_TEXT   },
        {NULL,           "market_cap",  COLUMN_TEXT   },
        {"SOUND BEFORE", "sound_price", COLUMN_TEXT   },
        {"AT",           "sound_at",    COLUMN_TIME_MS},
        {"RUN",          "run_id",      COLUMN_INT    },
        {NULL,           "payload_id",  COLUMN_INT    },
    };
    struct table table;

    table_init(&table, call->arena, columns, COUNT_OF(columns));
    if (!servers_fill(call, &query_doubts_list,
                      SQL_VALUES(SQL_TEXT(call_text(call, "source")),
                                 SQL_TEXT(call_text(call, "asset")),
                                 SQL_INT(call_number(call, "limit", LIST_DEFAULT))),
                      &table, err))
        return false;
    table_print(&table, call->json);
    return true;
}

static const struct command commands[] = {
    {.verb = "list",
     .may_be_left_out = true,
     .about = "latest prices that something speaks against, with the last one that nothing does",
     .run = doubts_list,
     .options = {{"source", OPTION_SOURCE, "NAME", "only this source"},
                 {"asset", OPTION_TEXT, "ASSET", "only this asset"},
                 {"limit", OPTION_COUNT, "N", "at most so many (50)"}}},
};

const struct noun doubts_noun = {"doubts", "prices that look wrong and are left out of a consensus",
                                 commands, COUNT_OF(commands)};
