#ifndef TIDEMARK_COMMON_LOG_FILE_H
#define TIDEMARK_COMMON_LOG_FILE_H

#include "common/log.h"

#include <stdbool.h>
#include <stddef.h>

/*
 * A log file that several processes append to and that rotates by size: PATH, then PATH.1.gz (the
 * newest), PATH.2.gz ... One thread at a time. Only log_sink.c needs it.
 */

/* Keeps `settings->file_path`. Errors: fatal "log.file". */
MUST_CHECK bool log_file_open(const struct log_settings *settings, struct error *err);
bool log_file_is_open(void);

/* False if the lines could not be written whole (a full disk). */
bool log_file_write(const char *lines, size_t size);

/* After fork(): the child opens the file for itself. */
void log_file_forget(void);
/* Waits until a file that is being compressed is whole. */
void log_file_close(void);

#endif
