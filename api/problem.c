#include "api/problem.h"

#include <stdarg.h>
#include <stdio.h>

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
