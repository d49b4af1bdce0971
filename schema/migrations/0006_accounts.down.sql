SET LOCAL ROLE tidemark_migrate;

DROP TABLE audit_log, api_keys, users;
