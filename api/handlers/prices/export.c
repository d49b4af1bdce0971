#include "api/handlers/prices/export.h"

#include "api/answer/formats.h"
#include "api/answer/outflow.h"
#include "api/handlers/prices/parquet.h"
#include "api/handlers/prices/reader.h"
#include "api/thread.h"
#include "common/clock.h"

#include <event2/event.h>
#include <stdlib.h>
#include <string.h>

enum {
    BATCH_ROWS = 2000,
    BATCH_ROWS_MIN = 100,
    PIECE_BYTES = 32 * 1024,
    PIECE_ROOM = 40 * 1024, /* a row more */
    PIECES_A_TURN = 2,      /* of the loop, in which others wait meanwhile */
    RETRIES_MAX = 12,
    RETRY_MIN_MS = 100,
    RETRY_MAX_MS = 5000,
    LONGEST_MS = 3600 * 1000,
};

struct export
{
    struct outflow_maker maker; /* of just this one */
    struct outflow *outflow;    /* NULL before it is made for the first time */
    struct thread *thread;
    struct arena *arena; /* of this, the parameters and the head */
    struct arena *batch; /* of the question under way and its answer */
    struct arena *piece;
    struct params params;
    struct price_reader reader;
    struct price_parquet *parquet; /* instead of it; NULL = another form */
    struct price_question question;
    size_t batch_rows;
    struct event *again; /* what is left is gone on with then */
    int32_t retries;     /* of this question */
    bool asking, making, has_head;
    bool failed, gone; /* nothing is asked any more; nobody is there any more */
    int64_t end_at_ms; /* monotonic */
    uint64_t rows;
};

static void
destroy(void *context)
{
    struct export *export = context;

    if (export->asking) {
        export->gone = true; /* the answer has nowhere else to go */
        return;
    }
    event_free(export->again);
    if (!export->parquet)
        price_reader_finish(&export->reader);
    price_parquet_destroy(export->parquet);
    arena_destroy(export->batch);
    arena_destroy(export->piece);
    arena_destroy(export->arena); /* it lies there */
}

static struct price_reader *
reader_of(struct export *export)
{
    return export->parquet ? price_parquet_reader(export->parquet) : &export->reader;
}

/* -------------------------------------------------------------------------------------- asking */

static int64_t
retry_ms(int32_t retries)
{
    int64_t wait_ms = (int64_t)RETRY_MIN_MS << (retries < 8 ? retries : 8);

    return wait_ms < RETRY_MAX_MS ? wait_ms : RETRY_MAX_MS;
}

/*
 * What a client has not seen the beginning of yet fails at once. Else only trouble that lasts cuts
 * it off; a batch that took too long is asked for in smaller ones.
 */
static void
take_failure(struct export *export, const struct error *err)
{
    int64_t wait_ms = retry_ms(export->retries);
    struct timeval wait = {wait_ms / 1000, wait_ms % 1000 * 1000};
    struct problem problem;

    if (export->has_head && err->kind == ERROR_RETRY && export->retries++ < RETRIES_MAX) {
        if (strcmp(err->code, "database.timeout") == 0 && export->batch_rows > BATCH_ROWS_MIN)
            export->batch_rows /= 2;
        event_add(export->again, &wait);
        return;
    }
    problem_of_database(&problem, err);
    problem.retry_after_s = 1;
    export->failed = true;
    outflow_fail(export->outflow, &problem); /* this may be gone */
}

static void
on_answer(void *context, const struct rows *rows, const struct error *err)
{
    struct export *export = context;

    export->asking = false;
    if (export->gone) {
        destroy(export);
        return;
    }
    if (rows) {
        export->retries = 0;
        price_reader_take(reader_of(export), &export->question, rows);
        if (!export->making)
            outflow_resume(export->outflow);
    } else {
        take_failure(export, err);
    }
}

/* False at the end. */
static bool
ask(struct export *export)
{
    arena_reset(export->batch);
    if (!price_reader_next(reader_of(export), export->batch_rows, export->batch, &export->question))
        return false;
    export->asking = true;
    pool_query(export->thread->pool, POOL_BEGINS, export->question.query, export->question.values,
               export->question.value_count, export->batch, on_answer, export);
    return true;
}

static void
on_again(evutil_socket_t fd, short events, void *context)
{
    struct export *export = context;

    outflow_resume(export->outflow);
}

/* -------------------------------------------------------------------------------------- making */

static void
add_head(struct export *export, struct text *text)
{
    const struct price_columns *columns = &export->reader.columns;

    if (!export->has_head && formats_of(&export->params) == FORMAT_CSV)
        members_add_names(text, columns->members, columns->count);
    export->has_head = true;
}

