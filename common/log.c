#include "common/log.h"

#include "common/clock.h"
#include "common/log_repeat.h"
#include "common/log_sink.h"
#include "common/text.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

enum { VALUE_MAX = 1024, CONTEXT_FIELDS = 6, CONTEXT_VALUE_MAX = 300, NAME_MAX_BYTES = 64 };

static const char *const level_names[] = {"debug", "info", "warn", "error"};

static struct {
    enum log_level level;
    char start[160]; /* what stands between timestamp and level, and the event: constant */
    const char *service;
    atomic_bool finishing; /* tell all counts now */
} settings = {.level = LOG_INFO, .service = "tidemark"};

/* The fields that every line of a thread has, ready to be copied: ,"name":"value" */
static _Thread_local struct context_field {
    const char *name;
    size_t size; /* 0 = not in use */
    char text[CONTEXT_VALUE_MAX + NAME_MAX_BYTES + 16];
} context[CONTEXT_FIELDS];

/* The second that the thread's last line was written in: formatting it costs more than the rest. */
static _Thread_local struct {
    int64_t second;
    char text[CLOCK_TEXT_SIZE];
} last_second = {.second = -1};

/* A line in the making. Room behind LOG_LINE_MAX lets a field be written first and judged after. */
struct line {
    char *at;
    char data[LOG_LINE_MAX + TEXT_ESCAPED_SIZE(VALUE_MAX) + 2 * NAME_MAX_BYTES];
};

static void
put(struct line *line, const char *text, size_t size)
{
    memcpy(line->at, text, size);
    line->at += size;
}

static void
put_string(struct line *line, const char *text)
{
    put(line, text, strlen(text));
}

static char *
write_digits(char *at, int64_t number, int count)
{
    for (int i = count - 1; i >= 0; i--, number /= 10)
        at[i] = (char)('0' + number % 10);
    return at + count;
}

static void
put_int(struct line *line, int64_t number)
{
    char digits[20], *at = digits + sizeof digits;
    uint64_t rest = number < 0 ? -(uint64_t)number : (uint64_t)number;

    do {
        *--at = (char)('0' + rest % 10);
    } while (rest /= 10);
    if (number < 0)
        *--at = '-';
    put(line, at, (size_t)(digits + sizeof digits - at));
}

/* At most `max` bytes of the value, not cut inside a character. */
static size_t
bounded(const char *value, size_t max)
{
    size_t size = strnlen(value, max + 1);

    if (size <= max)
        return size;
    size = max;
    while (size > 0 && ((unsigned char)value[size] & 0xC0) == 0x80)
        size--;
    return size;
}

/* Names are constants of the program: short, and nothing to escape. */
static void
put_name(struct line *line, const char *name)
{
    put(line, ",\"", 2);
    put(line, name, strnlen(name, NAME_MAX_BYTES));
    put(line, "\":", 2);
}

static void
put_value(struct line *line, const char *value, size_t size)
{
    *line->at++ = '"';
    line->at = text_escape_json(line->at, value, size);
    *line->at++ = '"';
}

static void
put_text_field(struct line *line, const char *name, const char *value)
{
    char *before = line->at;

    put_name(line, name);
    if (value)
        put_value(line, value, bounded(value, VALUE_MAX));
    else
        put_string(line, "null");
    if (line->at > line->data + LOG_LINE_MAX - 2) /* "}\n" must fit */
        line->at = before;
}

static void
put_number_field(struct line *line, const struct log_field *field)
{
    char *before = line->at;

    put_name(line, field->name);
    if (field->kind == LOG_FIELD_INT) {
        put_int(line, field->integer);
    } else {
        put_int(line, field->integer / 1000000);
        *line->at++ = '.';
        line->at = write_digits(line->at, field->integer % 1000000, 6);
    }
    if (line->at > line->data + LOG_LINE_MAX - 2)
        line->at = before;
}

static void
put_field(struct line *line, const struct log_field *field)
{
    switch (field->kind) {
    case LOG_FIELD_STRING:
        put_text_field(line, field->name, field->string);
        return;
    case LOG_FIELD_INT:
    case LOG_FIELD_SECONDS:
        put_number_field(line, field);
        return;
    case LOG_FIELD_ERROR:
        if (field->error->kind == ERROR_NONE)
            return;
        put_text_field(line, "error_kind", error_kind_name(field->error->kind));
        put_text_field(line, "error_code", field->error->code);
        put_text_field(line, "error", field->error->message);
        return;
    }
}

/* {"timestamp":"2026-11-21T08:41:05.123456Z","service":"tidemark-api","pid":17,"level":"info",
 * "event":"request" */
