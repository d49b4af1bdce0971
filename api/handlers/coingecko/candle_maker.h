#ifndef TIDEMARK_API_HANDLERS_COINGECKO_CANDLE_MAKER_H
#define TIDEMARK_API_HANDLERS_COINGECKO_CANDLE_MAKER_H

#include "common/text.h"

#include <stdint.h>

/*
 * Makes candles of single prices, as CoinGecko does, for a currency in which nobody has candles: a
 * candle opens with the price at its beginning, if that is known, else with its first one.
 *
 *     candle_maker_start(&maker, &text, from_ms, interval_s, precision);
 *     for each price, in the order of time: candle_maker_add(&maker, at_ms, price);
 *     candle_maker_finish(&maker);
 */
struct candle_maker {
    struct text *text;
    const char *precision;
    int64_t from_ms, end_ms, last_ms; /* of the candle at hand, and of the last price */
    int32_t interval_s;
    const char *open, *high, *low, *last; /* open NULL = there is no candle at hand */
    int64_t count;
};

/* Adds "[ms,open,high,low,close]" with commas between them to `text`; ms is a candle's end. */
void candle_maker_start(struct candle_maker *maker, struct text *text, int64_t from_ms,
                        int32_t interval_s, const char *precision);
/* A price at the end of an interval; what ends at `from_ms` only opens. The text is kept. */
void candle_maker_add(struct candle_maker *maker, int64_t at_ms, const char *price);
/* The last candle is left out if there is no price of its end: it may not be over. */
void candle_maker_finish(struct candle_maker *maker);

#endif
