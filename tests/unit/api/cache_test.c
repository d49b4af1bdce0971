#include "api/cache/cache.h"

#include "unit/check.h"

#include <stdio.h>

enum { NOW = 1000000, MIB = 1024 * 1024 };

struct setup {
    struct cache *cache;
    uint64_t bitcoin, ethereum;
};

static void
set_up(struct setup *setup)
{
    setup->cache = cache_create(MIB, 7);
    setup->bitcoin = cache_tag(setup->cache, "price:bitcoin");
    setup->ethereum = cache_tag(setup->cache, "price:ethereum");
}

static void
store(struct setup *setup, const char *key, const char *body, uint64_t version, int64_t now_ms)
{
    const uint64_t tags[] = {setup->bitcoin, setup->ethereum};
    const struct cache_content content = {
        .version = version,
        .stored_at_ms = now_ms,
        .fresh_until_ms = now_ms + 30000,
        .stale_until_ms = now_ms + 3600000,
        .plain = http_body_copy(body, strlen(body) + 1),
        .head = "Content-Type: application/json\r\n",
        .tags = tags,
        .tag_count = 2,
    };
    struct cache_key named = cache_key(setup->cache, key);

    cache_release(cache_store(setup->cache, &named, &content, now_ms));
}

static enum cache_found
find(struct setup *setup, const char *key, int64_t now_ms, const char **ret_body)
{
    struct cache_key named = cache_key(setup->cache, key);
    struct cache_entry *entry;
    enum cache_found found = cache_find(setup->cache, &named, now_ms, &entry);

    if (found != CACHE_MISS && ret_body)
        *ret_body = entry->content.plain->data;
    return found;
}

static void
an_entry_is_fresh_then_stale_then_gone(void **state)
{
    struct setup s;

    set_up(&s);
    check_int("before", find(&s, "k", NOW, NULL), CACHE_MISS);
    store(&s, "k", "one", 10, NOW);
    check_int("at once", find(&s, "k", NOW, NULL), CACHE_FRESH);
    check_int("to the last millisecond", find(&s, "k", NOW + 29999, NULL), CACHE_FRESH);
    check_int("then stale", find(&s, "k", NOW + 30000, NULL), CACHE_STALE);
    check_int("then gone", find(&s, "k", NOW + 3600000, NULL), CACHE_MISS);
    check_int("for good", (int64_t)cache_entries(s.cache), 0);
    cache_destroy(s.cache);
}

/* Each row: a reading of some version, an invalidation before or after it is stored. */
static const struct {
    const char *name;
    uint64_t before; /* invalidated before storing; 0 = not */
    uint64_t version;
    uint64_t after; /* invalidated after storing; 0 = not */
    enum cache_found want;
} version_rows[] = {
    {"a reading that has seen the change is kept",     9,  10, 0,  CACHE_FRESH   },
    {"the changing transaction itself was not seen",   10, 10, 0,  CACHE_MISS    },
    {"a slow reader cannot put an older value in",     11, 10, 0,  CACHE_MISS    },
    {"a later change makes it out of date",            0,  10, 12, CACHE_OUTDATED},
    {"at its own version too",                         0,  10, 10, CACHE_OUTDATED},
    {"an event that was seen already changes nothing", 0,  10, 9,  CACHE_FRESH   },
    {"old events come late and change nothing",        9,  10, 3,  CACHE_FRESH   },
};

static void
versions_decide_what_may_be_stored_and_served(void **state)
{
    for (size_t i = 0; i < COUNT_OF(version_rows); i++) {
        struct setup s;

        set_up(&s);
        if (version_rows[i].before)
            cache_invalidate(s.cache, s.ethereum, version_rows[i].before);
        store(&s, "k", "one", version_rows[i].version, NOW);
        if (version_rows[i].after)
            cache_invalidate(s.cache, s.bitcoin, version_rows[i].after);
        check_int(version_rows[i].name, find(&s, "k", NOW, NULL), version_rows[i].want);
        cache_destroy(s.cache);
    }
}

static void
of_two_crossing_readers_the_later_reading_stays(void **state)
{
    const char *body = NULL;
    struct setup s;

    set_up(&s);
    store(&s, "k", "newer", 20, NOW);
    store(&s, "k", "older", 19, NOW);
    check_int("found", find(&s, "k", NOW, &body), CACHE_FRESH);
    check_string("body", body, "newer");
    store(&s, "k", "newest", 21, NOW);
    find(&s, "k", NOW, &body);
    check_string("but a newer one replaces it", body, "newest");
    cache_destroy(s.cache);
}

static void
a_new_reading_replaces_an_outdated_one(void **state)
{
    const char *body = NULL;
    struct setup s;

    set_up(&s);
    store(&s, "k", "old", 10, NOW);
    cache_invalidate(s.cache, s.bitcoin, 15);
    check_int("outdated", find(&s, "k", NOW, NULL), CACHE_OUTDATED);
    store(&s, "k", "new", 16, NOW);
    check_int("fresh again", find(&s, "k", NOW, &body), CACHE_FRESH);
    check_string("the new one", body, "new");
    cache_destroy(s.cache);
}

static void
without_events_nothing_is_fresh_for_long(void **state)
{
    struct setup s;

    set_up(&s);
    store(&s, "k", "one", 10, NOW);
    cache_limit_age(s.cache, 1000);
    check_int("for a second", find(&s, "k", NOW + 1000, NULL), CACHE_FRESH);
    check_int("no longer", find(&s, "k", NOW + 1001, NULL), CACHE_OUTDATED);
    cache_limit_age(s.cache, 0);
    check_int("with events again it would be", find(&s, "k", NOW + 1001, NULL), CACHE_FRESH);
    cache_distrust_before(s.cache, NOW + 1001);
    check_int("had none been missed", find(&s, "k", NOW + 1001, NULL), CACHE_OUTDATED);
    store(&s, "k", "old", 12, NOW + 1000);
    check_int("nor is an older reading", find(&s, "k", NOW + 1002, NULL), CACHE_OUTDATED);
    store(&s, "k", "two", 12, NOW + 1001);
    check_int("but a later one", find(&s, "k", NOW + 1002, NULL), CACHE_FRESH);
    cache_destroy(s.cache);
}

