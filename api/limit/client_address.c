#include "api/limit/client_address.h"

#include <arpa/inet.h>
#include <string.h>

static const uint8_t mapped_prefix[12] = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff};

static bool
is_mapped(const struct address *address)
{
    return memcmp(address->bytes, mapped_prefix, sizeof mapped_prefix) == 0;
}

static bool
parse_plain(const char *text, struct address *ret_address)
{
    struct address address;
    struct in_addr v4;

    if (inet_pton(AF_INET, text, &v4) == 1) {
        memcpy(address.bytes, mapped_prefix, sizeof mapped_prefix);
        memcpy(address.bytes + 12, &v4, 4);
    } else if (inet_pton(AF_INET6, text, address.bytes) != 1) {
        return false;
    }
    *ret_address = address;
    return true;
}

static bool
is_port(const char *text)
{
    size_t size = strspn(text, "0123456789");

    return size > 0 && size <= 5 && text[size] == '\0';
}

bool
address_parse(const char *text, size_t size, struct address *ret_address)
{
    char copy[64];
    char *end;

    if (size == 0 || size >= sizeof copy || memchr(text, '\0', size))
        return false;
    memcpy(copy, text, size);
    copy[size] = '\0';
    if (copy[0] == '[') {
        end = strchr(copy, ']');
        if (!end || (end[1] != '\0' && !(end[1] == ':' && is_port(end + 2))))
            return false;
        *end = '\0';
        return strchr(copy + 1, ':') && parse_plain(copy + 1, ret_address);
    }
    end = strchr(copy, ':');
    if (end && strchr(copy, '.') && !strchr(end + 1, ':')) {
        /* One colon and a point: IPv4 with a port. */
        if (!is_port(end + 1))
            return false;
        *end = '\0';
    }
    return parse_plain(copy, ret_address);
}

static bool
network_contains(const struct network *network, const struct address *address)
{
    int32_t whole = network->prefix_bits / 8, rest = network->prefix_bits % 8;
    uint8_t mask = (uint8_t)(0xff00 >> rest);

    return memcmp(network->base.bytes, address->bytes, (size_t)whole) == 0 &&
           (rest == 0 || ((network->base.bytes[whole] ^ address->bytes[whole]) & mask) == 0);
}

bool
trusted_proxies_contain(const struct trusted_proxies *proxies, const struct address *address)
{
    for (size_t i = 0; i < proxies->count; i++) {
        if (network_contains(&proxies->networks[i], address))
            return true;
    }
    return false;
}

static bool
parse_network(const char *text, size_t size, struct network *ret_network)
{
    const char *slash = memchr(text, '/', size);
    size_t address_size = slash ? (size_t)(slash - text) : size;
    int32_t bits = 0, whole;

    if (!address_parse(text, address_size, &ret_network->base))
        return false;
    whole = is_mapped(&ret_network->base) ? 32 : 128;
    if (slash) {
        size_t digits = size - address_size - 1;

        if (digits == 0 || digits > 3)
            return false;
        for (size_t i = 1; i <= digits; i++) {
            if (slash[i] < '0' || slash[i] > '9')
                return false;
            bits = bits * 10 + (slash[i] - '0');
        }
        if (bits > whole)
            return false;
    } else {
        bits = whole;
    }
    ret_network->prefix_bits = bits + (128 - whole);
    return true;
}

bool
trusted_proxies_parse(const char *text, struct arena *arena, struct trusted_proxies *ret_proxies,
                      struct error *err)
{
    size_t count = 1;
    struct network *networks;

    for (const char *c = text; *c; c++)
        count += *c == ',';
    networks = arena_alloc_array(arena, count, sizeof *networks);
    count = 0;
    while (*text) {
        size_t skipped = strspn(text, ", \t"), size = strcspn(text + skipped, ", \t");

        text += skipped;
        if (size > 0 && !parse_network(text, size, &networks[count++]))
            return error_set(err, ERROR_FATAL, "settings.invalid",
                             "TRUSTED_PROXIES: \"%.*s\" is neither an address nor a network",
                             (int)size, text);
        text += size;
    }
    *ret_proxies = (struct trusted_proxies){networks, count};
    return true;
}

/* Takes the last element off a comma list; false when it is empty. */
static bool
take_last(struct bytes *list, struct bytes *ret_element)
{
    const char *comma = list->size ? memrchr(list->data, ',', list->size) : NULL;
    struct bytes element = *list;

    if (list->size == 0)
        return false;
    if (comma) {
        element.data = comma + 1;
        element.size = (size_t)(list->data + list->size - element.data);
    }
    list->size = comma ? (size_t)(comma - list->data) : 0;
    while (element.size > 0 && (*element.data == ' ' || *element.data == '\t')) {
        element.data++;
        element.size--;
    }
    while (element.size > 0 &&
           (element.data[element.size - 1] == ' ' || element.data[element.size - 1] == '\t'))
        element.size--;
    *ret_element = element;
    return true;
}

struct address
client_address_find(const struct trusted_proxies *proxies, const struct address *peer,
                    const struct bytes *forwarded, size_t forwarded_count)
{
    struct address client = *peer;

    for (size_t i = forwarded_count; i-- > 0;) {
        struct bytes list = forwarded[i], hop;

        while (take_last(&list, &hop)) {
            if (!trusted_proxies_contain(proxies, &client) ||
                !address_parse(hop.data, hop.size, &client))
                return client;
        }
    }
    return client;
}

struct address
client_address_bucket(const struct address *client)
{
    struct address bucket = *client;

    if (!is_mapped(client))
        memset(bucket.bytes + 8, 0, 8);
    return bucket;
}

const char *
address_text(const struct address *address, char text[ADDRESS_TEXT_SIZE])
{
    if (is_mapped(address))
        inet_ntop(AF_INET, address->bytes + 12, text, ADDRESS_TEXT_SIZE);
    else
        inet_ntop(AF_INET6, address->bytes, text, ADDRESS_TEXT_SIZE);
    return text;
}
