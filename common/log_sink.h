#ifndef TIDEMARK_COMMON_LOG_SINK_H
#define TIDEMARK_COMMON_LOG_SINK_H

#include "common/log.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Where finished lines go: gathered, then written by a thread. Only log.c needs it. */
enum { LOG_LINE_MAX = 8192 };

/*
 * Asked before each write for lines about the log itself, until it returns 0: writes one line of
 * at most LOG_LINE_MAX bytes and returns its size. `*dropped` lines were lost so far; setting it to
 * 0 says that they have been told.
 */
typedef size_t log_note(char line[LOG_LINE_MAX], uint64_t *dropped);

/* Errors: fatal "log.file". */
MUST_CHECK bool log_sink_open(const struct log_settings *settings, log_note *note,
                              struct error *err);
void log_sink_close(void);

/* Takes a whole line with its newline, or drops and counts it. Never blocks. */
void log_sink_add(const char *line, size_t size, bool urgent);

/* Has the note asked for again within a second, even if no line comes. */
void log_sink_note_soon(void);

#endif
