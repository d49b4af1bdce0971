#include "unit/ingest/sources/recordings.h"

#include <fts.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static int
by_name(const FTSENT **a, const FTSENT **b)
{
    return strcmp((*a)->fts_name, (*b)->fts_name);
}

static size_t
visit_folder(const char *folder, struct arena *arena,
             void (*visit)(const struct recording *recording, void *context), void *context)
{
    char *roots[] = {arena_string(arena, folder), NULL};
    FTS *tree = fts_open(roots, FTS_NOCHDIR | FTS_LOGICAL, by_name);
    size_t count = 0;
    FTSENT *entry;

    while (tree && (entry = fts_read(tree))) {
        struct recording recording = {.name = arena_string(arena, entry->fts_path)};

        recording.name += strlen(folder) + (entry->fts_pathlen > strlen(folder));
        if (entry->fts_info != FTS_F)
            continue;
        recording.body = feed_read_file(entry->fts_path, arena);
        if (!feed_guess(recording.name, recording.body, arena, &recording.feed))
            continue;
        visit(&recording, context);
        count++;
    }
    if (tree)
        fts_close(tree);
    return count;
}

size_t
recordings_visit(struct arena *arena,
                 void (*visit)(const struct recording *recording, void *context), void *context)
{
    const char *more = getenv("TIDEMARK_RECORDED");
    size_t count = visit_folder(RECORDED_FOLDER, arena, visit, context);

    if (more && more[0])
        count += visit_folder(more, arena, visit, context);
    return count;
}
