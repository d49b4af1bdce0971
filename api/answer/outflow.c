#include "api/answer/outflow.h"

#include "api/answer/negotiate.h"
#include "api/thread.h"
#include "common/gzip.h"
#include "common/log.h"

#include <assert.h>
#include <stdlib.h>

enum {
    RETRY_S = 5,
    GZIP_LEVEL = 1, /* the loop waits meanwhile */
};

struct outflow {
    struct request *request; /* NULL = gone */
    struct thread *thread;
    const struct outflow_maker *maker;
    void *context;
    struct gzip_packer *packer; /* NULL = as it is */
    bool begun;                 /* the head is sent */
    bool slow;                  /* the client has not taken enough yet */
    bool ended;                 /* all is made */
    bool inside;                /* making or sending: not to be freed under its feet */
    uint64_t bytes;
};

static void
destroy(struct outflow *outflow)
{
    outflow->maker->destroy(outflow->context);
    gzip_packer_destroy(outflow->packer);
    outflow->thread->outflows--;
    metrics_set(outflow->thread->metrics, METRIC_EXPORTS, (uint64_t)outflow->thread->outflows);
    free(outflow);
}

/* ------------------------------------------------------------------------------------- sending */

/* Also what the packer puts out. False: the client is gone. */
static bool
send_piece(void *context, struct bytes piece, struct error *err)
{
    struct outflow *outflow = context;
    enum http_stream state;

    if (outflow->request) {
        outflow->bytes += piece.size;
        state = http_stream_send(outflow->request->http, piece.data, piece.size);
        outflow->slow |= state == HTTP_STREAM_SLOW;
    }
    return outflow->request || error_set(err, ERROR_RETRY, "client.gone", "the client is gone");
}

static void
on_writable(struct http_request *http)
{
    struct request *request = http->context;

    request->outflow->slow = false;
    outflow_resume(request->outflow);
}

static void
begin(struct outflow *outflow)
{
    struct request *request = outflow->request;
    struct arena *arena = request->http->arena;
    const char *head = outflow->maker->head ? outflow->maker->head : "";
    struct bytes accepted;

    if (!outflow->maker->is_packed &&
        http_request_header(request->http, "Accept-Encoding", &accepted) &&
        negotiate_accepts_gzip(accepted))
        outflow->packer = gzip_packer_create(GZIP_LEVEL, send_piece, outflow);
    request->status = 200;
    request->content_type = outflow->maker->content_type;
    request->head = arena_printf(arena,
                                 "Vary: Accept, Accept-Encoding\r\n"
                                 "Cache-Status: tidemark;fwd=bypass\r\n%s%s",
                                 outflow->packer ? "Content-Encoding: gzip\r\n" : "", head);
    request->http->writable = on_writable;
    outflow->begun = true;
    request_enter(request, REQUEST_STREAM);
}

void
outflow_begin(struct outflow *outflow)
{
    if (outflow->request && !outflow->begun)
        begin(outflow);
    if (outflow->request && outflow->request->http->method == HTTP_HEAD)
        outflow->ended = true; /* the head was all of it */
}

bool
outflow_is_over(const struct outflow *outflow)
{
    return outflow->ended || !outflow->request;
}

bool
outflow_add(struct outflow *outflow, struct bytes piece)
{
    struct error err;

    assert(piece.size <= OUTFLOW_PIECE_MAX);
    outflow_begin(outflow);
    if (outflow_is_over(outflow))
        return false;
    if (outflow->packer)
        return gzip_packer_add(outflow->packer, piece, &err) && !outflow->slow;
    return send_piece(outflow, piece, &err) && !outflow->slow;
}

void
outflow_end(struct outflow *outflow)
{
    outflow_begin(outflow);
    outflow->ended = true;
}

void
outflow_fail(struct outflow *outflow, const struct problem *problem)
{
    if (!outflow->request)
        return;
    if (!outflow->begun) {
        request_refuse(outflow->request, problem);
        return;
    }
    metrics_add(outflow->thread->metrics, METRIC_EXPORTS_CUT, 1);
    log_event(LOG_WARN, "export.cut", LOG_STR("request_id", outflow->request->id),
              LOG_STR("code", problem->code), LOG_INT("bytes", (int64_t)outflow->bytes));
    http_stream_abort(outflow->request->http);
}

/* ------------------------------------------------------------------------------- its whole life */

static void
finish(struct outflow *outflow)
{
    struct request *request;
    struct error err;

    if (outflow->packer && outflow->request->http->method != HTTP_HEAD &&
        !gzip_packer_finish(outflow->packer, &err))
        return;
    request = outflow->request;
    if (request)
        request_end_stream(request, outflow->bytes);
}

void
outflow_resume(struct outflow *outflow)
{
    assert(!outflow->inside);
    outflow->inside = true;
    if (outflow->request && !outflow->slow)
        outflow->maker->make(outflow->context, outflow);
    if (outflow->request && outflow->ended)
        finish(outflow);
    outflow->inside = false;
    if (!outflow->request)
        destroy(outflow);
}

void
outflow_leave(struct outflow *outflow)
{
    if (!outflow)
        return;
    outflow->request = NULL;
    if (!outflow->inside)
        destroy(outflow);
}

void
outflow_start(struct request *request, const struct outflow_maker *maker, void *context)
{
    struct thread *thread = request->thread;
    struct outflow *outflow;
    struct problem problem;

    if (thread->outflows >= thread->settings->exports_max) {
        metrics_add(thread->metrics, METRIC_EXPORTS_REFUSED, 1);
        maker->destroy(context);
        problem_set(&problem, 503, "exports.busy", "Too many whole histories are under way",
                    "one at a time; or ask for pages, with limit");
        problem.retry_after_s = RETRY_S;
        request_refuse(request, &problem);
        return;
    }
    outflow = calloc(1, sizeof *outflow);
    if (!outflow)
        abort();
    outflow->request = request;
    outflow->thread = thread;
    outflow->maker = maker;
    outflow->context = context;
    metrics_set(thread->metrics, METRIC_EXPORTS, (uint64_t)++thread->outflows);
    metrics_add(thread->metrics, METRIC_EXPORTS_STARTED, 1);
    request->outflow = outflow;
    request_wait(request);
    outflow_resume(outflow);
}