static void
put_start(struct line *line, enum log_level level, const char *event)
{
    int64_t now_us = clock_now_us();

    if (now_us / 1000000 != last_second.second) {
        last_second.second = now_us / 1000000;
        clock_format_ms(now_us / 1000, last_second.text);
    }
    put_string(line, "{\"timestamp\":\"");
    put(line, last_second.text, sizeof "2026-11-21T08:41:05." - 1);
    line->at = write_digits(line->at, now_us % 1000000, 6);
    put_string(line, settings.start);
    put_string(line, level_names[level]);
    put_string(line, "\",\"event\":\"");
    put(line, event, strnlen(event, NAME_MAX_BYTES));
    *line->at++ = '"';
}

static size_t
finish_line(struct line *line)
{
    put(line, "}\n", 2);
    return (size_t)(line->at - line->data);
}

/* The first error among the fields; what makes two lines "the same". */
static const char *
find_code(const struct log_field *fields)
{
    for (; fields->name; fields++)
        if (fields->kind == LOG_FIELD_ERROR)
            return fields->error->code;
    return NULL;
}

static void
set_start(void)
{
    snprintf(settings.start, sizeof settings.start,
             "Z\",\"service\":\"%.40s\",\"pid\":%d,\"level\":\"", settings.service, (int)getpid());
}

void
log_write(enum log_level level, const char *event, const struct log_field *fields)
{
    struct line line;

    if (level < settings.level)
        return;
    if (level >= LOG_WARN && !log_repeat_allow(event, find_code(fields), clock_now_ms() / 1000)) {
        log_sink_note_soon();
        return;
    }
    if (!settings.start[0])
        set_start();
    line.at = line.data;
    put_start(&line, level, event);
    for (int i = 0; i < CONTEXT_FIELDS; i++)
        put(&line, context[i].text, context[i].size);
    for (; fields->name; fields++)
        put_field(&line, fields);
    log_sink_add(line.data, finish_line(&line), level == LOG_ERR);
}

/* The lines about the log itself: what was dropped, and what was only counted. */
static size_t
write_note(char text[LOG_LINE_MAX], uint64_t *dropped)
{
    int64_t now_s = settings.finishing ? -1 : clock_now_ms() / 1000;
    const char *event, *code;
    uint64_t count;
    struct line line;
    size_t size;

    line.at = line.data;
    if (*dropped > 0) {
        put_start(&line, LOG_WARN, "log.dropped");
        put_field(&line, &LOG_INT("count", (int64_t)*dropped));
        *dropped = 0;
    } else if (log_repeat_take(now_s, &event, &code, &count)) {
        put_start(&line, LOG_WARN, "log.suppressed");
        put_field(&line, &LOG_STR("of_event", event));
        put_field(&line, &LOG_STR("of_code", code));
        put_field(&line, &LOG_INT("count", (int64_t)count));
    } else {
        return 0;
    }
    size = finish_line(&line);
    memcpy(text, line.data, size);
    return size;
}

bool
log_init(const struct log_settings *wanted, struct error *err)
{
    static bool registered;

    if (!log_sink_open(wanted, write_note, err))
        return false;
    settings.level = wanted->level;
    settings.service = wanted->service;
    settings.finishing = false;
    set_start();
    if (!registered) {
        pthread_atfork(log_repeat_lock, log_repeat_unlock, log_repeat_unlock);
        pthread_atfork(NULL, NULL, set_start); /* a child has another pid */
        atexit(log_finish);
    }
    registered = true;
    return true;
}

void
log_finish(void)
{
    settings.finishing = true;
    log_sink_close();
}

/* The field of that name, or one that is free, or NULL. */
static struct context_field *
find_context(const char *name)
{
    struct context_field *unused = NULL;

    for (int i = 0; i < CONTEXT_FIELDS; i++) {
        if (context[i].size > 0 && strcmp(context[i].name, name) == 0)
            return &context[i];
        if (context[i].size == 0 && !unused)
            unused = &context[i];
    }
    return unused;
}

void
log_context(const char *name, const char *value)
{
    struct context_field *field = find_context(name);
    struct line line;

    if (!field)
        return;
    field->size = 0;
    if (!value)
        return;
    line.at = line.data;
    put_name(&line, name);
    put_value(&line, value, bounded(value, CONTEXT_VALUE_MAX));
    if (line.at > line.data + sizeof field->text) { /* nearly all of it had to be escaped */
        line.at = line.data;
        put_name(&line, name);
        put_string(&line, "\"unprintable\"");
    }
    field->name = name;
    field->size = (size_t)(line.at - line.data);
    memcpy(field->text, line.data, field->size);
}

bool
log_is_on(enum log_level level)
{
    return level >= settings.level;
}

bool
log_level_parse(const char *text, enum log_level *ret_level)
{
    static const struct {
        const char *name;
        enum log_level level;
    } names[] = {
        {"debug",   LOG_DEBUG},
        {"info",    LOG_INFO },
        {"warn",    LOG_WARN },
        {"warning", LOG_WARN },
        {"error",   LOG_ERR  }
    };

    for (size_t i = 0; i < COUNT_OF(names); i++)
        if (strcasecmp(text, names[i].name) == 0) {
            *ret_level = names[i].level;
            return true;
        }
    return false;
}
