/* tidemark-migrate: brings the schema of a database up or down, and says where it stands. */
#include "common/clock.h"
#include "common/database.h"
#include "common/settings.h"
#include "schema/apply.h"
#include "schema/plan.h"
#include "schema/queries.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char usage[] =
    "usage: tidemark-migrate up [--to N]     apply what is missing (up to version N)\n"
    "       tidemark-migrate down [--to N]   undo the newest one (all above version N; 0 = all)\n"
    "       tidemark-migrate status          what is applied and what is missing\n"
    "       tidemark-migrate check           does the database understand every query?\n"
    "\n"
    "Safe to run from several hosts at once: the second waits for the first.\n"
    "Exit codes: 0 done, 1 refused (nothing was half done), 2 usage or settings,\n"
    "75 database away or busy: try again.\n";

struct migrate_settings {
    const char *database_url;
    int64_t wait_ms;
};

#define SETTINGS struct migrate_settings
static const struct setting settings_table[] = {
    SECRET("DATABASE_URL", database_url, REQUIRED,
           "PostgreSQL, as a user who may create tables and (the first time) roles."),
    MS("MIGRATE_WAIT", wait_ms, "60s", 0, 3600000, "Longest wait for another migration to finish."),
    SETTINGS_END,
};

enum { EXIT_REFUSED = 1, EXIT_USAGE = 2, EXIT_AWAY = 75 };

struct migrate {
    struct database *db;
    struct arena *arena;
    const struct migrate_settings *settings;
    int32_t target;
};

static bool
run_plan(struct migrate *migrate, const struct plan *plan, struct error *err)
{
    for (size_t n = 0; n < plan->count; n++) {
        const struct migration *step = plan->steps[n];

        if (!apply_step(migrate->db, step, plan->up, err))
            return false;
        printf("%s %04d %s\n", plan->up ? "up  " : "down", step->version, step->name);
        fflush(stdout);
    }
    if (!plan->count)
        printf("nothing to do\n");
    return true;
}

static bool
move(struct migrate *migrate, bool up, struct error *err)
{
    struct applied *applied = NULL;
    size_t applied_count;
    struct plan plan;
    int64_t partitions;

    if (!apply_lock(migrate->db, migrate->settings->wait_ms, err) ||
        !apply_read(migrate->db, true, migrate->arena, &applied, &applied_count, err))
        return false;
    if (!(up ? plan_up : plan_down)(migrations, migration_count, applied, applied_count,
                                    migrate->target, migrate->arena, &plan, err))
        return false;
    if (!run_plan(migrate, &plan, err))
        return false;
    if (!up || applied_count + plan.count < migration_count)
        return true;
    if (!apply_partitions(migrate->db, migrate->arena, &partitions, err))
        return false;
    if (partitions)
        printf("made %lld partitions\n", (long long)partitions);
    return true;
}

static bool
go_up(struct migrate *migrate, struct error *err)
{
    return move(migrate, true, err);
}

static bool
go_down(struct migrate *migrate, struct error *err)
{
    return move(migrate, false, err);
}

static bool
show_status(struct migrate *migrate, struct error *err)
{
    struct applied *applied = NULL;
    size_t applied_count;
    struct plan plan;

    if (!apply_read(migrate->db, false, migrate->arena, &applied, &applied_count, err))
        return false;
    for (size_t n = 0; n < applied_count; n++) {
        char moment[CLOCK_TEXT_SIZE];

        printf("%04d  %-24s applied %s\n", applied[n].version, applied[n].name,
               clock_format_ms(applied[n].applied_at_ms, moment));
    }
    if (!plan_up(migrations, migration_count, applied, applied_count, PLAN_DEFAULT, migrate->arena,
                 &plan, err))
        return false;
    for (size_t n = 0; n < plan.count; n++)
        printf("%04d  %-24s missing\n", plan.steps[n]->version, plan.steps[n]->name);
    return true;
}

/* Tells of every query that the schema and this program do not agree on. */
static bool
check_queries(struct migrate *migrate, struct error *err)
{
    size_t checked = 0, failed = 0;

    /* Some queries are about the stage of this session. */
    if (!database_run(migrate->db, &query_candles_stage_create, SQL_NO_VALUES, NULL, NULL, err) ||
        !database_run(migrate->db, &query_references_stage_create, SQL_NO_VALUES, NULL, NULL,
                      err) ||
        !database_run(migrate->db, &query_rollup_stage_create, SQL_NO_VALUES, NULL, NULL, err) ||
        !database_run(migrate->db, &query_rollup_rolled_create, SQL_NO_VALUES, NULL, NULL, err) ||
        !database_run(migrate->db, &query_report_stage_create, SQL_NO_VALUES, NULL, NULL, err))
        return false;
    for (; queries[checked]; checked++) {
        if (database_prepare(migrate->db, queries[checked], err))
            continue;
        if (!database_usable(migrate->db))
            return false;
        fprintf(stderr, "tidemark-migrate: %s\n", err->message);
        failed++;
    }
    if (failed)
        return error_set(err, ERROR_FATAL, "migrate.queries",
                         "%zu of %zu queries do not fit this database", failed, checked);
    printf("%zu queries fit\n", checked);
    return true;
}

static const struct command {
    const char *name;
    bool (*run)(struct migrate *migrate, struct error *err);
    bool takes_target;
} commands[] = {
    {"up",     go_up,         true },
    {"down",   go_down,       true },
    {"status", show_status,   false},
    {"check",  check_queries, false},
};

/* NULL = this is not how it is used. */
static const struct command *
read_arguments(int argc, char **argv, int32_t *ret_target)
{
    const struct command *command = NULL;
    char *end;
    long target;

    for (size_t n = 0; argc >= 2 && n < COUNT_OF(commands); n++)
        if (!strcmp(argv[1], commands[n].name))
            command = &commands[n];
    *ret_target = PLAN_DEFAULT;
    if (!command || argc == 2)
        return command;
    if (argc != 4 || strcmp(argv[2], "--to") || !command->takes_target)
        return NULL;
    errno = 0;
    target = strtol(argv[3], &end, 10);
    if (end == argv[3] || *end || errno || target < 0 || target > 9999)
        return NULL;
    *ret_target = (int32_t)target;
    return command;
}

static int
report(const struct error *err)
{
    fprintf(stderr, "tidemark-migrate: %s (%s)\n", err->message, err->code);
    return err->kind == ERROR_RETRY ? EXIT_AWAY : EXIT_REFUSED;
}

int
main(int argc, char **argv)
{
    struct arena *arena = arena_create(64 * 1024);
    struct migrate_settings settings;
    struct migrate migrate = {.arena = arena, .settings = &settings};
    struct error err;
    const struct command *command;
    int code = EXIT_SUCCESS;

    signal(SIGPIPE, SIG_IGN);
    settings_start(argc, argv, "tidemark-migrate", usage, settings_table, &settings, arena);
    command = read_arguments(argc, argv, &migrate.target);
    if (!command) {
        fputs(usage, stderr);
        arena_destroy(arena);
        return EXIT_USAGE;
    }
    migrate.db =
        database_connect(&(struct database_settings){.url = settings.database_url,
                                                     .application_name = "tidemark-migrate",
                                                     .statement_timeout_ms = -1,
                                                     .lock_timeout_ms = 2000},
                         &err);
    if (!migrate.db || !command->run(&migrate, &err))
        code = report(&err);
    database_destroy(migrate.db);
    arena_destroy(arena);
    return code;
}
