SET LOCAL ROLE tidemark_migrate;

DROP TABLE report_days, report_rows, reports;
