"""Every shipped connector against its examples (`tests/connectors/*.yaml`): the request, and what the answer means."""

import json
from collections.abc import Iterator
from urllib.parse import parse_qsl

import httpx2
import pytest
from jsonschema import Draft202012Validator
from tests.connectors.examples import HERE, Answer, Case, ErrorCase, Examples, Where
from tests.oauth.samples import NOW, ROOT

from evergrant.calls.answer import read as read_outcome
from evergrant.calls.request import build_request
from evergrant.calls.validate import fault
from evergrant.catalog.catalog import Catalog
from evergrant.catalog.connector import Connector
from evergrant.catalog.errors import ErrorTable, api_defaults
from evergrant.catalog.origin import allowed
from evergrant.model.account import ConnectedAccount
from evergrant.model.json import Json, at, text_at
from evergrant.model.outcome import Outcome, Result
from evergrant.oauth.answer import Rejected, read_answer

CATALOG = Catalog([ROOT])
CONNECTORS = sorted(CATALOG.connectors())
TOOLS = [(connector, tool) for connector in CONNECTORS for tool in CATALOG.tools(connector)]
each_connector = pytest.mark.parametrize("name", CONNECTORS)
each_tool = pytest.mark.parametrize(("name", "tool"), TOOLS, ids=[tool for _, tool in TOOLS])


EXAMPLES = {name: Examples(name) for name in CONNECTORS}


def cases() -> Iterator[object]:
    for name in CONNECTORS:
        for tool, found in EXAMPLES[name].tools.items():
            for number, case in enumerate(found):
                yield pytest.param(name, tool, case, id=f"{tool}-{number}")


def error_cases() -> Iterator[object]:
    for name in CONNECTORS:
        for where, found in EXAMPLES[name].errors.items():
            for number, case in enumerate(found):
                yield pytest.param(name, where, case, id=f"{name}-{where}-{number}")


def account(connector: str, values: dict[str, str]) -> ConnectedAccount:
    """One that was granted all that the connector asks for."""
    scopes = CATALOG.connector(connector).oauth.scopes
    return ConnectedAccount(
        id="conn_1",
        tenant_id="tnt_a",
        connection_id="client_1",
        connector=connector,
        alias="work",
        subject="1",
        label="ada@acme.example",
        state="active",
        cause=None,
        scopes_requested=scopes,
        scopes_granted=scopes,
        values=values,
        created_at=NOW,
    )


def meaning(connector: str, tool: str, case: Case) -> Outcome:
    response = case.answer.response()
    declared, who = CATALOG.tools(connector)[tool], account(connector, case.account)
    return read_outcome(CATALOG.connector(connector), declared, who, response, response.content)


@pytest.mark.parametrize(("name", "tool", "case"), list(cases()))
def test_the_request_is_the_expected_one(name: str, tool: str, case: Case) -> None:
    connector, declared = CATALOG.connector(name), CATALOG.tools(name)[tool]
    given = declared.example if case.input is None else case.input
    assert fault(tool, declared, given) is None
    request = build_request(connector, declared, given, case.account)
    assert any(origin.admits(str(request.url)) for origin in allowed(connector, case.account))
    if case.request is None:
        return
    assert (request.method, str(request.url)) == (case.request.method, case.request.url)
    assert body_of(request) == (case.request.form or case.request.json_)
    assert {header: request.headers.get(header) for header in case.request.headers} == case.request.headers


def body_of(request: httpx2.Request) -> Json:
    if request.headers.get("Content-Type") == "application/x-www-form-urlencoded":
        return dict(parse_qsl(request.content.decode()))
    body: Json = json.loads(request.content) if request.content else None
    return body


@pytest.mark.parametrize(("name", "tool", "case"), list(cases()))
def test_the_answer_means_the_expected_outcome(name: str, tool: str, case: Case) -> None:
    found, expected = meaning(name, tool, case), case.outcome
    if isinstance(found, Result):
        assert (expected.code, expected.empty) == ("result", found.empty)
        assert found.content == expected.data
        return
    assert found.code == expected.code
    for name_ in ("retry_after_s", "provider_code"):
        if name_ in expected.model_fields_set:
            assert at(found.as_json(), f"/{name_}") == getattr(expected, name_)


@pytest.mark.parametrize(("name", "where", "case"), list(error_cases()))
def test_a_failure_has_the_expected_class(name: str, where: Where, case: ErrorCase) -> None:
    connector, response = CATALOG.connector(name), case.answer.response()
    if where == "token":
        found = read_answer(connector, response, response.content, NOW)
        assert isinstance(found, Rejected)
        assert found.class_ == case.class_
        return
    body = case.answer.json_
    assert connector.errors.api.failed(response.status_code, body)
    of = (connector.errors.api, api_defaults())
    classes = (table.classify(response.status_code, response.headers, body) for table in of)
    assert next(filter(None, classes), None) == case.class_


@pytest.mark.parametrize("where", ["token", "api"])
@each_connector
def test_every_rule_of_an_error_table_decides_an_example(name: str, where: Where) -> None:
    table: ErrorTable = getattr(CATALOG.connector(name).errors, where)
    deciding = {deciding_rule(table, case.answer) for case in EXAMPLES[name].errors[where]}
    untouched = [rule for number, rule in enumerate(table.rules) if number not in deciding]
    assert untouched == []


def deciding_rule(table: ErrorTable, answer: Answer) -> int | None:
    codes = frozenset(code for pointer in table.code if (code := text_at(answer.json_, pointer)))
    headers = httpx2.Headers(answer.headers)
    matching = (
        number for number, rule in enumerate(table.rules) if rule.matches(answer.status, headers, answer.json_, codes)
    )
    return next(matching, None)


@each_connector
def test_every_tool_has_an_example_and_every_example_a_tool(name: str) -> None:
    assert set(EXAMPLES[name].tools) == set(CATALOG.tools(name))


@each_tool
def test_every_tool_has_an_example_of_its_request_and_of_a_result(name: str, tool: str) -> None:
    found = EXAMPLES[name].tools.get(tool, ())
    assert any(case.request is not None and case.outcome.code == "result" for case in found)


@each_tool
def test_a_tools_schema_is_one_and_its_own_example_fits(name: str, tool: str) -> None:
    declared = CATALOG.tools(name)[tool]
    Draft202012Validator.check_schema(declared.input_schema)
    assert fault(tool, declared, declared.example) is None


@each_tool
def test_a_tools_scopes_are_among_those_its_connector_asks_for(name: str, tool: str) -> None:
    connector: Connector = CATALOG.connector(name)
    asked = {
        *connector.oauth.scopes,
        *(scope for each in connector.oauth.credentials.values() for scope in each.scopes),
    }
    assert set(CATALOG.tools(name)[tool].scopes) <= asked


@each_tool
def test_every_input_is_described(name: str, tool: str) -> None:
    inputs = CATALOG.tools(name)[tool].input
    assert [each for each, schema in inputs.items() if not schema.get("description")] == []


def test_there_is_no_file_of_examples_without_a_connector() -> None:
    assert {file.stem for file in HERE.glob("*.yaml")} == set(CONNECTORS)
