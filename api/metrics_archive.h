#ifndef TIDEMARK_API_METRICS_ARCHIVE_H
#define TIDEMARK_API_METRICS_ARCHIVE_H

#include "common/text.h"

struct retention_state;

/*
 * The part of /metrics about what is kept, archived and dropped. Nothing until a worker has said
 * by which settings it goes.
 */
void metrics_archive_render(const struct retention_state *state, struct text *text);

#endif
