#include "api/http/parser.h"

#include "common/attributes.h"

#include <string.h>
#include <strings.h>

enum { STATE_START, STATE_REQUEST_LINE, STATE_HEADERS, STATE_DONE };

/* What a byte may be part of. */
enum { TOKEN = 1, TARGET = 2, VALUE = 4, HOST = 8 };

#define ALL (TOKEN | TARGET | VALUE | HOST)
#define SIGN (TARGET | VALUE)

static const uint8_t byte_class[256] = {
    ['\t'] = VALUE,        [' '] = VALUE,        ['!'] = TOKEN | SIGN, ['"'] = SIGN,
    ['#'] = TOKEN | SIGN,  ['$'] = TOKEN | SIGN, ['%'] = ALL,          ['&'] = TOKEN | SIGN,
    ['\''] = TOKEN | SIGN, ['('] = SIGN,         [')'] = SIGN,         ['*'] = TOKEN | SIGN,
    ['+'] = TOKEN | SIGN,  [','] = SIGN,         ['-'] = ALL,          ['.'] = ALL,
    ['/'] = SIGN,          ['0' ... '9'] = ALL,  [':'] = SIGN | HOST,  [';' ... '@'] = SIGN,
    ['A' ... 'Z'] = ALL,   ['['] = SIGN | HOST,  ['\\'] = SIGN,        [']'] = SIGN | HOST,
    ['^'] = TOKEN | SIGN,  ['_'] = ALL,          ['`'] = TOKEN | SIGN, ['a' ... 'z'] = ALL,
    ['{'] = SIGN,          ['|'] = TOKEN | SIGN, ['}'] = SIGN,         ['~'] = ALL,
    [128 ... 255] = VALUE,
};

static const struct http_refusal
    bad_line = {400, "http.request_line", "The request line is malformed."},
    bad_target = {400, "http.target", "The request target must be a path that begins with '/'."},
    bad_header = {400, "http.header", "A header line is malformed."},
    bad_host = {400, "http.host", "Exactly one valid Host header is required."},
    bad_framing = {400, "http.framing", "The length of the body is not stated unambiguously."},
    bad_body = {400, "http.body", "This method takes no body."},
    bad_expectation = {417, "http.expectation", "The only known expectation is 100-continue."},
    unknown_method = {501, "http.method", "The method is not known here."},
    unknown_version = {505, "http.version", "Only HTTP/1.1 and HTTP/1.0 are spoken here."},
    long_line = {414, "http.request_line_too_long", "The request line exceeds 16 KiB."},
    long_headers = {431, "http.headers_too_large", "The headers exceed 8 KiB or 100 fields."},
    long_body = {413, "http.body_too_large", "The body exceeds 64 KiB."};

static const struct {
    const char *name;
    size_t size;
    bool takes_body;
} methods[] = {
    [HTTP_GET] = {"GET",     3, false},
      [HTTP_HEAD] = {"HEAD",    4, false},
    [HTTP_POST] = {"POST",    4, true },
      [HTTP_PUT] = {"PUT",     3, true },
    [HTTP_PATCH] = {"PATCH",   5, true },
      [HTTP_DELETE] = {"DELETE",  6, false},
    [HTTP_OPTIONS] = {"OPTIONS", 7, false},
};

const char *
http_method_name(enum http_method method)
{
    return methods[method].name;
}

void
http_parser_init(struct http_parser *parser)
{
    /* The fields are written before they are counted: clearing them would cost more than parsing.
     */
    memset(parser, 0, offsetof(struct http_parser, fields));
    memset((char *)parser + offsetof(struct http_parser, refusal), 0,
           sizeof *parser - offsetof(struct http_parser, refusal));
}

static enum http_parsed
refuse(struct http_parser *parser, const struct http_refusal *refusal)
{
    parser->refusal = refusal;
    return HTTP_REFUSED;
}

/* The length of the longest beginning of [at, end) whose bytes are all of `class`. */
static inline const char *
skip_class(const char *at, const char *end, uint8_t class)
{
    while (at < end && byte_class[(unsigned char)*at] & class)
        at++;
    return at;
}

static bool
find_method(const char *name, size_t size, enum http_method *ret_method)
{
    for (size_t i = 0; i < COUNT_OF(methods); i++) {
        if (size == methods[i].size && memcmp(name, methods[i].name, size) == 0) {
            *ret_method = (enum http_method)i;
            return true;
        }
    }
    return false;
}

