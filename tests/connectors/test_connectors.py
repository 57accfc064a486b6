"""Every shipped connector against its examples (`tests/connectors/*.yaml`): the request, and what the answer means."""

# pyright: reportUnknownMemberType=false
# (jsonschema's stubs leave these out)

import base64
import json
import re
from collections.abc import Iterator, Mapping
from urllib.parse import parse_qsl

import httpx2
import pytest
from jsonschema import Draft202012Validator
from tests.connectors.examples import HERE, Answer, Case, ErrorCase, Examples, Request, Where
from tests.oauth.samples import NOW, ROOT

from evergrant.calls.answer import Answer as ReadAnswer
from evergrant.calls.perform import Reply, perform
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


def played(connector: str, tool: str, case: Case) -> tuple[list[httpx2.Request], Outcome]:
    """The requests of a call whose answers are the example's, and what it came to."""
    declared, who = CATALOG.tools(connector)[tool], account(connector, case.account)
    given = declared.example if case.input is None else case.input
    assert fault(tool, declared, given) is None
    script, sent = perform(CATALOG.connector(connector), declared, given, "key-1"), list[httpx2.Request]()
    ask = next(script)
    answers = [answer for _, answer in case.steps()]
    while True:
        request = ask.build(case.account)
        sent.append(request)
        # A token that was refused is renewed and the request sent again: the same answer then stands.
        answer = answers.pop(0) if answers and not ask.newer else case.steps()[-1][1]
        response = answer.response()
        try:
            ask = script.send(Reply(who, request, ReadAnswer(response, response.content)))
        except StopIteration as end:
            outcome: Outcome = end.value
            assert answers == [], "the example has more answers than the call has requests"
            return sent, outcome
        sent = sent[:-1] if ask.newer else sent


@pytest.mark.parametrize(("name", "tool", "case"), list(cases()))
def test_the_requests_are_the_expected_ones(name: str, tool: str, case: Case) -> None:
    sent, _ = played(name, tool, case)
    for request, (expected, _) in zip(sent, case.steps(), strict=True):
        if not is_addressed(name, tool):
            origins = allowed(CATALOG.connector(name), case.account)
            assert any(origin.admits(str(request.url)) for origin in origins)
        if expected is not None:
            compare(request, expected)


def is_addressed(connector: str, tool: str) -> bool:
    """Whether a request of the tool goes where an answer said, without the credential."""
    declared = CATALOG.tools(connector)[tool]
    return bool(declared.redirects) or any(step.given_address for step in declared.first.values())


def compare(request: httpx2.Request, expected: Request) -> None:
    assert (request.method, str(request.url)) == (expected.method, expected.url)
    assert {header: request.headers.get(header) for header in expected.headers} == expected.headers
    if expected.contains:
        text, found = request.content.decode(), -1
        for piece in expected.contains:
            found = text.find(piece, found + 1)
            assert found >= 0, f"{piece!r} is not in its place in {text!r}"
        return
    body = body_of(request)
    for pointer, text in expected.decoded.items():
        whole = base64.urlsafe_b64decode(text_at(body, pointer) or "").decode().replace("\r\n", "\n")
        for boundary in re.findall(r'boundary="([^"]+)"', whole):
            whole = whole.replace(boundary, "BOUNDARY")
        assert whole.strip() == text.strip()
        body = without(body, pointer)
    assert body == (expected.form or expected.json_)


def without(body: Json, pointer: str) -> Json:
    """The body without the member at a pointer."""
    key, _, rest = pointer[1:].partition("/")
    members = dict(body) if isinstance(body, Mapping) else {}
    if rest:
        return {**members, key: without(members[key], f"/{rest}")}
    return {name: value for name, value in members.items() if name != key}


def body_of(request: httpx2.Request) -> Json:
    if request.headers.get("Content-Type") == "application/x-www-form-urlencoded":
        return dict(parse_qsl(request.content.decode()))
    body: Json = json.loads(request.content) if request.content else None
    return body


@pytest.mark.parametrize(("name", "tool", "case"), list(cases()))
def test_the_answer_means_the_expected_outcome(name: str, tool: str, case: Case) -> None:
    (_, found), expected = played(name, tool, case), case.outcome
    if isinstance(found, Result):
        assert (expected.code, expected.empty) == ("result", found.empty)
        assert found.content == expected.data
        schema = CATALOG.tools(name)[tool].output_schema
        if schema is not None and not found.empty:
            assert Draft202012Validator(dict(schema)).is_valid(found.content)
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
    assert connector.errors.api.failed(response.status_code, body) or at(body, "/errors")  # GraphQL's, in a 200
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
    requests = ((request, case) for case in found for request, _ in case.steps())
    assert any(request is not None and case.outcome.code == "result" for request, case in requests)


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
    declared = {file.stem for file in (ROOT / "connectors").glob("*.yaml")}
    assert {file.stem for file in HERE.glob("*.yaml")} == declared
