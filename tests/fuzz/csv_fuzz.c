#include "ingest/sources/csv.h"

#include "fuzz/fuzz.h"
#include "fuzz/source_properties.h"

static const struct feed feeds[] = {
    {.source = "csv", .kind = "history", .args = "{}", .target = "1 1 0 a_BTCUSDT_1h.csv" },
    {.source = "csv", .kind = "history", .args = "{}", .target = "1 99 2000000 prices.csv"},
};

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct bytes start = {(const char *)data, size};

    MUST_HOLD(csv_head_bytes(start) <= size, "a head is a part of its file");
    source_properties_check(feeds, sizeof feeds / sizeof feeds[0], data, size);
    return 0;
}
