#include "api/handlers/lineage.h"
#include "api/handlers/lineage_chain.h"

#include "unit/check.h"

/* The parameter's choices and the table that gives them a meaning are two lists. */
static void
every_field_that_may_be_asked_for_is_somewhere(void **state)
{
    char choices[] = LINEAGE_FIELDS, *rest = choices, *name;

    while ((name = strsep(&rest, "|"))) {
        const struct field *field = field_find(name);

        check_true(name, field != NULL);
        check_true(name, field->tick >= 0 || field->candle >= 0 || field->listing >= 0);
    }
    check_true("others are not", field_find("nope") == NULL);
}

static void
intervals_have_the_names_that_they_are_asked_for_by(void **state)
{
    check_string("five minutes", chain_interval_name(300), "5m");
    check_string("a week", chain_interval_name(604800), "1w");
    check_string("another", chain_interval_name(60), NULL);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_field_that_may_be_asked_for_is_somewhere),
        cmocka_unit_test(intervals_have_the_names_that_they_are_asked_for_by),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
