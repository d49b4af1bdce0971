#include "common/job.h"

#include <string.h>

enum { JOB_VERSION = 1, SOURCE_MAX = 32 };

static const char *const kind_names[] = {
    [JOB_LISTING] = "listing",     [JOB_QUOTE] = "quote",   [JOB_HISTORY] = "history",
    [JOB_REFERENCE] = "reference", [JOB_ROLLUP] = "rollup", [JOB_GAPS] = "gaps",
    [JOB_ARCHIVE] = "archive",     [JOB_RETAIN] = "retain", [JOB_REPORT] = "report",
};

const char *
job_kind_name(enum job_kind kind)
{
    return kind_names[kind];
}

bool
job_kind_parse(const char *name, enum job_kind *ret_kind)
{
    for (size_t i = 0; i < COUNT_OF(kind_names); i++)
        if (strcmp(name, kind_names[i]) == 0) {
            *ret_kind = (enum job_kind)i;
            return true;
        }
    return false;
}

bool
job_kind_is_own(enum job_kind kind)
{
    return kind >= JOB_ROLLUP;
}

bool
job_is_live(const struct job *job)
{
    return strncmp(job->stream, JOB_LIVE_STREAM, sizeof JOB_LIVE_STREAM - 1) == 0;
}

const char *
job_make_id(const char *source, const char *stream, int64_t slot_s, struct arena *arena)
{
    struct text text;

    text_init(&text, arena, strlen(source) + strlen(stream) + 24);
    text_add_string(&text, source);
    text_add_char(&text, '/');
    text_add_string(&text, stream);
    text_add_char(&text, '/');
    text_add_int(&text, slot_s);
    return text_finish(&text).data;
}

static bool
bad_field(struct error *err, const char *name, const char *rule)
{
    return error_set(err, ERROR_REJECT, "job.field", "the job's \"%s\" must be %s", name, rule);
}

/* Source names become queue names and metric labels. */
static bool
is_source(const char *name)
{
    size_t size = strspn(name, "abcdefghijklmnopqrstuvwxyz0123456789_-");

    return size > 0 && size <= SOURCE_MAX && name[size] == '\0';
}

/* Symbols are the provider's affair, in any script; blanks and control characters are not. */
static bool
is_stream(const char *name)
{
    size_t size = 0;

    for (; name[size]; size++)
        if ((unsigned char)name[size] <= ' ' || name[size] == 0x7F)
            return false;
    return size > 0 && size <= JOB_ID_MAX;
}

/* W3C Trace Context, version 00: lengths 2-32-16-2 of lower-case hexadecimal digits. */
static bool
is_traceparent(const char *text)
{
    static const char form[] = "00-xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx-xxxxxxxxxxxxxxxx-xx";

    if (strlen(text) != sizeof form - 1)
        return false;
    for (size_t i = 0; i < sizeof form - 1; i++)
        if (form[i] == 'x' ? !strchr("0123456789abcdef", text[i]) : text[i] != form[i])
            return false;
    return true;
}

/* 9999-12-31T23:59:59Z: what lies further on would overflow once it is reckoned with. */
#define LATEST_S INT64_C(253402300799)

/* A moment of the message: missing and null are 0; otherwise a positive integer up to `latest`. */
static bool
get_moment(const struct json *tree, const char *name, int64_t latest, int64_t *ret_moment,
           struct error *err)
{
    const struct json *value = json_get(tree, name);

    *ret_moment = 0;
    if (!value || json_is_null(value))
        return true;
    if (!json_integer(value, ret_moment) || *ret_moment <= 0 || *ret_moment > latest)
        return bad_field(err, name, "a positive integer before the year 10000, or null");
    return true;
}

static bool
decode_names(const struct json *tree, struct job *job, struct error *err)
{
    const char *kind = json_string(json_get(tree, "kind"));

    job->job_id = json_string(json_get(tree, "job_id"));
    job->source = json_string(json_get(tree, "source"));
    job->stream = json_string(json_get(tree, "stream"));
    job->traceparent = json_string(json_get(tree, "traceparent"));
    if (!kind || !job_kind_parse(kind, &job->kind))
        return bad_field(err, "kind", "listing, quote, history or reference");
    if (!job->source || !is_source(job->source))
        return bad_field(err, "source", "1 to 32 of a-z, 0-9, _ and -");
    if (!job->stream || !is_stream(job->stream))
        return bad_field(err, "stream", "text without blanks");
    if (job->traceparent && !is_traceparent(job->traceparent))
        job->traceparent = NULL;
    return true;
}

