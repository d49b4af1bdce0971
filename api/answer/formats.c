#include "api/answer/formats.h"

#include "api/answer/negotiate.h"

#include "common/text.h"

#include <string.h>

/* In the order of the enum. */
static const struct {
    const char *name, *content_type;
    const char *media_type; /* NULL = is never negotiated */
    const char *also;       /* another name that clients use */
} formats[] = {
    {"json",    "application/json",                        "application/json",               NULL               },
    {"csv",     "text/csv; charset=utf-8; header=present", "text/csv",                       NULL               },
    {"ndjson",  "application/x-ndjson",                    "application/x-ndjson",           "application/jsonl"},
    {"parquet", "application/vnd.apache.parquet",          "application/vnd.apache.parquet",
     "application/x-parquet"                                                                                    },
    {"lwc",     "application/json",                        NULL,                             NULL               },
};

enum { FORMATS = COUNT_OF(formats) };

static const struct param_value *
find_value(const struct params *params, enum param_kind kind, const char *name)
{
    for (size_t i = 0; params->declared[i].name; i++) {
        if (params->declared[i].kind == kind && strcmp(params->declared[i].name, name) == 0)
            return &params->values[i];
    }
    return NULL;
}

static const struct param_value *
format_value(const struct params *params)
{
    return find_value(params, PARAM_FORMAT, "format");
}

static enum format
format_named(const char *name, size_t size)
{
    size_t i = 0;

    while (i + 1 < FORMATS &&
           !(strlen(formats[i].name) == size && memcmp(formats[i].name, name, size) == 0))
        i++;
    return (enum format)i;
}

enum format
formats_of(const struct params *params)
{
    const struct param_value *value = format_value(params);

    return value && value->text ? format_named(value->text, strlen(value->text)) : FORMAT_JSON;
}

const char *
formats_content_type(enum format format)
{
    return formats[format].content_type;
}

const char *
formats_media_type(struct bytes choice)
{
    return formats[format_named(choice.data, choice.size)].media_type;
}

bool
formats_vary(const struct params *params)
{
    return format_value(params) != NULL;
}

bool
formats_by_accept(const struct params *params)
{
    const struct param_value *value = format_value(params);

    return value && !value->given;
}

bool
formats_numbers_as_strings(const struct params *params)
{
    const struct param_value *value = find_value(params, PARAM_CHOICE, "numbers");

    return value && value->text && strcmp(value->text, "string") == 0;
}

void
formats_add_decimal(struct text *text, const struct params *params, const char *decimal)
{
    if (decimal && formats_numbers_as_strings(params))
        text_add_json_string(text, decimal);
    else
        text_add_json_raw(text, decimal);
}

/* -------------------------------------------------------------------------------- negotiation */

/* What of `choices` may be negotiated, with its other names. */
struct offer {
    const char *media_types[2 * FORMATS];
    enum format formats[2 * FORMATS];
    size_t count;
};

static void
add_offer(struct offer *offer, const char *media_type, enum format format)
{
    if (!media_type)
        return;
    offer->media_types[offer->count] = media_type;
    offer->formats[offer->count++] = format;
}

static void
make_offer(const char *choices, struct offer *offer)
{
    offer->count = 0;
    for (size_t size; *choices; choices += size + (choices[size] == '|')) {
        enum format format;

        size = strcspn(choices, "|");
        format = format_named(choices, size);
        add_offer(offer, formats[format].media_type, format);
        add_offer(offer, formats[format].also, format);
    }
}

static const char *
offer_text(const struct offer *offer, struct arena *arena)
{
    struct text text;

    text_init(&text, arena, 128);
    for (size_t i = 0; i < offer->count; i++) {
        text_add_char(&text, i > 0 ? ',' : '[');
        text_add_json_string(&text, offer->media_types[i]);
    }
    text_add_char(&text, ']');
    return text_finish(&text).data;
}

bool
formats_would_be_json(const struct params *params, struct bytes accept)
{
    const struct param_value *found = format_value(params);
    struct offer offer;
    size_t best = 0;

    if (accept.size == 0)
        return true;
    make_offer(params->declared[found - params->values].choices, &offer);
    return negotiate_media(accept, offer.media_types, offer.count, &best) &&
           offer.formats[best] == FORMAT_JSON;
}

bool
formats_negotiate(struct params *params, struct bytes accept, struct arena *arena,
                  struct problem *ret_problem)
{
    const struct param_value *found = format_value(params);
    struct param_value *value;
    struct offer offer;
    size_t place, best = 0;

    if (!found || found->given)
        return true;
    place = (size_t)(found - params->values);
    value = &params->values[place];
    make_offer(params->declared[place].choices, &offer);
    if (accept.size && !negotiate_media(accept, offer.media_types, offer.count, &best)) {
        problem_set(ret_problem, 406, "format.not_acceptable",
                    "There is no form of this answer that the request accepts",
                    "Accept names none of what there is; the parameter format does without it");
        ret_problem->parameter = "Accept";
        ret_problem->allowed = offer_text(&offer, arena);
        return false;
    }
    value->text = formats[offer.formats[best]].name;
    return true;
}
