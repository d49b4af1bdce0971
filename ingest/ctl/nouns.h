#ifndef TIDEMARK_INGEST_CTL_NOUNS_H
#define TIDEMARK_INGEST_CTL_NOUNS_H

#include "ingest/ctl/command.h"

/* Each in the file of its name. A new noun is one file, one line here and one row in nouns.c. */
extern const struct noun archive_noun;
extern const struct noun backfill_noun;
extern const struct noun checkpoints_noun;
extern const struct noun dead_letters_noun;
extern const struct noun doctor_noun;
extern const struct noun doubts_noun;
extern const struct noun gaps_noun;
extern const struct noun instruments_noun;
extern const struct noun rebuild_noun;
extern const struct noun reports_noun;
extern const struct noun runs_noun;
extern const struct noun schedules_noun;
extern const struct noun sources_noun;

#endif
