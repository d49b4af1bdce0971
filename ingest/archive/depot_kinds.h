#ifndef TIDEMARK_INGEST_ARCHIVE_DEPOT_KINDS_H
#define TIDEMARK_INGEST_ARCHIVE_DEPOT_KINDS_H

#include "ingest/archive/depot.h"

/* What depot.c asks of a kind of depot: included by ingest/archive/depot*.c only. */

/* What is to be kept: all bytes of `fd`. */
struct depot_file {
    int fd;
    const char *path; /* NULL = it has none */
    const char *name, *sha256;
    int64_t size;
};

struct depot_kind {
    bool (*put)(void *place, const struct depot_file *file, const struct archive_company *company,
                struct error *err);
    bool (*get)(void *place, const char *name, depot_sink *sink, void *context,
                const struct archive_company *company, struct error *err);
    bool (*list)(void *place, depot_each *each, void *context,
                 const struct archive_company *company, struct error *err);
    void (*close)(void *place);
};

/* A folder; `path` as in file://<path>. */
extern const struct depot_kind depot_folder;
void *depot_folder_open(const char *path, struct error *err);

/* A bucket; `path` is what follows s3://. */
extern const struct depot_kind depot_s3;
void *depot_s3_open(const char *path, const struct archive_options *options, struct error *err);

#endif
