#include "api/cache/versions.h"

#include "unit/check.h"

static void
the_highest_version_of_a_tag_counts(void **state)
{
    struct versions *versions = calloc(1, sizeof *versions);

    check_int("unknown", (int64_t)versions_last(versions, 5), 0);
    check_true("new", versions_raise(versions, 5, 10));
    check_false("older", versions_raise(versions, 5, 9));
    check_false("the same", versions_raise(versions, 5, 10));
    check_true("newer", versions_raise(versions, 5, 11));
    check_int("kept", (int64_t)versions_last(versions, 5), 11);
    check_int("of this tag only", (int64_t)versions_last(versions, 6), 0);
    free(versions);
}

static void
tags_that_share_a_slot_do_not_mix(void **state)
{
    struct versions *versions = calloc(1, sizeof *versions);

    check_true("one", versions_raise(versions, 1, 10));
    check_true("other", versions_raise(versions, 1 + VERSIONS_SLOTS, 20));
    check_int("one", (int64_t)versions_last(versions, 1), 10);
    check_int("other", (int64_t)versions_last(versions, 1 + VERSIONS_SLOTS), 20);
    free(versions);
}

static void
a_full_table_forgets_tags_but_never_a_change(void **state)
{
    struct versions *versions = calloc(1, sizeof *versions);

    for (uint64_t tag = 1; tag <= VERSIONS_USED_MAX + 1; tag++)
        check_true("raised", versions_raise(versions, tag, 100 + tag));
    for (uint64_t tag = 1; tag <= VERSIONS_USED_MAX + 1; tag++)
        check_true("not below what was said", versions_last(versions, tag) >= 100 + tag);
    free(versions);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_highest_version_of_a_tag_counts),
        cmocka_unit_test(tags_that_share_a_slot_do_not_mix),
        cmocka_unit_test(a_full_table_forgets_tags_but_never_a_change),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
