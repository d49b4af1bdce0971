#include "common/upstream.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { ARGUMENTS_MAX = 16, NUMBER_SIZE = 32, KEY_SIZE = 160, SCRIPT = 0 };

extern const struct redis_script script_upstream; /* made from upstream.lua */

struct upstreams {
    struct redis_blocking *redis;
    const struct redis_script *scripts[1];
};

/* The call of a script while it is put together: keys and arguments, and room for their text. */
struct call {
    struct bytes arguments[ARGUMENTS_MAX];
    size_t count, key_count;
    char keys[2][KEY_SIZE];
    char numbers[ARGUMENTS_MAX][NUMBER_SIZE];
};

struct upstreams *
upstreams_open(const char *redis_url, struct error *err)
{
    struct upstreams *upstreams = calloc(1, sizeof *upstreams);
    struct redis_settings settings = {.url = redis_url, .script_count = 1};

    if (!upstreams)
        abort();
    upstreams->scripts[SCRIPT] = &script_upstream;
    settings.scripts = upstreams->scripts;
    upstreams->redis = redis_blocking_create(&settings, err);
    if (upstreams->redis)
        return upstreams;
    free(upstreams);
    return NULL;
}

void
upstreams_close(struct upstreams *upstreams)
{
    if (!upstreams)
        return;
    redis_blocking_destroy(upstreams->redis);
    free(upstreams);
}

const char *
upstream_word_name(enum upstream_word word)
{
    static const char *const names[] = {"granted", "cooldown", "breaker", "budget"};

    return names[word];
}

const char *
upstream_breaker_name(enum upstream_breaker breaker)
{
    static const char *const names[] = {"closed", "open", "half_open"};

    return names[breaker];
}

/* ---- putting a call together ---- */

static void
add_text(struct call *call, const char *text)
{
    call->arguments[call->count++] = (struct bytes){text, strlen(text)};
}

static void
add_number(struct call *call, int64_t number)
{
    char *text = call->numbers[call->count];

    snprintf(text, NUMBER_SIZE, "%" PRId64, number);
    add_text(call, text);
}

static void
add_fraction(struct call *call, double number)
{
    char *text = call->numbers[call->count];

    snprintf(text, NUMBER_SIZE, "%.17g", number);
    add_text(call, text);
}

/* `bucket` NULL = only the source's own key. */
static void
begin(struct call *call, const char *act, const char *source, const char *bucket)
{
    *call = (struct call){.key_count = bucket ? 2 : 1};
    snprintf(call->keys[0], KEY_SIZE, "up:{%s}", source);
    add_text(call, call->keys[0]);
    if (bucket) {
        snprintf(call->keys[1], KEY_SIZE, "up:{%s}:%s", source, bucket);
        add_text(call, call->keys[1]);
    }
    add_text(call, act);
}

static bool
run(struct upstreams *upstreams, const struct call *call, const struct redis_reply **ret_reply,
    struct error *err)
{
    return redis_blocking_run(upstreams->redis, SCRIPT, call->key_count, call->arguments,
                              call->count, ret_reply, err);
}

/* ---- reading a reply ---- */

static bool
unreadable(struct error *err)
{
    return error_set(err, ERROR_RETRY, "redis.error",
                     "Redis answers something else than was asked");
}

static bool
read_number(const struct redis_reply *reply, size_t index, int64_t *ret_number)
{
    const struct redis_reply *element = redis_reply_element(reply, index);

    return element && redis_reply_integer(element, ret_number);
}

/* The place of a word in a list of names; false if it is none of them. */
static bool
read_word(const struct redis_reply *reply, const char *(*name_of)(int), int count, int *ret_word)
{
    const struct redis_reply *element = redis_reply_element(reply, 0);
    struct bytes text;

    if (!element || !redis_reply_string(element, &text))
        return false;
    for (int i = 0; i < count; i++) {
        const char *name = name_of(i);

        if (text.size == strlen(name) && memcmp(text.data, name, text.size) == 0) {
            *ret_word = i;
            return true;
        }
    }
    return false;
}

static const char *
word_name(int word)
{
    return upstream_word_name((enum upstream_word)word);
}

