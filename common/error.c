#include "common/error.h"

#include <assert.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

bool
error_set(struct error *err, enum error_kind kind, const char *code, const char *format, ...)
{
    va_list args;

    assert(kind != ERROR_NONE);
    err->kind = kind;
    err->code = code;
    err->retry_after_ms = 0;
    va_start(args, format);
    vsnprintf(err->message, sizeof err->message, format, args);
    va_end(args);
    return false;
}

bool
error_prefix(struct error *err, const char *format, ...)
{
    char old[sizeof err->message];
    va_list args;
    size_t used;

    memcpy(old, err->message, sizeof old);
    va_start(args, format);
    vsnprintf(err->message, sizeof err->message, format, args);
    va_end(args);
    used = strlen(err->message);
    if (used + sizeof ": " <= sizeof err->message) {
        memcpy(err->message + used, ": ", sizeof ": ");
        used += strlen(": ");
    }
    /* What does not fit is cut at the end. */
    memccpy(err->message + used, old, '\0', sizeof err->message - used);
    err->message[sizeof err->message - 1] = '\0';
    return false;
}

const char *
error_kind_name(enum error_kind kind)
{
    static const char *const names[] = {"none", "retry", "reject", "fatal"};

    return names[kind];
}
