/*
 * Walks a folder of recorded answers, laid out as tests/recorded is, feeds each to its source and
 * prints what came out: rows, rejects with their reasons, or the error.
 *
 *     TIDEMARK_RECORDED=<folder> build/tests/unit/ingest/sources/recorded_report
 *
 * A file that answers nothing we ask for is a line "error: unsupported". Exit code 1 if there are
 * no files.
 */
#include "unit/ingest/sources/feed.h"

#include <fts.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char *
verdict_name(enum verdict verdict)
{
    static const char *const names[] = {"ok", "limited", "transient", "permanent"};

    return names[verdict];
}

/* "time.off_grid 240, price.missing 3" of the rejects that were kept. */
static void
print_reasons(const struct batch *batch)
{
    for (size_t i = 0; i < batch->reject_count; i++) {
        size_t same = 0, before = 0;

        for (size_t k = 0; k < batch->reject_count; k++) {
            bool equal = strcmp(batch->rejects[k].reason, batch->rejects[i].reason) == 0;

            same += equal;
            before += equal && k < i;
        }
        if (before == 0)
            printf("; %s x%zu, first at %s (%s)", batch->rejects[i].reason, same,
                   batch->rejects[i].where, batch->rejects[i].excerpt);
    }
}

static void
report_file(const char *folder, const char *name, struct arena *arena)
{
    struct bytes body = feed_read_file(arena_printf(arena, "%s/%s", folder, name), arena);
    struct feed feed;
    struct fed fed;

    printf("%-70s ", name);
    if (!body.data) {
        printf("error: cannot be read\n");
    } else if (!feed_guess(name, body, arena, &feed)) {
        printf("error: unsupported: %s\n", feed.source && source_find(feed.source)
                                               ? "no request of this source has such an answer"
                                               : "no such source");
    } else {
        fed = feed_body(&feed, body, arena);
        if (!fed.parsed) {
            printf("%s: %s: %s\n", verdict_name(fed.verdict), fed.err.code, fed.err.message);
            return;
        }
        printf("ticks %zu, listings %zu, references %zu, candles %zu", fed.batch.tick_count,
               fed.batch.listing_count, fed.batch.reference_count, fed.batch.candle_count);
        if (fed.batch.candle_count)
            printf(" of %s/%d", fed.batch.candle_symbol, (int)fed.batch.candle_interval_s);
        printf(", rejected %zu", fed.batch.rejected);
        print_reasons(&fed.batch);
        printf("\n");
    }
}

static int
by_name(const FTSENT **left, const FTSENT **right)
{
    return strcmp((*left)->fts_name, (*right)->fts_name);
}

int
main(void)
{
    char *folder = getenv("TIDEMARK_RECORDED") ? getenv("TIDEMARK_RECORDED") : RECORDED_FOLDER;
    char *folders[] = {folder, NULL};
    FTS *walk = fts_open(folders, FTS_PHYSICAL | FTS_NOCHDIR, by_name);
    struct arena *arena = arena_create(1 << 20);
    size_t files = 0;
    FTSENT *entry;

    while (walk && (entry = fts_read(walk))) {
        if (entry->fts_info != FTS_F || strstr(entry->fts_name, ".md"))
            continue;
        report_file(folder, entry->fts_path + strlen(folder) + 1, arena);
        arena_reset(arena);
        files++;
    }
    if (walk)
        fts_close(walk);
    arena_destroy(arena);
    return files == 0;
}
