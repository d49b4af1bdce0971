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

/* The last slot that began at `at_s` or before. */
static int64_t
slot_at(const struct due_rule *rule, int64_t at_s)
{
    return rule->cron ? cron_last_s(rule->cron, at_s) : floor_to(at_s, rule->period_s);
}

/* The first slot after `slot_s`, which need not be one of this rule: it may have been changed. */
static int64_t
slot_after(const struct due_rule *rule, int64_t slot_s)
{
    return rule->cron ? cron_next_s(rule->cron, slot_s)
                      : floor_to(slot_s, rule->period_s) + rule->period_s;
}

/* The newest slot that is due; may be older than the last, when the clock went back. */
static int64_t
newest_slot(const struct due_rule *rule, int64_t now_s)
{
    int64_t offset_s = rule->last_slot_s == DUE_NO_SLOT ? 0 : rule->offset_s;
    int64_t slot_s = now_s < offset_s ? DUE_NO_SLOT : slot_at(rule, now_s - offset_s);

    return slot_s < 0 ? DUE_NO_SLOT : slot_s;
}

static int64_t
next_slot(const struct due_rule *rule, int64_t newest_s)
{
    return rule->last_slot_s == DUE_NO_SLOT ? newest_s : slot_after(rule, rule->last_slot_s);
}

/* Only the newest is run; what lies before it is written down first. */
static size_t
coalesced_slots(const struct due_rule *rule, size_t index, int64_t now_s,
                struct due_slot *ret_slots, size_t max)
{
    int64_t newest_s = newest_slot(rule, now_s);
    size_t count = 0;

    if (newest_s == DUE_NO_SLOT)
        return 0;
    if (max > DUE_SKIPPED_MAX + 1)
        max = DUE_SKIPPED_MAX + 1;
    for (int64_t slot_s = next_slot(rule, newest_s); slot_s <= newest_s && count < max;
         slot_s = slot_after(rule, slot_s))
        ret_slots[count++] = (struct due_slot){index, slot_s, slot_s < newest_s};
    return count;
}

/* How far a rule has come that catches up. */
struct pursuit {
    size_t rule; /* index */
    int64_t next_s, newest_s;
    bool is_behind; /* by more than the newest slot: that costs of the budget */
};

/* Those that have anything due. */
static size_t
start_pursuits(const struct due_rule *rules, size_t rule_count, int64_t now_s,
               struct pursuit *ret_pursuits)
{
    size_t count = 0;

    for (size_t i = 0; i < rule_count; i++) {
        int64_t newest_s, next_s;

        if (!rules[i].catch_up || (newest_s = newest_slot(&rules[i], now_s)) == DUE_NO_SLOT)
            continue;
        next_s = next_slot(&rules[i], newest_s);
        if (next_s <= newest_s)
            ret_pursuits[count++] = (struct pursuit){i, next_s, newest_s, next_s < newest_s};
    }
    return count;
}

/* The next slot of this one, if there is one and the budget allows it. */
static bool
pursue(struct pursuit *pursuit, const struct due_rule *rule, struct due_budget *budget,
       struct due_slot *ret_slot)
{
    if (pursuit->next_s > pursuit->newest_s)
        return false;
    if (pursuit->is_behind) {
        if (budget->left <= 0)
            return false;
        budget->left--;
    }
    *ret_slot = (struct due_slot){pursuit->rule, pursuit->next_s, false};
    pursuit->next_s = slot_after(rule, pursuit->next_s);
    return true;
}

/* A slot for each in turn, until nothing is left. */
static size_t
caught_up_slots(const struct due_rule *rules, struct pursuit *pursuits, size_t pursuit_count,
                struct due_budget *budget, struct due_slot *ret_slots, size_t max)
{
    size_t count = 0, before;

    do {
        before = count;
        for (size_t i = 0; i < pursuit_count && count < max; i++)
            count += pursue(&pursuits[i], &rules[pursuits[i].rule], budget, &ret_slots[count]);
    } while (count > before);
    return count;
}

size_t
due_slots(const struct due_rule *rules, size_t rule_count, int64_t now_s, struct due_budget *budget,
          struct arena *arena, struct due_slot *ret_slots, size_t max)
{
    struct pursuit *pursuits = arena_alloc_array(arena, rule_count + 1, sizeof *pursuits);
    size_t count = 0;

    for (size_t i = 0; i < rule_count && count < max; i++)
        if (!rules[i].catch_up)
            count += coalesced_slots(&rules[i], i, now_s, ret_slots + count, max - count);
    return count + caught_up_slots(rules, pursuits,
                                   start_pursuits(rules, rule_count, now_s, pursuits), budget,
                                   ret_slots + count, max - count);
}

int64_t
due_next_s(const struct due_rule *rule, int64_t now_s)
{
    if (rule->last_slot_s == DUE_NO_SLOT)
        return now_s;
    return slot_after(rule, rule->last_slot_s) + rule->offset_s;
}
