#include "common/redis.h"

#include <hiredis/hiredis.h>

static const redisReply *
inner(const struct redis_reply *reply)
{
    return (const redisReply *)(const void *)reply;
}

bool
redis_reply_is_error(const struct redis_reply *reply)
{
    return inner(reply)->type == REDIS_REPLY_ERROR;
}

bool
redis_reply_is_nil(const struct redis_reply *reply)
{
    return inner(reply)->type == REDIS_REPLY_NIL;
}

bool
redis_reply_string(const struct redis_reply *reply, struct bytes *ret_string)
{
    const redisReply *string = inner(reply);

    if (string->type != REDIS_REPLY_STRING && string->type != REDIS_REPLY_STATUS)
        return false;
    *ret_string = (struct bytes){string->str, (size_t)string->len};
    return true;
}

bool
redis_reply_integer(const struct redis_reply *reply, int64_t *ret_integer)
{
    if (inner(reply)->type != REDIS_REPLY_INTEGER)
        return false;
    *ret_integer = inner(reply)->integer;
    return true;
}

const struct redis_reply *
redis_reply_element(const struct redis_reply *reply, size_t index)
{
    const redisReply *array = inner(reply);

    if (array->type != REDIS_REPLY_ARRAY || index >= array->elements)
        return NULL;
    return (const struct redis_reply *)(const void *)array->element[index];
}
