"""
The order of tests: what takes long starts first, so that at the end nobody waits for one process
that has just begun with it.

A unit is what one test process does as a whole: a group (pytest.mark.xdist_group) or a test. The
seconds, measured on two cores, are those of a group, or of each test of a file; what is not named
is short. They decide nothing but the order.
"""

GROUPS = {"up": 60, "documented": 40, "parts_away": 40, "query_plans": 40, "every_route": 30, "coingecko": 30, "coingecko_charts": 30,
          "coingecko_clients": 30, "coingecko_coins": 30, "freshness": 20, "listings": 30, "udf": 30, "broker": 30, "http_statuses": 20,
          "dialects": 20}
FILES = {"test_kill_steps": 20, "test_engines": 30, "test_broker_trouble": 30, "test_leader": 20, "test_gate": 20, "test_openapi_lint": 25,
         "test_on_demand": 10, "test_clock": 9, "test_whole_way": 15, "test_hostile": 10, "test_poison": 10, "test_worker": 6,
         "test_archive_jobs": 8, "test_doubts_whole_way": 15, "test_gaps_whole_way": 15, "test_rebuild": 10, "test_scheduler": 5}
TESTS = {"test_a_kill_after_any_step_of_a_csv_job_changes_nothing": 40, "test_a_thousand_streams_do_not_fire_in_one_second": 45}


def seconds_of(item):
    group = item.get_closest_marker("xdist_group")
    if group:
        return GROUPS.get(group.args[0], 0)
    return TESTS.get(item.originalname, FILES.get(item.path.stem, 0))


def long_first(items):
    """Sorts them in place; those that take as long as others, and those of a group, keep their order."""
    items.sort(key=seconds_of, reverse=True)
