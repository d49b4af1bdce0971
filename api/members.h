#ifndef TIDEMARK_API_MEMBERS_H
#define TIDEMARK_API_MEMBERS_H

#include "common/database.h"
#include "common/text.h"

#include <stddef.h>

/* Columns of an answer of the database, side by side, as members of a JSON object. */
struct member {
    const char *name;
    enum {
        MEMBER_TEXT,
        MEMBER_NUMBER, /* also whatever is JSON already */
        MEMBER_MOMENT, /* of milliseconds: "2026-11-21T08:41:05.123Z" */
        MEMBER_TRUTH,
    } kind;
};

/* Adds `"name":value,...` without braces; SQL NULL becomes null. */
void members_add(struct text *text, const struct member *members, size_t count,
                 const struct rows *rows, size_t row, size_t first_column);

#endif
