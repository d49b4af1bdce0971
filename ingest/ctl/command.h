#ifndef TIDEMARK_INGEST_CTL_COMMAND_H
#define TIDEMARK_INGEST_CTL_COMMAND_H

#include "common/arena.h"
#include "common/error.h"
#include "ingest/archive/options.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

/*
 * The command line: nouns, their verbs, and what each takes, in tables. A row is the check and the
 * line in --help. A noun is a file of its own that exports `const struct noun <name>_noun`;
 * nouns.c has the one list.
 *
 *     tidemarkctl NOUN [VERB] [ARGUMENT ...] [--option [VALUE] ...]
 *
 * Options may stand anywhere, "--" ends them. All commands take --json. Pure: words in, call out.
 */
enum option_kind {
    OPTION_SWITCH, /* there or not */
    OPTION_TEXT,
    OPTION_SOURCE, /* a name in the registry of sources */
    OPTION_COUNT,  /* 1 .. COMMAND_COUNT_MAX */
    OPTION_MOMENT, /* "2026-11-21", "2026-11-21T08:00:00Z", or so long ago: "90s", "2h", "7d" */
    OPTION_CHOICE, /* one of `value`: "quote|listing|history" */
};

enum { COMMAND_COUNT_MAX = 10000, COMMAND_OPTIONS_MAX = 16 };

struct option {
    const char *name; /* "limit" is written --limit; takes a value everywhere or nowhere */
    enum option_kind kind;
    const char *value; /* what stands behind it, for the help: "N"; NULL for a switch */
    const char *about; /* for the help */
};

struct call;
/*
 * Does it and prints the answer to stdout. The kind of the error is the exit code: reject 1 (the
 * answer is no), fatal 2 (usage, settings), retry 75 (a server is away).
 */
typedef bool command_run(const struct call *call, struct error *err);

struct command {
    const char *verb;      /* NULL = the noun alone is the command, and its arguments follow */
    bool may_be_left_out;  /* NOUN alone is NOUN VERB */
    const char *arguments; /* for the help: "FILE", "SOURCE SYMBOL... INTERVAL"; NULL = none */
    size_t arguments_min, arguments_max;
    const char *about; /* one line */
    command_run *run;
    struct option options[COMMAND_OPTIONS_MAX]; /* up to the first without a name */
};

struct noun {
    const char *name, *about;
    const struct command *commands;
    size_t command_count;
};

extern const struct noun *const nouns[]; /* nouns.c; NULL at the end */

struct given_option {
    const struct option *option;
    const char *text;
    int64_t number; /* COUNT; MOMENT: UTC milliseconds */
};

/* One call of tidemarkctl: what was asked for, and what it may use. */
struct call {
    const char *database_url, *rabbitmq_url, *redis_url; /* "" = not set */
    struct archive_options archive;
    struct arena *arena;
    const struct noun *noun;
    const struct command *command;
    const char *const *arguments;
    size_t argument_count;
    bool json;
    const struct given_option *given;
    size_t given_count;
};

/*
 * Finds the command and checks its arguments and options. `words` are those behind the program's
 * name. The caller has filled `arena` and fills the urls. Error: fatal "usage".
 */
MUST_CHECK bool command_parse(const struct noun *const *known, const char *const *words,
                              size_t word_count, int64_t now_ms, struct call *call,
                              struct error *err);

/* What was given for an option of the command; `otherwise` (text: NULL) if it was not. */
bool call_has(const struct call *call, const char *option);
const char *call_text(const struct call *call, const char *option);
int64_t call_number(const struct call *call, const char *option, int64_t otherwise);

/*
 * "90s", "5m", "2h", "7d" as seconds, at least 1 and at most 100 years. False for anything else.
 */
MUST_CHECK bool command_parse_length(const char *text, int64_t *ret_seconds);

/* All commands, one line each; or everything about one noun. */
const char *command_overview(const struct noun *const *known, struct arena *arena);
void command_print_help(const struct noun *noun, FILE *out);
/* NULL if there is no such noun. */
const struct noun *command_find_noun(const struct noun *const *known, const char *name);

#endif
