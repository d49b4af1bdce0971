#include "ingest/ctl/command.h"

#include "common/clock.h"
#include "common/text.h"
#include "ingest/sources/source.h"

#include <stdlib.h>
#include <string.h>

enum { HELP_COLUMN = 46 };

static const struct option json_option = {"json", OPTION_SWITCH, NULL,
                                          "one JSON document, for scripts"};

/* ---- finding ---- */

const struct noun *
command_find_noun(const struct noun *const *known, const char *name)
{
    for (; *known; known++)
        if (strcmp((*known)->name, name) == 0)
            return *known;
    return NULL;
}

static const struct option *
find_option(const struct command *command, const char *name)
{
    for (size_t i = 0; i < COMMAND_OPTIONS_MAX && command->options[i].name; i++)
        if (strcmp(command->options[i].name, name) == 0)
            return &command->options[i];
    return strcmp(name, json_option.name) == 0 ? &json_option : NULL;
}

/* As some command has it: enough to know whether a value follows. */
static const struct option *
find_option_anywhere(const struct noun *const *known, const char *name)
{
    for (; *known; known++)
        for (size_t i = 0; i < (*known)->command_count; i++) {
            const struct option *option = find_option(&(*known)->commands[i], name);

            if (option)
                return option;
        }
    return NULL;
}

static bool
refuse(struct error *err, const char *word, const char *why)
{
    return error_set(err, ERROR_FATAL, "usage", "%.100s: %s", word, why);
}

/* ---- values ---- */

bool
command_parse_length(const char *text, int64_t *ret_seconds)
{
    static const struct {
        char suffix;
        int64_t seconds;
    } units[] = {
        {'s', 1    },
        {'m', 60   },
        {'h', 3600 },
        {'d', 86400}
    };
    const int64_t longest_s = INT64_C(100) * 366 * 86400;
    char *end;
    int64_t number = strtoll(text, &end, 10);

    if (text[0] < '0' || text[0] > '9' || number < 1 || end[0] == '\0' || end[1] != '\0')
        return false;
    for (size_t i = 0; i < COUNT_OF(units); i++)
        if (units[i].suffix == end[0] && number <= longest_s / units[i].seconds) {
            *ret_seconds = number * units[i].seconds;
            return true;
        }
    return false;
}

static bool
parse_count(struct given_option *given, struct error *err)
{
    char *end;

    given->number = strtoll(given->text, &end, 10);
    if (*end == '\0' && given->number >= 1 && given->number <= COMMAND_COUNT_MAX)
        return true;
    return refuse(err, given->text, "must be a number from 1 to 10000");
}

static bool
parse_moment(struct given_option *given, int64_t now_ms, struct error *err)
{
    int64_t ago_s;

    if (clock_parse_ms(given->text, strlen(given->text), &given->number))
        return true;
    if (!command_parse_length(given->text, &ago_s))
        return refuse(err, given->text,
                      "must be a date (2026-11-21), a time (2026-11-21T08:00:00Z) or so long ago "
                      "(90s, 2h, 7d)");
    given->number = now_ms - ago_s * 1000;
    return true;
}

static bool
is_choice(const char *choices, const char *text)
{
    size_t size = strlen(text);

    for (const char *at = choices; *at;) {
        size_t length = strcspn(at, "|");

        if (length == size && strncmp(at, text, size) == 0)
            return true;
        at += length + (at[length] == '|');
    }
    return false;
}

static bool
parse_value(struct given_option *given, int64_t now_ms, struct error *err)
{
    switch (given->option->kind) {
    case OPTION_SOURCE: /* one that nobody knows would be an empty list, which reads like an answer
                         */
        return source_find(given->text) || refuse(err, given->text, "there is no such source");
    case OPTION_COUNT:
        return parse_count(given, err);
    case OPTION_MOMENT:
        return parse_moment(given, now_ms, err);
    case OPTION_CHOICE:
        return is_choice(given->option->value, given->text) ||
               error_set(err, ERROR_FATAL, "usage", "--%s must be one of %s", given->option->name,
                         given->option->value);
    case OPTION_SWITCH:
    case OPTION_TEXT:
        break;
    }
    return true;
}

/* ---- the line ---- */

/* The words of a command line, told apart. */
struct line {
    const char **words;
    size_t word_count;
    struct given_option *given; /* `option` is of some command yet */
    size_t given_count;
};

static bool
split(const struct noun *const *known, const char *const *words, size_t count, struct arena *arena,
      struct line *line, struct error *err)
{
    bool only_words = false;

    line->words = arena_alloc_array(arena, count + 1, sizeof *line->words);
    line->given = arena_alloc_array(arena, count + 1, sizeof *line->given);
    for (size_t i = 0; i < count; i++) {
        struct given_option given = {NULL};

        if (only_words || words[i][0] != '-') {
            line->words[line->word_count++] = words[i];
            continue;
        }
        only_words = strcmp(words[i], "--") == 0;
        if (only_words)
            continue;
        given.option =
            strncmp(words[i], "--", 2) == 0 ? find_option_anywhere(known, words[i] + 2) : NULL;
        if (!given.option)
            return refuse(err, words[i], "unknown option");
        if (given.option->kind != OPTION_SWITCH && i + 1 == count)
            return refuse(err, words[i], "needs a value behind it");
        if (given.option->kind != OPTION_SWITCH)
            given.text = words[++i];
        line->given[line->given_count++] = given;
    }
    return true;
}

