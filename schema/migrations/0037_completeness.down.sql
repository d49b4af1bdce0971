SET LOCAL ROLE tidemark_migrate;

DROP FUNCTION completeness_renew(boolean);
DROP INDEX gaps_of_asset, gaps_newest;
DROP TABLE gap_sums, coverage_sums, coverage_order;