/* `end` is the place of the CR, `line` that of the first byte. Grammar first, meaning after. */
static enum http_parsed
parse_request_line(struct http_parser *parser, const char *data, const char *line, const char *end)
{
    const char *method_end = skip_class(line, end, TOKEN);
    const char *target = method_end + 1;
    const char *target_end, *version;
    bool known, is_star;

    if (method_end == line || method_end == end || *method_end != ' ')
        return refuse(parser, &bad_line);
    target_end = skip_class(target, end, TARGET);
    version = target_end + 1;
    if (target_end == target || target_end == end || *target_end != ' ')
        return refuse(parser, &bad_line);
    if (end - version != 8 || memcmp(version, "HTTP/", 5) != 0 || version[5] < '0' ||
        version[5] > '9' || version[6] != '.' || version[7] < '0' || version[7] > '9')
        return refuse(parser, &bad_line);

    known = find_method(line, (size_t)(method_end - line), &parser->method);
    is_star = *target == '*' && target_end - target == 1;
    if (*target != '/' && !(is_star && known && parser->method == HTTP_OPTIONS))
        return refuse(parser, &bad_target);
    if (version[5] != '1' || version[7] > '1')
        return refuse(parser, &unknown_version);
    if (!known)
        return refuse(parser, &unknown_method);
    parser->target.offset = (uint16_t)(target - data);
    parser->target.size = (uint16_t)(target_end - target);
    parser->version_10 = parser->close = version[7] == '0';
    return HTTP_PARSED;
}

/* RFC 9112, 6.3: only digits. A number that is merely too large is remembered as such. */
static bool
read_length(struct http_parser *parser, const char *value, size_t size)
{
    uint32_t length = 0;

    for (size_t i = 0; i < size; i++) {
        if (value[i] < '0' || value[i] > '9')
            return false;
        length = length * 10 + (uint32_t)(value[i] - '0');
        if (length > HTTP_BODY_MAX) {
            parser->too_long = true;
            length = HTTP_BODY_MAX + 1; /* stays too long, whatever follows */
        }
    }
    parser->content_length = length;
    return size > 0;
}

/* True if the comma-separated list has `token`, in any case. */
static bool
list_has(const char *list, size_t size, const char *token)
{
    const char *end = list + size;
    size_t token_size = strlen(token);

    while (list < end) {
        const char *comma = memchr(list, ',', (size_t)(end - list));
        const char *stop = comma ? comma : end;

        while (list < stop && (*list == ' ' || *list == '\t'))
            list++;
        while (stop > list && (stop[-1] == ' ' || stop[-1] == '\t'))
            stop--;
        if ((size_t)(stop - list) == token_size && strncasecmp(list, token, token_size) == 0)
            return true;
        list = comma ? comma + 1 : end;
    }
    return false;
}

/*
 * The headers that decide how the request is framed. `exact` is the value with no more than one
 * space cut off before it: padding around a length or a coding has been used to hide it from one of
 * two readers, so it is refused there.
 */
static const struct http_refusal *
note_field(struct http_parser *parser, struct bytes name, struct bytes value, struct bytes exact)
{
#define IS(text) (strncasecmp(name.data, text, sizeof(text) - 1) == 0)
    switch (name.size) {
    case 4:
        if (IS("host")) {
            if (parser->has_host || !value.size ||
                skip_class(value.data, value.data + value.size, HOST) != value.data + value.size)
                return &bad_host;
            parser->has_host = true;
        }
        break;
    case 6:
        if (IS("expect") && !parser->version_10) {
            if (value.size != 12 || strncasecmp(value.data, "100-continue", 12) != 0)
                return &bad_expectation;
            parser->expects_continue = true;
        }
        break;
    case 10:
        if (IS("connection") && list_has(value.data, value.size, "close"))
            parser->close = true;
        break;
    case 14:
        if (IS("content-length")) {
            if (parser->has_length || parser->chunked ||
                !read_length(parser, exact.data, exact.size))
                return &bad_framing;
            parser->has_length = true;
        }
        break;
    case 17:
        if (IS("transfer-encoding")) {
            if (parser->has_length || parser->chunked || parser->version_10 || exact.size != 7 ||
                memcmp(exact.data, "chunked", 7) != 0)
                return &bad_framing;
            parser->chunked = true;
        }
        break;
    }
#undef IS
    return NULL;
}

