#!/usr/bin/env python3
"""Turns schema/queries/*.sql into constants.

    make_queries.py header queries.h FILE...      extern const struct query query_<name>; ...
    make_queries.py source queries.c FILE...      their definitions

A file holds queries of one table. Each begins with its name and its promise:

    -- name: checkpoint_read
    -- Where a stream goes on; no row = from the beginning.
    SELECT position FROM checkpoints WHERE source_id = $1 AND stream = $2

Comment lines are left out of the constant; parameters are $1, $2 ... without holes.
"""
import json
import re
import sys
from pathlib import Path

NAME = re.compile(r"^-- name: ([a-z][a-z0-9_]*)\s*$")
QUOTED = re.compile(r"'(?:[^']|'')*'")


class Malformed(Exception):
    """A query file breaks the rules above."""


def split(path):
    """Yields (name, promise, sql) of each query in a file."""
    name, promise, sql = None, [], []
    for number, line in enumerate(Path(path).read_text(encoding="utf-8").splitlines(), 1):
        begins = NAME.match(line)
        if begins:
            if name:
                yield finished(path, name, promise, sql)
            name, promise, sql = begins.group(1), [], []
        elif line.lstrip().startswith("--"):
            if name and not sql:
                promise.append(line.strip()[2:].strip())
        elif line.strip():
            if name is None:
                raise Malformed(f"{path}:{number}: SQL before the first '-- name:'")
            sql.append(line.rstrip())
    if name:
        yield finished(path, name, promise, sql)


def finished(path, name, promise, sql):
    if not promise:
        raise Malformed(f"{path}: {name} promises nothing: add a comment under its name")
    if not sql:
        raise Malformed(f"{path}: {name} has no SQL")
    text = "\n".join(sql)
    text = text[:-1] if text.endswith(";") else text
    if ";" in QUOTED.sub("", text):
        raise Malformed(f"{path}: {name} is more than one statement")
    return name, promise, text


def parameter_count(name, sql):
    used = {int(number) for number in re.findall(r"\$(\d+)", QUOTED.sub("", sql))}
    if used != set(range(1, len(used) + 1)):
        raise Malformed(f"{name}: parameters {sorted(used)} have a hole")
    return len(used)


def c_string(sql):
    """One C string a line, so that the generated file can be read beside its source."""
    return "\n".join("    " + json.dumps(line + "\n", ensure_ascii=True).replace("\\u", "\\\\u")
                     for line in sql.split("\n"))


def header(queries):
    yield "/* Made by schema/make_queries.py from schema/queries/. */"
    yield "#ifndef TIDEMARK_SCHEMA_QUERIES_H\n#define TIDEMARK_SCHEMA_QUERIES_H\n"
    yield '#include "common/database.h"\n'
    for name, promise, sql in queries:
        yield "/* " + "\n * ".join(promise) + " */"
        yield f"extern const struct query query_{name}; /* {parameter_count(name, sql)} values */\n"
    yield "/* All of them, a NULL at the end. */\nextern const struct query *const queries[];\n"
    yield "#endif"


def source(queries):
    yield "/* Made by schema/make_queries.py from schema/queries/. */"
    yield '#include "schema/queries.h"\n\n#include <stddef.h>\n'
    for name, _, sql in queries:
        yield f'const struct query query_{name} = {{\n    "{name}",\n{c_string(sql)},\n    {parameter_count(name, sql)},\n}};\n'
    yield "const struct query *const queries[] = {"
    yield from (f"    &query_{name}," for name, _, _ in queries)
    yield "    NULL,\n};"


def main():
    kind, target, paths = sys.argv[1], sys.argv[2], sys.argv[3:]
    queries = [query for path in paths for query in split(path)]
    names = [name for name, _, _ in queries]
    doubled = sorted({name for name in names if names.count(name) > 1})
    if doubled:
        raise Malformed(f"used twice: {', '.join(doubled)}")
    lines = {"header": header, "source": source}[kind](queries)
    Path(target).write_text("\n".join(lines) + "\n", encoding="utf-8")


if __name__ == "__main__":
    try:
        main()
    except Malformed as problem:
        sys.exit(f"make_queries: {problem}")
