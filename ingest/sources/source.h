#ifndef TIDEMARK_INGEST_SOURCES_SOURCE_H
#define TIDEMARK_INGEST_SOURCES_SOURCE_H

#include "common/arena.h"
#include "common/error.h"
#include "common/job.h"
#include "ingest/sources/batch.h"

#include <stdbool.h>
#include <stdint.h>

/*
 * One provider. README.md beside this file tells how to add one.
 *
 * A source does no I/O, reads no clock and keeps nothing: what it returns depends on its arguments
 * only, so a recorded payload tests it whole and a stored payload can be normalised again.
 *
 * What a job of each kind carries in `args`, and no more, and how many requests it becomes:
 *
 * quote    {"symbols":[...]}: one request. CoinGecko and CoinPaprika take up to 250 symbols of one
 *          currency, CoinMarketCap 100, Binance and Kraken up to 100. Coinbase prices one market
 *          a call, so its quote jobs carry exactly ONE symbol: one schedule (stream
 *          "quote/BTC-USD") per market.
 * listing  {"currency":"usd","page":1,"per_page":250}: one request; aggregators only.
 * history  {"symbol":"BTCUSDT","interval":"5m|1h|1d","lookback_s":31536000}: as many requests as
 *          it takes, each committed with its position. Without a position it begins at
 *          slot - lookback_s, or where the provider's history begins, whichever is later. With
 *          "until_s":1763712000 no candle that opens then or later is taken, and none before
 *          slot - lookback_s. CoinMarketCap and CoinPaprika also take "series":"ohlcv": their
 *          own candles, which need a paid plan, instead of price points.
 *          csv: {} (a folder has whatever it has).
 * reference {}, or {"page":1,"per_page":5000} where the provider gives its list in pages: one
 *          request; the provider's own list of coins or markets.
 *
 * Positions: history = "2026-11-21T08:00:00.000Z", the next open time wanted; quote, listing and
 * reference = the newest slot that was done; csv = csv.h. They never go back.
 */

/* How a provider's answer reaches us. */
enum upstream {
    UPSTREAM_HTTP,   /* ingest/fetch.c gets base address + target */
    UPSTREAM_FOLDER, /* ingest/folder.c reads the next piece of the next file */
    UPSTREAM_NONE,   /* none does: our own work (ingest/tasks). There is only request() then, which
                        says whether a job makes sense */
};

/* What to fetch next for a job. */
struct request {
    const char *target; /* "/api/v3/klines?symbol=..."; for a folder, the position to go on after */
    const char *position; /* the position it goes on after, as given; NULL = the beginning */
    int32_t weight;       /* what the call costs of the provider's budget */
    int64_t from_ms;      /* history: the window asked for, [from, to) on open time; else 0 */
    int64_t to_ms;
};

/* What came back, as it is kept in raw_payloads: enough to normalise it again at any time. */
struct payload {
    struct bytes body;        /* decoded; terminated by a NUL that is not counted */
    const char *target;       /* request.target; for a folder, the position after this piece */
    const char *content_type; /* "" if the provider did not say */
    int32_t status;           /* HTTP status; 200 for a folder */
    int64_t fetched_at_ms;    /* when the answer was complete */
    int64_t retry_after_ms;   /* what Retry-After asked for; 0 = none */
    int64_t used;             /* of the minute's budget, by the used_header; 0 = it is not said */
    int64_t left;             /* the same by the left_header */
    bool left_known;
};

struct json;
struct records;
struct reference_list;

/* A job, and how far it has come. */
struct question {
    const struct job *job;
    const char *position; /* NULL = the beginning */
    int64_t now_ms;       /* bounds what can exist */
    struct arena *arena;
};

/* What came back, on its way to records. */
struct answer {
    const struct job *job;
    const struct request *request;
    const struct payload *payload;
    const struct json *tree; /* of the body; NULL for parse() */
    struct arena *arena;
};

/* One kind of job: how a source is asked, and how its answer is read. */
struct source_kind {
    const char *args; /* what a job may carry, such as ARGS_HISTORY of args.h */

