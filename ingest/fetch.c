#include "ingest/fetch.h"

#include "common/clock.h"
#include "common/secret.h"
#include "common/text.h"
#include "ingest/fetch_head.h"

#include <curl/curl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

enum {
    COMPANY_MS = 1000, /* how often the company is served when nothing happens */
    CONNECTION_AGE_S = 300,
    TOO_LARGE_KEPT = 64 * 1024,
    HEADER_KEPT = 200,
};

struct fetcher {
    CURLM *multi;
    CURL *easy;
    struct fetch_limits limits;
    bool allow_private;
    char *ca_file;           /* NULL = the system's authorities */
    curl_socket_t left_open; /* by the last fetch: closed by nobody before the next one */
    /* Of the fetch under way. */
    struct fetch_head head;
    struct text body;
    bool head_too_large, too_large;
    bool refused; /* the name led to a private address */
    char explanation[CURL_ERROR_SIZE];
};

static size_t
take_head(char *line, size_t unit, size_t count, void *context)
{
    struct fetcher *fetcher = context;
    size_t size = unit * count;

    if (fetch_head_take(&fetcher->head, (struct bytes){line, size}, clock_now_ms()))
        return size;
    fetcher->head_too_large = true;
    return 0;
}

static size_t
take_body(char *data, size_t unit, size_t count, void *context)
{
    struct fetcher *fetcher = context;
    size_t size = unit * count;

    if (fetcher->body.size + size > (size_t)fetcher->limits.body_bytes) {
        fetcher->too_large = true;
        return 0;
    }
    text_add(&fetcher->body, data, size);
    return size;
}

static curl_socket_t
open_socket(void *context, curlsocktype purpose, struct curl_sockaddr *address)
{
    struct fetcher *fetcher = context;

    if (purpose != CURLSOCKTYPE_IPCXN)
        return CURL_SOCKET_BAD;
    if (!fetcher->allow_private && fetch_is_private(&address->addr)) {
        fetcher->refused = true;
        return CURL_SOCKET_BAD;
    }
    return socket(address->family, address->socktype | SOCK_CLOEXEC, address->protocol);
}

struct fetch_limits
fetch_limits_within(int64_t total_ms)
{
    return (struct fetch_limits){
        .connect_ms = total_ms / 4,
        .total_ms = total_ms,
        .slow_bytes = 1024,
        .slow_s = total_ms < 4000 ? 1 : total_ms / 2000,
        .body_bytes = 8 << 20,
    };
}

struct fetcher *
fetcher_create(const struct fetch_limits *limits, bool allow_private, const char *ca_file)
{
    struct fetcher *fetcher = calloc(1, sizeof(*fetcher));

    if (!fetcher || curl_global_init(CURL_GLOBAL_DEFAULT) != CURLE_OK)
        abort();
    fetcher->multi = curl_multi_init();
    fetcher->easy = curl_easy_init();
    if (!fetcher->multi || !fetcher->easy)
        abort();
    fetcher->limits = *limits;
    fetcher->allow_private = allow_private;
    fetcher->left_open = CURL_SOCKET_BAD;
    fetcher->ca_file = ca_file && ca_file[0] ? strdup(ca_file) : NULL;
    return fetcher;
}

void
fetcher_destroy(struct fetcher *fetcher)
{
    if (!fetcher)
        return;
    curl_easy_cleanup(fetcher->easy);
    curl_multi_cleanup(fetcher->multi);
    curl_global_cleanup();
    free(fetcher->ca_file);
    free(fetcher);
}

/* `detail` may be of an earlier try of libcurl's own, so it never stands alone. */
static bool
say(struct error *err, enum error_kind kind, const char *code, const char *why, const char *detail)
{
    if (detail[0] == '\0')
        return error_set(err, kind, code, "%s", why);
    return error_set(err, kind, code, "%s (%s)", why, detail);
}

