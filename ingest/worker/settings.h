#ifndef TIDEMARK_INGEST_WORKER_SETTINGS_H
#define TIDEMARK_INGEST_WORKER_SETTINGS_H

#include "common/log_options.h"
#include "common/settings.h"
#include "ingest/archive/options.h"
#include "ingest/sources/source.h"

#include <stdint.h>

enum { WORKER_SOURCES_MAX = 32 };

/* What the environment says. Strings live as long as the process. */
struct worker_settings {
    const char *database_url;
    const char *rabbitmq_url;
    const char *redis_url; /* "" = none */
    const char *workers;
    const char *csv_folder;
    const char *data_mode;
    struct log_options log;
    struct archive_options archive;
    int64_t raw_days, aggregate_days; /* how long data is kept; 0 = for ever */
    bool allow_private_upstream;
    int64_t upstream_timeout_ms;
    const char *upstream_ca_file;
    int64_t budget_percent;
    int64_t workers_expected;
    int64_t breaker_open_ms;
    /* By place in the registry of sources; empty = the provider's own address, no key. */
    const char *base_url[WORKER_SOURCES_MAX];
    const char *api_key[WORKER_SOURCES_MAX];
    int64_t rate_limit[WORKER_SOURCES_MAX]; /* a minute; 0 = the provider's own */
};

/*
 * The table of all settings, made from a fixed part and from the registry: a source "x" that speaks
 * HTTP has X_BASE_URL, X_RATE_LIMIT, and X_API_KEY if it takes a key. Lives in `arena`.
 */
const struct setting *worker_settings_table(struct arena *arena);

/* Where to ask `source`, and the key to show, or NULL. */
const char *worker_settings_base_url(const struct worker_settings *settings,
                                     const struct source *source);
const char *worker_settings_key(const struct worker_settings *settings,
                                const struct source *source);

/* What it may be asked in a minute, all workers together: calls, or weight; 0 = no limit. */
int64_t worker_settings_budget(const struct worker_settings *settings, const struct source *source);

#endif
