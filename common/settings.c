#include "common/settings.h"

#include "common/log.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

enum { SETTINGS_MAX = 64 };

/* `rule` says what is allowed. A secret's value is not repeated. */
static bool
invalid(const struct setting *row, const char *value, const char *rule, struct error *err)
{
    if (row->kind == SETTING_SECRET)
        return error_set(err, ERROR_FATAL, "settings.invalid", "%s must be %s", row->name, rule);
    return error_set(err, ERROR_FATAL, "settings.invalid", "%s must be %s, not \"%.80s\"",
                     row->name, rule, value);
}

/* Decimal digits at the front of `text`; -1 if there are none, or more than an int64 holds. */
static int64_t
read_digits(const char *text, const char **ret_rest)
{
    int64_t number = 0;

    if (*text < '0' || *text > '9')
        return -1;
    for (; *text >= '0' && *text <= '9'; text++)
        if (__builtin_mul_overflow(number, 10, &number) ||
            __builtin_add_overflow(number, *text - '0', &number))
            return -1;
    *ret_rest = text;
    return number;
}

/* "1825", or "365*5": people write it so where they mean years of days. -1 for anything else. */
static int64_t
read_product(const char *text, const char **ret_rest)
{
    int64_t product = read_digits(text, ret_rest);

    while (product >= 0 && **ret_rest == '*') {
        int64_t factor = read_digits(*ret_rest + 1, ret_rest);

        if (factor < 0 || __builtin_mul_overflow(product, factor, &product))
            return -1;
    }
    return product;
}

static bool
read_count(const struct setting *row, const char *value, int64_t *field, struct error *err)
{
    const char *rest = "";
    bool negative = *value == '-';
    int64_t number = read_product(value + negative, &rest);
    char rule[80];

    if (number >= 0 && negative)
        number = -number;
    else if (number < 0)
        rest = "?";
    if (*rest == '\0' && number >= row->min && number <= row->max) {
        *field = number;
        return true;
    }
    snprintf(rule, sizeof rule, "an integer from %lld to %lld", (long long)row->min,
             (long long)row->max);
    return invalid(row, value, rule, err);
}

static const struct {
    const char *name;
    int64_t ms;
} units[] = {
    {"ms", 1       },
    {"s",  1000    },
    {"",   1000    },
    {"m",  60000   },
    {"h",  3600000 },
    {"d",  86400000}
};

/* The longest unit that says it exactly: 90000 is "90s", 60000 is "1m". */
static const char *
write_duration(int64_t ms, char text[32])
{
    size_t unit = COUNT_OF(units) - 1;

    while (units[unit].ms > 1 && (ms % units[unit].ms != 0 || *units[unit].name == '\0' || ms == 0))
        unit--;
    snprintf(text, 32, "%lld%s", (long long)(ms / units[unit].ms), units[unit].name);
    return text;
}

static bool
read_duration(const struct setting *row, const char *value, int64_t *field, struct error *err)
{
    const char *rest = "?";
    int64_t number = read_digits(value, &rest), ms;
    char rule[120], min[32], max[32];

    for (size_t i = 0; i < COUNT_OF(units) && number >= 0; i++)
        if (strcmp(rest, units[i].name) == 0 && !__builtin_mul_overflow(number, units[i].ms, &ms) &&
            ms >= row->min && ms <= row->max) {
            *field = ms;
            return true;
        }
    snprintf(rule, sizeof rule, "a duration from %s to %s, such as 250ms, 10s, 5m, 2h or 7d",
             write_duration(row->min, min), write_duration(row->max, max));
    return invalid(row, value, rule, err);
}

static bool
read_bool(const struct setting *row, const char *value, bool *field, struct error *err)
{
    static const char *const words[] = {"false", "true", "0", "1", "no", "yes", "off", "on"};

    for (size_t i = 0; i < COUNT_OF(words); i++)
        if (strcasecmp(value, words[i]) == 0) {
            *field = i % 2 == 1;
            return true;
        }
    return invalid(row, value, "true or false", err);
}

