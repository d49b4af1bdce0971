#ifndef TIDEMARK_INGEST_FETCH_H
#define TIDEMARK_INGEST_FETCH_H

#include "common/arena.h"
#include "common/error.h"
#include "ingest/sources/source.h"

#include <stdbool.h>
#include <stdint.h>

/*
 * The only door to libcurl: one HTTP GET at a time over connections that are kept alive between
 * calls. One fetcher belongs to one thread and never crosses a fork.
 *
 * What it insists on: HTTP/1.1, no redirects, no proxy from the environment, no .netrc,
 * certificates verified, https only (or http, if the configured address says so), gzip as the only
 * encoding, a bounded head (fetch_head.h), and no address of a private network unless it is
 * allowed.
 */
struct fetcher;

/* Limits of one fetch. */
struct fetch_limits {
    int64_t connect_ms; /* name, TCP and TLS */
    int64_t total_ms;   /* everything */
    int64_t slow_bytes; /* slower than this many bytes a second */
    int64_t slow_s;     /* for this long: given up */
    int64_t body_bytes; /* decoded, so that a small zipped body cannot fill the memory */
};

/*
 * The limits of the product for a fetch that may take `total_ms` in all: a quarter of it to
 * connect, half of it below 1 KiB/s, and 8 MiB of body. Pure.
 */
struct fetch_limits fetch_limits_within(int64_t total_ms);

/* Somebody to be looked after while the answer is on its way: the broker wants its heartbeats. */
struct fetch_company {
    int fd;                         /* watched for reading; -1 = none */
    void (*service)(void *context); /* called when it is readable, and at least once a second */
    void *context;
};

/*
 * Never NULL. `ca_file` names a PEM file of the authorities whose certificates are believed; NULL
 * or "" = those of the system.
 */
struct fetcher *fetcher_create(const struct fetch_limits *limits, bool allow_private,
                               const char *ca_file);
void fetcher_destroy(struct fetcher *fetcher); /* NULL is fine */

struct fetch {
    const char *base_url;    /* "https://api.binance.com" */
    const char *target;      /* "/api/v3/klines?symbol=BTCUSDT" */
    const char *key_header;  /* name of the header that carries `key`; NULL = none */
    const char *key;         /* a secret: never in the URL, never logged; NULL = none */
    const char *used_header; /* of the answer: see struct source; NULL = none */
    const char *left_header;
    struct fetch_company company;
};

/*
 * Any status is an answer. `ret_payload` (body and texts in `arena`) is filled when an answer
 * arrived, and also on "fetch.truncated" and "fetch.too_large", with what arrived until then (at
 * most 64 KiB of a body that is too large), so that it can be kept and looked at. Where the answer
 * repeats the key, there are asterisks instead.
 *
 * `retry_after_ms` of the payload is within [1 s, 3 days], or 0 if the provider asked for nothing.
 * Errors: retry "fetch.timeout", "fetch.connect", "fetch.tls", "fetch.truncated", "fetch.protocol"
 * (not HTTP, a head without end, or an encoding that does not decode), "fetch.private_address";
 * reject "fetch.too_large", "fetch.url".
 */
MUST_CHECK bool fetcher_get(struct fetcher *fetcher, const struct fetch *fetch, struct arena *arena,
                            struct payload *ret_payload, struct error *err);

/*
 * True for an address that only this machine or its own network can reach: loopback, private,
 * link-local (the cloud's metadata address is one), shared, multicast, unspecified, and any of
 * them mapped or tunnelled into IPv6. Pure.
 */
struct sockaddr;
bool fetch_is_private(const struct sockaddr *address);

#endif
