#include "api/respond.h"

#include "api/negotiate.h"
#include "api/routes.h"
#include "api/thread.h"
#include "common/clock.h"
#include "common/gzip.h"
#include "common/text.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

enum {
    GZIP_MIN = 1000,        /* smaller bodies fit into one packet anyway */
    GZIP_QUICK = 64 * 1024, /* larger ones are packed fast, not small: the loop waits meanwhile */
};

static void
add(struct respond_lines *lines, const char *text, size_t size)
{
    if (size > sizeof lines->text - lines->size)
        return;
    memcpy(lines->text + lines->size, text, size);
    lines->size += size;
}

#define ADD_CONSTANT(lines, constant) add(lines, constant, sizeof constant - 1)

static void
add_number(struct respond_lines *lines, int64_t number)
{
    char digits[20];
    size_t at = sizeof digits;

    do
        digits[--at] = (char)('0' + number % 10);
    while ((number /= 10) > 0);
    add(lines, digits + at, sizeof digits - at);
}

/* Goes with every answer: who it is for, and what is left of the client's limit. */
static void
add_common(struct respond_lines *lines, const struct request *request)
{
    ADD_CONSTANT(lines, "X-Request-Id: ");
    add(lines, request->id, strlen(request->id));
    ADD_CONSTANT(lines, "\r\n");
    if (!request->is_limited)
        return;
    ADD_CONSTANT(lines, "RateLimit: \"client\";r=");
    add_number(lines, request->limited.remaining);
    ADD_CONSTANT(lines, ";t=");
    add_number(lines, request->limited.reset_s);
    ADD_CONSTANT(lines, "\r\n");
}

/* ----------------------------------------------------------------------------------- entries */

static void
add_age(struct respond_lines *lines, const struct request *request)
{
    int64_t age_ms = clock_now_ms() - request->entry->content.stored_at_ms;

    ADD_CONSTANT(lines, "Age: ");
    add_number(lines, age_ms > 0 ? age_ms / 1000 : 0);
    ADD_CONSTANT(lines, "\r\nWarning: 110 - \"Response is Stale\"\r\n");
}

static struct http_body *
compress(struct arena *arena, struct bytes plain)
{
    struct bytes packed = gzip_compress(arena, plain, plain.size > GZIP_QUICK ? 1 : 6);

    return http_body_copy(packed.data, packed.size);
}

/* The body the client likes best. Compressed once for all who come later. */
static struct http_body *
choose_body(struct request *request, const char **ret_etag, struct bytes *ret_head)
{
    struct cache_entry *entry = request->entry;
    struct http_body *plain = entry->content.plain;
    struct bytes accepted;

    if (plain->size >= GZIP_MIN &&
        http_request_header(request->http, "Accept-Encoding", &accepted) &&
        negotiate_accepts_gzip(accepted)) {
        if (!entry->gzip)
            cache_attach_gzip(
                request->thread->cache, entry,
                compress(request->http->arena, (struct bytes){plain->data, plain->size}));
        *ret_etag = entry->etag_gzip;
        *ret_head = entry->head_gzip;
        return entry->gzip;
    }
    *ret_etag = entry->etag;
    *ret_head = entry->head;
    return plain;
}

static void
prepare_entry(struct request *request, struct respond_lines *lines, struct http_answer *answer)
{
    struct bytes match;
    const char *etag;

    answer->status = 200;
    answer->body = choose_body(request, &etag, &answer->headers[0]);
    if (request->stale)
        add_age(lines, request);
    if (http_request_header(request->http, "If-None-Match", &match) &&
        negotiate_matches(match, etag)) {
        answer->status = 304;
        answer->body = NULL;
    }
}

/* The stored bytes behind an opening that tells this request. See struct reading. */
static struct bytes
open_body(const struct request *request)
{
    const struct http_body *stored = request->entry->content.plain;
    int64_t elapsed_us = clock_monotonic_us() - request->started_us;
    struct text text;

    text_init(&text, request->http->arena, stored->size + 160);
    text_add_string(&text, "{\"metadata\":{\"request_id\":");
    text_add_json_string(&text, request->id);
    text_add_format(&text, ",\"api_latency_ms\":%" PRId64 ".%03" PRId64 ",", elapsed_us / 1000,
                    elapsed_us % 1000);
    text_add(&text, stored->data, stored->size);
    return text_finish(&text);
}

static void
prepare_opened(struct request *request, struct respond_lines *lines, struct http_answer *answer)
{
    struct bytes accepted, match;

    answer->status = 200;
    answer->headers[0] = request->entry->common_head;
    if (request->stale)
        add_age(lines, request);
    /* Weak: two of these mean the same although each tells its own request. */
    ADD_CONSTANT(lines, "ETag: W/");
    add(lines, request->entry->etag, strlen(request->entry->etag));
    ADD_CONSTANT(lines, "\r\n");
    if (http_request_header(request->http, "If-None-Match", &match) &&
        negotiate_matches(match, request->entry->etag)) {
        answer->status = 304;
        return;
    }
    answer->content = open_body(request);
    if (answer->content.size >= GZIP_MIN &&
        http_request_header(request->http, "Accept-Encoding", &accepted) &&
        negotiate_accepts_gzip(accepted)) {
        answer->content = gzip_compress(request->http->arena, answer->content, 1);
        ADD_CONSTANT(lines, "Content-Encoding: gzip\r\n");
    }
}

