#include "ingest/archive/depot_kinds.h"

#include "ingest/archive/s3_listing.h"

#include <ctype.h>
#include <curl/curl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/*
 * Objects of a bucket, addressed by path (endpoint/bucket/key). libcurl signs each request with AWS
 * Signature Version 4. The one of Debian 12 (7.88) hashes no body that is read from a file, and
 * some stores want the hash with every request, so it is always given here, as a header that is
 * signed along: the store then checks what arrives. It neither sorts nor encodes queries and paths:
 * ours come sorted and encoded, with nothing in the path that would have to be. And it signs a
 * header that is given without a value in order not to be sent ("Expect:"): none is.
 */

enum {
    CONNECT_MS = 10000,
    SLOW_BYTES = 1024,
    SLOW_S = 30,
    SAID_SIZE = 2048,
    URL_SIZE = 2048,
    PAGE_BYTES_MAX = 4 * 1024 * 1024
};

static const char sha256_of_nothing[] =
    "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";

struct s3 {
    CURL *easy;
    char *base;   /* "https://s3.eu-west-1.amazonaws.com/bucket/prefix" */
    char *bucket; /* the same without the prefix */
    char *prefix; /* "prefix/", or "" */
    char *signing;
    const char *access_key, *secret_key; /* the settings' */
};

/* One request. */
struct call {
    struct s3 *s3;
    const struct archive_company *company;
    int fd; /* what is put is read from here */
    depot_sink *sink;
    void *context;
    bool sink_failed, stopped;
    size_t said_size;
    char said[SAID_SIZE]; /* the answer, if it is not the object */
    char explanation[CURL_ERROR_SIZE];
    struct error *err;
};

/* ---- settings ---- */

/* Nothing that would have to be encoded, so that what is sent is what is signed. */
static bool
is_plain(const char *text, const char *also)
{
    for (; *text; text++)
        if (!islower((unsigned char)*text) && !isdigit((unsigned char)*text) &&
            !(isupper((unsigned char)*text) || strchr(also, *text)))
            return false;
    return true;
}

static bool
wrong(struct error *err, const char *what)
{
    return error_set(err, ERROR_FATAL, "archive.settings", "%s", what);
}

static bool
check(const char *path, const struct archive_options *options, struct error *err)
{
    size_t bucket = strcspn(path, "/");

    if (bucket < 3 || bucket > 63 || !is_plain(path, "/._-") || strstr(path, "//") ||
        strstr(path, "..") || strlen(path) > 500)
        return wrong(err, "ARCHIVE_URL is s3://bucket/prefix, of letters, digits, dots, dashes and "
                          "underscores");
    if (!options->s3_access_key[0] || !options->s3_secret_key[0])
        return wrong(err, "ARCHIVE_URL is s3://, so ARCHIVE_S3_ACCESS_KEY and "
                          "ARCHIVE_S3_SECRET_KEY are needed");
    if (!options->s3_region[0] || !is_plain(options->s3_region, "-"))
        return wrong(err, "ARCHIVE_S3_REGION is a name like eu-west-1");
    if (options->s3_endpoint[0] && strncmp(options->s3_endpoint, "http://", 7) != 0 &&
        strncmp(options->s3_endpoint, "https://", 8) != 0)
        return wrong(err, "ARCHIVE_S3_ENDPOINT begins with https:// or http://");
    return true;
}

static char *
format(const char *first, const char *second, const char *third)
{
    size_t size = strlen(first) + strlen(second) + strlen(third) + 1;
    char *text = malloc(size);

    if (!text)
        abort();
    snprintf(text, size, "%s%s%s", first, second, third);
    return text;
}

