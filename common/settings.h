#ifndef TIDEMARK_COMMON_SETTINGS_H
#define TIDEMARK_COMMON_SETTINGS_H

#include "common/arena.h"
#include "common/error.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

/*
 * Environment variables, each declared once: the row is the check at start, the line in --help, the
 * line in the start-up log (secrets as "set") and the row of the README's table.
 *
 *     #define SETTINGS struct worker_settings
 *     static const struct setting settings[] = {
 *         COUNT("WORKER_PREFETCH", prefetch, "8", 1, 256, "Jobs a worker holds unacknowledged."),
 *         MS("FETCH_TIMEOUT", fetch_timeout_ms, "10s", 100, 60000, "Longest wait for an answer."),
 *         SECRET("DATABASE_URL", database_url, REQUIRED, "PostgreSQL connection string."),
 *         SETTINGS_END,
 *     };
 *
 * A row does not compile if the field has another type. A count may be a product, 365*5. Durations
 * are written 250ms, 10s, 5m, 2h, 7d or as a bare number of seconds. A secret, and every STRING,
 * may also come from the file that NAME_FILE names (without the newline at its end). A variable
 * that is set but empty counts as unset. At most 64 rows.
 */
enum setting_kind {
    SETTING_COUNT,
    SETTING_MS,
    SETTING_STRING,
    SETTING_SECRET,
    SETTING_BOOL,
    SETTING_CHOICE
};

struct setting {
    const char *name; /* the environment variable */
    enum setting_kind kind;
    size_t offset;
    const char *fallback; /* text of the default; NULL = required */
    int64_t min, max;     /* COUNT: as is; MS: milliseconds; STRING and SECRET: length in
                           * bytes, unless it is empty because nobody set it */
    const char *choices;  /* CHOICE: "live|replay" */
    const char *help;     /* one sentence */
};

#define REQUIRED NULL
#define SETTING_OFFSET(field, type)                                                                \
    (offsetof(SETTINGS, field) + 0 * sizeof((type *)0 == &((SETTINGS *)0)->field))
#define COUNT(name, field, fallback, min, max, help)                                               \
    {                                                                                              \
        name, SETTING_COUNT, SETTING_OFFSET(field, int64_t), fallback, min, max, NULL, help        \
    }
#define MS(name, field, fallback, min, max, help)                                                  \
    {                                                                                              \
        name, SETTING_MS, SETTING_OFFSET(field, int64_t), fallback, min, max, NULL, help           \
    }
#define STRING(name, field, fallback, help)                                                        \
    {                                                                                              \
        name, SETTING_STRING, SETTING_OFFSET(field, const char *), fallback, 0, 4096, NULL, help   \
    }
#define SECRET(name, field, fallback, help)                                                        \
    {                                                                                              \
        name, SETTING_SECRET, SETTING_OFFSET(field, const char *), fallback, 0, 4096, NULL, help   \
    }
/* A secret that nobody should be able to guess: unset, or at least `min` bytes long. */
#define KEY(name, field, min, help)                                                                \
    {                                                                                              \
        name, SETTING_SECRET, SETTING_OFFSET(field, const char *), "", min, 4096, NULL, help       \
    }
#define BOOL(name, field, fallback, help)                                                          \
    {                                                                                              \
        name, SETTING_BOOL, SETTING_OFFSET(field, bool), fallback, 0, 1, NULL, help                \
    }
#define CHOICE(name, field, fallback, choices, help)                                               \
    {                                                                                              \
        name, SETTING_CHOICE, SETTING_OFFSET(field, const char *), fallback, 0, 0, choices, help   \
    }
#define SETTINGS_END                                                                               \
    {                                                                                              \
        NULL, SETTING_COUNT, 0, NULL, 0, 0, NULL, NULL                                             \
    }

/*
 * Reads every row from the environment into `ret_settings` (strings live in `arena`).
 * Errors: fatal "settings.missing", "settings.invalid", "settings.file": the message names the
 * variable, what was wrong and what is allowed; a secret's value is never repeated.
 */
MUST_CHECK bool settings_read(const struct setting *table, void *ret_settings, struct arena *arena,
                              struct error *err);

/* For --help: aligned rows of name, default, help. For the README: a Markdown table. */
void settings_print_help(const struct setting *table, FILE *out);
void settings_print_markdown(const struct setting *table, FILE *out);
/* One log line "settings" with every value; secrets print as "set" or "unset". */
void settings_log(const struct setting *table, const void *settings);

/*
 * What every main does first. Handles --help, --version and --settings-markdown (prints, exit 0);
 * reads the table; on an error prints it to stderr and exits 2.
 * `usage` is the text above the settings in --help.
 */
void settings_start(int argc, char **argv, const char *program, const char *usage,
                    const struct setting *table, void *ret_settings, struct arena *arena);

#endif
