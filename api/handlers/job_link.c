#include "api/handlers/job_link.h"

#include "api/params/base64url.h"
#include "common/job.h"
#include "common/utf8.h"

#include <string.h>

const char *
job_link_id(const char *job_id, struct arena *arena)
{
    return base64url_encode((struct bytes){job_id, strlen(job_id)}, arena);
}

const char *
job_link_path(const char *job_id, struct arena *arena)
{
    return arena_printf(arena, "/api/v1/jobs/%s", job_link_id(job_id, arena));
}

static bool
is_utf8(struct bytes bytes)
{
    const unsigned char *at = (const unsigned char *)bytes.data, *end = at + bytes.size;
    size_t length = 1;

    for (; at < end && length > 0; at += length)
        length = utf8_length(at, end);
    return length > 0;
}

/* No job has blanks or control characters in its id, or bytes that a database would not take. */
bool
job_link_read(const char *text, struct arena *arena, const char **ret_job_id)
{
    struct bytes bytes;

    if (!base64url_decode(text, arena, &bytes) || bytes.size == 0 || bytes.size > JOB_ID_MAX ||
        !is_utf8(bytes))
        return false;
    for (size_t i = 0; i < bytes.size; i++) {
        if ((unsigned char)bytes.data[i] <= ' ' || bytes.data[i] == 0x7f)
            return false;
    }
    *ret_job_id = bytes.data;
    return true;
}
