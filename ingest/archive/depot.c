#include "ingest/archive/depot.h"

#include "ingest/archive/depot_kinds.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

struct depot {
    const struct depot_kind *kind;
    void *place; /* the kind's own */
    char *url;   /* without a slash at its end */
    char *spool; /* folder */
    bool drafts_have_names;
};

struct draft {
    struct depot *depot;
    int fd;
    char *path; /* NULL = none */
    int64_t size;
};

static void *
require(void *memory)
{
    if (!memory)
        abort(); /* like an arena: no memory ends the process */
    return memory;
}

bool
archive_company_serve(const struct archive_company *company, int64_t done, int64_t total,
                      struct error *err)
{
    if (company->stops && company->stops(company->context))
        return error_set(err, ERROR_RETRY, "archive.stopped", "stopped in the middle of it");
    if (company->serve)
        company->serve(company->context, done, total);
    return true;
}

/* ---- open ---- */

static const char *
after(const char *text, const char *beginning)
{
    size_t length = strlen(beginning);

    return strncmp(text, beginning, length) == 0 ? text + length : NULL;
}

static void *
open_place(struct depot *depot, const struct archive_options *options, struct error *err)
{
    const char *folder = after(depot->url, "file://"), *bucket = after(depot->url, "s3://");

    if (folder && folder[0] == '/') {
        depot->kind = &depot_folder;
        depot->drafts_have_names = true;
        return depot_folder_open(folder, err);
    }
    if (bucket && bucket[0] != '\0') {
        depot->kind = &depot_s3;
        return depot_s3_open(bucket, options, err);
    }
    error_set(err, ERROR_FATAL, "archive.settings",
              "ARCHIVE_URL is file:///folder or s3://bucket/prefix, not \"%.100s\"", depot->url);
    return NULL;
}

struct depot *
depot_open(const struct archive_options *options, struct error *err)
{
    struct depot *depot = require(calloc(1, sizeof *depot));
    size_t length;

    depot->url = require(strdup(options->url));
    length = strlen(depot->url);
    while (length > 0 && depot->url[length - 1] == '/')
        depot->url[--length] = '\0';
    depot->spool = require(strdup(options->spool));
    depot->place = open_place(depot, options, err);
    if (depot->place)
        return depot;
    depot_close(depot);
    return NULL;
}

void
depot_close(struct depot *depot)
{
    if (!depot)
        return;
    if (depot->place)
        depot->kind->close(depot->place);
    free(depot->spool);
    free(depot->url);
    free(depot);
}

const char *
depot_location(const struct depot *depot, const char *name, struct arena *arena)
{
    return arena_printf(arena, "%s/%s", depot->url, name);
}

const char *
depot_name(const struct depot *depot, const char *location)
{
    const char *rest = after(location, depot->url);

    return rest && rest[0] == '/' ? rest + 1 : NULL;
}

/* ---- drafts ---- */

static bool
disk_error(struct error *err, const char *path)
{
    return error_set(err, ERROR_RETRY, "archive.away", "%s: %s", path, strerror(errno));
}

int
depot_spool(const struct depot *depot, struct error *err)
{
    char path[4200];
    int fd;

    snprintf(path, sizeof path, "%s/tidemark-archive-XXXXXX", depot->spool);
    fd = mkostemp(path, O_CLOEXEC);
    if (fd < 0)
        disk_error(err, path);
    else
        unlink(path);
    return fd;
}

/* In the folder itself, for a rename must not cross file systems. One at a time: what is there is
 * of a killed one. */
static int
open_named(struct draft *draft, struct error *err)
{
    const char *folder = after(draft->depot->url, "file://");
    size_t size = strlen(folder) + sizeof "/.draft.part";
    int fd;

    draft->path = require(malloc(size));
    snprintf(draft->path, size, "%s/.draft.part", folder);
    fd = open(draft->path, O_RDWR | O_CREAT | O_CLOEXEC, 0640);
    if (fd < 0) {
        disk_error(err, draft->path);
    } else if (flock(fd, LOCK_EX | LOCK_NB) != 0 && errno == EWOULDBLOCK) {
        error_set(err, ERROR_RETRY, "archive.away", "%s: another program is writing it",
                  draft->path);
        close(fd);
        return -1;
    } else if (ftruncate(fd, 0) != 0) {
        disk_error(err, draft->path);
        close(fd);
        return -1;
    }
    return fd;
}

struct draft *
draft_begin(struct depot *depot, struct error *err)
{
    struct draft *draft = require(calloc(1, sizeof *draft));

    draft->depot = depot;
    draft->fd = depot->drafts_have_names ? open_named(draft, err) : depot_spool(depot, err);
    if (draft->fd >= 0)
        return draft;
    free(draft->path);
    free(draft);
    return NULL;
}

bool
depot_spool_add(int fd, struct bytes bytes, struct error *err)
{
    for (size_t at = 0; at < bytes.size;) {
        ssize_t written = write(fd, bytes.data + at, bytes.size - at);

        if (written < 0 && errno == EINTR)
            continue;
        if (written < 0)
            return disk_error(err, "writing an archive");
        at += (size_t)written;
    }
    return true;
}

static int64_t
object_max(void)
{
#ifdef TIDEMARK_FAULTS
    const char *of_test = getenv("TIDEMARK_OBJECT_MAX");

    if (of_test)
        return strtoll(of_test, NULL, 10);
#endif
    return DEPOT_OBJECT_MAX;
}

bool
draft_add(struct draft *draft, struct bytes bytes, struct error *err)
{
    if (!draft->depot->drafts_have_names && draft->size + (int64_t)bytes.size > object_max())
        return error_set(err, ERROR_REJECT, "archive.too_large",
                         "packed it is more than %lld bytes, which is what a store takes in one "
                         "piece; a folder takes it: ARCHIVE_URL=file:///folder",
                         (long long)object_max());
    if (!depot_spool_add(draft->fd, bytes, err))
        return false;
    draft->size += (int64_t)bytes.size;
    return true;
}

bool
draft_keep(struct draft *draft, const char *name, const char *sha256,
           const struct archive_company *company, struct error *err)
{
    const struct depot_file file = {draft->fd, draft->path, name, sha256, draft->size};
    bool kept;

    assert(strlen(name) <= DEPOT_NAME_MAX && name[0] != '/' && !strstr(name, ".."));
    kept = draft->depot->kind->put(draft->depot->place, &file, company, err);
    if (kept) { /* the path is another file's now */
        free(draft->path);
        draft->path = NULL;
    }
    draft_drop(draft);
    return kept || error_prefix(err, "%s", name);
}

void
draft_drop(struct draft *draft)
{
    if (!draft)
        return;
    if (draft->path)
        unlink(draft->path);
    close(draft->fd);
    free(draft->path);
    free(draft);
}

bool
depot_read(struct depot *depot, const char *name, depot_sink *sink, void *context,
           const struct archive_company *company, struct error *err)
{
    return depot->kind->get(depot->place, name, sink, context, company, err) ||
           error_prefix(err, "%s", name);
}

bool
depot_list(struct depot *depot, depot_each *each, void *context,
           const struct archive_company *company, struct error *err)
{
    return depot->kind->list(depot->place, each, context, company, err);
}
