#ifndef TIDEMARK_INGEST_SOURCES_ARGS_H
#define TIDEMARK_INGEST_SOURCES_ARGS_H

#include "common/job.h"
#include "ingest/sources/records.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * Reads what a job carries in `args` (source.h has the list). All errors are reject "job.args" with
 * the argument's name. A symbol is 1..ARGS_SYMBOL_MAX bytes without spaces, control characters,
 * commas, quotes and backslashes, and neither "." nor "..": it becomes part of a target.
 */
enum { ARGS_SYMBOL_MAX = 128 };

/* What jobs of each kind may carry; a source that takes more says so. */
#define ARGS_QUOTE "symbols"
#define ARGS_LISTING "currency|page|per_page"
#define ARGS_HISTORY "symbol|interval|lookback_s|until_s"
#define ARGS_HISTORY_SERIES ARGS_HISTORY "|series"
#define ARGS_REFERENCE "page|per_page"
#define ARGS_NONE ""

struct quote_args {
    const char **symbols;
    bool *answered;
    size_t count; /* 1..max */
};

struct listing_args {
    const char *currency;
    int64_t page, per_page;
};

struct reference_args {
    int64_t page, per_page; /* 0 = the list comes whole */
};

struct history_args {
    const char *symbol;
    const char *interval; /* "5m", "1h", "1d" */
    int32_t interval_s;
    int64_t lookback_s;
    int64_t until_s; /* unix seconds: no candle that opens then or later; 0 = up to the present */
};

MUST_CHECK bool args_read_quote(const struct job *job, size_t max, struct arena *arena,
                                struct quote_args *ret_args, struct error *err);
MUST_CHECK bool args_read_listing(const struct job *job, int64_t max_per_page,
                                  struct listing_args *ret_args, struct error *err);
/* `max_per_page` 0: the provider has no pages, so a job must not name one. */
MUST_CHECK bool args_read_reference(const struct job *job, int64_t max_per_page,
                                    struct reference_args *ret_args, struct error *err);
MUST_CHECK bool args_read_history(const struct job *job, struct history_args *ret_args,
                                  struct error *err);
/* "series" of a history: "ohlcv" = the provider's own candles, "points" or none = price points. */
MUST_CHECK bool args_read_series(const struct job *job, bool *ret_candles, struct error *err);

/* The candles of a history job and of the window that was asked for go into `records` from here on.
 */
MUST_CHECK bool args_begin_series(const struct job *job, const struct request *request,
                                  enum candle_origin origin, struct records *records,
                                  struct error *err);

/* True if `symbol` is one of those asked for; it counts as answered from then on. */
bool args_answer(struct quote_args *args, const char *symbol);
/* Providers leave out what they do not know: a reject "symbol.unanswered" for each of those. */
void args_reject_unanswered(const struct quote_args *args, struct records *records);

/* Reject "job.args" if a job carries anything that is not among `known`, such as ARGS_HISTORY. */
MUST_CHECK bool args_check_known(const struct job *job, const char *known, struct error *err);

/* For a source that has no jobs of this kind: reject "job.kind". */
bool args_refuse_kind(const struct job *job, struct error *err);

#endif
