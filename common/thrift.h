#ifndef TIDEMARK_COMMON_THRIFT_H
#define TIDEMARK_COMMON_THRIFT_H

#include "common/text.h"

#include <stdint.h>

/*
 * Writes structures in Thrift's compact protocol, as far as Parquet's metadata needs it:
 * https://github.com/apache/thrift/blob/master/doc/specs/thrift-compact-protocol.md
 * Fields go in the order of their ids. Pure; the caller makes the nesting right.
 */
enum { THRIFT_DEPTH_MAX = 12 };

struct thrift {
    struct text *text;
    int16_t last_id[THRIFT_DEPTH_MAX]; /* of the structures that are open */
    int32_t depth;
};

/* Elements of lists. */
enum thrift_type {
    THRIFT_INTEGER = 5, /* of 32 bits */
    THRIFT_TEXT = 8,
    THRIFT_STRUCT = 12,
};

/* The outermost structure is open. */
void thrift_start(struct thrift *thrift, struct text *text);

void thrift_truth(struct thrift *thrift, int16_t id, bool truth);
void thrift_int16(struct thrift *thrift, int16_t id, int16_t number);
void thrift_int32(struct thrift *thrift, int16_t id, int32_t number);
void thrift_int64(struct thrift *thrift, int16_t id, int64_t number);
void thrift_text(struct thrift *thrift, int16_t id, const char *string);
void thrift_open(struct thrift *thrift, int16_t id); /* a structure in a field */
void thrift_close(struct thrift *thrift);            /* it, or an element, or the outermost */

/* A list in a field, of so many elements, which follow at once. */
void thrift_list(struct thrift *thrift, int16_t id, enum thrift_type type, size_t count);
void thrift_element_open(struct thrift *thrift);
void thrift_element_int32(struct thrift *thrift, int32_t number);
void thrift_element_text(struct thrift *thrift, const char *string);

#endif
