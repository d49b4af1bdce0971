#include "api/http/exchange.h"

#include "fuzz/fuzz.h"

#include <string.h>

/*
 * Whatever a client sends, it means the same however the network cuts it: a connection's bytes give
 * the same requests and the same refusal whole, byte by byte and in pieces of any size. The parser
 * alone is fed from copies that end exactly, so that the sanitizer sees a read past the end.
 */
struct outcome {
    uint64_t hash; /* of all requests: method, target, parameters, body */
    size_t requests;
    const char *refusal; /* NULL = none */
};

static void
mix(struct outcome *outcome, const void *data, size_t size)
{
    const unsigned char *at = data;

    for (size_t i = 0; i < size; i++)
        outcome->hash = (outcome->hash ^ at[i]) * 0x100000001b3ULL;
    outcome->hash = (outcome->hash ^ size) * 0x100000001b3ULL;
}

static void
note_request(struct outcome *outcome, const struct http_request *request)
{
    const struct http_target *target = &request->target;

    outcome->requests++;
    mix(outcome, &request->method, sizeof request->method);
    mix(outcome, request->raw_target.data, request->raw_target.size);
    mix(outcome, target->path.data, target->path.size);
    for (size_t i = 0; i < target->param_count; i++) {
        mix(outcome, target->params[i].name.data, target->params[i].name.size);
        mix(outcome, target->params[i].value.data, target->params[i].value.size);
    }
    mix(outcome, request->body.data, request->body.size);
}

/* All requests that are whole in the buffer. False: refused. */
static bool
take_requests(struct exchange *exchange, struct outcome *outcome)
{
    const struct http_refusal *refusal = NULL;
    enum http_parsed parsed;

    while ((parsed = exchange_step(exchange, NULL, &refusal)) == HTTP_PARSED) {
        note_request(outcome, &exchange->request);
        if (!exchange_next(exchange)) {
            exchange->start = exchange->end = exchange->fill = 0;
            exchange->has_head = false;
            http_parser_init(&exchange->parser);
            break;
        }
    }
    outcome->refusal = refusal ? refusal->code : NULL;
    return parsed != HTTP_REFUSED;
}

/* Pieces of `step` bytes; 0 = of a size that changes. */
static struct outcome
receive(struct exchange_pool *pool, const uint8_t *data, size_t size, size_t step)
{
    struct exchange *exchange = exchange_take(pool, NULL);
    struct outcome outcome = {0};
    size_t at = 0, turn = 0;

    while (at < size) {
        size_t room, part = step ? step : (turn++ * 7 + data[at]) % 97 + 1;
        char *to = exchange_room(exchange, false, &room);

        MUST_HOLD(room > 0, "a request that is not whole has room to become so");
        part = part < room ? part : room;
        part = part < size - at ? part : size - at;
        memcpy(to, data + at, part);
        exchange->fill += part;
        at += part;
        if (!take_requests(exchange, &outcome))
            break;
    }
    exchange_give(pool, exchange);
    return outcome;
}

static void
parse_exact(const uint8_t *data, size_t size)
{
    struct http_parser parser;
    enum http_parsed parsed = HTTP_MORE;

    http_parser_init(&parser);
    for (size_t end = 0; parsed == HTTP_MORE && end <= size; end += size / 16 + 1) {
        char *copy = malloc(end ? end : 1);

        memcpy(copy, data, end);
        parsed = http_parser_feed(&parser, copy, end);
        MUST_HOLD(parsed != HTTP_PARSED ||
                      (parser.head_bytes <= end && parser.head_bytes <= HTTP_HEAD_MAX),
                  "a head ends within what was read and within its limit");
        free(copy);
    }
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const size_t steps[] = {1, 3, 64, 0};
    struct exchange_pool pool = {0};
    struct outcome whole = receive(&pool, data, size, size);

    parse_exact(data, size);
    for (size_t i = 0; i < COUNT_OF(steps); i++) {
        struct outcome cut = receive(&pool, data, size, steps[i]);

        MUST_HOLD(cut.requests == whole.requests, "any split gives as many requests");
        MUST_HOLD(cut.hash == whole.hash, "any split gives the same requests");
        MUST_HOLD(cut.refusal == whole.refusal, "any split gives the same refusal");
    }
    exchange_pool_finish(&pool);
    return 0;
}
