#ifndef TIDEMARK_INGEST_SOURCES_ROW_H
#define TIDEMARK_INGEST_SOURCES_ROW_H

#include "common/json.h"
#include "ingest/sources/records.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * Reads the values of one JSON row. The first value that is not what it must be makes the row a
 * reject that names the member, and `bad`; from then on nothing more is reported, so a source reads
 * all it needs and looks at `bad` once.
 */
struct row {
    struct records *records;
    size_t index;
    bool bad;
};

enum row_need {
    ROW_OPTIONAL, /* missing and null are NULL, 0 or -1 */
    ROW_REQUIRED,
};

struct row row_begin(struct records *records, size_t index);

/* Marks the row as bad, for a reason of the caller's own. */
void row_reject(struct row *row, const char *member, const char *reason, const char *excerpt);

/* Canonical decimal text of a number, or of a string that holds one; NULL if there is none. */
const char *row_decimal(struct row *row, const char *member, const struct json *value,
                        enum row_need need);
/* A non-empty string of at most `max_bytes`. */
const char *row_text(struct row *row, const char *member, const struct json *value,
                     size_t max_bytes, enum row_need need);
/* A whole number; `fallback` if there is none. */
int64_t row_integer(struct row *row, const char *member, const struct json *value, int64_t fallback,
                    enum row_need need);
/* Unix milliseconds of an ISO 8601 string; 0 if there is none. */
int64_t row_iso_ms(struct row *row, const char *member, const struct json *value,
                   enum row_need need);

/* The elements of an array row, at most `max`. Returns how many there are (0 = no array). */
size_t row_elements(const struct json *array, const struct json *ret_elements[], size_t max);

#endif
