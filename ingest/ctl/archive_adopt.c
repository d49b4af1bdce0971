/* Archives whose database is lost: their manifests are read, and this database knows them. */
#include "ingest/ctl/archive_work.h"
#include "ingest/ctl/nouns.h"

#include <stdlib.h>
#include <string.h>

static const char manifest_ending[] = ".json", data_ending[] = ".csv.gz";

/* One of the depot's manifests. */
struct found {
    const char *name; /* "ticks/ticks_20261021-0123456789abcdef.json" */
    struct manifest manifest;
};

struct finding {
    struct arena *arena;
    struct found *found;
    size_t count, room;
};

static bool
ends_with(const char *text, const char *ending)
{
    size_t length = strlen(text);

    return length > strlen(ending) && strcmp(text + length - strlen(ending), ending) == 0;
}

static bool
note_name(void *context, const char *name, struct error *err)
{
    struct finding *finding = context;

    if (!ends_with(name, manifest_ending))
        return true;
    if (finding->count == finding->room) {
        size_t room = finding->room ? 2 * finding->room : 64;

        finding->found =
            arena_grow(finding->arena, finding->found, finding->room * sizeof *finding->found,
                       room * sizeof *finding->found);
        finding->room = room;
    }
    finding->found[finding->count++] = (struct found){.name = arena_string(finding->arena, name)};
    return true;
}

/* Those that cannot be read are said to be damaged, and are left out from here on. */
static bool
read_manifests(struct archive_job *job, struct finding *finding, struct table *table,
               bool *ret_whole, struct error *err)
{
    size_t read = 0;

    for (size_t i = 0; i < finding->count; i++) {
        struct found found = finding->found[i];

        archive_job_name(job, "read", found.name);
        if (archive_read_manifest(&job->work, found.name, &found.manifest, err)) {
            finding->found[read++] = found;
        } else if (err->kind != ERROR_REJECT) {
            return false;
        } else {
            *ret_whole = false;
            found.manifest = (struct manifest){.partition = found.name};
            archive_table_add(table, &found.manifest, "damaged", found.name,
                              arena_string(finding->arena, err->message));
        }
    }
    finding->count = read;
    return true;
}

/* Of two archives of a partition the last one counts. */
static int
compare_made(const void *a, const void *b)
{
    const struct found *left = a, *right = b;
    int64_t by_ms = left->manifest.made_at_ms - right->manifest.made_at_ms;

    return by_ms != 0 ? (by_ms > 0) - (by_ms < 0) : strcmp(left->name, right->name);
}

static bool
adopt_one(struct archive_job *job, const struct found *found, struct table *table, bool *ret_whole,
          struct error *err)
{
    struct arena *arena = job->work.arena;
    const char *outcome, *location;
    int stem = (int)(strlen(found->name) - strlen(manifest_ending));

    location = depot_location(job->work.depot,
                              arena_printf(arena, "%.*s%s", stem, found->name, data_ending), arena);
    archive_job_name(job, "adopt", found->manifest.partition);
    if (archive_adopt(&job->work, &found->manifest, location, &outcome, err)) {
        archive_table_add(table, &found->manifest, outcome, location, NULL);
        return true;
    }
    *ret_whole = false;
    archive_table_add(table, &found->manifest, "refused", location,
                      arena_string(arena, err->message));
    return err->kind == ERROR_REJECT;
}

bool
archive_adopt_run(const struct call *call, struct error *err)
{
    struct finding finding = {.arena = call->arena};
    struct archive_job job;
    struct table table;
    bool whole = true, done;

    archive_table_init(&table, call->arena);
    done = archive_job_begin(&job, call, err) &&
           depot_list(job.work.depot, note_name, &finding, &job.work.company, err) &&
           read_manifests(&job, &finding, &table, &whole, err);
    if (done && finding.count > 0)
        qsort(finding.found, finding.count, sizeof *finding.found, compare_made);
    for (size_t i = 0; done && i < finding.count; i++)
        done = adopt_one(&job, &finding.found[i], &table, &whole, err);
    archive_job_finish(&job);
    table_print(&table, call->json);
    if (done && !whole)
        return error_set(err, ERROR_REJECT, "archive.refused", "not all of them were taken on");
    return done;
}
