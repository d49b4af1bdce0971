#include "common/parquet.h"

#include "common/gzip.h"
#include "common/text.h"
#include "common/thrift.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

/* Numbers of parquet.thrift. */
enum { TYPE_BOOLEAN = 0, TYPE_INT64 = 2, TYPE_BYTE_ARRAY = 6, TYPE_FIXED = 7 };
enum { CONVERTED_UTF8 = 0, CONVERTED_DECIMAL = 5, CONVERTED_TIMESTAMP_MILLIS = 9 };
enum { LOGICAL_STRING = 1, LOGICAL_DECIMAL = 5, LOGICAL_TIMESTAMP = 8 };
enum { ENCODING_PLAIN = 0, ENCODING_RLE = 3, CODEC_GZIP = 2, OPTIONAL = 1, DATA_PAGE = 0 };

enum {
    DECIMAL_BYTES = 16,
    LEVEL_BYTES = PARQUET_PAGE_ROWS / 8,
    GZIP_LEVEL = 1, /* whoever writes has something else to do */
    ARENA_BYTES = 64 * 1024,
};

static const char magic[] = {'P', 'A', 'R', '1'};

static __int128 const decimal_max =
    (__int128)1000000000000000000 * 1000000000000000000 * 100; /* 10^38 */

/* A column of the page and of the group under way. */
struct chunk {
    struct text values;                /* of the page, PLAIN */
    unsigned char levels[LEVEL_BYTES]; /* a bit for each row: it has a value */
    size_t truths;                     /* of the page; BOOLEAN packs eight in a byte */
    struct text pages;                 /* of the group, packed, with their heads */
    int64_t plain_bytes;               /* of those, before packing */
};

/* What the end of the file says of one column of one group. */
struct chunk_place {
    int64_t offset, plain_bytes, packed_bytes;
};

struct group_place {
    struct group_place *next;
    int64_t rows;
    struct chunk_place chunks[];
};

struct parquet_writer {
    parquet_put *put;
    void *context;
    struct arena *arena;       /* of all that stays to the end */
    struct arena *group_arena; /* of the group */
    struct arena *page_arena;
    struct parquet_column *columns;
    struct chunk *chunks;
    size_t column_count;
    size_t page_rows, group_rows;
    int64_t rows, offset; /* bytes put so far */
    struct group_place *first, **end;
    size_t group_count;
};

/* ------------------------------------------------------------------------------------- decimals */

bool
parquet_digits(struct bytes decimal, int32_t *ret_before, int32_t *ret_behind)
{
    size_t at = decimal.size > 0 && *decimal.data == '-', first = at;
    const char *point = memchr(decimal.data, '.', decimal.size);
    size_t before = (point ? (size_t)(point - decimal.data) : decimal.size) - at;
    size_t behind = point ? decimal.size - (size_t)(point - decimal.data) - 1 : 0;

    for (; at < decimal.size; at++) {
        if (decimal.data + at != point && (decimal.data[at] < '0' || decimal.data[at] > '9'))
            return false;
    }
    if (before == 0 || (point && behind == 0))
        return false;
    while (before > 0 && decimal.data[first] == '0') {
        first++;
        before--;
    }
    if (before > 1000 || behind > 1000)
        return false;
    *ret_before = (int32_t)before;
    *ret_behind = (int32_t)behind;
    return true;
}

/* Times 10^scale, without a rest. */
static bool
read_decimal(struct bytes cell, int32_t scale, __int128 *ret_number)
{
    bool negative = cell.size > 0 && *cell.data == '-';
    int32_t before, behind;
    __int128 number = 0;

    if (!parquet_digits(cell, &before, &behind) || behind > scale ||
        before + scale > PARQUET_DIGITS_MAX)
        return false;
    for (size_t i = negative; i < cell.size; i++) {
        if (cell.data[i] != '.')
            number = number * 10 + (cell.data[i] - '0');
    }
    for (int32_t i = behind; i < scale; i++)
        number *= 10;
    assert(number < decimal_max);
    *ret_number = negative ? -number : number;
    return true;
}

static void
add_decimal(struct text *values, __int128 number)
{
    unsigned char bytes[DECIMAL_BYTES]; /* the highest first, two's complement */
    unsigned __int128 rest = (unsigned __int128)number;

    for (size_t i = DECIMAL_BYTES; i-- > 0; rest >>= 8)
        bytes[i] = (unsigned char)rest;
    text_add(values, bytes, sizeof bytes);
}

/* --------------------------------------------------------------------------------------- values */

/* The lowest first. */
static void
add_little_endian(struct text *text, uint64_t number, size_t size)
{
    for (size_t i = 0; i < size; i++, number >>= 8)
        text_add_char(text, (char)number);
}

