"""Runs queries of schema/queries/ by name, as the programs do: prepared, with parameters."""
import io
import sys

from programs import ROOT

sys.path.insert(0, str(ROOT / "schema"))
import make_queries  # noqa: E402  (the path must be set first)

SQL = {name: sql for path in sorted((ROOT / "schema/queries").glob("*.sql"))
       for name, _, sql in make_queries.split(path)}


def array(*elements):
    """PostgreSQL's text form of an array; None is NULL."""
    quoted = [None if each is None else str(each).replace("\\", "\\\\").replace('"', '\\"') for each in elements]
    return "{" + ",".join("NULL" if each is None else f'"{each}"' for each in quoted) + "}"


class NamedQueries:
    """One session, acting as one of the group roles (None: as the superuser it logged in as)."""

    def __init__(self, connection, role=None):
        self.connection = connection
        self.prepared = set()
        if role:
            self.execute(f"SET ROLE {role}")

    def execute(self, sql, *values):
        with self.connection.cursor() as cursor:
            cursor.execute(sql, values or None)
            return cursor.fetchall() if cursor.description else []

    def prepare(self, name):
        if name not in self.prepared:
            self.execute(f"PREPARE {name} AS {SQL[name]}")
            self.prepared.add(name)

    def run(self, name, *values):
        """The rows; what it changed is in `affected`."""
        self.prepare(name)
        places = f" ({', '.join(['%s'] * len(values))})" if values else ""
        with self.connection.cursor() as cursor:
            cursor.execute(f"EXECUTE {name}{places}", values or None)
            self.affected = cursor.rowcount
            return cursor.fetchall() if cursor.description else []

    def utility(self, name):
        """A query that cannot be prepared by SQL's own PREPARE."""
        self.execute(SQL[name])

    def copy(self, name, lines):
        with self.connection.cursor() as cursor:
            cursor.copy_expert(SQL[name], io.StringIO("".join(line + "\n" for line in lines)))
