#include "common/json_scan.h"

#include "common/hex.h"
#include "common/utf8.h"

#include <assert.h>
#include <string.h>

enum { NUMBER_MAX = 64, DEPTH_MAX = 64 };

typedef const unsigned char *place;

/*
 * Where the scan stands. Each step takes a place, returns the place after what it read, and NULL
 * when it has set the error; `out` keeps pace in the copy.
 */
struct scan {
    place begin, end;
    char *out;
    uint64_t in_object; /* one bit a level, the innermost lowest: 1 = object, 0 = array */
    int32_t depth, tokens, keys;
    const struct json_limits *limits;
    struct error *err;
};

static place
fail(struct scan *scan, const char *code, place at, const char *what)
{
    error_set(scan->err, ERROR_REJECT, code, "%s at byte %zu", what, (size_t)(at - scan->begin));
    return NULL;
}

static place
malformed(struct scan *scan, place at, const char *what)
{
    if (at == scan->end)
        what = "the text ends too early";
    return fail(scan, "json.malformed", at, what);
}

static place
skip_blanks(const struct scan *scan, place at)
{
    while (at < scan->end && (*at == ' ' || *at == '\n' || *at == '\r' || *at == '\t'))
        at++;
    return at;
}

/* The next byte, or 0 at the end: no JSON text goes on with a NUL. */
static unsigned char
peek(const struct scan *scan, place at)
{
    return at < scan->end ? *at : 0;
}

static void
put(struct scan *scan, char c)
{
    *scan->out++ = c;
}

/* The four digits of a \u escape whose backslash is at `at`; -1 if it is none. */
static int32_t
unicode_escape(const struct scan *scan, place at)
{
    int32_t code = 0;

    if (scan->end - at < 6 || at[0] != '\\' || at[1] != 'u')
        return -1;
    for (int i = 2; i < 6; i++) {
        int32_t digit = hex_value((char)at[i]);

        if (digit < 0)
            return -1;
        code = code << 4 | digit;
    }
    return code;
}

static place
scan_unicode(struct scan *scan, place at)
{
    int32_t code = unicode_escape(scan, at), low;
    size_t length = 6;

    if (code < 0)
        return malformed(scan, at, "a \\u without four hex digits");
    if (code <= 1)
        return fail(scan, "json.encoding", at, "\\u0000 or \\u0001");
    if (code >= 0xD800 && code <= 0xDFFF) {
        low = unicode_escape(scan, at + 6);
        if (code >= 0xDC00 || low < 0xDC00 || low > 0xDFFF)
            return fail(scan, "json.encoding", at, "half of a surrogate pair");
        length = 12;
    }
    memcpy(scan->out, at, length);
    scan->out += length;
    return at + length;
}

/* A backslash, or a character outside of ASCII. */
static place
scan_special(struct scan *scan, place at)
{
    size_t length = 2;

    if (*at == '\\') {
        unsigned char what = peek(scan, at + 1);

        if (what == 'u')
            return scan_unicode(scan, at);
        if (what == 0 || !strchr("\"\\/bfnrt", what))
            return malformed(scan, at + 1 < scan->end ? at : scan->end, "an unknown escape");
    } else {
        length = utf8_length(at, scan->end);
        if (length == 0)
            return fail(scan, "json.encoding", at, "invalid UTF-8");
    }
    memcpy(scan->out, at, length);
    scan->out += length;
    return at + length;
}

/* `at` is the opening quote. */
static place
scan_string(struct scan *scan, place at)
{
    place begin = at++;

    put(scan, '"');
    for (;;) {
        size_t plain;

        if (scan->end - at < 8) {
            plain = at < scan->end && *at >= 0x20 && *at < 0x80 && *at != '"' && *at != '\\';
            if (plain)
                *scan->out = (char)*at;
        } else {
            memcpy(scan->out, at, 8); /* the copy has room; only `plain` of them count */
            plain = utf8_plain_run8(at);
        }
        scan->out += plain;
        at += plain;
        if (plain)
            continue;
        if (at == scan->end)
            return malformed(scan, begin, "a string without end");
        if (*at == '"')
            break;
        if (*at < 0x20)
            return malformed(scan, at, "a control character in a string");
        at = scan_special(scan, at);
        if (!at)
            return NULL;
    }
    put(scan, '"');
    return at + 1;
}

static place
skip_digits(const struct scan *scan, place at)
{
    while (at < scan->end && (unsigned char)(*at - '0') <= 9)
        at++;
    return at;
}

/* RFC 8259 section 6. */
static place
scan_number(struct scan *scan, place at)
{
    place begin = at, digits = at + (*at == '-'), after;
    size_t length;

    at = skip_digits(scan, digits);
    if (at == digits || (*digits == '0' && at > digits + 1))
        return malformed(scan, at == digits ? at : digits, "a number that JSON does not know");
    if (peek(scan, at) == '.') {
        after = skip_digits(scan, at + 1);
        if (after == at + 1)
            return malformed(scan, after, "a number without digits after its point");
        at = after;
    }
    if ((peek(scan, at) | 0x20) == 'e') {
        at++;
        if (peek(scan, at) == '+' || peek(scan, at) == '-')
            at++;
        after = skip_digits(scan, at);
        if (after == at)
            return malformed(scan, after, "a number without digits in its exponent");
        at = after;
    }
    length = (size_t)(at - begin);
    if (length > NUMBER_MAX)
        return malformed(scan, begin, "a number of more than 64 characters");
    put(scan, '"');
    put(scan, JSON_NUMBER_MARK);
    memcpy(scan->out, begin, length);
    scan->out += length;
    put(scan, '"');
    return at;
}

