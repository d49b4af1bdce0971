#include "ingest/sources/points.h"

#include "common/decimal.h"

#include <stdlib.h>

static int
compare_points(const void *left, const void *right)
{
    const struct point *a = left, *b = right;

    if (a->at_ms != b->at_ms)
        return a->at_ms < b->at_ms ? -1 : 1;
    return a->row < b->row ? -1 : a->row > b->row;
}

/* Several points with one stamp: the last one stays. Returns how many are left. */
static size_t
drop_doubles(struct point *points, size_t count)
{
    size_t kept = 0;

    for (size_t i = 0; i < count; i++) {
        if (i + 1 == count || points[i + 1].at_ms != points[i].at_ms)
            points[kept++] = points[i];
    }
    return kept;
}

static struct candle
make_candle(int64_t open_time_ms, const struct point *points, size_t count)
{
    struct candle candle = {
        .open_time_ms = open_time_ms,
        .open = points[0].price,
        .high = points[0].price,
        .low = points[0].price,
        .close = points[count - 1].price,
        .trades = -1,
        .inputs = (int32_t)count,
    };

    for (size_t i = 0; i < count; i++) {
        if (decimal_compare(points[i].price, candle.high) > 0)
            candle.high = points[i].price;
        if (decimal_compare(points[i].price, candle.low) < 0)
            candle.low = points[i].price;
        if (points[i].volume_24h)
            candle.volume_24h = points[i].volume_24h;
        if (points[i].market_cap)
            candle.market_cap = points[i].market_cap;
    }
    return candle;
}

void
points_add_candles(struct point *points, size_t count, struct records *records)
{
    int64_t step_ms = (int64_t)records->series.interval_s * 1000;

    qsort(points, count, sizeof *points, compare_points);
    count = drop_doubles(points, count);
    for (size_t first = 0, next; first < count; first = next) {
        int64_t open_ms = (points[first].at_ms - 1) / step_ms * step_ms;
        struct candle candle;

        for (next = first + 1; next < count && points[next].at_ms <= open_ms + step_ms; next++)
            continue;
        candle = make_candle(open_ms, points + first, next - first);
        records_add_candle(records, points[first].row, &candle);
    }
}
