#include "api/metrics_archive.h"

#include "api/board.h"

#include <inttypes.h>

static void
add_gauge(struct text *text, const char *name, const char *help, int64_t value)
{
    text_add_format(text, "# HELP %s %s\n# TYPE %s gauge\n%s %" PRId64 "\n", name, help, name, name,
                    value);
}

void
metrics_archive_render(const struct retention_state *state, struct text *text)
{
    if (!state->known)
        return;
    add_gauge(text, "tidemark_archive_configured", "1 if there is a place for archives.",
              state->configured);
    add_gauge(text, "tidemark_retention_partitions_waiting",
              "Partitions older than they are to be kept that are not dropped yet.",
              state->waiting);
    add_gauge(text, "tidemark_retention_overdue_seconds",
              "For how long the oldest of them has been due.", state->overdue_s);
    add_gauge(text, "tidemark_archives", "Archives that were read back and found whole.",
              state->archives);
    add_gauge(text, "tidemark_archive_rows", "Rows in them.", state->rows);
    add_gauge(text, "tidemark_archive_bytes", "What they take, packed.", state->bytes);
    if (state->archived_at_ms > 0)
        add_gauge(text, "tidemark_archive_last_timestamp_seconds", "When the last one was made.",
                  state->archived_at_ms / 1000);
}
