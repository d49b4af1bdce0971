#include "common/utf8.h"

#include "unit/check.h"

#include <stdio.h>

static const struct {
    const char *name, *text;
    size_t want;
} rows[] = {
    {"ASCII",                              "a",                1},
    {"two bytes",                          "\xC3\xA9",         2},
    {"three bytes",                        "\xE2\x82\xAC",     3},
    {"four bytes",                         "\xF0\x9F\x98\x80", 4},
    {"the last code point",                "\xF4\x8F\xBF\xBF", 4},
    {"the last before the surrogates",     "\xED\x9F\xBF",     3},
    {"a surrogate",                        "\xED\xA0\x80",     0},
    {"above the last code point",          "\xF4\x90\x80\x80", 0},
    {"a tail alone",                       "\x80",             0},
    {"a slash in two bytes is overlong",   "\xC0\xAF",         0},
    {"a slash in three bytes is overlong", "\xE0\x80\xAF",     0},
    {"a slash in four bytes is overlong",  "\xF0\x80\x80\xAF", 0},
    {"two bytes cut off",                  "\xC3",             0},
    {"three bytes cut off",                "\xE2\x82",         0},
    {"four bytes cut off",                 "\xF0\x9F\x98",     0},
    {"a character where a tail must be",   "\xE2\x82x",        0},
    {"a byte that is never used",          "\xFF",             0},
};

static void
characters_have_lengths(void **state)
{
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        const unsigned char *at = (const unsigned char *)rows[i].text;

        check_int(rows[i].name, (int64_t)utf8_length(at, at + strlen(rows[i].text)),
                  (int64_t)rows[i].want);
    }
}

static void
plain_runs_stop_where_they_must(void **state)
{
    for (int c = 0; c < 256; c++)
        for (size_t place = 0; place < 8; place++) {
            unsigned char word[9] = "abcdefgh";
            bool plain = c >= 0x20 && c < 0x80 && c != '"' && c != '\\';
            char name[64];

            word[place] = (unsigned char)c;
            snprintf(name, sizeof name, "byte %d at %zu", c, place);
            check_int(name, (int64_t)utf8_plain_run8(word), plain ? 8 : (int64_t)place);
        }
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(characters_have_lengths),
        cmocka_unit_test(plain_runs_stop_where_they_must),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
