-- An operator orders jobs by putting them into the scheduler's outbox.
SET LOCAL ROLE tidemark_migrate;

GRANT INSERT ON slots TO tidemark_operator;
