#include "ingest/sources/csv.h"

#include "common/decimal.h"
#include "ingest/sources/args.h"
#include "ingest/sources/csv_dialect.h"
#include "ingest/sources/csv_lines.h"
#include "ingest/sources/csv_stamp.h"
#include "ingest/sources/csv_symbol.h"
#include "ingest/sources/excerpt.h"
#include "ingest/sources/records.h"
#include "ingest/sources/registry.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

/*
 * Candles in files that people put into a folder. A row that cannot be taken is a reject with its
 * line number; so is a file that cannot be understood (file.encoding, file.dialect,
 * file.interval), because one bad file must not hold up those that come after it. Further
 * reasons: row.shape (too few cells), symbol.missing, symbol.mixed (a row of another market than
 * the first one).
 *
 * What no reader can see: an export made in the middle of a candle has that candle half done as its
 * newest row. It is replaced when a later export, or another file, brings the whole one.
 */

/* One row that could be read. Its interval is not known before all are. */
struct csv_row {
    size_t line;
    struct candle candle;
};

struct csv_reader {
    struct records *records;
    struct csv_dialect dialect;
    const char *symbol; /* NULL until the first row has told */
    const char *file_name;
    struct csv_row *rows;
    size_t row_count;
};

/* Steps that candles come in; the most frequent one in a file is its interval. */
static const int32_t intervals_s[] = {60, 300, 900, 1800, 3600, 7200, 14400, 21600, 43200, 86400};

static bool
request_piece(const struct question *question, struct request *request, bool *ret_done,
              struct error *err)
{
    const char *position = question->position;
    struct csv_position place;

    if (position && !csv_position_parse(position, question->arena, &place, err))
        return false;
    request->target = position ? position : "";
    request->to_ms = question->now_ms;
    return true;
}

static enum verdict
csv_classify(const struct payload *payload, struct arena *arena, struct error *err)
{
    return VERDICT_OK; /* a file answers with what it has; parse() says what that is worth */
}

/* A row being read: the cells of one line, and whether one of them was bad. */
struct csv_line {
    struct csv_reader *reader;
    size_t number;
    struct bytes cells[CSV_CELLS_MAX];
    size_t cell_count;
    bool bad;
};

static void
line_reject(struct csv_line *line, const char *reason, struct bytes cell)
{
    struct records *records = line->reader->records;

    if (!line->bad)
        records_reject(records, line->number, NULL, reason,
                       excerpt_make(cell.data, cell.size, records->arena));
    line->bad = true;
}

/* The cell of a column; empty if the file or the row does not have it. */
static struct bytes
line_cell(const struct csv_line *line, enum csv_column column)
{
    int index = line->reader->dialect.columns[column];

    if (index < 0 || (size_t)index >= line->cell_count || csv_is_missing(line->cells[index]))
        return (struct bytes){"", 0};
    return line->cells[index];
}

static const char *
line_decimal(struct csv_line *line, enum csv_column column)
{
    struct bytes cell = line_cell(line, column);
    const char *decimal;
    struct error err = {0};

    if (line->bad || cell.size == 0)
        return NULL;
    if (decimal_parse_lenient(cell.data, cell.size, line->reader->records->arena, &decimal, &err))
        return decimal;
    line_reject(line, err.code, cell);
    return NULL;
}

/* A count, which may be written "16324.0". */
static int64_t
line_count(struct csv_line *line, enum csv_column column)
{
    const char *decimal = line_decimal(line, column);
    int64_t count;
    char *end;

    if (!decimal)
        return -1;
    errno = 0;
    count = strtoll(decimal, &end, 10);
    if (errno || count < 0 || end[*end == '.' ? 1 + strspn(end + 1, "0") : 0] != '\0') {
        line_reject(line, "field.type", line_cell(line, column));
        return -1;
    }
    return count;
}

/* The first row that names a market names the file's; without such a column its name does. */
static bool
check_symbol(struct csv_line *line)
{
    struct csv_reader *reader = line->reader;
    struct bytes cell = line_cell(line, CSV_SYMBOL);
    const char *symbol = csv_symbol_from_cell(cell, reader->records->arena);

    if (!symbol && cell.size == 0)
        symbol = reader->symbol ? reader->symbol
                                : csv_symbol_from_name(reader->file_name, reader->records->arena);
    if (!reader->symbol && symbol) {
        reader->symbol = symbol;
        csv_dialect_name_volumes(&reader->dialect, symbol);
    }
    if (symbol && strcmp(symbol, reader->symbol) == 0)
        return true;
    line_reject(line, symbol ? "symbol.mixed" : "symbol.missing", cell);
    return false;
}

static void
read_line(struct csv_line *line, struct csv_row *ret_row)
{
    struct bytes stamp = line_cell(line, CSV_TIME);
    const char *reason;

    *ret_row = (struct csv_row){.line = line->number, .candle = {.inputs = 1}};
    reason = csv_read_stamp(stamp, &ret_row->candle.open_time_ms);
    if (reason) {
        line_reject(line, reason, stamp);
        return;
    }
    if (!check_symbol(line))
        return;
    ret_row->candle.open = line_decimal(line, CSV_OPEN);
    ret_row->candle.high = line_decimal(line, CSV_HIGH);
    ret_row->candle.low = line_decimal(line, CSV_LOW);
    ret_row->candle.close = line_decimal(line, CSV_CLOSE);
    ret_row->candle.volume = line_decimal(line, CSV_VOLUME);
    ret_row->candle.quote_volume = line_decimal(line, CSV_QUOTE_VOLUME);
    ret_row->candle.trades = line_count(line, CSV_TRADES);
}

