#ifndef TIDEMARK_API_WEB_FILES_H
#define TIDEMARK_API_WEB_FILES_H

#include "common/arena.h"

#include <stdbool.h>
#include <stddef.h>

/* The documentation pages and what they load, made by web/make_pages.py. */
struct web_file {
    const char *path;
    const char *content_type;
    const char *hash;   /* hex digits of the SHA-256 of what was packed */
    const char *policy; /* its Content-Security-Policy */
    bool for_ever;      /* its name changes with its content */
    struct bytes packed;
};

extern const struct web_file web_files[];
extern const size_t web_file_count;

#endif
