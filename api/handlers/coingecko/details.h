#ifndef TIDEMARK_API_HANDLERS_COINGECKO_DETAILS_H
#define TIDEMARK_API_HANDLERS_COINGECKO_DETAILS_H

#include "api/cache/flight.h"
#include "api/handlers/coingecko/row_index.h"
#include "common/database.h"

#include <stddef.h>
#include <stdint.h>

/* What listings say of coins beside their prices; columns of query_coins_details. */
enum detail {
    DETAIL_SLUG,
    DETAIL_SYMBOL,
    DETAIL_NAME,
    DETAIL_CODE,
    DETAIL_RANK,
    DETAIL_FULLY_DILUTED,
    DETAIL_HIGH_24H,
    DETAIL_LOW_24H,
    DETAIL_CHANGE_24H,
    DETAIL_CHANGE_24H_PERCENT,
    DETAIL_CIRCULATING,
    DETAIL_TOTAL,
    DETAIL_MAX,
    DETAIL_ATH,
    DETAIL_ATH_AT,
    DETAIL_ATL,
    DETAIL_ATL_AT,
    DETAIL_OBSERVED_AT,
    DETAIL_VERSION,
};

/* Asks for coins (slugs) in currencies. */
void details_ask(struct flight *flight, const char *const *slugs, size_t slug_count,
                 const char *const *codes, size_t code_count,
                 void (*then)(struct flight *flight, const struct rows *rows));

/* The rows, to be found; they must outlive the index. */
void details_read_rows(struct row_index *details, const struct rows *rows, struct arena *arena);
void closes_read_rows(struct row_index *closes, const struct rows *rows, struct arena *arena);

/* NULL where nobody says it, or there is no such row. `code` NULL = in any currency. */
const char *detail_text(const struct row_index *details, const char *slug, const char *code,
                        enum detail detail);
int64_t detail_moment_ms(const struct row_index *details, const char *slug, const char *code,
                         enum detail detail); /* 0 = unknown */

/* How much more `now` is than `then`, in percent with 14 digits; NULL if either is, or then is 0.
 */
const char *percent_change(const char *now, const char *then, struct arena *arena);

/*
 * By how much a price changed: by so many percent, if somebody says so, else since it was `before`;
 * NULL if nobody knows.
 */
const char *price_change(const char *price, const char *percent, const char *before,
                         struct arena *arena);

/* What is asked for in seconds by "1h", "24h", "7d", "1y". */
int32_t period_seconds(const char *period);

/* Rows of query_coins_closes for these, and for what it takes to convert; `then` gets them. */
void closes_ask(struct flight *flight, const char *const *slugs, size_t slug_count,
                const char *const *codes, size_t code_count, const char *const *periods,
                size_t period_count, void (*then)(struct flight *flight, const struct rows *rows));
/*
 * What the coin cost then; NULL = nobody knows. In a currency that nobody quoted it in: converted
 * as charts are, by what Bitcoin, or the coin that the currency is, cost at the same time.
 */
const char *close_before(const struct row_index *closes, const char *slug, const char *code,
                         const char *period, struct arena *arena);
/* The same of its market cap, a day ago. */
const char *market_cap_before(const struct row_index *closes, const char *slug, const char *code,
                              struct arena *arena);

/* An array for the database. */
const char *text_array(const char *const *texts, size_t count, struct arena *arena);

#endif
