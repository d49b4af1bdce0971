#include "api/handlers/source_fields.h"

#include "common/clock.h"

#include <string.h>

void
source_fields_add_moment(struct text *text, const char *name, int64_t at_ms)
{
    char at[CLOCK_TEXT_SIZE];

    text_add_json_string(text, name);
    text_add_char(text, ':');
    text_add_json_nullable(text, at_ms ? clock_format_ms(at_ms, at) : NULL);
}

static bool
is_without_key(const struct source_state *source)
{
    return source->error_code && strcmp(source->error_code, "source.no_key") == 0;
}

/* "success" and "failure" are what operators' dashboards look for; the run's own word is beside. */
const char *
source_fields_status(const struct source_state *source)
{
    if (!source->status)
        return "never_run";
    if (strcmp(source->status, "ok") == 0)
        return "success";
    if (strcmp(source->status, "running") == 0 || strcmp(source->status, "waiting") == 0)
        return source->status; /* for its budget, a cooldown, its next page: that is no failure */
    if (strcmp(source->status, "skipped") == 0)
        return is_without_key(source) ? "no_key" : "skipped";
    return "failure";
}

/* A budget of 0 is no limit. */
static void
add_limit(struct text *text, const char *name, const struct upstream_state *state, int64_t number)
{
    text_add_format(text, ",\"%s\":", name);
    if (state->budget_per_minute > 0)
        text_add_int(text, number);
    else
        text_add_string(text, "null");
}

static void
add_upstream(struct text *text, const struct upstream_state *state)
{
    if (!state->known) {
        text_add_string(text, "null");
        return;
    }
    text_add_string(text, "{\"breaker\":");
    text_add_json_string(text, upstream_breaker_name(state->breaker));
    text_add_char(text, ',');
    source_fields_add_moment(text, "open_until", state->open_until_ms);
    text_add_char(text, ',');
    source_fields_add_moment(text, "cooldown_until", state->cooldown_until_ms);
    add_limit(text, "budget_per_minute", state, state->budget_per_minute);
    add_limit(text, "tokens_left", state, state->tokens);
    text_add_char(text, '}');
}

void
source_fields_add(struct text *text, const struct source_state *source)
{
    text_add_string(text, "\"status\":");
    text_add_json_string(text, source_fields_status(source));
    text_add_string(text, ",\"run_status\":");
    text_add_json_nullable(text, source->status);
    text_add_format(text, ",\"enabled\":%s,", source->enabled ? "true" : "false");
    source_fields_add_moment(text, "last_run", source->last_run_ms);
    text_add_char(text, ',');
    source_fields_add_moment(text, "last_success", source->last_success_ms);
    text_add_char(text, ',');
    source_fields_add_moment(text, "last_failure", source->last_failure_ms);
    text_add_string(text, ",\"error\":");
    text_add_json_nullable(text, source->error_code);
    text_add_string(text, ",\"upstream\":");
    add_upstream(text, &source->upstream);
}
