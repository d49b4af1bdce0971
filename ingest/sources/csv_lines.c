#include "ingest/sources/csv_lines.h"

#include "common/attributes.h"

#include <string.h>
#include <strings.h>

bool
csv_take_line(struct bytes *text, struct bytes *ret_line)
{
    const char *line_break;
    size_t length, taken;

    if (text->size == 0)
        return false;
    line_break = memchr(text->data, '\n', text->size);
    length = line_break ? (size_t)(line_break - text->data) : text->size;
    taken = line_break ? length + 1 : length;
    *ret_line = (struct bytes){text->data, length};
    if (length > 0 && text->data[length - 1] == '\r')
        ret_line->size--;
    *text = (struct bytes){text->data + taken, text->size - taken};
    return true;
}

int64_t
csv_count_breaks(struct bytes text)
{
    int64_t count = 0;

    for (size_t i = 0; i < text.size; i++)
        count += text.data[i] == '\n';
    return count;
}

static bool
is_space(char c)
{
    return c == ' ' || c == '\t' || c == '\r';
}

static struct bytes
trim(const char *start, const char *end)
{
    while (start < end && is_space(*start))
        start++;
    while (start < end && is_space(end[-1]))
        end--;
    if (end - start >= 2 && *start == '"' && end[-1] == '"') {
        start++;
        end--;
    }
    return (struct bytes){start, (size_t)(end - start)};
}

size_t
csv_split(struct bytes line, char delimiter, struct bytes ret_cells[CSV_CELLS_MAX])
{
    const char *start = line.data, *end = line.data + line.size;
    bool quoted = false;
    size_t count = 0;

    for (const char *at = start;; at++) {
        if (at < end && *at == '"')
            quoted = !quoted;
        if (at < end && (*at != delimiter || quoted))
            continue;
        if (count < CSV_CELLS_MAX)
            ret_cells[count] = trim(start, at);
        count++;
        if (at == end)
            return count;
        start = at + 1;
    }
}

bool
csv_is_missing(struct bytes cell)
{
    static const char *const words[] = {"null", "nan", "none", "n/a"};

    if (cell.size == 0)
        return true;
    for (size_t i = 0; i < COUNT_OF(words); i++) {
        if (cell.size == strlen(words[i]) && strncasecmp(cell.data, words[i], cell.size) == 0)
            return true;
    }
    return false;
}
