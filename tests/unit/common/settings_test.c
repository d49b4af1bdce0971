#include "common/settings.h"

#include "unit/check.h"

#include <stdio.h>
#include <sys/wait.h>
#include <unistd.h>

struct example {
    int64_t prefetch, timeout_ms;
    const char *url, *password, *mode;
    bool metrics;
};

#define SETTINGS struct example
static const struct setting table[] = {
    COUNT("T_PREFETCH", prefetch, "8", -1, 256, "Jobs held."),
    MS("T_TIMEOUT", timeout_ms, "10s", 100, 60000, "Longest wait."),
    STRING("T_URL", url, "", "Where."),
    SECRET("T_PASSWORD", password, REQUIRED, "The password."),
    CHOICE("T_MODE", mode, "live", "live|replay", "Which data."),
    BOOL("T_METRICS", metrics, "true", "Count | measure."),
    SETTINGS_END,
};

static const struct {
    const char *name, *variable, *value, *code, *part;
} rows[] = {
    {"a count in its bounds",          "T_PREFETCH", "256",                   NULL,               NULL            },
    {"a negative count in its bounds", "T_PREFETCH", "-1",                    NULL,               NULL            },
    {"a count above",                  "T_PREFETCH", "257",                   "settings.invalid", "from -1 to 256"},
    {"a count below",                  "T_PREFETCH", "-2",                    "settings.invalid", "T_PREFETCH"    },
    {"a count that is a word",         "T_PREFETCH", "many",                  "settings.invalid", "\"many\""      },
    {"a product",                      "T_PREFETCH", "2*4*32",                NULL,               NULL            },
    {"a product above",                "T_PREFETCH", "16*17",                 "settings.invalid", "from -1 to 256"},
    {"a product without an end",       "T_PREFETCH", "8*",                    "settings.invalid", "\"8*\""        },
    {"a product past 64 bits",         "T_PREFETCH", "9999999999*9999999999", "settings.invalid", NULL            },
    {"a count with a tail",            "T_PREFETCH", "8x",                    "settings.invalid", "\"8x\""        },
    {"a minus alone",                  "T_PREFETCH", "-",                     "settings.invalid", NULL            },
    {"a count past 64 bits",           "T_PREFETCH", "99999999999999999999",  "settings.invalid", NULL            },
    {"milliseconds",                   "T_TIMEOUT",  "250ms",                 NULL,               NULL            },
    {"minutes",                        "T_TIMEOUT",  "1m",                    NULL,               NULL            },
    {"a bare number is seconds",       "T_TIMEOUT",  "60",                    NULL,               NULL            },
    {"a duration above",               "T_TIMEOUT",  "2h",                    "settings.invalid", "100ms to 1m"   },
    {"a duration past 64 bits",        "T_TIMEOUT",  "9223372036854775807d",  "settings.invalid", NULL            },
    {"an unknown unit",                "T_TIMEOUT",  "10y",                   "settings.invalid", "such as"       },
    {"a choice",                       "T_MODE",     "replay",                NULL,               NULL            },
    {"the front of a choice",          "T_MODE",     "liv",                   "settings.invalid", "live|replay"   },
    {"the list itself",                "T_MODE",     "live|replay",           "settings.invalid", NULL            },
    {"off is a bool",                  "T_METRICS",  "off",                   NULL,               NULL            },
    {"maybe is none",                  "T_METRICS",  "maybe",                 "settings.invalid", "true or false" },
    {"an empty variable is unset",     "T_MODE",     "",                      NULL,               NULL            },
    {"a required one that is empty",   "T_PASSWORD", "",                      "settings.missing", "T_PASSWORD"    },
};

static bool
read_with(const char *variable, const char *value, struct example *ret_settings,
          struct arena *arena, struct error *err)
{
    bool ok;

    setenv("T_PASSWORD", "canary", 1);
    setenv(variable, value, 1);
    ok = settings_read(table, ret_settings, arena, err);
    unsetenv(variable);
    return ok;
}

static void
values_are_checked(void **state)
{
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        struct arena *arena = arena_create(1024);
        struct error err = {0};
        struct example got;
        bool ok = read_with(rows[i].variable, rows[i].value, &got, arena, &err);

        check_error(rows[i].name, ok, &err, rows[i].code);
        if (rows[i].part)
            check_contains(rows[i].name, err.message, rows[i].part);
        if (!ok)
            check_int(rows[i].name, err.kind, ERROR_FATAL);
        arena_destroy(arena);
    }
}

static void
defaults_and_values_arrive(void **state)
{
    struct arena *arena = arena_create(1024);
    struct error err = {0};
    struct example got;

    check_true("reads", read_with("T_TIMEOUT", "250ms", &got, arena, &err));
    check_int("the default count", got.prefetch, 8);
    check_int("the given duration", got.timeout_ms, 250);
    check_string("the default text", got.url, "");
    check_string("the secret", got.password, "canary");
    check_string("the default choice", got.mode, "live");
    check_true("the default bool", got.metrics);
    arena_destroy(arena);
}

static void
a_secret_is_never_repeated(void **state)
{
    struct arena *arena = arena_create(1024);
    char *password = arena_alloc(arena, 5000);
    struct error err = {0};
    struct example got;

    memset(password, 'x', 4999);
    password[4999] = '\0';
    check_false("too long", read_with("T_PASSWORD", password, &got, arena, &err));
    check_contains("the rule is named", err.message, "at most 4096 bytes");
    check_true("the value is not", strstr(err.message, "xx") == NULL);
    arena_destroy(arena);
}

