#ifndef TIDEMARK_INGEST_SOURCES_VERDICT_H
#define TIDEMARK_INGEST_SOURCES_VERDICT_H

#include "common/json.h"
#include "ingest/sources/source.h"

/*
 * What an answer means, as far as all providers agree. Codes:
 *
 *   provider.limited       429 and a provider's own words for it: the source cools down
 *   provider.banned        418: the same, after limits were ignored
 *   provider.server_error  5xx
 *   provider.timeout       408, 425
 *   provider.html          a web page of a CDN or firewall where JSON was due
 *   provider.empty         no body, or a status other than 200 that promises none (a firewall's
 *                          challenge is a 202, a cut-off range a 206)
 *   provider.unauthorized  401   provider.plan 402   provider.forbidden 403   provider.blocked 451
 *   provider.not_found     404, 410
 *   provider.redirect      3xx: redirects are not followed
 *   provider.refused       any other 4xx
 *   provider.error         an error body under status 200
 *   provider.history_limit the window lies before the history that is free
 */

/* Fills `err` (its message with status and `detail`, which may be NULL) and returns `verdict`. */
enum verdict verdict_set(const struct payload *payload, enum verdict verdict, const char *code,
                         const char *detail, struct error *err);

/* By status and kind of body only. `detail` is the provider's own message, or NULL. */
enum verdict verdict_by_status(const struct payload *payload, const char *detail,
                               struct error *err);

/*
 * The tree of a body that may be an error: an object of at most 16 KiB. NULL for anything else:
 * good answers are longer, or arrays, and are parsed once, by the source's parse().
 */
const struct json *verdict_error_body(const struct payload *payload, struct arena *arena);

/* A provider's own message, made safe to store and log; NULL if `value` is not a string. */
const char *verdict_detail(const struct json *value, struct arena *arena);

#endif
