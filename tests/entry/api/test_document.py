"""The OpenAPI document of `/v1`."""

import json
from collections.abc import Iterator, Mapping
from pathlib import Path

import httpx2
import pytest
import structlog
from schemathesis.specs.openapi.definitions import OPENAPI_31_VALIDATOR
from tests.fakes.practice import Practice

from evergrant.entry.api.operation import Described
from evergrant.entry.mcp.http import bearer_principal
from evergrant.entry.mcp.server import make_server
from evergrant.model.json import Json, JsonObject, at
from evergrant.parts import mcp_parts
from evergrant.service.api_keys import Wish
from evergrant.settings import LOCAL_TENANT
from evergrant.surface import web_app

pytestmark = pytest.mark.anyio
REFERENCE = Path(__file__).parents[3] / "docs" / "reference"


@pytest.fixture
async def document(client: httpx2.AsyncClient) -> JsonObject:
    found: JsonObject = (await client.get("/v1/openapi.json")).json()
    return found


def operations(document: JsonObject) -> Iterator[tuple[str, JsonObject]]:
    paths = at(document, "/paths")
    assert isinstance(paths, Mapping)
    for path, methods in paths.items():
        assert isinstance(methods, Mapping)
        for method, operation in methods.items():
            assert isinstance(operation, Mapping)
            yield f"{method.upper()} {path}", operation


def references(value: Json) -> Iterator[str]:
    if isinstance(value, Mapping):
        if isinstance(found := value.get("$ref"), str):
            yield found
        for each in value.values():
            yield from references(each)
    elif isinstance(value, list):
        for each in value:
            yield from references(each)


async def test_it_is_an_openapi_document_whose_references_lead_somewhere(document: JsonObject) -> None:
    assert [str(error) for error in OPENAPI_31_VALIDATOR.iter_errors(document)] == []
    assert {*references(document)} == {f"#/components/schemas/{name}" for name in _schemas(document)}


async def test_its_names_are_plain_and_each_is_there_once(document: JsonObject) -> None:
    assert all(name.isidentifier() and "_" not in name for name in _schemas(document))
    names = [operation["operationId"] for _, operation in operations(document)]
    assert len(names) == len({*map(str, names)})


async def test_the_one_that_is_checked_in_is_the_one_that_is_served(document: JsonObject) -> None:
    assert json.loads((REFERENCE / "openapi.json").read_text(encoding="utf-8")) == document


async def test_the_page_names_every_operation(document: JsonObject) -> None:
    page = (REFERENCE / "http-api.md").read_text(encoding="utf-8")
    assert [name for name, _ in operations(document) if f"| `{name}` |" not in page] == []


async def test_every_operation_tells_of_its_refusals_and_of_who_may(document: JsonObject) -> None:
    for name, operation in operations(document):
        responses = operation["responses"]
        assert isinstance(responses, Mapping)
        assert responses.keys() >= {"400", "401", "403", "429", "503"}, name
        assert operation["security"]
        for status, response in responses.items():
            content = at(response, "/content")
            assert isinstance(content, Mapping)
            assert [*content] == ["application/json" if status < "300" else "application/problem+json"]


async def test_every_example_is_one_that_is_taken(world: Practice) -> None:
    log = structlog.get_logger()
    web = web_app(world.app, make_server(mcp_parts(world.app, log), bearer_principal), dict, log)
    told = [route.operation for route in web.routes if isinstance(route, Described) and route.operation.example]
    assert len(told) > 3
    for operation in told:
        assert operation.takes
        operation.takes.model_validate_json(json.dumps(operation.example))


async def test_an_agents_key_may_read_it(world: Practice, client: httpx2.AsyncClient) -> None:
    _, key = await world.app.key_desk.make(LOCAL_TENANT, Wish("agent", policy="read_only"))
    answer = await client.get("/v1/openapi.json", headers={"Authorization": f"Bearer {key.reveal()}"})
    assert answer.status_code == 200


def _schemas(document: JsonObject) -> Mapping[str, Json]:
    found = at(document, "/components/schemas")
    assert isinstance(found, Mapping)
    return found
