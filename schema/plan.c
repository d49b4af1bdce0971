#include "schema/plan.h"

#include <string.h>

/* What is applied must be the beginning of what is known, unchanged. */
static bool
check_applied(const struct migration *known, size_t known_count, const struct applied *applied,
              size_t applied_count, struct error *err)
{
    for (size_t n = 0; n < applied_count; n++) {
        int32_t expected = (int32_t)n + 1;

        if (applied[n].version != expected)
            return error_set(err, ERROR_FATAL, "migrate.hole",
                             "migration %d is applied, but %d is not", applied[n].version,
                             expected);
        if (n >= known_count)
            return error_set(err, ERROR_FATAL, "migrate.unknown",
                             "the database has migration %d (%s), which this program does not "
                             "know: use a newer one",
                             applied[n].version, applied[n].name);
        if (strcmp(applied[n].checksum, known[n].checksum))
            return error_set(err, ERROR_FATAL, "migrate.changed",
                             "migration %d (%s) was edited after it was applied: restore it, and "
                             "put the change into a new one",
                             applied[n].version, applied[n].name);
    }
    return true;
}

static bool
check_target(int32_t target, int32_t lowest, int32_t highest, const char *direction,
             struct error *err)
{
    if (target >= lowest && target <= highest)
        return true;
    return error_set(err, ERROR_FATAL, "migrate.target",
                     "cannot go %s to %d: from here that can be %d to %d", direction, target,
                     lowest, highest);
}

bool
plan_up(const struct migration *known, size_t known_count, const struct applied *applied,
        size_t applied_count, int32_t target, struct arena *arena, struct plan *ret_plan,
        struct error *err)
{
    struct plan plan = {.up = true};

    if (!check_applied(known, known_count, applied, applied_count, err))
        return false;
    if (target == PLAN_DEFAULT)
        target = (int32_t)known_count;
    if (!check_target(target, (int32_t)applied_count, (int32_t)known_count, "up", err))
        return false;
    plan.steps = arena_alloc_array(arena, known_count, sizeof *plan.steps);
    for (size_t n = applied_count; n < (size_t)target; n++)
        plan.steps[plan.count++] = &known[n];
    *ret_plan = plan;
    return true;
}

bool
plan_down(const struct migration *known, size_t known_count, const struct applied *applied,
          size_t applied_count, int32_t target, struct arena *arena, struct plan *ret_plan,
          struct error *err)
{
    struct plan plan = {.up = false};

    if (!check_applied(known, known_count, applied, applied_count, err))
        return false;
    if (target == PLAN_DEFAULT)
        target = applied_count ? (int32_t)applied_count - 1 : 0;
    if (!check_target(target, 0, (int32_t)applied_count, "down", err))
        return false;
    plan.steps = arena_alloc_array(arena, applied_count, sizeof *plan.steps);
    for (size_t n = applied_count; n > (size_t)target; n--)
        plan.steps[plan.count++] = &known[n - 1];
    *ret_plan = plan;
    return true;
}
