#ifndef TIDEMARK_INGEST_SOURCES_REFERENCE_H
#define TIDEMARK_INGEST_SOURCES_REFERENCE_H

#include "ingest/sources/row.h"
#include "ingest/sources/source.h"

/*
 * Where a provider's list of its coins or markets is in an answer, and how to read an entry of it.
 * The list may be as long as a body may be: it is read entry by entry (common/json_list.h), and
 * only the records stay. A worker's child that takes the 43,092 coins of CoinPaprika, 5.2 MB, grows
 * by 30 MiB up to the commit; one that takes 8 MiB of such coins, 68,674 of them, by 46 MiB.
 */
struct reference_list {
    const char *member; /* of the object that the body is; NULL = the body is the list */
    bool whole;         /* what is not in it is gone; false where it comes in pages */
    const char *id;     /* whole: the member of an entry that is its name for ever */
    /*
     * Adds an entry with records_add_reference() to `row->records`, at `row->index`; keeps nothing
     * of `entry` by itself. Leaves out what is no coin or market of its own.
     */
    void (*parse)(const struct json *entry, struct row *row);
};

/*
 * What parse() of a source does for a reference job. An entry that has a name and cannot be taken
 * is not gone: such a list is not whole. Errors: reject "json.*", "payload.shape".
 */
MUST_CHECK bool reference_list_parse(const struct reference_list *list, const struct job *job,
                                     const struct request *request, const struct payload *payload,
                                     struct arena *arena, struct batch *ret_batch,
                                     struct error *err);

/* A code as the table of quotes spells it: "USDT" is "usdt". ASCII only; NULL stays NULL. */
const char *reference_lower(const char *code, struct arena *arena);

#endif