static bool
read_choice(const struct setting *row, const char *value, const char **field, struct error *err)
{
    size_t size = strlen(value);
    char rule[160];

    for (const char *choice = row->choices; choice;) {
        const char *end = strchrnul(choice, '|');

        if ((size_t)(end - choice) == size && memcmp(choice, value, size) == 0) {
            *field = value;
            return true;
        }
        choice = *end ? end + 1 : NULL;
    }
    snprintf(rule, sizeof rule, "one of %s", row->choices);
    return invalid(row, value, rule, err);
}

static bool
read_text(const struct setting *row, const char *value, const char **field, struct error *err)
{
    int64_t size = (int64_t)strlen(value);
    char rule[80];

    if (size <= row->max && (size >= row->min || size == 0)) {
        *field = value;
        return true;
    }
    snprintf(rule, sizeof rule,
             size > row->max ? "at most %lld bytes long" : "at least %lld bytes long",
             (long long)(size > row->max ? row->max : row->min));
    return invalid(row, value, rule, err);
}

static bool
read_value(const struct setting *row, const char *value, void *settings, struct error *err)
{
    void *field = (char *)settings + row->offset;

    switch (row->kind) {
    case SETTING_COUNT:
        return read_count(row, value, field, err);
    case SETTING_MS:
        return read_duration(row, value, field, err);
    case SETTING_BOOL:
        return read_bool(row, value, field, err);
    case SETTING_CHOICE:
        return read_choice(row, value, field, err);
    case SETTING_STRING:
    case SETTING_SECRET:
        return read_text(row, value, field, err);
    }
    abort(); /* a row of an unknown kind */
}

/* The whole of a small file, without the newline that editors put at its end. */
static bool
read_file(const char *name, const char *path, struct arena *arena, const char **ret_value,
          struct error *err)
{
    char content[4096 + 2];
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    ssize_t size = fd < 0 ? -1 : read(fd, content, sizeof content);
    int why = errno;

    if (fd >= 0)
        close(fd);
    if (size < 0)
        return error_set(err, ERROR_FATAL, "settings.file", "%s: %s: %s", name, path,
                         strerror(why));
    while (size > 0 && (content[size - 1] == '\n' || content[size - 1] == '\r'))
        size--;
    if (memchr(content, '\0', (size_t)size))
        return error_set(err, ERROR_FATAL, "settings.file", "%s: %s has a NUL in it", name, path);
    *ret_value = arena_copy(arena, content, (size_t)size);
    explicit_bzero(content, sizeof content);
    return true;
}

/* An empty variable counts as unset: compose files pass on what nobody gave them that way. */
static const char *
get_variable(const char *name)
{
    const char *value = getenv(name);

    return value && *value ? value : NULL;
}

/* NAME, or the content of NAME_FILE, or the default; NULL if there is none of them. */
static bool
find_value(const struct setting *row, struct arena *arena, const char **ret_value,
           struct error *err)
{
    const char *value = get_variable(row->name), *path = NULL;
    char *file_name;

    if (row->kind == SETTING_STRING || row->kind == SETTING_SECRET) {
        file_name = arena_printf(arena, "%s_FILE", row->name);
        path = get_variable(file_name);
        if (path && value)
            return error_set(err, ERROR_FATAL, "settings.invalid",
                             "%s and %s are both set: only one can count", row->name, file_name);
        if (path)
            return read_file(file_name, path, arena, ret_value, err);
    }
    *ret_value = value ? arena_string(arena, value) : row->fallback;
    return true;
}

bool
settings_read(const struct setting *table, void *ret_settings, struct arena *arena,
              struct error *err)
{
    for (const struct setting *row = table; row->name; row++) {
        const char *value;

        if (!find_value(row, arena, &value, err))
            return false;
        if (!value)
            return error_set(err, ERROR_FATAL, "settings.missing", "%s is not set: %s", row->name,
                             row->help);
        if (!read_value(row, value, ret_settings, err))
            return false;
    }
    return true;
}

