#include "fuzz/fuzz.h"
#include "fuzz/source_properties.h"

static const struct feed feeds[] = {
    {.source = "coinpaprika",
     .kind = "listing",
     .args = "{\"currency\":\"usd\",\"page\":1,\"per_page\":200}"                               },
    {.source = "coinpaprika",
     .kind = "quote",
     .args = "{\"symbols\":[\"btc-bitcoin/usd\",\"eth-ethereum/usd\"]}"                         },
    {.source = "coinpaprika", .kind = "quote",     .args = "{\"symbols\":[\"btc-bitcoin/usd\"]}"},
    {.source = "coinpaprika", .kind = "reference", .args = "{}"                                 },
    {.source = "coinpaprika",
     .kind = "history",
     .args = "{\"symbol\":\"btc-bitcoin/usd\",\"interval\":\"1d\",\"lookback_s\":36000000}"     },
    {.source = "coinpaprika",
     .kind = "history",
     .args = "{\"symbol\":\"btc-bitcoin/usd\",\"interval\":\"1h\",\"lookback_s\":36000000}"     },
    {.source = "coinpaprika",
     .kind = "history",
     .args = "{\"symbol\":\"btc-bitcoin/"
             "usd\",\"interval\":\"1d\",\"lookback_s\":36000000,\"series\":\"ohlcv\"}"          },
};

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    source_properties_check(feeds, sizeof feeds / sizeof feeds[0], data, size);
    return 0;
}
