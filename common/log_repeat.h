#ifndef TIDEMARK_COMMON_LOG_REPEAT_H
#define TIDEMARK_COMMON_LOG_REPEAT_H

#include <stdbool.h>
#include <stdint.h>

/* Counts what would otherwise be printed a thousand times a second. Any thread. For log.c. */
enum { LOG_REPEAT_MAX = 10 /* lines a second of one event and error code */ };

/* Whether this line may be printed; if not, it is counted. `code` may be NULL. */
bool log_repeat_allow(const char *event, const char *code, int64_t now_s);

/* Takes one count out whose second is over; false if there is none. */
bool log_repeat_take(int64_t now_s, const char **ret_event, const char **ret_code,
                     uint64_t *ret_count);

/* Around fork(), so that a child does not inherit a lock that nobody will open. */
void log_repeat_lock(void);
void log_repeat_unlock(void);

#endif
