-- Group roles: each program logs in as a user of its own that is a member of one of these.
-- Roles belong to the cluster, not to the database: another database may have made them, or may be
-- making them at this moment.
DO $$
DECLARE
    group_role text;
BEGIN
    FOREACH group_role IN ARRAY ARRAY['tidemark_migrate', 'tidemark_worker', 'tidemark_scheduler',
                                      'tidemark_api', 'tidemark_operator']
    LOOP
        BEGIN
            IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = group_role) THEN
                EXECUTE format('CREATE ROLE %I NOLOGIN', group_role);
            END IF;
        EXCEPTION WHEN duplicate_object OR unique_violation THEN
            NULL; -- the other one was quicker
        END;
    END LOOP;
    IF NOT pg_has_role(CURRENT_USER, 'tidemark_migrate', 'MEMBER') THEN
        EXECUTE format('GRANT tidemark_migrate TO %I', CURRENT_USER);
    END IF;
    EXECUTE format('REVOKE TEMPORARY ON DATABASE %I FROM PUBLIC', current_database());
    EXECUTE format('GRANT CONNECT ON DATABASE %I TO tidemark_migrate, tidemark_worker,'
                   ' tidemark_scheduler, tidemark_api, tidemark_operator', current_database());
    -- Workers stage pages of candles in a temporary table.
    EXECUTE format('GRANT TEMPORARY ON DATABASE %I TO tidemark_worker', current_database());
END
$$;

REVOKE CREATE ON SCHEMA public FROM PUBLIC;
GRANT USAGE, CREATE ON SCHEMA public TO tidemark_migrate;
GRANT USAGE ON SCHEMA public
    TO tidemark_worker, tidemark_scheduler, tidemark_api, tidemark_operator;

-- Everything belongs to the group, whichever of its members migrates.
ALTER TABLE schema_migrations OWNER TO tidemark_migrate;
GRANT SELECT ON schema_migrations TO tidemark_api, tidemark_operator;

-- Operators may read whatever is made later, partitions included.
ALTER DEFAULT PRIVILEGES FOR ROLE tidemark_migrate IN SCHEMA public
    GRANT SELECT ON TABLES TO tidemark_operator;
ALTER DEFAULT PRIVILEGES FOR ROLE tidemark_migrate REVOKE EXECUTE ON FUNCTIONS FROM PUBLIC;
