#include "api/orders/idempotency.h"

#include "api/request.h"
#include "api/routes.h"
#include "api/thread.h"
#include "common/digest.h"
#include "common/text.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

enum { HASH_DIGITS = 32 };

/* A value in Redis is the fingerprint, ' ', and '-' or status, ' ', head, '\0', body. */
struct idempotency {
    const char *key; /* in Redis */
    char fingerprint[HASH_DIGITS + 1];
    void (*then)(struct errand *errand);
};

/* --------------------------------------------------------------------------------- the header */

static bool
refuse(struct problem *problem, const char *detail)
{
    return problem_set(problem, 400, "idempotency.malformed", "The Idempotency-Key cannot be used",
                       "%s", detail);
}

/* What stands between the quotes, in which '\' is only before '"' and '\'. */
static bool
unquote(struct bytes value, char *ret_key)
{
    size_t size = 0;

    if (value.size < 2 || value.data[value.size - 1] != '"')
        return false;
    for (size_t i = 1; i < value.size - 1; i++) {
        char c = value.data[i];

        if (c == '\\' && ++i < value.size - 1 && strchr("\"\\", value.data[i]))
            c = value.data[i];
        else if (c == '"' || c == '\\')
            return false;
        if (c < ' ' || c > '~')
            return false;
        ret_key[size++] = c;
    }
    ret_key[size] = '\0';
    return size > 0;
}

static bool
take_bare(struct bytes value, char *ret_key)
{
    for (size_t i = 0; i < value.size; i++) {
        if (value.data[i] <= ' ' || value.data[i] > '~' || strchr("\",;", value.data[i]))
            return false;
    }
    memcpy(ret_key, value.data, value.size);
    ret_key[value.size] = '\0';
    return value.size > 0;
}

const char *
idempotency_parse(struct bytes value, struct arena *arena)
{
    char *key = arena_alloc(arena, value.size + 1);

    if (value.size == 0 || value.size > IDEMPOTENCY_KEY_MAX)
        return NULL;
    return (*value.data == '"' ? unquote(value, key) : take_bare(value, key)) ? key : NULL;
}

bool
idempotency_read(const struct http_request *http, const char **ret_key, struct problem *ret_problem)
{
    static const char wanted[] = "Idempotency-Key";
    struct bytes name, value, found = {NULL, 0};

    *ret_key = NULL;
    for (size_t i = 0; http_request_header_at(http, i, &name, &value); i++) {
        if (name.size != sizeof wanted - 1 || strncasecmp(name.data, wanted, name.size) != 0)
            continue;
        if (found.data)
            return refuse(ret_problem, "there is more than one");
        found = value;
    }
    if (!found.data)
        return true;
    *ret_key = idempotency_parse(found, http->arena);
    return *ret_key || refuse(ret_problem, "it must be 1 to 255 characters of text in quotes, such "
                                           "as \"8e03978e-40d5-43e8\"");
}

/* ---------------------------------------------------------------------------------- beginning */

static struct idempotency *
make(struct errand *errand, const char *key)
{
    const struct request *request = errand->request;
    struct idempotency *made = arena_alloc_array(errand->arena, 1, sizeof *made);
    struct address client = request_client(request);
    char hash[HASH_DIGITS + 1];
    struct text text;

    client = client_address_bucket(&client);
    text_init(&text, errand->arena, 256);
    text_add(&text, client.bytes, sizeof client.bytes);
    text_add_string(&text, key);
    digest_sha256_hex(text.data, text.size, HASH_DIGITS, hash);
    made->key =
        arena_printf(errand->arena, "%s.idem:%s", errand->thread->settings->cache_namespace, hash);
    text_init(&text, errand->arena, 256);
    text_add_string(&text, http_method_name(request->http->method));
    text_add_char(&text, ' ');
    text_add_string(&text, errand->path);
    text_add_char(&text, ' ');
    text_add_string(&text, params_canonical(&request->params, errand->arena));
    digest_sha256_hex(text.data, text.size, HASH_DIGITS, made->fingerprint);
    return made;
}

