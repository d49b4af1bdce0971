#include "api/answer/problem.h"

#include "common/log.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

bool
problem_set(struct problem *problem, int32_t status, const char *code, const char *title,
            const char *format, ...)
{
    va_list args;

    *problem = (struct problem){.status = status, .code = code, .title = title};
    va_start(args, format);
    vsnprintf(problem->detail, sizeof problem->detail, format, args);
    va_end(args);
    return false;
}

void
problem_of_database(struct problem *problem, const struct error *err)
{
    if (err->kind != ERROR_RETRY) {
        log_event(LOG_ERR, "query.failed", LOG_ERROR(err));
        problem_set(problem, 500, "internal", "Something is wrong on our side",
                    "the database did not take the query");
    } else if (strcmp(err->code, "database.timeout") == 0) {
        problem_set(problem, 504, "database.timeout", "The database took too long",
                    "no answer in time; try again");
    } else {
        problem_set(problem, 503, err->code, "The database cannot be asked now", "%s",
                    err->message);
    }
}
