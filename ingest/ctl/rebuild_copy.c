#include "ingest/ctl/rebuild_copy.h"

#include "schema/queries.h"

enum { PIECE_BYTES = 256 * 1024 };

/* In the order in which they refer to each other. */
static const struct {
    const struct query *out, *in;
} copied[] = {
    {&query_rebuild_sources_out,     &query_rebuild_sources_in    },
    {&query_rebuild_quotes_out,      &query_rebuild_quotes_in     },
    {&query_rebuild_assets_out,      &query_rebuild_assets_in     },
    {&query_rebuild_instruments_out, &query_rebuild_instruments_in},
    {&query_rebuild_coins_out,       &query_rebuild_coins_in      },
    {&query_rebuild_references_out,  &query_rebuild_references_in },
    {&query_rebuild_schedules_out,   &query_rebuild_schedules_in  },
    {&query_rebuild_runs_out,        &query_rebuild_runs_in       },
    {&query_rebuild_archives_out,    &query_rebuild_archives_in   },
    {&query_rebuild_checkpoints_out, &query_rebuild_checkpoints_in},
};

/* Rows on their way from one database into another. */
struct pipe {
    struct database *to;
    const struct query *in;
    struct text piece;
    struct arena *arena;
};

static bool
pass_on(struct pipe *pipe, struct error *err)
{
    bool taken =
        pipe->piece.size == 0 ||
        database_copy(pipe->to, pipe->in, (struct bytes){pipe->piece.data, pipe->piece.size}, err);

    arena_reset(pipe->arena);
    text_init(&pipe->piece, pipe->arena, PIECE_BYTES);
    return taken;
}

static bool
collect(void *context, struct bytes row, struct error *err)
{
    struct pipe *pipe = context;

    text_add(&pipe->piece, row.data, row.size);
    return pipe->piece.size < PIECE_BYTES || pass_on(pipe, err);
}

static bool
copy_table(struct database *from, struct database *to, const struct query *out,
           const struct query *in, struct error *err)
{
    struct arena *arena = arena_create(2 * PIECE_BYTES);
    struct pipe pipe = {.to = to, .in = in, .arena = arena};
    bool copied_all;

    text_init(&pipe.piece, arena, PIECE_BYTES);
    copied_all = database_copy_out(from, out, collect, &pipe, err) && pass_on(&pipe, err);
    arena_destroy(arena);
    return copied_all || error_prefix(err, "%s", in->name);
}

static bool
copy_all(struct database *from, struct database *to, struct arena *arena, struct error *err)
{
    if (!database_run(to, &query_rebuild_clear_sources, SQL_NO_VALUES, arena, NULL, err) ||
        !database_run(to, &query_rebuild_clear_quotes, SQL_NO_VALUES, arena, NULL, err))
        return false;
    for (size_t i = 0; i < COUNT_OF(copied); i++)
        if (!copy_table(from, to, copied[i].out, copied[i].in, err))
            return false;
    return true;
}

bool
rebuild_copy(struct database *from, struct database *to, struct arena *arena, struct error *err)
{
    if (!database_begin(to, err))
        return false;
    if (copy_all(from, to, arena, err) && database_commit(to, err))
        return true;
    database_rollback(to);
    return false;
}
