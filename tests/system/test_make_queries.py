"""schema/make_queries.py refuses files that would make a wrong constant."""
import pytest

from named_queries import make_queries

GOOD = "-- name: one\n-- A promise.\nSELECT $1, $2, ';', $1\n"


def split(tmp_path, text):
    path = tmp_path / "table.sql"
    path.write_text(text)
    return list(make_queries.split(path))


def test_a_query_is_its_name_its_promise_and_its_sql(tmp_path):
    [(name, promise, sql)] = split(tmp_path, "-- About the file.\n" + GOOD.replace("$1\n", "$1;\n"))
    assert (name, promise, sql) == ("one", ["A promise."], "SELECT $1, $2, ';', $1")
    assert make_queries.parameter_count(name, sql) == 2


@pytest.mark.parametrize("text, says", [
    ("-- name: one\nSELECT 1\n", "promises nothing"),
    ("-- name: one\n-- A promise.\n-- name: two\n-- Another.\nSELECT 1\n", "has no SQL"),
    ("-- name: one\n-- A promise.\nSELECT 1; SELECT 2\n", "more than one statement"),
    ("SELECT 1\n", "SQL before the first"),
])
def test_a_file_that_breaks_the_rules_is_refused(tmp_path, text, says):
    with pytest.raises(make_queries.Malformed, match=says):
        split(tmp_path, text)


def test_a_hole_in_the_parameters_is_refused():
    with pytest.raises(make_queries.Malformed, match="hole"):
        make_queries.parameter_count("one", "SELECT $1, $3")


def test_a_constant_reads_like_its_source():
    assert make_queries.c_string('SELECT "a"\nFROM b') == '    "SELECT \\"a\\"\\n"\n    "FROM b\\n"'
