#ifndef TIDEMARK_INGEST_CTL_SCHEDULES_CHECKER_H
#define TIDEMARK_INGEST_CTL_SCHEDULES_CHECKER_H

#include "ingest/ctl/schedules_check.h"
#include "ingest/sources/source.h"

#include <stddef.h>

/*
 * What the parts of schedules_check share: one file being checked. Included by
 * ingest/ctl/schedules_check*.c only. A check that returns false has set the error, with the line.
 */
struct checker {
    const struct schedules_file *file;
    struct arena *arena;
    struct instrument_row *instruments;
    size_t instrument_count;
    const struct instrument_row **by_symbol; /* sorted by source and symbol */
    struct schedule_row *schedules;
    size_t schedule_count, schedule_room;
    struct error *err;
};

enum { CHECKER_NAME_MAX = 100 }; /* bytes */

/* schedules_check_values.c: single values. */

/* Returns false. */
bool checker_fail(const struct checker *checker, int line, const char *format, ...)
    PRINTF_LIKE(3, 4);
/* Letters, digits, '.', '_' and '-', at most CHECKER_NAME_MAX. */
bool checker_is_name(const char *text);
/* Tells of a text that the tables would not take; an empty one, too. */
bool checker_length(const struct checker *checker, int line, const char *what, const char *text,
                    size_t max_characters);
bool checker_number(const struct checker *checker, const struct file_value *value, const char *key,
                    int64_t max, int64_t otherwise, int64_t *ret_number);
bool checker_choice(const struct checker *checker, const struct file_value *value, const char *key,
                    const char *one, const char *other, const char *otherwise,
                    const char **ret_choice);
bool checker_source(const struct checker *checker, const struct file_value *value,
                    const struct source **ret_source);

/* schedules_check_markets.c: assets and instruments, of the whole file; the latter fill the rows.
 */
bool checker_assets(const struct checker *checker);
bool checker_instruments(struct checker *checker);
/* Whether the source has this instrument. */
bool checker_symbol(const struct checker *checker, const struct source *source,
                    const struct file_value *symbol);

#endif