void *
depot_s3_open(const char *path, const struct archive_options *options, struct error *err)
{
    struct s3 *s3;
    char *endpoint;

    if (!check(path, options, err))
        return NULL;
    s3 = calloc(1, sizeof *s3);
    if (!s3 || curl_global_init(CURL_GLOBAL_DEFAULT) != CURLE_OK || !(s3->easy = curl_easy_init()))
        abort();
    endpoint = options->s3_endpoint[0]
                   ? format(options->s3_endpoint, "", "")
                   : format("https://s3.", options->s3_region, ".amazonaws.com");
    while (endpoint[strlen(endpoint) - 1] == '/')
        endpoint[strlen(endpoint) - 1] = '\0';
    s3->base = format(endpoint, "/", path);
    s3->bucket = format(s3->base, "", "");
    s3->bucket[strlen(endpoint) + 1 + strcspn(path, "/")] = '\0';
    s3->prefix = strchr(path, '/') ? format(strchr(path, '/') + 1, "/", "") : format("", "", "");
    free(endpoint);
    s3->signing = format("aws:amz:", options->s3_region, ":s3");
    s3->access_key = options->s3_access_key;
    s3->secret_key = options->s3_secret_key;
    return s3;
}

static void
s3_close(void *place)
{
    struct s3 *s3 = place;

    curl_easy_cleanup(s3->easy);
    curl_global_cleanup();
    free(s3->base);
    free(s3->bucket);
    free(s3->prefix);
    free(s3->signing);
    free(s3);
}

/* ---- one request ---- */

static size_t
give(char *room, size_t unit, size_t count, void *context)
{
    struct call *call = context;
    ssize_t size = read(call->fd, room, unit * count);

    return size >= 0 ? (size_t)size : CURL_READFUNC_ABORT;
}

/* A request that has to be sent again, because the kept connection was closed, begins anew. */
static int
rewind_file(void *context, curl_off_t to, int origin)
{
    const struct call *call = context;

    return lseek(call->fd, (off_t)to, origin) >= 0 ? CURL_SEEKFUNC_OK : CURL_SEEKFUNC_FAIL;
}

static size_t
take(char *data, size_t unit, size_t count, void *context)
{
    struct call *call = context;
    size_t size = unit * count, room = SAID_SIZE - 1 - call->said_size;
    long status = 0;

    curl_easy_getinfo(call->s3->easy, CURLINFO_RESPONSE_CODE, &status);
    if (call->sink && status == 200) {
        call->sink_failed = !call->sink(call->context, (struct bytes){data, size}, call->err);
        return call->sink_failed ? 0 : size;
    }
    if (room > size)
        room = size;
    memcpy(call->said + call->said_size, data, room);
    call->said_size += room;
    return size;
}

static int
look_after(void *context, curl_off_t down_all, curl_off_t down, curl_off_t up_all, curl_off_t up)
{
    struct call *call = context;

    call->stopped = !archive_company_serve(call->company, up + down, up_all + down_all, call->err);
    return call->stopped ? 1 : 0;
}

