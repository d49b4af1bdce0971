#include "api/answer/paging.h"

#include "api/params/cursor.h"
#include "common/text.h"

#include <inttypes.h>
#include <string.h>

static struct cursor_use
use_of(const struct params *params, struct arena *arena)
{
    return (struct cursor_use){params->cursor_key, params->path,
                               params_canonical_list(params, arena)};
}

static size_t
find_cursor(const struct params *params)
{
    size_t i = 0;

    while (params->declared[i].name && params->declared[i].kind != PARAM_CURSOR)
        i++;
    return i;
}

static bool
refuse(const struct param *param, struct arena *arena, struct problem *problem)
{
    problem_set(problem, 400, "cursor.invalid", "The request goes on from where no page ended",
                "%s: no page of this list with these parameters ended with it", param->name);
    problem->parameter = param->name;
    problem->allowed = param_allowed(param, NULL, arena);
    return false;
}

bool
paging_open(struct params *params, const char *path, const struct catalog *catalog,
            struct arena *arena, struct problem *ret_problem)
{
    size_t place = find_cursor(params);
    struct param_value *value = &params->values[place];
    struct cursor_use use;
    struct cursor cursor;

    params->path = path;
    params->cursor_key = catalog ? catalog_cursor_key(catalog) : "";
    if (!params->declared[place].name || !value->given)
        return true;
    use = use_of(params, arena);
    if (!cursor_open(&use, value->text, arena, &cursor))
        return refuse(&params->declared[place], arena, ret_problem);
    value->items = arena_alloc_array(arena, CURSOR_VALUES_MAX, sizeof *value->items);
    memcpy(value->items, cursor.values, sizeof cursor.values);
    value->item_count = cursor.count;
    return true;
}

const char *
paging_cursor(const struct params *params, const char *const *values, size_t count,
              struct arena *arena)
{
    struct cursor_use use = use_of(params, arena);
    struct cursor cursor = {.count = count};

    memcpy(cursor.values, values, count * sizeof *values);
    return cursor_seal(&use, &cursor, arena);
}

/* ------------------------------------------------------------------------------------- links */

static bool
is_plain(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
           (c != '\0' && strchr("-._~,:", c));
}

static void
add_escaped(struct text *text, const char *value)
{
    for (; *value; value++) {
        if (is_plain(*value))
            text_add_char(text, *value);
        else
            text_add_format(text, "%%%02X", (unsigned)(unsigned char)*value);
    }
}

/* The path with what stands in its braces. */
static void
add_path(struct text *text, const struct params *params)
{
    const char *at = params->path;

    while (*at) {
        size_t plain = strcspn(at, "{"), name = strcspn(at + plain, "}");

        text_add(text, at, plain);
        at += plain;
        if (*at == '\0')
            return;
        add_escaped(text, params_get(params, arena_copy(text->arena, at + 1, name - 1))->text);
        at += name + 1;
    }
}

static bool
is_in_path(const struct params *params, const char *name)
{
    const char *at = params->path;
    size_t size = strlen(name);

    while ((at = strchr(at, '{'))) {
        if (strncmp(++at, name, size) == 0 && at[size] == '}')
            return true;
    }
    return false;
}

/* What is meant without saying so, too. */
static bool
is_default(const struct param *param, const char *said)
{
    if (param->kind == PARAM_FORMAT)
        return strcspn(param->choices, "|") == strlen(said) &&
               strncmp(param->choices, said, strlen(said)) == 0;
    return param->fallback && strcmp(said, param->fallback) == 0;
}

/* What was asked, with `value` for the parameter that says which page. */
static void
add_target(struct text *text, const struct params *params, const char *param, const char *value)
{
    char mark = '?';

    add_path(text, params);
    for (size_t i = 0; params->declared[i].name; i++) {
        const struct param *declared = &params->declared[i];
        bool is_page = strcmp(declared->name, param) == 0;
        const char *said = is_page ? value : params->values[i].text;

        if (!said || *said == '\0' || is_in_path(params, declared->name) ||
            (!is_page && is_default(declared, said)))
            continue;
        text_add_char(text, mark);
        text_add_string(text, declared->name);
        text_add_char(text, '=');
        add_escaped(text, said);
        mark = '&';
    }
}

const char *
paging_head(const struct params *params, const struct paging *paging, struct arena *arena)
{
    const struct {
        const char *rel, *value;
    } links[] = {
        {"first", paging->first},
        {"prev",  paging->prev },
        {"next",  paging->next },
        {"last",  paging->last },
    };
    const char *before = "Link: <", *end = "";
    struct text text;

    text_init(&text, arena, 512);
    for (size_t i = 0; i < COUNT_OF(links); i++) {
        if (!links[i].value)
            continue;
        text_add_string(&text, before);
        add_target(&text, params, paging->param, links[i].value);
        text_add_format(&text, ">; rel=\"%s\"", links[i].rel);
        before = ", <";
        end = "\r\n";
    }
    text_add_string(&text, end);
    if (paging->total >= 0)
        text_add_format(&text, "total: %" PRId64 "\r\n", paging->total);
    if (paging->per_page >= 0)
        text_add_format(&text, "per-page: %" PRId64 "\r\n", paging->per_page);
    return text_finish(&text).data;
}

/* "" for the first page, which goes without saying. */
static const char *
page_text(int64_t page, struct arena *arena)
{
    return page == 1 ? "" : arena_printf(arena, "%" PRId64, page);
}

struct paging
paging_numbered(const struct params *params, int64_t per_page, int64_t total, struct arena *arena)
{
    int64_t page = params_get(params, "page")->integer;
    int64_t last = total > 0 ? (total + per_page - 1) / per_page : 1;

    return (struct paging){
        .param = "page",
        .first = "",
        .prev = page > 1 ? page_text(page - 1 < last ? page - 1 : last, arena) : NULL,
        .next = page < last ? page_text(page + 1, arena) : NULL,
        .last = page_text(last, arena),
        .total = -1,
        .per_page = -1,
    };
}
