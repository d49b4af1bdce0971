#include "fuzz/fuzz.h"
#include "fuzz/source_properties.h"

#define HISTORY(interval)                                                                          \
    "{\"symbol\":\"bitcoin/usd\",\"interval\":\"" interval "\",\"lookback_s\":36000000}"

static const struct feed feeds[] = {
    {.source = "coingecko",
     .kind = "listing",
     .args = "{\"currency\":\"usd\",\"page\":1,\"per_page\":250}"     },
    {.source = "coingecko",
     .kind = "quote",
     .args = "{\"symbols\":[\"bitcoin/usd\",\"ethereum/usd\"]}"       },
    {.source = "coingecko", .kind = "history",   .args = HISTORY("5m")},
    {.source = "coingecko", .kind = "history",   .args = HISTORY("1h")},
    {.source = "coingecko", .kind = "history",   .args = HISTORY("1d")},
    {.source = "coingecko", .kind = "reference", .args = "{}"         },
};

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    source_properties_check(feeds, sizeof feeds / sizeof feeds[0], data, size);
    return 0;
}
