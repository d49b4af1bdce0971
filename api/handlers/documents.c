#include "api/handlers/documents.h"

#include "api/answer/negotiate.h"
#include "api/documents.h"
#include "api/request.h"
#include "api/routes.h"
#include "api/thread.h"

#include <string.h>

static bool
takes_gzip(const struct request *request)
{
    struct bytes accepted;

    return http_request_header(request->http, "Accept-Encoding", &accepted) &&
           negotiate_accepts_gzip(accepted);
}

static bool
is_known(const struct request *request, const char *etag)
{
    struct bytes match;

    return http_request_header(request->http, "If-None-Match", &match) &&
           negotiate_matches(match, etag);
}

/* The bytes belong to the process. */
static void
keep(void *context)
{
}

static void
serve(struct request *request, const struct document *document)
{
    bool packed = takes_gzip(request);
    const char *etag = packed ? document->etag_packed : document->etag;

    request->cache_control = document->cache_control;
    request->head =
        arena_printf(request->http->arena,
                     "%sETag: %s\r\nVary: Accept-Encoding\r\n"
                     "X-Content-Type-Options: nosniff\r\n"
                     "Content-Security-Policy: %s\r\n",
                     packed ? "Content-Encoding: gzip\r\n" : "", etag, document->policy);
    if (is_known(request, etag)) {
        request_answer(request, 304, NULL, (struct bytes){"", 0});
        return;
    }
    /* Never in the request's arena: that memory would stay with the connection. */
    request->body = packed
                        ? http_body_wrap(document->packed.data, document->packed.size, keep, NULL)
                        : document_unpack(document);
    request_answer(request, 200, document->content_type, (struct bytes){"", 0});
}

void
document_answer(struct request *request)
{
    const char *path = request->route->path;

    serve(request, documents_find(request->thread->documents, (struct bytes){path, strlen(path)}));
}

void
document_asset_answer(struct request *request)
{
    const char *name = params_get(&request->params, "name")->text;
    const char *path = arena_printf(request->http->arena, "/docs/assets/%s", name);
    const struct document *document =
        documents_find(request->thread->documents, (struct bytes){path, strlen(path)});
    struct problem problem;

    if (document) {
        serve(request, document);
        return;
    }
    problem_set(&problem, 404, "document.unknown", "There is no such document",
                "no page loads \"%.64s\", or pages of another version did", name);
    request_refuse(request, &problem);
}
