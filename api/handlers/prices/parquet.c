#include "api/handlers/prices/parquet.h"

#include "common/parquet.h"
#include "common/text.h"

#include <stdlib.h>
#include <string.h>

/* What the first walk finds of a column. */
struct extent {
    int32_t before, behind; /* digits, at most */
    bool is_text;           /* a value that is no number */
};

struct price_parquet {
    struct arena *arena; /* of what is not sent yet */
    const struct params *params;
    int64_t now_ms;
    struct price_reader reader;
    struct extent extents[PRICE_CELLS];
    struct parquet_writer *writer; /* NULL = the first walk */
    struct text out;
    size_t sent; /* of it */
    bool ended;
};

static const struct parquet_note notes[] = {
    {"tidemark.decimals", "exact: DECIMAL(38, s), s being the most digits behind the point that "
                          "the column has; text where "
                          "38 digits do not do"                         },
    {"tidemark.nulls",    "unknown, never zero"                                                  },
    {"tidemark.time",     "when a candle opens, when a tick was observed; UTC, half-open windows"},
};

struct price_parquet *
price_parquet_create(const struct params *params, int64_t now_ms)
{
    struct price_parquet *parquet = calloc(1, sizeof *parquet);

    if (!parquet)
        abort();
    parquet->arena = arena_create(64 * 1024);
    parquet->params = params;
    parquet->now_ms = now_ms;
    price_reader_start(&parquet->reader, params, now_ms);
    return parquet;
}

void
price_parquet_destroy(struct price_parquet *parquet)
{
    if (!parquet)
        return;
    price_reader_finish(&parquet->reader);
    parquet_writer_destroy(parquet->writer);
    arena_destroy(parquet->arena);
    free(parquet);
}

struct price_reader *
price_parquet_reader(struct price_parquet *parquet)
{
    return &parquet->reader;
}

/* --------------------------------------------------------------------------------- the first walk
 */

static void
measure(struct price_parquet *parquet, const struct bytes *cells)
{
    for (size_t i = 0; i < parquet->reader.columns.count; i++) {
        struct extent *extent = &parquet->extents[i];
        int32_t before, behind;

        if (!cells[i].data || parquet->reader.columns.members[i].kind == MEMBER_TEXT)
            continue;
        if (!parquet_digits(cells[i], &before, &behind)) {
            extent->is_text = true;
            continue;
        }
        if (before > extent->before)
            extent->before = before;
        if (behind > extent->behind)
            extent->behind = behind;
    }
}

static enum parquet_kind
kind_of(const struct member *member, const struct extent *extent)
{
    bool fits = extent->before + extent->behind <= PARQUET_DIGITS_MAX;

    switch (member->kind) {
    case MEMBER_MOMENT:
        return PARQUET_MOMENT;
    case MEMBER_TRUTH:
        return PARQUET_TRUTH;
    case MEMBER_DECIMAL:
        return extent->is_text || !fits ? PARQUET_TEXT : PARQUET_DECIMAL;
    case MEMBER_NUMBER:
        return extent->is_text || extent->behind > 0 || extent->before > 18 ? PARQUET_TEXT
                                                                            : PARQUET_INTEGER;
    case MEMBER_TEXT:
    case MEMBER_AGE:
    case MEMBER_STALE:
    case MEMBER_STATE:
        break;
    }
    return PARQUET_TEXT;
}

static bool
put_out(void *context, struct bytes piece, struct error *err)
{
    struct price_parquet *parquet = context;

    text_add(&parquet->out, piece.data, piece.size);
    return true;
}

static void
begin_writing(struct price_parquet *parquet)
{
    const struct price_columns *columns = &parquet->reader.columns;
    struct parquet_column types[PRICE_CELLS];

    for (size_t i = 0; i < columns->count; i++)
        types[i] = (struct parquet_column){columns->members[i].name,
                                           kind_of(&columns->members[i], &parquet->extents[i]),
                                           parquet->extents[i].behind};
    parquet->writer = parquet_writer_create(types, columns->count, put_out, parquet);
    price_reader_finish(&parquet->reader);
    price_reader_start(&parquet->reader, parquet->params, parquet->now_ms);
}

/* -------------------------------------------------------------------------------- the second walk
 */

static struct bytes
take_out(struct price_parquet *parquet, size_t bytes_max)
{
    struct bytes piece = {parquet->out.data + parquet->sent, parquet->out.size - parquet->sent};

    if (piece.size > bytes_max)
        piece.size = bytes_max;
    parquet->sent += piece.size;
    return piece;
}

static void
begin_out(struct price_parquet *parquet)
{
    arena_reset(parquet->arena);
    text_init(&parquet->out, parquet->arena, 1024);
    parquet->sent = 0;
}

bool
price_parquet_piece(struct price_parquet *parquet, size_t bytes_max, struct bytes *ret_piece,
                    struct error *err)
{
    const struct bytes *cells;

    if (parquet->sent == parquet->out.size && !parquet->ended)
        begin_out(parquet);
    while (parquet->out.size == 0 && price_reader_pull(&parquet->reader, &cells)) {
        if (!parquet->writer)
            measure(parquet, cells);
        else if (!parquet_writer_add(parquet->writer, cells, err))
            return false;
    }
    *ret_piece = take_out(parquet, bytes_max);
    return true;
}

bool
price_parquet_walked(struct price_parquet *parquet, bool *ret_ended, struct error *err)
{
    *ret_ended = parquet->ended;
    if (parquet->ended)
        return true;
    if (!parquet->writer) {
        begin_writing(parquet);
        return true;
    }
    parquet->ended = true;
    return parquet_writer_finish(parquet->writer, notes, COUNT_OF(notes), err);
}
