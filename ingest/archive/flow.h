#ifndef TIDEMARK_INGEST_ARCHIVE_FLOW_H
#define TIDEMARK_INGEST_ARCHIVE_FLOW_H

#include "common/digest.h"
#include "common/error.h"
#include "common/gzip.h"
#include "ingest/archive/depot.h"
#include "ingest/archive/manifest.h"

/*
 * CSV on its way into a gzip file or out of one, measured on both sides: sizes, hashes, rows. Part
 * of ingest/archive/.
 */

/* What was seen go by. */
struct flow_measure {
    int64_t rows; /* without the first line */
    int64_t bytes, gzip_bytes;
    char sha256[DIGEST_SHA256_HEX + 1], gzip_sha256[DIGEST_SHA256_HEX + 1];
};
/* Into the fields of a manifest of the same names. */
void flow_write_down(const struct flow_measure *measure, struct manifest *manifest);

/* Rows in, packed bytes out to `put` (NULL: they are only measured, and nothing is packed). */
struct packing;
struct packing *packing_create(gzip_put *put, void *context);
MUST_CHECK bool packing_add(struct packing *packing, struct bytes row, struct error *err);
MUST_CHECK bool packing_finish(struct packing *packing, struct flow_measure *ret_measure,
                               struct error *err);
void packing_destroy(struct packing *packing); /* NULL is fine */

/* Packed bytes in, CSV out to `put` (NULL: it is only measured). */
struct unpacking;
struct unpacking *unpacking_create(gzip_put *put, void *context);
MUST_CHECK bool unpacking_add(struct unpacking *unpacking, struct bytes packed, struct error *err);
MUST_CHECK bool unpacking_finish(struct unpacking *unpacking, struct flow_measure *ret_measure,
                                 struct error *err);
void unpacking_destroy(struct unpacking *unpacking); /* NULL is fine */

#endif
