#ifndef TIDEMARK_INGEST_CTL_DEAD_LETTERS_H
#define TIDEMARK_INGEST_CTL_DEAD_LETTERS_H

#include "common/broker.h"
#include "ingest/ctl/command.h"

#include <stdbool.h>
#include <stdint.h>

/* What a letter says of itself. NULL where it does not say. */
const char *dead_letter_reason(const struct broker_delivery *letter); /* "delivery_limit", too */
const char *dead_letter_source(const struct broker_delivery *letter);
const char *dead_letter_number(const struct broker_delivery *letter, const char *header,
                               struct arena *arena); /* as text */

/* Whether --source and --reason, if given, fit. */
bool dead_letter_fits(const struct call *call, const struct broker_delivery *letter);

command_run dead_letters_list;                         /* dead_letters.c */
command_run dead_letters_show;                         /* dead_letters_show.c */
command_run dead_letters_replay, dead_letters_discard; /* dead_letters_settle.c */

#endif
