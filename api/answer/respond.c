#include "api/answer/respond.h"

#include "api/answer/formats.h"
#include "api/answer/negotiate.h"
#include "api/cache/hash.h"
#include "api/dialects/dialect.h"
#include "api/redact.h"
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

/*
 * RFC 9211: whether a cache had the answer, ours or the one that replicas share, or whether it was
 * read for this request. One that was read before the request came was in a cache.
 */
static void
add_cache_status(struct respond_lines *lines, const struct request *request)
{
    int64_t waited_us;

    if (*request->served_from == 'l') { /* "l1" */
        ADD_CONSTANT(lines, "Cache-Status: tidemark;hit\r\n");
        return;
    }
    waited_us = clock_monotonic_us() - request->started_us;
    if (request->entry->content.stored_at_ms < clock_now_ms() - waited_us / 1000 - 1)
        ADD_CONSTANT(lines, "Cache-Status: tidemark;hit;detail=shared\r\n");
    else
        ADD_CONSTANT(lines, "Cache-Status: tidemark;fwd=miss;stored\r\n");
}

/* Nothing newer could be had: the parts that have it are away, or too slow. */
static bool
is_last_resort(const struct request *request)
{
    return request->stale && request->entry->retry_at_ms > 0;
}

/* What max-age counts from: how long ago it was read, from whatever memory it comes now. */
static void
add_age(struct respond_lines *lines, const struct request *request)
{
    int64_t age_ms = request->served_at_ms - request->entry->content.stored_at_ms;

    ADD_CONSTANT(lines, "Age: ");
    add_number(lines, age_ms > 0 ? age_ms / 1000 : 0);
    ADD_CONSTANT(lines, "\r\n");
    if (request->stale)
        ADD_CONSTANT(lines, "Warning: 110 - \"Response is Stale\"\r\n");
    if (is_last_resort(request))
        ADD_CONSTANT(lines, "Warning: 111 - \"Revalidation Failed\"\r\n");
}

static struct http_body *
compress(struct arena *arena, struct bytes plain)
{
    struct bytes packed = gzip_compress(arena, plain, plain.size > GZIP_QUICK ? 1 : 6);

    return http_body_copy(packed.data, packed.size);
}

/* What is stored, or if it is a last resort, what that comes to. Made once for all who come later.
 */
static struct http_body *
body_of(struct request *request)
{
    struct cache_entry *entry = request->entry;
    struct http_body *plain = entry->content.plain;
    struct bytes turned;

    if (!is_last_resort(request) || entry->content.turn_count == 0)
        return plain;
    if (!entry->turned) {
        turned = freshness_turned((struct bytes){plain->data, plain->size}, entry->content.turns,
                                  entry->content.turn_count, request->http->arena);
        cache_attach(request->thread->cache, entry, &entry->turned,
                     http_body_copy(turned.data, turned.size));
    }
    return entry->turned;
}

/* What is asked for again goes out without a copy from then on. */
static struct http_body *
sendable(const struct request *request, struct http_body **body)
{
    if (*request->served_from == 'l') /* "l1" */
        *body = http_body_into_file(*body);
    return *body;
}

/* The body the client likes best. Compressed once for all who come later. */
static struct http_body *
choose_body(struct request *request, const char **ret_etag, struct bytes *ret_head)
{
    struct cache_entry *entry = request->entry;
    struct http_body *plain = body_of(request);
    struct bytes accepted;

    if (plain == entry->turned) { /* seldom enough to go as it is */
        *ret_etag = entry->etag_turned;
        *ret_head = entry->head_turned;
        return plain;
    }
    if (plain->size >= GZIP_MIN &&
        http_request_header(request->http, "Accept-Encoding", &accepted) &&
        negotiate_accepts_gzip(accepted)) {
        if (!entry->gzip)
            cache_attach(request->thread->cache, entry, &entry->gzip,
                         compress(request->http->arena, (struct bytes){plain->data, plain->size}));
        *ret_etag = entry->etag_gzip;
        *ret_head = entry->head_gzip;
        return sendable(request, &entry->gzip);
    }
    *ret_etag = entry->etag;
    *ret_head = entry->head;
    return sendable(request, &entry->content.plain);
}

static void
prepare_entry(struct request *request, struct respond_lines *lines, struct http_answer *answer)
{
    struct bytes match;
    const char *etag;

    answer->status = 200;
    answer->body = choose_body(request, &etag, &answer->headers[0]);
    add_cache_status(lines, request);
    add_age(lines, request);
    if (http_request_header(request->http, "If-None-Match", &match) &&
        negotiate_matches(match, etag)) {
        answer->status = 304;
        answer->body = NULL;
    }
}

