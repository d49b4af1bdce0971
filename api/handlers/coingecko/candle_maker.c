#include "api/handlers/coingecko/candle_maker.h"

#include "api/handlers/coingecko/valuation.h"
#include "api/handlers/coingecko/window.h"
#include "common/decimal.h"

#include <stddef.h>

void
candle_maker_start(struct candle_maker *maker, struct text *text, int64_t from_ms,
                   int32_t interval_s, const char *precision)
{
    *maker = (struct candle_maker){
        .text = text, .precision = precision, .from_ms = from_ms, .interval_s = interval_s};
}

static void
add_price(struct candle_maker *maker, const char *price)
{
    text_add_char(maker->text, ',');
    text_add_json_raw(maker->text, valuation_round(price, maker->precision, maker->text->arena));
}

static void
end_candle(struct candle_maker *maker)
{
    if (!maker->open)
        return;
    text_add_string(maker->text, maker->count++ > 0 ? ",[" : "[");
    text_add_int(maker->text, maker->end_ms);
    add_price(maker, maker->open);
    add_price(maker, maker->high);
    add_price(maker, maker->low);
    add_price(maker, maker->last);
    text_add_char(maker->text, ']');
    maker->open = NULL;
}

static void
begin_candle(struct candle_maker *maker, int64_t end_ms, const char *price)
{
    int64_t begin_ms = end_ms - maker->interval_s * INT64_C(1000);

    end_candle(maker);
    maker->end_ms = end_ms;
    maker->open = maker->last && maker->last_ms == begin_ms ? maker->last : price;
    maker->high = maker->low = maker->open;
}

void
candle_maker_add(struct candle_maker *maker, int64_t at_ms, const char *price)
{
    int64_t end_ms =
        window_floor_ms(at_ms - 1, maker->interval_s) + maker->interval_s * INT64_C(1000);

    if (at_ms > maker->from_ms) {
        if (!maker->open || end_ms != maker->end_ms)
            begin_candle(maker, end_ms, price);
        if (decimal_compare(price, maker->high) > 0)
            maker->high = price;
        if (decimal_compare(price, maker->low) < 0)
            maker->low = price;
    }
    maker->last = price;
    maker->last_ms = at_ms;
}

void
candle_maker_finish(struct candle_maker *maker)
{
    if (maker->last_ms == maker->end_ms)
        end_candle(maker);
}
