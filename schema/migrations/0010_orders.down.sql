SET LOCAL ROLE tidemark_migrate;

REVOKE INSERT ON slots FROM tidemark_operator;
