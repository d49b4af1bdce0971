#ifndef TIDEMARK_SCHEMA_PLAN_H
#define TIDEMARK_SCHEMA_PLAN_H

#include "common/arena.h"
#include "common/error.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* A numbered change of the schema, as it was built into this program. Never edited after release.
 */
struct migration {
    int32_t version; /* 1, 2, 3 ... */
    const char *name;
    const char *checksum;
    const char *up;
    const char *down;
};

/* Made from schema/migrations/: ascending, without holes. */
extern const struct migration migrations[];
extern const size_t migration_count;

/* What the database remembers of one. */
struct applied {
    int32_t version;
    const char *name;
    const char *checksum;
    int64_t applied_at_ms;
};

/* What to do, in order. */
struct plan {
    const struct migration **steps;
    size_t count;
    bool up;
};

enum { PLAN_DEFAULT = -1 };

/*
 * From what is applied (ascending) to version `target`. PLAN_DEFAULT is the newest version for up,
 * and one step back for down. Pure. The plan lives in `arena`.
 * Errors, all fatal: "migrate.changed" (an applied migration was edited since), "migrate.unknown"
 * (the database is ahead of this program), "migrate.hole", "migrate.target" (no such version, or it
 * lies in the other direction).
 */
MUST_CHECK bool plan_up(const struct migration *known, size_t known_count,
                        const struct applied *applied, size_t applied_count, int32_t target,
                        struct arena *arena, struct plan *ret_plan, struct error *err);
MUST_CHECK bool plan_down(const struct migration *known, size_t known_count,
                          const struct applied *applied, size_t applied_count, int32_t target,
                          struct arena *arena, struct plan *ret_plan, struct error *err);

#endif