/* The answer that was kept. */
static void
replay(struct errand *errand, const char *text, size_t size)
{
    const char *end = memchr(text, '\0', size);
    struct problem problem;
    char *head;
    long status = strtol(text, &head, 10);

    errand->idempotency = NULL;
    if (!end || *head != ' ' || status < 200 || status > 599) {
        problem_set(&problem, 503, "idempotency.unknown", "It is not known what came of this key",
                    "what is kept of it cannot be read; use another one");
        errand_refuse(errand, &problem);
        return;
    }
    errand_answer(errand, (int32_t)status,
                  arena_printf(errand->arena, "Idempotency-Replayed: true\r\n%s", head + 1),
                  (struct bytes){end + 1, (size_t)(text + size - end - 1)});
}

static void
take_known(struct errand *errand, struct bytes value)
{
    struct idempotency *own = errand->idempotency;
    const char *text = arena_copy(errand->arena, value.data, value.size);
    struct problem problem;

    if (value.size < HASH_DIGITS + 2 || memcmp(text, own->fingerprint, HASH_DIGITS) != 0) {
        problem_set(&problem, 422, "idempotency.reused",
                    "The Idempotency-Key belongs to another request",
                    "it came with another path or other parameters in the last day");
    } else if (text[HASH_DIGITS + 1] == '-') {
        problem_set(&problem, 409, "idempotency.under_way",
                    "The request with this Idempotency-Key is still under way", "try again");
        problem.retry_after_s = 1;
    } else {
        replay(errand, text + HASH_DIGITS + 1, value.size - HASH_DIGITS - 1);
        return;
    }
    errand->idempotency = NULL; /* it is not ours to give up */
    errand_refuse(errand, &problem);
}

static void
on_taken(struct errand *errand, const struct redis_reply *reply)
{
    struct idempotency *own = errand->idempotency;
    struct problem problem;
    struct bytes value;

    if (reply && redis_reply_is_nil(reply)) {
        own->then(errand);
    } else if (reply && !redis_reply_is_error(reply) && redis_reply_string(reply, &value)) {
        take_known(errand, value);
    } else {
        errand->idempotency = NULL;
        problem_set(&problem, 503, "idempotency.unknown", "It is not known what came of this key",
                    "Redis is away; try again, or send the request without an Idempotency-Key");
        problem.retry_after_s = 2;
        errand_refuse(errand, &problem);
    }
}

static struct bytes
bytes_of(const char *text)
{
    return (struct bytes){text, strlen(text)};
}

void
idempotency_begin(struct errand *errand, void (*then)(struct errand *))
{
    struct problem problem;
    const char *key;

    if (!idempotency_read(errand->request->http, &key, &problem)) {
        errand_refuse(errand, &problem);
        return;
    }
    if (!key) {
        then(errand);
        return;
    }
    errand->idempotency = make(errand, key);
    errand->idempotency->then = then;
    errand_redis(
        errand,
        (const struct bytes[]){
            bytes_of("SET"), bytes_of(errand->idempotency->key),
            bytes_of(arena_printf(errand->arena, "%s -", errand->idempotency->fingerprint)),
            bytes_of("NX"), bytes_of("GET"), bytes_of("EX"),
            bytes_of(arena_printf(errand->arena, "%d", IDEMPOTENCY_UNDER_WAY_S))},
        7, on_taken);
}

/* ------------------------------------------------------------------------------------- ending */

/* Nobody waits for it: what is lost costs that the request is carried out again. */
static void
tell_redis(const struct errand *errand, const struct bytes *command, size_t count)
{
    if (errand->thread->ending || !redis_send(errand->thread->redis, command, count, NULL, NULL))
        return;
}

void
idempotency_keep(struct errand *errand, int32_t status, const char *head, struct bytes json)
{
    const struct idempotency *own = errand->idempotency;
    struct bytes value;
    struct text text;

    if (!own)
        return;
    text_init(&text, errand->arena, 256 + json.size);
    text_add_format(&text, "%s %" PRId32 " %s", own->fingerprint, status, head);
    text_add_char(&text, '\0');
    text_add(&text, json.data, json.size);
    value = text_finish(&text);
    tell_redis(
        errand,
        (const struct bytes[]){bytes_of("SET"), bytes_of(own->key), value, bytes_of("EX"),
                               bytes_of(arena_printf(errand->arena, "%d", IDEMPOTENCY_KEPT_S))},
        5);
}

void
idempotency_give_up(struct errand *errand)
{
    const struct idempotency *own = errand->idempotency;

    if (own)
        tell_redis(errand, (const struct bytes[]){bytes_of("DEL"), bytes_of(own->key)}, 2);
}
