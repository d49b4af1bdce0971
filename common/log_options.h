#ifndef TIDEMARK_COMMON_LOG_OPTIONS_H
#define TIDEMARK_COMMON_LOG_OPTIONS_H

#include "common/settings.h"

#include <stdbool.h>
#include <stdint.h>

/* The part of a program's settings that is about its log; the same in each. */
struct log_options {
    const char *level;
    const char *file_path;
    int64_t file_mib, file_count;
    bool console;
};

/* Rows of a settings table whose struct has a `struct log_options log`. */
#define LOG_OPTIONS                                                                                \
    CHOICE("LOG_LEVEL", log.level, "info", "debug|info|warn|error",                                \
           "Lower levels are not logged."),                                                        \
        STRING("LOG_FILE_PATH", log.file_path, "", "File that gets the log; empty = none."),       \
        COUNT("LOG_FILE_MIB", log.file_mib, "64", 1, 65536,                                        \
              "Size in MiB at which the file is rotated and compressed."),                         \
        COUNT("LOG_FILE_COUNT", log.file_count, "5", 1, 1000, "Rotated files that are kept."),     \
        BOOL("LOG_CONSOLE", log.console, "true",                                                   \
             "Log to stderr; can be turned off where there is a file.")

/* log_init() with them. On failure it prints why and exits 2, as for every wrong setting. */
void log_start(const char *service, const struct log_options *options);

#endif
