#include "common/text.h"
#include "common/topology.h"
#include "ingest/ctl/dead_letters.h"
#include "ingest/ctl/servers.h"
#include "ingest/ctl/table.h"
#include "ingest/dead_letter.h"
#include "schema/queries.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { BODY_SHOWN_MAX = 4096, KEY_WIDTH = 16 };

/* What the provider had answered when the job was given up. */
struct evidence {
    bool kept;
    const char *missing; /* why it cannot be shown; NULL = it can */
    struct table facts;  /* one row */
    struct bytes body;
};

/* The letter lives in `arena`, and nothing else does. */
static bool
find_letter(const struct call *call, struct broker_reader *reader, struct arena *arena,
            struct broker_delivery *ret_letter, struct error *err)
{
    int64_t left = broker_reader_waiting(reader);
    bool received = true;

    while (left-- > 0 && received) {
        arena_reset(arena);
        if (!broker_reader_next(reader, arena, ret_letter, &received, err))
            return false;
        if (received && strcmp(ret_letter->message_id, call->arguments[0]) == 0)
            return broker_reader_put_back(reader, err);
    }
    return error_set(err, ERROR_REJECT, "dead.unknown",
                     "no dead letter of job \"%.100s\" among the %lld there", call->arguments[0],
                     (long long)broker_reader_waiting(reader));
}

/* ---- the payload ---- */

static bool
read_payload(const struct call *call, int64_t payload_id, struct evidence *evidence,
             struct error *err)
{
    static const struct column columns[] = {
        {NULL, "payload_id",   COLUMN_INT    },
        {NULL, "fetched_at",   COLUMN_TIME_MS},
        {NULL, "target",       COLUMN_TEXT   },
        {NULL, "http_status",  COLUMN_INT    },
        {NULL, "content_type", COLUMN_TEXT   },
        {NULL, "verdict",      COLUMN_TEXT   },
        {NULL, "error_code",   COLUMN_TEXT   },
        {NULL, "body_bytes",   COLUMN_INT    },
    };
    struct database *db = servers_database(call, err);
    struct arena *arena = call->arena;
    struct rows rows;
    bool done;

    if (!db)
        return false;
    done = database_run(db, &query_raw_payload_find, SQL_VALUES(SQL_INT(payload_id)), arena, &rows,
                        err);
    database_destroy(db);
    if (!done)
        return false;
    if (rows.count == 0) {
        evidence->missing = "it is no longer kept";
        return true;
    }
    evidence->body = rows_bytes(&rows, 0, 8, arena);
    table_init(&evidence->facts, arena, columns, COUNT_OF(columns));
    table_add(&evidence->facts, (const char *[]){
                                    arena_printf(arena, "%lld", (long long)payload_id),
                                    rows_text(&rows, 0, 2),
                                    rows_text(&rows, 0, 3),
                                    rows_text(&rows, 0, 4),
                                    rows_text(&rows, 0, 5),
                                    rows_text(&rows, 0, 6),
                                    rows_text(&rows, 0, 7),
                                    arena_printf(arena, "%zu", evidence->body.size),
                                });
    return true;
}

/* The letter is worth showing without it: a database that is not named or away is said, no more. */
static void
find_evidence(const struct call *call, const struct broker_delivery *letter,
              struct evidence *evidence)
{
    const char *id = dead_letter_number(letter, DEAD_PAYLOAD_ID, call->arena);
    struct error err;

    evidence->kept = id && strcmp(id, "0") != 0;
    if (evidence->kept && !read_payload(call, strtoll(id, NULL, 10), evidence, &err))
        evidence->missing = arena_string(call->arena, err.message);
}

/* ---- for people ---- */

/* A body may be anything: lines stay lines, what else a terminal would obey does not. */
static void
print_body(struct bytes body, struct arena *arena)
{
    size_t size = body.size < BODY_SHOWN_MAX ? body.size : BODY_SHOWN_MAX;
    char *text = arena_copy(arena, body.data, size);

    for (size_t i = 0; i < size; i++)
        if (text[i] == '\0')
            text[i] = '?';
    for (char *rest = text, *line; (line = strsep(&rest, "\n"));)
        printf("  %s\n", table_clean(line, arena));
    if (size < body.size)
        printf("  ... %zu bytes more: --payload writes all of it\n", body.size - size);
}

static void
print_for_people(const struct broker_delivery *letter, const struct evidence *evidence,
                 struct arena *arena)
{
    for (size_t i = 0; i < letter->header_count; i++) {
        const struct broker_header *header = &letter->headers[i];

        printf("%-*s  ", KEY_WIDTH, table_clean(header->name, arena));
        if (header->text)
            printf("%s\n", table_clean(header->text, arena));
        else
            printf("%lld\n", (long long)header->number);
    }
    printf("%-*s  %s\n", KEY_WIDTH, "message", table_clean(letter->body.data, arena));
    if (evidence->missing) {
        printf("%-*s  not shown: %s\n", KEY_WIDTH, "payload", evidence->missing);
    } else if (evidence->kept) {
        puts("\nThe payload:");
        table_print_row(&evidence->facts, 0, stdout);
        print_body(evidence->body, arena);
    }
}

/* ---- for scripts ---- */

static void
add_payload(const struct evidence *evidence, struct text *text)
{
    size_t size = evidence->body.size < BODY_SHOWN_MAX ? evidence->body.size : BODY_SHOWN_MAX;

    if (!evidence->kept || evidence->missing) {
        text_add_string(text, "null");
        return;
    }
    table_add_json_row(&evidence->facts, 0, text);
    text->size--; /* the brace: one member more */
    text_add_string(text, ",\"body\":");
    text_add_json_bytes(text, evidence->body.data, size);
    text_add_char(text, '}');
}

/* The message as text, because a dead letter may be anything, also no JSON. */
static void
print_for_scripts(const struct broker_delivery *letter, const struct evidence *evidence,
                  struct arena *arena)
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
    text_add_string(&text, ",\"payload\":");
    add_payload(evidence, &text);
    text_add_char(&text, '}');
    puts(text_finish(&text).data);
}

static bool
write_payload(const struct evidence *evidence, struct error *err)
{
    if (!evidence->kept)
        return error_set(err, ERROR_REJECT, "dead.no_payload",
                         "there was no answer of the provider to keep");
    if (evidence->missing)
        return error_set(err, ERROR_REJECT, "dead.no_payload",
                         "the payload cannot be shown: %.200s", evidence->missing);
    fwrite(evidence->body.data, 1, evidence->body.size, stdout);
    return true;
}

static bool
show(const struct call *call, const struct broker_delivery *letter, struct error *err)
{
    struct evidence evidence = {.kept = false};

    find_evidence(call, letter, &evidence);
    if (call_has(call, "payload"))
        return write_payload(&evidence, err);
    if (call->json)
        print_for_scripts(letter, &evidence, call->arena);
    else
        print_for_people(letter, &evidence, call->arena);
    return true;
}

bool
dead_letters_show(const struct call *call, struct error *err)
{
    struct broker_settings settings;
    struct broker_delivery letter;
    struct broker_reader *reader;
    struct arena *arena;
    bool done;

    if (!servers_broker(call, &settings, err))
        return false;
    reader = broker_reader_open(&settings, TOPOLOGY_DEAD_QUEUE, err);
    if (!reader)
        return false;
    arena = arena_create(64 * 1024);
    done = find_letter(call, reader, arena, &letter, err) && show(call, &letter, err);
    arena_destroy(arena);
    broker_reader_destroy(reader);
    return done;
}