static bool
read_integer(struct bytes cell, int64_t *ret_number)
{
    size_t at = cell.size > 0 && *cell.data == '-';
    bool negative = at > 0;
    int64_t number = 0;

    if (cell.size == at || cell.size - at > 18)
        return false;
    for (; at < cell.size; at++) {
        if (cell.data[at] < '0' || cell.data[at] > '9')
            return false;
        number = number * 10 + (cell.data[at] - '0');
    }
    *ret_number = negative ? -number : number;
    return true;
}

static void
add_truth(struct chunk *chunk, bool truth)
{
    unsigned bit = chunk->truths++ % 8;

    if (bit == 0)
        text_add_char(&chunk->values, 0);
    if (truth)
        chunk->values.data[chunk->values.size - 1] |= (char)(1u << bit);
}

static bool
add_value(const struct parquet_column *column, struct chunk *chunk, struct bytes cell)
{
    __int128 decimal;
    int64_t integer;

    switch (column->kind) {
    case PARQUET_TEXT:
        add_little_endian(&chunk->values, cell.size, 4);
        text_add(&chunk->values, cell.data, cell.size);
        return true;
    case PARQUET_INTEGER:
    case PARQUET_MOMENT:
        if (!read_integer(cell, &integer))
            return false;
        add_little_endian(&chunk->values, (uint64_t)integer, 8);
        return true;
    case PARQUET_TRUTH:
        add_truth(chunk, cell.size > 0 && *cell.data == 't');
        return true;
    case PARQUET_DECIMAL:
        if (!read_decimal(cell, column->scale, &decimal))
            return false;
        add_decimal(&chunk->values, decimal);
        return true;
    }
    return false;
}

/* ------------------------------------------------------------------------------- pages and groups
 */

static void
begin_page(struct parquet_writer *writer)
{
    arena_reset(writer->page_arena);
    writer->page_rows = 0;
    for (size_t i = 0; i < writer->column_count; i++) {
        struct chunk *chunk = &writer->chunks[i];

        text_init(&chunk->values, writer->page_arena, 16 * PARQUET_PAGE_ROWS);
        memset(chunk->levels, 0, sizeof chunk->levels);
        chunk->truths = 0;
    }
}

static void
begin_group(struct parquet_writer *writer)
{
    arena_reset(writer->group_arena);
    writer->group_rows = 0;
    for (size_t i = 0; i < writer->column_count; i++) {
        text_init(&writer->chunks[i].pages, writer->group_arena, 4096);
        writer->chunks[i].plain_bytes = 0;
    }
    begin_page(writer);
}

/*
 * Which rows have a value: definition levels of one bit, as one bit-packed run of the RLE hybrid,
 * with its length in front.
 */
static void
add_levels(struct text *page, const struct chunk *chunk, size_t rows)
{
    struct text run;
    size_t groups = (rows + 7) / 8;
    uint64_t header = (uint64_t)groups << 1 | 1;

    text_init(&run, page->arena, LEVEL_BYTES + 16);
    for (; header >= 0x80; header >>= 7)
        text_add_char(&run, (char)(header | 0x80));
    text_add_char(&run, (char)header);
    text_add(&run, chunk->levels, groups);
    add_little_endian(page, run.size, 4);
    text_add(page, run.data, run.size);
}

static void
add_page_head(struct text *text, size_t rows, size_t plain_bytes, size_t packed_bytes)
{
    struct thrift thrift;

    thrift_start(&thrift, text);
    thrift_int32(&thrift, 1, DATA_PAGE);
    thrift_int32(&thrift, 2, (int32_t)plain_bytes);
    thrift_int32(&thrift, 3, (int32_t)packed_bytes);
    thrift_open(&thrift, 5);
    thrift_int32(&thrift, 1, (int32_t)rows);
    thrift_int32(&thrift, 2, ENCODING_PLAIN);
    thrift_int32(&thrift, 3, ENCODING_RLE);
    thrift_int32(&thrift, 4, ENCODING_RLE);
    thrift_close(&thrift);
    thrift_close(&thrift);
}

static void
end_page(struct parquet_writer *writer)
{
    if (writer->page_rows == 0)
        return;
    for (size_t i = 0; i < writer->column_count; i++) {
        struct chunk *chunk = &writer->chunks[i];
        size_t before = chunk->pages.size;
        struct text page;
        struct bytes packed;

        text_init(&page, writer->page_arena, chunk->values.size + LEVEL_BYTES + 16);
        add_levels(&page, chunk, writer->page_rows);
        text_add(&page, chunk->values.data, chunk->values.size);
        packed =
            gzip_compress(writer->page_arena, (struct bytes){page.data, page.size}, GZIP_LEVEL);
        add_page_head(&chunk->pages, writer->page_rows, page.size, packed.size);
        chunk->plain_bytes += (int64_t)(chunk->pages.size - before + page.size);
        text_add(&chunk->pages, packed.data, packed.size);
    }
    begin_page(writer);
}

