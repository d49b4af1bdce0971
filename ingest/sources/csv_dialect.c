#include "ingest/sources/csv_dialect.h"

#include "common/attributes.h"
#include "ingest/sources/csv.h"
#include "ingest/sources/csv_lines.h"
#include "ingest/sources/csv_stamp.h"

#include <ctype.h>
#include <stdint.h>
#include <string.h>
#include <strings.h>

/* Where several fit, the earlier row wins: "unix" says more than "date". */
static const struct {
    const char *name;
    enum csv_column column;
} names[] = {
    {"unix",               CSV_TIME        },
    {"timestamp",          CSV_TIME        },
    {"open time",          CSV_TIME        },
    {"opentime",           CSV_TIME        },
    {"time",               CSV_TIME        },
    {"datetime",           CSV_TIME        },
    {"date",               CSV_TIME        },
    {"symbol",             CSV_SYMBOL      },
    {"pair",               CSV_SYMBOL      },
    {"market",             CSV_SYMBOL      },
    {"open",               CSV_OPEN        },
    {"high",               CSV_HIGH        },
    {"low",                CSV_LOW         },
    {"close",              CSV_CLOSE       },
    {"volume",             CSV_VOLUME      },
    {"volume from",        CSV_VOLUME      },
    {"base volume",        CSV_VOLUME      },
    {"volume to",          CSV_QUOTE_VOLUME},
    {"quote asset volume", CSV_QUOTE_VOLUME},
    {"quote volume",       CSV_QUOTE_VOLUME},
    {"tradecount",         CSV_TRADES      },
    {"trade count",        CSV_TRADES      },
    {"trades",             CSV_TRADES      },
    {"number of trades",   CSV_TRADES      },
    {"count",              CSV_TRADES      },
};

static const char delimiters[] = {',', ';', '\t'};

/* The columns of files without a header, by their number of cells. */
static const struct {
    size_t cells_min, cells_max;
    int columns[CSV_COLUMN_COUNT];
} headless[] = {
    {6,  6,             {0, -1, 1, 2, 3, 4, 5, -1, -1}},
    {7,  7,             {0, -1, 1, 2, 3, 4, 5, -1, 6} },
    {11, CSV_CELLS_MAX, {0, -1, 1, 2, 3, 4, 5, 7, 8}  },
};

static char
find_delimiter(struct bytes line)
{
    size_t counts[COUNT_OF(delimiters)] = {0}, best = 0;

    for (size_t i = 0; i < line.size; i++) {
        for (size_t d = 0; d < COUNT_OF(delimiters); d++)
            counts[d] += line.data[i] == delimiters[d];
    }
    for (size_t d = 1; d < COUNT_OF(delimiters); d++) {
        if (counts[d] > counts[best])
            best = d;
    }
    return delimiters[best];
}

/* Equal but for case and for '_' instead of a space. */
static bool
is_name(struct bytes cell, const char *name)
{
    if (cell.size != strlen(name))
        return false;
    for (size_t i = 0; i < cell.size; i++) {
        char c = cell.data[i] == '_' ? ' ' : cell.data[i];

        if (tolower((unsigned char)c) != name[i])
            return false;
    }
    return true;
}

static int
find_cell(const struct bytes *cells, size_t count, const char *name)
{
    for (size_t i = 0; i < count; i++) {
        if (is_name(cells[i], name))
            return (int)i;
    }
    return -1;
}

/* "Volume BTC" */
static void
find_named_volumes(const struct bytes *cells, size_t count, struct csv_dialect *dialect)
{
    const size_t prefix = strlen("volume ");
    size_t found = 0;

    for (size_t i = 0; i < count && found < COUNT_OF(dialect->volumes); i++) {
        if (cells[i].size > prefix && is_name((struct bytes){cells[i].data, prefix}, "volume ")) {
            dialect->volumes[found].column = (int)i;
            dialect->volumes[found++].currency =
                (struct bytes){cells[i].data + prefix, cells[i].size - prefix};
        }
    }
}

