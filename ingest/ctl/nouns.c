#include "ingest/ctl/nouns.h"

/* In the order of the help. */
const struct noun *const nouns[] = {
    &sources_noun,     &schedules_noun,
    &backfill_noun,    &gaps_noun,
    &doubts_noun,      &runs_noun,
    &reports_noun,     &checkpoints_noun,
    &instruments_noun, &dead_letters_noun,
    &archive_noun,     &rebuild_noun,
    &doctor_noun,      NULL,
};