static bool
decode_numbers(const struct json *tree, struct job *job, struct error *err)
{
    int64_t attempt, set_aside;

    if (!json_integer(json_get(tree, "slot"), &job->slot_s) || job->slot_s < 0 ||
        job->slot_s > LATEST_S)
        return bad_field(err, "slot", "an integer of unix seconds");
    if (!json_integer(json_get(tree, "attempt"), &attempt) || attempt < 1 || attempt > INT32_MAX)
        return bad_field(err, "attempt", "an integer from 1");
    job->attempt = (int32_t)attempt;
    if (json_get(tree, "set_aside")) {
        if (!json_integer(json_get(tree, "set_aside"), &set_aside) || set_aside < 1 ||
            set_aside > INT32_MAX)
            return bad_field(err, "set_aside", "an integer from 1");
        job->set_aside = (int32_t)set_aside;
    }
    return get_moment(tree, "not_after", LATEST_S, &job->not_after_s, err) &&
           get_moment(tree, "first_failed_at", LATEST_S * 1000, &job->first_failed_at_ms, err);
}

static bool
decode_tree(const struct json *tree, struct arena *arena, struct job *job, struct error *err)
{
    struct text text;
    int64_t version;

    if (!json_is_object(tree))
        return error_set(err, ERROR_REJECT, "job.malformed", "the job is not a JSON object");
    if (!json_integer(json_get(tree, "v"), &version) || version != JOB_VERSION)
        return error_set(err, ERROR_REJECT, "job.version", "the job is not of version %d",
                         JOB_VERSION);
    if (!decode_names(tree, job, err) || !decode_numbers(tree, job, err))
        return false;
    if (!job->job_id || strlen(job->job_id) > JOB_ID_MAX ||
        strcmp(job->job_id, job_make_id(job->source, job->stream, job->slot_s, arena)) != 0)
        return bad_field(err, "job_id", "source/stream/slot, in at most 255 bytes");
    job->args = json_get(tree, "args");
    if (!json_is_object(job->args))
        return bad_field(err, "args", "an object");
    text_init(&text, arena, 128);
    json_print(job->args, &text);
    job->args_text = text_finish(&text).data;
    return true;
}

bool
job_decode(struct bytes message, struct arena *arena, struct job *ret_job, struct error *err)
{
    const struct json *tree;
    struct job job = {0};

    if (!json_parse(arena, message, &json_limits_message, &tree, err)) {
        err->code = "job.malformed"; /* the sentence about the JSON stays */
        return error_prefix(err, "job");
    }
    if (!decode_tree(tree, arena, &job, err))
        return false;
    *ret_job = job;
    return true;
}

static void
add_moment(struct text *text, const char *name, int64_t moment)
{
    text_add_string(text, name);
    if (moment)
        text_add_int(text, moment);
    else
        text_add_string(text, "null");
}

struct bytes
job_encode(const struct job *job, struct arena *arena)
{
    struct text text;

    text_init(&text, arena, 512);
    text_add_string(&text, "{\"v\":1,\"job_id\":");
    text_add_json_string(&text, job->job_id);
    text_add_string(&text, ",\"kind\":");
    text_add_json_string(&text, job_kind_name(job->kind));
    text_add_string(&text, ",\"source\":");
    text_add_json_string(&text, job->source);
    text_add_string(&text, ",\"stream\":");
    text_add_json_string(&text, job->stream);
    text_add_string(&text, ",\"args\":");
    text_add_string(&text, job->args_text ? job->args_text : "{}");
    text_add_string(&text, ",\"slot\":");
    text_add_int(&text, job->slot_s);
    add_moment(&text, ",\"not_after\":", job->not_after_s);
    text_add_string(&text, ",\"attempt\":");
    text_add_int(&text, job->attempt);
    add_moment(&text, ",\"first_failed_at\":", job->first_failed_at_ms);
    text_add_string(&text, ",\"traceparent\":");
    text_add_json_nullable(&text, job->traceparent);
    if (job->set_aside)
        text_add_format(&text, ",\"set_aside\":%d", (int)job->set_aside);
    text_add_char(&text, '}');
    return text_finish(&text);
}
