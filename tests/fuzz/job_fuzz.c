#include "common/job.h"

#include "fuzz/fuzz.h"

#include <string.h>

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct arena *arena = arena_create(4096);
    struct bytes encoded, again;
    struct error err = {0};
    struct job job;

    if (size < JOB_MESSAGE_MAX / 2 &&
        job_decode((struct bytes){(const char *)data, size}, arena, &job, &err)) {
        encoded = job_encode(&job, arena);
        MUST_HOLD(job_decode(encoded, arena, &job, &err), "what we encode is a job");
        again = job_encode(&job, arena);
        MUST_HOLD(encoded.size == again.size && memcmp(encoded.data, again.data, again.size) == 0,
                  "encode(decode(x)) is x");
    }
    arena_destroy(arena);
    return 0;
}
