-- The roles themselves stay: other databases of the cluster may use them.
ALTER DEFAULT PRIVILEGES FOR ROLE tidemark_migrate GRANT EXECUTE ON FUNCTIONS TO PUBLIC;
ALTER DEFAULT PRIVILEGES FOR ROLE tidemark_migrate IN SCHEMA public
    REVOKE SELECT ON TABLES FROM tidemark_operator;
REVOKE SELECT ON schema_migrations FROM tidemark_api, tidemark_operator;
ALTER TABLE schema_migrations OWNER TO CURRENT_USER;
REVOKE ALL ON SCHEMA public FROM tidemark_migrate, tidemark_worker, tidemark_scheduler,
    tidemark_api, tidemark_operator;
DO $$
BEGIN
    EXECUTE format('REVOKE ALL ON DATABASE %I FROM tidemark_migrate, tidemark_worker,'
                   ' tidemark_scheduler, tidemark_api, tidemark_operator', current_database());
    EXECUTE format('GRANT TEMPORARY ON DATABASE %I TO PUBLIC', current_database());
END
$$;