static bool
put(struct parquet_writer *writer, const void *data, size_t size, struct error *err)
{
    writer->offset += (int64_t)size;
    return size == 0 || writer->put(writer->context, (struct bytes){data, size}, err);
}

static bool
put_start(struct parquet_writer *writer, struct error *err)
{
    return writer->offset > 0 || put(writer, magic, sizeof magic, err);
}

static bool
end_group(struct parquet_writer *writer, struct error *err)
{
    struct group_place *place;

    end_page(writer);
    if (writer->group_rows == 0)
        return true;
    place =
        arena_alloc(writer->arena, sizeof *place + writer->column_count * sizeof *place->chunks);
    place->next = NULL;
    place->rows = (int64_t)writer->group_rows;
    for (size_t i = 0; i < writer->column_count; i++) {
        const struct chunk *chunk = &writer->chunks[i];

        place->chunks[i] =
            (struct chunk_place){writer->offset, chunk->plain_bytes, (int64_t)chunk->pages.size};
        if (!put(writer, chunk->pages.data, chunk->pages.size, err))
            return false;
    }
    *writer->end = place;
    writer->end = &place->next;
    writer->group_count++;
    begin_group(writer);
    return true;
}

bool
parquet_writer_add(struct parquet_writer *writer, const struct bytes *cells, struct error *err)
{
    size_t row = writer->page_rows;

    if (!put_start(writer, err))
        return false;
    for (size_t i = 0; i < writer->column_count; i++) {
        struct chunk *chunk = &writer->chunks[i];

        if (!cells[i].data)
            continue;
        if (!add_value(&writer->columns[i], chunk, cells[i]))
            return error_set(err, ERROR_REJECT, "parquet.value",
                             "%s: \"%.*s\" is not of its column", writer->columns[i].name,
                             (int)(cells[i].size < 100 ? cells[i].size : 100), cells[i].data);
        chunk->levels[row / 8] |= (unsigned char)(1u << row % 8);
    }
    writer->rows++;
    writer->group_rows++;
    if (++writer->page_rows == PARQUET_PAGE_ROWS)
        end_page(writer);
    return writer->group_rows < PARQUET_GROUP_ROWS || end_group(writer, err);
}

/* ------------------------------------------------------------------------------- the end of the
 * file */

static int32_t
physical_type(enum parquet_kind kind)
{
    switch (kind) {
    case PARQUET_TEXT:
        return TYPE_BYTE_ARRAY;
    case PARQUET_INTEGER:
    case PARQUET_MOMENT:
        return TYPE_INT64;
    case PARQUET_TRUTH:
        return TYPE_BOOLEAN;
    case PARQUET_DECIMAL:
        return TYPE_FIXED;
    }
    return TYPE_BYTE_ARRAY;
}

/* Both ways of saying it: readers of before 2018 know the converted types only. */
static void
add_meaning(struct thrift *thrift, const struct parquet_column *column)
{
    switch (column->kind) {
    case PARQUET_TEXT:
        thrift_int32(thrift, 6, CONVERTED_UTF8);
        thrift_open(thrift, 10);
        thrift_open(thrift, LOGICAL_STRING);
        break;
    case PARQUET_MOMENT:
        thrift_int32(thrift, 6, CONVERTED_TIMESTAMP_MILLIS);
        thrift_open(thrift, 10);
        thrift_open(thrift, LOGICAL_TIMESTAMP);
        thrift_truth(thrift, 1, true); /* UTC */
        thrift_open(thrift, 2);
        thrift_open(thrift, 1); /* milliseconds */
        thrift_close(thrift);
        thrift_close(thrift);
        break;
    case PARQUET_DECIMAL:
        thrift_int32(thrift, 6, CONVERTED_DECIMAL);
        thrift_int32(thrift, 7, column->scale);
        thrift_int32(thrift, 8, PARQUET_DIGITS_MAX);
        thrift_open(thrift, 10);
        thrift_open(thrift, LOGICAL_DECIMAL);
        thrift_int32(thrift, 1, column->scale);
        thrift_int32(thrift, 2, PARQUET_DIGITS_MAX);
        break;
    case PARQUET_INTEGER:
    case PARQUET_TRUTH:
        return;
    }
    thrift_close(thrift);
    thrift_close(thrift);
}

static void
add_schema(struct thrift *thrift, const struct parquet_writer *writer)
{
    thrift_list(thrift, 2, THRIFT_STRUCT, writer->column_count + 1);
    thrift_element_open(thrift);
    thrift_text(thrift, 4, "schema");
    thrift_int32(thrift, 5, (int32_t)writer->column_count);
    thrift_close(thrift);
    for (size_t i = 0; i < writer->column_count; i++) {
        const struct parquet_column *column = &writer->columns[i];

        thrift_element_open(thrift);
        thrift_int32(thrift, 1, physical_type(column->kind));
        if (column->kind == PARQUET_DECIMAL)
            thrift_int32(thrift, 2, DECIMAL_BYTES);
        thrift_int32(thrift, 3, OPTIONAL);
        thrift_text(thrift, 4, column->name);
        add_meaning(thrift, column);
        thrift_close(thrift);
    }
}

