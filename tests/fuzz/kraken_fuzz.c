#include "fuzz/fuzz.h"
#include "fuzz/source_properties.h"

static const struct feed feeds[] = {
    {.source = "kraken", .kind = "quote",     .args = "{\"symbols\":[\"XXBTZUSD\",\"XDGUSD\"]}"},
    {.source = "kraken",
     .kind = "history",
     .args = "{\"symbol\":\"XXBTZUSD\",\"interval\":\"5m\",\"lookback_s\":36000000}"           },
    {.source = "kraken", .kind = "reference", .args = "{}"                                     },
};

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    source_properties_check(feeds, sizeof feeds / sizeof feeds[0], data, size);
    return 0;
}
