#ifndef TIDEMARK_INGEST_CTL_SERVERS_H
#define TIDEMARK_INGEST_CTL_SERVERS_H

#include "common/broker.h"
#include "common/database.h"
#include "common/upstream.h"
#include "ingest/ctl/command.h"
#include "ingest/ctl/table.h"

/*
 * How a command reaches the servers of its settings. Errors: fatal "settings.missing" when the
 * address is not set, and those of the connection.
 */

/* PostgreSQL, as DATABASE_URL says. NULL on failure. */
struct database *servers_database(const struct call *call, struct error *err);

/* Connects, asks one query whose columns are those of the table, and adds its rows. */
MUST_CHECK bool servers_fill(const struct call *call, const struct query *query,
                             const struct database_value *values, size_t value_count,
                             struct table *table, struct error *err);

/* For a connection to RabbitMQ, as RABBITMQ_URL says. It declares nothing. */
MUST_CHECK bool servers_broker(const struct call *call, struct broker_settings *ret_settings,
                               struct error *err);

/* What the workers share of the sources in Redis, as REDIS_URL says. No I/O. NULL on failure. */
struct upstreams *servers_upstreams(const struct call *call, struct error *err);

#endif
