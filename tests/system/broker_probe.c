/*
 * Lets a test drive common/broker.h by hand: one command a line on stdin, one answer a line on
 * stdout, fields parted by tabs. The first field is "ok" or the error's code.
 *
 *     broker_probe URL SOURCE...
 */
#include "common/broker.h"
#include "common/clock.h"
#include "common/topology.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { WORDS_MAX = 8, MESSAGES_MAX = 5000, PEEK_MAX = 100 };

struct probe {
    struct topology topology;
    struct broker_settings settings;
    struct broker_publisher *publisher;
    struct broker_consumer *consumer;
    struct broker_delivery delivery;
    struct arena *arena;
};

static void
answer(bool done, const struct error *err, int64_t since_ms, const char *fields)
{
    printf("%s\tms=%lld\t%s%s%s\n", done ? "ok" : err->code,
           (long long)(clock_monotonic_ms() - since_ms),
           done ? "" : "message=", done ? "" : err->message, done ? fields : "");
    fflush(stdout);
}

static void
print_delivery(const struct broker_delivery *delivery, char *text, size_t size)
{
    size_t used = (size_t)snprintf(
        text, size, "body=%.*s\tkey=%s\tid=%s\tredelivered=%d\tcount=%lld\tbytes=%zu",
        delivery->body.size > 200 ? 200 : (int)delivery->body.size, delivery->body.data,
        delivery->routing_key, delivery->message_id, delivery->redelivered,
        (long long)delivery->delivery_count, delivery->body.size);

    for (size_t i = 0; i < delivery->header_count && used < size; i++) {
        const struct broker_header *header = &delivery->headers[i];

        if (header->text)
            used +=
                (size_t)snprintf(text + used, size - used, "\t%s=%s", header->name, header->text);
        else
            used += (size_t)snprintf(text + used, size - used, "\t%s=%lld", header->name,
                                     (long long)header->number);
    }
}

/* publish EXCHANGE KEY ID BODY */
static void
run_publish(struct probe *probe, char **words, bool event)
{
    const struct broker_header headers[] = {
        {"reason",  "a test", 0},
        {"attempt", NULL,     3}
    };
    struct broker_message message = {
        .exchange = words[1],
        .routing_key = words[2],
        .message_id = words[3],
        .body = {words[4], strlen(words[4])},
        .headers = headers,
        .header_count = COUNT_OF(headers),
        .event = event
    };
    int64_t since_ms = clock_monotonic_ms();
    struct error err = {0};

    answer(broker_publish(probe->publisher, &message, &err), &err, since_ms, "");
}

/* publish-all EXCHANGE KEY COUNT BYTES: every seventh is unroutable if KEY ends in "+lost" */
static void
run_publish_all(struct probe *probe, char **words)
{
    size_t count = (size_t)atol(words[3]), bytes = (size_t)atol(words[4]), confirmed;
    char *lost = strstr(words[2], "+lost"), *body = arena_alloc_array(probe->arena, bytes + 1, 1);
    struct broker_message *messages =
        arena_alloc_array(probe->arena, MESSAGES_MAX, sizeof *messages);
    struct error *results = arena_alloc_array(probe->arena, MESSAGES_MAX, sizeof *results);
    int64_t since_ms = clock_monotonic_ms();
    size_t unroutable = 0, nacked = 0, blocked = 0, away = 0, misplaced = 0;
    char text[256];

    memset(body, 'x', bytes);
    if (lost)
        *lost = '\0';
    for (size_t i = 0; i < count; i++)
        messages[i] = (struct broker_message){
            .exchange = words[1],
            .routing_key = lost && i % 7 == 0 ? "nowhere" : words[2],
            .message_id = arena_printf(probe->arena, "message-%zu", i),
            .body = {body, bytes},
        };
    confirmed = broker_publish_all(probe->publisher, messages, count, results);
    for (size_t i = 0; i < count; i++) {
        const char *code = results[i].kind == ERROR_NONE ? "" : results[i].code;

        unroutable += strcmp(code, "broker.unroutable") == 0;
        nacked += strcmp(code, "broker.nacked") == 0;
        blocked += strcmp(code, "broker.blocked") == 0;
        away += strcmp(code, "broker.away") == 0;
        misplaced += lost && (i % 7 == 0) != (strcmp(code, "broker.unroutable") == 0);
    }
    snprintf(text, sizeof text,
             "confirmed=%zu\tunroutable=%zu\tnacked=%zu\tblocked=%zu\taway=%zu\tmisplaced=%zu",
             confirmed, unroutable, nacked, blocked, away, misplaced);
    answer(true, NULL, since_ms, text);
}

/* consume QUEUE, or listen EXCHANGE */
static void
run_consume(struct probe *probe, char **words, bool listen)
{
    int64_t since_ms = clock_monotonic_ms();
    struct error err = {0};

    broker_consumer_destroy(probe->consumer);
    probe->consumer = listen ? broker_consumer_create_listener(&probe->settings, words[1])
                             : broker_consumer_create(&probe->settings, words[1]);
    answer(broker_consumer_connect(probe->consumer, &err), &err, since_ms, "");
}

