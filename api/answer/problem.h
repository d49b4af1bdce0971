#ifndef TIDEMARK_API_ANSWER_PROBLEM_H
#define TIDEMARK_API_ANSWER_PROBLEM_H

#include "common/error.h"

#include <stdbool.h>
#include <stdint.h>

/*
 * Why a request gets no answer of its route, whoever asks. respond.c has it told in the language of
 * the path (api/dialects/dialect.h): RFC 9457's `application/problem+json`, but for the drop-ins.
 */
struct problem {
    int32_t status;        /* HTTP status, 400 and above */
    const char *code;      /* stable, for programs: "parameter.unknown" */
    const char *title;     /* the same sentence for every problem of this code */
    char detail[320];      /* about this request, for a person; never a secret */
    const char *parameter; /* which one is wrong, or NULL; lives as long as the request */
    const char *allowed;   /* JSON text (an array or a string) of what it takes, or NULL */
    int32_t retry_after_s; /* for 429 and 503: whole seconds; 0 = not said */
    const char *allow;     /* for 405: the methods of the path */
};

/* Fills the first four members and clears the rest. Returns false, so that failing is one line. */
bool problem_set(struct problem *problem, int32_t status, const char *code, const char *title,
                 const char *format, ...) __attribute__((format(printf, 5, 6)));

/* The same for a query that failed; retry_after_s is left to the caller. */
void problem_of_database(struct problem *problem, const struct error *err);

#endif
