#ifndef TIDEMARK_API_METRICS_UPSTREAM_H
#define TIDEMARK_API_METRICS_UPSTREAM_H

#include "common/text.h"

struct report;

/*
 * The part of /metrics that tells what the workers share of each provider: budget, cooldown,
 * breaker. Nothing of a provider that is not known, because Redis is away or nobody asked it
 * lately.
 */
void metrics_upstream_render(const struct report *report, struct text *text);

#endif
