SET LOCAL ROLE tidemark_migrate;

DELETE FROM partitioned_tables WHERE name = 'raw_payloads';
DROP TABLE raw_payloads;
DROP SEQUENCE raw_payload_ids;
DROP FUNCTION checkpoint_advance(smallint, text, text, text, bigint);
DROP FUNCTION run_page(bigint, integer, integer, integer, text);
DROP TABLE checkpoints, runs, slots, schedules;
