#include "api/http/request.h"

#include "api/http/exchange.h"

#include <arpa/inet.h>
#include <string.h>
#include <strings.h>

static const uint8_t mapped_prefix[12] = {[10] = 0xff, [11] = 0xff};

const char *
http_peer_text(const struct http_peer *peer, char text[HTTP_PEER_TEXT_SIZE])
{
    bool is_v4 = memcmp(peer->address, mapped_prefix, sizeof mapped_prefix) == 0;

    /* Cannot fail: the family is known and the text has room for the longest address. */
    (void)inet_ntop(is_v4 ? AF_INET : AF_INET6, peer->address + (is_v4 ? 12 : 0), text,
                    HTTP_PEER_TEXT_SIZE);
    return text;
}

bool
http_request_header_at(const struct http_request *request, size_t index, struct bytes *ret_name,
                       struct bytes *ret_value)
{
    const struct exchange *exchange = exchange_of_const(request);
    const char *data = exchange->buffer + exchange->start;

    if (index >= exchange->parser.field_count)
        return false;
    *ret_name = http_slice_bytes(data, exchange->parser.fields[index].name);
    *ret_value = http_slice_bytes(data, exchange->parser.fields[index].value);
    return true;
}

bool
http_request_header(const struct http_request *request, const char *name, struct bytes *ret_value)
{
    const struct exchange *exchange = exchange_of_const(request);
    const char *data = exchange->buffer + exchange->start;
    size_t size = strlen(name);

    for (size_t i = 0; i < exchange->parser.field_count; i++) {
        const struct http_field *field = &exchange->parser.fields[i];

        if (field->name.size == size && strncasecmp(data + field->name.offset, name, size) == 0) {
            *ret_value = http_slice_bytes(data, field->value);
            return true;
        }
    }
    return false;
}