static void
memory_is_bounded_and_the_least_used_goes_first(void **state)
{
    struct setup s;
    char *body = malloc(100 * 1024), key[16];

    memset(body, 'x', 100 * 1024);
    body[100 * 1024 - 1] = '\0';
    set_up(&s);
    store(&s, "kept", body, 10, NOW);
    for (int i = 0; i < 50; i++) {
        snprintf(key, sizeof key, "k%d", i);
        store(&s, key, body, 10, NOW);
        check_int("in use", find(&s, "kept", NOW, NULL), CACHE_FRESH);
    }
    check_true("bounded", cache_bytes(s.cache) <= MIB);
    check_int("the first ones went", find(&s, "k0", NOW, NULL), CACHE_MISS);
    check_int("the last one stayed", find(&s, "k49", NOW, NULL), CACHE_FRESH);
    cache_destroy(s.cache);
    free(body);
}

static void
compressed_bodies_count_as_well(void **state)
{
    struct setup s;
    char *body = malloc(100 * 1024), key[16];

    memset(body, 'x', 100 * 1024);
    body[100 * 1024 - 1] = '\0';
    set_up(&s);
    for (int i = 0; i < 10; i++) {
        struct cache_entry *entry;
        struct cache_key named;

        snprintf(key, sizeof key, "k%d", i);
        store(&s, key, body, 10, NOW);
        named = cache_key(s.cache, key);
        check_int("stored", cache_find(s.cache, &named, NOW, &entry), CACHE_FRESH);
        cache_hold(entry);
        cache_attach(s.cache, entry, &entry->gzip, http_body_copy(body, 60 * 1024));
        check_true("bounded", cache_bytes(s.cache) <= MIB);
        cache_release(entry);
    }
    cache_destroy(s.cache);
    free(body);
}

static void
an_entry_too_large_is_given_back_but_not_kept(void **state)
{
    struct setup s;
    char *body = malloc(MIB / 2);

    memset(body, 'x', MIB / 2);
    body[MIB / 2 - 1] = '\0';
    set_up(&s);
    store(&s, "k", body, 10, NOW);
    check_int("not kept", find(&s, "k", NOW, NULL), CACHE_MISS);
    cache_destroy(s.cache);
    free(body);
}

static void
when_its_flags_turn_wrong_an_entry_is_outdated(void **state)
{
    static const struct freshness_turn turns[] = {
        {9, 5, "true"}
    };
    struct cache *cache = cache_create(MIB, 7);
    struct cache_key key = cache_key(cache, "k");
    const struct cache_content content = {
        .version = 1,
        .stored_at_ms = NOW,
        .fresh_until_ms = NOW + 30000,
        .stale_until_ms = NOW + 60000,
        .true_until_ms = NOW + 10000,
        .plain = http_body_copy("{\"stale\":false}", 15),
        .head = "",
        .turns = turns,
        .turn_count = 1,
    };
    struct cache_entry *entry;

    cache_release(cache_store(cache, &key, &content, NOW));
    check_int("before", cache_find(cache, &key, NOW + 9999, &entry), CACHE_FRESH);
    check_int("then", cache_find(cache, &key, NOW + 10000, &entry), CACHE_OUTDATED);
    check_int("its turns are its own", entry->content.turns[0].offset, 9);
    check_true("a copy", entry->content.turns != turns);
    cache_destroy(cache);
}

static void
equal_names_are_equal_tags_everywhere(void **state)
{
    struct cache *one = cache_create(MIB, 1), *other = cache_create(MIB, 2);
    struct cache_key a = cache_key(one, "a"), b = cache_key(other, "b");
    struct cache_content content = {
        .version = 1, .stale_until_ms = 1, .name = {3, 4},
                .head = ""
    };
    struct cache_entry *first, *second;

    content.plain = http_body_copy("same", 4);
    first = cache_store(one, &a, &content, 0);
    content.plain = http_body_copy("same", 4);
    second = cache_store(other, &b, &content, 0);
    check_string("ETag", first->etag, second->etag);
    check_true("compressed it is another thing", strcmp(first->etag, first->etag_gzip) != 0);
    check_true("and as a last resort too", strcmp(first->etag, first->etag_turned) != 0 &&
                                               strcmp(first->etag_gzip, first->etag_turned) != 0);
    cache_release(first);
    cache_release(second);
    cache_destroy(one);
    cache_destroy(other);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_entry_is_fresh_then_stale_then_gone),
        cmocka_unit_test(versions_decide_what_may_be_stored_and_served),
        cmocka_unit_test(of_two_crossing_readers_the_later_reading_stays),
        cmocka_unit_test(a_new_reading_replaces_an_outdated_one),
        cmocka_unit_test(without_events_nothing_is_fresh_for_long),
        cmocka_unit_test(memory_is_bounded_and_the_least_used_goes_first),
        cmocka_unit_test(compressed_bodies_count_as_well),
        cmocka_unit_test(an_entry_too_large_is_given_back_but_not_kept),
        cmocka_unit_test(equal_names_are_equal_tags_everywhere),
        cmocka_unit_test(when_its_flags_turn_wrong_an_entry_is_outdated),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
