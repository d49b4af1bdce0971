"""The leader keeps a month of partitions ahead."""
from waiting import wait_for


def test_a_leader_makes_the_partitions_that_are_missing(tidemark):
    [(missing,)] = tidemark.query("SELECT 'ticks_' || to_char(now() + interval '20 days', 'YYYYMMDD')")
    tidemark.query(f"DROP TABLE {missing}")
    scheduler = tidemark.start_scheduler()
    wait_for(f"{missing} is there again",
             lambda: tidemark.query("SELECT to_regclass(%s) IS NOT NULL", missing) == [(True,)])
    assert scheduler.wait_log(event="partitions.made")["count"] == 1
