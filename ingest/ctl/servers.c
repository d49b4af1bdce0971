#include "ingest/ctl/servers.h"

#define PROGRAM "tidemarkctl"

struct database *
servers_database(const struct call *call, struct error *err)
{
    const struct database_settings settings = {.url = call->database_url,
                                               .application_name = PROGRAM};

    if (!*call->database_url) {
        error_set(err, ERROR_FATAL, "settings.missing",
                  "DATABASE_URL is not set: postgresql://user:password@host:port/database");
        return NULL;
    }
    return database_connect(&settings, err);
}

bool
servers_fill(const struct call *call, const struct query *query,
             const struct database_value *values, size_t value_count, struct table *table,
             struct error *err)
{
    struct database *db = servers_database(call, err);
    struct rows rows;
    bool done;

    if (!db)
        return false;
    done = database_run(db, query, values, value_count, call->arena, &rows, err);
    if (done)
        table_add_rows(table, &rows);
    database_destroy(db);
    return done;
}

bool
servers_broker(const struct call *call, struct broker_settings *ret_settings, struct error *err)
{
    if (!*call->rabbitmq_url)
        return error_set(err, ERROR_FATAL, "settings.missing",
                         "RABBITMQ_URL is not set: amqp://user:password@host:port/vhost");
    *ret_settings = (struct broker_settings){.url = call->rabbitmq_url, .program = PROGRAM};
    return true;
}

struct upstreams *
servers_upstreams(const struct call *call, struct error *err)
{
    if (!*call->redis_url) {
        error_set(err, ERROR_FATAL, "settings.missing",
                  "REDIS_URL is not set: redis://[:password@]host:port/db");
        return NULL;
    }
    return upstreams_open(call->redis_url, err);
}