/* The rows at hand, as far as a piece takes them. */
static struct bytes
make_piece(struct export *export)
{
    const struct price_columns *columns = &export->reader.columns;
    enum members_form form = members_form_of(&export->params);
    bool lines = formats_of(&export->params) == FORMAT_NDJSON;
    const struct bytes *cells;
    struct text text;

    arena_reset(export->piece);
    text_init(&text, export->piece, PIECE_ROOM);
    while (text.size < PIECE_BYTES && price_reader_pull(&export->reader, &cells)) {
        add_head(export, &text);
        members_add_cells(&text, form, columns->members, columns->count, cells);
        if (lines)
            text_add_char(&text, '\n');
        export->rows++;
    }
    return text_finish(&text);
}

/* Also of nothing there is a head. */
static void
make_end(struct export *export)
{
    struct bytes piece;
    struct text text;

    arena_reset(export->piece);
    text_init(&text, export->piece, 1024);
    add_head(export, &text);
    piece = text_finish(&text);
    if (piece.size > 0)
        outflow_add(export->outflow, piece);
    outflow_end(export->outflow);
}

static void
fail(struct export *export, const char *code, const char *detail)
{
    struct problem problem;

    problem_set(&problem, 503, code, "The answer could not be finished", "%s", detail);
    export->failed = true;
    outflow_fail(export->outflow, &problem);
}

/* The first walk sends nothing, so that it has begun is said as soon as the database answers. */
static bool
make_parquet_piece(struct export *export, struct bytes *ret_piece)
{
    struct error err;

    if (price_parquet_piece(export->parquet, PIECE_BYTES, ret_piece, &err)) {
        if (!export->has_head && price_walk_has_answer(&reader_of(export)->walk)) {
            export->has_head = true;
            outflow_begin(export->outflow);
        }
        return true;
    }
    fail(export, err.code, err.message);
    return false;
}

/* False: there is more to make. */
static bool
is_over(struct export *export)
{
    struct error err;
    bool ended;

    if (!export->parquet) {
        make_end(export);
        return true;
    }
    if (!price_parquet_walked(export->parquet, &ended, &err)) {
        fail(export, err.code, err.message);
        return true;
    }
    if (ended)
        outflow_end(export->outflow);
    return ended;
}

static void
make_all(struct export *export)
{
    const struct timeval at_once = {0, 0};
    int32_t pieces = 0;

    while (!export->asking && !export->failed && !event_pending(export->again, EV_TIMEOUT, NULL)) {
        struct bytes piece;

        if (!export->parquet)
            piece = make_piece(export);
        else if (!make_parquet_piece(export, &piece))
            return;
        if (piece.size > 0) {
            if (!outflow_add(export->outflow, piece))
                return;
            if (++pieces == PIECES_A_TURN)
                event_add(export->again, &at_once);
        } else if (clock_monotonic_ms() > export->end_at_ms) {
            fail(export, "export.too_long", "no client may take longer than an hour");
        } else if (!ask(export) && is_over(export)) {
            return;
        }
    }
}

static void
make(void *context, struct outflow *outflow)
{
    struct export *export = context;

    export->outflow = outflow;
    export->making = true;
    make_all(export);
    export->making = false;
}

/* -------------------------------------------------------------------------------------- starting
 */

/* "bitcoin-usd-1h.csv": slugs, codes and choices have no character that would need a quote. */
static const char *
file_head(const struct params *params, struct arena *arena)
{
    const struct param_value *symbol = price_param(params, "symbol");
    const struct param_value *currency = price_param(params, "currency");
    enum format format = formats_of(params);

    if (!symbol)
        symbol = currency = NULL;
    return arena_printf(arena, "Content-Disposition: attachment; filename=\"%s%s%s-%s.%s\"\r\n",
                        symbol ? symbol->text : "prices", currency ? "-" : "",
                        currency ? currency->text : "", params_get(params, "granularity")->text,
                        format == FORMAT_CSV       ? "csv"
                        : format == FORMAT_PARQUET ? "parquet"
                                                   : "ndjson");
}

void
price_export_start(struct request *request)
{
    struct arena *arena = arena_create(8192);
    struct export *export = arena_alloc(arena, sizeof *export);

    memset(export, 0, sizeof *export);
    export->arena = arena;
    export->batch = arena_create(64 * 1024);
    export->piece = arena_create(PIECE_ROOM + 1024);
    export->thread = request->thread;
    params_copy(&request->params, arena, &export->params);
    if (formats_of(&export->params) == FORMAT_PARQUET)
        export->parquet = price_parquet_create(&export->params, clock_now_ms());
    else
        price_reader_start(&export->reader, &export->params, clock_now_ms());
    export->batch_rows = BATCH_ROWS;
    export->again = evtimer_new(request->thread->base, on_again, export);
    export->end_at_ms = clock_monotonic_ms() + LONGEST_MS;
    export->maker = (struct outflow_maker){
        .make = make,
        .destroy = destroy,
        .content_type = formats_content_type(formats_of(&export->params)),
        .is_packed = export->parquet != NULL,
        .head = file_head(&export->params, arena),
    };
    outflow_start(request, &export->maker, export);
}
