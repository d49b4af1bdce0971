#include "ingest/ctl/ask.h"

#include <stdio.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

bool
ask_whether(const struct call *call, const char *question, struct error *err)
{
    char answer[16] = "";

    if (call_has(call, "yes"))
        return true;
    if (!isatty(STDIN_FILENO))
        return error_set(err, ERROR_REJECT, "not_confirmed", "%.200s Nobody to ask: say --yes",
                         question);
    fprintf(stderr, "%s [y/N] ", question);
    if (!fgets(answer, sizeof answer, stdin))
        answer[0] = '\0';
    answer[strcspn(answer, "\n")] = '\0';
    if (strcasecmp(answer, "y") == 0 || strcasecmp(answer, "yes") == 0)
        return true;
    return error_set(err, ERROR_REJECT, "not_confirmed", "nothing was changed");
}
