#include "api/negotiate.h"

#include <string.h>
#include <strings.h>

static struct bytes
trimmed(const char *data, const char *end)
{
    while (data < end && (*data == ' ' || *data == '\t'))
        data++;
    while (data < end && (end[-1] == ' ' || end[-1] == '\t'))
        end--;
    return (struct bytes){data, (size_t)(end - data)};
}

/* Takes the first element up to `separator` off the list; false when the list is empty. */
static bool
take_first(struct bytes *list, char separator, struct bytes *ret_element)
{
    const char *end = list->data + list->size, *stop;

    if (list->size == 0)
        return false;
    stop = memchr(list->data, separator, list->size);
    *ret_element = trimmed(list->data, stop ? stop : end);
    list->size = stop ? (size_t)(end - stop - 1) : 0;
    list->data = stop ? stop + 1 : end;
    return true;
}

static bool
equals(struct bytes text, const char *other)
{
    return text.size == strlen(other) && strncasecmp(text.data, other, text.size) == 0;
}

/* "q=0", "q=0.0", "q=0.00" and "q=0.000" refuse; anything else is some liking. */
static bool
is_refusal(struct bytes weight)
{
    if (weight.size < 3 || strncasecmp(weight.data, "q=0", 3) != 0)
        return false;
    for (size_t i = 3; i < weight.size; i++) {
        if (weight.data[i] != '.' && weight.data[i] != '0')
            return false;
    }
    return true;
}

bool
negotiate_accepts_gzip(struct bytes accept_encoding)
{
    struct bytes element, coding, weight;
    bool any = false;

    while (take_first(&accept_encoding, ',', &element)) {
        bool refused = false;

        if (!take_first(&element, ';', &coding))
            continue;
        while (take_first(&element, ';', &weight))
            refused |= is_refusal(weight);
        if (equals(coding, "gzip") || equals(coding, "x-gzip"))
            return !refused; /* the name itself says more than "*" */
        if (equals(coding, "*"))
            any = !refused;
    }
    return any;
}

bool
negotiate_matches(struct bytes if_none_match, const char *etag)
{
    struct bytes element;

    while (take_first(&if_none_match, ',', &element)) {
        if (element.size == 1 && *element.data == '*')
            return true;
        if (element.size > 2 && memcmp(element.data, "W/", 2) == 0) {
            element.data += 2;
            element.size -= 2;
        }
        if (element.size == strlen(etag) && memcmp(element.data, etag, element.size) == 0)
            return true;
    }
    return false;
}

bool
negotiate_takes_request_id(struct bytes id)
{
    if (id.size < 8 || id.size > 64)
        return false;
    for (size_t i = 0; i < id.size; i++) {
        char c = id.data[i];

        if (!(c >= 'a' && c <= 'z') && !(c >= 'A' && c <= 'Z') && !(c >= '0' && c <= '9') &&
            c != '.' && c != '_' && c != '-')
            return false;
    }
    return true;
}
