#ifndef TIDEMARK_TESTS_FUZZ_FUZZ_H
#define TIDEMARK_TESTS_FUZZ_FUZZ_H

#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

/* What libFuzzer calls. `data` has no NUL behind it, so reading too far is found. Returns 0. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* A property that must hold for every input; the sentence says which one did not. */
#define MUST_HOLD(condition, sentence)                                                             \
    do {                                                                                           \
        if (!(condition)) {                                                                        \
            fprintf(stderr, "does not hold: %s\n", sentence);                                      \
            abort();                                                                               \
        }                                                                                          \
    } while (0)

#endif
