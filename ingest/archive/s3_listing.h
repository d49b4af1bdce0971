#ifndef TIDEMARK_INGEST_ARCHIVE_S3_LISTING_H
#define TIDEMARK_INGEST_ARCHIVE_S3_LISTING_H

#include "common/arena.h"
#include "common/text.h"

#include <stdbool.h>
#include <stddef.h>

/*
 * A page of what is in a bucket: the request and the XML of ListObjectsV2
 * (docs.aws.amazon.com/AmazonS3/latest/API/API_ListObjectsV2.html). Pure. Part of ingest/archive/.
 */
struct s3_page {
    const char **keys; /* those that need no escape in XML, as all of ours */
    size_t key_count;
    const char *next; /* token of the page after this one; NULL = this is the last */
};

/* Everything after the bucket's address: "?continuation-token=...&list-type=2&prefix=...", names
 * sorted and values encoded as they are signed. `next` NULL: the first page. */
const char *s3_page_query(const char *prefix, const char *next, struct arena *arena);

/* False if it is no listing, or not whole. */
MUST_CHECK bool s3_page_read(struct bytes xml, struct arena *arena, struct s3_page *ret_page);

#endif
