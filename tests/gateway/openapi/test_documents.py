import base64
import hashlib
import re
from typing import Any

import httpx2
import orjson
import pytest
from schemathesis.specs.openapi.definitions import OPENAPI_31_VALIDATOR

from services.gateway.openapi.documents import FOLDER
from services.gateway.openapi.merging import ConflictingDocumentsError, merge, operations_of
from services.operator import openapi
from services.operator.__main__ import main
from services.policy.routes import BY_OPERATION, ROUTES
from tests.gateway.conftest import GatewayFactory


@pytest.fixture(scope="module")
def merged() -> dict[str, Any]:
    document: dict[str, Any] = orjson.loads((FOLDER / "eventide.json").read_bytes())
    return document


def test_the_committed_documents_are_what_the_services_say() -> None:
    assert openapi.outdated() == []


def test_an_outdated_document_fails_the_check(tmp_path: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(openapi, "FOLDER", tmp_path / "api")

    before = main(["openapi", "--check"])
    written = main(["openapi"])
    after = main(["openapi", "--check"])
    (tmp_path / "api" / "records.json").write_bytes(b"{}\n")
    spoilt = main(["openapi", "--check"])

    assert (before, written, after, spoilt) == (1, 0, 0, 1)


def test_the_merged_document_has_what_a_person_can_reach_and_nothing_else(merged: dict[str, Any]) -> None:
    documented = {operation["operationId"] for _, _, operation in operations_of(merged)}

    pages = {"read_openapi", "read_docs"}
    assert documented == {route.operation_id for route in ROUTES if not route.services} - pages


def test_every_operation_stands_where_the_policy_says_and_asks_for_a_token_unless_public(
    merged: dict[str, Any],
) -> None:
    for path, method, operation in operations_of(merged):
        route = BY_OPERATION[operation["operationId"]]
        assert (route.path, route.method) == (path, method.upper())
        assert ("security" not in operation) is route.public, operation["operationId"]


def test_who_may_call_an_operation_and_with_which_scope_is_what_the_policy_says(merged: dict[str, Any]) -> None:
    scopes = merged["components"]["securitySchemes"]["application"]["x-scopes"]
    told = {}
    for _, _, operation in operations_of(merged):
        ways = [entry for way in operation.get("security", ()) for entry in way.items()]
        told[operation["operationId"]] = (operation.get("x-roles"), ways, operation.get("x-second-factor-seconds"))
        assert {scope for name, asked in ways for scope in asked if name == "application"} <= set(scopes)
    for name, (roles, ways, fresh) in told.items():
        route = BY_OPERATION[name]
        applications = [("application", [scope]) for scope in route.scopes_taken]
        assert roles == (None if route.public else sorted(route.roles)), name
        assert ways == ([] if route.public else [("session", []), *applications]), name
        assert fresh == route.fresh_seconds, name


@pytest.mark.parametrize("name", ["eventide", "gateway", "records", "scheduler"])
def test_a_document_is_valid_openapi_3_1(name: str) -> None:
    document = orjson.loads((FOLDER / f"{name}.json").read_bytes())

    assert document["openapi"].startswith("3.1.")
    assert [error.message for error in OPENAPI_31_VALIDATOR.iter_errors(document)] == []
    assert not OPENAPI_31_VALIDATOR.is_valid(document | {"paths": {"/x": {"get": {"responses": 5}}}})


def test_operation_ids_are_unique_and_good_names_for_generated_clients(merged: dict[str, Any]) -> None:
    names = [operation["operationId"] for _, _, operation in operations_of(merged)]

    assert len(names) == len(set(names))
    assert all(re.fullmatch(r"[a-z][a-z0-9]*(_[a-z0-9]+)+", name) for name in names)


def test_schemas_are_named_for_what_they_are_and_each_title_is_one_name(merged: dict[str, Any]) -> None:
    # Bug: two classes of one name stood in it by the paths of their modules, or under one title.
    schemas = merged["components"]["schemas"]
    titles = [schema["title"] for schema in schemas.values() if "title" in schema]

    assert [name for name in schemas if "__" in name] == []
    assert len(titles) == len(set(titles))


def test_every_reference_leads_somewhere_and_every_schema_is_used(merged: dict[str, Any]) -> None:
    references = set(re.findall(r'"#/components/schemas/([^"]+)"', orjson.dumps(merged).decode()))

    assert references == set(merged["components"]["schemas"])


def test_refusals_are_documented_as_problem_documents(merged: dict[str, Any]) -> None:
    # RFC 6749 5.2 has its own errors, and a person at the authorization endpoint is shown a page.
    others = {("application/json",), ("text/html",)}
    for path, _, operation in operations_of(merged):
        allowed = {("application/problem+json",)} | (others if path.startswith("/oauth/") else set())
        for status, response in operation["responses"].items():
            if status == "default" or int(status) >= 400:
                assert tuple(response["content"]) in allowed, operation["operationId"]


def _document(operation_id: str, path: str, schemas: dict[str, Any]) -> dict[str, Any]:
    content = {"application/json": {"schema": {"$ref": f"#/components/schemas/{next(iter(schemas))}"}}}
    return {
        "openapi": "3.1.0",
        "info": {"title": "x", "version": "1"},
        "paths": {path: {"get": {"operationId": operation_id, "responses": {"200": {"content": content}}}}},
        "components": {"schemas": schemas},
    }


def _reference(name: str) -> dict[str, str]:
    return {"$ref": f"#/components/schemas/{name}"}


def test_schemas_of_one_name_are_shared_where_equal_and_prefixed_where_not() -> None:
    def schemas_with(inner: str) -> dict[str, Any]:
        outer = {"properties": {"a": _reference("Inner"), "b": _reference("Same")}}
        return {"Outer": outer, "Inner": {"type": inner}, "Same": {"type": "string"}}

    ours = _document("list_patients", "/a", schemas_with("integer"))
    theirs = _document("list_sites", "/b", schemas_with("number"))

    merged = merge({"records": ours, "scheduler": theirs})

    schemas = merged["components"]["schemas"]
    assert set(schemas) == {"RecordsOuter", "RecordsInner", "SchedulerOuter", "SchedulerInner", "Same"}
    assert schemas["SchedulerOuter"]["properties"] == {"a": _reference("SchedulerInner"), "b": _reference("Same")}


def test_an_operation_claimed_twice_is_an_error() -> None:
    schemas = {"A": {"type": "string"}}
    twice = {
        "records": _document("list_patients", "/a", schemas),
        "scheduler": _document("list_patients", "/b", schemas),
    }

    with pytest.raises(ConflictingDocumentsError, match="twice"):
        merge(twice)


def test_an_operation_that_the_policy_does_not_know_is_an_error() -> None:
    with pytest.raises(ConflictingDocumentsError, match="policy"):
        merge({"records": _document("read_everything", "/a", {"A": {"type": "string"}})})


async def test_the_document_is_served_byte_for_byte(gateway: GatewayFactory) -> None:
    answer = await gateway().get("/openapi.json")

    assert answer.status_code == 200
    assert answer.headers["content-type"] == "application/json"
    assert answer.content == (FOLDER / "eventide.json").read_bytes()


async def test_the_page_shows_every_operation_and_loads_nothing(
    gateway: GatewayFactory, merged: dict[str, Any]
) -> None:
    page = await gateway().get("/docs")

    assert page.headers["content-type"] == "text/html; charset=utf-8"
    for path, _, operation in operations_of(merged):
        assert f'id="{operation["operationId"]}"' in page.text
        assert path in page.text
    assert not re.search(r"<script|<img|<link|<iframe|\son\w+=|url\(|@import", page.text)


async def test_the_policy_of_the_page_lets_its_own_style_through_and_nothing_else(gateway: GatewayFactory) -> None:
    page = await gateway().get("/docs")

    style = page.text.partition("<style>")[2].partition("</style>")[0]
    digest = base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()
    assert page.headers["content-security-policy"] == (
        f"default-src 'none'; style-src 'sha256-{digest}'; frame-ancestors 'none'; base-uri 'none'"
    )


async def test_the_address_of_every_link_on_the_page_exists(gateway: GatewayFactory) -> None:
    page: httpx2.Response = await gateway().get("/docs")

    links = set(re.findall(r'href="#([^"]+)"', page.text))
    assert links <= set(re.findall(r'id="([^"]+)"', page.text))
