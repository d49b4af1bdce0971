#include "api/answer/negotiate.h"

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

/* ------------------------------------------------------------------------------ media types */

enum { WEIGHT_ONE = 1000 };

/* "q=0.5" in thousandths; 1000 for another parameter; -1 if it is a malformed weight. */
static int
weight_of(struct bytes parameter)
{
    int weight = 0, unit = WEIGHT_ONE;

    if (parameter.size < 2 || strncasecmp(parameter.data, "q=", 2) != 0)
        return WEIGHT_ONE;
    if (parameter.size < 3 || parameter.size > 7 ||
        (parameter.size > 3 && parameter.data[3] != '.'))
        return -1;
    for (size_t i = 2; i < parameter.size; i++) {
        if (i == 3)
            continue;
        if (parameter.data[i] < '0' || parameter.data[i] > '9')
            return -1;
        weight += (parameter.data[i] - '0') * unit;
        unit /= 10;
    }
    return weight <= WEIGHT_ONE ? weight : -1;
}

/* How exactly a range means a type: 3 by name, 2 "text/\*", 1 "*\/\*", 0 not. */
static int
fit(struct bytes range, const char *type)
{
    size_t main_size = strcspn(type, "/") + 1; /* with the slash */

    if (equals(range, type))
        return 3;
    if (equals(range, "*/"
                      "*"))
        return 1;
    return range.size == main_size + 1 && range.data[main_size] == '*' &&
                   strncasecmp(range.data, type, main_size) == 0
               ? 2
               : 0;
}

/* Takes the next well-formed element off the field. */
static bool
take_range(struct bytes *accept, struct bytes *ret_range, int *ret_weight)
{
    struct bytes element, parameter;

    while (take_first(accept, ',', &element)) {
        int weight = WEIGHT_ONE;

        if (!take_first(&element, ';', ret_range) || ret_range->size == 0 ||
            !memchr(ret_range->data, '/', ret_range->size))
            continue;
        while (weight >= 0 && take_first(&element, ';', &parameter)) {
            int said = weight_of(parameter);

            weight = said < 0 ? said : said < weight ? said : weight;
        }
        *ret_weight = weight;
        if (weight >= 0)
            return true;
    }
    return false;
}

/* How much an Accept field likes a type: the range that means it most exactly counts. */
static int
liking(struct bytes accept, const char *type)
{
    struct bytes range;
    int weight, best_fit = 0, best_weight = 0;

    while (take_range(&accept, &range, &weight)) {
        int fits = fit(range, type);

        if (fits > best_fit) {
            best_fit = fits;
            best_weight = weight;
        }
    }
    return best_weight == 0 ? 0 : best_weight * 4 + best_fit;
}

bool
negotiate_media(struct bytes accept, const char *const *types, size_t count, size_t *ret_index)
{
    struct bytes rest = accept, range;
    int most = 0, weight;

    if (!take_range(&rest, &range, &weight)) {
        *ret_index = 0;
        return true;
    }
    for (size_t i = 0; i < count; i++) {
        int likes = liking(accept, types[i]);

        if (likes > most) {
            most = likes;
            *ret_index = i;
        }
    }
    return most > 0;
}

/* ------------------------------------------------------------------------------------- tags */

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
