"""Plays the examples that were written with a connector: what each tool sends, and what it makes of the answer."""

import json
from pathlib import Path
from urllib.parse import parse_qsl

import httpx2
from pydantic import TypeAdapter
from tests.connectors.examples import Case
from tests.oauth.samples import NOW, ROOT

from evergrant.calls.answer import read as outcome_of
from evergrant.calls.request import build_request
from evergrant.catalog.catalog import Catalog
from evergrant.catalog.reading import parse, read
from evergrant.model.account import ConnectedAccount
from evergrant.model.json import Json
from evergrant.model.outcome import Result

CASES = TypeAdapter(dict[str, tuple[Case, ...]])


def play(folder: Path, name: str) -> int:
    """How many examples hold; raises AssertionError for one that does not."""
    catalog, file = Catalog([ROOT, folder]), folder / "tests" / "connectors" / f"{name}.yaml"
    written = {tool: cases for tool, cases in read(file).items() if tool != "errors"}
    cases = parse(CASES, written, file)
    assert set(cases) == set(catalog.tools(name))
    for tool, found in cases.items():
        for case in found:
            _play(catalog, name, tool, case)
    return sum(map(len, cases.values()))


def _play(catalog: Catalog, name: str, tool: str, case: Case) -> None:
    connector, declared = catalog.connector(name), catalog.tools(name)[tool]
    assert case.request
    assert case.answer
    request = build_request(connector, declared, case.input or declared.example, case.account)
    assert (request.method, str(request.url)) == (case.request.method, case.request.url)
    if not case.request.contains:
        assert _body(request) == (case.request.form or case.request.json_)
    response = case.answer.response()
    outcome = outcome_of(connector, declared, _account(name, case), response, response.content)
    assert isinstance(outcome, Result)
    assert (outcome.empty, outcome.content) == (case.outcome.empty, case.outcome.data)


def _body(request: httpx2.Request) -> Json:
    if request.headers.get("Content-Type") == "application/x-www-form-urlencoded":
        return dict(parse_qsl(request.content.decode()))
    body: Json = json.loads(request.content) if request.content else None
    return body


def _account(name: str, case: Case) -> ConnectedAccount:
    return ConnectedAccount(
        id="conn_1",
        tenant_id="tnt_a",
        connection_id="client_1",
        connector=name,
        alias="work",
        subject="1",
        label="ada@acme.example",
        state="active",
        cause=None,
        scopes_requested=(),
        scopes_granted=(),
        values=case.account,
        created_at=NOW,
    )
