#include "common/broker_connection.h"

#include <string.h>

struct look {
    const char *const *names;
    size_t count;
    struct broker_queue *queues;
};

/* While a connection is being prepared, asking for what is not there does not end it. */
static bool
look_for_all(struct broker_connection *connection, void *context, struct error *err)
{
    const struct look *look = context;

    for (size_t i = 0; i < look->count; i++)
        if (!broker_queue_look(connection, look->names[i], &look->queues[i], err))
            return false;
    return true;
}

static const char *
server_property(amqp_connection_state_t state, const char *name, struct arena *arena)
{
    const amqp_table_t *properties = amqp_get_server_properties(state);

    for (int i = 0; i < properties->num_entries; i++) {
        const amqp_table_entry_t *entry = &properties->entries[i];

        if (entry->key.len == strlen(name) && memcmp(entry->key.bytes, name, entry->key.len) == 0 &&
            entry->value.kind == AMQP_FIELD_KIND_UTF8)
            return broker_copy_bytes(arena, entry->value.value.bytes);
    }
    return "";
}

bool
broker_look(const struct broker_settings *settings, const char *const *names, size_t count,
            struct arena *arena, struct broker_queue *ret_queues, struct broker_server *ret_server,
            struct error *err)
{
    struct look look = {names, count, ret_queues};
    struct broker_settings looking = *settings;
    struct broker_connection connection;
    bool looked;

    looking.prepare = look_for_all;
    looking.context = &look;
    broker_connection_init(&connection, &looking);
    looked = broker_connection_open(&connection, err);
    if (looked && ret_server)
        *ret_server = (struct broker_server){
            .product = server_property(connection.state, "product", arena),
            .version = server_property(connection.state, "version", arena),
        };
    broker_connection_finish(&connection);
    return looked;
}
