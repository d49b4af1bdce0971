/* tidemarkctl doctor: is all there, of the right version, well set up and at work? */
#include "ingest/ctl/doctor.h"

#include "common/cron.h"
#include "ingest/ctl/nouns.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

enum {
    CLOCK_WARN_MS = 2000,
    CLOCK_FAIL_MS = 60 * 1000,
    TEXT_SIZE = 400,
    CRON_TEXT_SIZE = 512,
};

void
findings_add(struct findings *findings, enum health health, const char *what, const char *advice,
             const char *format, ...)
{
    static const char *const words[] = {
        [HEALTH_OK] = "ok", [HEALTH_WARN] = "warn", [HEALTH_FAIL] = "FAIL"};
    static const char *const keys[] = {
        [HEALTH_OK] = "ok", [HEALTH_WARN] = "warn", [HEALTH_FAIL] = "fail"};
    struct arena *arena = findings->call->arena;
    char found[TEXT_SIZE];
    va_list arguments;

    va_start(arguments, format);
    vsnprintf(found, sizeof found, format, arguments);
    va_end(arguments);
    findings->failed += health == HEALTH_FAIL;
    table_add(&findings->table, (const char *[]){
                                    findings->call->json ? keys[health] : words[health],
                                    arena_string(arena, what),
                                    arena_string(arena, found),
                                    advice ? arena_string(arena, advice) : NULL,
                                });
}

void
doctor_check_clock(struct findings *findings, const char *what, int64_t off_ms)
{
    int64_t size_ms = off_ms < 0 ? -off_ms : off_ms;

    findings_add(findings,
                 size_ms > CLOCK_FAIL_MS   ? HEALTH_FAIL
                 : size_ms > CLOCK_WARN_MS ? HEALTH_WARN
                                           : HEALTH_OK,
                 what,
                 size_ms > CLOCK_WARN_MS ? "let NTP keep the clocks of all hosts together" : NULL,
                 "%.1f s %s ours", (double)size_ms / 1000, off_ms < 0 ? "behind" : "ahead of");
}

int64_t
doctor_period_s(int64_t shortest_s, const char *crons, int64_t now_s)
{
    while (crons && *crons) {
        size_t size = strcspn(crons, "\n");
        char rule[CRON_TEXT_SIZE];
        struct error ignored;
        struct cron cron;
        int64_t period_s;

        snprintf(rule, sizeof rule, "%.*s", (int)size, crons);
        crons += size + (crons[size] == '\n');
        if (size >= sizeof rule || !cron_parse(rule, &cron, &ignored))
            continue;
        period_s = cron_next_s(&cron, now_s) - cron_last_s(&cron, now_s);
        if (shortest_s == 0 || period_s < shortest_s)
            shortest_s = period_s;
    }
    return shortest_s;
}

/* Findings for a person: one below the other, what to do under what it is about. */
static void
print_for_people(const struct table *table)
{
    for (size_t row = 0; row < table->row_count; row++) {
        const char *const *cells = table->cells + row * table->column_count;

        printf("%-4s  %-22s  %s\n", cells[0], cells[1], table_clean(cells[2], table->arena));
        if (cells[3])
            printf("%-4s  %-22s  -> %s\n", "", "", cells[3]);
    }
}

static bool
doctor_run(const struct call *call, struct error *err)
{
    static const struct column columns[] = {
        {"LEVEL",  "level",  COLUMN_TEXT},
        {"WHAT",   "what",   COLUMN_TEXT},
        {"FOUND",  "found",  COLUMN_TEXT},
        {"ADVICE", "advice", COLUMN_TEXT},
    };
    struct findings findings = {.call = call};

    table_init(&findings.table, call->arena, columns, COUNT_OF(columns));
    doctor_check_database(&findings);
    doctor_check_redis(&findings);
    doctor_check_broker(&findings);
    if (call->json)
        table_print(&findings.table, true);
    else
        print_for_people(&findings.table);
    if (findings.failed == 0)
        return true;
    return error_set(err, ERROR_REJECT, "doctor.failed", "%zu of %zu checks failed",
                     findings.failed, findings.table.row_count);
}

static const struct command commands[] = {
    {.about = "look at everything, and say what to do", .run = doctor_run},
};

const struct noun doctor_noun = {
    "doctor", "every dependency, version and setting; exit code 1 if anything is broken", commands,
    COUNT_OF(commands)};
