#ifndef TIDEMARK_INGEST_SCHEDULER_DUE_H
#define TIDEMARK_INGEST_SCHEDULER_DUE_H

#include "common/arena.h"
#include "common/cron.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * Which slots are due. Pure: a function of the schedules, the last slot of each in the table, and
 * the time, so a step of the clock, a pause or a restart can neither skip a slot nor repeat one.
 *
 * Slots of a period are its multiples in unix time, those of a cron rule the moments it names. A
 * slot falls due `offset_s` after it began. All times are unix seconds.
 */
enum {
    DUE_NO_SLOT = -1,        /* last_slot_s of a schedule that has none yet */
    DUE_SKIPPED_MAX = 10000, /* skipped slots recorded for one schedule in one call */
};

struct due_rule {
    const struct cron *cron; /* NULL = the period counts */
    int64_t period_s;        /* > 0 */
    int64_t offset_s;        /* 0 .. less than what lies between two slots */
    int64_t last_slot_s;
    /*
     * What becomes of slots that were missed: true = each is run, oldest first; false = only the
     * newest is run, those before it are recorded as skipped.
     */
    bool catch_up;
};

struct due_slot {
    size_t rule; /* index */
    int64_t slot_s;
    bool skipped;
};

/* How many missed slots may be caught up with, so that a long pause does not become a flood. */
struct due_budget {
    int64_t per_minute;
    int64_t left;
    int64_t refilled_at_ms; /* monotonic */
};

/* Starts full. */
void due_budget_init(struct due_budget *budget, int64_t per_minute, int64_t monotonic_ms);
void due_budget_refill(struct due_budget *budget, int64_t monotonic_ms);

/*
 * Writes what is due at `now_s` to `ret_slots` (room for `max`) and returns how many; what finds no
 * room or no budget is due again next time. Of one rule slots come in ascending order and without a
 * hole; rules that are behind take turns. A schedule without a slot has its newest due at once.
 * `arena` holds nothing afterwards that anybody needs.
 */
size_t due_slots(const struct due_rule *rules, size_t rule_count, int64_t now_s,
                 struct due_budget *budget, struct arena *arena, struct due_slot *ret_slots,
                 size_t max);

/* When the slot after the last one falls due; for a schedule without a slot, `now_s`. */
int64_t due_next_s(const struct due_rule *rule, int64_t now_s);

#endif
