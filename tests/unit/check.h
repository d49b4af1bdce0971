#ifndef TIDEMARK_TESTS_UNIT_CHECK_H
#define TIDEMARK_TESTS_UNIT_CHECK_H

/*
 * What the rows of a unit test compare with. The row's name is the sentence that is printed when
 * the row fails. Includes cmocka in the order it needs.
 *
 *     check_int(rows[i].name, retry_delay_ms(rows[i].attempt), rows[i].want_ms);
 */
#include "common/attributes.h"
#include "common/error.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static inline void
check_int(const char *name, int64_t got, int64_t want)
{
    if (got != want)
        fail_msg("%s: got %lld, want %lld", name, (long long)got, (long long)want);
}

static inline void
check_true(const char *name, bool got)
{
    if (!got)
        fail_msg("%s: is false", name);
}

static inline void
check_false(const char *name, bool got)
{
    if (got)
        fail_msg("%s: is true", name);
}

/* NULL equals NULL only. */
static inline void
check_string(const char *name, const char *got, const char *want)
{
    if (got == want || (got && want && strcmp(got, want) == 0))
        return;
    fail_msg("%s: got \"%s\", want \"%s\"", name, got ? got : "(null)", want ? want : "(null)");
}

static inline void
check_contains(const char *name, const char *text, const char *part)
{
    if (!text || !strstr(text, part))
        fail_msg("%s: \"%s\" is not in \"%s\"", name, part, text ? text : "(null)");
}

/* `ok` is what the function returned; `want_code` NULL = it must have succeeded. */
static inline void
check_error(const char *name, bool ok, const struct error *err, const char *want_code)
{
    if (ok && want_code)
        fail_msg("%s: succeeded, want %s", name, want_code);
    if (!ok && !want_code)
        fail_msg("%s: %s: %s", name, err->code, err->message);
    if (!ok)
        check_string(name, err->code, want_code);
}

#endif
