SET LOCAL ROLE tidemark_migrate;

REVOKE SELECT ON slots, schedules, leader FROM tidemark_worker;
DROP TRIGGER coverage_reopen ON candles;
DROP FUNCTION coverage_reopen(), gap_job_order(text, smallint, text, timestamptz, text), gaps_give_up(timestamptz, integer), gaps_settle(timestamptz), gap_distance(integer),
    gaps_recheck(timestamptz, integer, integer), coverage_verify(timestamptz, integer, integer),
    gaps_reconcile(smallint, integer, smallint, integer, timestamptz, timestamptz, timestamptz, timestamptz, timestamptz,
                   text),
    gap_facts(smallint, integer, smallint, integer, timestamptz, timestamptz),
    coverage_refresh(timestamptz, interval, interval),
    stream_due_slot(smallint, text, timestamptz, interval, interval),
    gap_cause_of_run(runs, timestamptz), gap_cause_of_error(text);
DROP VIEW expected_streams, gap_list;
DROP TABLE history_reach, gaps, coverage;
DROP SEQUENCE gap_ids;
