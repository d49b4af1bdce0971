#ifndef TIDEMARK_API_ANSWER_FORMATS_H
#define TIDEMARK_API_ANSWER_FORMATS_H

#include "api/params/params.h"
#include "common/text.h"

#include <stdbool.h>

/*
 * The forms an answer can have. A route that has more than JSON says so by FORMAT_PARAM; which one
 * a client gets says its parameter `format`, else its Accept header, and from then on the value of
 * the parameter, so that it is part of the key of every cache. Routes without the parameter do not
 * look at Accept.
 */
enum format {
    FORMAT_JSON,    /* application/json */
    FORMAT_CSV,     /* RFC 4180, with a first line of names */
    FORMAT_NDJSON,  /* an object a line */
    FORMAT_PARQUET, /* with exact decimals */
    FORMAT_LWC,     /* what lightweight-charts takes: [{"time":seconds,...}] */
};

/* Rows of a table of parameters. `choices`: "json|csv|ndjson"; the first of equals is served. */
#define FORMAT_PARAM(choices)                                                                      \
    {                                                                                              \
        "format", PARAM_FORMAT, 0, 0, choices, NULL, false,                                        \
            "The form of the answer; without it, what the Accept header likes best, else JSON."    \
    }
#define NUMBERS_PARAM                                                                              \
    {                                                                                              \
        "numbers", PARAM_CHOICE, 0, 0, "number|string", "number", false,                           \
            "string: prices and other decimals as JSON strings of the same digits, for those who " \
            "read numbers as doubles."                                                             \
    }

/* JSON for a route without the parameter. The parameters must have been negotiated. */
enum format formats_of(const struct params *params);
/* "text/csv; charset=utf-8; header=present". Static. */
const char *formats_content_type(enum format format);
/* What a choice of FORMAT_PARAM is in Accept; NULL if it has no media type of its own. */
const char *formats_media_type(struct bytes choice);
/* Whether the route has the parameter, so that answers vary by Accept. */
bool formats_vary(const struct params *params);
/* Whether it was left to the Accept header. */
bool formats_by_accept(const struct params *params);

/*
 * Decides: sets the parameter `format`, if there is one, to what the client gets. `accept` is all
 * of its Accept headers, with commas; NULL = there is none. False if it takes nothing that the
 * route has: a 406 that lists it, in `arena`.
 */
MUST_CHECK bool formats_negotiate(struct params *params, struct bytes accept, struct arena *arena,
                                  struct problem *ret_problem);

/* Whether formats_negotiate() would choose JSON where `format` was left to it. */
bool formats_would_be_json(const struct params *params, struct bytes accept);

/* numbers=string; false for a route without it. */
bool formats_numbers_as_strings(const struct params *params);
/* A decimal as it was asked for, or null where it is NULL, for answers that are not of members. */
void formats_add_decimal(struct text *text, const struct params *params, const char *decimal);

#endif