/* Says who must act on a failure of libcurl. */
static bool
explain(const struct fetcher *fetcher, CURLcode code, struct error *err)
{
    const char *why = curl_easy_strerror(code), *detail = fetcher->explanation;

    if (fetcher->too_large)
        return error_set(err, ERROR_REJECT, "fetch.too_large", "the body is larger than %lld bytes",
                         (long long)fetcher->limits.body_bytes);
    if (fetcher->head_too_large)
        return error_set(err, ERROR_RETRY, "fetch.protocol",
                         "the head of the answer has more than %d bytes or %d lines",
                         FETCH_HEAD_BYTES, FETCH_HEAD_LINES);
    if (fetcher->refused)
        return error_set(err, ERROR_RETRY, "fetch.private_address",
                         "the name leads to an address of a private network");
    switch (code) {
    case CURLE_OPERATION_TIMEDOUT:
        return say(err, ERROR_RETRY, "fetch.timeout", why, detail);
    case CURLE_COULDNT_RESOLVE_HOST:
    case CURLE_COULDNT_RESOLVE_PROXY:
    case CURLE_COULDNT_CONNECT:
    case CURLE_SEND_ERROR:
        return say(err, ERROR_RETRY, "fetch.connect", why, detail);
    case CURLE_SSL_CONNECT_ERROR:
    case CURLE_PEER_FAILED_VERIFICATION:
    case CURLE_SSL_CACERT_BADFILE:
    case CURLE_SSL_CERTPROBLEM:
    case CURLE_SSL_CIPHER:
    case CURLE_SSL_ISSUER_ERROR:
    case CURLE_SSL_INVALIDCERTSTATUS:
        return say(err, ERROR_RETRY, "fetch.tls", why, detail);
    case CURLE_PARTIAL_FILE:
    case CURLE_RECV_ERROR:
    case CURLE_GOT_NOTHING:
    case CURLE_HTTP2:
    case CURLE_HTTP2_STREAM:
        return say(err, ERROR_RETRY, "fetch.truncated", why, detail);
    case CURLE_URL_MALFORMAT:
        return say(err, ERROR_REJECT, "fetch.url", why, detail);
    case CURLE_OUT_OF_MEMORY: /* of what libcurl lets one line have: ours would end the process */
        return error_set(err, ERROR_RETRY, "fetch.protocol", "a header is longer than 100 KiB");
    default:
        return say(err, ERROR_RETRY, "fetch.protocol", why, detail);
    }
}

/*
 * Has the connection that the last fetch left open been silent since? What is there to read was not
 * asked for, and libcurl would take it for the answer to the next request: a price of one market
 * for that of another. If it is the end, libcurl would send the request twice.
 */
static bool
left_is_quiet(const struct fetcher *fetcher)
{
    char byte;

    return fetcher->left_open == CURL_SOCKET_BAD ||
           recv(fetcher->left_open, &byte, 1, MSG_PEEK | MSG_DONTWAIT) < 0;
}

/* Drops all connections. To ask for a fresh one would keep the old one for a later request. */
static void
forget_connections(struct fetcher *fetcher)
{
    curl_multi_cleanup(fetcher->multi);
    fetcher->multi = curl_multi_init();
    if (!fetcher->multi)
        abort();
}

static void
prepare(struct fetcher *fetcher, const struct fetch *fetch, const char *url,
        struct curl_slist *headers)
{
    const char *protocols = strncmp(fetch->base_url, "http://", 7) == 0 ? "http" : "https";
    CURL *easy = fetcher->easy;

    curl_easy_reset(easy); /* keeps the connections, drops the options */
    curl_easy_setopt(easy, CURLOPT_URL, url);
    curl_easy_setopt(easy, CURLOPT_PROTOCOLS_STR, protocols);
    curl_easy_setopt(easy, CURLOPT_FOLLOWLOCATION, 0L);
    curl_easy_setopt(easy, CURLOPT_PROXY, "");
    curl_easy_setopt(easy, CURLOPT_NETRC, (long)CURL_NETRC_IGNORED);
    curl_easy_setopt(easy, CURLOPT_SSL_VERIFYPEER, 1L);
    curl_easy_setopt(easy, CURLOPT_SSL_VERIFYHOST, 2L);
    curl_easy_setopt(easy, CURLOPT_SSLVERSION, (long)CURL_SSLVERSION_TLSv1_2);
    if (fetcher->ca_file)
        curl_easy_setopt(easy, CURLOPT_CAINFO, fetcher->ca_file);
    /* One request at a time gains nothing from HTTP/2, and this is what the tests attack. */
    curl_easy_setopt(easy, CURLOPT_HTTP_VERSION, (long)CURL_HTTP_VERSION_1_1);
    curl_easy_setopt(easy, CURLOPT_NOSIGNAL, 1L);
    curl_easy_setopt(easy, CURLOPT_CONNECTTIMEOUT_MS, (long)fetcher->limits.connect_ms);
    curl_easy_setopt(easy, CURLOPT_TIMEOUT_MS, (long)fetcher->limits.total_ms);
    curl_easy_setopt(easy, CURLOPT_LOW_SPEED_LIMIT, (long)fetcher->limits.slow_bytes);
    curl_easy_setopt(easy, CURLOPT_LOW_SPEED_TIME, (long)fetcher->limits.slow_s);
    curl_easy_setopt(easy, CURLOPT_MAXLIFETIME_CONN, (long)CONNECTION_AGE_S);
    curl_easy_setopt(easy, CURLOPT_USERAGENT, "tidemark/" TIDEMARK_VERSION);
    curl_easy_setopt(easy, CURLOPT_ACCEPT_ENCODING, "gzip");
    curl_easy_setopt(easy, CURLOPT_HTTPHEADER, headers);
    curl_easy_setopt(easy, CURLOPT_ERRORBUFFER, fetcher->explanation);
    curl_easy_setopt(easy, CURLOPT_HEADERFUNCTION, take_head);
    curl_easy_setopt(easy, CURLOPT_HEADERDATA, fetcher);
    curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, take_body);
    curl_easy_setopt(easy, CURLOPT_WRITEDATA, fetcher);
    curl_easy_setopt(easy, CURLOPT_OPENSOCKETFUNCTION, open_socket);
    curl_easy_setopt(easy, CURLOPT_OPENSOCKETDATA, fetcher);
}

