#ifndef TIDEMARK_API_HANDLERS_LINEAGE_PARTS_H
#define TIDEMARK_API_HANDLERS_LINEAGE_PARTS_H

#include "api/cache/flight.h"
#include "api/handlers/lineage_chain.h"
#include "api/params/params.h"

#include <stdbool.h>
#include <stdint.h>

/* What the files of /api/v1/lineage share. Included by api/handlers/lineage*.c only. */

/* ---- lineage_asked.c: what was asked for ---- */

bool lineage_is_given(const struct params *params, const char *name);
bool lineage_is_of_the_past(const struct params *params);
const struct field *lineage_field(const struct params *params);
/* As of when rows are looked at: a year that all of them are known in, if nothing was asked. */
int64_t lineage_known_by_ms(const struct params *params);
/* The moment; of what is yet to come, what is there now. */
int64_t lineage_moment_ms(const struct params *params);
/* Those of struct reading. */
bool lineage_check(const struct params *params, int64_t now_ms, struct problem *problem);
void lineage_tag(const struct params *params, struct tag_list *tags);

/* ---- lineage_interval.c ---- */

struct lineage_interval {
    const char *name, *chart_name; /* as `interval` has it here, and in /market_chart */
    int32_t interval_s, inputs_s;  /* and of the candles that one is rolled from */
    bool is_stored;
};

const struct lineage_interval *lineage_interval(int32_t interval_s);
/* `name` is one of the parameter's choices. */
const struct lineage_interval *lineage_named_interval(const char *name);

/* ---- lineage_ids.c: a run and its payloads, by the ids that /data gives ---- */

void lineage_ask_run(struct flight *flight);

/* 404: there is no such number. */
void lineage_nothing(struct flight *flight);

#endif
