#ifndef TIDEMARK_INGEST_DEAD_LETTER_H
#define TIDEMARK_INGEST_DEAD_LETTER_H

/*
 * What a dead letter says of itself: headers of the messages in the queue "dead", beside the body,
 * which is the job message as it was. The worker writes them, tidemarkctl shows them. A
 * letter without DEAD_REASON was put there by the broker itself (its x-death header says why:
 * "delivery_limit" when a job killed every worker that took it).
 */
#define DEAD_REASON "reason"                   /* "permanent", "attempts", "crashes", "malformed" */
#define DEAD_KIND "kind"                       /* of the job: "quote", "history" ... */
#define DEAD_SOURCE "source"                   /* "binance" */
#define DEAD_ROUTING_KEY "routing_key"         /* to publish it again with: "binance.live" */
#define DEAD_JOB_ID "job_id"                   /* "" for "malformed" */
#define DEAD_ATTEMPT "attempt"                 /* number: of the try that failed last */
#define DEAD_FIRST_FAILED_AT "first_failed_at" /* "2026-11-21T08:41:05.123Z" */
#define DEAD_FAILED_AT "failed_at"
#define DEAD_ERROR_CODE "error_code"   /* "provider.not_found" */
#define DEAD_ERROR "error"             /* one sentence, at most 1 KiB */
#define DEAD_HTTP_STATUS "http_status" /* number, 0 = there was no answer */
#define DEAD_PAYLOAD_ID "payload_id"   /* number, 0 = nothing was kept */
#define DEAD_WORKER "worker"           /* "host/1234" */
#define DEAD_VERSION "version"         /* of the program */

#endif
