#include "api/metrics_upstream.h"

#include "api/board.h"
#include "common/clock.h"

#include <stddef.h>
#include <string.h>

static double
is_closed(const struct upstream_state *state)
{
    return state->breaker == UPSTREAM_CLOSED;
}

static double
is_open(const struct upstream_state *state)
{
    return state->breaker == UPSTREAM_OPEN;
}

static double
is_half_open(const struct upstream_state *state)
{
    return state->breaker == UPSTREAM_HALF_OPEN;
}

static double
cooldown_seconds(const struct upstream_state *state)
{
    int64_t left_ms = state->cooldown_until_ms - clock_now_ms();

    return left_ms > 0 ? (double)left_ms / 1000 : 0;
}

#define NUMBER(field) NULL, offsetof(struct upstream_state, field)

/* Rows of one name stand together: the first carries type and help. */
static const struct row {
    const char *name;
    const char *label; /* beside the source; NULL = none */
    const char *type;
    const char *help;
    double (*value)(const struct upstream_state *state); /* NULL = the number at `offset` */
    size_t offset;
} rows[] = {
  /* clang-format off */
    {"tidemark_upstream_breaker_state", "state=\"closed\"", "gauge", "1 for the state that a provider's circuit breaker is in.", is_closed, 0},
    {"tidemark_upstream_breaker_state", "state=\"open\"", NULL, NULL, is_open, 0},
    {"tidemark_upstream_breaker_state", "state=\"half_open\"", NULL, NULL, is_half_open, 0},
    {"tidemark_upstream_cooldown_seconds", NULL, "gauge", "For how long a provider has asked to be left alone.", cooldown_seconds, 0},
    {"tidemark_upstream_budget_per_minute", NULL, "gauge", "Calls, or weight, that all workers together may use; 0 = no limit.", NUMBER(budget_per_minute)},
    {"tidemark_upstream_tokens", NULL, "gauge", "Calls, or weight, that could be used at once.", NUMBER(tokens)},
    {"tidemark_upstream_in_flight", NULL, "gauge", "Calls, or weight, on their way.", NUMBER(in_flight)},
    {"tidemark_upstream_asks_total", "answer=\"granted\"", "counter", "How often workers asked for a call, by the answer.", NUMBER(words[UPSTREAM_GRANTED])},
    {"tidemark_upstream_asks_total", "answer=\"cooldown\"", NULL, NULL, NUMBER(words[UPSTREAM_COOLDOWN])},
    {"tidemark_upstream_asks_total", "answer=\"breaker\"", NULL, NULL, NUMBER(words[UPSTREAM_BREAKER])},
    {"tidemark_upstream_asks_total", "answer=\"budget\"", NULL, NULL, NUMBER(words[UPSTREAM_BUDGET])},
    {"tidemark_upstream_limited_total", NULL, "counter", "Answers that asked us to slow down.", NUMBER(limited)},
    {"tidemark_upstream_failures_total", NULL, "counter", "Calls that say that the provider is unwell.", NUMBER(failed)},
    {"tidemark_upstream_breaker_openings_total", NULL, "counter", "How often the breaker opened.", NUMBER(opened)},
    {"tidemark_upstream_retries_total", "when=\"soon\"", "counter", "Jobs that a provider failed, by when they are tried again.", NUMBER(retried)},
    {"tidemark_upstream_retries_total", "when=\"postponed\"", NULL, NULL, NUMBER(postponed)},
  /* clang-format on */
};

static double
value_of(const struct row *row, const struct upstream_state *state)
{
    int64_t number;

    if (row->value)
        return row->value(state);
    memcpy(&number, (const char *)state + row->offset, sizeof number);
    return (double)number;
}

void
metrics_upstream_render(const struct report *report, struct text *text)
{
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        const struct row *row = &rows[i];

        if (row->type)
            text_add_format(text, "# HELP %s %s\n# TYPE %s %s\n", row->name, row->help, row->name,
                            row->type);
        for (size_t n = 0; n < report->source_count; n++) {
            const struct source_state *source = &report->sources[n];

            if (source->upstream.known)
                text_add_format(text, "%s{source=\"%s\"%s%s} %.15g\n", row->name, source->name,
                                row->label ? "," : "", row->label ? row->label : "",
                                value_of(row, &source->upstream));
        }
    }
}
