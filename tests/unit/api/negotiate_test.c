#include "api/answer/negotiate.h"

#include "unit/check.h"

static struct bytes
bytes(const char *text)
{
    return (struct bytes){text, strlen(text)};
}

static const struct {
    const char *accept;
    bool gzip;
} encodings[] = {
    {"gzip",                 true },
    {"gzip, deflate, br",    true },
    {"br;q=1.0, GZIP;q=0.5", true },
    {"x-gzip",               true },
    {"*",                    true },
    {"identity, *;q=0.1",    true },
    {"",                     false},
    {"br",                   false},
    {"gzip;q=0",             false},
    {"gzip;q=0.000",         false},
    {"gzip ; q=0 , *",       false},
    {"*;q=0",                false},
    {"gzipped",              false},
    {"identity",             false},
};

static void
gzip_is_sent_to_who_takes_it(void **state)
{
    for (size_t i = 0; i < COUNT_OF(encodings); i++)
        check_int(encodings[i].accept, negotiate_accepts_gzip(bytes(encodings[i].accept)),
                  encodings[i].gzip);
}

/* Of these, in this order. */
static const char *const types[] = {"application/json", "text/csv", "application/x-ndjson"};

static const struct {
    const char *accept;
    int which; /* -1 = none of them */
} medias[] = {
    {"application/json",                                                0 },
    {"text/csv",                                                        1 },
    {"TEXT/CSV",                                                        1 },
    {"text/*",                                                          1 },
    {"*/*",                                                             0 },
    {"application/*",                                                   0 },
    {"text/csv, */*",                                                   1 }, /* by name */
    {"*/*, text/csv",                                                   1 },
    {"text/csv;q=0.5, application/json;q=0.4",                          1 },
    {"text/csv;q=0.5, application/json",                                0 },
    {"application/json;q=0, */*",                                       1 },
    {"application/json;q=0.001, text/csv;q=0.002",                      1 },
    {"text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8", 0 },
    {"application/json, text/plain, */*",                               0 },
    {"application/x-ndjson ; q=1.000 , text/csv ; q=0.999",             2 },
    {"text/csv;header=present;q=0.1, application/json;q=0.2",           0 },
    {"text/html",                                                       -1},
    {"text/csvx",                                                       -1},
    {"text/*;q=0",                                                      -1},
    {"*/*;q=0",                                                         -1},
    {"*/*;q=0.0, text/html",                                            -1},
    {"",                                                                0 },
    {",,;",                                                             0 },
    {"gibberish",                                                       0 },
    {"text/csv;q=1.1",                                                  0 }, /* nothing well-formed */
    {"text/csv;q=, application/x-ndjson",                               2 },
    {"text/csv;q=0.1234, application/x-ndjson",                         2 },
    {"text/csv;q=-1, text/*;q=0.5",                                     1 },
};

static void
the_media_type_liked_best_is_chosen(void **state)
{
    for (size_t i = 0; i < COUNT_OF(medias); i++) {
        size_t index = 99;
        bool any = negotiate_media(bytes(medias[i].accept), types, COUNT_OF(types), &index);

        check_int(medias[i].accept, any ? (int)index : -1, medias[i].which);
    }
}

static const struct {
    const char *name, *header;
    bool match;
} tags[] = {
    {"the same",                    "\"abc\"",         true },
    {"weak is good enough for GET", "W/\"abc\"",       true },
    {"any",                         "*",               true },
    {"in a list",                   "\"x\", \"abc\"",  true },
    {"without blanks",              "\"x\",W/\"abc\"", true },
    {"another",                     "\"abd\"",         false},
    {"the beginning of it",         "\"ab\"",          false},
    {"without its quotes",          "abc",             false},
    {"nothing",                     "",                false},
    {"an unfinished list",          "\"x\",",          false},
};

static void
tags_match_as_the_rfc_says(void **state)
{
    for (size_t i = 0; i < COUNT_OF(tags); i++)
        check_int(tags[i].name, negotiate_matches(bytes(tags[i].header), "\"abc\""), tags[i].match);
}

static const struct {
    const char *name, *id;
    bool taken;
} ids[] = {
    {"letters, digits and three signs", "AZaz09._-",                                                         true },
    {"eight are enough",                "12345678",                                                          true },
    {"seven are not",                   "1234567",                                                           false},
    {"64 at most",                      "0123456789012345678901234567890123456789012345678901234567890123",  true },
    {"65 are too many",                 "01234567890123456789012345678901234567890123456789012345678901234", false},
    {"no blank",                        "1234 5678",                                                         false},
    {"no quote",                        "12345678\"",                                                        false},
    {"no line end",                     "12345678\n",                                                        false},
    {"no other letters",                "1234567\xc3\xb6",                                                   false},
};

static void
request_ids_from_outside_are_plain(void **state)
{
    for (size_t i = 0; i < COUNT_OF(ids); i++)
        check_int(ids[i].name, negotiate_takes_request_id(bytes(ids[i].id)), ids[i].taken);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(gzip_is_sent_to_who_takes_it),
        cmocka_unit_test(the_media_type_liked_best_is_chosen),
        cmocka_unit_test(tags_match_as_the_rfc_says),
        cmocka_unit_test(request_ids_from_outside_are_plain),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
