#include "common/thrift.h"

#include <assert.h>
#include <string.h>

/* Types of fields; those of elements are in the header. */
enum {
    FIELD_TRUE = 1,
    FIELD_FALSE = 2,
    FIELD_INT16 = 4,
    FIELD_INT32 = 5,
    FIELD_INT64 = 6,
    FIELD_LIST = 9
};

enum { SHORT_LIST_MAX = 14, DELTA_MAX = 15 };

static void
add_varint(struct text *text, uint64_t number)
{
    while (number >= 0x80) {
        text_add_char(text, (char)(number | 0x80));
        number >>= 7;
    }
    text_add_char(text, (char)number);
}

/* Small numbers of either sign in few bytes. */
static void
add_zigzag(struct text *text, int64_t number)
{
    add_varint(text, (uint64_t)number << 1 ^ (uint64_t)(number >> 63));
}

static void
add_string(struct text *text, const char *string)
{
    add_varint(text, strlen(string));
    text_add_string(text, string);
}

static void
add_field(struct thrift *thrift, int16_t id, unsigned type)
{
    int16_t *last_id = &thrift->last_id[thrift->depth];

    assert(id > *last_id && id - *last_id <= DELTA_MAX);
    text_add_char(thrift->text, (char)((unsigned)(id - *last_id) << 4 | type));
    *last_id = id;
}

static void
enter(struct thrift *thrift)
{
    assert(thrift->depth + 1 < THRIFT_DEPTH_MAX);
    thrift->last_id[++thrift->depth] = 0;
}

void
thrift_start(struct thrift *thrift, struct text *text)
{
    *thrift = (struct thrift){.text = text};
}

void
thrift_truth(struct thrift *thrift, int16_t id, bool truth)
{
    add_field(thrift, id, truth ? FIELD_TRUE : FIELD_FALSE);
}

void
thrift_int16(struct thrift *thrift, int16_t id, int16_t number)
{
    add_field(thrift, id, FIELD_INT16);
    add_zigzag(thrift->text, number);
}

void
thrift_int32(struct thrift *thrift, int16_t id, int32_t number)
{
    add_field(thrift, id, FIELD_INT32);
    add_zigzag(thrift->text, number);
}

void
thrift_int64(struct thrift *thrift, int16_t id, int64_t number)
{
    add_field(thrift, id, FIELD_INT64);
    add_zigzag(thrift->text, number);
}

void
thrift_text(struct thrift *thrift, int16_t id, const char *string)
{
    add_field(thrift, id, THRIFT_TEXT);
    add_string(thrift->text, string);
}

void
thrift_open(struct thrift *thrift, int16_t id)
{
    add_field(thrift, id, THRIFT_STRUCT);
    enter(thrift);
}

void
thrift_close(struct thrift *thrift)
{
    text_add_char(thrift->text, '\0');
    if (thrift->depth > 0)
        thrift->depth--;
}

void
thrift_list(struct thrift *thrift, int16_t id, enum thrift_type type, size_t count)
{
    add_field(thrift, id, FIELD_LIST);
    if (count <= SHORT_LIST_MAX) {
        text_add_char(thrift->text, (char)(count << 4 | type));
    } else {
        text_add_char(thrift->text, (char)(0xf0 | type));
        add_varint(thrift->text, count);
    }
}

void
thrift_element_open(struct thrift *thrift)
{
    enter(thrift);
}

void
thrift_element_int32(struct thrift *thrift, int32_t number)
{
    add_zigzag(thrift->text, number);
}

void
thrift_element_text(struct thrift *thrift, const char *string)
{
    add_string(thrift->text, string);
}