/* `first_line` is the number, in the file, of the first line of `text`. */
static void
read_rows(struct csv_reader *reader, struct bytes text, size_t first_line)
{
    struct csv_line line = {.reader = reader};
    struct bytes bytes;

    for (size_t number = first_line; csv_take_line(&text, &bytes); number++) {
        line.number = number;
        line.bad = false;
        line.cell_count = csv_split(bytes, reader->dialect.delimiter, line.cells);
        if (line.cell_count > CSV_CELLS_MAX)
            line.cell_count = CSV_CELLS_MAX;
        if (line.cell_count == 1 && line.cells[0].size == 0)
            continue;
        if (line.cell_count <= (size_t)reader->dialect.columns[CSV_CLOSE]) {
            line_reject(&line, "row.shape", bytes);
            continue;
        }
        read_line(&line, &reader->rows[reader->row_count]);
        if (!line.bad)
            reader->row_count++;
    }
}

static int
compare_times(const void *left, const void *right)
{
    int64_t a = *(const int64_t *)left, b = *(const int64_t *)right;

    return a < b ? -1 : a > b;
}

/* The most frequent step between neighbours in time; 0 if that is none a candle can have. */
static int32_t
find_interval_s(const struct csv_reader *reader)
{
    size_t counts[COUNT_OF(intervals_s)] = {0}, best = 0, others = 0;
    int64_t *times = arena_alloc_array(reader->records->arena, reader->row_count, sizeof *times);

    for (size_t i = 0; i < reader->row_count; i++)
        times[i] = reader->rows[i].candle.open_time_ms;
    qsort(times, reader->row_count, sizeof *times, compare_times);
    for (size_t i = 1; i < reader->row_count; i++) {
        int64_t step_ms = times[i] - times[i - 1];
        size_t k = 0;

        while (k < COUNT_OF(intervals_s) && step_ms != (int64_t)intervals_s[k] * 1000)
            k++;
        if (k < COUNT_OF(intervals_s))
            counts[k]++;
        else
            others += step_ms != 0;
    }
    for (size_t k = 1; k < COUNT_OF(intervals_s); k++) {
        if (counts[k] > counts[best])
            best = k;
    }
    return counts[best] > 0 && counts[best] >= others ? intervals_s[best] : 0;
}

/* Whether the bytes are text of one byte a character or UTF-8, not UTF-16 or worse. */
static bool
is_text(struct bytes body)
{
    return memchr(body.data, '\0', body.size) == NULL;
}

/* Adds the rows of a piece to `records`; a file that makes no sense is one reject. */
static void
add_rows(const struct payload *payload, const struct csv_position *place, struct records *records)
{
    struct csv_reader reader = {.records = records, .file_name = place->name};
    struct bytes text = payload->body;
    struct candle_series series = {.origin = CANDLE_PROVIDER};
    int64_t breaks;

    if (!is_text(payload->body)) {
        records_reject_at(records, place->name, "file.encoding", NULL);
        return;
    }
    if (!csv_dialect_detect(payload->body, &reader.dialect)) {
        records_reject_at(records, place->name, "file.dialect",
                          excerpt_make(text.data, text.size, records->arena));
        return;
    }
    text.data += reader.dialect.head_bytes;
    text.size -= reader.dialect.head_bytes;
    breaks = csv_count_breaks(text);
    reader.rows = arena_alloc_array(records->arena, (size_t)breaks + 1, sizeof *reader.rows);
    read_rows(&reader, text, place->lines > breaks ? (size_t)(place->lines - breaks + 1) : 1);
    if (reader.row_count == 0)
        return;
    series.interval_s = find_interval_s(&reader);
    if (series.interval_s == 0) {
        records_reject_at(records, place->name, "file.interval", NULL);
        return;
    }
    series.symbol = reader.symbol;
    series.to_ms = records->fetched_at_ms - records->fetched_at_ms % (series.interval_s * 1000LL);
    records_set_series(records, &series);
    for (size_t i = 0; i < reader.row_count; i++)
        records_add_candle(records, reader.rows[i].line, &reader.rows[i].candle);
}

static bool
parse_piece(const struct answer *answer, struct batch *ret_batch, struct error *err)
{
    const struct payload *payload = answer->payload;
    struct csv_position place;
    struct records records;

    if (!csv_position_parse(payload->target, answer->arena, &place, err))
        return false;
    records_init(&records, payload, "line ", "", answer->arena);
    add_rows(payload, &place, &records);
    records_finish(&records, ret_batch);
    ret_batch->position = payload->target;
    ret_batch->more = true; /* only the folder knows that there is none */
    return true;
}

const struct source csv_source = {
    .name = "csv",
    .about = "CSV files of candles in a watched folder",
    .upstream = UPSTREAM_FOLDER,
    .base_url = NULL,
    .key_header = NULL,
    .budget_per_minute = 0,
    .kinds = {[JOB_HISTORY] = {.args = ARGS_NONE, .request = request_piece, .parse = parse_piece}},
    .classify = csv_classify,
};
