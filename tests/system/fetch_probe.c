/*
 * Lets a test drive ingest/fetch.h by hand: one fetch a line on stdin, its address, its path and
 * optionally a key, parted by blanks; one answer a line on stdout, as JSON.
 *
 *     fetch_probe TOTAL_MS public|private [CA_FILE]
 *
 * A name "10-0-0-7.test" is found at 10.0.0.7 and "--1.test" at ::1, as if a resolver said so.
 */
#include "common/clock.h"
#include "common/text.h"
#include "ingest/fetch.h"

#include <dlfcn.h>
#include <netdb.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { WORDS_MAX = 3, LINE_SIZE = 4096 };

/* Stands before the C library's own, so that a test decides where names lead. */
int
getaddrinfo(const char *node, const char *service, const struct addrinfo *hints,
            struct addrinfo **result)
{
    int (*next)(const char *, const char *, const struct addrinfo *, struct addrinfo **);
    char address[64] = "";
    const char *end = node ? strstr(node, ".test") : NULL;
    char mark = node && strstr(node, "--") ? ':' : '.';

    *(void **)&next = dlsym(RTLD_NEXT, "getaddrinfo");
    if (!end || end - node >= (long)sizeof address)
        return next(node, service, hints, result);
    memcpy(address, node, (size_t)(end - node));
    for (char *c = address; *c; c++)
        if (*c == '-')
            *c = mark;
    return next(address, service, hints, result);
}

static size_t
split(char *line, char *words[WORDS_MAX])
{
    char *rest = line;
    size_t count = 0;

    line[strcspn(line, "\n")] = '\0';
    while (count < WORDS_MAX && (words[count] = strsep(&rest, " ")))
        count++;
    return count;
}

static void
print_answer(bool ok, const struct payload *payload, const struct error *err, int64_t took_ms,
             struct arena *arena)
{
    struct text text;

    text_init(&text, arena, 4096);
    text_add_format(&text, "{\"ok\":%s,\"ms\":%lld,\"code\":", ok ? "true" : "false",
                    (long long)took_ms);
    text_add_json_nullable(&text, ok ? NULL : err->code);
    text_add_string(&text, ",\"kind\":");
    text_add_json_nullable(&text, ok ? NULL : err->kind == ERROR_REJECT ? "reject" : "retry");
    text_add_string(&text, ",\"message\":");
    text_add_json_nullable(&text, ok ? NULL : err->message);
    text_add_format(&text, ",\"status\":%d,\"retry_after_ms\":%lld,\"bytes\":%zu,\"type\":",
                    (int)payload->status, (long long)payload->retry_after_ms, payload->body.size);
    text_add_json_nullable(&text, payload->content_type);
    text_add_string(&text, ",\"body\":");
    text_add_json_bytes(&text, payload->body.data,
                        payload->body.size > 2000 ? 2000 : payload->body.size);
    text_add_char(&text, '}');
    puts(text_finish(&text).data);
    fflush(stdout);
}

int
main(int argc, char **argv)
{
    struct fetch_limits limits = fetch_limits_within(argc > 1 ? atol(argv[1]) : 20000);
    struct fetcher *fetcher = fetcher_create(&limits, argc > 2 && strcmp(argv[2], "private") == 0,
                                             argc > 3 ? argv[3] : NULL);
    struct arena *arena = arena_create(2 * 1024 * 1024);
    char line[LINE_SIZE], *words[WORDS_MAX];

    while (fgets(line, sizeof line, stdin)) {
        size_t count = split(line, words);
        struct fetch fetch = {
            .base_url = words[0],
            .target = count > 1 ? words[1] : "",
            .key_header = count > 2 ? "x-key" : NULL,
            .key = count > 2 ? words[2] : NULL,
            .company = {.fd = -1},
        };
        struct payload payload = {
            .body = {"", 0}
        };
        int64_t since_ms = clock_monotonic_ms();
        struct error err = {0};
        bool ok = fetcher_get(fetcher, &fetch, arena, &payload, &err);

        print_answer(ok, &payload, &err, clock_monotonic_ms() - since_ms, arena);
        arena_reset(arena);
    }
    arena_destroy(arena);
    fetcher_destroy(fetcher);
    return 0;
}