static const char *
breaker_name(int breaker)
{
    return upstream_breaker_name((enum upstream_breaker)breaker);
}

/* ---- the calls ---- */

bool
upstream_read(struct upstreams *upstreams, const char *source, struct upstream_state *ret_state,
              struct error *err)
{
    struct upstream_state state = {.known = true};
    int64_t *const numbers[] = {
        &state.open_until_ms,
        &state.cooldown_until_ms,
        &state.budget_per_minute,
        &state.tokens,
        &state.in_flight,
        &state.words[UPSTREAM_GRANTED],
        &state.words[UPSTREAM_COOLDOWN],
        &state.words[UPSTREAM_BREAKER],
        &state.words[UPSTREAM_BUDGET],
        &state.limited,
        &state.failed,
        &state.opened,
        &state.retried,
        &state.postponed,
    };
    const struct redis_reply *reply;
    struct call call;
    int breaker;

    begin(&call, "show", source, NULL);
    if (!run(upstreams, &call, &reply, err))
        return false;
    if (!redis_reply_element(reply, 0)) {
        *ret_state = (struct upstream_state){.known = false};
        return true;
    }
    if (!read_word(reply, breaker_name, UPSTREAM_BREAKERS, &breaker))
        return unreadable(err);
    state.breaker = (enum upstream_breaker)breaker;
    for (size_t i = 0; i < COUNT_OF(numbers); i++)
        if (!read_number(reply, i + 1, numbers[i]))
            return unreadable(err);
    *ret_state = state;
    return true;
}

bool
upstream_reset(struct upstreams *upstreams, const char *source, struct error *err)
{
    const struct redis_reply *reply;
    struct call call;

    begin(&call, "reset", source, NULL);
    return run(upstreams, &call, &reply, err);
}

bool
upstream_ask(struct upstreams *upstreams, const struct upstream_caller *caller,
             const struct upstream_ask *ask, const struct upstream_memory *memory,
             struct upstream_answer *ret_answer, struct error *err)
{
    const struct redis_reply *reply;
    struct upstream_answer answer;
    struct call call;
    int word;

    begin(&call, "ask", caller->source, caller->bucket);
    add_text(&call, caller->name);
    add_text(&call, caller->bucket);
    add_number(&call, caller->budget_per_minute);
    add_number(&call, ask->weight);
    add_text(&call, ask->backfill ? "1" : "0");
    add_text(&call, ask->again ? "1" : "0");
    add_number(&call, memory->generation);
    add_number(&call, memory->cooldown_left_ms);
    add_number(&call, memory->open_left_ms);
    add_number(&call, memory->openings);
    if (memory->level_known)
        add_fraction(&call, memory->level);
    if (!run(upstreams, &call, &reply, err))
        return false;
    if (!read_word(reply, word_name, UPSTREAM_WORDS, &word) ||
        !read_number(reply, 1, &answer.wait_ms) || !read_number(reply, 2, &answer.generation))
        return unreadable(err);
    answer.word = (enum upstream_word)word;
    *ret_answer = answer;
    return true;
}

bool
upstream_report(struct upstreams *upstreams, const struct upstream_caller *caller,
                const struct upstream_report *report, struct error *err)
{
    static const char *const results[] = {"good", "limited", "failed", "nothing"};
    const struct redis_reply *reply;
    struct call call;

    begin(&call, "report", caller->source, caller->bucket);
    add_text(&call, caller->name);
    add_number(&call, caller->budget_per_minute);
    add_text(&call, results[report->result]);
    add_number(&call, report->cooldown_ms);
    add_number(&call, report->left);
    add_number(&call, report->open_ms);
    add_fraction(&call, report->random);
    return run(upstreams, &call, &reply, err);
}

bool
upstream_retry(struct upstreams *upstreams, const char *source, bool *ret_soon, struct error *err)
{
    const struct redis_reply *reply;
    struct call call;
    int64_t soon;

    begin(&call, "retry", source, NULL);
    if (!run(upstreams, &call, &reply, err))
        return false;
    if (!redis_reply_integer(reply, &soon))
        return unreadable(err);
    *ret_soon = soon != 0;
    return true;
}
