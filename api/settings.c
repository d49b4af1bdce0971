#include "api/settings.h"

#include <stddef.h>

#define SETTINGS struct api_settings

const struct setting api_setting_table[] = {
    STRING("API_LISTEN", listen, "127.0.0.1:8081", "Address and port to serve on."),
    COUNT("API_THREADS", threads, "1", 1, 64, "Event loops; also --threads N."),
    SECRET("DATABASE_URL", database_url, REQUIRED,
           "PostgreSQL. A host name is looked up inside the loop: prefer an address, or a quick "
           "resolver."),
    SECRET("DATABASE_READ_URL", database_read_url, "",
           "A replica to read from; empty = DATABASE_URL."),
    SECRET("REDIS_URL", redis_url, REQUIRED,
           "Redis: redis://[:password@]host:port/db. Of host names the same holds."),
    SECRET("RABBITMQ_URL", rabbitmq_url, REQUIRED,
           "RabbitMQ: amqp://user:password@host:port/vhost."),
    CHOICE("DATA_MODE", data_mode, "live", "live|replay",
           "Where the data comes from; shown in /health."),
    STRING("CACHE_NAMESPACE", cache_namespace, "tidemark", "In front of every Redis key."),
    COUNT("RATE_LIMIT_PER_MINUTE", rate_limit_per_minute, "60", 1, 1000000000,
          "Requests a minute of one client address."),
    COUNT("RATE_LIMIT_BURST", rate_limit_burst, "0", 0, 1000000000,
          "Requests at once; 0 = RATE_LIMIT_PER_MINUTE."),
    COUNT("REPLICAS_EXPECTED", replicas_expected, "2", 1, 1000, "Replicas that share the limits."),
    STRING("TRUSTED_PROXIES", trusted_proxies, "",
           "Addresses and networks whose X-Forwarded-For is believed, with commas."),
    STRING("CORS_ORIGINS", cors_origins, "*",
           "Origins of the web pages that may read answers, with commas: https://app.example; * = "
           "all, none = no page."),
    KEY("ADMIN_API_KEY", admin_api_key, 16,
        "Key of the admin routes, as X-API-Key or Authorization: Bearer; empty = nobody gets in."),
    COUNT("API_L1_MIB", l1_mib, "64", 0, 65536,
          "Memory of ready answers in each event loop, in MiB; 0 = they stay in Redis only."),
    COUNT("API_CONNECTIONS_MAX", connections_max, "10000", 1, 1000000,
          "Open connections in each event loop."),
    COUNT("API_CONNECTIONS_PER_CLIENT", connections_per_peer, "1000", 1, 1000000,
          "Open connections of one address in each event loop."),
    MS("ON_DEMAND_WAIT", order_wait_ms, "3s", 100, 4000,
       "How long a request waits for a price that has to be fetched for it."),
    CHOICE("ORDERS_ACCESS", orders_access, "anyone", "anyone|admin",
           "Who may order a sync or a prefetch: anyone, or who has the ADMIN_API_KEY."),
    COUNT("ON_DEMAND_PER_MINUTE", orders_per_minute, "10", 0, 1000000,
          "Jobs a minute that clients may cause at one source, over all replicas; 0 = none."),
    COUNT("API_EXPORTS_MAX", exports_max, "2", 1, 64,
          "Whole histories that each event loop sends at once."),
    MS("DRAIN_DELAY", drain_delay_ms, "5s", 0, 300000,
       "From /readyz saying no to closing the listeners."),
    BOOL("ENABLE_METRICS", enable_metrics, "true", "Whether /metrics is there."),
    LOG_OPTIONS,
    SETTINGS_END,
};
