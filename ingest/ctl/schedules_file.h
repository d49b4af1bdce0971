#ifndef TIDEMARK_INGEST_CTL_SCHEDULES_FILE_H
#define TIDEMARK_INGEST_CTL_SCHEDULES_FILE_H

#include "common/arena.h"
#include "common/error.h"

#include <stddef.h>

/*
 * The schedules file as it is written: texts and the lines they stand on. The only door to libyaml.
 * What the texts mean, and whether they are right, is schedules_check.h's affair. deploy/
 * schedules.yml is the commented example.
 */
struct file_value {
    const char *text; /* NULL = the key is not there */
    int line;         /* from 1 */
};

struct file_list {
    const struct file_value *values; /* NULL = the key is not there */
    size_t count;
    int line;
};

struct file_asset {
    struct file_value slug, symbol, name;
};

/* "BTCUSDT: bitcoin/usdt" below the source's name. */
struct file_instrument {
    struct file_value source, symbol, asset_and_quote;
};

struct file_schedule {
    struct file_value name;
    struct file_value source, kind, every, at, cron, offset, missed, not_after, enabled;
    struct file_value currency, pages, per_page, interval, lookback, series, report;
    struct file_list symbols, each;
};

struct schedules_file {
    const char *path;
    const struct file_asset *assets;
    size_t asset_count;
    const struct file_instrument *instruments;
    size_t instrument_count;
    const struct file_schedule *schedules;
    size_t schedule_count;
};

enum { SCHEDULES_FILE_BYTES_MAX = 4 * 1024 * 1024, SCHEDULES_FILE_ROWS_MAX = 100000 };

/*
 * Reads it; everything lives in `arena`. Errors: reject "schedules.file" (cannot be read) and
 * "schedules.syntax"; the message begins with "path:line: " and names what is allowed.
 */
MUST_CHECK bool schedules_file_read(const char *path, struct arena *arena,
                                    struct schedules_file *ret_file, struct error *err);

/* "path:line: " and what is wrong there: reject "schedules.invalid". Returns false. */
bool schedules_refuse(const char *path, int line, struct error *err, const char *format, ...)
    PRINTF_LIKE(4, 5);

#endif
