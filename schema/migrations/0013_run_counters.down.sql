SET LOCAL ROLE tidemark_migrate;

DROP INDEX runs_not_done;
DROP TRIGGER run_count_none ON runs;
DROP TRIGGER run_count ON runs;
DROP FUNCTION run_count_none();
DROP FUNCTION run_count();
DROP TABLE run_counters;
