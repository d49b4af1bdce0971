#include "api/http/server.h"

#include <assert.h>
#include <event2/event.h>
#include <event2/util.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/*
 * The HTTP layer with nothing above it, for the conformance tests and the benchmark.
 *
 *     http_probe LISTEN [HEAD_MS BODY_MS STALL_MS IDLE_MS CONNECTIONS PER_PEER]
 *
 * Prints its port. SIGTERM drains it. It answers:
 *     /fixed            995 bytes prepared beforehand, with headers of the usual kind
 *     /big?size=N       N bytes (at most 16 MiB) from one shared body; and with &file=1 from a file
 *     /slow?ms=N        like any other path, but N milliseconds later
 *     /stream?count=N&size=M   N chunks of M bytes, as fast as the client takes them
 *     /flood            chunks without end and without waiting, until the layer cuts the client off
 *     /events           the head of a stream, then nothing
 *     /status?code=N    that status, with a body where it may have one
 *     /counts           what the server counted
 *     anything else     method, path, parameters and the size and sum of the body, as a line of
 * text
 */
#define BIG_MAX (16 * 1024 * 1024)

struct probe {
    struct event_base *base;
    struct http_server *server;
    struct http_body *fixed;
    struct http_body *big;
    struct event *poll; /* while draining: is it over? */
    int64_t cancelled;
    int64_t smuggled; /* requests to the path that the tests hide in bodies */
};

/* One request that is answered later. */
struct later {
    struct probe *probe;
    struct event *timer;
    int64_t left, size;
};

static const char fixed_head[] = "Content-Type: application/json\r\n"
                                 "Cache-Control: public, max-age=5\r\nETag: \"5f1e-3e3\"\r\n";
static const char text_head[] = "Content-Type: text/plain\r\n";

static int64_t
number_param(const struct http_request *request, const char *name, int64_t fallback, int64_t max)
{
    struct bytes value;
    int64_t number;

    if (!http_target_param(&request->target, name, &value) || !value.size)
        return fallback;
    number = strtoll(arena_copy(request->arena, value.data, value.size), NULL, 10);
    return number < 0 ? 0 : number > max ? max : number;
}

static bool
path_is(const struct http_request *request, const char *path)
{
    return request->target.path.size == strlen(path) &&
           memcmp(request->target.path.data, path, strlen(path)) == 0;
}

static void
answer_text(struct http_request *request, int status, const char *text)
{
    http_answer(request, &(struct http_answer){
                             .status = status,
                             .headers = {{text_head, sizeof text_head - 1}},
                             .content = { text,                     strlen(text)},
    });
}

static void
answer_echo(struct http_request *request)
{
    uint32_t sum = 0;

    for (size_t i = 0; i < request->body.size; i++)
        sum = sum * 31 + (unsigned char)request->body.data[i];
    answer_text(request, 200,
                arena_printf(request->arena, "%s %.*s params=%zu duplicate=%d body=%zu sum=%u\n",
                             http_method_name(request->method), (int)request->target.path.size,
                             request->target.path.data, request->target.param_count,
                             request->target.duplicate != NULL, request->body.size, sum));
}

static void
answer_body(struct http_request *request, struct http_body *body)
{
    http_answer(request, &(struct http_answer){
                             .status = 200,
                             .headers = {{fixed_head, sizeof fixed_head - 1}},
                             .body = body,
                         });
}

static void
answer_big(struct probe *probe, struct http_request *request)
{
    size_t size = (size_t)number_param(request, "size", 1024 * 1024, BIG_MAX);
    struct http_body *body = http_body_wrap(probe->big->data, size, NULL, NULL);

    if (number_param(request, "file", 0, 1))
        body = http_body_into_file(body);
    answer_body(request, body);
    http_body_release(body);
}

static void
answer_counts(struct probe *probe, struct http_request *request)
{
    const struct http_counts *c = http_server_counts(probe->server);

    answer_text(request, 200,
                arena_printf(request->arena,
                             "{\"accepted\":%llu,\"requests\":%llu,\"refused_connections\":%llu,"
                             "\"refused_requests\":%llu,\"timeouts\":%llu,\"cancelled\":%llu,"
                             "\"open\":%llu,\"told_cancelled\":%lld,\"smuggled\":%lld}\n",
                             (unsigned long long)c->accepted, (unsigned long long)c->requests,
                             (unsigned long long)c->refused_connections,
                             (unsigned long long)c->refused_requests,
                             (unsigned long long)c->timeouts, (unsigned long long)c->cancelled,
                             (unsigned long long)c->open, (long long)probe->cancelled,
                             (long long)probe->smuggled));
}

static struct later *
later_create(struct probe *probe, struct http_request *request)
{
    struct later *later = calloc(1, sizeof *later);

    assert(later);
    later->probe = probe;
    request->context = later;
    return later;
}

static void
later_destroy(struct http_request *request)
{
    struct later *later = request->context;

    if (later->timer)
        event_free(later->timer);
    free(later);
}

