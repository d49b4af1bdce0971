#include "fuzz/fuzz.h"
#include "fuzz/source_properties.h"

static const struct feed feeds[] = {
    {.source = "coinmarketcap",
     .kind = "listing",
     .args = "{\"currency\":\"usd\",\"page\":1,\"per_page\":200}"                                    },
    {.source = "coinmarketcap", .kind = "quote",     .args = "{\"symbols\":[\"1/usd\",\"1027/usd\"]}"},
    {.source = "coinmarketcap", .kind = "reference", .args = "{\"page\":1,\"per_page\":100}"         },
    {.source = "coinmarketcap",
     .kind = "history",
     .args = "{\"symbol\":\"1/usd\",\"interval\":\"1d\",\"lookback_s\":36000000}"                    },
    {.source = "coinmarketcap",
     .kind = "history",
     .args = "{\"symbol\":\"1/usd\",\"interval\":\"1h\",\"lookback_s\":36000000}"                    },
    {.source = "coinmarketcap",
     .kind = "history",
     .args = "{\"symbol\":\"1/usd\",\"interval\":\"5m\",\"lookback_s\":36000000}"                    },
    {.source = "coinmarketcap",
     .kind = "history",
     .args =
         "{\"symbol\":\"1/usd\",\"interval\":\"1d\",\"lookback_s\":36000000,\"series\":\"ohlcv\"}"   },
};

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    source_properties_check(feeds, sizeof feeds / sizeof feeds[0], data, size);
    return 0;
}