/* The stored bytes behind an opening that tells this request. See struct reading. */
static struct bytes
open_body(struct request *request)
{
    const struct http_body *stored = body_of(request);
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
    const struct cache_entry *entry = request->entry;
    const char *etag = entry->etag;
    struct bytes accepted, match;

    answer->status = 200;
    answer->headers[0] = entry->common_head;
    add_cache_status(lines, request);
    add_age(lines, request);
    /* Weak: two of these mean the same although each tells its own request. */
    if (body_of(request) == entry->turned)
        etag = entry->etag_turned;
    ADD_CONSTANT(lines, "ETag: W/");
    add(lines, etag, strlen(etag));
    ADD_CONSTANT(lines, "\r\n");
    if (http_request_header(request->http, "If-None-Match", &match) &&
        negotiate_matches(match, etag)) {
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

enum { TARGET_TOLD_MAX = 512 };

static struct bytes
problem_body(const struct problem *problem, const struct dialect_manner *manner,
             struct bytes target, const char *request_id, struct arena *arena)
{
    char told[TARGET_TOLD_MAX + 1];
    struct problem_context context = {
        request_id, {told, 0},
         clock_now_ms()
    };
    struct text text;

    context.target.size = strlen(redact_target(target, told, sizeof told));
    text_init(&text, arena, 512);
    manner->tell(problem, &context, &text);
    return text_finish(&text);
}

static int32_t
problem_status(const struct problem *problem, const struct dialect_manner *manner)
{
    return manner->status ? manner->status(problem) : problem->status;
}

static void
add_problem_head(struct respond_lines *lines, const struct problem *problem,
                 const struct dialect_manner *manner)
{
    const char *more = manner->head ? manner->head(problem) : NULL;

    ADD_CONSTANT(lines, "Content-Type: ");
    add(lines, manner->problem_content_type, strlen(manner->problem_content_type));
    ADD_CONSTANT(lines, "\r\nCache-Control: no-store\r\n");
    if (more)
        add(lines, more, strlen(more));
}

/* Who is told to come back is told when: there are clients that take nothing for zero seconds. */
static void
add_retry_after(struct respond_lines *lines, const struct problem *problem)
{
    bool must = problem->status == 429 || problem->status == 503;

    if (problem->retry_after_s <= 0 && !must)
        return;
    ADD_CONSTANT(lines, "Retry-After: ");
    add_number(lines, problem->retry_after_s > 0 ? problem->retry_after_s : 1);
    ADD_CONSTANT(lines, "\r\n");
}

static void
prepare_problem(struct request *request, struct respond_lines *lines, struct http_answer *answer)
{
    const struct problem *problem = &request->problem;
    const struct dialect_manner *manner = request->manner;

    answer->status = problem_status(problem, manner);
    add_problem_head(lines, problem, manner);
    add_retry_after(lines, problem);
    if (answer->status == 401)
        ADD_CONSTANT(lines, "WWW-Authenticate: Bearer realm=\"tidemark\"\r\n");
    if (problem->allow) {
        ADD_CONSTANT(lines, "Allow: ");
        add(lines, problem->allow, strlen(problem->allow));
        ADD_CONSTANT(lines, "\r\n");
    }
    answer->content =
        problem_body(problem, manner, request->http->raw_target, request->id, request->http->arena);
}

void
respond_refusal(const struct http_refusal *refusal, struct bytes target, const char *request_id,
                struct arena *arena, struct http_answer *ret_answer)
{
    const struct dialect_manner *manner = dialect_manner(dialect_of(target));
    struct respond_lines *lines = arena_alloc(arena, sizeof *lines);
    struct problem problem;

    problem_set(&problem, refusal->status, refusal->code, http_status_text(refusal->status), "%s",
                refusal->detail);
    lines->size = 0;
    add_problem_head(lines, &problem, manner);
    add_retry_after(lines, &problem);
    ADD_CONSTANT(lines, "X-Request-Id: ");
    add(lines, request_id, strlen(request_id));
    ADD_CONSTANT(lines, "\r\n");
    ret_answer->status = problem_status(&problem, manner);
    ret_answer->headers[0] = (struct bytes){lines->text, lines->size};
    ret_answer->content = problem_body(&problem, manner, target, request_id, arena);
}

/* ---------------------------------------------------------------------------------- the rest */

/* Bytes that were made for this request alone, but may be the client's last ones again. */
static void
tag_content(const struct request *request, struct respond_lines *lines, struct http_answer *answer)
{
    char etag[CACHE_ETAG_SIZE];
    uint64_t hash[2];
    struct bytes match;

    hash_bytes_wide(answer->content.data, answer->content.size, 0, hash);
    snprintf(etag, sizeof etag, "\"%016" PRIx64 "%016" PRIx64 "\"", hash[0], hash[1]);
    ADD_CONSTANT(lines, "ETag: ");
    add(lines, etag, strlen(etag));
    ADD_CONSTANT(lines, "\r\n");
    if (http_request_header(request->http, "If-None-Match", &match) &&
        negotiate_matches(match, etag)) {
        answer->status = 304;
        answer->content = (struct bytes){NULL, 0};
    }
}

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
    if ((request->manner->tags_all || request->is_tagged) && request->status == 200 &&
        !request->body) {
        ADD_CONSTANT(lines, "Cache-Control: no-cache\r\n");
        tag_content(request, lines, answer);
    } else if (request->cache_control) {
        ADD_CONSTANT(lines, "Cache-Control: ");
        add(lines, request->cache_control, strlen(request->cache_control));
        ADD_CONSTANT(lines, "\r\n");
    } else {
        ADD_CONSTANT(lines, "Cache-Control: no-store\r\n");
    }
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
    else if (request->route->reading->opened_by_request &&
             formats_of(&request->params) == FORMAT_JSON)
        prepare_opened(request, lines, ret_answer);
    else
        prepare_entry(request, lines, ret_answer);
    ret_answer->headers[3] = lines_for_page(request, lines);
    if (request->is_limited)
        ret_answer->headers[1] = request->thread->policy_line;
    ret_answer->headers[2] = (struct bytes){lines->text, lines->size};
}
