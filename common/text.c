#include "common/text.h"

#include "common/utf8.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

void
text_init(struct text *text, struct arena *arena, size_t expected_bytes)
{
    text->arena = arena;
    text->capacity = expected_bytes > 32 ? expected_bytes : 32;
    text->data = arena_alloc(arena, text->capacity);
    text->size = 0;
}

char *
text_reserve(struct text *text, size_t bytes)
{
    if (__builtin_expect(text->capacity - text->size < bytes, 0)) {
        size_t wanted = text->size + bytes;
        size_t capacity = text->capacity * 2 > wanted ? text->capacity * 2 : wanted;

        /* Rounded as the arena rounds, so that growing in place stays possible. */
        capacity = (capacity + 63) & ~(size_t)63;
        text->data = arena_grow(text->arena, text->data, text->capacity, capacity);
        text->capacity = capacity;
    }
    return text->data + text->size;
}

void
text_add(struct text *text, const void *data, size_t size)
{
    if (size == 0)
        return;
    memcpy(text_reserve(text, size), data, size);
    text->size += size;
}

void
text_add_string(struct text *text, const char *string)
{
    text_add(text, string, strlen(string));
}

void
text_add_char(struct text *text, char c)
{
    *text_reserve(text, 1) = c;
    text->size++;
}

void
text_add_int(struct text *text, int64_t number)
{
    char digits[20];
    char *at = digits + sizeof digits;
    uint64_t rest = number < 0 ? -(uint64_t)number : (uint64_t)number;

    do {
        *--at = (char)('0' + rest % 10);
        rest /= 10;
    } while (rest);
    if (number < 0)
        *--at = '-';
    text_add(text, at, (size_t)(digits + sizeof digits - at));
}

void
text_add_format(struct text *text, const char *format, ...)
{
    size_t room = text->capacity - text->size;
    va_list args;
    int size;

    va_start(args, format);
    size = vsnprintf(text->data + text->size, room, format, args);
    va_end(args);
    if ((size_t)size >= room) {
        char *at = text_reserve(text, (size_t)size + 1);

        va_start(args, format);
        vsnprintf(at, (size_t)size + 1, format, args);
        va_end(args);
    }
    text->size += (size_t)size;
}

/* Writes the character at `at` as it must stand in a JSON string; returns how much was read.
 * One byte becomes at most six: \u001f. */
static size_t
escape(const unsigned char *at, const unsigned char *end, char **out)
{
    static const char hex[] = "0123456789abcdef";
    static const char shorts[0x20] = {
        ['\b'] = 'b', ['\f'] = 'f', ['\n'] = 'n', ['\r'] = 'r', ['\t'] = 't'};
    unsigned char c = *at;
    char *o = *out;
    size_t length = 1;

    if (c == '"' || c == '\\' || (c < 0x20 && shorts[c])) {
        *o++ = '\\';
        *o++ = c < 0x20 ? shorts[c] : (char)c;
    } else if (c < 0x20) {
        memcpy(o, "\\u00", 4);
        o[4] = hex[c >> 4];
        o[5] = hex[c & 15];
        o += 6;
    } else {
        length = utf8_length(at, end);
        memcpy(o, length ? (const char *)at : "\xEF\xBF\xBD", length ? length : 3);
        o += length ? length : 3;
        length += length == 0;
    }
    *out = o;
    return length;
}

char *
text_escape_json(char *out, const void *data, size_t size)
{
    const unsigned char *at = data, *end = at + size;

    while (at < end) {
        size_t plain;

        if (end - at >= 8) {
            memcpy(out, at, 8); /* all eight: cheaper than asking how many */
            plain = utf8_plain_run8(at);
        } else {
            *out = (char)*at;
            plain = *at >= 0x20 && *at < 0x80 && *at != '"' && *at != '\\';
        }
        out += plain;
        at += plain;
        if (plain == 0)
            at += escape(at, end, &out);
    }
    return out;
}

void
text_add_json_bytes(struct text *text, const void *data, size_t size)
{
    char *start = text_reserve(text, TEXT_ESCAPED_SIZE(size) + 2), *out = start;

    *out++ = '"';
    out = text_escape_json(out, data, size);
    *out++ = '"';
    text->size += (size_t)(out - start);
}

void
text_add_json_string(struct text *text, const char *string)
{
    text_add_json_bytes(text, string, strlen(string));
}

void
text_add_json_raw(struct text *text, const char *json_or_null)
{
    text_add_string(text, json_or_null ? json_or_null : "null");
}

void
text_add_json_nullable(struct text *text, const char *string_or_null)
{
    if (string_or_null)
        text_add_json_string(text, string_or_null);
    else
        text_add_string(text, "null");
}

struct bytes
text_finish(struct text *text)
{
    *text_reserve(text, 1) = '\0';
    return (struct bytes){text->data, text->size};
}
