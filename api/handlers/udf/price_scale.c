#include "api/handlers/udf/price_scale.h"

#include <string.h>

enum { PLACES_MIN = 2, SIGNIFICANT_MIN = 4, SIGNIFICANT = 7 };

/* Digits before the point, or less the zeros behind it: 25864.63 has 5, 0.5 has 0, 0.00012 has -3.
 */
static int32_t
magnitude(const char *price)
{
    const char *point = strchr(price, '.');
    size_t whole = point ? (size_t)(point - price) : strlen(price);

    if (whole > 1 || *price != '0')
        return (int32_t)whole;
    return point ? -(int32_t)strspn(point + 1, "0") : 0;
}

int32_t
price_scale_places(const char *price, int32_t seen)
{
    int32_t most = SIGNIFICANT - magnitude(price), least = SIGNIFICANT_MIN - magnitude(price);
    int32_t places = seen < most ? seen : most;

    if (places < least)
        places = least;
    if (places < PLACES_MIN)
        places = PLACES_MIN;
    return places < PRICE_SCALE_PLACES_MAX ? places : PRICE_SCALE_PLACES_MAX;
}

int64_t
price_scale(const char *price, int32_t seen)
{
    int64_t scale = 1;

    for (int32_t places = price_scale_places(price, seen); places > 0; places--)
        scale *= 10;
    return scale;
}
