#ifndef TIDEMARK_API_SETTINGS_H
#define TIDEMARK_API_SETTINGS_H

#include "common/log_options.h"
#include "common/settings.h"

#include <stdbool.h>
#include <stdint.h>

/* What the environment says; see api_setting_table for what each means. */
struct api_settings {
    const char *listen;
    int64_t threads;
    const char *database_url, *database_read_url, *redis_url, *rabbitmq_url;
    const char *data_mode;
    const char *cache_namespace;
    int64_t rate_limit_per_minute, rate_limit_burst, replicas_expected;
    const char *trusted_proxies;
    const char *cors_origins;
    const char *admin_api_key; /* "" = there is none */
    int64_t l1_mib, connections_max, connections_per_peer;
    int64_t order_wait_ms, orders_per_minute;
    int64_t exports_max;
    const char *orders_access;
    int64_t drain_delay_ms;
    bool enable_metrics;
    struct log_options log;
};

extern const struct setting api_setting_table[];

#endif
