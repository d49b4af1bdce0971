#include "common/redis_address.h"

#include "unit/check.h"

static const struct {
    const char *url, *host;
    int port;
    const char *password, *database;
} good[] = {
    {"redis://127.0.0.1",        "127.0.0.1", 6379, NULL,     "0"},
    {"redis://127.0.0.1:7000/3", "127.0.0.1", 7000, NULL,     "3"},
    {"redis://:secret@host:1/",  "host",      1,    "secret", "0"},
    {"redis://user:secret@host", "host",      6379, "secret", "0"},
    {"redis://:p%40ss%2Fw@host", "host",      6379, "p@ss/w", "0"},
    {"redis://:a:b@host",        "host",      6379, "a:b",    "0"},
};

static void
urls_are_read(void **state)
{
    struct arena *arena = arena_create(1024);

    for (size_t i = 0; i < COUNT_OF(good); i++) {
        struct redis_address address;
        struct error err;

        check_error(good[i].url, redis_address_parse(good[i].url, arena, &address, &err), &err,
                    NULL);
        check_string(good[i].url, address.host, good[i].host);
        check_int(good[i].url, address.port, good[i].port);
        check_string(good[i].url, address.password, good[i].password);
        check_string(good[i].url, address.database, good[i].database);
    }
    arena_destroy(arena);
}

static const char *const bad[] = {
    "",
    "127.0.0.1",
    "rediss://host",
    "redis://",
    "redis://:6379",
    "redis://host:0",
    "redis://host:65536",
    "redis://host:12x",
    "redis://host:",
    "redis://host/x",
    "redis://host/-1",
    "redis://host/123456",
    "redis://secret@host",
    "redis://:%zz@host",
    "redis://:%4@host",
    "redis://:%00@host",
};

static void
what_is_no_url_is_refused_without_repeating_it(void **state)
{
    struct arena *arena = arena_create(1024);

    for (size_t i = 0; i < COUNT_OF(bad); i++) {
        struct redis_address address;
        struct error err;

        check_error(bad[i], redis_address_parse(bad[i], arena, &address, &err), &err, "redis.url");
        check_true(bad[i], !strstr(err.message, "secret"));
    }
    arena_destroy(arena);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(urls_are_read),
        cmocka_unit_test(what_is_no_url_is_refused_without_repeating_it),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
