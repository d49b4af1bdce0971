#include "api/params/cursor.h"

#include "unit/check.h"

#include <stdio.h>

static const struct cursor_use use = {"a key", "/api/v1/things", "sort=4:rank;"};

static const char *
make(struct arena *arena)
{
    const struct cursor cursor = {
        {"12.50", NULL, "bitcoin"},
        3
    };

    return cursor_seal(&use, &cursor, arena);
}

static void
the_values_come_back(void **state)
{
    struct arena *arena = arena_create(1024);
    struct cursor cursor;

    assert_true(cursor_open(&use, make(arena), arena, &cursor));
    check_int("values", (int64_t)cursor.count, 3);
    check_string("first", cursor.values[0], "12.50");
    check_string("null stays null", cursor.values[1], NULL);
    check_string("last", cursor.values[2], "bitcoin");
    arena_destroy(arena);
}

static void
no_other_letter_at_any_place_is_taken(void **state)
{
    static const char letters[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
                                  "0123456789-_=+/ .";
    struct arena *arena = arena_create(1024);
    char *text = arena_string(arena, make(arena));
    struct cursor cursor;

    for (size_t i = 0; text[i]; i++) {
        char was = text[i];

        for (const char *letter = letters; *letter; letter++) {
            text[i] = *letter;
            if (*letter != was && cursor_open(&use, text, arena, &cursor))
                fail_msg("taken with '%c' for '%c' at %zu", *letter, was, i);
        }
        text[i] = was;
    }
    check_true("and the one that was made is", cursor_open(&use, text, arena, &cursor));
    arena_destroy(arena);
}

static void
one_that_was_cut_or_grew_is_not_taken(void **state)
{
    struct arena *arena = arena_create(1024);
    const char *text = make(arena);
    char longer[256];
    struct cursor cursor;

    for (size_t size = 0; size < strlen(text); size++)
        check_false("cut", cursor_open(&use, arena_copy(arena, text, size), arena, &cursor));
    snprintf(longer, sizeof longer, "%sA", text);
    check_false("one more letter", cursor_open(&use, longer, arena, &cursor));
    snprintf(longer, sizeof longer, "%sAAAA", text);
    check_false("three more bytes", cursor_open(&use, longer, arena, &cursor));
    arena_destroy(arena);
}

static void
one_that_is_too_long_is_not_looked_at(void **state)
{
    struct arena *arena = arena_create(1024);
    char *text = arena_alloc(arena, CURSOR_TEXT_MAX + 2);
    struct cursor cursor;

    memset(text, 'A', CURSOR_TEXT_MAX + 1);
    text[CURSOR_TEXT_MAX + 1] = '\0';
    check_false("too long", cursor_open(&use, text, arena, &cursor));
    arena_destroy(arena);
}

static void
the_longest_values_fit(void **state)
{
    struct arena *arena = arena_create(1024);
    struct cursor cursor = {.count = CURSOR_VALUES_MAX};
    char value[CURSOR_VALUE_MAX + 1];
    const char *text;

    memset(value, 'x', CURSOR_VALUE_MAX);
    value[CURSOR_VALUE_MAX] = '\0';
    for (size_t i = 0; i < CURSOR_VALUES_MAX; i++)
        cursor.values[i] = value;
    text = cursor_seal(&use, &cursor, arena);
    check_true("not longer than promised", strlen(text) <= CURSOR_TEXT_MAX);
    assert_true(cursor_open(&use, text, arena, &cursor));
    check_string("the last", cursor.values[CURSOR_VALUES_MAX - 1], value);
    arena_destroy(arena);
}

static const struct {
    const char *name;
    struct cursor_use use;
} others[] = {
    {"another key",                   {"a kez", "/api/v1/things", "sort=4:rank;"}},
    {"no key",                        {"", "/api/v1/things", "sort=4:rank;"}     },
    {"another route",                 {"a key", "/api/v1/thing", "sort=4:rank;"} },
    {"other parameters",              {"a key", "/api/v1/things", "sort=4:name;"}},
    {"no parameters",                 {"a key", "/api/v1/things", ""}            },
    {"the same bytes, cut elsewhere", {"a key", "/api/v1/thingssort", "=4:rank;"}},
};

static void
it_is_good_for_nothing_else(void **state)
{
    struct arena *arena = arena_create(1024);
    const char *text = make(arena);
    struct cursor cursor;

    for (size_t i = 0; i < COUNT_OF(others); i++)
        check_false(others[i].name, cursor_open(&others[i].use, text, arena, &cursor));
    arena_destroy(arena);
}

static void
an_empty_key_makes_nothing_that_is_taken(void **state)
{
    const struct cursor_use open_to_all = {"", "/", ""};
    const struct cursor cursor = {.count = 0};
    struct arena *arena = arena_create(1024);
    struct cursor back;

    check_false("opened",
                cursor_open(&open_to_all, cursor_seal(&open_to_all, &cursor, arena), arena, &back));
    arena_destroy(arena);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_values_come_back),
        cmocka_unit_test(no_other_letter_at_any_place_is_taken),
        cmocka_unit_test(one_that_was_cut_or_grew_is_not_taken),
        cmocka_unit_test(one_that_is_too_long_is_not_looked_at),
        cmocka_unit_test(the_longest_values_fit),
        cmocka_unit_test(it_is_good_for_nothing_else),
        cmocka_unit_test(an_empty_key_makes_nothing_that_is_taken),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
