#ifndef TIDEMARK_API_HANDLERS_COINGECKO_VALUATION_H
#define TIDEMARK_API_HANDLERS_COINGECKO_VALUATION_H

#include "api/cache/flight.h"
#include "api/handlers/price_inputs.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * What coins are worth in currencies, as CoinGecko's clients expect it: in every currency that is
 * known, not only in those that a source quotes.
 *
 * The price of a pair is its consensus (api/consensus.h). Where nobody quotes the pair, or only
 * long ago, it is converted by what Bitcoin costs in both:
 *     price in c = price in usd * (bitcoin in c) / (bitcoin in usd)
 * all three of them consensus prices themselves (of a currency that is a coin, and that nobody
 * prices Bitcoin in: bitcoin in usd / that coin in usd); the product is exact, the quotient has
 * VALUATION_DIGITS significant digits. Market cap and volume are those of the pair's preferred
 * source that was used and has them, or converted the same way. A change over time is never
 * converted. Where sources disagree about a pair there is no price, and no way around it.
 */
enum { VALUATION_DIGITS = 18 };

struct worth {
    const char *price;              /* NULL = there is none, and then nothing else, either */
    const char *market_cap;         /* NULL = unknown, as all below */
    const char *volume_24h;         /* in the currency */
    const char *change_24h_percent; /* in the currency */
    int64_t observed_at_ms;         /* of the oldest price that it is made of */
    bool is_converted;
    bool is_stale;     /* one of the prices that it is made of is */
    bool is_disagreed; /* there is no price, but there are some, which disagree */
};

struct valuation;

/*
 * Asks for these coins in these currencies, and for what it takes to convert. `then` gets rows for
 * valuation_read(). The names are copied; either count may be 0.
 */
void valuation_ask(struct flight *flight, const char *const *slugs, size_t slug_count,
                   const char *const *codes, size_t code_count,
                   void (*then)(struct flight *flight, const struct rows *rows));

/* The same at a moment, as it is known by now. */
void valuation_ask_at(struct flight *flight, const char *const *slugs, size_t slug_count,
                      const char *const *codes, size_t code_count, int64_t at_ms,
                      void (*then)(struct flight *flight, const struct rows *rows));

/*
 * Lives in `arena`, as all that it gives; `rows` must live as long. Notes their version with the
 * flight.
 */
struct valuation *valuation_read(struct flight *flight, const struct rows *rows);

/* Of a coin and a currency that were asked for. */
const struct worth *valuation_of(struct valuation *valuation, const char *slug, const char *code);
/* What all sources say of a pair; NULL if it was not asked for. */
const struct price_inputs *valuation_inputs(struct valuation *valuation, const char *slug,
                                            const char *code);

/*
 * Notes with the flight whether the pair's price has to be fetched: see flight_note_pair(). One
 * that can be converted has not.
 */
void valuation_note(struct flight *flight, struct valuation *valuation, const char *slug,
                    const char *code);

/* An amount in another currency; NULL if the rate is not known, or the amount is NULL. */
const char *valuation_convert(struct valuation *valuation, const char *amount, const char *from,
                              const char *to);
/* What one Bitcoin costs; NULL if nobody knows. */
const char *valuation_of_bitcoin(struct valuation *valuation, const char *code);
/* The coin that a currency is, "ethereum" for "eth"; NULL = it is none. */
const char *valuation_coin(const char *code);

/* The tags of these coins in these currencies: their prices and Bitcoin's. Of many: all prices. */
void valuation_tag(struct tag_list *tags, const char *const *slugs, size_t slug_count,
                   const char *const *codes, size_t code_count);

/*
 * A number as `precision` wants it: "full" and NULL leave it, digits round half up to so many
 * places. NULL stays NULL.
 */
const char *valuation_round(const char *number, const char *precision, struct arena *arena);

/* The values of the parameter. */
#define PRECISIONS "full|0|1|2|3|4|5|6|7|8|9|10|11|12|13|14|15|16|17|18"

#endif
