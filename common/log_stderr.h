#ifndef TIDEMARK_COMMON_LOG_STDERR_H
#define TIDEMARK_COMMON_LOG_STDERR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * Writes whole lines to stderr without ever being held up by its reader. One thread at a time.
 * Only log_sink.c needs it.
 */
void log_stderr_open(void);

/* After fork(): what is left of a line is the parent's to write. */
void log_stderr_forget(void);

/*
 * Writes the lines; waits at most `patience_ms` in all for a reader that does not keep up. Returns
 * how many lines it had to drop. After a drop the next call does not wait, until the reader reads.
 */
uint64_t log_stderr_write(const char *lines, size_t size, int64_t patience_ms);

#endif
