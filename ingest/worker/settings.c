#include "ingest/worker/settings.h"

#include "ingest/worker/breaker.h"
#include "ingest/worker/bucket.h"

#include <assert.h>
#include <ctype.h>
#include <stddef.h>
#include <string.h>

enum { RATE_LIMIT_MAX = 1000000000, TIMEOUT_MAX_MS = 50000 };

/* What became of a call is known before it counts as lost, or a half-open breaker never opens. */
static_assert((int64_t)TIMEOUT_MAX_MS * 1000 < BREAKER_LEASE_US, "a probe outlives its lease");
static_assert((int64_t)TIMEOUT_MAX_MS * 1000 < BUCKET_FLIGHT_US, "a call outlives its flight");

#define SETTINGS struct worker_settings
static const struct setting fixed[] = {
    SECRET("DATABASE_URL", database_url, REQUIRED,
           "PostgreSQL of the worker: postgresql://user:password@host:port/database."),
    SECRET("RABBITMQ_URL", rabbitmq_url, REQUIRED,
           "RabbitMQ: amqp://user:password@host:port/vhost, the vhost / is %2f."),
    SECRET(
        "REDIS_URL", redis_url, "",
        "Redis that all workers share budgets and breakers in: redis://[:password@]host:port/db; "
        "empty = each host by itself."),
    STRING("WORKERS", workers, "*=1", "Children per source, for example *=1,binance=4; 0 = none."),
    STRING("CSV_FOLDER", csv_folder, "", "Folder that is watched for CSV files; empty = none."),
    CHOICE("DATA_MODE", data_mode, "live", "live|replay",
           "Where the data comes from; replay is shown wherever a person could look."),
    BOOL("ALLOW_PRIVATE_UPSTREAM", allow_private_upstream, "false",
         "Ask providers at addresses of private networks: for tests and the replay server."),
    MS("UPSTREAM_TIMEOUT", upstream_timeout_ms, "20s", 1000, TIMEOUT_MAX_MS,
       "Longest wait for one answer of a provider; one that is slow all along gets half of it."),
    STRING("UPSTREAM_CA_FILE", upstream_ca_file, "",
           "PEM file of the authorities that may vouch for providers; empty = the system's."),
    COUNT(
        "UPSTREAM_BUDGET_PERCENT", budget_percent, "100", 1, 1000000,
        "Share of each provider's free budget to use; above 100 only with a paid plan or replay."),
    COUNT("WORKERS_EXPECTED", workers_expected, "1", 1, 1000,
          "Worker processes that share the budgets while Redis is away or not given."),
    MS("BREAKER_OPEN", breaker_open_ms, "15s", 100, 600000,
       "How long a provider that keeps failing is left alone at first; doubles up to 10 min."),
    COUNT("DATA_RETENTION_RAW_DAYS", raw_days, "30", 0, 36500,
          "Days that raw answers and prices of moments are kept; 0 = for ever."),
    COUNT("DATA_RETENTION_AGG_DAYS", aggregate_days, "1825", 0, 36500,
          "Days that candles are kept, for example 365*5; 0 = for ever."),
    ARCHIVE_OPTIONS,
    LOG_OPTIONS,
};

static char *
upper_name(struct arena *arena, const char *source, const char *suffix)
{
    char *name = arena_printf(arena, "%s%s", source, suffix);

    for (char *c = name; *c; c++)
        *c = (char)toupper((unsigned char)*c);
    return name;
}

/* The rows of one source; returns how many. */
static size_t
add_source(struct setting *rows, size_t index, struct arena *arena)
{
    const struct source *source = sources[index];
    size_t count = 0;

    if (source->upstream != UPSTREAM_HTTP)
        return 0;
    rows[count++] = (struct setting){
        .name = upper_name(arena, source->name, "_BASE_URL"),
        .kind = SETTING_STRING,
        .offset = offsetof(struct worker_settings, base_url) + index * sizeof(const char *),
        .fallback = "",
        .max = 1024,
        .help = arena_printf(arena, "Address of %s; empty = %s.", source->name, source->base_url),
    };
    rows[count++] = (struct setting){
        .name = upper_name(arena, source->name, "_RATE_LIMIT"),
        .kind = SETTING_COUNT,
        .offset = offsetof(struct worker_settings, rate_limit) + index * sizeof(int64_t),
        .fallback = "0",
        .max = RATE_LIMIT_MAX,
        .help = arena_printf(arena, "%s a minute to %s, all workers together; 0 = %d.",
                             source->weighs ? "Weight" : "Calls", source->name,
                             (int)source->budget_per_minute),
    };
    if (source->key_header)
        rows[count++] = (struct setting){
            .name = upper_name(arena, source->name, "_API_KEY"),
            .kind = SETTING_SECRET,
            .offset = offsetof(struct worker_settings, api_key) + index * sizeof(const char *),
            .fallback = "",
            .max = 1024,
            .help =
                arena_printf(arena,
                             source->key_required ? "Key for %s; empty = its jobs are skipped."
                                                  : "Key for %s; empty = its free use without one.",
                             source->name),
        };
    return count;
}

const struct setting *
worker_settings_table(struct arena *arena)
{
    struct setting *rows =
        arena_alloc_array(arena, COUNT_OF(fixed) + 3 * WORKER_SOURCES_MAX + 1, sizeof(*rows));
    size_t count = COUNT_OF(fixed);

    memcpy(rows, fixed, sizeof(fixed));
    for (size_t i = 0; sources[i]; i++) {
        assert(i < WORKER_SOURCES_MAX);
        count += add_source(rows + count, i, arena);
    }
    return rows; /* cleared, so the row after the last is SETTINGS_END */
}

static size_t
place_of(const struct source *source)
{
    size_t index = 0;

    while (sources[index] != source)
        index++;
    return index;
}

const char *
worker_settings_base_url(const struct worker_settings *settings, const struct source *source)
{
    const char *configured = settings->base_url[place_of(source)];

    return configured && configured[0] ? configured : source->base_url;
}

const char *
worker_settings_key(const struct worker_settings *settings, const struct source *source)
{
    const char *key = settings->api_key[place_of(source)];

    return key && key[0] ? key : NULL;
}

int64_t
worker_settings_budget(const struct worker_settings *settings, const struct source *source)
{
    int64_t limit = settings->rate_limit[place_of(source)];

    return limit > 0 ? limit : bucket_budget(source->budget_per_minute, settings->budget_percent);
}
