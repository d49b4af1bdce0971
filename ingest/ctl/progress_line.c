#include "ingest/ctl/progress_line.h"

#include "common/clock.h"

#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

void
progress_line_begin(struct progress_line *line)
{
    struct winsize window;

    *line = (struct progress_line){.terminal = isatty(STDERR_FILENO)};
    if (line->terminal && ioctl(STDERR_FILENO, TIOCGWINSZ, &window) == 0)
        line->width = window.ws_col;
}

static void
print(struct progress_line *line, const char *text)
{
    int most = line->width > 1 ? (int)line->width - 1 : PROGRESS_LINE_SIZE;

    if (line->terminal)
        fprintf(stderr, "\r%.*s\x1b[K", most, text);
    else
        fprintf(stderr, "%s\n", text);
    fflush(stderr);
    snprintf(line->shown, sizeof line->shown, "%s", text);
    line->shown_at_ms = clock_monotonic_ms();
}

void
progress_line_show(struct progress_line *line, const char *text)
{
    int64_t least_ms = line->terminal ? PROGRESS_BLINK_MS : PROGRESS_LINE_MS;
    bool early = line->shown_at_ms > 0 && clock_monotonic_ms() - line->shown_at_ms < least_ms;

    if (!early && strcmp(text, line->shown) != 0)
        print(line, text);
}

void
progress_line_end(struct progress_line *line, const char *text)
{
    if (strcmp(text, line->shown) != 0)
        print(line, text);
    if (line->terminal)
        fputc('\n', stderr);
}

void
progress_line_break(struct progress_line *line)
{
    if (line->terminal && line->shown[0])
        fputc('\n', stderr);
}

void
progress_line_bar(double share, size_t width, char *ret_bar, size_t bar_size)
{
    size_t full = (size_t)(share * (double)width + 0.5), at = 0;

    if (bar_size < width + 3)
        return;
    ret_bar[at++] = '[';
    for (size_t i = 0; i < width; i++)
        ret_bar[at++] = i < full ? '#' : '.';
    ret_bar[at++] = ']';
    ret_bar[at] = '\0';
}