static void
prepare(struct call *call, const char *url, struct curl_slist *headers)
{
    CURL *easy = call->s3->easy;

    curl_easy_reset(easy);
    curl_easy_setopt(easy, CURLOPT_URL, url);
    curl_easy_setopt(easy, CURLOPT_PROTOCOLS_STR,
                     strncmp(url, "http://", 7) == 0 ? "http" : "https");
    curl_easy_setopt(easy, CURLOPT_AWS_SIGV4, call->s3->signing);
    curl_easy_setopt(easy, CURLOPT_USERNAME, call->s3->access_key);
    curl_easy_setopt(easy, CURLOPT_PASSWORD, call->s3->secret_key);
    curl_easy_setopt(easy, CURLOPT_FOLLOWLOCATION, 0L);
    curl_easy_setopt(easy, CURLOPT_PROXY, "");
    curl_easy_setopt(easy, CURLOPT_NETRC, (long)CURL_NETRC_IGNORED);
    curl_easy_setopt(easy, CURLOPT_SSL_VERIFYPEER, 1L);
    curl_easy_setopt(easy, CURLOPT_SSL_VERIFYHOST, 2L);
    curl_easy_setopt(easy, CURLOPT_SSLVERSION, (long)CURL_SSLVERSION_TLSv1_2);
    curl_easy_setopt(easy, CURLOPT_HTTP_VERSION, (long)CURL_HTTP_VERSION_1_1);
    curl_easy_setopt(easy, CURLOPT_NOSIGNAL, 1L);
    curl_easy_setopt(easy, CURLOPT_CONNECTTIMEOUT_MS, (long)CONNECT_MS);
    curl_easy_setopt(easy, CURLOPT_LOW_SPEED_LIMIT, (long)SLOW_BYTES);
    curl_easy_setopt(easy, CURLOPT_LOW_SPEED_TIME, (long)SLOW_S);
    curl_easy_setopt(easy, CURLOPT_USERAGENT, "tidemark/" TIDEMARK_VERSION);
    curl_easy_setopt(easy, CURLOPT_HTTPHEADER, headers);
    curl_easy_setopt(easy, CURLOPT_ERRORBUFFER, call->explanation);
    curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, take);
    curl_easy_setopt(easy, CURLOPT_WRITEDATA, call);
    curl_easy_setopt(easy, CURLOPT_NOPROGRESS, 0L);
    curl_easy_setopt(easy, CURLOPT_XFERINFOFUNCTION, look_after);
    curl_easy_setopt(easy, CURLOPT_XFERINFODATA, call);
}

/* What stands between <Code> and </Code> of an answer, or nothing. */
static const char *
find_said(const struct call *call, const char *element, char *room, size_t size)
{
    char opening[32];
    const char *at;

    snprintf(opening, sizeof opening, "<%s>", element);
    at = strstr(call->said, opening);
    if (at)
        at += strlen(opening);
    snprintf(room, size, "%.*s", at ? (int)strcspn(at, "<") : 0, at ? at : "");
    for (char *c = room; *c; c++)
        if (iscntrl((unsigned char)*c))
            *c = ' ';
    return room;
}

/* Says who must act on an answer that is not 200. */
static bool
explain(const struct call *call, long status)
{
    char code[64], message[120];

    find_said(call, "Code", code, sizeof code);
    find_said(call, "Message", message, sizeof message);
    if (status == 404)
        return error_set(call->err, ERROR_REJECT, "archive.missing",
                         "the store has no such object (%ld %s)", status, code);
    if (status >= 500 || status == 429 || status == 408)
        return error_set(call->err, ERROR_RETRY, "archive.away",
                         "the store cannot do it now: %ld %s %s", status, code, message);
    return error_set(call->err, ERROR_REJECT, "archive.refused", "the store refuses: %ld %s %s",
                     status, code, message);
}

static bool
perform(struct call *call)
{
    CURLcode code = curl_easy_perform(call->s3->easy);
    long status = 0;

    call->said[call->said_size] = '\0';
    if (call->sink_failed || call->stopped)
        return false; /* the error is theirs */
    curl_easy_getinfo(call->s3->easy, CURLINFO_RESPONSE_CODE, &status);
    /* A store that refuses an upload may answer and close before it has read everything. */
    if (code != CURLE_OK && status < 400)
        return error_set(call->err, ERROR_RETRY, "archive.away", "%s%s%s", curl_easy_strerror(code),
                         call->explanation[0] ? ": " : "", call->explanation);
    return status == 200 || explain(call, status);
}

static struct curl_slist *
add_header(struct curl_slist *headers, const char *name, const char *value)
{
    char line[200];

    snprintf(line, sizeof line, "%s: %s", name, value);
    headers = curl_slist_append(headers, line);
    if (!headers)
        abort();
    return headers;
}

static bool
s3_put(void *place, const struct depot_file *file, const struct archive_company *company,
       struct error *err)
{
    struct s3 *s3 = place;
    struct call call = {.s3 = s3, .company = company, .fd = file->fd, .err = err};
    struct curl_slist *headers = add_header(NULL, "x-amz-content-sha256", file->sha256);
    char url[URL_SIZE];
    bool done;

