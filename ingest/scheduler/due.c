#include "ingest/scheduler/due.h"

void
due_budget_init(struct due_budget *budget, int64_t per_minute, int64_t monotonic_ms)
{
    *budget = (struct due_budget){per_minute, per_minute, monotonic_ms};
}

void
due_budget_refill(struct due_budget *budget, int64_t monotonic_ms)
{
    int64_t earned = (monotonic_ms - budget->refilled_at_ms) * budget->per_minute / 60000;

    if (earned <= 0)
        return;
    budget->left =
        budget->left + earned > budget->per_minute ? budget->per_minute : budget->left + earned;
    /* Not "now": the part of a slot that has been earned already is kept. */
    budget->refilled_at_ms += earned * 60000 / budget->per_minute;
}

static int64_t
floor_to(int64_t at_s, int64_t period_s)
{
    return at_s - at_s % period_s;
}

/* The newest slot that is due; may be older than the last, when the clock went back. */
static int64_t
newest_slot(const struct due_rule *rule, int64_t now_s)
{
    int64_t offset_s = rule->last_slot_s == DUE_NO_SLOT ? 0 : rule->offset_s;

    return now_s < offset_s ? DUE_NO_SLOT : floor_to(now_s - offset_s, rule->period_s);
}

/* The slot after the last one, on the grid of a period that may have been changed since. */
static int64_t
next_slot(const struct due_rule *rule, int64_t newest_s)
{
    if (rule->last_slot_s == DUE_NO_SLOT)
        return newest_s;
    return floor_to(rule->last_slot_s, rule->period_s) + rule->period_s;
}

/* Only the newest is run; what lies before it is written down first. */
static size_t
coalesced_slots(const struct due_rule *rule, size_t index, int64_t now_s,
                struct due_slot *ret_slots, size_t max)
{
    int64_t newest_s = newest_slot(rule, now_s);
    size_t count = 0;

    if (max > DUE_SKIPPED_MAX + 1)
        max = DUE_SKIPPED_MAX + 1;
    for (int64_t slot_s = next_slot(rule, newest_s);
         newest_s != DUE_NO_SLOT && slot_s <= newest_s && count < max; slot_s += rule->period_s)
        ret_slots[count++] = (struct due_slot){index, slot_s, slot_s < newest_s};
    return count;
}

/*
 * The slot number `turn` of those that are due, if there is one and the budget allows it. A
 * schedule that is not behind costs nothing of the budget.
 */
static bool
caught_up_slot(const struct due_rule *rule, size_t index, int64_t turn, int64_t now_s,
               struct due_budget *budget, struct due_slot *ret_slot)
{
    int64_t newest_s = newest_slot(rule, now_s);
    int64_t next_s = next_slot(rule, newest_s);
    int64_t slot_s = next_s + turn * rule->period_s;

    if (newest_s == DUE_NO_SLOT || slot_s > newest_s)
        return false;
    if (next_s < newest_s) {
        if (budget->left <= 0)
            return false;
        budget->left--;
    }
    *ret_slot = (struct due_slot){index, slot_s, false};
    return true;
}

size_t
due_slots(const struct due_rule *rules, size_t rule_count, int64_t now_s, struct due_budget *budget,
          struct due_slot *ret_slots, size_t max)
{
    size_t count = 0;
    bool found = true;

    for (size_t i = 0; i < rule_count && count < max; i++)
        if (!rules[i].catch_up)
            count += coalesced_slots(&rules[i], i, now_s, ret_slots + count, max - count);
    for (int64_t turn = 0; found && count < max; turn++) {
        found = false;
        for (size_t i = 0; i < rule_count && count < max; i++)
            if (rules[i].catch_up &&
                caught_up_slot(&rules[i], i, turn, now_s, budget, &ret_slots[count])) {
                count++;
                found = true;
            }
    }
    return count;
}

int64_t
due_offset_s(const char *stream, int64_t period_s)
{
    uint32_t hash = 2166136261u;

    for (; *stream; stream++)
        hash = (hash ^ (unsigned char)*stream) * 16777619u;
    return period_s < 4 ? 0 : hash % (period_s / 4);
}
