#ifndef TIDEMARK_INGEST_ARCHIVE_OPTIONS_H
#define TIDEMARK_INGEST_ARCHIVE_OPTIONS_H

#include "common/settings.h"

/* The part of a program's settings that says where archives are kept; the same in each. */
struct archive_options {
    const char *url; /* "" = nowhere */
    const char *spool;
    const char *s3_endpoint, *s3_region;
    const char *s3_access_key, *s3_secret_key; /* secrets */
};

/* Rows of a settings table whose struct has a `struct archive_options archive`. */
#define ARCHIVE_OPTIONS                                                                            \
    STRING("ARCHIVE_URL", archive.url, "",                                                         \
           "Where partitions are archived before they are dropped: file:///folder or "             \
           "s3://bucket/prefix; empty = nowhere, and nothing is dropped."),                        \
        STRING("ARCHIVE_SPOOL", archive.spool, "/var/tmp",                                         \
               "Folder for one packed partition on its way to or from an archive."),               \
        STRING("ARCHIVE_S3_ENDPOINT", archive.s3_endpoint, "",                                     \
               "Address of an S3-compatible store; empty = that of AWS in the region."),           \
        STRING("ARCHIVE_S3_REGION", archive.s3_region, "us-east-1", "Region of the bucket."),      \
        SECRET("ARCHIVE_S3_ACCESS_KEY", archive.s3_access_key, "",                                 \
               "Access key for s3://, with the rights to put, get and list objects."),             \
        SECRET("ARCHIVE_S3_SECRET_KEY", archive.s3_secret_key, "", "Its secret.")

#endif
