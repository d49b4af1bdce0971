#!/usr/bin/env python3
"""Turns the JSON files of this folder into constants: make_parts.py openapi_parts.c VERSION FILE...

What the files hold is told in README.md. Numbers keep the digits they are written with.
"""
import json
import re
import sys
from pathlib import Path

OPERATION = {"route", "tag", "summary", "description", "parameters", "headers", "requestBody", "responses", "problems"}
NEEDED = {"route", "tag", "summary", "responses"}
ROUTE = re.compile(r"^(GET|POST|PUT|PATCH|DELETE) /[^ ]*$")
NAME = re.compile(r"^[A-Za-z][A-Za-z0-9]*$")


class Malformed(Exception):
    """A file breaks the rules of README.md."""


class Number(float):
    """A number with its own spelling."""

    def __new__(cls, text):
        number = super().__new__(cls, text)
        number.text = text
        return number


def read(path):
    def refuse_doubled(pairs):
        names = [name for name, _ in pairs]
        doubled = {name for name in names if names.count(name) > 1}
        if doubled:
            raise Malformed(f"{path}: twice in one object: {', '.join(sorted(doubled))}")
        return dict(pairs)
    try:
        return json.loads(Path(path).read_text(encoding="utf-8"), parse_float=Number,
                          object_pairs_hook=refuse_doubled)
    except ValueError as error:
        raise Malformed(f"{path}: {error}") from None


def compact(value):
    if isinstance(value, dict):
        return "{" + members(value) + "}"
    if isinstance(value, list):
        return "[" + ",".join(compact(each) for each in value) + "]"
    if isinstance(value, Number):
        return value.text
    return json.dumps(value)


def members(mapping):
    return ",".join(f"{json.dumps(name)}:{compact(value)}" for name, value in mapping.items())


def c_string(text):
    """String literals of bearable length; the compiler joins them. An octal escape takes no digit behind it."""
    plain = {code: chr(code) for code in range(0x20, 0x7f) if chr(code) not in '"\\?'}
    escaped = [plain.get(byte) or f"\\{byte:03o}" for byte in text.encode()]
    return "\n        ".join(f'"{"".join(escaped[at:at + 90])}"' for at in range(0, len(escaped), 90)) or '""'


def response(path, status, given):
    """`schema` and `example` beside each other are short for an application/json content."""
    given = dict(given)
    if "schema" in given:
        media = {key: given.pop(key) for key in ("schema", "example", "examples") if key in given}
        given["content"] = {"application/json": media}
    if not given.get("description"):
        raise Malformed(f"{path}: response {status} has no description")
    for kind, media in given.get("content", {}).items():
        if "schema" not in media or not ("example" in media or "examples" in media):
            raise Malformed(f"{path}: response {status}, {kind}: schema and example are both needed")
    return status, given.pop("headers", {}), given.pop("content", {}), given


def operation(path):
    given = read(path)
    unknown, missing = set(given) - OPERATION, NEEDED - set(given)
    if unknown or missing:
        raise Malformed(f"{path}: unknown {sorted(unknown)}, missing {sorted(missing)}")
    if not ROUTE.match(given["route"]) or not NAME.match(Path(path).stem):
        raise Malformed(f"{path}: route is such as \"GET /path\", the file's name is the operation id")
    if not any(status.startswith("2") for status in given["responses"]):
        raise Malformed(f"{path}: no response 2xx")
    return Path(path).stem, given


def operation_source(path):
    name, given = operation(path)
    opening = {"operationId": name, "tags": [given["tag"]], "summary": given["summary"]}
    notes = given.get("description", "")
    responses = [response(path, *each) for each in given["responses"].items()]
    problems = given.get("problems", [])
    of_request = [{"name": header, "in": "header", **told} for header, told in given.get("headers", {}).items()]
    yield f"static const struct openapi_part {name}_examples[] = {{"
    for parameter, example in given.get("parameters", {}).items():
        yield f"    {{{c_string(parameter)}, {c_string(compact(example))}}},"
    yield "    {NULL, NULL},\n};"
    yield f"static const struct openapi_response {name}_responses[] = {{"
    for status, headers, content, rest in responses:
        yield f"    {{{int(status)}, {c_string(members(rest))}, {c_string(members(content))}, {c_string(members(headers))}}},"
    yield "    {0, NULL, NULL, NULL},\n};"
    yield f"static const int {name}_problems[] = {{{', '.join(str(int(each)) for each in [*problems, 0])}}};"
    yield f"static const struct openapi_operation {name} = {{"
    yield f"    {c_string(given['route'])},\n    {c_string(members(opening))},\n    {c_string(notes)},"
    yield f"    {c_string(','.join(map(compact, of_request)))},"
    yield f"    {c_string(compact(given['requestBody'])) if 'requestBody' in given else 'NULL'},"
    yield f"    {name}_examples, {name}_responses, {name}_problems,\n}};\n"


def schema_part(path):
    given = read(path)
    name = Path(path).stem
    if not NAME.match(name) or not given.get("description"):
        raise Malformed(f"{path}: the file's name is the schema's, and it needs a description")
    return name, compact(given)


def source(version, paths):
    folders = {kind: [path for path in paths if Path(path).parent.name == kind]
               for kind in ("operations", "schemas")}
    [document] = [path for path in paths if Path(path).name == "document.json"]
    [components] = [path for path in paths if Path(path).name == "components.json"]
    opening = read(document)
    opening["info"]["version"] = version
    yield "/* Made by api/openapi/make_parts.py from the files beside it. */"
    yield '#include "api/openapi/parts.h"\n\n#include <stddef.h>\n'
    for path in folders["operations"]:
        yield from operation_source(path)
    yield "const struct openapi_operation *const openapi_operations[] = {"
    yield from (f"    &{Path(path).stem}," for path in folders["operations"])
    yield "    NULL,\n};\n"
    yield "const struct openapi_part openapi_schemas[] = {"
    for name, text in map(schema_part, folders["schemas"]):
        yield f"    {{{c_string(name)}, {c_string(text)}}},"
    yield "    {NULL, NULL},\n};\n"
    yield f"const char openapi_opening[] = {c_string(members(opening))};\n"
    yield "const struct openapi_component openapi_components[] = {"
    for section, parts in read(components).items():
        for name, part in parts.items():
            yield f"    {{{c_string(section)}, {c_string(name)}, {c_string(compact(part))}}},"
    yield "    {NULL, NULL, NULL},\n};"


def main():
    target, version, paths = sys.argv[1], sys.argv[2], sys.argv[3:]
    names = [Path(path).stem for path in paths]
    doubled = sorted({name for name in names if names.count(name) > 1})
    if doubled:
        raise Malformed(f"used twice: {', '.join(doubled)}")
    Path(target).write_text("\n".join(source(version, paths)) + "\n", encoding="utf-8")


if __name__ == "__main__":
    try:
        main()
    except Malformed as problem:
        sys.exit(f"make_parts: {problem}")
