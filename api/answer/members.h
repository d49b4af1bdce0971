#ifndef TIDEMARK_API_ANSWER_MEMBERS_H
#define TIDEMARK_API_ANSWER_MEMBERS_H

#include "common/database.h"
#include "common/text.h"

#include <stdbool.h>
#include <stddef.h>

struct freshness;
struct params;

/*
 * Columns of an answer of the database, side by side, as members of a JSON object or as columns of
 * CSV. One list of them makes each form of an answer, in the same order.
 */
struct member {
    const char *name;
    enum {
        MEMBER_TEXT,
        MEMBER_NUMBER,  /* also whatever is JSON already */
        MEMBER_DECIMAL, /* exact; a JSON string of the same digits for who asks for numbers=string
                         */
        MEMBER_MOMENT,  /* of milliseconds: "2026-11-21T08:41:05.123Z" */
        MEMBER_TRUTH,
        /* Of milliseconds, with freshness only (freshness.h). NULL = never observed: null, false.
         */
        MEMBER_AGE,   /* of when it was observed: "age_seconds" */
        MEMBER_STALE, /* of when it turns stale: "stale" */
        MEMBER_STATE, /* text, with freshness only: "stale" when MEMBER_STALE turns true */
    } kind;
};

/* Adds `"name":value,...` without braces; SQL NULL becomes null. */
void members_add(struct text *text, const struct member *members, size_t count,
                 const struct rows *rows, size_t row, size_t first_column);

/* What a cell becomes. A cell without data is NULL: null in JSON, nothing at all in CSV. */
enum members_form {
    MEMBERS_JSON,
    MEMBERS_JSON_STRINGS, /* numbers=string */
    MEMBERS_CSV,          /* RFC 4180; text that a spreadsheet would calculate gets a ' in front */
};

/* Of a request: by its parameters `format` and `numbers`, as far as its route has them. */
enum members_form members_form_of(const struct params *params);

/*
 * Adds one row of `count` cells (the database's text of them, with a NUL behind it):
 * {"name":value,...} without anything behind it, or a line of CSV with its end.
 */
void members_add_cells(struct text *text, enum members_form form, const struct member *members,
                       size_t count, const struct bytes *cells);
/* The same with members that tell how fresh the row is. */
void members_add_fresh_cells(struct freshness *freshness, struct text *text, enum members_form form,
                             const struct member *members, size_t count, const struct bytes *cells);
/* The first line of CSV: the names. */
void members_add_names(struct text *text, const struct member *members, size_t count);

/*
 * Adds rows `first_row` ... as the request wants them: a JSON array with its brackets, lines of
 * JSON, or CSV with its first line.
 */
void members_add_rows(struct text *text, const struct params *params, const struct member *members,
                      size_t count, const struct rows *rows, size_t first_row, size_t row_count,
                      size_t first_column);
void members_add_fresh_rows(struct freshness *freshness, struct text *text,
                            const struct params *params, const struct member *members, size_t count,
                            const struct rows *rows, size_t first_row, size_t row_count,
                            size_t first_column);

#endif
