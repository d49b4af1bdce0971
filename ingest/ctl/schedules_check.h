#ifndef TIDEMARK_INGEST_CTL_SCHEDULES_CHECK_H
#define TIDEMARK_INGEST_CTL_SCHEDULES_CHECK_H

#include "ingest/ctl/schedules_file.h"
#include "ingest/ctl/schedules_time.h"

#include <stdbool.h>
#include <stdint.h>

/*
 * What a schedules file means, checked whole: names, durations, and every job that its schedules
 * will make, by asking the source itself whether it could fetch it. Pure: no database.
 */
struct instrument_row {
    const char *source, *symbol, *asset, *quote;
    int line;
};

struct schedule_row {
    const char *name; /* of the file, plus "/<symbol>" or "/<page>" where one entry makes many */
    const char *source, *kind, *stream;
    const char *args;          /* JSON */
    struct schedule_time time; /* with the offset of this stream */
    const char *missed;        /* "catch_up", "coalesce" */
    bool enabled;
    int line;
};

struct checked_schedules {
    const struct file_asset *assets;
    size_t asset_count;
    const struct instrument_row *instruments;
    size_t instrument_count;
    const struct schedule_row *schedules;
    size_t schedule_count;
};

/* Errors: reject "schedules.invalid"; begins with "path:line: " and says what is allowed. */
MUST_CHECK bool schedules_check(const struct schedules_file *file, struct arena *arena,
                                struct checked_schedules *ret_checked, struct error *err);

#endif
