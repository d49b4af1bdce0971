#include "common/log.h"

#include "common/clock.h"
#include "common/json.h"
#include "unit/check.h"

#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <sys/wait.h>
#include <unistd.h>

/*
 * Each test logs in a child process whose stderr is a pipe or a file, and reads what came out:
 * the log belongs to a whole process, and so does its end.
 */
struct run {
    struct arena *arena;
    struct bytes lines; /* all that came on stderr */
    int status;
};

/* A stderr that is a pipe, read to its end after the child has gone or while it writes. */
static struct run
run_child(void (*act)(const char *path), const char *path)
{
    struct run run = {.arena = arena_create(1 << 16)};
    struct text text;
    char block[4096];
    ssize_t size;
    int ends[2];
    pid_t pid;

    check_int("a pipe", pipe(ends), 0);
    pid = fork();
    if (pid == 0) {
        dup2(ends[1], STDERR_FILENO);
        close(ends[0]);
        close(ends[1]);
        act(path);
        exit(0);
    }
    close(ends[1]);
    text_init(&text, run.arena, sizeof block);
    while ((size = read(ends[0], block, sizeof block)) > 0)
        text_add(&text, block, (size_t)size);
    close(ends[0]);
    waitpid(pid, &run.status, 0);
    run.lines = text_finish(&text);
    check_int("the child ends well", run.status, 0);
    return run;
}

static void
start_keeping(const char *path, int64_t file_bytes, int32_t file_count)
{
    struct log_settings settings = {
        .service = "log_test",
        .level = LOG_INFO,
        .file_path = path,
        .file_bytes = file_bytes,
        .file_count = file_count,
    };
    struct error err;

    if (!log_init(&settings, &err))
        _exit(9);
}

static void
start(const char *path, int64_t file_bytes)
{
    start_keeping(path, file_bytes, 2);
}

/* The `number`th line, parsed; each line must be JSON. NULL when there are no more. */
static const struct json *
line_at(const struct run *run, int number)
{
    const char *at = run->lines.data, *end;
    const struct json *tree = NULL;
    struct error err = {0};

    for (;; at = end + 1) {
        end = strchr(at, '\n');
        if (!end)
            return NULL;
        if (number-- == 0)
            break;
    }
    check_error("the line is JSON",
                json_parse(run->arena, (struct bytes){at, (size_t)(end - at)}, &json_limits_message,
                           &tree, &err),
                &err, NULL);
    return tree;
}

static void
act_fields(const char *path)
{
    struct error err;

    error_set(&err, ERROR_RETRY, "fetch.timeout", "no answer in %d s", 10);
    start(path, 0);
    log_event(LOG_DEBUG, "not.printed");
    log_context("job_id", "a/b/5");
    log_event(LOG_WARN, "job.retry", LOG_STR("source", "binance"), LOG_INT("delay_ms", -5),
              LOG_SECONDS("duration_seconds", 1234567), LOG_ERROR(&err), LOG_STR("none", NULL));
    log_context("job_id", NULL);
    log_event(LOG_INFO, "plain");
}

static void
a_line_has_its_fields(void **state)
{
    struct run run = run_child(act_fields, NULL);
    const struct json *line = line_at(&run, 0);
    const char *timestamp = json_string(json_get(line, "timestamp"));
    int64_t at_ms;

    check_true("the timestamp is one", clock_parse_ms(timestamp, strlen(timestamp), &at_ms));
    check_true("of now", llabs(clock_now_ms() - at_ms) < 60000);
    check_int("with microseconds", (int64_t)strlen(timestamp), 27);
    check_string("level", json_string(json_get(line, "level")), "warn");
    check_string("service", json_string(json_get(line, "service")), "log_test");
    check_true("pid", json_is_number(json_get(line, "pid")));
    check_string("event", json_string(json_get(line, "event")), "job.retry");
    check_string("the context", json_string(json_get(line, "job_id")), "a/b/5");
    check_string("a string", json_string(json_get(line, "source")), "binance");
    check_string("an integer", json_number(json_get(line, "delay_ms")), "-5");
    check_string("seconds", json_number(json_get(line, "duration_seconds")), "1.234567");
    check_string("the error's kind", json_string(json_get(line, "error_kind")), "retry");
    check_string("its code", json_string(json_get(line, "error_code")), "fetch.timeout");
    check_string("its sentence", json_string(json_get(line, "error")), "no answer in 10 s");
    check_true("a string that is not there", json_is_null(json_get(line, "none")));
    line = line_at(&run, 1);
    check_string("the next line", json_string(json_get(line, "event")), "plain");
    check_true("has no context any more", json_get(line, "job_id") == NULL);
    check_true("and is the last", line_at(&run, 2) == NULL);
    arena_destroy(run.arena);
}

