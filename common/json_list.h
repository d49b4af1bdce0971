#ifndef TIDEMARK_COMMON_JSON_LIST_H
#define TIDEMARK_COMMON_JSON_LIST_H

#include "common/json.h"

/*
 * A long list of JSON values, read one after the other, so that it costs the memory of its text and
 * of one element, however many there are. As one tree a list of 43,000 coins takes 60 MiB.
 *
 *     if (!json_list_open(&list, arena, text, &json_limits_payload, NULL, err))
 *         return false;
 *     while (json_list_next(&list, &element, err))
 *         ...                                   // `element` lives until the next call
 *     return list.ended;                        // false: `err` says why
 *
 * The whole text is checked before the first element comes, as strictly as json_parse() does it and
 * with the same errors; only the number of its tokens is not limited. An element is at most
 * json_limits_message: 64 KiB, depth 8, 4,096 tokens.
 */
struct json_list {
    struct bytes text;
    struct arena *arena; /* of the element in hand */
    const char *at;      /* where the next element begins, or the closing bracket */
    size_t count;        /* elements read so far */
    bool ended;
};

/*
 * The list is the text itself, or with `member` that member of the object which the text is. `text`
 * must live as long as the list, which ends with `arena`.
 * Errors: those of json_parse(); reject "json.no_list" if there is no array where it must be.
 */
MUST_CHECK bool json_list_open(struct json_list *list, struct arena *arena, struct bytes text,
                               const struct json_limits *limits, const char *member,
                               struct error *err);

/* False at the end (then `list->ended`), and for an element that is refused. */
MUST_CHECK bool json_list_next(struct json_list *list, const struct json **ret_element,
                               struct error *err);

#endif