/* What stands in the column "default". */
static const char *
default_text(const struct setting *row)
{
    if (!row->fallback)
        return "required";
    return *row->fallback ? row->fallback : "unset";
}

void
settings_print_help(const struct setting *table, FILE *out)
{
    int name_width = 0, default_width = 0;

    for (const struct setting *row = table; row->name; row++) {
        int name = (int)strlen(row->name), fallback = (int)strlen(default_text(row));

        name_width = name > name_width ? name : name_width;
        default_width = fallback > default_width ? fallback : default_width;
    }
    for (const struct setting *row = table; row->name; row++)
        fprintf(out, "  %-*s  %-*s  %s%s%s%s\n", name_width, row->name, default_width,
                default_text(row), row->help, row->choices ? " [" : "",
                row->choices ? row->choices : "", row->choices ? "]" : "");
}

/* A bar would end the cell. */
static void
print_cell(const char *text, FILE *out)
{
    for (; *text; text++)
        fprintf(out, *text == '|' ? "\\%c" : "%c", *text);
}

void
settings_print_markdown(const struct setting *table, FILE *out)
{
    fputs("| variable | default | meaning |\n|---|---|---|\n", out);
    for (const struct setting *row = table; row->name; row++) {
        bool literal = row->fallback && *row->fallback;

        fprintf(out, "| `%s` | %s", row->name, literal ? "`" : "");
        print_cell(default_text(row), out);
        fprintf(out, "%s | ", literal ? "`" : "");
        print_cell(row->help, out);
        if (row->choices) {
            fputs(" (", out);
            print_cell(row->choices, out);
            fputs(")", out);
        }
        fputs(" |\n", out);
    }
}

static struct log_field
log_value(const struct setting *row, const void *settings)
{
    const void *field = (const char *)settings + row->offset;

    switch (row->kind) {
    case SETTING_COUNT:
    case SETTING_MS:
        return LOG_INT(row->name, *(const int64_t *)field);
    case SETTING_BOOL:
        return LOG_STR(row->name, *(const bool *)field ? "true" : "false");
    case SETTING_SECRET:
        return LOG_STR(row->name, **(const char *const *)field ? "set" : "unset");
    case SETTING_STRING:
    case SETTING_CHOICE:
        return LOG_STR(row->name, *(const char *const *)field);
    }
    abort(); /* a row of an unknown kind */
}

void
settings_log(const struct setting *table, const void *settings)
{
    struct log_field fields[SETTINGS_MAX + 1] = {{0}};
    size_t count = 0;

    for (const struct setting *row = table; row->name; row++) {
        assert(count < SETTINGS_MAX);
        fields[count++] = log_value(row, settings);
    }
    log_write(LOG_INFO, "settings", fields);
}

void
settings_start(int argc, char **argv, const char *program, const char *usage,
               const struct setting *table, void *ret_settings, struct arena *arena)
{
    struct error err = {0};

    for (int i = 1; i < argc && strcmp(argv[i], "--") != 0; i++) {
        if (strcmp(argv[i], "--version") == 0) {
            printf("%s %s\n", program, TIDEMARK_VERSION);
            exit(0);
        }
        if (strcmp(argv[i], "--settings-markdown") == 0) {
            settings_print_markdown(table, stdout);
            exit(0);
        }
        if (strcmp(argv[i], "--help") == 0) {
            printf("%s\n\nSettings (environment variables; a text may also come from a file named "
                   "by NAME_FILE):\n",
                   usage);
            settings_print_help(table, stdout);
            exit(0);
        }
    }
    if (!settings_read(table, ret_settings, arena, &err)) {
        fprintf(stderr, "%s: %s\n", program, err.message);
        exit(2);
    }
}