static enum http_parsed
parse_field(struct http_parser *parser, const char *data, const char *line, const char *end)
{
    const char *name_end = skip_class(line, end, TOKEN);
    const char *value = name_end + 1, *value_end = end;
    const struct http_refusal *refusal;
    struct http_field *field;
    struct bytes name, exact;

    if (name_end == line || name_end == end || *name_end != ':' ||
        skip_class(value, end, VALUE) != end)
        return refuse(parser, &bad_header);
    if (parser->field_count == HTTP_HEADERS_MAX)
        return refuse(parser, &long_headers);
    if (value < end && *value == ' ')
        value++;
    exact = (struct bytes){value, (size_t)(end - value)};
    while (value < end && (*value == ' ' || *value == '\t'))
        value++;
    while (value_end > value && (value_end[-1] == ' ' || value_end[-1] == '\t'))
        value_end--;

    field = &parser->fields[parser->field_count++];
    field->name.offset = (uint16_t)(line - data);
    field->name.size = (uint16_t)(name_end - line);
    field->value.offset = (uint16_t)(value - data);
    field->value.size = (uint16_t)(value_end - value);
    name = http_slice_bytes(data, field->name);
    refusal = note_field(parser, name, http_slice_bytes(data, field->value), exact);
    return refusal ? refuse(parser, refusal) : HTTP_MORE;
}

/* After the empty line: what only the headers together can tell. */
static enum http_parsed
finish_head(struct http_parser *parser, size_t head_bytes)
{
    parser->head_bytes = (uint16_t)head_bytes;
    parser->state = STATE_DONE;
    if (!parser->has_host && !parser->version_10)
        return refuse(parser, &bad_host);
    if (!methods[parser->method].takes_body && (parser->chunked || parser->content_length))
        return refuse(parser, &bad_body);
    if (parser->too_long)
        return refuse(parser, &long_body);
    return HTTP_PARSED;
}

/*
 * Looks at the first byte before a whole line is there, so that a TLS or HTTP/2 client, who may
 * never send a line, is told at once. Skips one empty line.
 */
static enum http_parsed
parse_start(struct http_parser *parser, const char *data, size_t size)
{
    if (size && data[0] == '\r') {
        if (size < 2)
            return HTTP_MORE;
        if (data[1] != '\n')
            return refuse(parser, &bad_line);
        parser->line_at = 2;
    }
    if (size == parser->line_at)
        return HTTP_MORE;
    if (!(byte_class[(unsigned char)data[parser->line_at]] & TOKEN))
        return refuse(parser, &bad_line);
    parser->scanned = parser->line_at;
    parser->state = STATE_REQUEST_LINE;
    return HTTP_PARSED;
}

/* One whole line, from line_at to its LF at `line_feed`. HTTP_MORE: go on with the next. */
static enum http_parsed
parse_line(struct http_parser *parser, const char *data, const char *line_feed)
{
    const char *line = data + parser->line_at;
    const char *end = line_feed - 1; /* where the CR must be */
    bool is_first = parser->state == STATE_REQUEST_LINE;

    if (end < line || *end != '\r')
        return refuse(parser, is_first ? &bad_line : &bad_header);
    parser->line_at = parser->scanned = (uint16_t)(line_feed + 1 - data);
    if (is_first) {
        parser->headers_at = parser->line_at;
        parser->state = STATE_HEADERS;
        return parse_request_line(parser, data, line, end) == HTTP_REFUSED ? HTTP_REFUSED
                                                                           : HTTP_MORE;
    }
    if (end == line)
        return finish_head(parser, parser->line_at);
    return parse_field(parser, data, line, end);
}

enum http_parsed
http_parser_feed(struct http_parser *parser, const char *data, size_t size)
{
    enum http_parsed parsed = HTTP_MORE;

    if (parser->refusal)
        return HTTP_REFUSED;
    if (parser->state == STATE_START) {
        parsed = parse_start(parser, data, size);
        if (parsed != HTTP_PARSED)
            return parsed;
        parsed = HTTP_MORE;
    }
    while (parsed == HTTP_MORE) {
        bool is_first = parser->state == STATE_REQUEST_LINE;
        size_t limit = is_first ? parser->line_at + (size_t)HTTP_REQUEST_LINE_MAX
                                : parser->headers_at + (size_t)HTTP_HEADERS_MAX_BYTES;
        size_t stop = size < limit ? size : limit;
        const char *line_feed = memchr(data + parser->scanned, '\n', stop - parser->scanned);

        if (line_feed) {
            parsed = parse_line(parser, data, line_feed);
        } else if (stop == limit) {
            return refuse(parser, is_first ? &long_line : &long_headers);
        } else {
            parser->scanned = (uint16_t)stop;
            return HTTP_MORE;
        }
    }
    return parsed;
}
