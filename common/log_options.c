#include "common/log_options.h"

#include "common/log.h"

#include <stdio.h>
#include <stdlib.h>

void
log_start(const char *service, const struct log_options *options)
{
    struct log_settings settings = {
        .service = service,
        .file_path = options->file_path,
        .file_bytes = options->file_mib * 1024 * 1024,
        .file_count = (int32_t)options->file_count,
        /* A log that goes nowhere helps nobody. */
        .file_only = !options->console && options->file_path[0] != '\0',
    };
    struct error err;

    /* The table has checked the level already. */
    if (log_level_parse(options->level, &settings.level) && log_init(&settings, &err))
        return;
    fprintf(stderr, "%s: %s\n", service, err.message);
    exit(2);
}