static void
add_chunk(struct thrift *thrift, const struct parquet_column *column,
          const struct chunk_place *place, int64_t rows)
{
    thrift_element_open(thrift);
    thrift_int64(thrift, 2, place->offset);
    thrift_open(thrift, 3);
    thrift_int32(thrift, 1, physical_type(column->kind));
    thrift_list(thrift, 2, THRIFT_INTEGER, 2);
    thrift_element_int32(thrift, ENCODING_PLAIN);
    thrift_element_int32(thrift, ENCODING_RLE);
    thrift_list(thrift, 3, THRIFT_TEXT, 1);
    thrift_element_text(thrift, column->name);
    thrift_int32(thrift, 4, CODEC_GZIP);
    thrift_int64(thrift, 5, rows);
    thrift_int64(thrift, 6, place->plain_bytes);
    thrift_int64(thrift, 7, place->packed_bytes);
    thrift_int64(thrift, 9, place->offset);
    thrift_close(thrift);
    thrift_close(thrift);
}

static void
add_groups(struct thrift *thrift, const struct parquet_writer *writer)
{
    thrift_list(thrift, 4, THRIFT_STRUCT, writer->group_count);
    for (const struct group_place *group = writer->first; group; group = group->next) {
        int64_t plain_bytes = 0;

        thrift_element_open(thrift);
        thrift_list(thrift, 1, THRIFT_STRUCT, writer->column_count);
        for (size_t i = 0; i < writer->column_count; i++) {
            add_chunk(thrift, &writer->columns[i], &group->chunks[i], group->rows);
            plain_bytes += group->chunks[i].plain_bytes;
        }
        thrift_int64(thrift, 2, plain_bytes);
        thrift_int64(thrift, 3, group->rows);
        thrift_close(thrift);
    }
}

static void
add_notes(struct thrift *thrift, const struct parquet_note *notes, size_t count)
{
    if (count == 0)
        return;
    thrift_list(thrift, 5, THRIFT_STRUCT, count);
    for (size_t i = 0; i < count; i++) {
        thrift_element_open(thrift);
        thrift_text(thrift, 1, notes[i].key);
        thrift_text(thrift, 2, notes[i].value);
        thrift_close(thrift);
    }
}

bool
parquet_writer_finish(struct parquet_writer *writer, const struct parquet_note *notes,
                      size_t note_count, struct error *err)
{
    struct thrift thrift;
    struct text end;
    size_t size;

    if (!put_start(writer, err) || !end_group(writer, err))
        return false;
    text_init(&end, writer->group_arena, 4096);
    thrift_start(&thrift, &end);
    thrift_int32(&thrift, 1, 1);
    add_schema(&thrift, writer);
    thrift_int64(&thrift, 3, writer->rows);
    add_groups(&thrift, writer);
    add_notes(&thrift, notes, note_count);
    thrift_text(&thrift, 6, "tidemark " TIDEMARK_VERSION);
    thrift_close(&thrift);
    size = end.size;
    add_little_endian(&end, size, 4);
    text_add(&end, magic, sizeof magic);
    return put(writer, end.data, end.size, err);
}

/* ------------------------------------------------------------------------------------- its life */

struct parquet_writer *
parquet_writer_create(const struct parquet_column *columns, size_t count, parquet_put *put_piece,
                      void *context)
{
    struct arena *arena = arena_create(ARENA_BYTES);
    struct parquet_writer *writer = arena_alloc(arena, sizeof *writer);

    assert(count > 0 && count <= PARQUET_COLUMNS_MAX);
    memset(writer, 0, sizeof *writer);
    writer->put = put_piece;
    writer->context = context;
    writer->arena = arena;
    writer->group_arena = arena_create(ARENA_BYTES);
    writer->page_arena = arena_create(ARENA_BYTES);
    writer->columns = arena_alloc_array(arena, count, sizeof *columns);
    memcpy(writer->columns, columns, count * sizeof *columns);
    writer->chunks = arena_alloc_array(arena, count, sizeof *writer->chunks);
    writer->column_count = count;
    writer->end = &writer->first;
    begin_group(writer);
    return writer;
}

void
parquet_writer_destroy(struct parquet_writer *writer)
{
    if (!writer)
        return;
    arena_destroy(writer->page_arena);
    arena_destroy(writer->group_arena);
    arena_destroy(writer->arena); /* it lies there */
}
