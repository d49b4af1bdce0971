"""
The order of tests: what takes long starts first, so that at the end nobody waits for one process
that has just begun with it. All others keep their order, in which what waits and what computes is
mixed.

A unit is what one test process does as a whole: a group (pytest.mark.xdist_group) or a test. The
seconds are those of a group, of a test, or of each test of a file, measured on two cores with six
processes; they decide nothing but the order, and what takes less than fifteen is not named.
"""

GROUPS = {"up": 70, "documented": 60, "broker": 35, "every_route": 25, "query_plans": 15}
TESTS = {
    "test_rabbitmq_loses_its_disk": 45,
    "test_a_thousand_streams_do_not_fire_in_one_second": 30,
    "test_a_kill_after_any_step_of_a_csv_job_changes_nothing": 30,
    "test_spectral_has_nothing_to_say": 25,
    "test_an_outage_is_listed_with_its_cause_and_heals_with_nobody_s_help": 25,
    "test_whatever_was_fetched_in_whichever_order_the_tables_come_out_the_same": 20,
    "test_a_million_rows_cost_no_memory": 20,
    "test_jobs_delivered_ten_times_in_random_order_are_done_once": 20,
    "test_redocly_has_nothing_to_say": 15,
    "test_a_thousand_orders_of_arrival_make_one_ledger": 15,
    "test_each_step_can_be_undone_and_done_again": 15,
}
FILES = {"test_engines": 30, "test_broker_trouble": 30, "test_leader": 20, "test_gate": 20}


def seconds_of(item):
    group = item.get_closest_marker("xdist_group")
    if group:
        return GROUPS.get(group.args[0], 0)
    return TESTS.get(item.originalname, FILES.get(item.path.stem, 0))


def long_first(items):
    """Sorts them in place; those that take as long as others, and those of a group, keep their order."""
    items.sort(key=seconds_of, reverse=True)
