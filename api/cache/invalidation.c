#include "api/cache/invalidation.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

enum { BATCH = 200 };

/* An entry lives for a day at most (routes.c); a version must live longer than any entry. */
#define VERSION_TTL_MS "176400000"

const struct redis_script invalidation_raise_script = {
    "raise",
    "for i = 1, #KEYS do\n"
    "  if tonumber(redis.call('GET', KEYS[i]) or '0') < tonumber(ARGV[1]) then\n"
    "    redis.call('SET', KEYS[i], ARGV[1], 'PX', ARGV[2])\n"
    "  end\n"
    "end\n"
    "return #KEYS\n",
};

void
invalidation_tell_redis(struct redis *redis, size_t script, const char *name_space,
                        const struct letter *letter)
{
    struct bytes arguments[BATCH + 2];
    char keys[BATCH][192], version[24];

    snprintf(version, sizeof version, "%" PRIu64, letter->version);
    for (size_t first = 0; first < letter->tag_count; first += BATCH) {
        size_t count = letter->tag_count - first < BATCH ? letter->tag_count - first : BATCH;

        for (size_t i = 0; i < count; i++) {
            int size =
                snprintf(keys[i], sizeof keys[i], "%s.inv:%s", name_space, letter->tags[first + i]);

            if (size >= (int)sizeof keys[i])
                size = (int)sizeof keys[i] - 1; /* cannot be: slugs and codes are shorter */
            arguments[i] = (struct bytes){keys[i], (size_t)size};
        }
        arguments[count] = (struct bytes){version, strlen(version)};
        arguments[count + 1] = (struct bytes){VERSION_TTL_MS, strlen(VERSION_TTL_MS)};
        if (!redis_run(redis, script, count, arguments, count + 2, NULL, NULL))
            return; /* Redis is away: whoever heard this event does not believe its entries anyway
                     */
    }
}
