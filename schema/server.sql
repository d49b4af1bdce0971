-- Prepares a PostgreSQL server for Tidemark. Run once by a superuser, any number of times:
--   psql -v migrate_password=... -v worker_password=... -v scheduler_password=... -v api_password=... -v operator_password=... -f schema/server.sql
-- One login for each program, each a member of the group role that the migrations grant rights to.
\set ON_ERROR_STOP on

SELECT format('CREATE ROLE %I NOLOGIN', name)
  FROM unnest(ARRAY['tidemark_worker', 'tidemark_scheduler', 'tidemark_api', 'tidemark_operator']) AS name
 WHERE NOT EXISTS (SELECT FROM pg_roles WHERE rolname = name) \gexec

SELECT format('CREATE ROLE %I LOGIN', name)
  FROM unnest(ARRAY['tidemark_migrate', 'tidemark_worker_login', 'tidemark_scheduler_login', 'tidemark_api_login',
                    'tidemark_operator_login']) AS name
 WHERE NOT EXISTS (SELECT FROM pg_roles WHERE rolname = name) \gexec

ALTER ROLE tidemark_migrate CREATEROLE PASSWORD :'migrate_password';
ALTER ROLE tidemark_worker_login PASSWORD :'worker_password';
ALTER ROLE tidemark_scheduler_login PASSWORD :'scheduler_password';
ALTER ROLE tidemark_api_login PASSWORD :'api_password';
ALTER ROLE tidemark_operator_login PASSWORD :'operator_password';
GRANT tidemark_worker TO tidemark_worker_login;
GRANT tidemark_scheduler TO tidemark_scheduler_login;
GRANT tidemark_api TO tidemark_api_login;
GRANT tidemark_operator TO tidemark_operator_login;

SELECT 'CREATE DATABASE tidemark OWNER tidemark_migrate'
 WHERE NOT EXISTS (SELECT FROM pg_database WHERE datname = 'tidemark') \gexec