    /*
     * Says what to fetch next. `request` has the position already, and a weight of 1. Sets
     * `*ret_done` (which is false) if nothing is left to fetch: only history is ever done. Errors:
     * reject "job.args" naming the argument, "job.position".
     */
    bool (*request)(const struct question *question, struct request *request, bool *ret_done,
                    struct error *err);

    /*
     * How an answer is read, in one of three ways. A tree of JSON: read() adds its records, whose
     * places are written `rows`, a number, "]"; then go_on() sets the batch's position and `more`,
     * and without it the slot is done. A provider's own list of coins or markets: `list`. Anything
     * else: parse(). One bad record is a reject; a body that is not what the provider promises is
     * an error: reject "json.*", "payload.shape".
     */
    const char *rows; /* "[", "data[" */
    bool (*read)(const struct answer *answer, struct records *records, struct error *err);
    void (*go_on)(const struct answer *answer, struct batch *batch);
    const struct reference_list *list;
    bool (*parse)(const struct answer *answer, struct batch *ret_batch, struct error *err);
};

enum verdict {
    VERDICT_OK,
    VERDICT_LIMITED,   /* the provider asks us to slow down: no attempt is spent */
    VERDICT_TRANSIENT, /* may heal: an attempt is spent */
    VERDICT_PERMANENT, /* this request will never work */
};

struct source {
    const char *name;  /* goes into job ids, queues and rows: never rename */
    const char *about; /* one line for --help and the README */
    enum upstream upstream;
    const char *base_url;      /* without trailing slash; NULL for a folder */
    const char *key_header;    /* header that carries the key; NULL = takes none */
    bool key_required;         /* without a key nothing can be asked: its jobs are skipped */
    int32_t budget_per_minute; /* calls, or weight where the provider counts weight */
    bool weighs;               /* it counts weight */
    /* Headers of its answers that tell how much of the minute's budget is used, or left; or NULL.
     */
    const char *used_header;
    const char *left_header;

    struct source_kind kinds[JOB_KINDS]; /* without request() it has no such jobs */

    /*
     * Says what an answer means before it is parsed: by status, by content type, and by the
     * provider's own error bodies, also with status 200. Fills `err` unless it is VERDICT_OK
     * (retry for LIMITED, with retry_after_ms if the provider said, and TRANSIENT; reject for
     * PERMANENT) with a code of verdict.h: "provider.limited", "provider.server_error" ...
     */
    enum verdict (*classify)(const struct payload *payload, struct arena *arena, struct error *err);
};

/*
 * Says what to fetch next for `job`, going on after `position` (NULL = the beginning). `now_ms`
 * bounds what can exist. Sets `*ret_done` to whether nothing is left to fetch (then `*ret_request`
 * is untouched). Only history is ever done: a quote or a listing is always fetched, because the
 * claim of its run already sees to it that a slot is done once; and of a folder only
 * ingest/folder.c can know that nothing is left.
 * Errors: reject "job.kind" if the source has no such thing, "job.args" naming the argument, also
 * one that it does not take, "job.position".
 */
MUST_CHECK bool source_request(const struct source *source, const struct job *job,
                               const char *position, int64_t now_ms, struct arena *arena,
                               struct request *ret_request, bool *ret_done, struct error *err);

/*
 * Turns an answer into records, owned by `arena`. `ret_batch->position` is where to go on (NULL =
 * the position stays), `more` whether there is more to fetch now. Errors: reject "job.kind",
 * "json.*", "payload.shape".
 */
MUST_CHECK bool source_parse(const struct source *source, const struct job *job,
                             const struct request *request, const struct payload *payload,
                             struct arena *arena, struct batch *ret_batch, struct error *err);

/* It asks somebody else for what it gives: not our own work. */
bool source_is_provider(const struct source *source);

/* registry.c: every source there is, NULL at the end. A new source is one file and one row here. */
extern const struct source *const sources[];
const struct source *source_find(const char *name); /* NULL if unknown */

#endif