    headers = add_header(headers, "Content-Type", "application/octet-stream");
    snprintf(url, sizeof url, "%s/%s", s3->base, file->name);
    prepare(&call, url, headers);
    curl_easy_setopt(s3->easy, CURLOPT_UPLOAD, 1L);
    curl_easy_setopt(s3->easy, CURLOPT_INFILESIZE_LARGE, (curl_off_t)file->size);
    curl_easy_setopt(s3->easy, CURLOPT_READFUNCTION, give);
    curl_easy_setopt(s3->easy, CURLOPT_READDATA, &call);
    curl_easy_setopt(s3->easy, CURLOPT_SEEKFUNCTION, rewind_file);
    curl_easy_setopt(s3->easy, CURLOPT_SEEKDATA, &call);
    done = lseek(file->fd, 0, SEEK_SET) == 0 && perform(&call);
    curl_slist_free_all(headers);
    return done;
}

static bool
s3_get(void *place, const char *name, depot_sink *sink, void *context,
       const struct archive_company *company, struct error *err)
{
    struct s3 *s3 = place;
    struct call call = {
        .s3 = s3, .company = company, .sink = sink, .context = context, .fd = -1, .err = err};
    struct curl_slist *headers = add_header(NULL, "x-amz-content-sha256", sha256_of_nothing);
    char url[URL_SIZE];
    bool done;

    snprintf(url, sizeof url, "%s/%s", s3->base, name);
    prepare(&call, url, headers);
    done = perform(&call);
    curl_slist_free_all(headers);
    return done;
}

/* ---- what is there ---- */

/* The XML of one page on its way in. */
static bool
take_page(void *context, struct bytes piece, struct error *err)
{
    struct text *text = context;

    if (text->size + piece.size > PAGE_BYTES_MAX)
        return error_set(err, ERROR_REJECT, "archive.refused", "the store's listing is too large");
    text_add(text, piece.data, piece.size);
    return true;
}

static bool
ask_page(struct s3 *s3, const char *next, const struct archive_company *company,
         struct arena *arena, struct s3_page *ret_page, struct error *err)
{
    const char *url =
        arena_printf(arena, "%s%s", s3->bucket, s3_page_query(s3->prefix, next, arena));
    struct curl_slist *headers = add_header(NULL, "x-amz-content-sha256", sha256_of_nothing);
    struct text xml;
    struct call call = {
        .s3 = s3, .company = company, .sink = take_page, .context = &xml, .fd = -1, .err = err};
    bool done;

    text_init(&xml, arena, 64 * 1024);
    prepare(&call, url, headers);
    done = perform(&call);
    curl_slist_free_all(headers);
    return done &&
           (s3_page_read(text_finish(&xml), arena, ret_page) ||
            error_set(err, ERROR_RETRY, "archive.away", "the store's listing cannot be read"));
}

static bool
tell_page(const struct s3 *s3, const struct s3_page *page, depot_each *each, void *context,
          struct error *err)
{
    size_t length = strlen(s3->prefix);

    for (size_t i = 0; i < page->key_count; i++)
        if (strncmp(page->keys[i], s3->prefix, length) == 0 &&
            strlen(page->keys[i] + length) <= DEPOT_NAME_MAX &&
            !each(context, page->keys[i] + length, err))
            return false;
    return true;
}

static bool
s3_list(void *place, depot_each *each, void *context, const struct archive_company *company,
        struct error *err)
{
    struct arena *arena = arena_create(256 * 1024), *last = arena_create(1024);
    struct s3_page page = {0};
    bool done;

    do {
        const char *next;

        arena_reset(last);
        next = page.next ? arena_string(last, page.next) : NULL;
        arena_reset(arena);
        done = ask_page(place, next, company, arena, &page, err) &&
               tell_page(place, &page, each, context, err);
    } while (done && page.next);
    arena_destroy(last);
    arena_destroy(arena);
    return done;
}

const struct depot_kind depot_s3 = {s3_put, s3_get, s3_list, s3_close};
