# Short names for the scripts. Each says more with --help or in its first lines.
.PHONY: up down test bench logs db-migrate format clean

up:
	scripts/up

down:
	scripts/down

test:
	scripts/test

bench:
	scripts/bench

logs:
	scripts/logs -f

# Needs a running system (scripts/up), or DATABASE_URL of a role that owns the database.
db-migrate:
	scripts/build release
	build-release/schema/tidemark-migrate up

format:
	scripts/format --fix

clean:
	rm -rf build-release build-test build-fuzz
