/*
 * Drives what the worker's gate is made of from outside; test_gate.py says what. Reads commands,
 * one a line, and answers each with a line.
 *
 *   gate_probe state          ask INDEX BUDGET WEIGHT BACKFILL AGAIN NOW_US      -> word wait_ms
 *                             report INDEX BUDGET RESULT COOLDOWN_MS LEFT OPEN_MS RANDOM NOW_US
 *                             retry NOW_US                                       -> 0 or 1
 *   gate_probe redis URL      show SOURCE      -> breaker, cooldown_until_ms, tokens, or "unknown"
 *                             reset SOURCE     -> ok, or the error's code; then milliseconds taken
 */
#include "common/clock.h"
#include "ingest/worker/gate_state.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { LINE_SIZE = 512 };

static void
answer_ask(struct gate_state *state, const char *line)
{
    int index, weight, backfill, again;
    int64_t budget, now_us;
    struct gate_caller caller;
    struct upstream_ask ask;
    struct upstream_answer answer;

    if (sscanf(line, "ask %d %" SCNd64 " %d %d %d %" SCNd64, &index, &budget, &weight, &backfill,
               &again, &now_us) != 6)
        exit(2);
    caller = (struct gate_caller){index, budget};
    ask = (struct upstream_ask){weight, backfill != 0, again != 0};
    answer = gate_state_ask(state, &caller, &ask, now_us);
    printf("%s %" PRId64 "\n", upstream_word_name(answer.word), answer.wait_ms);
}

static enum upstream_result
result_of(const char *word)
{
    static const char *const words[] = {"good", "limited", "failed", "nothing"};

    for (size_t i = 0; i < COUNT_OF(words); i++)
        if (strcmp(words[i], word) == 0)
            return (enum upstream_result)i;
    exit(2);
}

static void
answer_report(struct gate_state *state, const char *line)
{
    struct upstream_report report;
    struct gate_caller caller;
    int64_t now_us;
    char result[16];

    if (sscanf(line,
               "report %" SCNd32 " %" SCNd64 " %15s %" SCNd64 " %" SCNd64 " %" SCNd64
               " %lf %" SCNd64,
               &caller.index, &caller.budget, result, &report.cooldown_ms, &report.left,
               &report.open_ms, &report.random, &now_us) != 8)
        exit(2);
    report.result = result_of(result);
    gate_state_report(state, &caller, &report, true, now_us);
    printf("ok\n");
}

static int
serve_state(void)
{
    static char line[LINE_SIZE];
    struct gate_state state;
    int64_t now_us;
    bool begun = false;

    while (fgets(line, sizeof line, stdin)) {
        now_us = strtoll(strrchr(line, ' ') + 1, NULL, 10);
        if (!begun)
            gate_state_init(&state, now_us);
        begun = true;
        if (strncmp(line, "ask ", 4) == 0)
            answer_ask(&state, line);
        else if (strncmp(line, "report ", 7) == 0)
            answer_report(&state, line);
        else
            printf("%d\n", gate_state_retry(&state, now_us));
        fflush(stdout);
    }
    return 0;
}

static int
serve_redis(const char *url)
{
    static char line[LINE_SIZE];
    struct upstream_state state;
    struct error err;
    struct upstreams *upstreams = upstreams_open(url, &err);

    while (upstreams && fgets(line, sizeof line, stdin)) {
        int64_t began_us = clock_monotonic_us();
        char *source = strchr(line, ' ') + 1;
        bool show = strncmp(line, "show", 4) == 0;

        source[strcspn(source, "\n")] = '\0';
        if (!(show ? upstream_read(upstreams, source, &state, &err)
                   : upstream_reset(upstreams, source, &err)))
            printf("%s", err.code);
        else if (!show)
            printf("ok");
        else if (!state.known)
            printf("unknown");
        else
            printf("%s %" PRId64 " %" PRId64, upstream_breaker_name(state.breaker),
                   state.cooldown_until_ms, state.tokens);
        printf(" %" PRId64 "\n", (clock_monotonic_us() - began_us) / 1000);
        fflush(stdout);
    }
    upstreams_close(upstreams);
    return upstreams ? 0 : 2;
}

int
main(int argc, char **argv)
{
    if (argc == 3 && strcmp(argv[1], "redis") == 0)
        return serve_redis(argv[2]);
    return argc == 2 && strcmp(argv[1], "state") == 0 ? serve_state() : 2;
}
