#ifndef TIDEMARK_INGEST_CTL_DOCTOR_H
#define TIDEMARK_INGEST_CTL_DOCTOR_H

#include "ingest/ctl/command.h"
#include "ingest/ctl/table.h"

/*
 * What `tidemarkctl doctor` finds. Each check adds one line, whatever it finds: a server that is
 * away is a finding, not an error.
 */
enum health { HEALTH_OK, HEALTH_WARN, HEALTH_FAIL };

struct findings {
    const struct call *call;
    struct table table;
    size_t failed;
};

/* `advice` is what to do, NULL when there is nothing; texts are copied. */
void findings_add(struct findings *findings, enum health health, const char *what,
                  const char *advice, const char *format, ...) PRINTF_LIKE(5, 6);

void doctor_check_database(struct findings *findings); /* doctor_database.c */
void doctor_check_redis(struct findings *findings);    /* doctor_redis.c */
void doctor_check_broker(struct findings *findings);   /* doctor_broker.c */

/*
 * How often a source is to succeed: the shortest of its periods (0 = none), and of what lies
 * between the moments before and after `now_s` of its cron rules (one a line, NULL = none).
 * Seconds; 0 if nobody can tell.
 */
int64_t doctor_period_s(int64_t shortest_s, const char *crons, int64_t now_s);

/* A clock that is `off_ms` ahead of ours (negative: behind) is worth a finding. */
void doctor_check_clock(struct findings *findings, const char *what, int64_t off_ms);

#endif