static bool
find_command(const struct noun *const *known, const struct line *line, struct call *call,
             size_t *ret_used, struct error *err)
{
    if (line->word_count == 0)
        return refuse(err, "nothing to do", "name a command");
    call->noun = command_find_noun(known, line->words[0]);
    if (!call->noun)
        return refuse(err, line->words[0], "there is no such command");
    for (size_t i = 0; i < call->noun->command_count; i++) {
        const struct command *command = &call->noun->commands[i];
        bool named =
            command->verb && line->word_count > 1 && strcmp(command->verb, line->words[1]) == 0;

        if (!named && command->verb && !(command->may_be_left_out && line->word_count == 1))
            continue;
        call->command = command;
        *ret_used = named ? 2 : 1;
        return true;
    }
    return refuse(err, line->words[line->word_count > 1 ? 1 : 0],
                  line->word_count > 1 ? "there is no such command"
                                       : "which one? a word is missing");
}

static bool
check_arguments(const struct line *line, size_t used, struct call *call, struct error *err)
{
    const struct command *command = call->command;

    call->arguments = line->words + used;
    call->argument_count = line->word_count - used;
    if (call->argument_count < command->arguments_min)
        return refuse(err, command->arguments, "is missing");
    if (call->argument_count > command->arguments_max)
        return refuse(err, call->arguments[command->arguments_max], "one word too many");
    return true;
}

static bool
check_options(const struct line *line, int64_t now_ms, struct call *call, struct error *err)
{
    for (size_t i = 0; i < line->given_count; i++) {
        struct given_option *given = &line->given[i];
        const char *name = given->option->name;

        given->option = find_option(call->command, name);
        if (!given->option)
            return error_set(err, ERROR_FATAL, "usage", "%s %s takes no --%s", call->noun->name,
                             call->command->verb ? call->command->verb : "", name);
        if (!parse_value(given, now_ms, err))
            return false;
    }
    call->given = line->given;
    call->given_count = line->given_count;
    call->json = call_has(call, json_option.name);
    return true;
}

bool
command_parse(const struct noun *const *known, const char *const *words, size_t word_count,
              int64_t now_ms, struct call *call, struct error *err)
{
    struct line line = {NULL};
    size_t used = 0;

    return split(known, words, word_count, call->arena, &line, err) &&
           find_command(known, &line, call, &used, err) &&
           check_arguments(&line, used, call, err) && check_options(&line, now_ms, call, err);
}

/* ---- what was given ---- */

/* The last one counts, so that an alias of the shell can be overruled. */
static const struct given_option *
find_given(const struct call *call, const char *name)
{
    for (size_t i = call->given_count; i-- > 0;)
        if (strcmp(call->given[i].option->name, name) == 0)
            return &call->given[i];
    return NULL;
}

bool
call_has(const struct call *call, const char *option)
{
    return find_given(call, option) != NULL;
}

const char *
call_text(const struct call *call, const char *option)
{
    const struct given_option *given = find_given(call, option);

    return given ? given->text : NULL;
}

int64_t
call_number(const struct call *call, const char *option, int64_t otherwise)
{
    const struct given_option *given = find_given(call, option);

    return given ? given->number : otherwise;
}

/* ---- help ---- */

/* "runs [list]", "checkpoints rewind SOURCE STREAM". */
static const char *
usage_of(const struct noun *noun, const struct command *command, struct arena *arena)
{
    struct text text;

    text_init(&text, arena, 80);
    text_add_string(&text, noun->name);
    if (command->verb)
        text_add_format(&text, command->may_be_left_out ? " [%s]" : " %s", command->verb);
    if (command->arguments)
        text_add_format(&text, " %s", command->arguments);
    return text_finish(&text).data;
}

const char *
command_overview(const struct noun *const *known, struct arena *arena)
{
    struct text text;

    text_init(&text, arena, 8192);
    text_add_string(&text, "usage: tidemarkctl COMMAND [OPTION ...]\n");
    for (; *known; known++)
        for (size_t i = 0; i < (*known)->command_count; i++)
            text_add_format(&text, "  %-*s  %s\n", HELP_COLUMN,
                            usage_of(*known, &(*known)->commands[i], arena),
                            (*known)->commands[i].about);
    text_add_string(
        &text, "\n"
               "tidemarkctl NOUN --help tells the options of a command, such as tidemarkctl runs "
               "--help.\n"
               "All of them take --json: one JSON document for scripts instead of a table.\n"
               "\n"
               "Exit codes: 0 done; 1 refused and nothing changed, or what was waited for did not "
               "end well,\n"
               "or something is broken (doctor); 2 usage or settings; 75 a server is away: try "
               "again.");
    return text_finish(&text).data;
}

static void
print_option(const struct option *option, struct arena *arena, FILE *out)
{
    const char *left = option->value ? arena_printf(arena, "--%s %s", option->name, option->value)
                                     : arena_printf(arena, "--%s", option->name);

    if (strlen(left) > HELP_COLUMN - 4)
        fprintf(out, "      %s\n      %-*s  %s\n", left, HELP_COLUMN - 4, "", option->about);
    else
        fprintf(out, "      %-*s  %s\n", HELP_COLUMN - 4, left, option->about);
}

void
command_print_help(const struct noun *noun, FILE *out)
{
    struct arena *arena = arena_create(4096);

    fprintf(out, "tidemarkctl %s: %s\n\n", noun->name, noun->about);
    for (size_t at = 0; at < noun->command_count; at++) {
        const struct command *command = &noun->commands[at];

        fprintf(out, "  %-*s  %s\n", HELP_COLUMN, usage_of(noun, command, arena), command->about);
        for (size_t i = 0; i < COMMAND_OPTIONS_MAX && command->options[i].name; i++)
            print_option(&command->options[i], arena, out);
        print_option(&json_option, arena, out);
    }
    arena_destroy(arena);
}
