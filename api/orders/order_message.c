#include "api/orders/order_message.h"

#include "common/digest.h"
#include "common/text.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

enum { HASH_DIGITS = 16 };
static const int64_t SLOT_MAX_S = 253402300799; /* 9999-12-31T23:59:59Z */

static int
compare_lines(const void *a, const void *b)
{
    return strcmp(((const struct order_line *)a)->symbol, ((const struct order_line *)b)->symbol);
}

static const char *
stream_of_many(const struct order_job *job, struct arena *arena)
{
    char hash[HASH_DIGITS + 1];
    struct text text;

    text_init(&text, arena, 16 * job->count);
    for (size_t i = 0; i < job->count; i++) {
        text_add_string(&text, job->lines[i].symbol);
        text_add_char(&text, '\n');
    }
    digest_sha256_hex(text.data, text.size, HASH_DIGITS, hash);
    return arena_printf(arena, JOB_LIVE_STREAM "%s%s%s", job->group, *job->group ? "/" : "", hash);
}

static const char *
stream_of(const struct order_job *job, struct arena *arena)
{
    if (job->count > 1)
        return stream_of_many(job, arena);
    return arena_printf(arena, JOB_LIVE_STREAM "%s", job->lines[0].symbol);
}

void
order_message_name(struct order_job *job, int64_t now_ms, struct arena *arena)
{
    qsort(job->lines, job->count, sizeof *job->lines, compare_lines);
    job->stream = stream_of(job, arena);
    job->slot_s = now_ms / 1000 + 1;
    job->job_id = job_make_id(job->source, job->stream, job->slot_s, arena);
}

static const char *
args_of(const struct order_job *job, struct arena *arena)
{
    const char *separator = "";
    struct text text;

    if (job->args)
        return job->args;
    text_init(&text, arena, 16 + 24 * job->count);
    text_add_string(&text, "{\"symbols\":[");
    for (size_t i = 0; i < job->count; i++) {
        if (job->lines[i].dropped)
            continue;
        text_add_string(&text, separator);
        text_add_json_string(&text, job->lines[i].symbol);
        separator = ",";
    }
    text_add_string(&text, "]}");
    return text_finish(&text).data;
}

struct bytes
order_message_encode(const struct order_job *job, const char *traceparent, struct arena *arena)
{
    const struct job message = {
        .job_id = job->job_id,
        .kind = job->kind,
        .source = job->source,
        .stream = job->stream,
        .args_text = args_of(job, arena),
        .slot_s = job->slot_s,
        .not_after_s = job->slot_s + job->useful_s,
        .attempt = 1,
        .traceparent = traceparent,
    };

    return job_encode(&message, arena);
}

int64_t
order_message_useful_until_ms(const struct order_job *job)
{
    return (job->slot_s + job->useful_s) * 1000;
}

int64_t
order_message_slot_ms(const char *job_id)
{
    const char *slash = strrchr(job_id, '/');
    int64_t slot_s = slash ? strtoll(slash + 1, NULL, 10) : 0;

    return slot_s > 0 && slot_s <= SLOT_MAX_S ? slot_s * 1000 : 0;
}