static void
act_foreign_text(const char *path)
{
    static const char *const names[] = {"f0", "f1", "f2", "f3", "f4", "f5"};
    static char long_text[20000], bells[1100];
    struct log_field many[COUNT_OF(names) + 1] = {{0}};

    memset(long_text, 'x', sizeof long_text - 1);
    memset(bells, 7, sizeof bells - 1);
    for (size_t i = 0; i < COUNT_OF(names); i++)
        many[i] = LOG_STR(names[i], i < 4 ? bells : "short");
    start(path, 0);
    log_event(LOG_INFO, "a", LOG_STR("text", "\"}\n{\"event\":\"forged\"\xFF\x02"));
    log_event(LOG_INFO, "b", LOG_STR("text", long_text));
    log_write(LOG_INFO, "c", many);
    log_context("request_id", bells);
    log_event(LOG_INFO, "d");
}

static void
foreign_text_stays_in_its_field(void **state)
{
    struct run run = run_child(act_foreign_text, NULL);

    check_string("escaped, and bad bytes replaced", json_string(json_get(line_at(&run, 0), "text")),
                 "\"}\n{\"event\":\"forged\"\xEF\xBF\xBD\x02");
    check_int("a field is cut at 1 KiB",
              (int64_t)strlen(json_string(json_get(line_at(&run, 1), "text"))), 1024);
    check_true("what fits into 8 KiB is there", json_get(line_at(&run, 2), "f0") != NULL);
    check_true("what does not is left out", json_get(line_at(&run, 2), "f3") == NULL);
    check_string("and what fits again is there", json_string(json_get(line_at(&run, 2), "f5")),
                 "short");
    check_string("a context of nothing but escapes",
                 json_string(json_get(line_at(&run, 3), "request_id")), "unprintable");
    check_true("nothing became a line of its own", line_at(&run, 4) == NULL);
    arena_destroy(run.arena);
}

/* How many lines have `part` in them. */
static int64_t
count_lines(struct bytes lines, const char *part)
{
    const char *at = lines.data, *stop = lines.data + lines.size, *end;
    int64_t count = 0;

    for (; (end = memchr(at, '\n', (size_t)(stop - at))); at = end + 1)
        count += memmem(at, (size_t)(end - at), part, strlen(part)) != NULL;
    return count;
}

static void
act_storm(const char *path)
{
    start(path, 0);
    for (int i = 0; i < 1000; i++)
        log_event(LOG_WARN, "storm", LOG_INT("i", i));
    log_event(LOG_WARN, "other");
}

static void
a_storm_is_counted(void **state)
{
    struct run run = run_child(act_storm, NULL);
    int64_t printed = count_lines(run.lines, "\"event\":\"storm\""), counted = 0;
    const struct json *line;

    for (int i = 0; (line = line_at(&run, i)); i++)
        if (strcmp(json_string(json_get(line, "event")), "log.suppressed") == 0) {
            check_true("a count", json_integer(json_get(line, "count"), &counted));
            check_string("of what", json_string(json_get(line, "of_event")), "storm");
        }
    check_true("ten, or twenty around the turn of a second", printed == 10 || printed == 20);
    check_int("the rest is counted", printed + counted, 1000);
    check_int("others go through", count_lines(run.lines, "\"event\":\"other\""), 1);
    arena_destroy(run.arena);
}

static void *
thread_main(void *number)
{
    char name[16];

    snprintf(name, sizeof name, "thread%d", *(int *)number);
    log_context("request_id", name);
    for (int i = 0; i < 500; i++)
        log_event(LOG_INFO, "tick", LOG_STR("by", name));
    return NULL;
}

static void
act_threads(const char *path)
{
    pthread_t threads[4];
    int numbers[4];

    start(path, 0);
    for (int i = 0; i < 4; i++) {
        numbers[i] = i;
        pthread_create(&threads[i], NULL, thread_main, &numbers[i]);
    }
    for (int i = 0; i < 4; i++)
        pthread_join(threads[i], NULL);
    if (fork() == 0) { /* a child logs as well */
        log_event(LOG_INFO, "child");
        log_finish();
        _exit(0); /* exit() has the leak checker look for the parent's threads */
    }
    wait(NULL);
}