/* Drives the one transfer to its end; the company is served all the while. */
static CURLcode
perform(struct fetcher *fetcher, const struct fetch_company *company)
{
    struct curl_waitfd extra = {.fd = company->fd, .events = CURL_WAIT_POLLIN};
    int64_t served_at_ms = clock_monotonic_ms();
    int running, left;
    CURLMsg *message;

    for (;;) {
        if (curl_multi_perform(fetcher->multi, &running) != CURLM_OK)
            return CURLE_FAILED_INIT;
        if (running == 0)
            break;
        extra.revents = 0;
        curl_multi_poll(fetcher->multi, &extra, company->fd >= 0 ? 1 : 0, COMPANY_MS, NULL);
        if (company->service &&
            (extra.revents || clock_monotonic_ms() - served_at_ms >= COMPANY_MS)) {
            company->service(company->context);
            served_at_ms = clock_monotonic_ms();
        }
    }
    message = curl_multi_info_read(fetcher->multi, &left);
    return message ? message->data.result : CURLE_FAILED_INIT;
}

/* A header of the provider, as text that may go into a table: printable ASCII, not endless. */
static const char *
clean_header(const char *value, const char *key, struct arena *arena)
{
    char *copy = arena_string(arena, value ? value : "");

    secret_blank(copy, strlen(copy), key);
    if (strlen(copy) > HEADER_KEPT)
        copy[HEADER_KEPT] = '\0';
    for (char *c = copy; *c; c++)
        if (*c < 0x20 || *c > 0x7e)
            *c = '?';
    return copy;
}

static void
take_answer(struct fetcher *fetcher, const struct fetch *fetch, struct arena *arena,
            struct payload *ret_payload)
{
    long status = 0;
    char *content_type = NULL;

    curl_easy_getinfo(fetcher->easy, CURLINFO_RESPONSE_CODE, &status);
    curl_easy_getinfo(fetcher->easy, CURLINFO_CONTENT_TYPE, &content_type);
    /* Nothing behind this door can show our key: not the raw payload, nor an error that quotes it.
     */
    secret_blank(fetcher->body.data, fetcher->body.size, fetch->key);
    if (fetcher->too_large && fetcher->body.size > TOO_LARGE_KEPT)
        fetcher->body.size = TOO_LARGE_KEPT;
    *ret_payload = (struct payload){
        .body = text_finish(&fetcher->body),
        .target = arena_string(arena, fetch->target),
        .content_type = clean_header(content_type, fetch->key, arena),
        .status = (int32_t)status,
        .fetched_at_ms = clock_now_ms(),
        .retry_after_ms = fetcher->head.retry_after_ms,
        .used = fetcher->head.used,
        .left = fetcher->head.left,
        .left_known = fetcher->head.left_known,
    };
}

/* Appends without the risk that NULL (no memory) drops the header that carries the key. */
static struct curl_slist *
add_header(struct curl_slist *headers, const char *line)
{
    headers = curl_slist_append(headers, line);
    if (!headers)
        abort();
    return headers;
}

bool
fetcher_get(struct fetcher *fetcher, const struct fetch *fetch, struct arena *arena,
            struct payload *ret_payload, struct error *err)
{
    const char *url = arena_printf(arena, "%s%s", fetch->base_url, fetch->target);
    struct curl_slist *headers = add_header(NULL, "Accept: application/json");
    CURLcode code;
    bool ok;

    if (fetch->key_header && fetch->key && fetch->key[0] != '\0')
        headers = add_header(headers, arena_printf(arena, "%s: %s", fetch->key_header, fetch->key));
    text_init(&fetcher->body, arena, 128 * 1024);
    fetcher->head =
        (struct fetch_head){.used_name = fetch->used_header, .left_name = fetch->left_header};
    fetcher->head_too_large = fetcher->too_large = fetcher->refused = false;
    fetcher->explanation[0] = '\0';
    if (!left_is_quiet(fetcher))
        forget_connections(fetcher);
    prepare(fetcher, fetch, url, headers);
    curl_multi_add_handle(fetcher->multi, fetcher->easy);
    code = perform(fetcher, &fetch->company);
    ok = code == CURLE_OK;
    if (!ok)
        explain(fetcher, code, err);
    else if (!fetcher->head.complete)
        ok = error_set(err, ERROR_RETRY, "fetch.truncated", "the head of the answer is cut off");
    if (ok || fetcher->too_large || strcmp(err->code, "fetch.truncated") == 0)
        take_answer(fetcher, fetch, arena, ret_payload);
    if (!ok || curl_easy_getinfo(fetcher->easy, CURLINFO_ACTIVESOCKET, &fetcher->left_open))
        fetcher->left_open = CURL_SOCKET_BAD;
    curl_multi_remove_handle(fetcher->multi, fetcher->easy);
    curl_slist_free_all(headers);
    return ok;
}
