#include "ingest/worker/tally.h"

struct tally_sums
tally_add(struct tally *tally, const struct tally_shape *shape, int64_t a, int64_t b,
          int64_t now_us)
{
    int64_t number = now_us / shape->slot_us;
    struct tally_sums sums = {0};
    int32_t place = (int32_t)(number % shape->slots);

    if (tally->slots[place].number != number) {
        tally->slots[place].number = number;
        tally->slots[place].a = tally->slots[place].b = 0;
    }
    tally->slots[place].a += a;
    tally->slots[place].b += b;
    for (int32_t i = 0; i < shape->slots; i++)
        if (tally->slots[i].number > number - shape->slots && tally->slots[i].number <= number) {
            sums.a += tally->slots[i].a;
            sums.b += tally->slots[i].b;
        }
    return sums;
}