static void
threads_and_children_lose_nothing(void **state)
{
    struct run run = run_child(act_threads, NULL);
    const struct json *line;
    int64_t ticks = 0;
    int lines = 0;

    for (; (line = line_at(&run, lines)) && lines < 20; lines++)
        check_string("each thread has its own context", json_string(json_get(line, "request_id")),
                     json_string(json_get(line, "by")));
    ticks = count_lines(run.lines, "\"event\":\"tick\"");
    check_int("all lines of all threads", ticks, 2000);
    check_int("and the child's, once", count_lines(run.lines, "\"event\":\"child\""), 1);
    arena_destroy(run.arena);
}

/* Fills a pipe that nobody reads, and says on the other pipe how long the slowest line took. */
static void
log_into_stuck_pipe(int report)
{
    int64_t slowest_us = 0;
    int ends[2];

    if (pipe(ends) != 0)
        _exit(9);
    dup2(ends[1], STDERR_FILENO);
    start(NULL, 0);
    for (int i = 0; i < 30000; i++) {
        int64_t before_us = clock_monotonic_us(), took_us;

        log_event(LOG_INFO, "tick", LOG_STR("text", "a line of a hundred bytes, or about that"));
        took_us = clock_monotonic_us() - before_us;
        slowest_us = took_us > slowest_us ? took_us : slowest_us;
    }
    if (write(report, &slowest_us, sizeof slowest_us) != sizeof slowest_us)
        _exit(9);
    log_finish();
    _exit(0); /* exit() has the leak checker write to the pipe that nobody reads */
}

static void
a_reader_that_sleeps_holds_nobody_up(void **state)
{
    int64_t started_ms = clock_monotonic_ms(), slowest_us = -1;
    int report[2], status;
    pid_t pid;

    check_int("a pipe", pipe(report), 0);
    pid = fork();
    if (pid == 0)
        log_into_stuck_pipe(report[1]);
    check_int("reported", read(report[0], &slowest_us, sizeof slowest_us), sizeof slowest_us);
    waitpid(pid, &status, 0);
    check_int("the child ends well", status, 0);
    /* Far below the second that the writer waits; far above what a busy machine adds. */
    check_true("no line waited for the reader", slowest_us < 500000);
    check_true("nor did the end, for long", clock_monotonic_ms() - started_ms < 15000);
    close(report[0]);
    close(report[1]);
}

static void
act_drops(const char *path)
{
    static char text[1001];

    memset(text, 'x', sizeof text - 1);
    start(path, 0);
    for (int i = 0; i < 20000; i++)
        log_event(LOG_INFO, "tick", LOG_STR("text", text));
    log_event(LOG_ERR, "end");
}

/* The sum of the counts in all lines "log.dropped". */
static int64_t
sum_dropped(struct bytes lines)
{
    static const char start[] = "\"event\":\"log.dropped\",\"count\":";
    const char *at = lines.data, *stop = lines.data + lines.size, *end, *found;
    int64_t sum = 0;

    for (; (end = memchr(at, '\n', (size_t)(stop - at))); at = end + 1)
        if ((found = memmem(at, (size_t)(end - at), start, sizeof start - 1)))
            sum += strtoll(found + sizeof start - 1, NULL, 10);
    return sum;
}

static void
what_is_dropped_is_told(void **state)
{
    struct run run = run_child(act_drops, NULL);
    int64_t printed = count_lines(run.lines, "\"event\":\"tick\"");
    int64_t ends = count_lines(run.lines, "\"event\":\"end\"");

    check_int("each line was printed or counted", printed + ends + sum_dropped(run.lines), 20001);
    arena_destroy(run.arena);
}

static void
act_file(const char *path)
{
    start(path, 100 * 1000);
    for (int batch = 0; batch < 60; batch++) {
        for (int i = 0; i < 100; i++)
            log_event(LOG_INFO, "tick", LOG_INT("batch", batch), LOG_INT("i", i));
        log_event(LOG_ERR, "flush", LOG_INT("batch", batch)); /* written at once */
        usleep(2000);
    }
}

static int64_t
lines_of(const char *command_format, const char *path)
{
    char command[200];
    long long count = -1;
    FILE *out;

    snprintf(command, sizeof command, "f=%s; %s", path, command_format);
    out = popen(command, "r");
    check_int("one number", fscanf(out, "%lld", &count), 1);
    pclose(out);
    return count;
}

