#include "api/answer/paging.h"

#include "unit/check.h"

static const struct param declared[] = {
    {"symbol",      PARAM_SYMBOL, 1, 20, NULL, NULL, true, ""},
    {"sort",            PARAM_CHOICE, 0, 0, "rank|name", "rank", false, ""},
    {"page",         PARAM_INTEGER, 1, 100, NULL, "1", false, ""},
    {"limit",         PARAM_INTEGER, 1, 100, NULL, "50", false, ""},
    {"cursor",             PARAM_CURSOR, 0, 0, NULL, NULL, false, ""},
    {0},
};
static const char path[] = "/things/{symbol}/parts";

struct asked {
    struct arena *arena;
    struct catalog *catalog;
    struct params params;
    struct problem problem;
};

static void
begin(struct asked *asked)
{
    const struct catalog_names names = {.cursor_key = "a key"};

    asked->arena = arena_create(4096);
    asked->catalog = catalog_create(&names);
}

static void
end(struct asked *asked)
{
    catalog_release(asked->catalog);
    arena_destroy(asked->arena);
}

/* NULL for what is not given. */
static bool
ask(struct asked *asked, const char *route, const char *sort, const char *limit, const char *cursor)
{
    const char *const given[][2] = {
        {"symbol", "BTC" },
        {"sort",   sort  },
        {"limit",  limit },
        {"cursor", cursor},
    };
    struct http_param list[COUNT_OF(given)];
    size_t count = 0;

    for (size_t i = 0; i < COUNT_OF(given); i++) {
        if (given[i][1])
            list[count++] = (struct http_param){
                {given[i][0], strlen(given[i][0])},
                {given[i][1], strlen(given[i][1])}
            };
    }
    assert_true(params_check(declared, list, count, asked->catalog, asked->arena, &asked->params,
                             &asked->problem));
    return paging_open(&asked->params, route, asked->catalog, asked->arena, &asked->problem);
}

static const char *
first_cursor(struct asked *asked)
{
    static const char *const values[] = {NULL, "bitcoin"};

    assert_true(ask(asked, path, NULL, NULL, NULL));
    return paging_cursor(&asked->params, values, COUNT_OF(values), asked->arena);
}

static void
a_page_goes_on_where_the_one_before_ended(void **state)
{
    const struct param_value *value;
    struct asked asked;
    const char *cursor;

    begin(&asked);
    cursor = first_cursor(&asked);
    assert_true(ask(&asked, path, NULL, "7", cursor));
    value = params_get(&asked.params, "cursor");
    check_int("values", (int64_t)value->item_count, 2);
    check_string("null", value->items[0], NULL);
    check_string("the last", value->items[1], "bitcoin");
    end(&asked);
}

static const struct {
    const char *name, *route, *sort;
} elsewhere[] = {
    {"another route",    "/things/{symbol}/wholes", NULL  },
    {"other parameters", path,                      "name"},
};

static void
a_cursor_is_of_one_list(void **state)
{
    struct asked asked;
    const char *cursor;

    begin(&asked);
    cursor = first_cursor(&asked);
    for (size_t i = 0; i < COUNT_OF(elsewhere); i++) {
        check_false(elsewhere[i].name,
                    ask(&asked, elsewhere[i].route, elsewhere[i].sort, NULL, cursor));
        check_int(elsewhere[i].name, asked.problem.status, 400);
        check_string(elsewhere[i].name, asked.problem.code, "cursor.invalid");
        check_string(elsewhere[i].name, asked.problem.parameter, "cursor");
    }
    end(&asked);
}

static void
a_copy_makes_the_same_cursors(void **state)
{
    static const char *const values[] = {"1", "2"};
    struct arena *arena = arena_create(1024);
    struct asked asked;
    struct params copy;

    begin(&asked);
    assert_true(ask(&asked, path, NULL, NULL, first_cursor(&asked)));
    params_copy(&asked.params, arena, &copy);
    check_string("null stays null", params_get(&copy, "cursor")->items[0], NULL);
    check_string("the same", paging_cursor(&copy, values, 2, arena),
                 paging_cursor(&asked.params, values, 2, asked.arena));
    end(&asked);
    arena_destroy(arena);
}

static const struct {
    const char *name;
    struct paging paging;
    const char *head;
} heads[] = {
    {"nothing to say",                                          {"cursor", NULL, NULL, NULL, NULL, -1, -1}, ""},
    {"defaults are left out, what stands in the path is there",
     {"cursor", "", NULL, "a-_", NULL, -1, -1},
     "Link: </things/BTC/parts?sort=name>; rel=\"first\", "
     "</things/BTC/parts?sort=name&cursor=a-_>; rel=\"next\"\r\n"                                             },
    {"a page beside a default",
     {"page", "1", NULL, "2", "9", -1, -1},
     "Link: </things/BTC/parts?sort=name&page=1>; rel=\"first\", "
     "</things/BTC/parts?sort=name&page=2>; rel=\"next\", "
     "</things/BTC/parts?sort=name&page=9>; rel=\"last\"\r\n"                                                 },
    {"numbers as headers",
     {"page", NULL, NULL, NULL, NULL, 120, 0},
     "total: 120\r\nper-page: 0\r\n"                                                                          },
    {"what could end the header is escaped",
     {"page", NULL, "1>\r\n&", NULL, NULL, -1, -1},
     "Link: </things/BTC/parts?sort=name&page=1%3E%0D%0A%26>; rel=\"prev\"\r\n"                               },
};

static void
the_head_names_the_pages_around(void **state)
{
    struct asked asked;

    begin(&asked);
    assert_true(ask(&asked, path, "name", NULL, NULL));
    for (size_t i = 0; i < COUNT_OF(heads); i++)
        check_string(heads[i].name, paging_head(&asked.params, &heads[i].paging, asked.arena),
                     heads[i].head);
    end(&asked);
}

static const struct {
    const char *name;
    const char *page;
    int64_t total;
    const char *first, *prev, *next, *last;
} numbered[] = {
    {"a list of nothing has one page",     "1",  0,  "", NULL, NULL, "" },
    {"a list that fills its pages",        "1",  20, "", NULL, "2",  "2"},
    {"a row more is a page more",          "2",  21, "", "",   "3",  "3"},
    {"the last page has none behind it",   "3",  21, "", "2",  NULL, "3"},
    {"from behind the end one comes back", "99", 21, "", "3",  NULL, "3"},
};

static void
pages_by_number_have_neighbours(void **state)
{
    struct asked asked;

    begin(&asked);
    for (size_t i = 0; i < COUNT_OF(numbered); i++) {
        const struct http_param given[] = {
            {{"symbol", 6}, {"BTC", 3}                                  },
            {{"page", 4},   {numbered[i].page, strlen(numbered[i].page)}}
        };
        struct paging paging;

        assert_true(params_check(declared, given, COUNT_OF(given), asked.catalog, asked.arena,
                                 &asked.params, &asked.problem));
        paging = paging_numbered(&asked.params, 10, numbered[i].total, asked.arena);
        check_string(numbered[i].name, paging.first, numbered[i].first);
        check_string(numbered[i].name, paging.prev, numbered[i].prev);
        check_string(numbered[i].name, paging.next, numbered[i].next);
        check_string(numbered[i].name, paging.last, numbered[i].last);
    }
    end(&asked);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_page_goes_on_where_the_one_before_ended),
        cmocka_unit_test(a_cursor_is_of_one_list),
        cmocka_unit_test(a_copy_makes_the_same_cursors),
        cmocka_unit_test(the_head_names_the_pages_around),
        cmocka_unit_test(pages_by_number_have_neighbours),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
