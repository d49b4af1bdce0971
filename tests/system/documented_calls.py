"""The calls that the OpenAPI document tells of, made of it alone."""
import json
import subprocess
import urllib.parse

import jsonschema

from programs import program_path

METHODS = ("get", "put", "post", "delete", "patch")


def read_document():
    """As the program prints it."""
    done = subprocess.run([program_path("tidemark-api"), "--openapi"], capture_output=True, check=True, timeout=60)
    return json.loads(done.stdout)


def spell(value):
    """An example as it stands in a path or a query."""
    if isinstance(value, bool):
        return str(value).lower()
    return ",".join(map(str, value)) if isinstance(value, list) else str(value)


class Operation:
    def __init__(self, document, path, method):
        self.document, self.path, self.method = document, path, method.upper()
        self.told = document["paths"][path][method]
        self.parameters = [self.resolve(one) for one in self.told["parameters"]]

    def resolve(self, part):
        while "$ref" in part:
            section, name = part["$ref"].removeprefix("#/components/").split("/")
            part = self.document["components"][section][name]
        return part

    def call(self, **more):
        """(method, target, body) with the example of each parameter that has one; `more` are of the query."""
        path, query = self.path, {}
        for parameter in self.parameters:
            if "example" not in parameter:
                assert not parameter.get("required"), f"{parameter['name']} has no example"
            elif parameter["in"] == "header":
                continue
            elif parameter["in"] == "path":
                path = path.replace(f"{{{parameter['name']}}}", urllib.parse.quote(spell(parameter["example"]), safe=""))
            else:
                query[parameter["name"]] = spell(parameter["example"])
        query = urllib.parse.urlencode({**query, **more}, safe=",:")
        body = next(iter(self.told["requestBody"]["content"].values()))["example"] if "requestBody" in self.told else None
        return self.method, path + ("?" + query if query else ""), body

    def success(self):
        """The first status of a success that is documented."""
        return min(int(status) for status in self.told["responses"] if status.startswith("2"))

    def example(self):
        """The answer that is shown first, of a success in JSON."""
        shown = self.told["responses"][str(self.success())]["content"]["application/json"]
        return shown["example"] if "example" in shown else next(iter(shown["examples"].values()))["value"]

    def check(self, answer):
        """Status, headers, type and body of an answer are documented, and as they are documented."""
        responses = self.told["responses"]
        status = str(answer.status_code)
        assert status in responses, f"{status} is not documented: {answer.text[:500]}"
        response = self.resolve(responses[status])
        for name, header in response.get("headers", {}).items():
            header = self.resolve(header)
            assert name in answer.headers or not header.get("required"), f"{name} is missing"
            if name in answer.headers and header["schema"].get("type") == "string":
                self.check_schema(header["schema"], answer.headers[name])
        if "content" not in response:
            assert answer.content == b""
            return
        kind = answer.headers["Content-Type"].partition(";")[0]
        assert kind in response["content"], f"{kind} is not documented"
        schema = response["content"][kind]["schema"]
        if kind == "application/json" or kind.endswith("+json"):
            self.check_schema(schema, answer.json())

    def check_schema(self, schema, value):
        resolver = jsonschema.RefResolver.from_schema(self.document)
        errors = sorted(jsonschema.Draft202012Validator(schema, resolver=resolver).iter_errors(value), key=lambda one: len(one.path))
        assert not errors, "\n".join(f"{error.json_path}: {error.message[:300]}" for error in errors[:5])


def operations(document):
    """{operation id: Operation}"""
    return {item[method]["operationId"]: Operation(document, path, method)
            for path, item in document["paths"].items() for method in item if method in METHODS}
