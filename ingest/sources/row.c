#include "ingest/sources/row.h"

#include "common/clock.h"
#include "common/decimal.h"

#include <string.h>

struct row
row_begin(struct records *records, size_t index)
{
    return (struct row){.records = records, .index = index};
}

void
row_reject(struct row *row, const char *member, const char *reason, const char *excerpt)
{
    if (!row->bad)
        records_reject(row->records, row->index, member, reason, excerpt);
    row->bad = true;
}

/* True if there is nothing to read; a required value that is missing is a reject. */
static bool
is_absent(struct row *row, const char *member, const struct json *value, enum row_need need)
{
    if (value && !json_is_null(value))
        return false;
    if (need == ROW_REQUIRED)
        row_reject(row, member, "field.missing", NULL);
    return true;
}

static const char *
scalar_text(const struct json *value)
{
    return json_number(value) ? json_number(value) : json_string(value);
}

const char *
row_decimal(struct row *row, const char *member, const struct json *value, enum row_need need)
{
    const char *text, *decimal;
    struct error err = {0};

    if (row->bad || is_absent(row, member, value, need))
        return NULL;
    text = scalar_text(value);
    if (!text)
        row_reject(row, member, "field.type", NULL);
    else if (decimal_parse(text, strlen(text), row->records->arena, &decimal, &err))
        return decimal;
    else
        row_reject(row, member, err.code, text);
    return NULL;
}

const char *
row_text(struct row *row, const char *member, const struct json *value, size_t max_bytes,
         enum row_need need)
{
    const char *text;

    if (row->bad || is_absent(row, member, value, need))
        return NULL;
    text = json_string(value);
    if (!text)
        row_reject(row, member, "field.type", scalar_text(value));
    else if (text[0] == '\0')
        row_reject(row, member, "field.missing", NULL);
    else if (strlen(text) > max_bytes)
        row_reject(row, member, "field.too_long", text);
    else
        return text;
    return NULL;
}

int64_t
row_integer(struct row *row, const char *member, const struct json *value, int64_t fallback,
            enum row_need need)
{
    int64_t integer;

    if (row->bad || is_absent(row, member, value, need))
        return fallback;
    if (json_integer(value, &integer))
        return integer;
    row_reject(row, member, "field.type", scalar_text(value));
    return fallback;
}

int64_t
row_iso_ms(struct row *row, const char *member, const struct json *value, enum row_need need)
{
    const char *text;
    int64_t at_ms;

    if (row->bad || is_absent(row, member, value, need))
        return 0;
    text = json_string(value);
    if (text && clock_parse_ms(text, strlen(text), &at_ms))
        return at_ms;
    row_reject(row, member, text ? "time.malformed" : "field.type", scalar_text(value));
    return 0;
}

size_t
row_elements(const struct json *array, const struct json *ret_elements[], size_t max)
{
    size_t count = 0;

    if (!json_is_array(array))
        return 0;
    for (const struct json *child = json_first(array); child; child = json_next(child)) {
        if (count < max)
            ret_elements[count] = child;
        count++;
    }
    return count;
}
