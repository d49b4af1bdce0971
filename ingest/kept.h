#ifndef TIDEMARK_INGEST_KEPT_H
#define TIDEMARK_INGEST_KEPT_H

#include "common/arena.h"
#include "common/error.h"
#include "common/text.h"
#include "ingest/sources/batch.h"
#include "ingest/store_markets.h"

#include <stdint.h>

/*
 * A payload as raw_payloads keeps it, with what its run knows of the job, and how it becomes
 * records once more. Pure: the same payload gives the same records for ever, as long as its
 * normaliser stays what it is.
 */
struct kept_payload {
    int64_t payload_id, run_id, source_id;
    const char *source;                        /* name; NULL = not in the table */
    const char *job_id, *kind, *stream, *args; /* of the run; NULL = the run is gone */
    int64_t slot_s;
    const char *target, *position; /* of the request */
    int64_t from_ms, to_ms;        /* the window it asked for; 0 = none */
    const char *fetched_at;        /* as PostgreSQL spells it */
    int64_t fetched_at_ms;
    int32_t http_status;
    const char *content_type;
    const char *verdict, *error_code;
    struct bytes sha256;
    struct bytes body; /* terminated by a NUL that is not counted */
    bool intact;       /* the body has that SHA-256 */
    const char *rejects;
    const char *markets; /* what symbols meant, see store_markets_json.h; NULL = not known */
};

enum kept_fate {
    KEPT_FED,     /* here are its records */
    KEPT_REFUSED, /* never became rows: an error of the provider */
    KEPT_OLDER,   /* stored before it was kept what symbols meant, and which window was asked for */
    KEPT_DAMAGED, /* the body is not what was stored */
    KEPT_ORPHAN,  /* its run is gone, and with it what the job was */
    KEPT_UNPARSED,  /* no normaliser of today takes it */
    KEPT_UNWRITTEN, /* its rows are refused by the database; said by those who write them */
    KEPT_FATES,
};

/* "fed", "refused", "older" ...: for reports. */
const char *kept_fate_name(enum kept_fate fate);
/* What that means, in a few words for a person. */
const char *kept_fate_text(enum kept_fate fate);

/*
 * `ret_batch` and `ret_markets` are filled for KEPT_FED only; text lives in `arena` and in `kept`.
 * `err` says why for KEPT_UNPARSED.
 */
enum kept_fate kept_normalise(const struct kept_payload *kept, struct arena *arena,
                              struct batch *ret_batch, struct markets *ret_markets,
                              struct error *err);

#endif
