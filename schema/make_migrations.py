#!/usr/bin/env python3
"""Puts schema/migrations/NNNN_name.{up,down}.sql into a C table: make_migrations.py OUT FILE...

Numbers go up from 1 without holes, and every up has its down. The checksum is of both files.
"""
import hashlib
import json
import re
import sys
from pathlib import Path

NAME = re.compile(r"^(\d{4})_([a-z0-9_]+)\.(up|down)\.sql$")


def load(paths):
    """{version: {"name": ..., "up": sql, "down": sql}}"""
    migrations = {}
    for path in map(Path, paths):
        parts = NAME.match(path.name)
        if not parts:
            sys.exit(f"make_migrations: {path.name} is not NNNN_name.up.sql or .down.sql")
        version, name, direction = int(parts[1]), parts[2], parts[3]
        migration = migrations.setdefault(version, {"name": name})
        if migration["name"] != name or direction in migration:
            sys.exit(f"make_migrations: two migrations are numbered {version:04}")
        migration[direction] = path.read_text(encoding="utf-8")
    for path in sorted(Path(paths[0]).parent.glob("*.sql")):
        if path.name not in {Path(listed).name for listed in paths}:
            sys.exit(f"make_migrations: {path.name} is not in the list that meson.build gives")
    if sorted(migrations) != list(range(1, len(migrations) + 1)):
        sys.exit("make_migrations: the numbers have a hole")
    for version, migration in migrations.items():
        for direction in ("up", "down"):
            if direction not in migration:
                sys.exit(f"make_migrations: {version:04}_{migration['name']} has no {direction}.sql")
    return migrations


def c_string(sql):
    return "\n".join("        " + json.dumps(line, ensure_ascii=True) for line in sql.splitlines(True))


def main():
    target, migrations = sys.argv[1], load(sys.argv[2:])
    lines = ["/* Made by schema/make_migrations.py from schema/migrations/. */", '#include "schema/plan.h"', "",
             "const struct migration migrations[] = {"]
    for version, migration in sorted(migrations.items()):
        both = (migration["up"] + "\0" + migration["down"]).encode()
        lines += ["    {", f"        {version},", f'        "{migration["name"]}",',
                  f'        "{hashlib.sha256(both).hexdigest()}",',
                  c_string(migration["up"]) + ",", c_string(migration["down"]) + ",", "    },"]
    lines += ["};", f"const size_t migration_count = {len(migrations)};"]
    Path(target).write_text("\n".join(lines) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
