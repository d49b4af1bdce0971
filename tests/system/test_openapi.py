"""Each operation of the OpenAPI document is called as it is documented, and answers as it is documented."""
import pathlib
import re

import pytest

from documented_calls import operations, read_document
from documented_rows import ADMIN
from programs import ROOT

pytestmark = pytest.mark.xdist_group("documented")
NAMES = sorted(pathlib.Path(path).stem for path in (ROOT / "api/openapi/operations").glob("*.json"))


@pytest.fixture(scope="module")
def documented():
    return operations(read_document())


@pytest.fixture(name="api")
def running_api(documented_api):
    return documented_api


def call(api, operation, method=None, headers=None, **more):
    documented_method, target, body = operation.call(**more)
    headers = {**({"X-API-Key": ADMIN} if operation.told["security"] else {}), **(headers or {})}
    return api.session.request(method or documented_method, api.url + target, json=body, headers=headers, timeout=30)


def filled_lists(value):
    """The lists of an answer that are not empty: no schema of rows shall be held to nothing at all."""
    if isinstance(value, list):
        return {"all"} if value else set()
    return {key for key, member in value.items() if isinstance(member, list) and member}


@pytest.mark.parametrize("name", NAMES)
def test_the_documented_call_gives_the_documented_answer(api, documented, name):
    operation = documented[name]
    answer = call(api, operation)
    assert answer.status_code == operation.success(), answer.text
    operation.check(answer)
    if answer.headers["Content-Type"].startswith("application/json"):
        missed = filled_lists(operation.example()) - filled_lists(answer.json())
        assert not missed, f"nothing in {missed}: documented_rows.py puts there what calls want to find"


@pytest.mark.parametrize("name", NAMES)
def test_an_answer_with_a_tag_is_not_sent_again(api, documented, name):
    operation = documented[name]
    if "304" not in operation.told["responses"]:
        assert "ETag" not in call(api, operation).headers
        return
    again = call(api, operation, headers={"If-None-Match": call(api, operation).headers["ETag"]})
    assert again.status_code == 304
    operation.check(again)


@pytest.mark.parametrize("name", NAMES)
def test_a_method_that_is_not_taken_is_refused_as_documented(api, documented, name):
    operation = documented[name]
    answer = call(api, operation, method="PATCH")
    assert answer.status_code == 405 and operation.method in answer.headers["Allow"]
    operation.check(answer)


@pytest.mark.parametrize("name", NAMES)
def test_an_unknown_parameter_is_refused_as_documented(api, documented, name):
    operation = documented[name]
    answer = call(api, operation, no_such_parameter="1")
    if operation.path.startswith(("/api/v3", "/udf")):
        assert answer.status_code == operation.success(), "what it stands in for does not look at it"
    else:
        assert answer.status_code == 400 and answer.json()["parameter"] == "no_such_parameter"
    operation.check(answer)


@pytest.mark.parametrize("name", NAMES)
def test_every_format_is_given_as_documented(api, documented, name):
    operation = documented[name]
    formats = [parameter for parameter in operation.parameters if parameter["name"] == "format" and "enum" in parameter["schema"]]
    for form in formats[0]["schema"]["enum"] if formats else ():
        operation.check(call(api, operation, format=form))
    if "406" in operation.told["responses"]:
        answer = call(api, operation, headers={"Accept": "image/png"})
        assert answer.status_code == 406
        operation.check(answer)


def test_who_may_not_is_refused_as_documented(api, documented):
    for operation in documented.values():
        if operation.told["security"] and {} not in operation.told["security"]:
            for headers, status in (({"X-API-Key": ""}, 401), ({"X-API-Key": "wrong-key-of-a-test"}, 403)):
                answer = call(api, operation, headers=headers)
                assert answer.status_code == status, answer.text
                operation.check(answer)


@pytest.mark.parametrize("parameter", ["asset", "assets", "symbol"])
def test_an_unknown_asset_is_refused_as_documented(api, documented, parameter):
    """One operation for each way of naming an asset."""
    operation = next(one for one in documented.values() if "404" in one.told["responses"] and not one.told["security"]
                     and any(each["name"] == parameter and "example" in each for each in one.parameters))
    told = next(each for each in operation.parameters if each["name"] == parameter)
    before = told["example"]
    told["example"] = "nope-nope"
    answer = call(api, operation)
    told["example"] = before
    assert answer.status_code == 404, answer.text
    operation.check(answer)


def test_the_served_document_is_the_printed_one(api):
    served = api.get("/openapi.json")
    assert served.json() == read_document()
    assert served.headers["Content-Encoding"] == "gzip"
    assert api.get("/openapi.json", headers={"Accept-Encoding": "identity"}).json() == served.json()


def run_request(api, item):
    """A request of a collection, as Postman makes it: (what its test wants, the answer)."""
    request, variables = item["request"], {"{{baseUrl}}": api.url, "{{apiKey}}": ADMIN}
    parts = {one["key"]: one["value"] for one in request["url"]["variable"]}
    path = "/".join(parts[part[1:]] if part.startswith(":") else part for part in request["url"]["path"])
    query = {one["key"]: one["value"] for one in request["url"]["query"] if not one.get("disabled")}
    headers = {one["key"]: one["value"] for one in request["header"]}
    if request["auth"]["type"] == "apikey":
        told = {one["key"]: one["value"] for one in request["auth"]["apikey"]}
        headers[told["key"]] = variables[told["value"]]
    answer = api.session.request(request["method"], variables[request["url"]["host"][0]] + "/" + path, params=query,
                                 headers=headers, data=request.get("body", {}).get("raw"), timeout=30)
    wanted = re.search(r"oneOf\(\[(\d+)", item["event"][0]["script"]["exec"][0])
    return int(wanted.group(1)), answer


def test_each_request_of_the_postman_collection_is_answered(api, documented):
    folders = api.get("/postman.json").json()["item"]
    items = [item for folder in folders for item in folder["item"]]
    assert len(items) == len(documented)
    for item in items:
        wanted, answer = run_request(api, item)
        assert answer.status_code == wanted, f"{item['name']}: {answer.text[:500]}"
        script = item["event"][0]["script"]["exec"][0]
        assert ("[401]" in script) == (item["name"] == "What a provider sent, byte for byte"), "without the key that it wants"