static place
scan_word(struct scan *scan, place at, const char *word)
{
    size_t length = strlen(word);

    if ((size_t)(scan->end - at) < length || memcmp(at, word, length) != 0)
        return malformed(scan, at, "an unknown word");
    memcpy(scan->out, word, length);
    scan->out += length;
    return at + length;
}

static place
count_token(struct scan *scan, place at)
{
    if (++scan->tokens > scan->limits->tokens)
        return fail(scan, "json.too_many_tokens", at, "more values and keys than allowed");
    return at;
}

/* A key and its colon, with the blanks around them. */
static place
scan_key(struct scan *scan, place at)
{
    at = skip_blanks(scan, at);
    if (peek(scan, at) != '"')
        return malformed(scan, at, "no key where one must be");
    scan->keys++;
    if (!count_token(scan, at) || !(at = scan_string(scan, at)))
        return NULL;
    at = skip_blanks(scan, at);
    if (peek(scan, at) != ':')
        return malformed(scan, at, "no colon after a key");
    put(scan, ':');
    return at + 1;
}

/* An opening bracket. Returns the place of the first value, or of the closing bracket. */
static place
scan_open(struct scan *scan, place at, bool *ret_empty)
{
    bool object = *at == '{';

    if (++scan->depth > scan->limits->depth)
        return fail(scan, "json.too_deep", at, "too many brackets inside each other");
    scan->in_object = scan->in_object << 1 | object;
    put(scan, (char)*at);
    at = skip_blanks(scan, at + 1);
    *ret_empty = peek(scan, at) == (object ? '}' : ']');
    return object && !*ret_empty ? scan_key(scan, at) : at;
}

/* A value that is no container. */
static place
scan_scalar(struct scan *scan, place at)
{
    switch (peek(scan, at)) {
    case '"':
        return scan_string(scan, at);
    case 't':
        return scan_word(scan, at, "true");
    case 'f':
        return scan_word(scan, at, "false");
    case 'n':
        return scan_word(scan, at, "null");
    case '-':
    case '0' ... '9':
        return scan_number(scan, at);
    default:
        return malformed(scan, at, "no value where one must be");
    }
}

/* After a value: closing brackets, then a comma (and key) or the end of the text. */
static place
scan_after_value(struct scan *scan, place at)
{
    for (;;) {
        bool object = scan->in_object & 1;
        unsigned char c;

        at = skip_blanks(scan, at);
        if (scan->depth == 0)
            return at;
        c = peek(scan, at);
        if (c == ',') {
            put(scan, ',');
            return object ? scan_key(scan, at + 1) : at + 1;
        }
        if (c != (object ? '}' : ']'))
            return malformed(scan, at, "neither a comma nor the closing bracket");
        put(scan, (char)c);
        at++;
        scan->depth--;
        scan->in_object >>= 1;
    }
}

/* From one value to the next; containers are entered and left on the way, without recursion. */
static bool
scan_text(struct scan *scan)
{
    place at = scan->begin;

    do {
        bool empty = false;

        at = skip_blanks(scan, at);
        while (!empty && (peek(scan, at) == '[' || peek(scan, at) == '{')) {
            if (!count_token(scan, at) || !(at = scan_open(scan, at, &empty)))
                return false;
            at = skip_blanks(scan, at);
        }
        if (!empty && (!count_token(scan, at) || !(at = scan_scalar(scan, at))))
            return false;
        if (!(at = scan_after_value(scan, at)))
            return false;
    } while (scan->depth > 0);
    return at == scan->end || malformed(scan, at, "something after the end of the value");
}

bool
json_scan(struct arena *arena, struct bytes text, const struct json_limits *limits,
          struct json_scan *ret_scan, struct error *err)
{
    struct scan scan = {.limits = limits, .err = err};
    size_t numbers = text.size / 2 + 1;
    char *marked;

    assert(limits->depth <= DEPTH_MAX);
    if (text.size > limits->bytes)
        return error_set(err, ERROR_REJECT, "json.too_large", "%zu bytes, more than %zu", text.size,
                         limits->bytes);
    if (text.size == 0)
        return error_set(err, ERROR_REJECT, "json.malformed", "an empty text");
    if (numbers > (size_t)limits->tokens)
        numbers = (size_t)limits->tokens;
    /* Each number becomes three bytes longer; a string is copied in steps of eight. */
    marked = arena_alloc(arena, text.size + 3 * numbers + 16);
    scan.begin = (place)text.data;
    scan.end = scan.begin + text.size;
    scan.out = marked;
    if (!scan_text(&scan))
        return false;
    *scan.out = '\0';
    ret_scan->marked = (struct bytes){marked, (size_t)(scan.out - marked)};
    ret_scan->tokens = scan.tokens;
    ret_scan->keys = scan.keys;
    return true;
}
