#include "api/handlers/coingecko/retention.h"

#include "common/clock.h"
#include "schema/queries.h"

enum { DROPPED_UNTIL, VERSION };

void
retention_ask(struct flight *flight, void (*then)(struct flight *flight, const struct rows *rows))
{
    flight_ask(flight, &query_archives_dropped_until, SQL_NO_VALUES, then);
}

bool
retention_refuses(struct flight *flight, const struct rows *rows, int64_t to_ms,
                  const char *parameter)
{
    int64_t dropped_until_ms = rows_int(rows, 0, DROPPED_UNTIL, 0);
    struct problem problem;
    char at[CLOCK_TEXT_SIZE];

    flight_note_version(flight, rows_text(rows, 0, VERSION));
    if (to_ms >= dropped_until_ms)
        return false;
    problem_set(&problem, 400, "range.retention", "Your request exceeds the allowed time range",
                "%s: nothing is kept before %s", parameter, clock_format_ms(dropped_until_ms, at));
    problem.parameter = parameter;
    flight_fail(flight, &problem);
    return true;
}