static bool
read_header(const struct bytes *cells, size_t count, struct csv_dialect *dialect)
{
    for (size_t i = 0; i < COUNT_OF(names); i++) {
        int *column = &dialect->columns[names[i].column];

        if (*column < 0)
            *column = find_cell(cells, count, names[i].name);
    }
    find_named_volumes(cells, count, dialect);
    return dialect->columns[CSV_TIME] >= 0 && dialect->columns[CSV_OPEN] >= 0 &&
           dialect->columns[CSV_HIGH] >= 0 && dialect->columns[CSV_LOW] >= 0 &&
           dialect->columns[CSV_CLOSE] >= 0;
}

/* A row whose first cell is a time, or would be one but for its notation. */
static bool
read_first_row(const struct bytes *cells, size_t count, struct csv_dialect *dialect)
{
    const char *reason;
    int64_t at_ms;

    reason = csv_read_stamp(cells[0], &at_ms);
    if (reason && strcmp(reason, "time.scientific") != 0)
        return false;
    for (size_t i = 0; i < COUNT_OF(headless); i++) {
        if (count >= headless[i].cells_min && count <= headless[i].cells_max) {
            memcpy(dialect->columns, headless[i].columns, sizeof dialect->columns);
            return true;
        }
    }
    return false;
}

static void
clear_columns(struct csv_dialect *dialect)
{
    for (size_t i = 0; i < CSV_COLUMN_COUNT; i++)
        dialect->columns[i] = -1;
    for (size_t i = 0; i < COUNT_OF(dialect->volumes); i++)
        dialect->volumes[i].column = -1;
}

bool
csv_dialect_detect(struct bytes start, struct csv_dialect *ret_dialect)
{
    static const char byte_order_mark[] = "\xef\xbb\xbf";
    enum { LINES_LOOKED_AT = 5 }; /* a banner line or two may come first */
    struct bytes rest = start, line, cells[CSV_CELLS_MAX];
    struct csv_dialect dialect = {0};

    if (start.size >= 3 && memcmp(start.data, byte_order_mark, 3) == 0)
        rest = (struct bytes){start.data + 3, start.size - 3};
    for (int i = 0; i < LINES_LOOKED_AT; i++) {
        size_t count, before = (size_t)(rest.data - start.data);

        if (!csv_take_line(&rest, &line))
            break;
        clear_columns(&dialect);
        dialect.delimiter = find_delimiter(line);
        count = csv_split(line, dialect.delimiter, cells);
        if (count > CSV_CELLS_MAX)
            count = CSV_CELLS_MAX;
        if (read_header(cells, count, &dialect))
            dialect.head_bytes = (size_t)(rest.data - start.data);
        else if (read_first_row(cells, count, &dialect))
            dialect.head_bytes = before;
        else
            continue;
        *ret_dialect = dialect;
        return true;
    }
    return false;
}

void
csv_dialect_name_volumes(struct csv_dialect *dialect, const char *symbol)
{
    size_t symbol_bytes = strlen(symbol);

    for (size_t i = 0; i < COUNT_OF(dialect->volumes); i++) {
        struct bytes currency = dialect->volumes[i].currency;

        if (dialect->volumes[i].column < 0 || currency.size >= symbol_bytes)
            continue;
        if (dialect->columns[CSV_VOLUME] < 0 &&
            strncasecmp(symbol, currency.data, currency.size) == 0)
            dialect->columns[CSV_VOLUME] = dialect->volumes[i].column;
        else if (dialect->columns[CSV_QUOTE_VOLUME] < 0 &&
                 strncasecmp(symbol + symbol_bytes - currency.size, currency.data, currency.size) ==
                     0)
            dialect->columns[CSV_QUOTE_VOLUME] = dialect->volumes[i].column;
    }
}

size_t
csv_head_bytes(struct bytes start)
{
    struct csv_dialect dialect;

    return csv_dialect_detect(start, &dialect) ? dialect.head_bytes : 0;
}
