#ifndef TIDEMARK_COMMON_ATTRIBUTES_H
#define TIDEMARK_COMMON_ATTRIBUTES_H

/* The few compiler words that every header uses. */
#define MUST_CHECK __attribute__((warn_unused_result))
#define PRINTF_LIKE(index, first) __attribute__((format(printf, index, first)))
#define COUNT_OF(array) (sizeof(array) / sizeof((array)[0]))

#endif
