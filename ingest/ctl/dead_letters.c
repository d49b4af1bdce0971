#include "common/text.h"
#include "common/topology.h"
#include "ingest/ctl/nouns.h"
#include "ingest/ctl/servers.h"
#include "ingest/ctl/table.h"
#include "ingest/dead_letter.h"

#include <stdio.h>
#include <string.h>

enum { PEEK_MAX = 10000, LIST_DEFAULT = 50 };

struct letters {
    struct broker_delivery *deliveries;
    size_t count;
};

/* Only looks: the letters stay in the queue. */
static bool
look(const struct call *call, size_t max, struct letters *letters, struct error *err)
{
    struct broker_settings settings;

    if (!servers_broker(call, &settings, err))
        return false;
    letters->deliveries = arena_alloc_array(call->arena, max, sizeof *letters->deliveries);
    return broker_peek(&settings, TOPOLOGY_DEAD_QUEUE, max, call->arena, letters->deliveries,
                       &letters->count, err);
}

/* What the worker wrote, or what the broker did when it buried the letter by itself. */
static const char *
reason_of(const struct broker_delivery *letter)
{
    const char *reason = broker_delivery_header(letter, DEAD_REASON);

    return reason ? reason : broker_delivery_header(letter, "x-first-death-reason");
}

static const char *
source_of(const struct broker_delivery *letter)
{
    const char *source = broker_delivery_header(letter, DEAD_SOURCE);

    return source ? source : letter->routing_key;
}

static const char *
number_of(const struct broker_delivery *letter, const char *name, struct arena *arena)
{
    for (size_t i = 0; i < letter->header_count; i++)
        if (strcmp(letter->headers[i].name, name) == 0 && !letter->headers[i].text)
            return arena_printf(arena, "%lld", (long long)letter->headers[i].number);
    return NULL;
}

static bool
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
    const char *source = call_text(call, "source");
    struct letters letters;
    struct table table;

    if (!look(call, (size_t)call_number(call, "limit", LIST_DEFAULT), &letters, err))
        return false;
    table_init(&table, call->arena, columns, COUNT_OF(columns));
    for (size_t i = 0; i < letters.count; i++) {
        const struct broker_delivery *letter = &letters.deliveries[i];
        const char *cells[] = {
            letter->message_id,
            source_of(letter),
            broker_delivery_header(letter, DEAD_KIND),
            reason_of(letter),
            number_of(letter, DEAD_ATTEMPT, call->arena),
            broker_delivery_header(letter, DEAD_FIRST_FAILED_AT),
            broker_delivery_header(letter, DEAD_FAILED_AT),
            number_of(letter, DEAD_HTTP_STATUS, call->arena),
            number_of(letter, DEAD_PAYLOAD_ID, call->arena),
            broker_delivery_header(letter, DEAD_ERROR_CODE),
            broker_delivery_header(letter, DEAD_ERROR),
            broker_delivery_header(letter, DEAD_WORKER),
            broker_delivery_header(letter, DEAD_VERSION),
        };

        if (!source || strcmp(source, cells[1]) == 0)
            table_add(&table, cells);
    }
    table_print(&table, call->json);
    return true;
}

static void
print_letter_for_people(const struct broker_delivery *letter, struct arena *arena)
{
    for (size_t i = 0; i < letter->header_count; i++) {
        const struct broker_header *header = &letter->headers[i];

        if (header->text)
            printf("%-16s %s\n", table_clean(header->name, arena),
                   table_clean(header->text, arena));
        else
            printf("%-16s %lld\n", table_clean(header->name, arena), (long long)header->number);
    }
    printf("%-16s %s\n", "message", table_clean(letter->body.data, arena));
}

/* The body as text, because a dead letter may be anything, also no JSON. */
static void
print_letter_for_scripts(const struct broker_delivery *letter, struct arena *arena)
{
    struct text text;

    text_init(&text, arena, 4096);
    text_add_string(&text, "{\"job_id\":");
    text_add_json_string(&text, letter->message_id);
    text_add_string(&text, ",\"routing_key\":");
    text_add_json_string(&text, letter->routing_key);
    text_add_string(&text, ",\"headers\":{");
    for (size_t i = 0; i < letter->header_count; i++) {
        const struct broker_header *header = &letter->headers[i];

        if (i)
            text_add_char(&text, ',');
        text_add_json_string(&text, header->name);
        text_add_char(&text, ':');
        if (header->text)
            text_add_json_string(&text, header->text);
        else
            text_add_int(&text, header->number);
    }
    text_add_string(&text, "},\"message\":");
    text_add_json_bytes(&text, letter->body.data, letter->body.size);
    text_add_char(&text, '}');
    puts(text_finish(&text).data);
}

static bool
dead_letters_show(const struct call *call, struct error *err)
{
    struct letters letters;

    if (!look(call, PEEK_MAX, &letters, err))
        return false;
    for (size_t i = 0; i < letters.count; i++) {
        if (strcmp(letters.deliveries[i].message_id, call->arguments[0]) != 0)
            continue;
        if (call->json)
            print_letter_for_scripts(&letters.deliveries[i], call->arena);
        else
            print_letter_for_people(&letters.deliveries[i], call->arena);
        return true;
    }
    return error_set(err, ERROR_REJECT, "dead.unknown",
                     "no dead letter of job \"%.100s\" among the %zu there", call->arguments[0],
                     letters.count);
}

static const struct command commands[] = {
    {.verb = "list",
     .may_be_left_out = true,
     .about = "jobs that were given up",
     .run = dead_letters_list,
     .options = {{"source", OPTION_SOURCE, "NAME", "only this source"},
                 {"limit", OPTION_COUNT, "N", "look at so many (50)"}}},
    { .verb = "show",
     .arguments = "JOB_ID",
     .arguments_min = 1,
     .arguments_max = 1,
     .about = "one of them, with its message",
     .run = dead_letters_show},
};

const struct noun dead_letters_noun = {"dead", "jobs that were given up", commands,
                                       COUNT_OF(commands)};