static void
on_cancelled(struct http_request *request)
{
    struct later *later = request->context;

    later->probe->cancelled++;
    later_destroy(request);
}

static void
on_slow(evutil_socket_t fd, short what, void *arg)
{
    struct http_request *request = arg;

    later_destroy(request);
    answer_echo(request);
}

static void
answer_slow(struct probe *probe, struct http_request *request)
{
    int64_t ms = number_param(request, "ms", 100, 60000);
    const struct timeval delay = {ms / 1000, ms % 1000 * 1000};
    struct later *later = later_create(probe, request);

    later->timer = evtimer_new(probe->base, on_slow, request);
    evtimer_add(later->timer, &delay);
    request->cancelled = on_cancelled;
}

static void
stream_more(struct http_request *request)
{
    struct later *later = request->context;

    while (later->left) {
        later->left--;
        switch (http_stream_send(request, later->probe->big->data, (size_t)later->size)) {
        case HTTP_STREAM_READY:
            break;
        case HTTP_STREAM_SLOW:
            return;
        case HTTP_STREAM_GONE:
            return;
        }
    }
    later_destroy(request);
    http_stream_end(request);
}

static void
start_stream(struct probe *probe, struct http_request *request)
{
    struct later *later = later_create(probe, request);

    later->left = number_param(request, "count", 3, INT32_MAX);
    later->size = number_param(request, "size", 10, 65536);
    request->cancelled = on_cancelled;
    request->writable = stream_more;
    http_stream_start(request, &(struct http_answer){
                                   .status = 200,
                                   .headers = {{text_head, sizeof text_head - 1}},
                               });
}

static void
flood(struct probe *probe, struct http_request *request)
{
    start_stream(probe, request);
    while (http_stream_send(request, probe->big->data, 4096) != HTTP_STREAM_GONE)
        ;
}

static void
handle(struct http_request *request, void *context)
{
    struct probe *probe = context;

    if (path_is(request, "/fixed")) {
        answer_body(request, probe->fixed);
    } else if (path_is(request, "/big")) {
        answer_big(probe, request);
    } else if (path_is(request, "/slow")) {
        answer_slow(probe, request);
    } else if (path_is(request, "/stream")) {
        start_stream(probe, request);
        stream_more(request);
    } else if (path_is(request, "/flood")) {
        flood(probe, request);
    } else if (path_is(request, "/events")) {
        start_stream(probe, request);
    } else if (path_is(request, "/status")) {
        answer_text(request, (int)number_param(request, "code", 200, 599), "status\n");
    } else if (path_is(request, "/counts")) {
        answer_counts(probe, request);
    } else {
        probe->smuggled += path_is(request, "/smuggled");
        answer_echo(request);
    }
}

static void
on_drained(evutil_socket_t fd, short what, void *arg)
{
    struct probe *probe = arg;

    if (http_server_counts(probe->server)->open == 0)
        event_base_loopbreak(probe->base);
}

static void
on_stop(evutil_socket_t fd, short what, void *arg)
{
    struct probe *probe = arg;
    const struct timeval often = {0, 20000};

    http_server_drain(probe->server);
    event_add(probe->poll, &often);
}

static struct http_body *
filled_body(size_t size)
{
    char *data;
    struct http_body *body = http_body_create(size, &data);

    for (size_t i = 0; i < size; i++)
        data[i] = (char)('a' + i % 26);
    return body;
}

static struct http_settings
read_arguments(int argc, char **argv)
{
    struct http_settings settings = http_settings_default;
    int64_t *const times[] = {&settings.head_ms, &settings.body_ms, &settings.stall_ms,
                              &settings.idle_ms};

    if (argc > 1)
        settings.listen = argv[1];
    for (int i = 2; i < argc && i < 6; i++)
        *times[i - 2] = atoll(argv[i]);
    if (argc > 6)
        settings.connections_max = atoi(argv[6]);
    if (argc > 7)
        settings.connections_per_peer = atoi(argv[7]);
    return settings;
}

int
main(int argc, char **argv)
{
    struct http_settings settings = read_arguments(argc, argv);
    struct probe probe = {.base = event_base_new()};
    struct http_handler handler = {.handle = handle, .context = &probe};
    struct event *stop = evsignal_new(probe.base, SIGTERM, on_stop, &probe);
    struct error err;

    signal(SIGPIPE, SIG_IGN);
    probe.poll = event_new(probe.base, -1, EV_PERSIST, on_drained, &probe);
    probe.fixed = filled_body(995);
    probe.big = filled_body(BIG_MAX);
    probe.server = http_server_create(probe.base, &settings, &handler, &err);
    if (!probe.server) {
        fprintf(stderr, "%s: %s\n", err.code, err.message);
        return 2;
    }
    printf("%u\n", http_server_port(probe.server));
    fflush(stdout);
    evsignal_add(stop, NULL);
    event_base_dispatch(probe.base);
    http_server_destroy(probe.server);
    event_free(stop);
    event_free(probe.poll);
    http_body_release(probe.fixed);
    http_body_release(probe.big);
    event_base_free(probe.base);
    return 0;
}
