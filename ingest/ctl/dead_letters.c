#include "ingest/ctl/dead_letters.h"

#include "common/topology.h"
#include "ingest/ctl/nouns.h"
#include "ingest/ctl/servers.h"
#include "ingest/ctl/table.h"
#include "ingest/dead_letter.h"

#include <string.h>

enum { LIST_DEFAULT = 50 };

/* What the worker wrote, or what the broker did when it buried the letter by itself. */
const char *
dead_letter_reason(const struct broker_delivery *letter)
{
    const char *reason = broker_delivery_header(letter, DEAD_REASON);

    return reason ? reason : broker_delivery_header(letter, "x-first-death-reason");
}

/* A letter of the broker's came by the queue of its source: "binance", "binance.live". */
const char *
dead_letter_source(const struct broker_delivery *letter)
{
    const char *source = broker_delivery_header(letter, DEAD_SOURCE);

    return source ? source : letter->routing_key;
}

const char *
dead_letter_number(const struct broker_delivery *letter, const char *header, struct arena *arena)
{
    for (size_t i = 0; i < letter->header_count; i++)
        if (strcmp(letter->headers[i].name, header) == 0 && !letter->headers[i].text)
            return arena_printf(arena, "%lld", (long long)letter->headers[i].number);
    return NULL;
}

static bool
is_of_source(const struct broker_delivery *letter, const char *source)
{
    char live_key[TOPOLOGY_NAME_SIZE];
    const char *is = dead_letter_source(letter);

    return strcmp(is, source) == 0 || strcmp(is, topology_jobs_key(source, true, live_key)) == 0;
}

bool
dead_letter_fits(const struct call *call, const struct broker_delivery *letter)
{
    const char *source = call_text(call, "source"), *reason = call_text(call, "reason");
    const char *is = dead_letter_reason(letter);

    return (!source || is_of_source(letter, source)) &&
           (!reason || (is && strcmp(is, reason) == 0));
}

static void
add_row(const struct broker_delivery *letter, struct table *table)
{
    struct arena *arena = table->arena;
    const char *cells[] = {
        letter->message_id,
        dead_letter_source(letter),
        broker_delivery_header(letter, DEAD_KIND),
        dead_letter_reason(letter),
        dead_letter_number(letter, DEAD_ATTEMPT, arena),
        broker_delivery_header(letter, DEAD_FIRST_FAILED_AT),
        broker_delivery_header(letter, DEAD_FAILED_AT),
        dead_letter_number(letter, DEAD_HTTP_STATUS, arena),
        dead_letter_number(letter, DEAD_PAYLOAD_ID, arena),
        broker_delivery_header(letter, DEAD_ERROR_CODE),
        broker_delivery_header(letter, DEAD_ERROR),
        broker_delivery_header(letter, DEAD_WORKER),
        broker_delivery_header(letter, DEAD_VERSION),
    };

    for (size_t i = 0; i < COUNT_OF(cells); i++)
        cells[i] = cells[i] ? arena_string(arena, cells[i]) : NULL;
    table_add(table, cells);
}

static bool
fill(const struct call *call, struct broker_reader *reader, struct table *table, struct error *err)
{
    int64_t limit = call_number(call, "limit", LIST_DEFAULT), left = broker_reader_waiting(reader);
    struct arena *arena = arena_create(64 * 1024); /* of one letter: a table holds less of it */
    struct broker_delivery letter;
    bool received = true, read = true;

    while (read && left-- > 0 && received && table->row_count < (size_t)limit) {
        arena_reset(arena);
        read = broker_reader_next(reader, arena, &letter, &received, err);
        if (read && received && dead_letter_fits(call, &letter))
            add_row(&letter, table);
    }
    arena_destroy(arena);
    return read && broker_reader_put_back(reader, err);
}

bool
dead_letters_list(const struct call *call, struct error *err)
{
    static const struct column columns[] = {
        {"JOB",       "job_id",          COLUMN_TEXT},
        {NULL,        "source",          COLUMN_TEXT},
        {NULL,        "kind",            COLUMN_TEXT},
        {"REASON",    "reason",          COLUMN_TEXT},
        {"TRY",       "attempt",         COLUMN_INT },
        {NULL,        "first_failed_at", COLUMN_TEXT},
        {"FAILED AT", "failed_at",       COLUMN_TEXT},
        {"STATUS",    "http_status",     COLUMN_INT },
        {NULL,        "payload_id",      COLUMN_INT },
        {"CODE",      "error_code",      COLUMN_TEXT},
        {"ERROR",     "error",           COLUMN_TEXT},
        {NULL,        "worker",          COLUMN_TEXT},
        {NULL,        "version",         COLUMN_TEXT},
    };
    struct broker_settings settings;
    struct broker_reader *reader;
    struct table table;
    bool done;

    if (!servers_broker(call, &settings, err))
        return false;
    reader = broker_reader_open(&settings, TOPOLOGY_DEAD_QUEUE, err);
    if (!reader)
        return false;
    table_init(&table, call->arena, columns, COUNT_OF(columns));
    done = fill(call, reader, &table, err);
    if (done)
        table_print(&table, call->json);
    broker_reader_destroy(reader);
    return done;
}

#define OF_SOURCE                                                                                  \
    {                                                                                              \
        "source", OPTION_SOURCE, "NAME", "only of this source"                                     \
    }
#define OF_REASON                                                                                  \
    {                                                                                              \
        "reason", OPTION_TEXT, "REASON", "only permanent, attempts, malformed ..."                 \
    }

static const struct command commands[] = {
    {.verb = "list",
     .may_be_left_out = true,
     .about = "jobs that were given up",
     .run = dead_letters_list,
     .options = {OF_SOURCE, OF_REASON, {"limit", OPTION_COUNT, "N", "at most so many (50)"}}},
    { .verb = "show",
     .arguments = "JOB_ID",
     .arguments_min = 1,
     .arguments_max = 1,
     .about = "one of them, with its message and the payload",
     .run = dead_letters_show,
     .options = {{"payload", OPTION_SWITCH, NULL,
                  "the payload's bytes as they came, nothing else"}}},
    {                           .verb = "replay",
     .arguments = "[JOB_ID]",
     .arguments_max = 1,
     .about = "give it back to the workers, as a first attempt",
     .run = dead_letters_replay,
     .options = {{"all", OPTION_SWITCH, NULL, "all that are there now"}, OF_SOURCE, OF_REASON}},
    { .verb = "discard",
     .arguments = "[JOB_ID]",
     .arguments_max = 1,
     .about = "delete it for good",
     .run = dead_letters_discard,
     .options = {{"all", OPTION_SWITCH, NULL, "all that are there now"},
                 OF_SOURCE,
                 OF_REASON,
                 {"yes", OPTION_SWITCH, NULL, "do not ask"}}},
};

const struct noun dead_letters_noun = {"dead", "jobs that were given up", commands,
                                       COUNT_OF(commands)};