static void
a_file_rotates_and_is_compressed(void **state)
{
    char path[] = "/tmp/log_test.XXXXXX/log";
    char *folder = path, *end = strrchr(path, '/');
    struct run run;

    *end = '\0';
    check_true("a folder", mkdtemp(folder) != NULL);
    *end = '/';
    run = run_child(act_file, path);
    check_int("stderr has every line", count_lines(run.lines, "\"event\":\"tick\""), 6000);
    check_int("two old files are kept", lines_of("ls $f.*.gz | wc -l", path), 2);
    check_int("and nothing half done", lines_of("ls $f.1 $f.1.gz.part 2>/dev/null | wc -l", path),
              0);
    check_true("an old file had the size asked for",
               lines_of("gzip -dc $f.1.gz | wc -c", path) >= 100 * 1000);
    check_int("and ends with a whole line",
              lines_of("gzip -dc $f.1.gz | tail -c 2 | grep -c }", path), 1);
    check_int("the last lines are in one of the files",
              lines_of("(gzip -dc $f.*.gz; cat $f) | grep -c '\"batch\":59,'", path), 100);
    check_int("removed", lines_of("rm -r $(dirname $f); echo 0", path), 0);
    arena_destroy(run.arena);
}

/* Four processes write to one file, which each of them may rotate. */
static void
act_processes(const char *path)
{
    for (int process = 0; process < 4; process++) {
        if (fork() > 0)
            continue;
        start_keeping(path, 20 * 1000, 1000);
        for (int i = 0; i < 1500; i++) {
            log_event(LOG_INFO, "tick", LOG_INT("i", i));
            if (i % 100 == 0) /* makes the writer write */
                log_event(LOG_ERR, "flush", LOG_INT("i", i));
            usleep(50);
        }
        log_finish();
        _exit(0);
    }
    while (wait(NULL) > 0)
        ;
}

static void
processes_that_share_a_file_lose_nothing(void **state)
{
    char path[] = "/tmp/log_test.XXXXXX/log";
    char *end = strrchr(path, '/');
    struct run run;

    *end = '\0';
    check_true("a folder", mkdtemp(path) != NULL);
    *end = '/';
    run = run_child(act_processes, path);
    check_true("it was rotated", lines_of("ls $f.*.gz | wc -l", path) > 1);
    check_int("every line is in one of the files",
              lines_of("for g in $f.*.gz $f.1; do [ ! -e $g ] || gzip -dcf $g; done | cat - $f | "
                       "grep -c '\"event\":\"tick\"'",
                       path),
              4 * 1500);
    check_int("removed", lines_of("rm -r $(dirname $f); echo 0", path), 0);
    arena_destroy(run.arena);
}

static void
a_file_that_cannot_be_opened_is_an_error(void **state)
{
    struct log_settings settings = {.service = "x", .file_path = "/nonexistent/log"};
    struct error err = {0};

    check_error("a missing folder", log_init(&settings, &err), &err, "log.file");
}

static const struct {
    const char *name, *text;
    int want; /* -1 = refused */
} level_rows[] = {
    {"debug",    "debug",   LOG_DEBUG},
    {"capitals", "INFO",    LOG_INFO },
    {"warn",     "warn",    LOG_WARN },
    {"warning",  "WARNING", LOG_WARN },
    {"error",    "error",   LOG_ERR  },
    {"nothing",  "",        -1       },
    {"a number", "3",       -1       },
};

static void
levels_are_read(void **state)
{
    for (size_t i = 0; i < COUNT_OF(level_rows); i++) {
        enum log_level level = LOG_DEBUG;
        bool ok = log_level_parse(level_rows[i].text, &level);

        check_int(level_rows[i].name, ok ? (int)level : -1, level_rows[i].want);
    }
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_line_has_its_fields),
        cmocka_unit_test(foreign_text_stays_in_its_field),
        cmocka_unit_test(a_storm_is_counted),
        cmocka_unit_test(threads_and_children_lose_nothing),
        cmocka_unit_test(a_reader_that_sleeps_holds_nobody_up),
        cmocka_unit_test(what_is_dropped_is_told),
        cmocka_unit_test(a_file_rotates_and_is_compressed),
        cmocka_unit_test(processes_that_share_a_file_lose_nothing),
        cmocka_unit_test(a_file_that_cannot_be_opened_is_an_error),
        cmocka_unit_test(levels_are_read),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
