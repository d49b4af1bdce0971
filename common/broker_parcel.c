#include "common/broker_parcel.h"

#include <stdlib.h>
#include <string.h>

struct broker_parcel *
broker_parcel_begin(const amqp_frame_t *frame, uint64_t connection_number)
{
    struct broker_delivery delivery = {.message_id = "", .connection = connection_number};
    amqp_bytes_t exchange, routing_key;
    struct broker_parcel *parcel;

    if (frame->frame_type != AMQP_FRAME_METHOD)
        return NULL;
    if (frame->payload.method.id == AMQP_BASIC_DELIVER_METHOD) {
        const amqp_basic_deliver_t *method = frame->payload.method.decoded;

        delivery.tag = method->delivery_tag;
        delivery.redelivered = method->redelivered;
        exchange = method->exchange;
        routing_key = method->routing_key;
    } else if (frame->payload.method.id == AMQP_BASIC_GET_OK_METHOD) {
        const amqp_basic_get_ok_t *method = frame->payload.method.decoded;

        delivery.tag = method->delivery_tag;
        delivery.redelivered = method->redelivered;
        exchange = method->exchange;
        routing_key = method->routing_key;
    } else if (frame->payload.method.id == AMQP_BASIC_RETURN_METHOD) {
        const amqp_basic_return_t *method = frame->payload.method.decoded;

        exchange = method->exchange;
        routing_key = method->routing_key;
    } else {
        return NULL;
    }
    parcel = calloc(1, sizeof *parcel);
    if (!parcel)
        abort();
    parcel->arena = arena_create(4096);
    parcel->delivery = delivery;
    parcel->delivery.exchange = broker_copy_bytes(parcel->arena, exchange);
    parcel->delivery.routing_key = broker_copy_bytes(parcel->arena, routing_key);
    return parcel;
}

void
broker_parcel_destroy(struct broker_parcel *parcel)
{
    if (!parcel)
        return;
    arena_destroy(parcel->arena);
    free(parcel);
}

/* The same number may come as any integer kind, depending on who wrote it. */
static bool
read_integer(const amqp_field_value_t *value, int64_t *ret_number)
{
    switch (value->kind) {
    case AMQP_FIELD_KIND_BOOLEAN:
        *ret_number = value->value.boolean != 0;
        return true;
    case AMQP_FIELD_KIND_I8:
        *ret_number = value->value.i8;
        return true;
    case AMQP_FIELD_KIND_U8:
        *ret_number = value->value.u8;
        return true;
    case AMQP_FIELD_KIND_I16:
        *ret_number = value->value.i16;
        return true;
    case AMQP_FIELD_KIND_U16:
        *ret_number = value->value.u16;
        return true;
    case AMQP_FIELD_KIND_I32:
        *ret_number = value->value.i32;
        return true;
    case AMQP_FIELD_KIND_U32:
        *ret_number = value->value.u32;
        return true;
    case AMQP_FIELD_KIND_I64:
    case AMQP_FIELD_KIND_TIMESTAMP:
        *ret_number = value->value.i64;
        return true;
    case AMQP_FIELD_KIND_U64:
        *ret_number = value->value.u64 > INT64_MAX ? INT64_MAX : (int64_t)value->value.u64;
        return true;
    default:
        return false;
    }
}

static void
read_headers(struct broker_parcel *parcel, const amqp_table_t *table)
{
    struct broker_header *headers =
        arena_alloc_array(parcel->arena, (size_t)table->num_entries, sizeof *headers);
    struct broker_delivery *delivery = &parcel->delivery;

    delivery->headers = headers;
    for (int i = 0; i < table->num_entries; i++) {
        const amqp_table_entry_t *entry = &table->entries[i];
        struct broker_header header = {.name = broker_copy_bytes(parcel->arena, entry->key)};

        if (entry->value.kind == AMQP_FIELD_KIND_UTF8)
            header.text = broker_copy_bytes(parcel->arena, entry->value.value.bytes);
        else if (!read_integer(&entry->value, &header.number))
            continue;
        if (!header.text && strcmp(header.name, "x-delivery-count") == 0)
            delivery->delivery_count = header.number;
        headers[delivery->header_count++] = header;
    }
}

static void
add_header(struct broker_parcel *parcel, const amqp_frame_t *frame)
{
    const amqp_basic_properties_t *properties = frame->payload.properties.decoded;
    uint64_t kept_bytes;

    parcel->has_header = true;
    parcel->expected_bytes = frame->payload.properties.body_size;
    kept_bytes =
        parcel->expected_bytes > BROKER_BODY_MAX ? BROKER_BODY_MAX + 1 : parcel->expected_bytes;
    parcel->delivery.body.data = arena_alloc_array(parcel->arena, (size_t)kept_bytes + 1, 1);
    parcel->delivery.body.size = (size_t)kept_bytes;
    if (properties->_flags & AMQP_BASIC_MESSAGE_ID_FLAG)
        parcel->delivery.message_id = broker_copy_bytes(parcel->arena, properties->message_id);
    if (properties->_flags & AMQP_BASIC_CORRELATION_ID_FLAG)
        parcel->publish_number =
            strtoull(broker_copy_bytes(parcel->arena, properties->correlation_id), NULL, 10);
    if (properties->_flags & AMQP_BASIC_HEADERS_FLAG)
        read_headers(parcel, &properties->headers);
}

void
broker_parcel_add(struct broker_parcel *parcel, const amqp_frame_t *frame)
{
    if (frame->frame_type == AMQP_FRAME_HEADER) {
        add_header(parcel, frame);
    } else if (frame->frame_type == AMQP_FRAME_BODY && parcel->has_header) {
        amqp_bytes_t piece = frame->payload.body_fragment;
        size_t kept_bytes = parcel->delivery.body.size, copied_bytes = 0;

        if (parcel->seen_bytes < kept_bytes) {
            copied_bytes = kept_bytes - (size_t)parcel->seen_bytes;
            if (copied_bytes > piece.len)
                copied_bytes = piece.len;
            memcpy((char *)parcel->delivery.body.data + parcel->seen_bytes, piece.bytes,
                   copied_bytes);
        }
        parcel->seen_bytes += piece.len;
    }
}

bool
broker_parcel_is_complete(const struct broker_parcel *parcel)
{
    return parcel->has_header && parcel->seen_bytes >= parcel->expected_bytes;
}