/* ---------------------------------------------------------------------------------- problems */

static struct bytes
problem_body(const struct problem *problem, const char *request_id, struct bytes instance,
             struct arena *arena)
{
    struct text text;

    text_init(&text, arena, 512);
    text_add_string(&text, "{\"type\":\"about:blank\",\"title\":");
    text_add_json_string(&text, problem->title);
    text_add_format(&text, ",\"status\":%" PRId32 ",\"detail\":", problem->status);
    text_add_json_string(&text, problem->detail);
    text_add_string(&text, ",\"instance\":");
    text_add_json_bytes(&text, instance.data, instance.size < 512 ? instance.size : 512);
    text_add_string(&text, ",\"request_id\":");
    text_add_json_string(&text, request_id);
    text_add_string(&text, ",\"code\":");
    text_add_json_string(&text, problem->code);
    if (problem->parameter) {
        text_add_string(&text, ",\"parameter\":");
        text_add_json_string(&text, problem->parameter);
    }
    if (problem->allowed) {
        text_add_string(&text, ",\"allowed\":");
        text_add_json_raw(&text, problem->allowed);
    }
    text_add_string(&text, "}\n");
    return text_finish(&text);
}

static const char problem_head[] = "Content-Type: application/problem+json\r\n"
                                   "Cache-Control: no-store\r\n";

static void
prepare_problem(struct request *request, struct respond_lines *lines, struct http_answer *answer)
{
    const struct problem *problem = &request->problem;

    answer->status = problem->status;
    answer->headers[0] = (struct bytes){problem_head, strlen(problem_head)};
    if (problem->retry_after_s > 0) {
        ADD_CONSTANT(lines, "Retry-After: ");
        add_number(lines, problem->retry_after_s);
        ADD_CONSTANT(lines, "\r\n");
    }
    if (problem->status == 401)
        ADD_CONSTANT(lines, "WWW-Authenticate: Bearer realm=\"tidemark\"\r\n");
    if (problem->allow) {
        ADD_CONSTANT(lines, "Allow: ");
        add(lines, problem->allow, strlen(problem->allow));
        ADD_CONSTANT(lines, "\r\n");
    }
    answer->content =
        problem_body(problem, request->id, request->http->raw_target, request->http->arena);
}

void
respond_refusal(const struct http_refusal *refusal, const char *request_id, struct arena *arena,
                struct http_answer *ret_answer)
{
    struct problem problem;
    char *head = arena_printf(arena, "%sX-Request-Id: %s\r\n", problem_head, request_id);

    problem_set(&problem, refusal->status, refusal->code, http_status_text(refusal->status), "%s",
                refusal->detail);
    ret_answer->headers[0] = (struct bytes){head, strlen(head)};
    ret_answer->content = problem_body(&problem, request_id, (struct bytes){"", 0}, arena);
}

/* ---------------------------------------------------------------------------------- the rest */

static void
prepare_content(struct request *request, struct respond_lines *lines, struct http_answer *answer)
{
    answer->status = request->status;
    answer->content = request->content;
    answer->body = request->body;
    if (request->head)
        answer->headers[0] = (struct bytes){request->head, strlen(request->head)};
    if (request->content_type) {
        ADD_CONSTANT(lines, "Content-Type: ");
        add(lines, request->content_type, strlen(request->content_type));
        ADD_CONSTANT(lines, "\r\n");
    }
    ADD_CONSTANT(lines, "Cache-Control: no-store\r\n");
}

/* Lets web pages read the answer. What is in the cache says by itself that it varies. */
static struct bytes
lines_for_page(const struct request *request, struct respond_lines *lines)
{
    const struct cors *cors = request->thread->cors;
    struct bytes origin = {NULL, 0};

    if (cors_varies(cors)) {
        http_request_header(request->http, "Origin", &origin);
        if (!request->entry)
            ADD_CONSTANT(lines, "Vary: Origin\r\n");
    }
    return cors_lines(cors, origin);
}

void
respond_prepare(struct request *request, struct respond_lines *lines,
                struct http_answer *ret_answer)
{
    *ret_answer = (struct http_answer){0};
    lines->size = 0;
    add_common(lines, request);
    if (request->problem.status != 0)
        prepare_problem(request, lines, ret_answer);
    else if (!request->entry)
        prepare_content(request, lines, ret_answer);
    else if (request->route->reading->opened_by_request)
        prepare_opened(request, lines, ret_answer);
    else
        prepare_entry(request, lines, ret_answer);
    ret_answer->headers[3] = lines_for_page(request, lines);
    if (request->is_limited)
        ret_answer->headers[1] = request->thread->policy_line;
    ret_answer->headers[2] = (struct bytes){lines->text, lines->size};
}