static void
text_may_come_from_a_file(void **state)
{
    struct arena *arena = arena_create(1024);
    char path[] = "/tmp/settings_test.XXXXXX";
    int fd = mkstemp(path);
    struct error err = {0};
    struct example got;

    check_int("the file is written", write(fd, "from a file\n", 12), 12);
    close(fd);
    unsetenv("T_PASSWORD");
    setenv("T_PASSWORD_FILE", path, 1);
    check_true("reads", settings_read(table, &got, arena, &err));
    check_string("without the newline", got.password, "from a file");
    check_false("both are refused", read_with("T_PASSWORD", "x", &got, arena, &err));
    check_contains("and named", err.message, "T_PASSWORD and T_PASSWORD_FILE");
    unlink(path);
    unsetenv("T_PASSWORD");
    check_error("a missing file", settings_read(table, &got, arena, &err), &err, "settings.file");
    unsetenv("T_PASSWORD_FILE");
    arena_destroy(arena);
}

/* What `print` writes. */
static const char *
printed(void (*print)(const struct setting *, FILE *), struct arena *arena)
{
    char *text = NULL;
    const char *copy;
    size_t size = 0;
    FILE *out = open_memstream(&text, &size);

    print(table, out);
    fclose(out);
    copy = arena_copy(arena, text, size);
    free(text);
    return copy;
}

static void
the_table_prints_itself(void **state)
{
    struct arena *arena = arena_create(4096);

    check_string("--help", printed(settings_print_help, arena),
                 "  T_PREFETCH  8         Jobs held.\n"
                 "  T_TIMEOUT   10s       Longest wait.\n"
                 "  T_URL       unset     Where.\n"
                 "  T_PASSWORD  required  The password.\n"
                 "  T_MODE      live      Which data. [live|replay]\n"
                 "  T_METRICS   true      Count | measure.\n");
    check_string("the README's table", printed(settings_print_markdown, arena),
                 "| variable | default | meaning |\n"
                 "|---|---|---|\n"
                 "| `T_PREFETCH` | `8` | Jobs held. |\n"
                 "| `T_TIMEOUT` | `10s` | Longest wait. |\n"
                 "| `T_URL` | unset | Where. |\n"
                 "| `T_PASSWORD` | required | The password. |\n"
                 "| `T_MODE` | `live` | Which data. (live\\|replay) |\n"
                 "| `T_METRICS` | `true` | Count \\| measure. |\n");
    arena_destroy(arena);
}

static const struct {
    const char *name, *argument, *password;
    int want_status;
    const char *want_part;
} start_rows[] = {
    {"--version says name and version", "--version",           "x", 0, "prog " TIDEMARK_VERSION },
    {"--help says the usage",           "--help",              "x", 0, "usage: prog"            },
    {"--help says the settings",        "--help",              "x", 0, "  T_PREFETCH  8 "       },
    {"--help needs no settings",        "--help",              "",  0, "T_PASSWORD"             },
    {"the table for the README",        "--settings-markdown", "",  0, "| `T_TIMEOUT` |"        },
    {"a missing setting ends with 2",   "run",                 "",  2, "prog: T_PASSWORD is not"},
    {"all good goes on",                "run",                 "x", 7, ""                       },
    {"behind -- it is not for us",      "--",                  "x", 7, ""                       },
};

/* What a main() that begins with settings_start() prints; its exit status. */
static int
run_start(const char *argument, const char *password, const char **ret_text, struct arena *arena)
{
    char *argv[] = {(char[]){"prog"}, arena_string(arena, argument), (char[]){"--help"}, NULL};
    char *text = arena_alloc(arena, 4096);
    int ends[2], status;
    ssize_t size, used = 0;
    struct example got;
    pid_t pid;

    check_int("a pipe", pipe(ends), 0);
    pid = fork();
    if (pid == 0) {
        dup2(ends[1], STDOUT_FILENO);
        dup2(ends[1], STDERR_FILENO);
        setenv("T_PASSWORD", password, 1);
        settings_start(strcmp(argument, "--") == 0 ? 3 : 2, argv, "prog", "usage: prog", table,
                       &got, arena);
        _exit(7);
    }
    close(ends[1]);
    while ((size = read(ends[0], text + used, (size_t)(4095 - used))) > 0)
        used += size;
    text[used] = '\0';
    close(ends[0]);
    waitpid(pid, &status, 0);
    *ret_text = text;
    return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

static void
programs_start(void **state)
{
    fflush(stdout);
    for (size_t i = 0; i < COUNT_OF(start_rows); i++) {
        struct arena *arena = arena_create(8192);
        const char *text = NULL;
        int status = run_start(start_rows[i].argument, start_rows[i].password, &text, arena);

        check_int(start_rows[i].name, status, start_rows[i].want_status);
        check_contains(start_rows[i].name, text, start_rows[i].want_part);
        arena_destroy(arena);
    }
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(values_are_checked),         cmocka_unit_test(defaults_and_values_arrive),
        cmocka_unit_test(a_secret_is_never_repeated), cmocka_unit_test(text_may_come_from_a_file),
        cmocka_unit_test(the_table_prints_itself),    cmocka_unit_test(programs_start),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