/* next MS */
static void
run_next(struct probe *probe, char **words)
{
    int64_t since_ms = clock_monotonic_ms();
    struct error err = {0};
    char text[2048] = "";
    bool received, done;

    done = broker_consumer_next(probe->consumer, atol(words[1]), probe->arena, &probe->delivery,
                                &received, &err);
    if (done && received)
        print_delivery(&probe->delivery, text, sizeof text);
    answer(done, &err, since_ms, text);
}

/* peek QUEUE MAX */
static void
run_peek(struct probe *probe, char **words)
{
    struct broker_delivery deliveries[PEEK_MAX];
    int64_t since_ms = clock_monotonic_ms();
    struct error err = {0};
    char text[4096] = "";
    size_t count = 0;
    bool done;

    done = broker_peek(&probe->settings, words[1], (size_t)atol(words[2]), probe->arena, deliveries,
                       &count, &err);
    if (done) {
        size_t used = (size_t)snprintf(text, sizeof text, "count=%zu\tids=", count);

        for (size_t i = 0; i < count && used < sizeof text; i++)
            used +=
                (size_t)snprintf(text + used, sizeof text - used, "%s,", deliveries[i].message_id);
    }
    answer(done, &err, since_ms, text);
}

/* The commands without an argument, all of one form. */
static bool
run_plain(struct probe *probe, const char *command, struct error *err)
{
    if (strcmp(command, "connect-publisher") == 0)
        return broker_publisher_connect(probe->publisher, err);
    if (strcmp(command, "connect-consumer") == 0)
        return broker_consumer_connect(probe->consumer, err);
    if (strcmp(command, "service-publisher") == 0)
        return broker_publisher_service(probe->publisher, err);
    if (strcmp(command, "service-consumer") == 0)
        return broker_consumer_service(probe->consumer, err);
    if (strcmp(command, "ack") == 0)
        return broker_consumer_ack(probe->consumer, &probe->delivery, err);
    if (strcmp(command, "requeue") == 0)
        return broker_consumer_nack(probe->consumer, &probe->delivery, true, err);
    if (strcmp(command, "drop") == 0)
        return broker_consumer_nack(probe->consumer, &probe->delivery, false, err);
    if (strcmp(command, "cancel") == 0)
        return broker_consumer_cancel(probe->consumer, err);
    if (strcmp(command, "mark-intact") == 0) {
        probe->topology.jobs_lost = false;
        return topology_mark_intact(broker_publisher_connection(probe->publisher), err);
    }
    return error_set(err, ERROR_REJECT, "probe.command", "unknown command %s", command);
}

static void
run_line(struct probe *probe, char *line)
{
    char *words[WORDS_MAX] = {0}, *rest = line, *word;
    int64_t since_ms = clock_monotonic_ms();
    struct error err = {0};
    size_t count = 0;
    char text[64];

    while (count < WORDS_MAX && (word = strsep(&rest, " \n")))
        words[count++] = word;
    if (strcmp(words[0], "publish") == 0) {
        run_publish(probe, words, false);
    } else if (strcmp(words[0], "event") == 0) {
        run_publish(probe, words, true);
    } else if (strcmp(words[0], "publish-all") == 0) {
        run_publish_all(probe, words);
    } else if (strcmp(words[0], "consume") == 0) {
        run_consume(probe, words, false);
    } else if (strcmp(words[0], "listen") == 0) {
        run_consume(probe, words, true);
    } else if (strcmp(words[0], "next") == 0) {
        run_next(probe, words);
    } else if (strcmp(words[0], "peek") == 0) {
        run_peek(probe, words);
    } else {
        bool done = run_plain(probe, words[0], &err);

        snprintf(text, sizeof text, "blocked=%d\tlost=%d",
                 broker_publisher_blocked(probe->publisher), probe->topology.jobs_lost);
        answer(done, &err, since_ms, text);
    }
}

int
main(int argc, char **argv)
{
    struct probe probe = {.arena = arena_create(65536)};
    char line[70000];

    if (argc < 3) {
        fprintf(stderr, "usage: broker_probe URL SOURCE...\n");
        return 2;
    }
    probe.topology = (struct topology){.sources = (const char *const *)argv + 2,
                                       .source_count = (size_t)argc - 2};
    probe.settings =
        (struct broker_settings){argv[1], "broker_probe", topology_prepare, &probe.topology};
    probe.publisher = broker_publisher_create(&probe.settings);
    while (fgets(line, sizeof line, stdin))
        run_line(&probe, line);
    broker_consumer_destroy(probe.consumer);
    broker_publisher_destroy(probe.publisher);
    arena_destroy(probe.arena);
    return 0;
}
