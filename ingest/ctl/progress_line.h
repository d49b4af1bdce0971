#ifndef TIDEMARK_INGEST_CTL_PROGRESS_LINE_H
#define TIDEMARK_INGEST_CTL_PROGRESS_LINE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * What is going on, for a person, on stderr: on a terminal one line that changes, elsewhere a line
 * whenever something has changed, but not more often than PROGRESS_BLINK_MS and PROGRESS_LINE_MS.
 */
enum { PROGRESS_BLINK_MS = 100, PROGRESS_LINE_MS = 5000, PROGRESS_LINE_SIZE = 200 };

struct progress_line {
    bool terminal;
    size_t width;        /* of the terminal's line; 0 = unknown */
    int64_t shown_at_ms; /* monotonic; 0 = never */
    char shown[PROGRESS_LINE_SIZE];
};

void progress_line_begin(struct progress_line *line);
void progress_line_show(struct progress_line *line, const char *text);
/* Shows it whatever the time, and leaves the line. */
void progress_line_end(struct progress_line *line, const char *text);
/* Leaves the line as it is, because something else is to be said: why it does not go on. */
void progress_line_break(struct progress_line *line);

/* "[#####.....]" of `width` characters between the brackets, for 0 <= share <= 1. */
void progress_line_bar(double share, size_t width, char *ret_bar, size_t bar_size);

#endif
